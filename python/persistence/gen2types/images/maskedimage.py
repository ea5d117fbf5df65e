"""`MaskedImage` and its types: an image with its mask and variance."""

from __future__ import annotations

import os
from typing import Any, ClassVar, Self

import numpy as np

from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Extent2I, Point2I
from persistence.gen2types.face import Face
from persistence.gen2types.images import imagefiles, maskplanes
from persistence.gen2types.images.image import Image, ImageF
from persistence.gen2types.images.indexing import PARENT, inside, part_of
from persistence.gen2types.images.mask import Mask, MaskX
from persistence.gen2types.images.pixeltypes import PixelTypes, as_afw, letter_of
from persistence.gen2types.images.plane import Plane, check_size, first_words
from persistence.types.exposure.exposure import Exposure
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask as OurMask

_FIRST = ("bbox", "dimensions", "width", "rhs", "image", "fileName", "maskedImage")


class Pixels(Face[Exposure]):
    """The base of masked images and exposures: planes, position, parts, copies.

    Planes that an exposure does not have, mask or variance, are created as zeros, as in afw, when
    they are first accessed.
    """

    dtype: ClassVar[Any]
    _planes: dict[str, Any]

    @classmethod
    def of(cls, ours: Exposure) -> Any:
        """Return the face of an exposure, of the type of its pixels.

        The pixels are copied only if afw has none of their type, or the planes of the mask have
        other numbers than those of the process.
        """
        mask = None if ours.mask is None else maskplanes.conformed(ours.mask)
        image = as_afw(ours.image)
        variance = None if ours.variance is None else as_afw(ours.variance)
        before = (ours.image, ours.mask, ours.variance)
        if any(new is not old for new, old in zip((image, mask, variance), before, strict=True)):
            ours = ours.replaced(image=image, mask=mask, variance=variance)
        return cls.over(ours)

    @classmethod
    def over(cls, ours: Exposure) -> Any:
        """Return the face of an exposure that already has afw's planes."""
        family: Any = cls._family  # type: ignore[attr-defined]  # of the metaclass
        return family[letter_of(ours.image.dtype, family._by_letter)]._over(ours)

    @classmethod
    def _over(cls, ours: Exposure) -> Self:
        face = cls.__new__(cls)
        face._ours, face._planes = ours, {}
        return face

    @property
    def astropy(self) -> Exposure:
        """The exposure; its mask has every plane that masks have now."""
        mask = self._ours.mask
        if mask is not None:
            planes = self.mask.getMaskPlaneDict()
            if not planes.items() <= mask.planes.items():
                self._ours.mask = OurMask(mask.array, {**mask.planes, **planes})
        return self._ours

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_ours": self.astropy, "_planes": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        ours = self._ours
        if ours.mask is not None:
            self._ours = ours.replaced(mask=maskplanes.conformed(ours.mask))

    __eq__ = object.__eq__  # afw's images are equal to themselves only
    __hash__ = object.__hash__

    # -- planes
    def _plane(self, name: str) -> Any:
        """Return the face of a plane; the same one as long as its pixels are the same."""
        if name != "image" and getattr(self._ours, name) is None:
            imagefiles.planes_for(self._ours)
        pixels = getattr(self._ours, name)
        array = pixels.array if name == "mask" else as_afw(pixels)
        kept = self._planes.get(name)
        if kept is None or kept._array is not array or kept._xy0 != self._ours.origin:
            kind: Any = MaskX._over if name == "mask" else Image.over
            kept = self._planes[name] = kind(array, *self._ours.origin)
        return kept

    def _set_plane(self, name: str, value: Any) -> None:
        plane = self._plane(name)
        plane._assign(plane._array, value)

    def _replace(self, name: str, array: Any) -> None:
        """Set an array, which is shared, as the pixels of a plane."""
        self._plane(name)
        planes = self.mask.getMaskPlaneDict()
        setattr(self._ours, name, OurMask(array, planes) if name == "mask" else array)
        self._planes = {}

    def getImage(self) -> Any:
        return self._plane("image")

    def getMask(self) -> MaskX:
        mask: MaskX = self._plane("mask")
        return mask

    def getVariance(self) -> ImageF:
        variance: ImageF = self._plane("variance")
        return variance

    def setImage(self, image: Any) -> None:
        self._set_plane("image", image)

    def setMask(self, mask: Any) -> None:
        self._set_plane("mask", mask)

    def setVariance(self, variance: Any) -> None:
        self._set_plane("variance", variance)

    image = property(getImage, setImage)
    mask = property(getMask, setMask)
    variance = property(getVariance, setVariance)

    # -- place
    def getWidth(self) -> int:
        return self._ours.bbox.width

    def getHeight(self) -> int:
        return self._ours.bbox.height

    def getDimensions(self) -> Extent2I:
        return Extent2I(self.getWidth(), self.getHeight())

    def getX0(self) -> int:
        return self._ours.origin[0]

    def getY0(self) -> int:
        return self._ours.origin[1]

    def getXY0(self) -> Point2I:
        return Point2I(*self._ours.origin)

    def setXY0(self, *words: Any) -> None:
        x0, y0 = words if len(words) == 2 else Point2I(*words)
        ours = self._ours
        (old_x, old_y), (cut_x, cut_y) = ours.origin, ours.cutout
        ours.cutout = (cut_x + x0 - old_x, cut_y + y0 - old_y)

    def getBBox(self, origin: Any = PARENT) -> Box2I:
        box = self._ours.bbox
        return Box2I.of(box if origin == PARENT else Box(0, 0, box.width, box.height))

    width = property(getWidth)
    height = property(getHeight)

    # -- parts and copies
    @property
    def Factory(self) -> type[Self]:
        return type(self)

    def _cut(self, part: Box) -> Exposure:
        """Return a part, of which the arrays are views; the planes are there from then on."""
        imagefiles.planes_for(self._ours)
        return self._ours[part.shifted(*self._ours.origin)]

    def subset(self, bbox: Any, origin: Any = PARENT) -> Self:
        return self._over(self._cut(inside(bbox, self._ours.bbox, origin)))

    def clone(self) -> Self:
        return self._over(copied(self.astropy))

    def _shared(self, bbox: Any = None, origin: Any = PARENT, deep: bool | None = None) -> Exposure:
        """Return the result of afw's copy constructor: a view, a part, or a copy."""
        if isinstance(bbox, bool):
            bbox, deep = None, bbox
        part = self if bbox is None else self.subset(bbox, origin)
        return copied(part.astropy) if deep else part._ours.replaced()


