"""Images resampled to the pixels of another WCS."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Point2I
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.images import maskplanes
from persistence.gen2types.images.exposure import Exposure
from persistence.gen2types.images.maskedimage import MaskedImage
from persistence.types.pixels.box import Box

Array = NDArray[np.float64]
# Pixels that are resampled at once: what they need fits into memory.
_ROWS = 64


def _lanczos(order: int) -> Callable[[Array], Array]:
    def weight(x: Array) -> Array:
        return np.where(np.abs(x) < order, np.sinc(x) * np.sinc(x / order), 0.0)

    return weight


_KERNELS: dict[str, tuple[int, Callable[[Array], Array]]] = {
    "nearest": (1, lambda x: (np.abs(x) <= 0.5).astype(float)),
    "bilinear": (1, lambda x: np.clip(1 - np.abs(x), 0, None)),
    **{f"lanczos{order}": (order, _lanczos(order)) for order in range(2, 7)},
}


def _kernel(name: str) -> tuple[int, Callable[[Array], Array]]:
    if name not in _KERNELS:
        raise InvalidParameterError(
            f"unknown warping kernel {name!r}; the kernels are {', '.join(_KERNELS)}"
        )
    return _KERNELS[name]


class WarpingControl:
    """How images are resampled.

    Parameters
    ----------
    warpingKernelName : `str`
        ``lanczos3``, say, ``bilinear`` or ``nearest``.
    maskWarpingKernelName : `str`, optional
        That of the mask, if it is another one.
    cacheSize, interpLength, growFullMask : `int`, optional
        Ignored; accepted for compatibility with afw.
    """

    def __init__(
        self,
        warpingKernelName: str = "lanczos3",
        maskWarpingKernelName: str = "",
        cacheSize: int = 0,
        interpLength: int = 0,
        growFullMask: int = 0,
    ) -> None:
        _kernel(warpingKernelName)
        self.warpingKernelName = warpingKernelName
        self.maskWarpingKernelName = maskWarpingKernelName or warpingKernelName
        _kernel(self.maskWarpingKernelName)


class WarperConfig:
    """The settings of a `Warper`; they are changed as attributes."""

    warpingKernelName = "lanczos3"
    maskWarpingKernelName = "bilinear"
    interpLength = 10
    cacheSize = 1000000
    growFullMask = 0


class Warper:
    """Resamples exposures to another WCS.

    Parameters
    ----------
    warpingKernelName, maskWarpingKernelName : `str`
        As of `WarpingControl`.
    interpLength, cacheSize, growFullMask : `int`, optional
        Ignored; accepted for compatibility with afw.
    """

    ConfigClass = WarperConfig

    def __init__(
        self,
        warpingKernelName: str,
        maskWarpingKernelName: str = "",
        interpLength: int = 10,
        cacheSize: int = 0,
        growFullMask: int = 0,
    ) -> None:
        self._control = WarpingControl(warpingKernelName, maskWarpingKernelName)

    @classmethod
    def fromConfig(cls, config: Any) -> Warper:
        return cls(config.warpingKernelName, config.maskWarpingKernelName)

    def getWarpingKernelName(self) -> str:
        return self._control.warpingKernelName

    def warpExposure(
        self,
        destWcs: Any,
        srcExposure: Any,
        border: int = 0,
        maxBBox: Any = None,
        destBBox: Any = None,
    ) -> Any:
        """Return an exposure in the pixels of another WCS.

        Parameters
        ----------
        destWcs : `SkyWcs`
            The other WCS.
        srcExposure : `Exposure`
            What is resampled.
        border : `int`, optional
            By how many pixels its outline is grown.
        maxBBox : `Box2I`, optional
            What the result is cut to.
        destBBox : `Box2I`, optional
            The pixels of the result; ``border`` and ``maxBBox`` do not count then.
        """
        if destBBox is None:
            destBBox = _outline(destWcs, srcExposure.getWcs(), srcExposure.getBBox())
            destBBox.grow(border)
            if maxBBox is not None:
                destBBox.clip(maxBBox)
        result: Any = Exposure[srcExposure.dtype](destBBox, destWcs)
        warpExposure(result, srcExposure, self._control)
        return result


def _outline(destWcs: Any, srcWcs: Any, box: Any) -> Box2I:
    """Return the box of the pixels of one WCS that hold the edges of an image of another one."""
    outline = Box2I()
    x0, x1 = box.getMinX() - 0.5, box.getMaxX() + 0.5
    y0, y1 = box.getMinY() - 0.5, box.getMaxY() + 0.5
    t = np.linspace(0, 1, 11)
    xs = np.concatenate([x0 + t * (x1 - x0)] * 2 + [np.full(11, x0), np.full(11, x1)])
    ys = np.concatenate([np.full(11, y0), np.full(11, y1)] + [y0 + t * (y1 - y0)] * 2)
    columns, rows = destWcs.skyToPixelArray(*srcWcs.pixelToSkyArray(xs, ys))
    for x, y in ((columns.min(), rows.min()), (columns.max(), rows.max())):
        outline.include(Point2I(math.floor(x + 0.5), math.floor(y + 0.5)))
    return outline


def warpExposure(
    destExposure: Any, srcExposure: Any, control: WarpingControl, padValue: Any = None
) -> int:
    """Resample an exposure into the pixels of another one, by their WCSs.

    Pixels are brightness times area, so that fluxes stay. Those for which the kernel does not lie
    in the source are NaN, with the flag NO_DATA, or ``padValue``: image, flags and variance.
    Calibration, filter and visit come with them.

    Returns
    -------
    good : `int`
        How many pixels were resampled.
    """
    destExposure.setPhotoCalib(srcExposure.getPhotoCalib())
    if srcExposure.getFilterLabel() is not None:
        destExposure.setFilterLabel(srcExposure.getFilterLabel())
    destExposure.getInfo().setVisitInfo(srcExposure.getInfo().getVisitInfo())
    target, source = destExposure.getMaskedImage(), srcExposure.getMaskedImage()
    return warp(target, source, destExposure.getWcs(), srcExposure.getWcs(), control, padValue)


def warpImage(
    destImage: Any,
    destWcs: Any,
    srcImage: Any,
    srcWcs: Any,
    control: WarpingControl,
    padValue: Any = None,
) -> int:
    """Resample an image or a masked image; see `warpExposure`."""
    if isinstance(destImage, MaskedImage):
        return warp(destImage, srcImage, destWcs, srcWcs, control, padValue)
    target: Any = MaskedImage[destImage.dtype](destImage)
    source: Any = MaskedImage[srcImage.dtype](srcImage)
    pad = None if padValue is None else (padValue, 0, 0)
    return warp(target, source, destWcs, srcWcs, control, pad)


def warp(
    target: Any, source: Any, destWcs: Any, srcWcs: Any, control: WarpingControl, pad: Any
) -> int:
    """Resample a masked image into another one, a few rows at a time."""
    box, inner = Box.from_any(target.getBBox()), Box.from_any(source.getBBox())
    image, mask, variance = target.getArrays()
    pads = pad or (np.nan, maskplanes.bits_of("NO_DATA"), np.nan)
    if image.dtype.kind != "f" and pad is None:
        pads = (0, *pads[1:])
    count = 0
    for start in range(0, box.height, _ROWS):
        part = slice(start, min(start + _ROWS, box.height))
        rows = np.arange(part.start, part.stop) + box.y0
        columns = np.arange(box.width) + box.x0
        x, y, area = _places(columns, rows, destWcs, srcWcs, inner)
        good, pixels, spread = _resampled(
            source.image.array, source.variance.array, x, y, control.warpingKernelName
        )
        _, flags = _joined(source.mask.array, x, y, control.maskWarpingKernelName)
        image[part] = np.where(good, pixels * area, pads[0])
        mask[part] = np.where(good, flags, pads[1])
        variance[part] = np.where(good, spread * np.square(area), pads[2])
        count += int(good.sum())
    return count


def _places(
    columns: Any, rows: Any, destWcs: Any, srcWcs: Any, box: Box
) -> tuple[Array, Array, Array]:
    """Return the positions of pixels in the source's array, and their areas there."""
    edges_x = np.concatenate([columns - 0.5, [columns[-1] + 0.5]])
    edges_y = np.concatenate([rows - 0.5, [rows[-1] + 0.5]])

    def through(x: Any, y: Any) -> tuple[Array, Array]:
        pixels = srcWcs.skyToPixelArray(*destWcs.pixelToSkyArray(*np.meshgrid(x, y)))
        return pixels[0] - box.x0, pixels[1] - box.y0

    corners_x, corners_y = through(edges_x, edges_y)
    # the area of a quadrangle, by its diagonals
    ux, uy = corners_x[1:, 1:] - corners_x[:-1, :-1], corners_y[1:, 1:] - corners_y[:-1, :-1]
    vx, vy = corners_x[1:, :-1] - corners_x[:-1, 1:], corners_y[1:, :-1] - corners_y[:-1, 1:]
    x, y = through(columns, rows)
    return x, y, np.abs(ux * vy - uy * vx) / 2


