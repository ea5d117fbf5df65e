"""Backgrounds: computed from images, and read by a Butler."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self

import numpy as np

from persistence.gen2types.box import Box2I
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.face import Face
from persistence.gen2types.imagemath.properties import Property, StatisticsControl
from persistence.gen2types.imagemath.statistics import makeStatistics
from persistence.gen2types.images import imagefiles
from persistence.gen2types.images.image import ImageF
from persistence.gen2types.images.maskedimage import MaskedImage, Pixels
from persistence.types.fields.background import Background as OurBackground
from persistence.types.fields.background import BackgroundList as OurList
from persistence.types.fields.background import Surface
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import DEFAULT_PLANES
from persistence.types.pixels.mask import Mask as OurMask


class Interpolate:
    """Kinds of curves through the levels of bins."""

    class Style(enum.IntEnum):
        """By afw's numbers."""

        UNKNOWN = -1
        CONSTANT = 0
        LINEAR = 1
        NATURAL_SPLINE = 2
        CUBIC_SPLINE = 3
        CUBIC_SPLINE_PERIODIC = 4
        AKIMA_SPLINE = 5
        AKIMA_SPLINE_PERIODIC = 6
        NUM_STYLES = 7

    UNKNOWN, CONSTANT, LINEAR, NATURAL_SPLINE = list(Style)[:4]
    CUBIC_SPLINE, CUBIC_SPLINE_PERIODIC, AKIMA_SPLINE = list(Style)[4:7]
    AKIMA_SPLINE_PERIODIC, NUM_STYLES = list(Style)[7:]


class UndersampleStyle(enum.IntEnum):
    """The treatment of too few bins for a kind of curve."""

    THROW_EXCEPTION = 0
    REDUCE_INTERP_ORDER = 1
    INCREASE_NXNYSAMPLE = 2


def stringToInterpStyle(style: str) -> Interpolate.Style:
    """Return the kind of curves of a name."""
    try:
        return Interpolate.Style[style]
    except KeyError:
        known = ", ".join(Interpolate.Style.__members__)
        raise InvalidParameterError(f"unknown style {style!r}; the styles are {known}") from None


def stringToUndersampleStyle(style: str) -> UndersampleStyle:
    """Return the treatment of too few bins with a name."""
    try:
        return UndersampleStyle[style]
    except KeyError:
        known = ", ".join(UndersampleStyle.__members__)
        raise InvalidParameterError(f"unknown style {style!r}; the styles are {known}") from None


class BackgroundControl:
    """How a background is made.

    Parameters
    ----------
    *words, **named
        afw's arguments: perhaps the kind of curves; the numbers of bins along x and y; perhaps
        what is done with too few; a `StatisticsControl`; and the statistic of a bin, MEANCLIP by
        default.
    """

    def __init__(self, *words: Any, **named: Any) -> None:
        self._style = Interpolate.Style.AKIMA_SPLINE
        self._undersample = UndersampleStyle.THROW_EXCEPTION
        self._control, self._prop = StatisticsControl(), Property.MEANCLIP
        numbers = [named.pop(name) for name in ("nxSample", "nySample") if name in named]
        for word in (*words, *named.values()):
            if isinstance(word, StatisticsControl):
                self._control = word
            elif isinstance(word, str | enum.IntEnum | Property):
                self._take(word)
            elif word is not None:
                numbers.append(int(word))
        self._nx, self._ny = (*numbers, 10, 10)[:2]
        if self._nx <= 0 or self._ny <= 0:
            raise InvalidParameterError(f"{self._nx} x {self._ny} bins: both have to be positive")

    def _take(self, word: Any) -> None:
        if isinstance(word, Property):
            self._prop = word
        elif isinstance(word, UndersampleStyle) or word in UndersampleStyle.__members__:
            self.setUndersampleStyle(word)
        elif isinstance(word, Interpolate.Style) or word in Interpolate.Style.__members__:
            self.setInterpStyle(word)
        else:
            self._prop = Property[str(word)]

    def getNxSample(self) -> int:
        return int(self._nx)

    def setNxSample(self, nxSample: int) -> None:
        self._nx = int(nxSample)

    def getNySample(self) -> int:
        return int(self._ny)

    def setNySample(self, nySample: int) -> None:
        self._ny = int(nySample)

    def getInterpStyle(self) -> Interpolate.Style:
        return self._style

    def setInterpStyle(self, style: Any) -> None:
        is_name = isinstance(style, str)
        self._style = stringToInterpStyle(style) if is_name else Interpolate.Style(style)

    def getUndersampleStyle(self) -> UndersampleStyle:
        return self._undersample

    def setUndersampleStyle(self, style: Any) -> None:
        is_name = isinstance(style, str)
        self._undersample = stringToUndersampleStyle(style) if is_name else UndersampleStyle(style)

    def getStatisticsControl(self) -> StatisticsControl:
        return self._control

    def getStatisticsProperty(self) -> Property:
        return self._prop

    def setStatisticsProperty(self, prop: Any) -> None:
        self._prop = Property[prop] if isinstance(prop, str) else Property(prop)


