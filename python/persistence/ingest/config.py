"""The configuration of ingest: the camera's ``ingest.yaml``, with overrides of the command line.

The hierarchy of names is Gen2's (doc/gen2/gen2-cli.md, 1.4): ``clobber``, ``allowError``,
``parse.hdu``, ``register.ignore``, ...
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from persistence.cameras.mapper import Mapper
from persistence.cameras.yaml_camera import FileMapper
from persistence.errors import PolicyError, did_you_mean
from persistence.files import yaml_nodes
from persistence.ingest import rules
from persistence.ingest.rules import Rule
from persistence.policy import load as policy
from persistence.policy import schema

_GENERIC_COLUMNS = {
    "object": "text",
    "visit": "int",
    "ccd": "int",
    "filter": "text",
    "date": "text",
    "taiObs": "text",
    "expTime": "double",
}
_COLUMN_TYPES: Mapping[str, type] = {"text": str, "int": int, "double": float}
Config = TypeVar("Config", bound="IngestConfig")


@dataclass(frozen=True)
class ParseConfig:
    """How headers are converted to properties.

    Attributes
    ----------
    translation : mapping
        Property -> keyword whose value is copied.
    translators : mapping
        Property -> the name of a function of the header, and of the file's ``path`` if it has such
        a parameter; or a `~persistence.ingest.rules.Rule`.
    defaults : mapping
        Property -> its value where the keyword is missing.
    hdu : `int` or None
        The HDU that describes the file. Default: the primary, with the first extension if the
        primary has no image.
    extnames : `tuple` [`str`]
        The extensions that have a row each; if empty, the file is one row.
    skippedExtnames : `tuple` [`str`]
        The extensions without a row; if any are listed, no file may have others.
    hduName : `str`
        The property with the number of a row's extension.
    orWhole : `bool`
        Whether a file with none of the extensions is one row, rather than an error.
    """

    translation: Mapping[str, str] = field(default_factory=dict)
    translators: Mapping[str, str | Rule] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    hdu: int | None = None
    extnames: tuple[str, ...] = ()
    skippedExtnames: tuple[str, ...] = ()
    hduName: str = "hdu"
    orWhole: bool = False


@dataclass(frozen=True)
class RegisterConfig:
    """The registry's tables.

    Attributes
    ----------
    table : `str`
        The main table, which is accompanied by ``<table>_visit``.
    columns : mapping
        Column -> ``text``, ``int`` or ``double``.
    unique, visit : `tuple` [`str`]
        The columns that are unique together; those of the visit table.
    dates : `tuple` [`str`]
        Text columns with dates; other values are errors.
    ignore : `bool`
        Leave existing rows unchanged.
    permissions : `int`
        The mode of a new registry file, before the umask is applied.
    wait : `float`
        Seconds to wait for another writer.
    """

    table: str = "raw"
    columns: Mapping[str, str] = field(default_factory=lambda: dict(_GENERIC_COLUMNS))
    unique: tuple[str, ...] = ("visit", "ccd")
    visit: tuple[str, ...] = ("visit", "object", "date", "filter")
    dates: tuple[str, ...] = ("date", "dateObs", "dayObs", "taiObs")
    ignore: bool = False
    permissions: int = 0o664
    wait: float = 60.0

    @property
    def types(self) -> dict[str, type]:
        """The Python type of each column."""
        return {name: _COLUMN_TYPES[word] for name, word in self.columns.items()}


@dataclass(frozen=True)
class FileType:
    """The files of one exposure.

    Attributes
    ----------
    files : mapping
        Dataset type -> the word in a directory's name that identifies its files; the files of the
        first one are named on the command line.
    columns : `tuple` [`str`]
        Columns with the original path of the file of the dataset type of that name.
    """

    files: Mapping[str, str] = field(default_factory=lambda: {"raw": ""})
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class IngestConfig:
    """The configuration of ingest.

    Attributes
    ----------
    clobber : `bool`
        Replace conflicting files or rows.
    allowError : `bool`
        Whether the run succeeds although files failed.
    strictFilters : `bool`
        Whether a filter that the camera does not list is an error; otherwise such files are
        counted and reported.
    """

    parse: ParseConfig = field(default_factory=ParseConfig)
    register: RegisterConfig = field(default_factory=RegisterConfig)
    filetypes: Mapping[str, FileType] = field(default_factory=lambda: {"raw": FileType()})
    allowError: bool = False
    clobber: bool = False
    strictFilters: bool = False


# The switches that a camera may set outside the sections.
_SWITCHES = ("allowError", "clobber", "strictFilters")


def load(path: str | None) -> IngestConfig:
    """Read a camera's ``ingest.yaml``, or the section ``ingest`` of its file.

    Parameters
    ----------
    path : `str` or None
        The file; None for Gen2's generic defaults.

    Returns
    -------
    config : `IngestConfig`
        The configuration.

    Raises
    ------
    PolicyError
        If an entry is unknown, or the tables are inconsistent.
    """
    if path is None:
        return IngestConfig()
    data = section(path, "ingest")
    check_names(path, IngestConfig, data)
    config = IngestConfig(
        parse=make(path, ParseConfig, data.get("parse", {})),
        register=make(path, RegisterConfig, data.get("register", {})),
        filetypes={
            name: make(path, FileType, entry) for name, entry in data.get("filetypes", {}).items()
        }
        or IngestConfig().filetypes,
    )
    return checked(switched(config, data), path)


def of(camera: Mapper) -> IngestConfig:
    """Return the ingest configuration of a camera.

    Raises
    ------
    PolicyError
        If the camera's file has no such section; otherwise as `load`.
    """
    if camera.ingestFile is None and isinstance(camera, FileMapper):
        raise PolicyError(
            f"{type(camera).__name__} is for reading only: its file {camera.policyFile} has no "
            "section ingest, which defines the registry rows of raws (doc/cameras.rst)"
        )
    return load(camera.ingestFile)


def section(path: str, name: str) -> Mapping[str, Any]:
    """Return the ingest configuration in a file: the whole, its section, or that of its base."""
    top = yaml_nodes.items(yaml_nodes.compose(path))
    if {name, "base"}.isdisjoint(top):
        schema.check_ingest(top)
        data = {key: yaml_nodes.plain(node) for key, node in top.items()}
        return with_rules(data, lambda *keys: yaml_nodes.where(yaml_nodes.at(top, *keys)))
    # a camera in one file, which may be based on another
    whole = policy.load(path)
    return with_rules(whole.settings.get(name, {}), lambda *keys: whole.where(name, *keys))


def with_rules(data: Mapping[str, Any], where: Callable[..., str]) -> Mapping[str, Any]:
    """Return an ingest configuration with the descriptions of translators converted to rules.

    Parameters
    ----------
    data : mapping
        The section.
    where : callable
        Returns file and line of a setting, by the keys that lead to it.

    Returns
    -------
    data : mapping
        The converted section.
    """
    converted = dict(data)
    if "curated" in data:
        converted["curated"] = with_rules(data["curated"], lambda *keys: where("curated", *keys))
    translators = data.get("parse", {}).get("translators", {})
    described = {
        name: rules.make(name, entry, where("parse", "translators", name))
        for name, entry in translators.items()
        if not isinstance(entry, str)
    }
    if described:
        converted["parse"] = {**data["parse"], "translators": {**translators, **described}}
    return converted


def switched(config: Config, data: Mapping[str, Any]) -> Config:
    """Return a configuration with the switches that a file sets.

    Raises
    ------
    PolicyError
        If one is not a boolean.
    """
    for name in _SWITCHES:
        if name in data:
            config = override(config, name, data[name])
    return config


def override(config: Config, name: str, value: Any) -> Config:
    """Return a configuration with one value replaced.

    Parameters
    ----------
    config : `IngestConfig`
        The configuration.
    name : `str`
        The dotted name of the value, such as ``register.ignore``.
    value : object
        The value, or its text from the command line.

    Returns
    -------
    config : `IngestConfig`
        The new configuration.

    Raises
    ------
    PolicyError
        If the name is unknown, or the value is of another type.
    """
    head, _, rest = name.partition(".")
    names = [field.name for field in dataclasses.fields(config)]
    if head not in names:
        raise PolicyError(f"the configuration has no field {name!r}{did_you_mean(head, names)}")
    old = getattr(config, head)
    if rest:
        if not dataclasses.is_dataclass(old):
            raise PolicyError(f"{head} has no field {rest!r}")
        new: Any = override(old, rest, value)  # type: ignore[type-var]  # a part of the tree, handled alike
    else:
        new = _typed(name, old, value)
    return dataclasses.replace(config, **{head: new})


def checked(config: Config, source: str) -> Config:
    """Return a configuration; raise an error if its tables are inconsistent."""
    register = config.register
    for name, word in register.columns.items():
        if word not in _COLUMN_TYPES:
            raise PolicyError(
                f"{source}: column {name!r} is of type {word!r}, not {', '.join(_COLUMN_TYPES)}"
            )
    for group, columns in (("unique", register.unique), ("visit", register.visit)):
        for column in columns:
            if column not in register.columns:
                hint = did_you_mean(column, register.columns)
                raise PolicyError(
                    f"{source}: register.{group} names column {column!r}, which is not there{hint}"
                )
    if register.unique and not set(register.unique) & set(register.visit):
        raise PolicyError(f"{source}: register.visit must share a column with register.unique")
    return config


def check_names(source: str, cls: Any, entry: Mapping[str, Any]) -> None:
    """Raise an error if a key is not a field of a class."""
    names = [field.name for field in dataclasses.fields(cls)]
    for key in entry:
        if key not in names:
            raise PolicyError(f"{source}: unknown key {key!r}{did_you_mean(key, names)}")


def make(source: str, cls: Any, entry: Mapping[str, Any]) -> Any:
    """Return an instance of a configuration class with the entries of a file."""
    check_names(source, cls, entry)
    return cls(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    )


def _typed(name: str, old: Any, value: Any) -> Any:
    """Return a value, or its text from the command line, converted to the type of its field."""
    # A field with the default None is an integer.
    kind: Any = Mapping if isinstance(old, Mapping) else int if old is None else type(old)
    if isinstance(value, str) and kind is not str:
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            raise PolicyError(f"{name}={value}: expected {kind.__name__}") from None
    if isinstance(value, list) and kind is tuple:
        value = tuple(value)
    if type(value) is int and kind is float:
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise PolicyError(f"{name}={value!r}: expected {kind.__name__}")
    return value
