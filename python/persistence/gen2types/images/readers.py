"""Readers of images that read only the requested parts of a file."""

from __future__ import annotations

import os
from typing import Any

from persistence.formatters import components
from persistence.formatters import fits as formatter
from persistence.gen2types import wrap
from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Point2I
from persistence.gen2types.images import imagefiles, maskplanes
from persistence.gen2types.images.calib import Calib
from persistence.gen2types.images.exposure import Exposure
from persistence.gen2types.images.filters import Filter
from persistence.gen2types.images.image import Image
from persistence.gen2types.images.indexing import PARENT
from persistence.gen2types.images.info import ExposureInfo
from persistence.gen2types.images.mask import MaskX
from persistence.gen2types.images.maskedimage import MaskedImage
from persistence.gen2types.images.pixeltypes import letter_of
from persistence.types.pixels.box import Box


class _Reader:
    """The base class of the readers.

    Parameters
    ----------
    fileName : `str`
        The file.
    hdu : `int`, optional
        The HDU of the image, counted from 0.
    """

    def __init__(self, fileName: Any, hdu: int | None = None) -> None:
        self._path = str(os.fspath(fileName))
        self._hdu = None if hdu is None or hdu < 0 else hdu
        imagefiles.asked(self._path, self._bbox)  # a missing file raises an error now

    def _bbox(self) -> Box:
        location = imagefiles.location_of(self._path, "Exposure", self._hdu)
        (rows, columns), (x0, y0) = formatter.read_shape(location)
        return Box(x0, y0, columns, rows)

    @property
    def fileName(self) -> str:
        return self._path

    def readBBox(self, origin: Any = PARENT) -> Box2I:
        box = self._bbox()
        return Box2I.of(box if origin == PARENT else Box(0, 0, box.width, box.height))

    def readXY0(self, bbox: Any = None, origin: Any = PARENT) -> Point2I:
        if bbox is None or bbox.isEmpty():
            return Point2I(self.readBBox().getMin())
        box = self._bbox()
        shift = (0, 0) if origin == PARENT else (box.x0, box.y0)
        return Point2I(bbox.getMinX() + shift[0], bbox.getMinY() + shift[1])

    def readMetadata(self) -> Any:
        return imagefiles.readMetadata(self._path, self._hdu, strip=True)

    def _plane(self, name: str, bbox: Any, origin: Any) -> Any:
        options = {} if bbox is None else {"bbox": bbox, "imageOrigin": origin.value}
        location = imagefiles.location_of(self._path, "Exposure", self._hdu, **options)
        return imagefiles.asked(self._path, lambda: formatter.read_plane(location, name))


class ImageFitsReader(_Reader):
    """Reads images."""

    def readDType(self) -> Any:
        box = self.readBBox()
        first = Box2I.of(Box(box.getMinX(), box.getMinY(), 1, 1))
        return self._plane("image", first, PARENT).dtype

    def read(
        self, bbox: Any = None, origin: Any = PARENT, allowUnsafe: bool = False, dtype: Any = None
    ) -> Any:
        ours = imagefiles.read(self._path, _kind("Image", dtype), self._hdu, bbox, origin)
        return Image.of(ours)

    readImage = read


class MaskFitsReader(_Reader):
    """Reads masks."""

    def read(
        self,
        bbox: Any = None,
        origin: Any = PARENT,
        conformMasks: bool = False,
        allowUnsafe: bool = False,
        dtype: Any = None,
    ) -> MaskX:
        return MaskX(self._path, self._hdu, None, bbox, origin)

    readMask = read


