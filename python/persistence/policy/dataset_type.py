"""Dataset types, as defined in a policy's YAML, and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from persistence.dataids.template import PathTemplate
from persistence.errors import PolicyError, did_you_mean
from persistence.files import yaml_nodes
from persistence.files.yaml_nodes import Node
from persistence.policy import storages

_TYPE_WORDS: Mapping[str, type] = {"int": int, "str": str, "float": float}
_EMPTY: Mapping[str, Any] = MappingProxyType({})


# Named tuples: defining a dataclass takes a millisecond, and every start imports this module.
class Component(NamedTuple):
    """A component of a composite dataset type.

    Attributes
    ----------
    datasetType : `str`
        Its dataset type.
    setter, getter : `str` or None
        The methods of the assembled object that set and get it.
    subset : `bool`
        It is a list, of every dataset that matches the composite's data ID.
    inputOnly : `bool`
        It is read, but never written.
    optional : `bool`
        It may be missing: the object has None, or a list without it, and a warning names it.
    deferred : `bool`
        The assembler receives a `persistence.composites.handle.Handle`, which reads on demand, and
        only the parts that are needed.
    dataIdFrom : `str` or None
        The source of its data ID, or of a list of them: another component, and a path into it
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
    """The definition of one dataset type; see Gen2's policy keys of the same names.

    doc/gen2/gen2-core.md describes the keys.

    Attributes
    ----------
    name, section, source : `str`
        Its name, its section of the policy, and the file and line of its definition.
    template : `PathTemplate` or None
        None if the policy leaves it empty: the type cannot be used then.
    keys : mapping [`str`, `type`]
        The keys of a complete data ID: those of the template and those that the policy lists under
        ``keys``.
    tables : `tuple` [`str`]
        Registry tables, to be joined, that can supply missing keys.
    columns : `tuple` [`str`] or None
        If given, the only keys that may constrain a look-up.
    composite : mapping [`str`, `Component`]
        The components from which it is assembled; one of the type itself is its own file.
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

    @property
    def has_own_file(self) -> bool:
        """Whether a composite has a file with an object of its type besides its components."""
        return any(part.datasetType == self.name for part in self.composite.values())


def words(value: Any) -> tuple[str, ...]:
    """Return one word, or a list of words, as a tuple."""
    return (value,) if isinstance(value, str) else tuple(str(word) for word in value or ())


def _text(value: Any) -> str | None:
    if not isinstance(value, str | None):
        raise TypeError("text")
    return value


def _text_or(default: str) -> Callable[[Any], str]:
    return lambda value: _text(value) or default


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str | list | None) or not all(
        isinstance(word, str) for word in value or ()
    ):
        raise TypeError("text, or a list of texts")
    return words(value)


def _optional_words(value: Any) -> tuple[str, ...] | None:
    return None if value is None else _words(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool) and value is not None:
        raise TypeError("true or false")
    return bool(value)


def _storage(value: Any) -> str | None:
    storage = _text(value)
    if storage is None or storages.is_empty(storage) or storages.find(storage):
        return storage
    raise PolicyError(storages.problem(storage))


def _template(value: Any) -> PathTemplate | None:
    text = _text(value)
    return PathTemplate(text) if text else None


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a mapping")
    return value


def _key_types(value: Any) -> Mapping[str, type]:
    types = _table(value)
    wrong = [word for word in types.values() if str(word) not in _TYPE_WORDS]
    if wrong:
        raise PolicyError(f"a key has type {', '.join(_TYPE_WORDS)}, not {wrong[0]!r}")
    return {key: _TYPE_WORDS[word] for key, word in types.items()}


_COMPONENT_KINDS = dict.fromkeys(
    ("subset", "inputOnly", "optional", "deferred"), (bool, "true or false")
)


def _composite(value: Any) -> Mapping[str, Component]:
    parts: dict[str, Component] = {}
    for name, part in _table(value).items():
        if not isinstance(part, dict):
            raise PolicyError(f"component {name!r} has to be a mapping, not {part!r}")
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


# The keys of a dataset type, and the conversion to the value of the field of that name. For a value
# of another type it raises TypeError with the expected one. Other keys are unknown. In Gen2,
# `table` and `inputOnly` (a key of components) have no effect.
FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "template": _template,
    "python": _text,
    "persistable": _text,
    "storage": _storage,
    "level": _text,
    "tables": _words,
    "columns": _optional_words,
    "recipe": _text_or("default"),
    "obsTimeName": _text,
    "validRange": _truth,
    "validStartName": _text,
    "validEndName": _text,
    "reference": _words,
    "refCols": _optional_words,
    "filter": _truth,
    "metadataKey": _text,
    "description": _text_or(""),
    "composite": _composite,
    "assembler": _text,
    "disassembler": _text,
    "keys": _key_types,
    "table": _words,
    "inputOnly": _truth,
}


def make(
    name: str, section: str, source: str, stacked: Mapping[str, tuple[Node, ...]]
) -> DatasetType:
    """Return the dataset type that a policy defines.

    Parameters
    ----------
    name, section, source : `str`
        The type's name, its section, and the position of its definition.
    stacked : mapping of `str` to `tuple` [`Node`, ...]
        The nodes of each key in the policy's layers, lowest first.

    Raises
    ------
    PolicyError
        If a key or a value is invalid; the message starts with file and line.
    """
    values: dict[str, Any] = {}
    for key, nodes in stacked.items():
        here = f"{yaml_nodes.where(nodes[-1])}: {name}: "
        if key not in FIELDS:
            raise PolicyError(f"{here}unknown key {key!r}{did_you_mean(key, FIELDS)}")
        value = _merged(nodes)
        try:
            values[key] = FIELDS[key](value)
        except PolicyError as error:
            raise PolicyError(f"{here}{error}") from error
        except TypeError as error:
            raise PolicyError(f"{here}{key} has to be {error}, not {value!r}") from error
    for key in ("table", "inputOnly"):
        values.pop(key, None)
    template = values.get("template")
    extra = values.pop("keys", _EMPTY)
    if template is not None or extra:
        values["keys"] = {**(template.keys if template else {}), **extra}
    return DatasetType(name=name, section=section, source=source, **values)


def _merged(nodes: tuple[Node, ...]) -> Any:
    """Return the value of the highest layer; mappings are merged over those of lower layers."""
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
