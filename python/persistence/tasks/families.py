"""Families of sources that share an island of light, and the pixels of each source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.tasks.crowding import Crowd
from persistence.tasks.stamps import Bools, Floats
from persistence.types.table.footprint import Footprint, HeavyFootprint, SpanSet

Numbers = NDArray[np.int64]
_NONE = -1
_PEAKS = [("id", "i8"), ("f_x", "f4"), ("f_y", "f4"), ("i_x", "i4"), ("i_y", "i4")]
_PEAKS += [("peakValue", "f4")]


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of pixels along rows, those of an owner together, from below to above.

    Attributes
    ----------
    y, x0, x1 : array of `int`
        The row of each run, its first and its last column (pixels of the array).
    first : array of `int`, one more than owners
        Where the runs of each owner begin.
    """

    y: Numbers
    x0: Numbers
    x1: Numbers
    first: Numbers

    @property
    def areas(self) -> Numbers:
        """How many pixels each owner has."""
        ends = np.concatenate([[0], np.cumsum(self.x1 - self.x0 + 1)])
        return np.asarray(ends[self.first[1:]] - ends[self.first[:-1]])

    def spans(self, owner: int, origin: tuple[int, int]) -> SpanSet:
        """Return the pixels of an owner, in the parent image."""
        part = slice(self.first[owner], self.first[owner + 1])
        x0, y0 = origin
        return SpanSet(self.y[part] + y0, self.x0[part] + x0, self.x1[part] + x0)


@dataclass(frozen=True, eq=False)
class Families:
    """Which sources belong together: first all that are alone, then the children of each family.

    Attributes
    ----------
    family : array of `int`
        The family of each source; -1 for those that are alone.
    sources, parents : `Runs`
        The pixels of each source, and of each family.
    """

    family: Numbers
    sources: Runs
    parents: Runs

    @property
    def number(self) -> int:
        """How many families there are."""
        return self.parents.first.size - 1

    @property
    def alone(self) -> Bools:
        """Which sources have an island for themselves."""
        return np.asarray(self.family == _NONE)

    @property
    def children(self) -> Numbers:
        """How many sources each family has."""
        return np.bincount(self.family[~self.alone], minlength=self.number)

    def brightest(self, flux: Floats) -> Numbers:
        """Return the brightest source of each family."""
        members = np.flatnonzero(~self.alone)
        order = members[np.lexsort([-flux[members], self.family[members]])]
        return order[np.unique(self.family[order], return_index=True)[1]]


def find(segments: NDArray[Any], number: int) -> tuple[Numbers, Families]:
    """Find which sources touch.

    Parameters
    ----------
    segments : array of `int`, shape (rows, columns)
        The number of the source that each pixel belongs to, counted from 1; 0 where there is none.
    number : `int`
        Of sources.

    Returns
    -------
    order : array of `int`
        The sources, counted from 0, in the order of the families.
    families : `Families`
        Of the sources in this order.
    """
    pixels = np.flatnonzero(segments)
    labels = segments.reshape(-1)[pixels] - 1
    island, sizes = _islands(segments, pixels, labels, number)
    family = np.full(number, _NONE)
    several = np.flatnonzero(sizes > 1)
    names = np.full(sizes.size, _NONE)
    names[several] = np.arange(several.size)
    family = names[island]
    order = np.argsort(family, kind="stable")
    position = np.empty(number, np.int64)
    position[order] = np.arange(number)
    width = segments.shape[1]
    shared = names[island[labels]] != _NONE
    parents = _runs(pixels[shared], names[island[labels[shared]]], several.size, width)
    return order, Families(family[order], _runs(pixels, position[labels], number, width), parents)