def _resampled(
    image: Any, variance: Any, x: Array, y: Array, name: str
) -> tuple[NDArray[np.bool_], Array, Array]:
    good, left, bottom, weights_x, weights_y = _weights(image.shape, x, y, name)
    pixels, spread, total = np.zeros(x.shape), np.zeros(x.shape), np.zeros(x.shape)
    for row, weight_y in enumerate(weights_y):
        for column, weight_x in enumerate(weights_x):
            weight, inside = weight_x * weight_y, _inside(image.shape, bottom + row, left + column)
            used = weight != 0  # so that nothing spreads from pixels that do not count
            pixels += np.where(used, weight * image[inside], 0.0)
            spread += np.where(used, np.square(weight) * variance[inside], 0.0)
            total += weight
    with np.errstate(divide="ignore", invalid="ignore"):
        return good, pixels / total, spread / np.square(total)


def _joined(mask: Any, x: Array, y: Array, name: str) -> tuple[Any, NDArray[np.int32]]:
    good, left, bottom, weights_x, weights_y = _weights(mask.shape, x, y, name)
    flags = np.zeros(x.shape, np.int32)
    if mask.any():
        for row, weight_y in enumerate(weights_y):
            for column, weight_x in enumerate(weights_x):
                used = np.abs(weight_x * weight_y) > 1e-12
                inside = _inside(mask.shape, bottom + row, left + column)
                flags |= np.where(used, mask[inside], 0)
    return good, flags


