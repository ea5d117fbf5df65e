"""Dataset types: what a policy says of each, taken from its YAML and checked."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from persistence.dataids.template import PathTemplate
from persistence.errors import PolicyError, did_you_mean
from persistence.files import yaml_nodes
from persistence.files.yaml_nodes import Node

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
    "None",  # a place only
)
_TYPE_WORDS: Mapping[str, type] = {"int": int, "str": str, "float": float}
_EMPTY: Mapping[str, Any] = MappingProxyType({})


# Named tuples: a dataclass takes a millisecond to define, and this module is part of every start.
class Component(NamedTuple):
    """One part of a composite dataset type.

    The dataset type that it is, and how it goes in and out.

    Attributes
    ----------
    datasetType : `str`
        What it is a dataset of.
    setter, getter : `str` or None
        The methods of the assembled object that take it in and give it out.
    subset : `bool`
        It is a list: of every dataset that answers to the composite's data ID.
    inputOnly : `bool`
        It is read, and never written.
    optional : `bool`
        It may be missing: None stands for it, or a list without it; a warning names it.
    deferred : `bool`
        The assembler gets a `persistence.composites.handle.Handle`, which reads when it is asked,
        and only what it is asked for.
    dataIdFrom : `str` or None
        Where its data ID is, or a list of them: another component, and what leads on from there
        (``coadd.inputs``).
    """

    datasetType: str
    setter: str | None = None
    getter: str | None = None
    subset: bool = False
    inputOnly: bool = False
    optional: bool = False
    deferred: bool = False
    dataIdFrom: str | None = None


class DatasetType(NamedTuple):
    """What a policy says of one dataset type; see Gen2's policy keys of the same names.

    Attributes
    ----------
    name, section, source : `str`
        Its name, its section, and the file and line that define it.
    template : `PathTemplate` or None
        None if the policy leaves it empty: the type cannot be used then.
    keys : mapping [`str`, `type`]
        The keys of a complete data ID: the template's, and those that the policy adds under
        ``keys``.
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


def words(value: Any) -> tuple[str, ...]:
    """Take one word, or a list of them."""
    return (value,) if isinstance(value, str) else tuple(str(word) for word in value or ())


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _optional_words(value: Any) -> tuple[str, ...] | None:
    return None if value is None else words(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool) and value is not None:
        raise PolicyError(f"true or false belongs here, not {value!r}")
    return bool(value)


def _storage(value: Any) -> str | None:
    if value is not None and value not in STORAGES and not str(value).startswith("ignored"):
        known = ", ".join(STORAGES)
        raise PolicyError(
            f"unknown storage {value!r}{did_you_mean(str(value), STORAGES)} (known: {known})"
        )
    return _text(value)


def _template(value: Any) -> PathTemplate | None:
    if value and not isinstance(value, str):
        raise PolicyError(f"a template has to be text, not {value!r}")
    return PathTemplate(value) if value else None


def _key_types(value: Any) -> Mapping[str, type]:
    wrong = [word for word in value.values() if word not in _TYPE_WORDS]
    if wrong:
        raise PolicyError(f"a key is of type {', '.join(_TYPE_WORDS)}, not {wrong[0]!r}")
    return {key: _TYPE_WORDS[word] for key, word in value.items()}


_COMPONENT_KINDS = dict.fromkeys(
    ("subset", "inputOnly", "optional", "deferred"), (bool, "true or false")
)


def _composite(value: Mapping[str, Any]) -> Mapping[str, Component]:
    parts: dict[str, Component] = {}
    for name, part in value.items():
        unknown = set(part) - set(Component._fields)
        if unknown or "datasetType" not in part:
            strange = next(iter(unknown), "")
            hint = did_you_mean(strange, Component._fields)
            problem = f"unknown key {strange!r}{hint}" if unknown else "no datasetType"
            raise PolicyError(f"component {name!r}: {problem}")
        for key, given in part.items():
            kind, word = _COMPONENT_KINDS.get(key, (str, "text"))
            if not isinstance(given, kind):
                raise PolicyError(f"component {name!r}: {key} has to be {word}, not {given!r}")
        parts[name] = Component(**part)
    return MappingProxyType(parts)


def _unknown(value: Any) -> None:
    raise TypeError(value)


# Each key of a dataset type: the field that it fills, after which conversion. `table` has no effect
# in Gen2.
_FIELDS: Mapping[str, Any] = {
    "template": _template,
    "python": _text,
    "persistable": _text,
    "storage": _storage,
    "level": _text,
    "tables": words,
    "columns": _optional_words,
    "recipe": str,
    "obsTimeName": _text,
    "validRange": _truth,
    "validStartName": _text,
    "validEndName": _text,
    "reference": words,
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


def make(
    name: str, section: str, source: str, stacked: Mapping[str, tuple[Node, ...]]
) -> DatasetType:
    """Make a dataset type of what a policy says.

    Parameters
    ----------
    name, section, source : `str`
        What it is called, and where it is defined.
    stacked : mapping
        For each key, the nodes that the policy's layers give it, lowest first.

    Raises
    ------
    PolicyError
        If a key or a value cannot be meant; the message starts with file and line.
    """
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
            raise PolicyError(f"{yaml_nodes.where(nodes[-1])}: {name}: {problem}") from error
    values.pop("table", None)
    template = values.get("template")
    extra = values.pop("keys", _EMPTY)
    if template is not None or extra:
        values["keys"] = {**(template.keys if template else {}), **extra}
    return DatasetType(name=name, section=section, source=source, **values)


def _merged(nodes: tuple[Node, ...]) -> Any:
    """Give the value that the layers, lowest first, leave: the highest.

    Mappings are laid over each other.
    """
    value = yaml_nodes.plain(nodes[-1])
    return (
        _laid_over(_merged(nodes[:-1]), value)
        if isinstance(value, dict) and len(nodes) > 1
        else value
    )


def _laid_over(below: Any, value: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(value, dict):
        return value
    return {**below, **{key: _laid_over(below.get(key), one) for key, one in value.items()}}
