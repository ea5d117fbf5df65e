"""Backgrounds: the sky's level in bins, and a surface through it (doc/gen2/afw-files.md 6.3)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.fields import spline
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask
from persistence.types.psf.functions import Chebyshev, powers

Array = NDArray[np.float64]
# afw's options if there are too few bins for a kind of curve.
REFUSE, REDUCE = 0, 1
# afw's number of the only kind of fitted surface.
CHEBYSHEV = 0
_ROWS = 64  # rows of a surface that are computed at once, in double precision


@dataclass(frozen=True)
class Surface:
    """The options of a surface through bins.

    The names are those of the cards, the defaults those of older files.

    Attributes
    ----------
    interpolation : `int`
        afw's number of the kind of curve; see `persistence.types.fields.spline.STYLES`.
    undersampled : `int`
        The action if there are too few bins for it: 0 to refuse, 1 to use another kind.
    approximation : `int`
        0 for a fitted polynomial instead of curves; -1 for none.
    order : `tuple` [`int`, `int`]
        The degree of the polynomial in x and y.
    weighted : `bool`
        Whether the fit weights bins by their variance.
    """

    interpolation: int = 5
    undersampled: int = REDUCE
    approximation: int = -1
    order: tuple[int, int] = (1, -1)
    weighted: bool = True


@dataclass(frozen=True, eq=False)
class Background:
    """One component of a background.

    Attributes
    ----------
    levels : array, shape (bins along y, bins along x)
        The level of each bin; NaN without one.
    variance : array, of the same shape
        The variance of each level.
    mask : `Mask`
        The flags of each bin, of the same shape.
    bbox : `Box`
        The image that the bins cover.
    surface : `Surface`
        The options of the surface.
    """

    levels: NDArray[Any]
    variance: NDArray[Any]
    mask: Mask
    bbox: Box
    surface: Surface

    def image(self, bbox: Any = None) -> NDArray[np.float32]:
        """Return the surface as an image.

        Parameters
        ----------
        bbox : `Box`, optional
            The part of the image, in pixels of the parent image; by default all.

        Returns
        -------
        image : array of float32, shape (rows, columns)
            The level at each pixel.

        Raises
        ------
        FormatterError
            If there are too few bins, or this kind of surface is not supported.
        """
        box = self.bbox if bbox is None else Box.from_any(bbox)
        if not self.bbox.contains(box):
            raise FormatterError(f"{box} is not inside the background, which is {self.bbox}")
        columns, rows = (
            np.arange(box.width) + box.x0 - self.bbox.x0,
            np.arange(box.height) + box.y0 - self.bbox.y0,
        )
        draw = self._approximated if self.surface.approximation == CHEBYSHEV else self._interpolated
        return draw(columns.astype(float), rows.astype(float)).astype(np.float32, copy=False)

    # afw's name, for scripts written for it
    def getImageF(self) -> NDArray[np.float32]:
        """Return the surface as an image; see `image`."""
        return self.image()

    def _interpolated(self, columns: Array, rows: Array) -> NDArray[np.float32]:
        """Return the surface from curves along the columns of bins, and then along each row."""
        levels = self.levels.astype(float)
        along, across = (
            centres(levels.shape[0], self.bbox.height),
            centres(levels.shape[1], self.bbox.width),
        )
        good = np.isfinite(levels).any(axis=0)
        if not good.any():
            raise FormatterError("no bin of the background has a level")
        drawn = np.stack(
            [self._curve(along, column[:, np.newaxis], rows)[:, 0] for column in levels.T[good]]
        )
        image = np.empty((rows.size, columns.size), np.float32)
        for first in range(0, rows.size, _ROWS):
            part = slice(first, first + _ROWS)
            image[part] = self._curve(across[good], drawn[:, part], columns).T
        return image

    def _curve(self, x: Array, y: Array, at: Array) -> Array:
        good = np.isfinite(y).all(axis=1)
        number, points = self.surface.interpolation, int(good.sum())
        style = spline.STYLES.get(number)
        if style is not None and points < style.fewest and self.surface.undersampled == REDUCE:
            number = spline.highest(points)
        return spline.interpolated(x[good], y[good], at, number)

    def _approximated(self, columns: Array, rows: Array) -> Array:
        """Return a Chebyshev polynomial of total degree ``order``, fitted to the bins."""
        degree, other = self.surface.order
        if other not in (-1, degree):
            raise FormatterError(
                f"a background of degrees {degree} in x and {other} in y is not supported"
            )
        rows_of_bins, columns_of_bins = self.levels.shape
        y, x = np.meshgrid(
            centres(rows_of_bins, self.bbox.height),
            centres(columns_of_bins, self.bbox.width),
            indexing="ij",
        )
        good = np.isfinite(self.levels) & ((self.variance > 0) | (not self.surface.weighted))
        low, high = (-0.5, -0.5), (self.bbox.width - 0.5, self.bbox.height - 0.5)
        terms = np.eye(len(powers(degree)))
        if good.sum() < len(terms):
            raise FormatterError(
                f"{good.sum()} bins are too few for a background of degree {degree}"
            )
        basis = np.stack([Chebyshev(each, low, high)(x[good], y[good]) for each in terms], axis=-1)
        weights = (
            1 / np.sqrt(self.variance[good].astype(float))
            if self.surface.weighted
            else np.ones(len(basis))
        )
        found, *_ = np.linalg.lstsq(
            basis * weights[:, np.newaxis], self.levels[good] * weights, rcond=None
        )
        return Chebyshev(found, low, high).on_grid(columns, rows)


def centres(bins: int, length: int) -> Array:
    """Return the centres of bins along an axis, in pixels from its first one."""
    ends = np.minimum((np.arange(1, bins + 1) * length + bins // 2) // bins, length)
    starts = np.concatenate([[0], ends[:-1]])
    return (starts + ends) / 2 - 0.5


@dataclass(frozen=True, eq=False)
class BackgroundList:
    """The components of a background, whose sum was subtracted.

    Attributes
    ----------
    components : `tuple` [`Background`]
        The components.
    """

    components: tuple[Background, ...]

    def __len__(self) -> int:
        return len(self.components)

    def __iter__(self) -> Iterator[Background]:
        return iter(self.components)

    def __getitem__(self, index: int) -> Background:
        return self.components[index]

    def image(self, bbox: Any = None) -> NDArray[np.float32]:
        """Return the sum of the components; see `Background.image`."""
        if not self.components:
            raise FormatterError("a background without components has no image")
        return functools.reduce(np.add, (component.image(bbox) for component in self.components))

    # afw's name, for scripts written for it
    def getImage(self) -> NDArray[np.float32]:
        """Return the sum of the components; see `image`."""
        return self.image()
