"""YAML files read as data, with line numbers: no tag in them can run code.

Only this module and `persistence.formatters.yaml` use the YAML library.
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
# libyaml parses ten times faster; PyYAML also works without it.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """A safe loader that calls PyYAML's resolver only for scalars that may not be texts.

    This halves the time.
    """

    _first = frozenset(first for first in yaml.SafeLoader.yaml_implicit_resolvers if first)

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and implicit[0] and value and value[0] not in self._first:
            return f"{_CORE}str"
        return super().resolve(kind, value, implicit)

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Skip path resolvers, which are not used here."""

    def ascend_resolver(self) -> None:
        """Skip path resolvers, which are not used here."""


# Far above any camera's files, but within the limits of the parser and of Python's stack.
_DEEPEST, _LARGEST, _SAFE = 100, 1_000_000, 5000
_OPEN = (0, 0)  # the size and depth of a node that is being measured
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
    """Return a file parsed into nodes, which have line numbers; None for an empty file.

    Raises
    ------
    PolicyError
        If the file is missing, is not YAML, contains itself, or is too large.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            return compose_text(stream.read(), path)
    except OSError as error:
        raise PolicyError(f"{path}: {os.strerror(error.errno or 0)}") from error
    except UnicodeDecodeError as error:
        raise _not_yaml(path, error) from error


def compose_text(text: str, name: str) -> Node | None:
    """Return parsed text; the nodes name ``name`` as their file. See `compose`."""
    stream = io.StringIO(text)
    stream.name = name  # the parser reads this attribute
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
    """Raise an error for deep nesting, with which the recursive parser would crash the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > _DEEPEST:
            line = event.start_mark.line + 1  # type: ignore[union-attr]  # a start event has a position
            raise PolicyError(f"{name}:{line}: this is nested more than {_DEEPEST} deep")


def _measure(node: Node, known: dict[int, tuple[int, int]], level: int = 0) -> tuple[int, int]:
    """Return the number of nodes in a node, and its depth, with anchors followed.

    Raises
    ------
    PolicyError
        If it contains itself, is too large, or does not have the shape of its tag.
    """
    if id(node) in known:
        if known[id(node)] == _OPEN:
            raise PolicyError(f"{where(node)}: this contains itself")
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
        raise PolicyError(f"{where(node)}: this contains more than {_LARGEST} values")
    known[id(node)] = size, depth + 1
    return known[id(node)]


def where(node: Node) -> str:
    """Return the position of a node: ``file.yaml:12``."""
    return f"{node.start_mark.name}:{node.start_mark.line + 1}"


def items(node: Node | None) -> dict[str, Node]:
    """Return the values of a mapping node by key; ``<<:`` merges in values with lower priority.

    If a key is repeated, the last value counts, as in Gen2, with a warning.

    Raises
    ------
    PolicyError
        If the node is not a mapping.
    """
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise PolicyError(f"{where(node)}: expected a mapping (key: value), not {_shown(node)}")
    merged: dict[str, Node] = {}
    own: dict[str, Node] = {}
    for key, value in node.value:
        if key.tag == f"{_CORE}merge":
            for other in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                merged = {**items(other), **merged}
        elif not isinstance(key, yaml.ScalarNode):
            raise PolicyError(f"{where(key)}: a key has to be text or a number")
        else:
            if key.value in own:  # some policies of Gen2 have repeated keys
                message = f"{where(key)}: key {key.value!r} is repeated; the last value counts"
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
    """Return a mapping node with the position of another node."""
    keys = {
        key: yaml.ScalarNode(f"{_CORE}str", key, node.start_mark) for key, node in values.items()
    }
    pairs = [(keys[key], node) for key, node in values.items()]
    return yaml.MappingNode(f"{_CORE}map", pairs, like.start_mark, like.end_mark)


def sequence(values: list[Node], like: Node) -> Node:
    """Return a list node with the position of another node."""
    return yaml.SequenceNode(f"{_CORE}seq", values, like.start_mark, like.end_mark)


def text(value: str, like: Node) -> Node:
    """Return a text node with the position of another node."""
    return yaml.ScalarNode(f"{_CORE}str", value, like.start_mark, like.end_mark)


def at(top: Mapping[str, Node], *path: str | int) -> Node:
    """Return the node at a path of keys and list indices, or the last existing one on the way.

    Raises
    ------
    KeyError
        If the first key is missing.
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
    """Return a node as Python data.

    Raises
    ------
    PolicyError
        If it has a tag that is not YAML's own: such a tag would run code.
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
    # PyYAML raises AttributeError for an invalid date
    except (ValueError, AttributeError, yaml.YAMLError) as error:
        raise PolicyError(f"{where(node)}: {node.value!r} cannot be read: {error}") from error
    raise PolicyError(f"{where(node)}: tag {node.tag!r} is not plain data; nothing of it was run")


def load(path: str) -> Mapping[str, Any]:
    """Read a whole file, whose top is a mapping, as Python data."""
    return {key: plain(value) for key, value in items(compose(path)).items()}


def flow(value: Any) -> str:
    """Return data as YAML on one line; mappings of any kind are written as plain ones.

    Raises
    ------
    PolicyError
        If a part of it is not plain data.
    """
    return (
        _dumped(value, default_flow_style=True, width=10**9, sort_keys=True)
        .removesuffix("...\n")
        .strip()
    )


def block(value: Mapping[str, Any]) -> str:
    """Return a mapping as YAML on many lines, in its own order; see `flow`."""
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
