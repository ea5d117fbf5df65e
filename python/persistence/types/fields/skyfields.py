"""Fields that depend on the WCS: the area of pixels, and means over the inputs of a coadd.

Source: doc/gen2/afw-files.md 2.5.
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
    """The area of pixels on the sky.

    Attributes
    ----------
    box : `Box`
        The pixels of the field.
    wcs : object
        A WCS with astropy's interface (APE 14), in pixels of the parent image.
    scaling : `float`
        The factor of the area in steradian.
    """

    box: Box
    wcs: Any
    scaling: float

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Return the values at columns and rows, which are broadcast."""
        columns, rows = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        along_x = _vectors(self.wcs, columns + 0.5, rows) - _vectors(self.wcs, columns - 0.5, rows)
        along_y = _vectors(self.wcs, columns, rows + 0.5) - _vectors(self.wcs, columns, rows - 0.5)
        return np.linalg.norm(np.cross(along_x, along_y), axis=-1) * self.scaling


def _vectors(wcs: Any, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit vectors of pixels on the sky."""
    ra, dec = (np.radians(angle) for angle in wcs.pixel_to_world_values(x, y))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


@dataclass(frozen=True, eq=False)
class Element:
    """An input image of a coadd: its field, WCS, valid part if not all, and weight."""

    field: Field
    wcs: Any
    polygon: Polygon | None
    weight: float

    def covers(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> Any:
        """Return which positions, in its own pixels, have a value."""
        box = getattr(self.field, "box", None)
        inside = np.isfinite(x) & np.isfinite(y)
        if box is not None and box.width > 0:
            inside &= (abs(x - box.x0 - (box.width - 1) / 2) <= box.width / 2) & (
                abs(y - box.y0 - (box.height - 1) / 2) <= box.height / 2
            )
        return inside if self.polygon is None else inside & self.polygon.contains(x, y)


@dataclass(frozen=True, eq=False)
class CoaddField:
    """The weighted mean of the fields of a coadd's inputs at each position.

    Attributes
    ----------
    box : `Box`
        The coadd's pixels.
    wcs : object
        The coadd's WCS with astropy's interface (APE 14), in pixels of the parent image.
    elements : `tuple` [`Element`]
        The inputs.
    default : `float` or None
        The value where there is no input; None if that is an error.
    """

    box: Box
    wcs: Any
    elements: tuple[Element, ...]
    default: float | None

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Return the values at columns and rows, which are broadcast.

        Raises
        ------
        DataIdError
            If there is no input at a position, and no default.
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
            raise DataIdError(f"{np.count_nonzero(missing)} positions are on no input of the coadd")
        return np.where(missing, self.default or 0.0, total / np.where(missing, 1.0, weights))[()]


def make_pixel_area(tables: Tables, load: Load) -> PixelAreaField:
    """Return a field of pixel areas of its table."""
    (table,) = tables
    return PixelAreaField(box_of(table), load(table["wcs"][0]), float(table["scaling"][0]))


def make_coadd(tables: Tables, load: Load) -> CoaddField:
    """Return a coadd's field of its tables: its own, and its elements'."""
    own, rows = tables
    columns = (rows[name] for name in ("field", "wcs", "validPolygon", "weight"))
    elements = tuple(
        Element(load(field), load(wcs), load(polygon), float(weight))
        for field, wcs, polygon, weight in zip(*columns, strict=True)
    )
    default = None if own["throwOnMissing"][0] else float(own["default"][0])
    return CoaddField(box_of(own), load(own["coaddWcs"][0]), elements, default)