def copied(ours: Exposure, dtype: Any = None) -> Exposure:
    """Return a copy of an exposure with pixels of its own, perhaps of another type."""
    parts: dict[str, Any] = {"image": ours.image.astype(dtype or ours.image.dtype)}
    if ours.mask is not None:
        parts["mask"] = OurMask(ours.mask.array.copy(), dict(ours.mask.planes))
    if ours.variance is not None:
        parts["variance"] = ours.variance.copy()
    for name in ("header", "primary"):
        header = getattr(ours, name)
        parts[name] = None if header is None else header.copy()
    return ours.replaced(**parts)


class MaskedImage(Pixels, metaclass=PixelTypes):
    """An image, flags of its pixels, and their variance.

    Parameters
    ----------
    *words, **named
        afw's arguments: a width and a height, an `Extent2I` or a `Box2I`; an image, and perhaps a
        mask and a variance, which are shared; another masked image, perhaps a box and an
        `ImageOrigin`, and ``deep`` (False); the path of a file, perhaps a box and an `ImageOrigin`.
    """

    _by_letter: ClassVar[dict[str, Any]] = {}

    def __init__(self, *words: Any, **named: Any) -> None:
        self._planes = {}
        first, *rest = first_words(words, named, _FIRST)
        if isinstance(first, str | os.PathLike):
            self._ours = self._read(os.fspath(first), *rest, **named)
        elif isinstance(first, Pixels):
            ours = first._shared(*rest, **named)
            is_other = ours.image.dtype != self.dtype
            self._ours = copied(ours, self.dtype) if is_other else ours
        elif isinstance(first, Image):
            self._ours = self._of_planes(first, *rest, **named)
        else:
            value = named.pop("initialValue", 0)
            box: Any = ImageF._family["U"](first, *rest, **named).getBBox()
            self._ours = self._of_planes(Image(box, value, dtype=self.dtype))

    def _read(
        self,
        path: str,
        metadata: Any = None,
        bbox: Any = None,
        origin: Any = PARENT,
        *_: Any,
        **__: Any,
    ) -> Exposure:
        kind = f"MaskedImage{letter_of(self.dtype, type(self)._by_letter)}"
        ours: Exposure = imagefiles.read(path, kind, None, bbox, origin)
        imagefiles.fill(metadata, ours.metadata)
        if ours.mask is not None:
            ours.mask = maskplanes.conformed(ours.mask)
        return ours

    def _of_planes(
        self, image: Image, mask: Mask | None = None, variance: Image | None = None
    ) -> Exposure:
        if isinstance(mask, bool):  # deep
            image, mask = image.clone() if mask else image, None
        if image.dtype != self.dtype:
            image = type(self)._image_type()(image, True)
        size = image._array.shape
        for plane in (mask, variance):
            if plane is not None:
                check_size(plane._array.shape, size)
        flags = MaskX(image.getBBox()) if mask is None else mask
        ours = imagefiles.exposure_of(
            image._array,
            (image._x0, image._y0),
            flags.astropy,
            np.zeros(size, np.float32) if variance is None else variance._array,
        )
        if image._header is not None:
            ours.header = image._header
            x0, y0 = ours.origin
            ours.cutout = (2 * image._x0 - x0, 2 * image._y0 - y0)
        return ours

    @classmethod
    def _image_type(cls) -> Any:
        return Image[cls.dtype]

    @classmethod
    def readFits(cls, *words: Any, **named: Any) -> Any:
        return cls(*words, **named)

    def writeFits(self, fileName: str, *_: Any, **__: Any) -> None:
        kind = f"MaskedImage{letter_of(self.dtype, type(self)._by_letter)}"
        imagefiles.write(self.astropy, fileName, kind)

    def getArrays(self) -> tuple[Any, Any, Any]:
        return self.image.array, self.mask.array, self.variance.array

    def set(self, *words: Any) -> None:
        """Set all pixels: their value, and perhaps flags and variance; or a tuple of the three."""
        values = words[0] if len(words) == 1 and isinstance(words[0], tuple) else words
        for plane, value in zip(self.getArrays(), (*values, 0, 0)[:3], strict=True):
            plane[...] = value

    def __getitem__(self, index: Any) -> Any:
        part, is_pixel = part_of(index, self._ours.bbox)
        if is_pixel:
            return tuple(plane[part.y0, part.x0].item() for plane in self.getArrays())
        return self._over(self._cut(part))

    def __setitem__(self, index: Any, value: Any) -> None:
        part, _ = part_of(index, self._ours.bbox)
        target = self._over(self._cut(part))
        if isinstance(value, Pixels):
            target.assign(value)
        elif isinstance(value, Image):
            target.image.assign(value)
        else:
            target.set(*value) if isinstance(value, tuple) else target.set(value)

    def assign(self, rhs: Pixels, bbox: Any = None, origin: Any = PARENT) -> None:
        for name in ("image", "mask", "variance"):
            self._plane(name).assign(rhs._plane(name), bbox, origin)

    # -- arithmetic in place: flags are joined, errors are taken to be independent
    def __iadd__(self, other: Any) -> Self:
        return self._summed(other, "__iadd__")

    def __isub__(self, other: Any) -> Self:
        return self._summed(other, "__isub__")

    def _summed(self, other: Any, verb: str) -> Self:
        getattr(self.image, verb)(_image(other))
        if isinstance(other, Pixels):
            self.mask.__ior__(other.mask)
            self.variance.__iadd__(other.variance)
        return self

    def scaledPlus(self, c: float, rhs: Any) -> None:
        self.image.scaledPlus(c, rhs.image)
        self.mask.__ior__(rhs.mask)
        self.variance.scaledPlus(c * c, rhs.variance)

    def scaledMinus(self, c: float, rhs: Any) -> None:
        self.scaledPlus(-c, rhs)

    def __imul__(self, other: Any) -> Self:
        return self._multiplied(other)

    def __itruediv__(self, other: Any) -> Self:
        return self._multiplied(other, divides=True)

    def _multiplied(self, other: Any, divides: bool = False) -> Self:
        value, factor, variance = self.image.array, _array(other), self.variance.array
        check_size(getattr(factor, "shape", value.shape) or value.shape, value.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            square = np.square(factor, dtype=np.float64)
            error = np.float32(0)
            if isinstance(other, Pixels):
                self.mask.__ior__(other.mask)
                error = np.square(value, dtype=np.float64) * other.variance.array
            if divides:
                # of a quotient a / b: (var a b^2 + a^2 var b) / b^4
                variance[...] = (variance * square + error) / np.square(square)
                self.image.__itruediv__(_image(other))
            else:
                variance[...] = variance * square + error
                self.image.__imul__(_image(other))
        return self

    def __str__(self) -> str:
        return "\n".join(f"{name}={self._plane(name)}" for name in ("image", "mask", "variance"))

    def __repr__(self) -> str:
        return f"lsst.afw.image.{type(self).__name__}=({self})"


def _image(other: Any) -> Any:
    return other.image if isinstance(other, Pixels) else other


def _array(other: Any) -> Any:
    image = _image(other)
    return image._array if isinstance(image, Plane) else np.asarray(image)


class MaskedImageF(MaskedImage, letter="F"):
    """A masked image of 32-bit floats."""


class MaskedImageD(MaskedImage, letter="D"):
    """A masked image of 64-bit floats."""


class MaskedImageI(MaskedImage, letter="I"):
    """A masked image of 32-bit integers."""


class MaskedImageL(MaskedImage, letter="L"):
    """A masked image of unsigned 64-bit integers."""


class MaskedImageU(MaskedImage, letter="U"):
    """A masked image of unsigned 16-bit integers."""
