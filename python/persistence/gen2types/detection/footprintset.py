"""`FootprintSet`: the footprints of the pixels of an image beyond a threshold."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.box import Box2I
from persistence.gen2types.detection.footprints import Footprint
from persistence.gen2types.detection.heavy import HeavyFootprint, makeHeavyFootprint
from persistence.gen2types.detection.runs import components
from persistence.gen2types.detection.span import Stencil
from persistence.gen2types.detection.spans import SpanSet
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.types.pixels.box import Box
from persistence.types.table import footprint as ours


class Threshold:
    """How high a pixel must be.

    Parameters
    ----------
    value : `float`
        The level.
    type : `int`, optional
        In which unit: ``VALUE`` of pixels, ``STDEV`` or ``VARIANCE`` of the image, ``PIXEL_STDEV``
        of each pixel, or ``BITMASK`` for a mask.
    polarity : `bool`, optional
        False for pixels below ``-value``.
    includeMultiplier : `float`, optional
        How much higher the highest pixel of a footprint must be.
    """

    class ThresholdType(enum.IntEnum):
        """In which unit a level is."""

        VALUE = 0
        BITMASK = 1
        STDEV = 2
        VARIANCE = 3
        PIXEL_STDEV = 4

    VALUE, BITMASK, STDEV, VARIANCE, PIXEL_STDEV = ThresholdType

    def __init__(
        self,
        value: float,
        type: int = VALUE,
        polarity: bool = True,
        includeMultiplier: float = 1.0,
    ) -> None:
        self._value, self._type = float(value), type
        self._polarity, self._multiplier = polarity, includeMultiplier

    def getType(self) -> int:
        return self._type

    def getValue(self, param: float = -1) -> float:
        """Return the level, given a standard deviation or a variance where it needs one."""
        if self._type in (self.STDEV, self.VARIANCE) and param <= 0:
            raise InvalidParameterError(f"a threshold of this type needs a width, not {param}")
        if self._type == self.STDEV:
            return self._value * param
        return self._value * float(np.sqrt(param)) if self._type == self.VARIANCE else self._value

    def getPolarity(self) -> bool:
        return self._polarity

    def setPolarity(self, polarity: bool) -> None:
        self._polarity = polarity

    def getIncludeMultiplier(self) -> float:
        return self._multiplier


def createThreshold(value: float, type: str = "value", polarity: bool = True) -> Threshold:
    """Return a threshold, its type by name: ``value``, ``stdev``, ``variance``, ``bitmask``."""
    names = {
        "bitmask": Threshold.BITMASK,
        "value": Threshold.VALUE,
        "stdev": Threshold.STDEV,
        "variance": Threshold.VARIANCE,
        "pixel_stdev": Threshold.PIXEL_STDEV,
    }
    if type not in names:
        raise InvalidParameterError(f"unknown threshold type {type!r}; the types are {list(names)}")
    return Threshold(value, names[type], polarity)


class FootprintSet:
    """Footprints of an image.

    Parameters
    ----------
    image : `Image`, `MaskedImage`, `Mask`, `Box2I` or `FootprintSet`
        Where they are; of a box, there are none yet.
    threshold : `Threshold` or `int`, optional
        How high a pixel must be; of a mask, which bits; of other footprints, by how many pixels
        they grow.
    *args : `str`, `int`, `bool`
        As in afw: the mask plane to set, ``npixMin`` and ``setPeaks``; of other footprints, whether
        they grow alike in all directions.
    npixMin : `int`, optional
        How many pixels a footprint must have.
    setPeaks : `bool`, optional
        Whether to find the peaks.
    """

    def __init__(
        self, image: Any, threshold: Any = None, *args: Any, npixMin: int = 1, setPeaks: bool = True
    ) -> None:
        self._footprints: list[Footprint] = []
        image = getattr(image, "maskedImage", image)
        self._region: Box2I = image if isinstance(image, Box2I) else _region(image)
        if isinstance(image, FootprintSet):
            self._grow(image, int(threshold or 0), *args)
        if isinstance(image, FootprintSet | Box2I):
            return
        planes = [arg for arg in args if isinstance(arg, str)]
        flags = [arg for arg in args if isinstance(arg, bool)]
        counts = [arg for arg in args if isinstance(arg, int) and not isinstance(arg, bool)]
        npixMin, setPeaks = (counts or [npixMin])[0], (flags or [setPeaks])[0]
        values, chosen, needed = _beyond(image, _threshold(threshold))
        box = Box.from_any(self._region)
        runs = ours.SpanSet.from_mask(chosen, (box.x0, box.y0))
        for part in components(runs.y, runs.x0, runs.x1, reach=1):
            spans = ours.SpanSet(runs.y[part], runs.x0[part], runs.x1[part])
            y, x = spans.indices()
            inside = values[y - box.y0, x - box.x0]
            if spans.area < npixMin or not (inside >= needed).any():
                continue
            footprint = Footprint(SpanSet.of(spans), self._region)
            if setPeaks:
                _add_peaks(footprint, values, box)
            self._footprints.append(footprint)
        if planes and planes[0]:
            self.setMask(image.mask, planes[0])

    def getFootprints(self) -> list[Footprint]:
        return self._footprints

    @property
    def footprints(self) -> list[Footprint]:
        """The footprints."""
        return self._footprints

    @footprints.setter
    def footprints(self, footprints: list[Footprint]) -> None:
        self.setFootprints(footprints)

    def setFootprints(self, footprints: list[Footprint]) -> None:
        self._footprints = list(footprints)

    def getRegion(self) -> Box2I:
        return self._region

    def setRegion(self, region: Box2I) -> None:
        self._region = region

    def setMask(self, mask: Any, planeName: str) -> None:
        """Set a plane of a mask at the pixels of the footprints."""
        mask.addMaskPlane(planeName)
        for footprint in self._footprints:
            footprint.spans.setMask(mask, mask.getPlaneBitMask(planeName))

    def makeHeavy(self, mimg: Any, *args: Any) -> None:
        """Replace the footprints by heavy ones, with the values of a masked image."""
        self._footprints = [
            footprint
            if isinstance(footprint, HeavyFootprint)
            else makeHeavyFootprint(footprint, mimg)
            for footprint in self._footprints
        ]

    def makeSources(self, catalog: Any) -> None:
        """Add a source for each footprint to a catalog."""
        for footprint in self._footprints:
            catalog.addNew().setFootprint(footprint)

    def merge(
        self, rhs: FootprintSet, tGrow: int = 0, rGrow: int = 0, isotropic: bool = True
    ) -> None:
        """Add the footprints of another set; those that touch become one, with the peaks of both.

        Parameters
        ----------
        rhs : `FootprintSet`
            The other set.
        tGrow, rGrow : `int`, optional
            By how much the footprints of this set, and of the other, grow first.
        isotropic : `bool`, optional
            Whether they grow alike in all directions, rather than along rows and columns.
        """
        grown = [
            (footprint, _grown(footprint, by, isotropic))
            for each, by in ((self, tGrow), (rhs, rGrow))
            for footprint in each._footprints
        ]
        self._footprints = self._joined(grown)

    def _grow(self, other: FootprintSet, by: int, isotropic: bool = True) -> None:
        """Return the footprints of another set, grown; those that touch are merged."""
        if by:
            grown = [
                (footprint, _grown(footprint, by, isotropic)) for footprint in other._footprints
            ]
            self._footprints = self._joined(grown)
        else:
            self._footprints = [Footprint(footprint) for footprint in other._footprints]

    def _joined(self, grown: list[tuple[Footprint, SpanSet]]) -> list[Footprint]:
        """Return footprints of pixels that touch, with the peaks of those that have the pixels."""
        total = SpanSet()
        for _, spans in grown:
            total = total.union(spans)
        total = total.clippedTo(self._region)
        runs = total.astropy
        joined = []
        for part in components(runs.y, runs.x0, runs.x1, reach=1):
            spans = SpanSet.of(ours.SpanSet(runs.y[part], runs.x0[part], runs.x1[part]))
            footprint = Footprint(spans, self._region)
            for one, pixels in grown:
                if pixels.overlaps(spans):
                    footprint.getPeaks().extend(one.getPeaks(), deep=True)
            footprint.sortPeaks()
            joined.append(footprint)
        return joined

    def __len__(self) -> int:
        return len(self._footprints)


def _region(image: Any) -> Box2I:
    region: Box2I = image._region if isinstance(image, FootprintSet) else image.getBBox()
    return region


def _threshold(given: Any) -> Threshold:
    return given if isinstance(given, Threshold) else Threshold(1 if given is None else given)


def _grown(footprint: Footprint, by: int, isotropic: bool) -> SpanSet:
    stencil = Stencil.CIRCLE if isotropic else Stencil.MANHATTAN
    return footprint.spans.dilated(by, stencil) if by else footprint.spans


def _beyond(image: Any, threshold: Threshold) -> tuple[NDArray[Any], NDArray[Any], float]:
    """Return the values that count, which are beyond the threshold, and how high one must be."""
    if threshold.getType() == Threshold.BITMASK:
        array = getattr(image, "mask", image).array
        chosen = (array & int(threshold.getValue())) != 0
        return chosen.astype(float), chosen, 1.0
    array = np.asarray(getattr(image, "image", image).array, float)
    values = array if threshold.getPolarity() else -array
    if threshold.getType() == Threshold.PIXEL_STDEV:
        values = values / np.sqrt(image.variance.array)
    finite = array[np.isfinite(array)]
    spreads = {Threshold.STDEV: np.std, Threshold.VARIANCE: np.var}
    spread = spreads.get(Threshold.ThresholdType(threshold.getType()))
    # Unbiased, as afw's statistics are.
    level = threshold.getValue() if spread is None else threshold.getValue(spread(finite, ddof=1))
    with np.errstate(invalid="ignore"):
        return values, values >= level, level * threshold.getIncludeMultiplier()


def _add_peaks(footprint: Footprint, values: NDArray[Any], box: Box) -> None:
    """Add the pixels of a footprint that are higher than all around them, the highest first."""
    y, x = footprint.spans.astropy.indices()
    rows, columns = y - box.y0, x - box.x0
    padded = np.pad(values, 1, constant_values=-np.inf)
    here = values[rows, columns]
    highest = np.ones(len(here), bool)
    for dy, dx in ((a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)):
        beside = padded[rows + 1 + dy, columns + 1 + dx]
        # Of equal neighbours, the first one counts.
        highest &= (here > beside) | ((here == beside) & ((dy, dx) > (0, 0)))
    if not highest.any() and len(here):
        highest[int(np.nanargmax(here))] = True
    for index in sorted(np.flatnonzero(highest), key=lambda index: -here[index]):
        footprint.addPeak(float(x[index]), float(y[index]), float(here[index]))
