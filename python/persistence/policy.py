"""Policies: YAML layers -> merged -> checked -> frozen dataset types.

A camera's policy file overrides, key by key, the framework's own definitions in ``policy/``; those
override what holds for a whole section. The result is checked when it is loaded: an error names file and
line.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import persistence_policy

from persistence import yamlfile
from persistence.errors import PolicyError, did_you_mean
from persistence.template import PathTemplate
from persistence.yamlfile import Node

SECTIONS = ("images", "exposures", "calibrations", "datasets")
STORAGES = (
    "FitsStorage",
    "FitsCatalogStorage",
    "PickleStorage",
    "YamlStorage",
    "TextStorage",
    "ConfigStorage",
    "ParquetStorage",
    "MatplotlibStorage",
    "Internal",
    "ignored",
)
_TYPE_WORDS: Mapping[str, type] = {"int": int, "str": str, "float": float}
_FRAMEWORK = os.path.dirname(os.path.abspath(persistence_policy.__file__))
_EMPTY: Mapping[str, Any] = MappingProxyType({})

# Top-level keys. Those of the last line Gen2 itself ignored in the end.
_SETTINGS = frozenset(
    "camera defaultLevel defaultSubLevels levels needCalibRegistry calibRoot registryPath calibRegistryPath "
    "kinds aliases filters "
    "skytiles defects registries".split()
)


# Named tuples: a dataclass takes a millisecond to define, and this module is part of every start.
class Component(NamedTuple):
    """One part of a composite dataset type: the dataset type that it is, and how it goes in and out."""

    datasetType: str
    setter: str | None = None
    getter: str | None = None
    subset: bool = False
    inputOnly: bool = False


class DatasetType(NamedTuple):
    """What a policy says of one dataset type; see Gen2's policy keys of the same names.

    Attributes
    ----------
    name, section, source : `str`
        Its name, its section, and the file and line that define it.
    template : `PathTemplate` or None
        None if the policy leaves it empty: the type cannot be used then.
    keys : mapping [`str`, `type`]
        The keys of a complete data ID: the template's, and those that the policy adds under ``keys``.
    tables : `tuple` [`str`]
        Registry tables, to be joined, that may supply missing keys.
    columns : `tuple` [`str`] or None
        The only keys that may constrain a look-up, if given.
    composite : mapping [`str`, `Component`]
        The parts that it is assembled from; one that names the type itself is its own file.
    """

    name: str
    section: str
    source: str
    template: PathTemplate | None = None
    python: str | None = None
    persistable: str | None = None
    storage: str | None = None
    level: str | None = None
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    recipe: str = "default"
    obsTimeName: str | None = None
    validRange: bool = False
    validStartName: str | None = None
    validEndName: str | None = None
    reference: tuple[str, ...] = ()
    refCols: tuple[str, ...] | None = None
    filter: bool = False
    metadataKey: str | None = None
    description: str = ""
    composite: Mapping[str, Component] = _EMPTY
    assembler: str | None = None
    disassembler: str | None = None
    keys: Mapping[str, type] = _EMPTY


class CameraPolicy:
    """A camera's whole policy. It is shared by all who load it, and is not changed.

    Attributes
    ----------
    path : `str`
        The camera's file.
    types : mapping [`str`, `DatasetType`]
        Every dataset type by name.
    settings : mapping [`str`, `Any`]
        The other top-level keys, as plain data.
    """

    def __init__(self, path: str, types: Mapping[str, DatasetType], settings: Mapping[str, Any]) -> None:
        self.path = path
        self.types = MappingProxyType(dict(types))
        self.settings = MappingProxyType(dict(settings))

    @functools.cached_property
    def keys(self) -> Mapping[str, type]:
        """Each key that a template of the camera uses, with its type."""
        found: dict[str, type] = {}
        for dataset in self.types.values():
            if dataset.template is not None:
                found.update(dataset.template.keys)
        return found

    @functools.cached_property
    def levels(self) -> Mapping[str, frozenset[str]]:
        """For each level, the keys that do not count at it."""
        levels = self.settings.get("levels", {})
        return {level: frozenset(_words(dropped)) for level, dropped in levels.items()}

    @functools.cached_property
    def aliases(self) -> Mapping[str, str]:
        """Other names of keys, ``ccd`` -> ``ccdnum``."""
        return dict(self.settings.get("aliases", {}))


def load(path: str) -> CameraPolicy:
    """Load a camera's policy, once a process as long as its file does not change.

    Parameters
    ----------
    path : `str`
        The camera's YAML file.

    Raises
    ------
    PolicyError
        If anything in it, or in the framework's own files, cannot be meant.
    """
    path = os.path.abspath(path)
    try:
        status = os.stat(path)
    except OSError as error:
        raise PolicyError(f"{path}: {os.strerror(error.errno or 0)}") from error
    return _load(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=32)
def _load(path: str, _modified: int, _size: int) -> CameraPolicy:
    top = yamlfile.items(yamlfile.compose(path))
    for key, node in top.items():
        if key not in SECTIONS and key not in _SETTINGS:
            hint = did_you_mean(key, [*SECTIONS, *_SETTINGS])
            raise PolicyError(f"{yamlfile.where(node)}: unknown key {key!r}{hint}")
    types: dict[str, DatasetType] = {}
    for section in SECTIONS:
        if section in top:
            for dataset in _section(section, yamlfile.items(top[section])):
                if dataset.name in types:
                    raise PolicyError(
                        f"{dataset.source}: dataset type {dataset.name!r} is defined in "
                        f"{types[dataset.name].section} already ({types[dataset.name].source})"
                    )
                types[dataset.name] = dataset
    for dataset in types.values():
        _check_components(dataset, types)
    settings = {key: yamlfile.plain(node) for key, node in top.items() if key in _SETTINGS and key != "kinds"}
    return CameraPolicy(path, types, settings)


@functools.cache
def _central(section: str) -> tuple[Mapping[str, Node], Mapping[str, Node]]:
    """Give the framework's defaults for a section, and its dataset types."""
    top = yamlfile.items(yamlfile.compose(os.path.join(_FRAMEWORK, f"{section}.yaml")))
    return yamlfile.items(top.get("defaults")), yamlfile.items(top[section])


