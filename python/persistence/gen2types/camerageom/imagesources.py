"""Images of single detectors, for images of a whole camera; names of afw's cameraGeom.utils."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from persistence.errors import NoResults
from persistence.gen2types import exceptions, wrap
from persistence.gen2types.box import Box2I
from persistence.gen2types.camerageom.detector import Detector
from persistence.gen2types.coordinates import Point2I
from persistence.gen2types.imagemath.operations import binImage
from persistence.gen2types.images.image import ImageF

# Keys of data IDs that are the number of a detector, by camera.
_KEYS = ("detector", "ccdnum", "ccd", "sensor")


class FakeImageDataSource:
    """Images of detectors without data: the number of each amplifier, counted from 1.

    Parameters
    ----------
    isTrimmed : `bool`, optional
        Whether images are of trimmed pixels; no others are made here.
    background : `float`, optional
        The pixels around the detectors.
    """

    def __init__(
        self, isTrimmed: bool = True, verbose: bool = False, background: float = np.nan, **_: Any
    ) -> None:
        self.isTrimmed, self.verbose, self.background = isTrimmed, verbose, background

    def getCcdImage(
        self, det: Detector, imageFactory: Any = ImageF, binSize: int = 1
    ) -> tuple[Any, Detector]:
        image = imageFactory(det.getBBox())
        for number, amplifier in enumerate(det, 1):
            image[amplifier.getBBox()].array[...] = number
        return binImage(image, binSize), det


class ButlerImage(FakeImageDataSource):
    """Images of detectors that a Butler reads.

    Parameters
    ----------
    butler : `Butler`
        The Butler that reads them.
    type : `str`
        The dataset type.
    isTrimmed : `bool`, optional
        Whether they are trimmed.
    verbose : `bool`, optional
        Whether to print missing images.
    background : `float`, optional
        The pixels without data, and around the detectors.
    callback : callable, optional
        Called with each dataset, its detector and this object; gives the image to show.
    **kwargs
        The data ID, without the detector.
    """

    def __init__(
        self,
        butler: Any = None,
        type: str = "raw",
        isTrimmed: bool = True,
        verbose: bool = False,
        background: float = np.nan,
        callback: Callable[[Any, Detector, Any], Any] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(isTrimmed, verbose, background)
        self.butler, self.type, self.callback, self.kwargs = butler, type, callback, kwargs

    def _data_id(self, detector: Detector) -> dict[str, Any]:
        known = self.butler.getKeys(self.type)
        key = next((key for key in _KEYS if key in known), _KEYS[0])
        return {**self.kwargs, key: detector.getId()}

    def getCcdImage(
        self, det: Detector, imageFactory: Any = ImageF, binSize: int = 1
    ) -> tuple[Any, Detector]:
        try:
            dataset = self.butler.get(self.type, self._data_id(det))
        except NoResults as error:
            if self.verbose:
                print(f"{self.type} of detector {det.getName()}: {error}")  # asked
            empty = imageFactory(det.getBBox())
            empty.array[...] = self.background if empty.array.dtype.kind == "f" else 0
            return binImage(empty, binSize), det
        image = dataset if self.callback is None else self.callback(dataset, det, self)
        return binImage(_converted(plain_image(image), imageFactory), binSize), det


def plain_image(dataset: Any) -> Any:
    """Return the image of an exposure, of a masked image, or of an image."""
    dataset = wrap(dataset)
    for name in ("getMaskedImage", "getImage"):
        if hasattr(dataset, name):
            dataset = getattr(dataset, name)()
    return dataset


def _converted(image: Any, factory: Any) -> Any:
    return image if isinstance(image, factory) else factory(np.asarray(image.array), True)


def calcRawCcdBBox(ccd: Detector) -> Box2I:
    """Return the box about all raw pixels of a detector."""
    whole = Box2I()
    for amplifier in ccd:
        whole.include(amplifier.getRawBBox())
    return whole


def rawCallback(
    im: Any,
    ccd: Detector | None = None,
    imageSource: Any = None,
    correctGain: bool = False,
    subtractBias: bool = False,
    convertToFloat: bool = False,
) -> Any:
    """Return the trimmed image of a raw, put together from its amplifiers.

    Parameters
    ----------
    im : exposure or image
        The raw, as it was read out.
    ccd : `Detector`, optional
        By default, the exposure's own, whose amplifiers come first anyway.
    imageSource : optional
        Not used.
    correctGain : `bool`, optional
        Whether to multiply by the gain, where it is known.
    subtractBias : `bool`, optional
        Whether to subtract the median of the overscan.
    convertToFloat : `bool`, optional
        Not used: pixels are always floats.

    Raises
    ------
    NotFoundError
        If there is no description of amplifiers.
    """
    own = im.getDetector() if hasattr(im, "getDetector") else None
    detector = own if own is not None and len(own) else ccd
    if detector is None or not len(detector):
        raise exceptions.NotFoundError(
            "the positions of the amplifiers in the raw image are not known"
        )
    raw = plain_image(im)
    trimmed = ImageF(detector.getBBox() if detector.getBBox().getArea() else ccd.getBBox())  # type: ignore[union-attr]  # one of the two
    for amplifier in detector:
        pixels = raw[amplifier.getRawDataBBox()].array.astype(np.float32)
        if subtractBias:
            pixels -= np.median(raw[amplifier.getRawHorizontalOverscanBBox()].array)
        if correctGain and not math.isnan(amplifier.getGain()):
            pixels *= amplifier.getGain()
        rows, columns = (-1 if flip else 1 for flip in (amplifier.rawFlipY, amplifier.rawFlipX))
        trimmed[amplifier.getBBox()].array[...] = pixels[::rows, ::columns]
    return trimmed


def findAmp(ccd: Detector, pixelPosition: Any) -> Any:
    """Return the amplifier that a trimmed pixel belongs to.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    pixel = Point2I(pixelPosition)
    for amplifier in ccd:
        if amplifier.getBBox().contains(pixel):
            return amplifier
    raise exceptions.NotFoundError(f"pixel {pixel} is in no amplifier of detector {ccd.getName()}")


def makeImageFromCcd(
    ccd: Detector, imageSource: Any = None, imageFactory: Any = ImageF, binSize: int = 1, **_: Any
) -> Any:
    """Return the image of a detector, binned."""
    source = FakeImageDataSource() if imageSource is None else imageSource
    return source.getCcdImage(ccd, imageFactory, binSize)[0]