class Background(Face[OurBackground]):
    """The level of the sky in bins, and the surface through it."""

    def getImageF(self, interpStyle: Any = None, undersampleStyle: Any = None) -> ImageF:
        """Return the surface as an image, through other curves if these are named."""
        ours = self._ours
        changed: dict[str, Any] = {}
        if interpStyle is not None:
            is_name = isinstance(interpStyle, str)
            style = stringToInterpStyle(interpStyle) if is_name else interpStyle
            changed["interpolation"] = int(style)
        if undersampleStyle is not None:
            is_name = isinstance(undersampleStyle, str)
            style = stringToUndersampleStyle(undersampleStyle) if is_name else undersampleStyle
            changed["undersampled"] = int(style)
        drawn = replace(ours, surface=replace(ours.surface, **changed))
        return ImageF._over(drawn.image(), ours.bbox.x0, ours.bbox.y0)

    def getImage(self, *words: Any, **named: Any) -> ImageF:
        return self.getImageF(*words, **named)

    def getStatsImage(self) -> Any:
        """Return the levels, their flags and variances, one pixel for each bin.

        They belong to the background itself: changing them changes its surface.
        """
        ours = self._ours
        levels, variance = (
            plane.astype(np.float32, copy=False) for plane in (ours.levels, ours.variance)
        )
        if levels is not ours.levels:  # they are other numbers in the file
            self._ours = ours = replace(ours, levels=levels, variance=variance)
        exposure = imagefiles.exposure_of(levels, (0, 0), ours.mask, variance)
        return MaskedImage.of(exposure)

    def getImageBBox(self) -> Box2I:
        return Box2I.of(self._ours.bbox)

    def getAsUsedInterpStyle(self) -> Interpolate.Style:
        return Interpolate.Style(self._ours.surface.interpolation)

    def getAsUsedUndersampleStyle(self) -> UndersampleStyle:
        return UndersampleStyle(self._ours.surface.undersampled)

    def getBackgroundControl(self) -> BackgroundControl:
        rows, columns = self._ours.levels.shape
        surface = self._ours.surface
        style = Interpolate.Style(surface.interpolation)
        return BackgroundControl(style, columns, rows, UndersampleStyle(surface.undersampled))

    def _shifted(self, delta: float) -> Background:
        return Background.of(replace(self._ours, levels=self._ours.levels + np.float32(delta)))

    def __iadd__(self, delta: float) -> Background:
        return self._shifted(delta)

    def __isub__(self, delta: float) -> Background:
        return self._shifted(-delta)


BackgroundMI = Background


def makeBackground(img: Any, bgCtrl: BackgroundControl) -> Background:
    """Return the background of an image, by the statistic of each bin.

    Parameters
    ----------
    img : `Image` or `MaskedImage`
        The image.
    bgCtrl : `BackgroundControl`
        The settings.

    Raises
    ------
    LengthError, InvalidParameterError
        If there are more bins than pixels.
    """
    columns, rows = bgCtrl.getNxSample(), bgCtrl.getNySample()
    if columns > img.getWidth() or rows > img.getHeight():
        raise InvalidParameterError(
            f"{columns} x {rows} bins are too many for {img.getWidth()} x {img.getHeight()} pixels"
        )
    levels, variance = np.zeros((2, rows, columns), np.float32)
    xs, ys = _edges(columns, img.getWidth()), _edges(rows, img.getHeight())
    prop = bgCtrl.getStatisticsProperty() | Property.ERRORS
    for row in range(rows):
        for column in range(columns):
            part = Box2I.of(_box(xs, ys, column, row)).shiftedBy(img.getXY0().asExtent())
            pixels = img.subset(part) if isinstance(img, Pixels) else img[part]
            result = makeStatistics(pixels, prop, bgCtrl.getStatisticsControl()).getResult()
            levels[row, column], variance[row, column] = result[0], result[1] ** 2
    surface = Surface(int(bgCtrl.getInterpStyle()), int(bgCtrl.getUndersampleStyle()))
    mask = OurMask(np.zeros(levels.shape, np.int32), dict(DEFAULT_PLANES))
    return Background.of(
        OurBackground(levels, variance, mask, Box.from_any(img.getBBox()), surface)
    )


def _edges(bins: int, length: int) -> list[int]:
    """Return where the bins along an axis begin, and where the last one ends."""
    return [0, *(min((i * length + bins // 2) // bins, length) for i in range(1, bins + 1))]


def _box(xs: list[int], ys: list[int], column: int, row: int) -> Any:
    x, y = xs[column], ys[row]
    return Box(x, y, xs[column + 1] - x, ys[row + 1] - y)


class BackgroundList(Face[OurList]):
    """Backgrounds whose sum was subtracted.

    An item is a tuple, as in afw: the `Background`, the kinds of curves, what is done with too few
    bins, the kind of approximation, its degrees in x and y, and whether it is weighted.
    """

    def __init__(self, *items: Any) -> None:
        self._ours = OurList(())
        for item in items:
            self.append(item)

    def append(self, item: Any) -> None:
        background = item[0] if isinstance(item, tuple) else item
        ours = background.astropy
        if isinstance(item, tuple) and len(item) > 2:
            order = (*map(int, item[4:6]), 1, -1)[:2]
            kind, weighted = (int(item[3]) if len(item) > 3 else -1), len(item) < 7 or bool(item[6])
            surface = Surface(int(item[1]), int(item[2]), kind, (order[0], order[1]), weighted)
            ours = replace(ours, surface=surface)
        self._ours = OurList((*self._ours.components, ours))

    def getImage(self) -> ImageF:
        """Return the sum of all components."""
        box = self._ours.components[0].bbox
        return ImageF._over(self._ours.image(), box.x0, box.y0)

    def _item(self, ours: OurBackground) -> tuple[Any, ...]:
        surface = ours.surface
        return (
            Background.of(ours),
            Interpolate.Style(surface.interpolation),
            UndersampleStyle(surface.undersampled),
            surface.approximation,
            *surface.order,
            surface.weighted,
        )

    def __len__(self) -> int:
        return len(self._ours)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return (self._item(ours) for ours in self._ours)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return self._item(self._ours[index])

    def clone(self) -> Self:
        return self.of(self._ours)

    @classmethod
    def readFits(cls, fileName: Any) -> Self:
        from persistence.formatters import background

        return cls.of(background.read(imagefiles.location_of(str(fileName), "BackgroundList")))
