"""`Mask`, whose bits have names, and its only type `MaskX`."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.images import imagefiles, maskplanes
from persistence.gen2types.images.indexing import PARENT
from persistence.gen2types.images.pixeltypes import PixelTypes
from persistence.gen2types.images.plane import Plane, check_size
from persistence.types.pixels.mask import Mask as OurMask

MaskPixel = np.int32


class Mask(Plane, metaclass=PixelTypes):
    """Flags of pixels; for parameters see `Plane`. All masks share one dictionary of planes."""

    _by_letter: ClassVar[dict[str, Any]] = {}
    _hidden: frozenset[str] = frozenset()  # planes that were removed from this mask only

    @classmethod
    def of(cls, ours: OurMask) -> Any:
        """Return the face of a mask; the pixels are copied only where planes have other numbers."""
        return MaskX._over(maskplanes.conformed(ours).array, 0, 0)

    @property
    def astropy(self) -> OurMask:
        """The mask with the names of its bits, without its position."""
        return OurMask(self._array, self.getMaskPlaneDict())

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "planes": self.getMaskPlaneDict()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        planes = state.pop("planes")
        self.__dict__.update(state)
        self._array = maskplanes.conformed(OurMask(self._array, planes)).array

    def _read(
        self,
        path: str,
        hdu: int | None = None,
        metadata: Any = None,
        bbox: Any = None,
        origin: Any = PARENT,
        *_: Any,
        **__: Any,
    ) -> None:
        ours, (x0, y0), header = imagefiles.read_mask(path, hdu)
        imagefiles.fill(metadata, header)
        whole = self._over(maskplanes.conformed(ours).array, x0, y0)
        part = whole if bbox is None else whole.subset(bbox, origin)
        self._array, self._x0, self._y0 = part._array, part._x0, part._y0

    @classmethod
    def readFits(cls, *words: Any, **named: Any) -> Any:
        return cls(*words, **named)

    def writeFits(self, fileName: str, *_: Any, **__: Any) -> None:
        imagefiles.write_mask(self.astropy, (self._x0, self._y0), fileName)

    # -- the dictionary of planes
    @staticmethod
    def addMaskPlane(name: str) -> int:
        return maskplanes.add(name)

    @staticmethod
    def removeMaskPlane(name: str) -> None:
        maskplanes.remove(name)

    @staticmethod
    def getMaskPlane(name: str) -> int:
        return maskplanes.bit_of(name)

    @staticmethod
    def getPlaneBitMask(name: Any) -> int:
        return maskplanes.bits_of(name)

    @staticmethod
    def getNumPlanesMax() -> int:
        return maskplanes.BITS

    @staticmethod
    def getNumPlanesUsed() -> int:
        return len(maskplanes.planes())

    def getMaskPlaneDict(self) -> dict[str, int]:
        return {name: bit for name, bit in maskplanes.planes().items() if name not in self._hidden}

    def addMaskPlanesFromDict(self, planes: Any) -> None:
        for name in planes:
            maskplanes.add(name)

    def conformMaskPlanes(self, masterPlaneDict: Any) -> None:
        """Change the bits of pixels from the numbers of a dictionary to those of all masks."""
        self._array[...] = maskplanes.conformed(OurMask(self._array, dict(masterPlaneDict))).array

    def printMaskPlanes(self) -> None:
        for name, bit in self.getMaskPlaneDict().items():
            print(f"Plane {bit} -> {name}")

    # -- pixels
    def interpret(self, value: int) -> str:
        """Return the names of the planes of a pixel value, joined by commas."""
        planes = sorted(self.getMaskPlaneDict().items(), key=lambda plane: plane[1])
        return ",".join(name for name, bit in planes if int(value) >> bit & 1)

    def getAsString(self, x: int, y: int) -> str:
        return self.interpret(self._array[y, x])

    def clearMaskPlane(self, plane: int) -> None:
        self._array &= ~self._bit(plane)

    def clearAllMaskPlanes(self) -> None:
        self._array[...] = 0

    def removeAndClearMaskPlane(self, name: str, removeFromDefault: bool = False) -> None:
        self.clearMaskPlane(maskplanes.bit_of(name))
        if removeFromDefault:
            maskplanes.remove(name)
        else:
            self._hidden |= {name}

    def setMaskPlaneValues(self, plane: int, x0: int, x1: int, y: int) -> None:
        self._array[y, x0 : x1 + 1] |= self._bit(plane)

    @staticmethod
    def _bit(plane: int) -> Any:
        if not 0 <= plane < maskplanes.BITS:
            raise InvalidParameterError(f"plane {plane} is not one of 0 to {maskplanes.BITS - 1}")
        return np.uint32(1 << plane).view(np.int32)

    def __contains__(self, name: str) -> bool:
        return name in self.getMaskPlaneDict()

    def _flags(self, other: Any) -> NDArray[Any] | int:
        if isinstance(other, Plane):
            check_size(other._array.shape, self._array.shape)
            return other._array
        value = int(other)
        return value - (1 << maskplanes.BITS) if value >> (maskplanes.BITS - 1) == 1 else value

    def __ior__(self, other: Any) -> Self:
        self._array |= self._flags(other)
        return self

    def __iand__(self, other: Any) -> Self:
        self._array &= self._flags(other)
        return self

    def __ixor__(self, other: Any) -> Self:
        self._array ^= self._flags(other)
        return self

    def __str__(self) -> str:
        return f"{super().__str__()}, maskPlaneDict={self.getMaskPlaneDict()}"


class MaskX(Mask, letter="X"):
    """A mask of 32-bit integers."""
