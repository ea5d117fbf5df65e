"""Images binned, turned and mirrored, and images of noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.imagemath.properties import Property
from persistence.gen2types.images.exposure import makeMaskedImage
from persistence.gen2types.images.maskedimage import Pixels
from persistence.gen2types.images.plane import Plane

Turn = Callable[[Any], Any]


def _each(image: Any, change: Turn, keeps_place: bool = False) -> Any:
    """Return a copy of an image, a mask or a masked image with all of its planes changed."""
    if isinstance(image, Pixels):
        planes = [_each(plane, change, keeps_place) for plane in _planes(image)]
        return makeMaskedImage(*planes)
    x0, y0 = image.getXY0() if keeps_place else (0, 0)
    return image._over(np.ascontiguousarray(change(image.array)), x0, y0)


def _planes(image: Pixels) -> tuple[Plane, Plane, Plane]:
    return image.image, image.mask, image.variance


def rotateImageBy90(image: Any, nQuarter: int) -> Any:
    """Return an image turned by quarters, counterclockwise where y is up."""
    return _each(image, lambda array: np.rot90(array, -nQuarter))


def flipImage(image: Any, flipLR: bool, flipTB: bool) -> Any:
    """Return an image mirrored: left and right, top and bottom."""
    return _each(image, lambda array: array[:: -1 if flipTB else 1, :: -1 if flipLR else 1])


def binImage(image: Any, binX: int, binY: int | None = None, flags: int = Property.MEAN) -> Any:
    """Return an image of the means of bins; incomplete bins at the upper edges are omitted.

    Of a masked image, flags are joined, and variances are those of the means.
    """
    rows = binX if binY is None else binY
    if not isinstance(binX, int):  # older scripts have the flags there
        raise InvalidParameterError(f"binX={binX!r} has to be a whole number of pixels")
    if binX <= 0 or rows <= 0:
        raise InvalidParameterError(
            f"the size of a bin has to be positive, not {binX} x {rows} pixels"
        )
    if flags & ~Property.ERRORS != Property.MEAN:
        raise InvalidParameterError(
            f"images can only be binned by MEAN, not by {Property(flags)!r}"
        )

    def bins(array: Any) -> Any:
        height, width = array.shape[0] // rows, array.shape[1] // binX
        whole = array[: height * rows, : width * binX]
        return whole.reshape(height, rows, width, binX).swapaxes(1, 2)

    def mean(array: Any) -> Any:
        means = bins(array).mean(axis=(2, 3), dtype=float)
        return (means if array.dtype.kind == "f" else np.rint(means)).astype(array.dtype)

    def of_mean(array: Any) -> Any:
        return (bins(array).mean(axis=(2, 3), dtype=float) / (binX * rows)).astype(array.dtype)

    def joined(array: Any) -> Any:
        return np.bitwise_or.reduce(bins(array), axis=(2, 3))

    if isinstance(image, Pixels):
        changes = zip(_planes(image), (mean, joined, of_mean), strict=True)
        return makeMaskedImage(*(_each(plane, change, True) for plane, change in changes))
    return _each(image, mean, True)


class Random:
    """Random numbers. They are numpy's, not those that afw's generators give of the same seed.

    Parameters
    ----------
    algorithm : `str`, optional
        Ignored; accepted for compatibility with afw.
    seed : `int`, optional
        Where the numbers start.
    """

    MT19937 = "MT19937"

    def __init__(self, algorithm: Any = "MT19937", seed: int = 1) -> None:
        if isinstance(algorithm, int):
            algorithm, seed = "MT19937", algorithm
        self._algorithm, self._seed = str(algorithm), int(seed)
        self._numbers = np.random.default_rng(self._seed)

    def getAlgorithmName(self) -> str:
        return self._algorithm

    def getSeed(self) -> int:
        return self._seed

    def uniform(self) -> float:
        return float(self._numbers.random())

    def uniformPos(self) -> float:
        return 1.0 - self.uniform()

    def uniformInt(self, n: int) -> int:
        return int(self._numbers.integers(n))

    def flat(self, a: float, b: float) -> float:
        return float(self._numbers.uniform(a, b))

    def gaussian(self) -> float:
        return float(self._numbers.normal())

    def poisson(self, mu: float) -> float:
        return float(self._numbers.poisson(mu))

    def chisq(self, nu: float) -> float:
        return float(self._numbers.chisquare(nu))


def _fill(image: Any, draw: Callable[[tuple[int, ...]], Any]) -> None:
    array = image.image.array if isinstance(image, Pixels) else image.array
    array[...] = draw(array.shape)


def randomUniformImage(image: Any, rand: Random) -> None:
    """Fill an image with numbers from 0 to 1."""
    _fill(image, rand._numbers.random)


def randomUniformPosImage(image: Any, rand: Random) -> None:
    """Fill an image with numbers above 0 and up to 1."""
    _fill(image, lambda shape: 1.0 - rand._numbers.random(shape))


def randomUniformIntImage(image: Any, rand: Random, n: int) -> None:
    """Fill an image with whole numbers below ``n``."""
    _fill(image, lambda shape: rand._numbers.integers(n, size=shape))


def randomFlatImage(image: Any, rand: Random, a: float, b: float) -> None:
    """Fill an image with numbers from ``a`` to ``b``."""
    _fill(image, lambda shape: rand._numbers.uniform(a, b, shape))


def randomGaussianImage(image: Any, rand: Random) -> None:
    """Fill an image with normal noise of mean 0 and standard deviation 1."""
    _fill(image, rand._numbers.standard_normal)


def randomChisqImage(image: Any, rand: Random, nu: float) -> None:
    """Fill an image with numbers of a chi-square distribution."""
    _fill(image, lambda shape: rand._numbers.chisquare(nu, shape))


def randomPoissonImage(image: Any, rand: Random, mu: float) -> None:
    """Fill an image with numbers of a Poisson distribution."""
    _fill(image, lambda shape: rand._numbers.poisson(mu, shape))
