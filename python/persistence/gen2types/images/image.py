"""`Image` and its types `ImageF`, `ImageD`, `ImageI`, `ImageL`, `ImageU`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types import wrap
from persistence.gen2types.face import Face
from persistence.gen2types.images import imagefiles
from persistence.gen2types.images.indexing import PARENT
from persistence.gen2types.images.pixeltypes import PixelTypes, as_afw, letter_of
from persistence.gen2types.images.plane import Plane, check_size
from persistence.types.exposure.fromheader import xy0


class Image(Plane, metaclass=PixelTypes):
    """Pixels of one type, with their position in a parent image; for parameters see `Plane`."""

    _by_letter: ClassVar[dict[str, Any]] = {}
    _header: Any = None

    @classmethod
    def of(cls, ours: Any) -> Any:
        """Return the face of an array, or of an `Exposure` that was read as a plain image."""
        if isinstance(ours, np.ndarray):
            return cls.over(as_afw(ours), 0, 0)
        image = cls.over(as_afw(ours.image), *ours.origin)
        image._header = ours.metadata
        return image

    @classmethod
    def over(cls, array: NDArray[Any], x0: int, y0: int) -> Any:
        """Return the image that shares an array, of the array's type."""
        return cls._family[letter_of(array.dtype, cls._family._by_letter)]._over(array, x0, y0)

    @property
    def astropy(self) -> Any:
        """The image as an `Exposure` without mask and variance, at the same position."""
        x0, y0 = (0, 0) if self._header is None else xy0(self._header)
        exposure = imagefiles.exposure_of(self._array, (self._x0 - x0, self._y0 - y0))
        return exposure if self._header is None else exposure.replaced(header=self._header)

    def _read(
        self,
        path: str,
        hdu: int | None = None,
        metadata: Any = None,
        bbox: Any = None,
        origin: Any = PARENT,
        allowUnsafe: bool = False,
    ) -> None:
        kind = f"Image{letter_of(self.dtype, type(self)._by_letter)}"
        ours = imagefiles.read(path, kind, hdu, bbox, origin)
        imagefiles.fill(metadata, ours.metadata)
        self._array, (self._x0, self._y0) = ours.image, ours.origin
        self._header = ours.metadata

    @classmethod
    def readFits(cls, *words: Any, **named: Any) -> Any:
        return cls(*words, **named)

    def writeFits(self, fileName: str, metadata: Any = None, mode: str = "w") -> None:
        imagefiles.write(self.astropy, fileName, f"Image{self._letter}", metadata, mode)

    def _cards(self) -> Any:
        """Return the header that the image was read with, or an empty one."""
        return self.astropy.header if self._header is None else self._header

    @property
    def _letter(self) -> str:
        return letter_of(self.dtype, type(self)._by_letter)

    # -- arithmetic in place
    def _operand(self, other: Any) -> Any:
        if isinstance(other, Plane):
            check_size(other._array.shape, self._array.shape)
            return other._array
        return other

    def _combined(self, combine: Callable[..., Any], other: Any) -> Self:
        combine(self._array, self._operand(other), out=self._array, casting="same_kind")
        return self

    def __iadd__(self, other: Any) -> Self:
        return self._combined(np.add, other)

    def __isub__(self, other: Any) -> Self:
        return self._combined(np.subtract, other)

    def __imul__(self, other: Any) -> Self:
        return self._combined(np.multiply, other)

    def __itruediv__(self, other: Any) -> Self:
        if self._array.dtype.kind == "f":
            return self._combined(np.true_divide, other)
        # whole numbers are divided as in C++, towards 0
        self._array[...] = np.trunc(self._array / self._operand(other)).astype(self._array.dtype)
        return self

    def scaledPlus(self, c: float, rhs: Image) -> None:
        check_size(rhs._array.shape, self._array.shape)
        self._array += self._array.dtype.type(c) * rhs._array

    def scaledMinus(self, c: float, rhs: Image) -> None:
        self.scaledPlus(-c, rhs)

    def scaledMultiplies(self, c: float, rhs: Image) -> None:
        check_size(rhs._array.shape, self._array.shape)
        self._array *= self._array.dtype.type(c) * rhs._array

    def scaledDivides(self, c: float, rhs: Image) -> None:
        check_size(rhs._array.shape, self._array.shape)
        self._array /= self._array.dtype.type(c) * rhs._array

    def sqrt(self) -> None:
        np.sqrt(self._array, out=self._array)

    # -- images of other types
    def convertF(self) -> ImageF:
        return ImageF(self, True)

    def convertD(self) -> ImageD:
        return ImageD(self, True)

    convertFloat = convertF
    convertDouble = convertD


class ImageF(Image, letter="F"):
    """An image of 32-bit floats."""


class ImageD(Image, letter="D"):
    """An image of 64-bit floats."""


class ImageI(Image, letter="I"):
    """An image of 32-bit integers."""


class ImageL(Image, letter="L"):
    """An image of unsigned 64-bit integers."""


class ImageU(Image, letter="U"):
    """An image of unsigned 16-bit integers."""


class DecoratedImage(Face[Any], metaclass=PixelTypes):
    """An image and its header, as raw images were read.

    Parameters
    ----------
    *words, **named
        As of `Image`; an image is shared.
    """

    _by_letter: ClassVar[dict[str, Any]] = {}
    dtype: ClassVar[Any]
    _image: Any
    _metadata: Any = None

    def __init__(self, *words: Any, **named: Any) -> None:
        is_image = len(words) == 1 and isinstance(words[0], Image)
        self._image = words[0] if is_image else Image[self.dtype](*words, **named)

    @classmethod
    def of(cls, ours: Any) -> Any:
        image = Image.of(ours)
        return cls._family[letter_of(image.dtype, cls._family._by_letter)](image)

    @property
    def astropy(self) -> Any:
        return self._image.astropy

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def getImage(self) -> Any:
        return self._image

    image = property(getImage)

    def getMetadata(self) -> Any:
        if self._metadata is None:
            self._metadata = wrap(self._image._cards())
        return self._metadata

    def setMetadata(self, metadata: Any) -> None:
        self._metadata = metadata

    def getWidth(self) -> int:
        return int(self._image.getWidth())

    def getHeight(self) -> int:
        return int(self._image.getHeight())

    def getX0(self) -> int:
        return int(self._image.getX0())

    def getY0(self) -> int:
        return int(self._image.getY0())

    def getDimensions(self) -> Any:
        return self._image.getDimensions()

    def writeFits(self, fileName: str, metadata: Any = None, mode: str = "w") -> None:
        self._image.writeFits(fileName, metadata or self._metadata, mode)


class DecoratedImageF(DecoratedImage, letter="F"):
    """An image of 32-bit floats with its header."""


class DecoratedImageD(DecoratedImage, letter="D"):
    """An image of 64-bit floats with its header."""


class DecoratedImageI(DecoratedImage, letter="I"):
    """An image of 32-bit integers with its header."""


class DecoratedImageL(DecoratedImage, letter="L"):
    """An image of unsigned 64-bit integers with its header."""


class DecoratedImageU(DecoratedImage, letter="U"):
    """An image of unsigned 16-bit integers with its header."""
