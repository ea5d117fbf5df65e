"""Images convolved with kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.images import maskplanes
from persistence.gen2types.images.maskedimage import Pixels
from persistence.gen2types.images.plane import check_size

Array = NDArray[np.float64]


class ConvolutionControl:
    """How images are convolved.

    Parameters
    ----------
    doNormalize : `bool`
        Whether the sum of the kernel becomes 1.
    doCopyEdge : `bool`
        Whether pixels at the edge, where the kernel does not fit in, are copied, with the flag
        EDGE; else they are NaN, with NO_DATA.
    maxInterpolationDistance : `int`
        Ignored; accepted for compatibility with afw.
    """

    def __init__(
        self,
        doNormalize: bool = True,
        doCopyEdge: bool = False,
        maxInterpolationDistance: int = 10,
    ) -> None:
        self._normalize, self._copy_edge = bool(doNormalize), bool(doCopyEdge)
        self._distance = int(maxInterpolationDistance)

    def getDoNormalize(self) -> bool:
        return self._normalize

    def setDoNormalize(self, doNormalize: bool) -> None:
        self._normalize = bool(doNormalize)

    def getDoCopyEdge(self) -> bool:
        return self._copy_edge

    def setDoCopyEdge(self, doCopyEdge: bool) -> None:
        self._copy_edge = bool(doCopyEdge)

    def getMaxInterpolationDistance(self) -> int:
        return self._distance

    def setMaxInterpolationDistance(self, maxInterpolationDistance: int) -> None:
        self._distance = int(maxInterpolationDistance)


def convolve(
    convolvedImage: Any, inImage: Any, kernel: Any, control: Any = None, doCopyEdge: bool = False
) -> None:
    """Convolve an image with a kernel, which is not turned round.

    Parameters
    ----------
    convolvedImage : `Image`, `MaskedImage` or `Exposure`
        Where the result goes to; it may be the same image.
    inImage : as ``convolvedImage``
        What is convolved. Flags are joined over the kernel's pixels that are not 0; variances are
        taken to be independent.
    kernel : `FixedKernel`
        The kernel.
    control : `ConvolutionControl` or `bool`, optional
        How; older scripts say here whether the kernel is normalised.
    doCopyEdge : `bool`, optional
        As of `ConvolutionControl`, by older scripts.

    Raises
    ------
    LengthError
        If the images differ in size.
    InvalidParameterError
        If the kernel is larger than the image, or its sum is 0 and it is to be normalised.
    """
    if not isinstance(control, ConvolutionControl):
        control = ConvolutionControl(True if control is None else control, doCopyEdge)
    source = inImage.image if isinstance(inImage, Pixels) else inImage
    target = convolvedImage.image if isinstance(convolvedImage, Pixels) else convolvedImage
    check_size(target.array.shape, source.array.shape)
    weights = np.array(kernel.astropy.image(0.0, 0.0), float)
    if control.getDoNormalize():
        if not weights.sum():
            raise InvalidParameterError("a kernel whose sum is 0 cannot be normalised")
        weights = weights / weights.sum()
    centre = tuple(kernel.getCtr())
    height, width = weights.shape
    if height > source.array.shape[0] or width > source.array.shape[1]:
        raise InvalidParameterError(
            f"the kernel of {width} x {height} pixels is larger than the image"
        )
    inner = _inner(source.array.shape, weights.shape, centre)
    edge = np.ones(source.array.shape, bool)
    edge[inner] = False
    copies = control.getDoCopyEdge()
    image = _kept(source.array, correlated(source.array, weights), inner, copies)
    if isinstance(convolvedImage, Pixels):
        flags = inImage.mask.array.copy()
        flags[inner] = joined(inImage.mask.array, weights != 0)
        flags[edge] |= maskplanes.bits_of("EDGE" if copies else "NO_DATA")
        spread = correlated(inImage.variance.array, np.square(weights))
        variance = _kept(inImage.variance.array, spread, inner, copies)
        if not copies:
            variance[edge] = np.inf
        convolvedImage.mask.array[...] = flags
        convolvedImage.variance.array[...] = variance
    target.array[...] = image


def _inner(
    shape: tuple[int, ...], size: tuple[int, ...], centre: tuple[int, ...]
) -> tuple[slice, slice]:
    """Return the pixels around which the kernel fits into the image."""
    rows, columns = (
        slice(start, start + length - extent + 1)
        for length, extent, start in zip(shape, size, reversed(centre), strict=True)
    )
    return rows, columns


def _kept(array: NDArray[Any], result: Array, inner: Any, copies: bool) -> NDArray[Any]:
    is_float = array.dtype.kind == "f"
    whole = array.copy() if copies else np.full_like(array, np.nan if is_float else 0)
    whole[inner] = result if is_float else np.rint(result)
    return whole


def correlated(array: NDArray[Any], weights: Array) -> Array:
    """Return the sums of pixels times weights, wherever the weights fit into the array."""
    pixels = array.astype(float)
    finite = np.isfinite(pixels)
    has_gaps = not finite.all()
    shape = [
        length + extent - 1 for length, extent in zip(pixels.shape, weights.shape, strict=True)
    ]
    product = np.fft.rfft2(np.where(finite, pixels, 0.0), shape) * np.fft.rfft2(
        weights[::-1, ::-1], shape
    )
    height, width = weights.shape
    fits = (slice(height - 1, pixels.shape[0]), slice(width - 1, pixels.shape[1]))
    result = np.fft.irfft2(product, shape)[fits]
    if has_gaps:
        result[joined((~finite).astype(np.int32), weights != 0) != 0] = np.nan
    return result


def joined(flags: NDArray[np.int32], used: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the flags that any of the used pixels has, wherever these fit into the array."""
    height, width = used.shape
    rows, columns = flags.shape[0] - height + 1, flags.shape[1] - width + 1
    result = np.zeros((rows, columns), np.int32)
    if flags.any():
        for row, column in zip(*np.nonzero(used), strict=True):
            result |= flags[row : row + rows, column : column + columns]
    return result
