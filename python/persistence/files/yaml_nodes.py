"""YAML files read as data, with the line of everything: no tag in them can run code.

The only module, with `persistence.formatters.yaml`, that knows the YAML library.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

import yaml

from persistence.errors import PolicyError, PolicyWarning, warn_caller

Node = yaml.Node

_CORE = "tag:yaml.org,2002:"
# libyaml parses ten times faster; a PyYAML built without it works all the same.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """A safe loader that asks PyYAML's resolver only about scalars that may be no text.

    Half the time.
    """

    _first = frozenset(first for first in yaml.SafeLoader.yaml_implicit_resolvers if first)

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and implicit[0] and value and value[0] not in self._first:
            return f"{_CORE}str"
        return super().resolve(kind, value, implicit)

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Path resolvers are not used here."""

    def ascend_resolver(self) -> None:
        """Path resolvers are not used here."""


# What no camera comes near, and what the parser and Python's stack bear.
_DEEPEST, _LARGEST, _SAFE = 100, 1_000_000, 5000
_OPEN = (0, 0)  # the size and depth of what is being measured
_KINDS = {yaml.ScalarNode: "scalar", yaml.SequenceNode: "sequence", yaml.MappingNode: "mapping"}
_SHAPES: Mapping[str, str] = {
    **{
        _CORE + kind: "scalar"
        for kind in ("str", "int", "float", "bool", "null", "timestamp", "binary")
    },
    **{_CORE + kind: "scalar" for kind in ("python/str", "python/unicode")},
    **{_CORE + kind: "sequence" for kind in ("seq", "python/tuple")},
    f"{_CORE}map": "mapping",
}
_PLAIN = frozenset(_CORE + kind for kind in ("int", "float", "bool", "null", "timestamp", "binary"))


def compose(path: str) -> Node | None:
    """Parse a file into nodes, which know their line. An empty file gives None.

    Raises
    ------
    PolicyError
        If the file is missing, or is not YAML, or holds itself or more than fits.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            return compose_text(stream.read(), path)
    except OSError as error:
        raise PolicyError(f"{path}: {os.strerror(error.errno or 0)}") from error
    except UnicodeDecodeError as error:
        raise _not_yaml(path, error) from error


def compose_text(text: str, name: str) -> Node | None:
    """Parse text into nodes that say they stand in ``name``; see `compose`."""
    stream = io.StringIO(text)
    stream.name = name  # where the parser looks for it
    try:
        if sum(map(text.count, "[{-?:")) > _SAFE:
            _refuse_deep(text, name)
        node = yaml.compose(stream, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _not_yaml(name, error) from error
    if node is not None:
        _measure(node, {})
    return node


def _not_yaml(name: str, error: Exception) -> PolicyError:
    return PolicyError(f"{name}: not YAML: {' '.join(str(error).split())}")


def _refuse_deep(text: str, name: str) -> None:
    """Refuse deep nesting: the parser, which recurses, would take the process with it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > _DEEPEST:
            line = event.start_mark.line + 1  # type: ignore[union-attr]  # what begins has a place
            raise PolicyError(f"{name}:{line}: this is nested more than {_DEEPEST} deep")


def _measure(node: Node, known: dict[int, tuple[int, int]], level: int = 0) -> tuple[int, int]:
    """Give how many nodes a node holds, and how deep, once its anchors are followed.

    Raises
    ------
    PolicyError
        If it holds itself, or too much, or is not of the shape that its tag tells.
    """
    if id(node) in known:
        if known[id(node)] == _OPEN:
            raise PolicyError(f"{where(node)}: this holds itself")
        if level + known[id(node)][1] > _DEEPEST:
            raise PolicyError(f"{where(node)}: this is nested more than {_DEEPEST} deep")
        return known[id(node)]
    kind = _KINDS[type(node)]
    if _SHAPES.get(node.tag, kind) != kind:
        raise PolicyError(f"{where(node)}: !!{node.tag.removeprefix(_CORE)} cannot be a {kind}")
    if kind == "scalar":
        return 1, 0
    if level >= _DEEPEST:
        raise PolicyError(f"{where(node)}: this is nested more than {_DEEPEST} deep")
    known[id(node)] = _OPEN
    children = [child for pair in node.value for child in pair] if kind == "mapping" else node.value
    size, depth = 1, 0
    for child in children:
        held, below = _measure(child, known, level + 1)
        size, depth = size + held, max(depth, below)
    if size > _LARGEST:
        raise PolicyError(f"{where(node)}: this holds more than {_LARGEST} values")
    known[id(node)] = size, depth + 1
    return known[id(node)]


def where(node: Node) -> str:
    """Say where a node stands: ``file.yaml:12``."""
    return f"{node.start_mark.name}:{node.start_mark.line + 1}"


