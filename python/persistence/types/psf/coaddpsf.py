"""PSFs of coadds: those of the inputs, warped and averaged (doc/gen2/afw-files.md 2.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.archives.archive import Load, Table, Tables
from persistence.types.pixels.box import Box, box_of
from persistence.types.psf import resample
from persistence.types.psf.kernels import grid
from persistence.types.psf.psfimage import Psf, normalised
from persistence.types.wcs.skywcs import SkyWcs

Array = NDArray[np.float64]
# Columns of the inputs' records that become objects.
_OBJECTS = ("wcs", "psf", "validPolygon")


class Region(Protocol):
    """A region in the plane of an image."""

    def contains(self, x: float, y: float) -> bool:
        """Return whether a position is inside."""


class CoaddInput(NamedTuple):
    """One input image of a coadd.

    Attributes
    ----------
    bbox : `Box`
        Its pixels.
    wcs : `SkyWcs`
        Its WCS.
    psf : `Psf`
        Its PSF.
    polygon : `Region` or None
        The part that was used; None for all.
    weight : `float`
        Its weight.
    record : mapping [`str`, value]
        Further information, such as ``ccd``, ``visit``, ``filter``, ``goodpix``.
    """

    bbox: Box
    wcs: SkyWcs
    psf: Psf
    polygon: Region | None
    weight: float
    record: Mapping[str, Any]

    def contains(self, x: float, y: float) -> bool:
        """Return whether a position is inside the part that was used."""
        return covers(self.bbox, self.polygon, x, y)


def covers(box: Box, polygon: Region | None, x: float, y: float) -> bool:
    """Return whether a position is in a box, including its edges, and in a polygon, if any."""
    inside = -0.5 <= x - box.x0 < box.width - 0.5 and -0.5 <= y - box.y0 < box.height - 0.5
    return inside and (polygon is None or polygon.contains(x, y))


@dataclass(frozen=True, eq=False)
class CoaddPsf(Psf):
    """The weighted mean of the PSFs of a coadd's inputs at each position.

    Attributes
    ----------
    inputs : `tuple` [`CoaddInput`]
        The inputs.
    wcs : `SkyWcs`
        The coadd's WCS.
    warping : `str`
        The kernel of the warping, such as ``lanczos3``.
    average_position : `tuple` [`float`, `float`]
        The default position (pixels).
    """

    inputs: tuple[CoaddInput, ...]
    wcs: SkyWcs
    warping: str
    average_position: tuple[float, float]

    def inputs_at(self, x: float, y: float) -> list[tuple[CoaddInput, tuple[float, float]]]:
        """Return the inputs that cover a coadd position, with the position in their pixels."""
        sky = self.wcs.to_sky.forward(np.array([[x], [y]], dtype=float))
        places = [one.wcs.to_sky.inverse(sky)[:, 0] for one in self.inputs]
        found = [
            (one, (float(u), float(v))) for one, (u, v) in zip(self.inputs, places, strict=True)
        ]
        return [(one, place) for one, place in found if one.contains(*place)]

    def _pixels(self, x: float, y: float) -> tuple[Array, Box]:
        covering = self.inputs_at(x, y)
        if not covering:
            raise FormatterError(
                f"none of the {len(self.inputs)} inputs of the coadd's PSF covers x={x}, y={y}"
            )
        warped = [(one.weight, *self._warped(one, place, x, y)) for one, place in covering]
        box = _union([each for _, _, each in warped])
        total = np.zeros((box.height, box.width))
        for weight, pixels, each in warped:
            total[each.shifted(-box.x0, -box.y0).slices] += weight * pixels
        return total, box

    def _warped(
        self, one: CoaddInput, place: tuple[float, float], x: float, y: float
    ) -> tuple[Array, Box]:
        """Return the PSF of an input in the coadd's pixels, with sum 1."""
        if not isinstance(one.psf, Psf):
            raise FormatterError(f"an input of the coadd's PSF has no known PSF: {one.psf}")
        kernel = one.psf.kernel_image(*place)
        matrix = self._slopes(one, x, y)
        box = _reached(kernel.bbox, matrix)
        columns, rows = np.broadcast_arrays(*grid(box))
        u, v = np.tensordot(matrix, np.stack([columns, rows]), axes=1)
        found = resample.at_points(
            kernel.array, v - kernel.bbox.y0, u - kernel.bbox.x0, self.warping
        )
        return normalised(found), box

    def _slopes(self, one: CoaddInput, x: float, y: float) -> Array:
        """Return the shift in an input's pixels for one coadd pixel along columns and rows."""
        around = np.array([[x + 0.5, x - 0.5, x, x], [y, y, y + 0.5, y - 0.5]])
        right, left, upper, lower = one.wcs.to_sky.inverse(self.wcs.to_sky.forward(around)).T
        return np.stack([right - left, upper - lower], axis=-1)


def _reached(box: Box, matrix: Array) -> Box:
    """Return the integer box that contains the corners of a box transformed by a matrix."""
    corners = np.array(
        [
            (x, y)
            for x in (box.x0, box.x0 + box.width - 1)
            for y in (box.y0, box.y0 + box.height - 1)
        ]
    )
    turned = np.linalg.solve(matrix, corners.T).T
    low, high = np.floor(turned.min(axis=0)).astype(int), np.ceil(turned.max(axis=0)).astype(int)
    return Box(int(low[0]), int(low[1]), int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1)


def _union(boxes: list[Box]) -> Box:
    x0, y0 = min(each.x0 for each in boxes), min(each.y0 for each in boxes)
    x1, y1 = (
        max(each.x0 + each.width for each in boxes),
        max(each.y0 + each.height for each in boxes),
    )
    return Box(x0, y0, x1 - x0, y1 - y0)


def make(tables: Tables, load: Load) -> CoaddPsf:
    """Return the CoaddPsf of its two tables."""
    head, records = tables
    others = [
        name
        for name in records
        if name not in (*_OBJECTS, "weight") and not name.startswith("bbox_")
    ]
    inputs = []
    for row, weight in enumerate(records["weight"]):
        wcs, psf, polygon = _objects(records, row, load)
        record = {name: records[name][row] for name in others}
        inputs.append(CoaddInput(box_of(records, row), wcs, psf, polygon, float(weight), record))
    average = float(head["avgpos_x"][0]), float(head["avgpos_y"][0])
    name = str(head["warpingkernelname"][0]).strip() if "warpingkernelname" in head else "lanczos3"
    return CoaddPsf(tuple(inputs), load(int(head["coaddwcs"][0])), name, average)


def _objects(records: Table, row: int, load: Load) -> tuple[Any, ...]:
    return tuple(load(int(records[name][row])) if name in records else None for name in _OBJECTS)