class MaskedImageFitsReader(_Reader):
    """Reads masked images, or one plane of them."""

    def readImage(
        self, bbox: Any = None, origin: Any = PARENT, allowUnsafe: bool = False, dtype: Any = None
    ) -> Any:
        image = Image.over(self._plane("image", bbox, origin), *self.readXY0(bbox, origin))
        return image if dtype is None else Image[dtype](image, True)

    def readMask(self, bbox: Any = None, origin: Any = PARENT, *_: Any, **__: Any) -> Any:
        mask = self._plane("mask", bbox, origin)
        array = maskplanes.conformed(mask).array
        return MaskX._over(array, *self.readXY0(bbox, origin))

    def readVariance(self, bbox: Any = None, origin: Any = PARENT, *_: Any, **__: Any) -> Any:
        return Image.over(self._plane("variance", bbox, origin), *self.readXY0(bbox, origin))

    def readImageArray(self, *words: Any, **named: Any) -> Any:
        return self.readImage(*words, **named).array

    def readMaskArray(self, *words: Any, **named: Any) -> Any:
        return self.readMask(*words, **named).array

    def readVarianceArray(self, *words: Any, **named: Any) -> Any:
        return self.readVariance(*words, **named).array

    def readImageDType(self) -> Any:
        return ImageFitsReader.readDType(self)  # type: ignore[arg-type]  # it asks for the same

    def readMaskedImage(
        self,
        bbox: Any = None,
        origin: Any = PARENT,
        conformMasks: bool = False,
        allowUnsafe: bool = False,
        dtype: Any = None,
    ) -> Any:
        kind = _kind("MaskedImage", dtype)
        return MaskedImage.of(imagefiles.read(self._path, kind, self._hdu, bbox, origin))

    def read(self, *words: Any, **named: Any) -> Any:
        return self.readMaskedImage(*words, **named)


class ExposureFitsReader(MaskedImageFitsReader):
    """Reads exposures, one plane, or one component of them."""

    def read(
        self,
        bbox: Any = None,
        origin: Any = PARENT,
        conformMasks: bool = False,
        allowUnsafe: bool = False,
        dtype: Any = None,
    ) -> Any:
        kind = _kind("Exposure", dtype)
        return Exposure.of(imagefiles.read(self._path, kind, self._hdu, bbox, origin))

    def _component(self, name: str) -> Any:
        location = imagefiles.location_of(self._path, "Exposure", self._hdu)
        return imagefiles.asked(self._path, lambda: components.read_component(location, name))

    def readExposureInfo(self) -> ExposureInfo:
        location = imagefiles.location_of(self._path, "Exposure", self._hdu)
        return ExposureInfo.of(imagefiles.asked(self._path, lambda: formatter.read_bare(location)))

    def readWcs(self) -> Any:
        return self.readExposureInfo().getWcs()

    def readFilter(self) -> Filter:
        label = self._component("filter")
        return Filter() if label is None else Filter.of(label)

    def readFilterLabel(self) -> Any:
        return wrap(self._component("filter"))

    def readPhotoCalib(self) -> Any:
        return wrap(self._component("photoCalib"))

    def readCalib(self) -> Calib:
        return Calib.of(self._component("photoCalib"))

    def readPsf(self) -> Any:
        return wrap(self._component("psf"))

    def readDetector(self) -> Any:
        return wrap(self._component("detector"))

    def readVisitInfo(self) -> Any:
        return wrap(self._component("visitInfo"))

    def readApCorrMap(self) -> Any:
        return wrap(self._component("apCorrMap"))

    def readCoaddInputs(self) -> Any:
        return wrap(self._component("coaddInputs"))

    def readValidPolygon(self) -> Any:
        return wrap(self._component("validPolygon"))

    def readTransmissionCurve(self) -> Any:
        return wrap(self._component("transmissionCurve"))

    def readComponent(self, componentName: str) -> Any:
        return self.readExposureInfo().getComponent(componentName)

    def readExposureId(self) -> int | None:
        exposure_id: int | None = self._component("visitInfo").exposure_id
        return exposure_id

    def readSerializationVersion(self) -> int:
        header = imagefiles.readMetadata(self._path, 0)
        return int(header["EXPINFO_V"]) if "EXPINFO_V" in header else 0


def _kind(family: str, dtype: Any) -> str:
    return family if dtype is None else f"{family}{letter_of(dtype)}"


def bboxFromMetadata(metadata: Any) -> Box2I:
    """Return the box of an image, from the cards of its size and its origin.

    The cards of the origin (``LTV`` or the world coordinate system A) are removed, as in afw.
    """
    words = {name: metadata[name] for name in _PLACE if name in metadata}
    x0, y0 = 0, 0
    if words.get("CTYPE1A", "LINEAR") == "LINEAR" and words.get("CRPIX1A") == 1:
        x0, y0 = int(words.get("CRVAL1A", 0)), int(words.get("CRVAL2A", 0))
    for name in words:
        metadata.remove(name)
    prefix = "Z" if "ZNAXIS1" in metadata else ""
    width, height = (int(metadata[f"{prefix}NAXIS{axis}"]) for axis in "12")
    return Box2I.of(Box(x0, y0, width, height))


_PLACE = [f"{word}{axis}A" for axis in "12" for word in ("CTYPE", "CUNIT", "CRPIX", "CRVAL")]
