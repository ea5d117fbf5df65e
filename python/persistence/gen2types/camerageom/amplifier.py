"""`Amplifier`: one readout channel of a detector, by the names of afw's cameraGeom."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from persistence.gen2types.box import Box2I
from persistence.gen2types.camerageom.systems import ReadoutCorner
from persistence.gen2types.coordinates import Extent2I
from persistence.gen2types.exceptions import NotFoundError
from persistence.gen2types.face import Face
from persistence.types.exposure.detector import Amplifier as OurAmplifier


class Amplifier(Face[OurAmplifier]):
    """One readout channel of a detector; unknown properties are NaN, as in afw.

    Boxes named raw are in the raw image, others in the trimmed one. The result of each
    method is also an attribute: ``amp.getGain()``, ``amp.gain``.
    """

    def __init__(self, *_: Any) -> None:
        raise TypeError("amplifiers cannot be created alone; detector.getAmplifiers() returns them")

    def getName(self) -> str:
        return self._ours.name

    def getBBox(self) -> Box2I:
        return Box2I.of(self._ours.trimmed)

    def getGain(self) -> float:
        return _number(self._ours.gain)

    def getReadNoise(self) -> float:
        return _number(self._ours.read_noise)

    def getSaturation(self) -> float:
        return _number(self._ours.saturation)

    def getSuspectLevel(self) -> float:
        return _number(self._ours.suspect_level)

    def getReadoutCorner(self) -> ReadoutCorner | None:
        """Return the corner that is read first; None if that is not known."""
        return None if self._ours.corner is None else ReadoutCorner[self._ours.corner]

    def getLinearityCoeffs(self) -> Any:
        return np.array(self._ours.linearity, float)

    def getLinearityType(self) -> str:
        return self._ours.linearity_type

    def getHasRawInfo(self) -> bool:
        return self._ours.data.width > 0

    def getRawBBox(self) -> Box2I:
        """Return all pixels of it in the raw image."""
        if self._ours.raw is not None:
            return Box2I.of(self._ours.raw)
        whole = Box2I()
        for part in (self._ours.data, self._ours.overscan, self._ours.prescan, self._ours.postscan):
            if part.width > 0 and part.height > 0:
                whole.include(Box2I.of(part))
        return whole

    def getRawDataBBox(self) -> Box2I:
        return Box2I.of(self._ours.data)

    def getRawFlipX(self) -> bool:
        return self._ours.flip_x

    def getRawFlipY(self) -> bool:
        return self._ours.flip_y

    def getRawXYOffset(self) -> Extent2I:
        return Extent2I(0, 0)

    def getRawHorizontalOverscanBBox(self) -> Box2I:
        return Box2I.of(self._ours.overscan)

    def getRawVerticalOverscanBBox(self) -> Box2I:
        return Box2I.of(self._ours.postscan)

    def getRawPrescanBBox(self) -> Box2I:
        return Box2I.of(self._ours.prescan)

    # Names of later years for the same.
    getRawSerialOverscanBBox = getRawHorizontalOverscanBBox
    getRawParallelOverscanBBox = getRawVerticalOverscanBBox
    getRawSerialPrescanBBox = getRawPrescanBBox
    getRawHorizontalPrescanBBox = getRawPrescanBBox
    # That of early years: the first pixels are not read by themselves.
    getDiskDataSec = getRawDataBBox

    name = property(getName)
    bbox = property(getBBox)
    gain = property(getGain)
    readNoise = property(getReadNoise)
    saturation = property(getSaturation)
    suspectLevel = property(getSuspectLevel)
    readoutCorner = property(getReadoutCorner)
    linearityCoeffs = property(getLinearityCoeffs)
    linearityType = property(getLinearityType)
    hasRawInfo = property(getHasRawInfo)
    rawBBox = property(getRawBBox)
    rawDataBBox = property(getRawDataBBox)
    rawFlipX = property(getRawFlipX)
    rawFlipY = property(getRawFlipY)
    rawXYOffset = property(getRawXYOffset)
    rawHorizontalOverscanBBox = property(getRawHorizontalOverscanBBox)
    rawVerticalOverscanBBox = property(getRawVerticalOverscanBBox)
    rawPrescanBBox = property(getRawPrescanBBox)

    def get(self, name: str) -> Any:
        """Return a value by the name of its column, as before 2019: ``gain``, ``readnoise``."""
        getter = _COLUMNS.get(name.lower())
        if getter is None:
            raise NotFoundError(f"an amplifier has no {name!r}; it has {', '.join(_COLUMNS)}")
        return getattr(self, getter)()

    __getitem__ = get

    def __repr__(self) -> str:
        return f"Amplifier({self.getName()}, {self.getBBox()})"

    __hash__ = Face.__hash__


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


# Columns of afw's table of amplifiers -> methods.
_COLUMNS = {
    "name": "getName",
    "bbox": "getBBox",
    "gain": "getGain",
    "readnoise": "getReadNoise",
    "saturation": "getSaturation",
    "suspectlevel": "getSuspectLevel",
    "readoutcorner": "getReadoutCorner",
    "linearity_coeffs": "getLinearityCoeffs",
    "linearity_type": "getLinearityType",
    "raw_bbox": "getRawBBox",
    "raw_databbox": "getRawDataBBox",
    "raw_flip_x": "getRawFlipX",
    "raw_flip_y": "getRawFlipY",
    "raw_horizontaloverscanbbox": "getRawHorizontalOverscanBBox",
    "raw_verticaloverscanbbox": "getRawVerticalOverscanBBox",
    "raw_prescanbbox": "getRawPrescanBBox",
}
