"""YAML files read as data, with the line of everything: no tag in them can run code.

The only module, with `persistence.formatters.yaml`, that knows the YAML library.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

import yaml

from persistence.errors import PolicyError

Node = yaml.Node

_CORE = "tag:yaml.org,2002:"
# libyaml parses ten times faster; a PyYAML built without it works all the same.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """A safe loader that asks PyYAML's resolver only about scalars that may be no text: half the time."""

    _first = frozenset(first for first in yaml.SafeLoader.yaml_implicit_resolvers if first)

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and implicit[0] and value and value[0] not in self._first:
            return f"{_CORE}str"
        return super().resolve(kind, value, implicit)

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Path resolvers are not used here."""

    def ascend_resolver(self) -> None:
        """Path resolvers are not used here."""


_PLAIN = frozenset(_CORE + kind for kind in ("int", "float", "bool", "null", "timestamp", "binary"))


def compose(path: str) -> Node | None:
    """Parse a file into nodes, which know their line. An empty file gives None.

    Raises
    ------
    PolicyError
        If the file is missing, or is not YAML.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            return yaml.compose(stream, Loader=_Loader)
    except OSError as error:
        raise PolicyError(f"{path}: {os.strerror(error.errno or 0)}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: not YAML: {' '.join(str(error).split())}") from error


def compose_text(text: str, name: str) -> Node | None:
    """Parse text into nodes that say they stand in ``name``."""
    stream = io.StringIO(text)
    stream.name = name  # where the parser looks for it
    return yaml.compose(stream, Loader=_Loader)


def where(node: Node) -> str:
    """Say where a node stands: ``file.yaml:12``."""
    return f"{node.start_mark.name}:{node.start_mark.line + 1}"


def items(node: Node | None) -> dict[str, Node]:
    """Give the values of a mapping node by key; what ``<<:`` merges in comes first, and loses.

    Raises
    ------
    PolicyError
        If the node is no mapping, or has a key twice.
    """
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise PolicyError(f"{where(node)}: a mapping (key: value) belongs here, not {node.value!r}")
    merged: dict[str, Node] = {}
    own: dict[str, Node] = {}
    for key, value in node.value:
        if key.tag == f"{_CORE}merge":
            for other in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                merged = {**items(other), **merged}
        elif not isinstance(key, yaml.ScalarNode):
            raise PolicyError(f"{where(key)}: a key has to be text or a number")
        elif key.value in own:
            raise PolicyError(f"{where(key)}: key {key.value!r} stands here twice")
        else:
            own[key.value] = value
    return merged | own if merged else own


def listed(node: Node) -> list[Node] | None:
    """Give the nodes of a list; None if the node is none."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else None


def is_scalar(node: Node, kind: str | None = None) -> bool:
    """Say whether a node is one value, not null; of a kind such as ``int``, if that is asked."""
    wanted = node.tag == f"{_CORE}{kind}" if kind else node.tag != f"{_CORE}null"
    return isinstance(node, yaml.ScalarNode) and wanted


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
    except (ValueError, yaml.YAMLError) as error:
        raise PolicyError(f"{where(node)}: {node.value!r} cannot be read: {error}") from error
    except RecursionError:
        raise PolicyError(f"{where(node)}: this holds itself") from None
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
    return _dumped(value, default_flow_style=True, width=10**9, sort_keys=True).removesuffix("...\n").strip()


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