def items(node: Node | None) -> dict[str, Node]:
    """Give the values of a mapping node by key; what ``<<:`` merges in comes first, and loses.

    Of a key that stands there twice the last value counts, as Gen2 had it, with a warning.

    Raises
    ------
    PolicyError
        If the node is no mapping.
    """
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise PolicyError(f"{where(node)}: a mapping (key: value) belongs here, not {_shown(node)}")
    merged: dict[str, Node] = {}
    own: dict[str, Node] = {}
    for key, value in node.value:
        if key.tag == f"{_CORE}merge":
            for other in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                merged = {**items(other), **merged}
        elif not isinstance(key, yaml.ScalarNode):
            raise PolicyError(f"{where(key)}: a key has to be text or a number")
        else:
            if key.value in own:  # policies of Gen2 have such
                message = f"{where(key)}: key {key.value!r} stands here twice; the last counts"
                warn_caller(message, PolicyWarning)
            own[key.value] = value
    return merged | own if merged else own


def is_mapping(node: Node) -> bool:
    """Return whether a node is a mapping."""
    return isinstance(node, yaml.MappingNode)


def is_list(node: Node) -> bool:
    """Return whether a node is a list."""
    return isinstance(node, yaml.SequenceNode)


def mapping(values: Mapping[str, Node], like: Node) -> Node:
    """Make a mapping node that stands where another does."""
    keys = {
        key: yaml.ScalarNode(f"{_CORE}str", key, node.start_mark) for key, node in values.items()
    }
    pairs = [(keys[key], node) for key, node in values.items()]
    return yaml.MappingNode(f"{_CORE}map", pairs, like.start_mark, like.end_mark)


def sequence(values: list[Node], like: Node) -> Node:
    """Make a list's node that stands where another does."""
    return yaml.SequenceNode(f"{_CORE}seq", values, like.start_mark, like.end_mark)


def text(value: str, like: Node) -> Node:
    """Make a text's node that stands where another does."""
    return yaml.ScalarNode(f"{_CORE}str", value, like.start_mark, like.end_mark)


def at(top: Mapping[str, Node], *path: str | int) -> Node:
    """Return the node that keys, and numbers in lists, lead to; the last that there is on the way.

    Raises
    ------
    KeyError
        If the first of them is not there.
    """
    node = top[str(path[0])]
    for step in path[1:]:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode) and str(step) in items(node):
            node = items(node)[str(step)]
        else:
            break
    return node


def _shown(node: Node) -> str:
    return f"{node.value[:80]!r}" if isinstance(node, yaml.ScalarNode) else "a list"


def plain(node: Node) -> Any:
    """Turn a node into Python data.

    Raises
    ------
    PolicyError
        If it has a tag beyond YAML's own: such a tag would run code.
    """
    if node.tag == f"{_CORE}str":
        return node.value
    try:
        if node.tag in _PLAIN:
            return yaml.SafeLoader("").construct_object(node)
        if node.tag == f"{_CORE}seq":
            return [plain(child) for child in node.value]
        if node.tag == f"{_CORE}map":
            return {key: plain(value) for key, value in items(node).items()}
    # PyYAML on a date that is none: AttributeError
    except (ValueError, AttributeError, yaml.YAMLError) as error:
        raise PolicyError(f"{where(node)}: {node.value!r} cannot be read: {error}") from error
    raise PolicyError(f"{where(node)}: tag {node.tag!r} is not plain data; nothing of it was run")


def load(path: str) -> Mapping[str, Any]:
    """Read a whole file, whose top is a mapping, as Python data."""
    return {key: plain(value) for key, value in items(compose(path)).items()}


def flow(value: Any) -> str:
    """Write data on one line; mappings of any kind are written as plain ones.

    Raises
    ------
    PolicyError
        If a part of it is no plain data.
    """
    return (
        _dumped(value, default_flow_style=True, width=10**9, sort_keys=True)
        .removesuffix("...\n")
        .strip()
    )


def block(value: Mapping[str, Any]) -> str:
    """Write a mapping on many lines, in its own order; see `flow`."""
    return _dumped(value, default_flow_style=False, sort_keys=False)


def _dumped(value: Any, **style: Any) -> str:
    try:
        return str(yaml.dump(_plainly(value), Dumper=yaml.SafeDumper, **style))
    except yaml.representer.RepresenterError as error:
        held = f"{error.args[-1]!r} is none: name a class by its dotted name"
        raise PolicyError(f"YAML holds text, numbers, dates, lists and mappings; {held}") from error


def _plainly(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plainly(one) for key, one in value.items()}
    return [_plainly(one) for one in value] if isinstance(value, list | tuple) else value