def _inside(shape: tuple[int, ...], rows: Any, columns: Any) -> tuple[Any, Any]:
    """Return pixels of the array; those outside, which do not count, become others."""
    return np.clip(rows, 0, shape[0] - 1), np.clip(columns, 0, shape[1] - 1)


def _weights(shape: tuple[int, ...], x: Array, y: Array, name: str) -> Any:
    """Return where a kernel is inside the array, its first pixels, and its weights."""
    order, weight = _kernel(name)
    with np.errstate(invalid="ignore"):
        left, bottom = (np.floor(np.nan_to_num(positions, nan=-1e6)) for positions in (x, y))
    # what is within rounding of a pixel has that pixel alone
    for positions, first in ((x, left), (y, bottom)):
        near = np.abs(positions - first - 1) < 1e-9
        first[near] += 1
    steps = np.arange(1 - order, order + 1)
    weights_x, weights_y = (
        [
            weight(np.where(np.abs(offset := positions - first) < 1e-9, 0.0, offset) - step)
            for step in steps
        ]
        for positions, first in ((x, left), (y, bottom))
    )
    first_x, first_y = left.astype(int) + 1 - order, bottom.astype(int) + 1 - order
    good = np.ones(x.shape, bool)
    for positions, nearest, first, length in (
        (x, left, first_x, shape[1]),
        (y, bottom, first_y, shape[0]),
    ):
        is_inside = (first >= 0) & (first + 2 * order <= length)
        # where a pixel itself is met, it alone counts
        is_met = (np.abs(positions - nearest) < 1e-9) & (nearest >= 0) & (nearest < length)
        good &= is_inside | is_met
    return good, first_x, first_y, weights_x, weights_y