def _section(section: str, camera: Mapping[str, Node]) -> Iterator[DatasetType]:
    defaults, central = _central(section)
    for name in dict.fromkeys([*central, *camera]):
        own = camera.get(name)
        layers = [yamlfile.items(node) for node in (central.get(name), own) if node is not None]
        stacked: dict[str, tuple[Node, ...]] = {}
        for layer in (defaults, *layers):
            for key, node in layer.items():
                stacked[key] = (*stacked.get(key, ()), node)
        source = yamlfile.where(own if own is not None else central[name])
        yield _dataset(name, section, source, stacked)


def _merged(nodes: tuple[Node, ...]) -> Any:
    """Give the value that the layers, lowest first, leave: the highest; mappings are laid over each other."""
    value = yamlfile.plain(nodes[-1])
    if isinstance(value, dict) and len(nodes) > 1:
        below = _merged(nodes[:-1])
        return {**below, **value} if isinstance(below, dict) else value
    return value


def _words(value: Any) -> tuple[str, ...]:
    """Take one word, or a list of them."""
    return (value,) if isinstance(value, str) else tuple(str(word) for word in value or ())


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _optional_words(value: Any) -> tuple[str, ...] | None:
    return None if value is None else _words(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool) and value is not None:
        raise PolicyError(f"true or false belongs here, not {value!r}")
    return bool(value)


def _storage(value: Any) -> str | None:
    if value is not None and value not in STORAGES and not str(value).startswith("ignored"):
        known = ", ".join(STORAGES)
        raise PolicyError(f"unknown storage {value!r}{did_you_mean(str(value), STORAGES)} (known: {known})")
    return _text(value)


def _template(value: Any) -> PathTemplate | None:
    return PathTemplate(str(value)) if value else None


def _key_types(value: Any) -> Mapping[str, type]:
    wrong = [word for word in value.values() if word not in _TYPE_WORDS]
    if wrong:
        raise PolicyError(f"a key is of type {', '.join(_TYPE_WORDS)}, not {wrong[0]!r}")
    return {key: _TYPE_WORDS[word] for key, word in value.items()}


def _composite(value: Mapping[str, Any]) -> Mapping[str, Component]:
    parts: dict[str, Component] = {}
    for name, part in value.items():
        unknown = set(part) - set(Component._fields)
        if unknown or "datasetType" not in part:
            problem = f"unknown key {unknown.pop()!r}" if unknown else "no datasetType"
            raise PolicyError(f"component {name!r}: {problem}")
        parts[name] = Component(**part)
    return MappingProxyType(parts)


def _unknown(value: Any) -> None:
    raise TypeError(value)


# Each key of a dataset type: the field that it fills, after which conversion. `table` has no effect in Gen2.
_FIELDS: Mapping[str, Any] = {
    "template": _template,
    "python": _text,
    "persistable": _text,
    "storage": _storage,
    "level": _text,
    "tables": _words,
    "columns": _optional_words,
    "recipe": str,
    "obsTimeName": _text,
    "validRange": _truth,
    "validStartName": _text,
    "validEndName": _text,
    "reference": _words,
    "refCols": _optional_words,
    "filter": _truth,
    "metadataKey": _text,
    "description": str,
    "composite": _composite,
    "assembler": _text,
    "disassembler": _text,
    "keys": _key_types,
    "table": str,
}


def _dataset(name: str, section: str, source: str, stacked: Mapping[str, tuple[Node, ...]]) -> DatasetType:
    values: dict[str, Any] = {}
    for key, nodes in stacked.items():
        convert = _FIELDS.get(key, _unknown)
        value = _merged(nodes)
        try:
            values[key] = convert(value)
        except (PolicyError, AttributeError, TypeError) as error:
            problem = str(error) if isinstance(error, PolicyError) else f"{key} cannot be {value!r}"
            if convert is _unknown:
                problem = f"unknown key {key!r}{did_you_mean(key, _FIELDS)}"
            raise PolicyError(f"{yamlfile.where(nodes[-1])}: {name}: {problem}") from error
    values.pop("table", None)
    template = values.get("template")
    extra = values.pop("keys", _EMPTY)
    if template is not None or extra:
        values["keys"] = {**(template.keys if template else {}), **extra}
    return DatasetType(name=name, section=section, source=source, **values)


def _check_components(dataset: DatasetType, types: Mapping[str, DatasetType]) -> None:
    for name, part in dataset.composite.items():
        if part.datasetType not in types:
            raise PolicyError(
                f"{dataset.source}: component {name!r} of {dataset.name} is of dataset type "
                f"{part.datasetType!r}, which does not exist{did_you_mean(part.datasetType, types)}"
            )
