"""Boxes of pixels around a position of the sky, as `astropy.nddata.Cutout2D` has them."""

from __future__ import annotations

import dataclasses
import math
import operator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.errors import DataIdError, FormatterError
from persistence.types.exposure.exposure import Exposure
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask
from persistence.types.wcs import sphere

# A position whose pixel has another position (deg) is not on the image: the projection shows one
# hemisphere only, or the distortion was extrapolated too far.
_SAME = 1e-6
_NO_DATA = "NO_DATA"
_FLAGS = 32


class Size(NamedTuple):
    """The size of a cutout.

    Attributes
    ----------
    rows, columns : `float`
        Along the two axes of the array, in pixels or degrees.
    is_angle : `bool`
        Whether these are degrees.
    """

    rows: float
    columns: float
    is_angle: bool


class Place(NamedTuple):
    """A position and the pixels around it, in an image.

    Attributes
    ----------
    box : `Box`
        The wanted pixels, of the parent image; some may be outside.
    image : `Box`
        All pixels of the image.
    x, y : `float`
        The pixel of the position.
    """

    box: Box
    image: Box
    x: float
    y: float

    @property
    def inside(self) -> Box | None:
        """The wanted pixels that the image has; None if there are none."""
        return common(self.box, self.image)

    @property
    def depth(self) -> float:
        """The distance of the position from the nearest edge (pixels), negative outside."""
        if math.isnan(self.x):
            return -math.inf
        left, low = self.image.x0 - 0.5, self.image.y0 - 0.5
        return min(
            self.x - left, left + self.image.width - self.x,
            self.y - low, low + self.image.height - self.y,
        )  # fmt: skip


def size_of(size: Any) -> Size:
    """Return a size that a user passes.

    Parameters
    ----------
    size : `int`, `~astropy.units.Quantity`, or two of them
        Pixels, or angles with a unit; one for a square, or those along rows and columns of the
        array, ``(height, width)``, as for `Cutout2D`.

    Raises
    ------
    DataIdError
        If it is neither, or not positive.
    """
    problem = DataIdError(
        f"size={size!r}: expected pixels (a whole number), an angle with a unit "
        "(30 * units.arcsec), or (height, width) of one of these"
    )
    is_angle = False
    sides = size
    for unit, angle in (("pixel", False), ("deg", True)):
        try:
            sides, is_angle = size.to_value(unit), angle
            break
        except (AttributeError, ValueError):  # no quantity, or of another unit
            continue
    else:
        if hasattr(size, "unit"):
            raise problem
    if isinstance(sides, list | tuple) and any(hasattr(side, "unit") for side in sides):
        parts = [size_of(side) for side in sides]
        if len(parts) != 2 or parts[0].is_angle != parts[1].is_angle:
            raise problem
        return Size(parts[0].rows, parts[1].rows, parts[0].is_angle)
    try:
        values = np.broadcast_to(np.asarray(sides), (2,)).tolist()
        rows, columns = map(float if is_angle or hasattr(size, "unit") else operator.index, values)
    except (TypeError, ValueError):
        raise problem from None
    if not (0 < rows < math.inf and 0 < columns < math.inf) or isinstance(size, bool):
        raise problem
    return Size(rows, columns, is_angle)


def around(wcs: Any, image: Box, ra: float, dec: float, size: Size) -> Place:
    """Return the pixels around a position.

    Parameters
    ----------
    wcs : `astropy.wcs.WCS`
        The WCS, in pixels of the parent image.
    image : `Box`
        The pixels of the image.
    ra, dec : `float`
        The position (deg, ICRS).
    size : `Size`
        An angle becomes as many pixels as it has at the position, rounded, at least one.

    Returns
    -------
    place : `Place`
        Without pixels, at x and y NaN, if the WCS has no pixel for the position.

    Notes
    -----
    The box is that of `Cutout2D`: of an odd number of pixels, the middle one contains the position.
    """
    from astropy.wcs import NoConvergence

    try:
        x, y = (float(axis) for axis in sphere.to_pixels(wcs, ra, dec))
        back = sphere.vector(*sphere.of_pixels(wcs, x, y))
    except NoConvergence:
        x = y = math.nan
        back = np.full(3, math.nan)
    if not sphere.separation(sphere.vector(ra, dec), back) < _SAME:
        return Place(Box(image.x0, image.y0, 0, 0), image, math.nan, math.nan)
    rows, columns = size.rows, size.columns
    if size.is_angle:
        ends = sphere.vector(
            *sphere.of_pixels(wcs, x + np.array([-0.5, 0.5, 0, 0]), y + np.array([0, 0, -0.5, 0.5]))
        )
        columns /= float(sphere.separation(ends[0], ends[1]))
        rows /= float(sphere.separation(ends[2], ends[3]))
    height, width = max(1, round(rows)), max(1, round(columns))
    first = math.ceil(x - width / 2), math.ceil(y - height / 2)
    return Place(Box(*first, width, height), image, x, y)


def common(one: Box, other: Box) -> Box | None:
    """Return the pixels that two boxes share; None if there are none."""
    x0, y0 = max(one.x0, other.x0), max(one.y0, other.y0)
    width = min(one.x0 + one.width, other.x0 + other.width) - x0
    height = min(one.y0 + one.height, other.y0 + other.height) - y0
    return Box(x0, y0, width, height) if width > 0 and height > 0 else None


def padded(exposure: Exposure, box: Box) -> Exposure:
    """Return an exposure with pixels added around it.

    Parameters
    ----------
    exposure : `Exposure`
        The exposure, an image of floating-point numbers.
    box : `Box`
        The pixels of the new one, which include those of the exposure.

    Returns
    -------
    exposure : `Exposure`
        New pixels are NaN, in the variance too, and have the flag ``NO_DATA``.

    Raises
    ------
    FormatterError
        If pixels of the image cannot be NaN, or the mask has no bit left.
    """
    image, own = exposure.image, exposure.bbox
    if own == box:
        return exposure
    if image.dtype.kind != "f":
        raise FormatterError(
            f"a cutout over the edge has pixels without a value, and {image.dtype.name} has no NaN:"
            " use mode='trim'"
        )
    left, low = own.x0 - box.x0, own.y0 - box.y0
    inside = Box(left, low, own.width, own.height).slices

    def around_it(pixels: NDArray[Any]) -> NDArray[Any]:
        larger = np.full((*pixels.shape[:-2], box.height, box.width), np.nan, pixels.dtype)
        larger[..., *inside] = pixels
        return larger

    return dataclasses.replace(
        exposure,
        image=around_it(image),
        variance=None if exposure.variance is None else around_it(exposure.variance),
        mask=_masked(exposure.mask, inside, box),
        cutout=(exposure.cutout[0] - left, exposure.cutout[1] - low),
    )


def _masked(mask: Mask | None, inside: tuple[slice, slice], box: Box) -> Mask:
    """Return a mask whose pixels outside a part have no data."""
    outside = np.ones((box.height, box.width), bool)
    outside[inside] = False
    if mask is None:
        return Mask.from_flags({_NO_DATA: outside})
    free = [bit for bit in range(_FLAGS) if bit not in mask.planes.values()]
    if _NO_DATA not in mask.planes and not free:
        raise FormatterError(f"the mask has {_FLAGS} planes, and no bit is left for {_NO_DATA}")
    planes = {**mask.planes, _NO_DATA: mask.planes.get(_NO_DATA, min(free, default=0))}
    flags = np.zeros(outside.shape, np.int32)
    flags[outside] = np.uint32(1 << planes[_NO_DATA]).view(np.int32)
    flags[inside] = mask.array
    return Mask(flags, planes)
