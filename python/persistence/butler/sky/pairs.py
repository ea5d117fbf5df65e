"""All pairs of a patch of a tract and an exposure that lies on it, at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from persistence.butler.sky import patches
from persistence.sky import polygon
from persistence.sky.polygon import Vectors

if TYPE_CHECKING:
    from persistence.skymap.tract import Tract

# More than the rounding of the distances of centres (chords).
_PAD = 1e-12
# Number of distances computed at once.
_ENOUGH = 1_000_000


def of_tract(
    tract: Tract, exposures: Mapping[str, bytes]
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the patches of a tract, row by row, with the exposures on each.

    Parameters
    ----------
    tract : `Tract`
        The tract.
    exposures : mapping [`str`, `bytes`]
        Polygons of exposures by their names.

    Yields
    ------
    patch : `str`
        The name of the patch, ``x,y``.
    covered : `dict` [`str`, `float`]
        For each exposure on it, the fraction of the patch that it covers.
    """
    every, names = patches.outlines(tract), list(exposures)
    parts = [polygon.from_bytes(content) for content in exposures.values()]
    shapes = [polygon.decoded(content) for content in exposures.values()]
    near = _near(every, parts)
    for place, patch in enumerate(every.names):
        shape = polygon.decoded(polygon.to_bytes(every.vertices[place]))
        its = [number for number in near[place] if shapes[number].intersects(shape)]
        fractions = polygon.covered(every.vertices[place], [parts[number] for number in its])
        covered = (round(float(one), 6) for one in fractions)
        yield patch, dict(zip((names[number] for number in its), covered, strict=True))


def _near(every: patches.Outlines, parts: list[Vectors]) -> list[list[int]]:
    """Return for each patch the numbers of the polygons whose circles meet its circle."""
    near: list[list[int]] = [[] for _ in every.names]
    size = max(1, _ENOUGH // len(every.names))
    for start in range(0, len(parts), size):
        centres, radii = patches.circles(polygon.stacked(parts[start : start + size]))
        # the largest distance from the middle of the vertices, as a chord: chords add up
        squares = 2 - 2 * np.clip(every.centres @ centres.T, -1, 1)
        limits = every.radii[:, None] + radii + _PAD
        for place, number in np.argwhere(squares <= limits**2 + _PAD).tolist():
            near[place].append(start + number)
    return near
