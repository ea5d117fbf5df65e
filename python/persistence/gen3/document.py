"""``export.yaml``: Gen3's description of the datasets that it is to import.

What it has to hold is in doc/gen2/gen3-export.md.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from persistence.errors import FormatterError, told
from persistence.gen3.spans import Span

VERSION = "1.0.2"
# Gen3's namespace of dataset IDs: uuid5 of "lsst.org".
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "lsst.org")
_TIMESPAN, _TIME = "lsst.daf.butler.Timespan", "!butler_time/tai/iso"
_POLYGON = "lsst.sphgeom.ConvexPolygon"

Block = dict[str, Any]


class Time(str):
    """A time in TAI, as text."""

    __slots__ = ()


class Polygon(str):
    """A convex polygon, encoded as hexadecimal text."""

    __slots__ = ()


class Unread(NamedTuple):
    """A value with a tag that is not needed here."""

    tag: str
    value: Any


class Export(NamedTuple):
    """An export as it was read.

    Attributes
    ----------
    path : `str`
        The file.
    universe : `int`
        The version of the dimensions.
    blocks : sequence of mapping
        Its blocks, each with its ``type``.
    """

    path: str
    universe: int
    blocks: Sequence[Block]

    def of(self, kind: str) -> Iterable[Block]:
        """Yield the blocks of a type."""
        return (block for block in self.blocks if block.get("type") == kind)

    def records(self, element: str) -> list[Block]:
        """Return the records of a dimension."""
        return [
            record
            for block in self.of("dimension")
            if block.get("element") == element
            for record in block["records"]
        ]


def dataset_id(dataset_type: str, run: str, data_id: Mapping[str, Any]) -> uuid.UUID:
    """Return Gen3's own ID of a dataset, made of its type, its run and its data ID."""
    items = [("dataset_type", dataset_type), ("run", run), *sorted(data_id.items())]
    return uuid.uuid5(_NAMESPACE, ",".join(f"{key}={value}" for key, value in items))


# -- writing


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Write Gen3's tags, and each value in full."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _mapping(tag: str, key: str) -> Any:
    return lambda dumper, value: dumper.represent_mapping(tag, {key: str(value)})


_Dumper.add_representer(uuid.UUID, lambda to, value: to.represent_scalar("!uuid", str(value)))
_Dumper.add_representer(Time, lambda to, value: to.represent_scalar(_TIME, str(value)))
_Dumper.add_representer(Polygon, _mapping(_POLYGON, "encoded"))
_Dumper.add_representer(
    Span,
    lambda to, span: to.represent_mapping(
        f"!{_TIMESPAN}", {name: None if end is None else Time(end) for name, end in
                          span._asdict().items()},
    ),
)  # fmt: skip


def text(blocks: Sequence[Block], universe: int) -> str:
    """Return the text of an export."""
    top = {
        "description": "Butler Data Repository Export",
        "version": VERSION,
        "universe_version": universe,
        "universe_namespace": "daf_butler",
        "data": list(blocks),
    }
    return str(yaml.dump(top, Dumper=_Dumper, sort_keys=False, width=2**16))


# -- reading


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Read Gen3's tags as data."""


def _span(loader: Any, node: Any) -> Span:
    ends = loader.construct_mapping(node, deep=True)
    return Span(ends.get("begin"), ends.get("end"))


def _other(loader: Any, suffix: str, node: Any) -> Unread:
    kinds = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: _list}
    if isinstance(node, yaml.MappingNode):
        return Unread(suffix, loader.construct_mapping(node, deep=True))
    return Unread(suffix, kinds[type(node)](node))


def _list(node: Any) -> list[str]:
    return [str(child.value) for child in node.value]


_Loader.add_constructor(
    "!uuid", lambda loader, node: uuid.UUID(loader.construct_scalar(node))
)  # fmt: skip
_Loader.add_constructor(_TIME, lambda loader, node: Time(loader.construct_scalar(node)))
_Loader.add_constructor(f"!{_TIMESPAN}", _span)
_Loader.add_constructor(_TIMESPAN, _span)
_Loader.add_multi_constructor("", _other)


def read(path: str) -> Export:
    """Read an export.

    Raises
    ------
    FormatterError
        If the file cannot be read, or is not an export of Gen3.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            top = yaml.load(stream, Loader=_Loader)  # noqa: S506  # a safe loader
    except OSError as error:
        raise FormatterError(f"{path} cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise FormatterError(f"{path} is not YAML of Gen3: {told(error)}") from error
    data = top.get("data") if isinstance(top, dict) else None
    if not isinstance(data, list) or "version" not in top:
        raise FormatterError(f"{path} is not an export of a Gen3 repository: it has no data")
    if str(top["version"]).split(".")[0] not in ("0", VERSION.split(".")[0]):
        raise FormatterError(f"{path} has version {top['version']} of the format, not {VERSION}")
    blocks = [block for block in data if isinstance(block, dict)]
    return Export(path, int(top.get("universe_version", 0)), blocks)