def _islands(
    segments: NDArray[Any], pixels: Numbers, labels: Numbers, number: int
) -> tuple[Numbers, Numbers]:
    """Return the island of each source, and how many sources each has."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    height, width = segments.shape
    row, column = np.divmod(pixels, width)
    ones, others = [], []
    for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
        inside = (row + down < height) & (column + right >= 0) & (column + right < width)
        other = segments[row[inside] + down, column[inside] + right] - 1
        touching = (other >= 0) & (other != labels[inside])
        ones.append(labels[inside][touching])
        others.append(other[touching])
    pairs = np.concatenate(ones), np.concatenate(others)
    graph = coo_matrix((np.ones(pairs[0].size, bool), pairs), (number, number))
    _count, island = connected_components(graph, directed=False)
    return island.astype(np.int64), np.bincount(island)


def _runs(pixels: Numbers, owners: Numbers, number: int, width: int) -> Runs:
    """Return pixels, in the order of the image, grouped into runs with the same owner."""
    rows, columns = np.divmod(pixels, width)
    begins = np.ones(pixels.size, bool)
    begins[1:] = (np.diff(pixels) != 1) | (np.diff(owners) != 0) | (columns[1:] == 0)
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, pixels.size))
    order = np.argsort(owners[starts], kind="stable")
    starts, lengths = starts[order], lengths[order]
    first = np.searchsorted(owners[starts], np.arange(number + 1))
    return Runs(rows[starts], columns[starts], columns[starts] + lengths - 1, first)


def footprints(
    families: Families, crowd: Crowd, mask: NDArray[Any], ids: Numbers
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the footprints of sources, and of their parents.

    Those of children are heavy: their pixels are the light without that of all others.

    Parameters
    ----------
    families : `Families`
        Parents and their children.
    crowd : `~persistence.tasks.crowding.Crowd`
        The sources.
    mask : array of `int`, shape (rows, columns)
        The mask plane.
    ids : array of `int`
        The numbers of the sources' peaks.

    Returns
    -------
    sources, parents : array of `~persistence.types.table.footprint.Footprint`
        The footprints.
    """
    x0, y0 = origin = crowd.light.origin
    peaks = np.zeros(ids.size, _PEAKS)
    column, row = (np.floor(at + 0.5).astype(int) for at in (crowd.x, crowd.y))
    peaks["id"], peaks["f_x"], peaks["f_y"] = ids, crowd.x + x0, crowd.y + y0
    peaks["i_x"], peaks["i_y"] = column + x0, row + y0
    height, width = crowd.light.image.shape
    inside = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
    peaks["peakValue"] = crowd.light.image[inside]
    sources, parents = np.empty(ids.size, object), np.empty(families.number, object)
    values, ends = _heavy(families, crowd, mask)
    for number, alone in enumerate(families.alone):
        spans, peak = families.sources.spans(number, origin), peaks[number : number + 1]
        part = slice(ends[number], ends[number + 1])
        sources[number] = (
            Footprint(spans, peak)
            if alone
            else HeavyFootprint(spans, peak, *(value[part] for value in values))
        )
    members = np.searchsorted(families.family, np.arange(families.number + 1))
    for number in range(families.number):
        own = peaks[members[number] : members[number + 1]]
        parents[number] = Footprint(families.parents.spans(number, origin), own)
    return sources, parents


def _heavy(
    families: Families, crowd: Crowd, mask: NDArray[Any]
) -> tuple[tuple[NDArray[Any], ...], Numbers]:
    """Return light, flags and variance of the pixels of all children, and where each begins."""
    runs = families.sources
    children = np.flatnonzero(~families.alone)
    areas = np.where(families.alone, 0, runs.areas)
    ends = np.concatenate([[0], np.cumsum(areas)])
    kept = slice(runs.first[children[0]] if children.size else runs.y.size, None)
    spans = SpanSet(runs.y[kept], runs.x0[kept], runs.x1[kept])
    rows, columns = spans.indices()
    owner = np.repeat(np.arange(areas.size), areas)
    radius = crowd.profiles.shape[1] // 2
    right, up = (
        pixel - np.floor(at[owner] + 0.5).astype(int)
        for pixel, at in ((columns, crowd.x), (rows, crowd.y))
    )
    near = (np.abs(right) <= radius) & (np.abs(up) <= radius)
    right, up = (np.where(near, offset, 0) + radius for offset in (right, up))
    own = np.where(near, crowd.flux[owner] * crowd.profiles[owner, up, right], 0.0)
    light = (crowd.rest.image[rows, columns] + own).astype(np.float32)
    return (light, mask[rows, columns], crowd.light.variance[rows, columns]), ends
