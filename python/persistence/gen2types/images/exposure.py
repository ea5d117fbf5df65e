"""`Exposure` and its types: a masked image with its components."""

from __future__ import annotations

import os
from typing import Any, ClassVar, Self

import numpy as np

from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Extent2D, Point2D, Point2I
from persistence.gen2types.exceptions import InvalidParameterError, LogicError
from persistence.gen2types.images import imagefiles, maskplanes
from persistence.gen2types.images.image import Image
from persistence.gen2types.images.indexing import PARENT, part_of
from persistence.gen2types.images.info import Described, ExposureInfo
from persistence.gen2types.images.mask import MaskX
from persistence.gen2types.images.maskedimage import MaskedImage, Pixels, copied
from persistence.gen2types.images.metadata import Metadata
from persistence.gen2types.images.pixeltypes import PixelTypes, letter_of
from persistence.gen2types.images.plane import first_words
from persistence.types.exposure.exposure import Exposure as OurExposure
from persistence.types.pixels.box import Box

_FIRST = ("maskedImage", "exposure", "bbox", "dimensions", "width", "rhs", "fileName", "source")


class Exposure(Pixels, Described, metaclass=PixelTypes):
    """A masked image with its components: the WCS, the PSF, the calibration, the visit ...

    Parameters
    ----------
    *words, **named
        afw's arguments: a width and a height, an `Extent2I`, a `Box2I` or a masked image, and
        perhaps a `SkyWcs` or an `ExposureInfo`; another exposure, perhaps a box and an
        `ImageOrigin`, and ``deep`` (False); the path of a file, perhaps a box and an
        `ImageOrigin`.
    """

    _by_letter: ClassVar[dict[str, Any]] = {}

    def __init__(self, *words: Any, **named: Any) -> None:
        self._planes = {}
        first, *rest = first_words(words, named, _FIRST)
        if isinstance(first, str | os.PathLike):
            self._ours = self._read(os.fspath(first), *rest, **named)
        elif isinstance(first, Exposure):
            ours = first._shared(*rest, **named)
            is_other = ours.image.dtype != self.dtype
            self._ours = copied(ours, self.dtype) if is_other else ours
        else:
            description = named.pop("wcs", named.pop("exposureInfo", None))
            if rest and (rest[-1] is None or hasattr(rest[-1], "astropy")):
                rest, description = rest[:-1], rest[-1]
            masked: Any = MaskedImage[self.dtype](first, *rest, **named)
            self._ours = masked._ours.replaced()
            if isinstance(description, Described):
                self._ours = with_description(self._ours, description.astropy)
            elif description is not None:
                self._metadata = Metadata(self._ours)
                self.setWcs(description)
        self._metadata = Metadata(self._ours)

    def _read(self, path: str, bbox: Any = None, origin: Any = PARENT, *_: Any) -> OurExposure:
        ours: OurExposure = imagefiles.read(path, self._kind, None, bbox, origin)
        if ours.mask is not None:
            ours.mask = maskplanes.conformed(ours.mask)
        return ours

    @property
    def _kind(self) -> str:
        return f"Exposure{letter_of(self.dtype, type(self)._by_letter)}"

    @classmethod
    def _over(cls, ours: OurExposure) -> Self:
        face = super()._over(ours)
        face._metadata = Metadata(ours)
        return face

    def __getstate__(self) -> dict[str, Any]:
        return {"_ours": self.astropy, "_planes": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._metadata = Metadata(self._ours)

    @property
    def astropy(self) -> OurExposure:
        """The exposure of ours, with changes of metadata and mask planes."""
        self._metadata.write_back()
        ours: OurExposure = Pixels.astropy.fget(self)  # type: ignore[attr-defined]
        return ours

    @classmethod
    def readFits(cls, *words: Any, **named: Any) -> Any:
        return cls(*words, **named)

    def writeFits(self, fileName: Any, *_: Any, **__: Any) -> None:
        imagefiles.write(self.astropy, fileName, self._kind)

    # -- pixels and description
    def getMaskedImage(self) -> Any:
        """Return image, mask and variance, which are shared."""
        kept = self._planes.get("masked")
        if kept is None or kept._ours is not self._ours:
            kept = self._planes["masked"] = MaskedImage.over(self._ours)
            kept._planes = self._planes
        return kept

    def setMaskedImage(self, maskedImage: Any) -> None:
        """Copy the pixels of another masked image, which has to have the same size."""
        if getattr(maskedImage, "_ours", None) is not self._ours:
            self.getMaskedImage().assign(maskedImage)

    maskedImage = property(getMaskedImage, setMaskedImage)

    def getInfo(self) -> ExposureInfo:
        return ExposureInfo.over(self._ours, self._metadata)

    def setInfo(self, exposureInfo: Described) -> None:
        self._ours = with_description(self._ours, exposureInfo.astropy)
        self._metadata, self._planes = Metadata(self._ours), {}

    info = property(getInfo, setInfo)

    def setXY0(self, *words: Any) -> None:
        """Move the exposure, and its WCS, so that each pixel keeps its sky position."""
        old = self.getXY0()
        wcs = self.getWcs()
        super().setXY0(*words)
        if wcs is not None:
            shift = Extent2D(self.getXY0() - old)
            self.setWcs(wcs.copyAtShiftedPixelOrigin(shift))

    # -- parts
    def __getitem__(self, index: Any) -> Self:
        part, is_pixel = part_of(index, self._ours.bbox)
        if is_pixel:
            raise TypeError(f"an exposure cannot be indexed by pixel {index}; use its maskedImage")
        return self._part(part)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.getMaskedImage()[index] = value.maskedImage if isinstance(value, Exposure) else value

    def subset(self, bbox: Any, origin: Any = PARENT) -> Self:
        return self[bbox, origin]

    def _part(self, part: Box) -> Self:
        self._metadata.write_back()
        return self._over(self._cut(part))

    def getCutout(self, center: Any, size: Any) -> Self:
        """Return a copy of the pixels around a position.

        Parameters
        ----------
        center : `SpherePoint` or `Point2D`
            The middle: in the sky, or in the pixels of the parent image.
        size : `Extent2I`
            Its width and height. Pixels outside the image are 0, with the flag NO_DATA.

        Raises
        ------
        LogicError
            If the exposure has no WCS.
        InvalidParameterError
            If the position is outside the image, or the size is not positive.
        """
        if hasattr(center, "getRa"):
            wcs = self.getWcs()
            if wcs is None:
                raise LogicError(
                    "a cutout around a position on the sky needs a WCS, which this exposure lacks"
                )
            pixel = wcs.skyToPixel(center)
        else:
            pixel = Point2D(center)
        x, y = pixel
        box = self._ours.bbox
        is_inside = (
            box.x0 - 0.5 <= x < box.x0 + box.width - 0.5
            and box.y0 - 0.5 <= y < box.y0 + box.height - 0.5
        )
        if not is_inside:
            raise InvalidParameterError(f"{center}, pixel {pixel}, is outside the image, {box}")
        width, height = size
        if width <= 0 or height <= 0:
            raise InvalidParameterError(f"the size of a cutout has to be positive, not {size}")
        corner = Point2I(Point2D(x - 0.5 * width + 0.5, y - 0.5 * height + 0.5))
        return self._filled(Box(corner[0], corner[1], width, height))

    def _filled(self, box: Box) -> Self:
        """Return a copy of the pixels of a box, of which some may be outside the image."""
        whole = self._ours.bbox
        x0, y0 = max(box.x0, whole.x0), max(box.y0, whole.y0)
        x1 = min(box.x0 + box.width, whole.x0 + whole.width)
        y1 = min(box.y0 + box.height, whole.y0 + whole.height)
        common = Box2I.of(Box(x0, y0, x1 - x0, y1 - y0))
        masked: Any = MaskedImage[self.dtype](Box2I.of(box))
        masked.mask.array[...] = maskplanes.bits_of("NO_DATA")
        masked[common].assign(self.getMaskedImage()[common])
        return self._over(with_description(masked._ours, self.astropy))

    def convertF(self) -> ExposureF:
        return ExposureF(self, True)

    def convertD(self) -> ExposureD:
        return ExposureD(self, True)

    def __repr__(self) -> str:
        return f"<lsst.afw.image.{type(self).__name__} of {self.getBBox()}>"


def with_description(pixels: OurExposure, described: OurExposure) -> OurExposure:
    """Return the pixels of one exposure with all that describes another one."""
    whole = described.replaced(image=pixels.image, mask=pixels.mask, variance=pixels.variance)
    (x, y), (old_x, old_y), (cut_x, cut_y) = pixels.origin, described.origin, described.cutout
    return whole.replaced(cutout=(cut_x + x - old_x, cut_y + y - old_y))


class ExposureF(Exposure, letter="F"):
    """An exposure of 32-bit floats."""


class ExposureD(Exposure, letter="D"):
    """An exposure of 64-bit floats."""


class ExposureI(Exposure, letter="I"):
    """An exposure of 32-bit integers."""


class ExposureL(Exposure, letter="L"):
    """An exposure of unsigned 64-bit integers."""


class ExposureU(Exposure, letter="U"):
    """An exposure of unsigned 16-bit integers."""


def makeExposure(mi: Any, wcs: Any = None) -> Any:
    """Return an exposure of a masked image, which is shared."""
    return Exposure[mi.dtype](mi, wcs)


def makeMaskedImage(image: Any, mask: Any = None, variance: Any = None) -> Any:
    """Return a masked image of an image, and perhaps a mask and a variance; they are shared."""
    return MaskedImage[image.dtype](image, mask, variance)


def makeImageFromArray(array: Any) -> Any:
    """Return an image of an array, which is shared."""
    return Image.over(array, 0, 0)


def makeMaskFromArray(array: Any) -> Any:
    """Return a mask of an array of integers."""
    return MaskX(np.asarray(array, np.int32), False)


def makeMaskedImageFromArrays(image: Any, mask: Any = None, variance: Any = None) -> Any:
    """Return a masked image of arrays, of which the image is shared."""
    flags = None if mask is None else makeMaskFromArray(mask)
    errors = None if variance is None else Image["F"](np.asarray(variance, np.float32), False)
    return makeMaskedImage(makeImageFromArray(image), flags, errors)
