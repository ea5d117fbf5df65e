"""Dataset types: what a policy says of each, taken from its YAML and checked."""

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

    @property
    def has_own_file(self) -> bool:
        """Whether a composite has, besides its components, a file that is an object of its type."""
        return any(part.datasetType == self.name for part in self.composite.values())


def words(value: Any) -> tuple[str, ...]:
    """Take one word, or a list of them."""
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
        raise PolicyError(f"a key is of type {', '.join(_TYPE_WORDS)}, not {wrong[0]!r}")
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


# Each key of a dataset type, and the conversion to what the field of that name holds. Of a value of
# another kind it raises TypeError with the kind that is expected. A key that is not here is
# unknown. `table` has no effect in Gen2, nor has `inputOnly`, which is a component's.
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
