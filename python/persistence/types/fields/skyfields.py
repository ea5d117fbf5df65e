"""Fields that look at the sky.

The area of a pixel, and the mean of what a coadd was made of (afw-files 2.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persistence.errors import DataIdError
from persistence.types.archives.archive import Load, Tables
from persistence.types.fields.boundedfield import Field
from persistence.types.pixels.box import Box, box_of
from persistence.types.pixels.polygon import Polygon


@dataclass(frozen=True)
class PixelAreaField:
    """The area of a pixel on the sky.

    Attributes
    ----------
    box : `Box`
        The pixels that it is for.
    wcs
        A world coordinate system with astropy's interface (APE 14), of the parent's pixels.
    scaling : `float`
        What the area (steradian) is multiplied by.
    """

    box: Box
    wcs: Any
    scaling: float

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Give the values at some columns and rows; they are broadcast."""
        columns, rows = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        along_x = _vectors(self.wcs, columns + 0.5, rows) - _vectors(self.wcs, columns - 0.5, rows)
        along_y = _vectors(self.wcs, columns, rows + 0.5) - _vectors(self.wcs, columns, rows - 0.5)
        return np.linalg.norm(np.cross(along_x, along_y), axis=-1) * self.scaling


def _vectors(wcs: Any, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the unit vectors to pixels on the sky."""
    ra, dec = (np.radians(angle) for angle in wcs.pixel_to_world_values(x, y))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


@dataclass(frozen=True, eq=False)
class Element:
    """What one image gave to a coadd.

    Its field, its WCS, the part of it that counts if not all, its weight.
    """

    field: Field
    wcs: Any
    polygon: Polygon | None
    weight: float

    def covers(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> Any:
        """Say which positions, in its own pixels, it has a value for."""
        box = getattr(self.field, "box", None)
        inside = np.isfinite(x) & np.isfinite(y)
        if box is not None and box.width > 0:
            inside &= (abs(x - box.x0 - (box.width - 1) / 2) <= box.width / 2) & (
                abs(y - box.y0 - (box.height - 1) / 2) <= box.height / 2
            )
        return inside if self.polygon is None else inside & self.polygon.contains(x, y)


@dataclass(frozen=True, eq=False)
class CoaddField:
    """The weighted mean of the fields of the images that lie at a position of a coadd.

    Attributes
    ----------
    box : `Box`
        The coadd's pixels.
    wcs
        The coadd's WCS, with astropy's interface (APE 14), of the parent's pixels.
    elements : `tuple` [`Element`]
        The images.
    default : `float` or None
        The value where there is none; None if that is an error.
    """

    box: Box
    wcs: Any
    elements: tuple[Element, ...]
    default: float | None

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Give the values at some columns and rows; they are broadcast.

        Raises
        ------
        DataIdError
            If no image lies at one of them, and there is no default.
        """
        columns, rows = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        total, weights = np.zeros(columns.shape), np.zeros(columns.shape)
        sky = self.wcs.pixel_to_world_values(columns, rows)
        for element in self.elements:
            there = [
                np.asarray(each, dtype=float) for each in element.wcs.world_to_pixel_values(*sky)
            ]
            inside = element.covers(*there)
            total[inside] += element.weight * element.field(there[0][inside], there[1][inside])
            weights[inside] += element.weight
        missing = weights == 0
        if self.default is None and missing.any():
            raise DataIdError(f"{np.count_nonzero(missing)} positions lie on no image of the coadd")
        return np.where(missing, self.default or 0.0, total / np.where(missing, 1.0, weights))[()]


def make_pixel_area(tables: Tables, load: Load) -> PixelAreaField:
    """Build a field of areas from its table."""
    (table,) = tables
    return PixelAreaField(box_of(table), load(table["wcs"][0]), float(table["scaling"][0]))


def make_coadd(tables: Tables, load: Load) -> CoaddField:
    """Build a coadd's field from its tables: itself, and its elements."""
    own, rows = tables
    columns = (rows[name] for name in ("field", "wcs", "validPolygon", "weight"))
    elements = tuple(
        Element(load(field), load(wcs), load(polygon), float(weight))
        for field, wcs, polygon, weight in zip(*columns, strict=True)
    )
    default = None if own["throwOnMissing"][0] else float(own["default"][0])
    return CoaddField(box_of(own), load(own["coaddWcs"][0]), elements, default)
