"""Mappings between a camera's coordinate systems, in archives (doc/gen2/afw-files.md 2.5, 2.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from persistence.errors import FormatterError
from persistence.types.archives.archive import Load, Tables
from persistence.types.archives.cells import text_of
from persistence.types.pixels.box import Box, box_of
from persistence.types.wcs.astbuild import build
from persistence.types.wcs.astdump import parse
from persistence.types.wcs.astframes import frame_set
from persistence.types.wcs.astmaps import Inverted, Map, Scaled, Series, applied


@dataclass(frozen=True, eq=False)
class Transform:
    """A mapping of points of a plane to points of another.

    Attributes
    ----------
    map : `Map`
        The mapping of arrays.
    """

    map: Map

    def __call__(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Return the positions in the second plane of points of the first.

        X and y are broadcast.
        """
        u, v = applied(self.map.forward, x, y)
        return u, v

    @property
    def inverse(self) -> Transform:
        """The inverse mapping, which may raise an error on use if it has no formula."""
        return Transform(Inverted(self.map))

    def then(self, other: Transform) -> Transform:
        """Return this mapping followed by another."""
        return Transform(Series(self.map, other.map))


class System(NamedTuple):
    """A coordinate system of a camera: ``Pixels`` of a detector, or ``FocalPlane`` without one."""

    name: str
    detector: str = ""


@dataclass(frozen=True, eq=False)
class TransformMap(Mapping[tuple[System, System], Transform]):
    """The mappings between coordinate systems, directly or through others.

    It is a mapping of pairs of systems: ``transforms["Pixels", "FocalPlane"]``. Every connected
    pair can be accessed, by names alone if there is only one detector; its keys are the stored
    pairs.

    Attributes
    ----------
    links : mapping [`tuple` [`System`, `System`], `Transform`]
        From the first to the second.
    """

    links: Mapping[tuple[System, System], Transform]

    def __iter__(self) -> Iterator[tuple[System, System]]:
        return iter(self.links)

    def __len__(self) -> int:
        return len(self.links)

    @property
    def systems(self) -> list[System]:
        """The systems, in the order in which they were stored."""
        return list(dict.fromkeys(system for pair in self.links for system in pair))

    def __getitem__(self, pair: tuple[System | str, System | str]) -> Transform:
        """Return the mapping from one system to another, in the fewest steps.

        Raises
        ------
        KeyError
            If one of them is missing or ambiguous, or they are not connected.
        """
        start, end = (self._system(each) for each in pair)
        both_ways = dict(self.links) | {(b, a): made.inverse for (a, b), made in self.links.items()}
        paths = {start: Transform(Scaled(np.ones(2), np.zeros(2)))}
        while end not in paths:
            further = {
                b: paths[a].then(made)
                for (a, b), made in both_ways.items()
                if a in paths and b not in paths
            }
            if not further:
                raise KeyError(f"no mapping leads from {start} to {end}")
            paths |= further
        return paths[end]

    def _system(self, asked: System | str) -> System:
        found = [each for each in self.systems if asked in (each, each.name)]
        if len(found) != 1:
            why = "several systems are" if found else "no system is"
            raise KeyError(f"{why} {asked!r}; there are {', '.join(map(str, self.systems))}")
        return found[0]


@dataclass(frozen=True, eq=False)
class TransformField:
    """A field, a number at each position of an image, that AST computes.

    Attributes
    ----------
    box : `Box`
        The pixels of the field.
    map : `Map`
        From two coordinates to one.
    """

    box: Box
    map: Map

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Return the values at columns and rows, which are broadcast."""
        return applied(self.map.forward, x, y)[0]


def make(tables: Tables, load: Load) -> Transform:
    """Return the TransformPoint2ToPoint2 of its table.

    Raises
    ------
    FormatterError
        If its text is invalid, or not from two coordinates to two.
    """
    (table,) = tables
    text = text_of(table["bytes"][0])
    version, name, dump = [*text.split(maxsplit=2), "", "", ""][:3]
    if (version, name) != ("1", "TransformPoint2ToPoint2"):
        raise FormatterError(
            f"the text of a transform begins with '1 TransformPoint2ToPoint2', not {text[:30]!r}"
        )
    found = build(parse(dump))
    if (found.nin, found.nout) != (2, 2):
        raise FormatterError(
            f"a TransformPoint2ToPoint2 is from {found.nin} coordinates to {found.nout}"
        )
    return Transform(found)


def make_map(tables: Tables, load: Load) -> TransformMap:
    """Return the TransformMap of its tables: frames and connections, or one in newer files."""
    links: dict[tuple[System, System], Transform] = {}
    if len(tables) == 1:
        (table,) = tables
        columns = (
            "fromSysName",
            "fromSysDetectorName",
            "toSysName",
            "toSysDetectorName",
            "transform",
        )
        for name, detector, to_name, to_detector, number in zip(
            *(table[each] for each in columns), strict=True
        ):
            start, end = System(str(name), str(detector)), System(str(to_name), str(to_detector))
            links[start, end] = load(int(number))
        return TransformMap(links)
    frames, connections = tables
    rows = zip(*(frames[each] for each in ("sysName", "detectorName", "id")), strict=True)
    systems = {int(number): System(str(name), str(detector)) for name, detector, number in rows}
    for a, b, number in zip(
        *(connections[each] for each in ("from", "to", "transform")), strict=True
    ):
        links[systems[int(a)], systems[int(b)]] = load(int(number))
    return TransformMap(links)


def make_field(tables: Tables, load: Load) -> TransformField:
    """Return the TransformBoundedField of its table.

    Raises
    ------
    FormatterError
        If its frames do not lead from two coordinates to one.
    """
    (table,) = tables
    found = frame_set(parse(text_of(table["frameSet"][0]))).map
    if (found.nin, found.nout) != (2, 1):
        raise FormatterError(
            f"a TransformBoundedField is from {found.nin} coordinates to {found.nout}"
        )
    return TransformField(box_of(table), found)
