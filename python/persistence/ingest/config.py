"""What ingest is told: the camera's ``ingest.yaml``, and what the command line overrides.

The tree of names is Gen2's (gen2-cli 1.4): ``clobber``, ``allowError``, ``parse.hdu``,
``register.ignore``, ...
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
    """From headers to properties.

    Attributes
    ----------
    translation : mapping
        Property -> keyword, copied.
    translators : mapping
        Property -> the name of a function of the header, and of the file's ``path`` if it has such
        a parameter; or a `~persistence.ingest.rules.Rule`.
    defaults : mapping
        Property -> its value where the keyword is absent.
    hdu : `int` or None
        The HDU that describes the file; by default the primary, with the first extension if it has
        no image.
    extnames : `tuple` [`str`]
        The extensions that get a row each; none means that the file is one row.
    skippedExtnames : `tuple` [`str`]
        The extensions that get none; if they are listed, no file may have others.
    hduName : `str`
        The property that holds the number of a row's extension.
    orWhole : `bool`
        Whether a file that has none of the extensions is one row, or no file of this camera.
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
        The main table; ``<table>_visit`` goes with it.
    columns : mapping
        Column -> ``text``, ``int`` or ``double``.
    unique, visit : `tuple` [`str`]
        The columns that are unique together; those of the visit table.
    dates : `tuple` [`str`]
        Columns that hold dates, if they are texts: what is not a date is refused.
    ignore : `bool`
        Leave rows that are there already as they are.
    permissions : `int`
        The mode of a registry file that is created, less what the umask takes.
    wait : `float`
        For how many seconds to wait for another writer.
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
    """Which files make one exposure.

    Attributes
    ----------
    files : mapping
        Dataset type -> the word in a directory's name that tells its files; the first is what is
        named on the command line.
    columns : `tuple` [`str`]
        Columns that hold the path that the file of the dataset type of that name came from.
    """

    files: Mapping[str, str] = field(default_factory=lambda: {"raw": ""})
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class IngestConfig:
    """All of it.

    Attributes
    ----------
    clobber : `bool`
        Replace another file, or other rows, that are in the way.
    allowError : `bool`
        Files that fail do not make the whole run a failure.
    strictFilters : `bool`
        A filter that the camera does not list fails its file; else it is counted and told.
    """

    parse: ParseConfig = field(default_factory=ParseConfig)
    register: RegisterConfig = field(default_factory=RegisterConfig)
    filetypes: Mapping[str, FileType] = field(default_factory=lambda: {"raw": FileType()})
    allowError: bool = False
    clobber: bool = False
    strictFilters: bool = False


# What a camera may say of all of it, beside its sections.
_SWITCHES = ("allowError", "clobber", "strictFilters")


def load(path: str | None) -> IngestConfig:
    """Read a camera's ``ingest.yaml``, or the section ``ingest`` of its file.

    Without, Gen2's generic defaults hold.

    Raises
    ------
    PolicyError
        If it says something unknown, or a table could not be made of it.
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
    """Read how a camera's files are ingested.

    Raises
    ------
    PolicyError
        If it is one file, which does not say; else as `load`.
    """
    if camera.ingestFile is None and isinstance(camera, FileMapper):
        raise PolicyError(
            f"{type(camera).__name__} is read only here: its file {camera.policyFile} has no "
            "section ingest, which tells how raws become rows of the registry (doc/cameras.rst)"
        )
    return load(camera.ingestFile)


def section(path: str, name: str) -> Mapping[str, Any]:
    """Read what a file says of ingest: all of it, or its section, or that of a camera's base."""
    top = yaml_nodes.items(yaml_nodes.compose(path))
    if {name, "base"}.isdisjoint(top):
        schema.check_ingest(top)
        data = {key: yaml_nodes.plain(node) for key, node in top.items()}
        return with_rules(data, lambda *keys: yaml_nodes.where(yaml_nodes.at(top, *keys)))
    # a camera that is one file, which may build on another
    whole = policy.load(path)
    return with_rules(whole.settings.get(name, {}), lambda *keys: whole.where(name, *keys))


def with_rules(data: Mapping[str, Any], where: Callable[..., str]) -> Mapping[str, Any]:
    """Return what a file says of ingest, with its descriptions of translators made to rules.

    Parameters
    ----------
    data : mapping
        The section.
    where : callable
        Gives file and line of a setting, by the keys that lead to it.
    """
    made = dict(data)
    if "curated" in data:
        made["curated"] = with_rules(data["curated"], lambda *keys: where("curated", *keys))
    translators = data.get("parse", {}).get("translators", {})
    described = {
        name: rules.make(name, entry, where("parse", "translators", name))
        for name, entry in translators.items()
        if not isinstance(entry, str)
    }
    if described:
        made["parse"] = {**data["parse"], "translators": {**translators, **described}}
    return made


def switched(config: Config, data: Mapping[str, Any]) -> Config:
    """Take over the switches that a file sets.

    Raises
    ------
    PolicyError
        If one is neither true nor false.
    """
    for name in _SWITCHES:
        if name in data:
            config = override(config, name, data[name])
    return config


def override(config: Config, name: str, value: Any) -> Config:
    """Replace one value, by its dotted name.

    Raises
    ------
    PolicyError
        If there is no such name, or the value is of another type.
    """
    head, _, rest = name.partition(".")
    names = [one.name for one in dataclasses.fields(config)]
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
    """Refuse a configuration of which no tables could be made."""
    register = config.register
    for name, word in register.columns.items():
        if word not in _COLUMN_TYPES:
            raise PolicyError(
                f"{source}: column {name!r} is of type {word!r}, not {', '.join(_COLUMN_TYPES)}"
            )
    for what, columns in (("unique", register.unique), ("visit", register.visit)):
        for column in columns:
            if column not in register.columns:
                hint = did_you_mean(column, register.columns)
                raise PolicyError(
                    f"{source}: register.{what} names column {column!r}, which is not there{hint}"
                )
    if register.unique and not set(register.unique) & set(register.visit):
        raise PolicyError(f"{source}: register.visit has to share a column with register.unique")
    return config


def check_names(source: str, cls: Any, entry: Mapping[str, Any]) -> None:
    """Refuse a key that no field of a class has."""
    names = [one.name for one in dataclasses.fields(cls)]
    for key in entry:
        if key not in names:
            raise PolicyError(f"{source}: unknown key {key!r}{did_you_mean(key, names)}")


def make(source: str, cls: Any, entry: Mapping[str, Any]) -> Any:
    """Make a part of the configuration of what a file says."""
    check_names(source, cls, entry)
    return cls(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    )


def _typed(name: str, old: Any, value: Any) -> Any:
    """Take a value, or its text from the command line, as what the field holds."""
    # A field that is None by default holds an integer.
    kind: Any = Mapping if isinstance(old, Mapping) else int if old is None else type(old)
    if isinstance(value, str) and kind is not str:
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            raise PolicyError(f"{name}={value}: this is no {kind.__name__}") from None
    if isinstance(value, list) and kind is tuple:
        value = tuple(value)
    if type(value) is int and kind is float:
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise PolicyError(f"{name}={value!r}: this is no {kind.__name__}")
    return value
