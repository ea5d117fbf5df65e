"""Mappings between a camera's coordinate systems, as in archives (afw-files 2.5, 2.7)."""

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
        What does it.
    """

    map: Map

    def __call__(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Give where points of the first plane are in the second; x and y are broadcast."""
        u, v = applied(self.map.forward, x, y)
        return u, v

    @property
    def inverse(self) -> Transform:
        """The mapping back; it may refuse to be used, where it has no formula."""
        return Transform(Inverted(self.map))

    def then(self, other: Transform) -> Transform:
        """Give this mapping with another after it."""
        return Transform(Series(self.map, other.map))


class System(NamedTuple):
    """A coordinate system of a camera.

    ``Pixels`` of a detector, or ``FocalPlane``, which is of no detector.
    """

    name: str
    detector: str = ""


@dataclass(frozen=True, eq=False)
class TransformMap(Mapping[tuple[System, System], Transform]):
    """The mappings between coordinate systems, directly or by way of others.

    It is a mapping of pairs of systems: ``transforms["Pixels", "FocalPlane"]``. It can be asked for
    each pair that is connected, by names alone where those are of one detector only; its keys are
    the pairs that are stored.

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
        """Give the mapping from one system to another, by the fewest steps.

        Raises
        ------
        KeyError
            If one of them is not there, or is several, or no mapping leads there.
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
        The pixels that it is for.
    map : `Map`
        Of two coordinates to one.
    """

    box: Box
    map: Map

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Give the values at some columns and rows; they are broadcast."""
        return applied(self.map.forward, x, y)[0]


def make(tables: Tables, load: Load) -> Transform:
    """Build a TransformPoint2ToPoint2 from its table.

    Raises
    ------
    FormatterError
        If its text is another, or not of two coordinates to two.
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
    """Build a TransformMap from its tables: frames and connections, or one in newer files."""
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
    """Build a TransformBoundedField from its table.

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
