"""`HeavyFootprint`: a footprint with the values of its pixels."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.box import Box2I
from persistence.gen2types.detection.footprints import Footprint, mergeFootprints, unwrapped
from persistence.types.table import footprint as ours


class HeavyFootprint(Footprint):
    """A footprint with the values of its pixels, run by run.

    Parameters
    ----------
    footprint : `Footprint`
        The pixels.
    image : `MaskedImage`, optional
        Their values; if absent, those that the footprint has, or 0.
    """

    _dtype: Any = np.float32

    @classmethod
    def of(cls, footprint: Any) -> Any:
        """Return the face of a footprint with pixels, of the class for their type."""
        face: Any = object.__new__(_heavy_class(footprint))
        face._ours, face._region, face._peaks = footprint, Box2I(), None
        return face

    def __init__(self, footprint: Footprint, image: Any = None, *args: Any) -> None:
        super().__init__(footprint)
        plain = footprint.astropy
        spans = footprint.spans
        if image is None and footprint.isHeavy():
            heavy: Any = plain
            values = [
                np.array(heavy.image, self._dtype),
                *(heavy.mask_values.copy(), heavy.variance.copy()),
            ]
        elif image is None:
            size = spans.getArea()
            values = [np.zeros(size, kind) for kind in (self._dtype, np.int32, np.float32)]
        else:
            planes = (image.image, image.mask, image.variance)
            values = [spans.flatten(plane.array, image.getXY0()) for plane in planes]
        self._ours = ours.HeavyFootprint(plain.spans, plain.peaks, *values)

    def getImageArray(self) -> NDArray[Any]:
        values: NDArray[Any] = self._ours.image  # type: ignore[attr-defined]
        return values

    def getMaskArray(self) -> NDArray[Any]:
        values: NDArray[Any] = self._ours.mask_values  # type: ignore[attr-defined]
        return values

    def getVarianceArray(self) -> NDArray[Any]:
        values: NDArray[Any] = self._ours.variance  # type: ignore[attr-defined]
        return values

    def getMaskBitsSet(self) -> int:
        return int(np.bitwise_or.reduce(self.getMaskArray(), initial=0))

    def insert(self, image: Any) -> None:
        """Write the values to an image, or to the planes of a masked one, as far as it reaches.

        Parameters
        ----------
        image : `Image`, `MaskedImage` or `Exposure`
            The image.
        """
        image = getattr(image, "maskedImage", image)
        box = image.getBBox()
        y, x, inside = self.spans._inside(unwrapped(box), clip=True)
        for plane, values in (
            ("image", self.getImageArray()),
            ("mask", self.getMaskArray()),
            ("variance", self.getVarianceArray()),
        ):
            if hasattr(image, "variance"):
                getattr(image, plane).array[y, x] = values[inside]
            elif plane == "image":
                image.array[y, x] = values[inside]

    def extractImage(self, fill: Any = np.nan, bbox: Any = None, imageType: Any = None) -> Any:
        """Return an image of the values.

        Parameters
        ----------
        fill : `float`, optional
            The value of other pixels.
        bbox : `Box2I`, optional
            What it covers; the footprint's box if absent.
        imageType : `type`, optional
            The class of the image.
        """
        if imageType is None:
            # By name: images need no footprints, nor do catalogs need images.
            imageType = importlib.import_module("persistence.gen2types.images.image").ImageF
        image = imageType(self.getBBox() if bbox is None else bbox)
        image.array[...] = fill
        self.insert(image)
        return image

    def dot(self, other: HeavyFootprint) -> float:
        """Return the sum of the products of the values of two footprints."""
        mine, theirs = self._ours, other._ours
        box = mine.bbox
        images = (
            each.spans.image(np.asarray(each.image, float), box)  # type: ignore[attr-defined]
            for each in (mine, theirs)
        )
        return float(np.vdot(*images))

    @property
    def image(self) -> NDArray[Any]:
        """The values."""
        return self.getImageArray()


class HeavyFootprintF(HeavyFootprint):
    """A footprint with pixels of 32-bit floats."""


class HeavyFootprintD(HeavyFootprint):
    """A footprint with pixels of 64-bit floats."""

    _dtype = np.float64


class HeavyFootprintI(HeavyFootprint):
    """A footprint with pixels of 32-bit integers."""

    _dtype = np.int32


class HeavyFootprintU(HeavyFootprint):
    """A footprint with pixels of 16-bit integers."""

    _dtype = np.uint16


_HEAVY = {"f8": HeavyFootprintD, "i4": HeavyFootprintI, "u2": HeavyFootprintU}


def _heavy_class(footprint: Any) -> type[HeavyFootprint]:
    return _HEAVY.get(np.asarray(footprint.image).dtype.str[1:], HeavyFootprintF)


class HeavyFootprintCtrl:
    """How the creation of a heavy footprint changes the image.

    Parameters
    ----------
    modifySource : `int`, optional
        ``NONE``: pixels are unchanged; ``SET``: they are set to a value.
    """

    NONE, SET = 0, 1

    def __init__(self, modifySource: int = NONE) -> None:
        self._modify = modifySource
        self._values = [0.0, 0, 0.0]

    def getModifySource(self) -> int:
        return self._modify

    def setModifySource(self, modifySource: int) -> None:
        self._modify = modifySource

    def getImageVal(self) -> float:
        return self._values[0]

    def setImageVal(self, imageVal: float) -> None:
        self._values[0] = imageVal

    def getMaskVal(self) -> int:
        return int(self._values[1])

    def setMaskVal(self, maskVal: int) -> None:
        self._values[1] = maskVal

    def getVarianceVal(self) -> float:
        return self._values[2]

    def setVarianceVal(self, varianceVal: float) -> None:
        self._values[2] = varianceVal


def makeHeavyFootprint(
    foot: Footprint, img: Any, ctrl: HeavyFootprintCtrl | None = None
) -> HeavyFootprint:
    """Return a footprint with the values of a masked image at its pixels.

    Parameters
    ----------
    foot : `Footprint`
        The pixels.
    img : `MaskedImage` or `Exposure`
        Their values.
    ctrl : `HeavyFootprintCtrl`, optional
        What becomes of the image's pixels: they stay if absent.
    """
    image = getattr(img, "maskedImage", img)
    kind = _HEAVY.get(image.image.array.dtype.str[1:], HeavyFootprintF)
    heavy = kind(foot, image)
    if ctrl is not None and ctrl.getModifySource() == HeavyFootprintCtrl.SET:
        y, x, _ = foot.spans._inside(unwrapped(image.getBBox()), clip=False)
        image.image.array[y, x] = ctrl.getImageVal()
        image.mask.array[y, x] &= ~np.asarray(ctrl.getMaskVal(), image.mask.array.dtype)
        image.variance.array[y, x] = ctrl.getVarianceVal()
    return heavy


def mergeHeavyFootprints(h1: HeavyFootprint, h2: HeavyFootprint) -> HeavyFootprint:
    """Return a footprint with the pixels of two, and the sums of their values.

    Of masks, the bits of both.
    """
    merged = mergeFootprints(h1, h2)
    spans, box = unwrapped(merged.spans), unwrapped(merged.getBBox())
    y, x = spans.indices()
    pairs = (
        (h1.getImageArray(), h2.getImageArray(), np.add),
        (h1.getMaskArray(), h2.getMaskArray(), np.bitwise_or),
        (h1.getVarianceArray(), h2.getVarianceArray(), np.add),
    )
    values = []
    for first, two, combine in pairs:
        images = [
            unwrapped(each.spans).image(array, box) for each, array in ((h1, first), (h2, two))
        ]
        values.append(combine(*images)[y - box.y0, x - box.x0])
    heavy: HeavyFootprint = HeavyFootprint.of(
        ours.HeavyFootprint(spans, merged.astropy.peaks, *values)
    )
    return heavy
