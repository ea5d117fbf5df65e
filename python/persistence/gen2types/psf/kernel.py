"""`FixedKernel`: the image of a PSF as a kernel, by the name of ``lsst.afw.math``."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Extent2I, Point2I
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.face import Face
from persistence.types.pixels.box import Box
from persistence.types.psf.kernels import FixedKernel as OurKernel


class FixedKernel(Face[OurKernel]):
    """An image that others are convolved with; it is the same everywhere.

    Parameters
    ----------
    image : `Image`
        Its pixels.
    """

    def __init__(self, image: Any) -> None:
        pixels = np.array(image.array, float)
        height, width = pixels.shape
        self._ours = OurKernel(Box(-(width // 2), -(height // 2), width, height), pixels)

    def getWidth(self) -> int:
        return self._ours.box.width

    def getHeight(self) -> int:
        return self._ours.box.height

    def getDimensions(self) -> Extent2I:
        return Extent2I(self._ours.box.width, self._ours.box.height)

    def getBBox(self) -> Box2I:
        """Return its pixels; (0, 0) is its centre."""
        return Box2I.of(self._ours.box)

    def getCtr(self) -> Point2I:
        """Return the index of its centre."""
        return Point2I(-self._ours.box.x0, -self._ours.box.y0)

    def shrinkBBox(self, bbox: Any) -> Box2I:
        """Return the pixels of a box at which the kernel is completely inside."""
        return self._grown(bbox, -1)

    def growBBox(self, bbox: Any) -> Box2I:
        """Return the pixels that the kernel needs around those of a box."""
        return self._grown(bbox, 1)

    def _grown(self, bbox: Any, sign: int) -> Box2I:
        box, own = Box.from_any(bbox), self._ours.box
        width, height = box.width + sign * (own.width - 1), box.height + sign * (own.height - 1)
        if width <= 0 or height <= 0:
            raise InvalidParameterError(f"{bbox} is smaller than the kernel, {own}")
        return Box2I.of(Box(box.x0 + sign * own.x0, box.y0 + sign * own.y0, width, height))

    def getSum(self) -> float:
        return float(self._ours.pixels.sum())

    def isSpatiallyVarying(self) -> bool:
        return False

    def computeImage(self, image: Any, doNormalize: bool, x: float = 0.0, y: float = 0.0) -> float:
        """Put its pixels into an image of its size, and return their sum.

        Raises
        ------
        InvalidParameterError
            If the image is of another size.
        """
        pixels, total = self._ours.pixels, self.getSum()
        if image.array.shape != pixels.shape:
            raise InvalidParameterError(
                f"the image has {image.array.shape[::-1]} pixels (columns, rows), the kernel "
                f"{pixels.shape[::-1]}"
            )
        image.array[...] = pixels / total if doNormalize else pixels
        return 1.0 if doNormalize else total

    __hash__ = object.__hash__
