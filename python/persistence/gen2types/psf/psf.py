"""`Psf`: the methods of all point spread functions, by the names of ``lsst.afw.detection``."""

from __future__ import annotations

from typing import Any, TypeVar

from persistence.errors import FormatterError
from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Extent2I, Point2D
from persistence.gen2types.ellipses import Quadrupole
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.face import Face
from persistence.gen2types.images.image import Image
from persistence.gen2types.psf import aperture
from persistence.gen2types.psf.kernel import FixedKernel
from persistence.types.psf.kernels import FixedKernel as OurKernel
from persistence.types.psf.psfimage import Psf as OurPsf
from persistence.types.psf.psfimage import PsfImage

T = TypeVar("T", bound=OurPsf)


class Psf(Face[T]):
    """The image of a point source, at each position of an image.

    Positions are `Point2D`, in pixels of the parent image; by default, the average position is
    used. Colours, which afw's methods accept, are ignored.
    """

    def computeImage(self, position: Any = None, color: Any = None, owner: Any = None) -> Any:
        """Return the image of a point source, at its position in the parent image: an `ImageD`.

        Raises
        ------
        InvalidParameterError
            If there is no PSF at the position.
        """
        return self._image(self._ours.image, position)

    def computeKernelImage(self, position: Any = None, color: Any = None, owner: Any = None) -> Any:
        """Return the image of a point in the middle of pixel (0, 0), of sum 1; see above."""
        return self._image(self._ours.kernel_image, position)

    def _image(self, compute: Any, position: Any) -> Any:
        computed = self._computed(compute, position)
        return Image.over(computed.array.copy(), computed.bbox.x0, computed.bbox.y0)

    def _computed(self, compute: Any, position: Any) -> Any:
        x, y = (None, None) if position is None else (float(position[0]), float(position[1]))
        try:
            return compute(x, y)
        except FormatterError as error:
            raise InvalidParameterError(f"{type(self).__name__}: {error}") from error

    def _kernel(self, position: Any) -> PsfImage:
        kernel: PsfImage = self._computed(self._ours.kernel_image, position)
        return kernel

    def computeShape(self, position: Any = None, color: Any = None) -> Quadrupole:
        """Return the adaptive moments (square pixels) of the PSF."""
        moments = self._computed(self._ours.moments, position)
        return Quadrupole(*(float(moments[element]) for element in ((0, 0), (1, 1), (0, 1))))

    def computeApertureFlux(self, radius: float, position: Any = None, color: Any = None) -> float:
        """Return the part of the flux of a point that is in a circle of a radius (pixels)."""
        kernel = self._kernel(position)
        return aperture.flux(kernel.array, kernel.bbox.x0, kernel.bbox.y0, float(radius))

    def computePeak(self, position: Any = None, color: Any = None) -> float:
        """Return the value of the pixel in the middle of the kernel's image."""
        kernel = self._kernel(position)
        return float(kernel.array[-kernel.bbox.y0, -kernel.bbox.x0])

    def computeBBox(self, position: Any = None, color: Any = None) -> Box2I:
        """Return the box of the kernel's image, with the centre of the PSF at pixel (0, 0)."""
        return Box2I.of(self._kernel(position).bbox)

    computeKernelBBox = computeBBox

    def computeImageBBox(self, position: Any = None, color: Any = None) -> Box2I:
        """Return the pixels of the image, in the parent image."""
        return Box2I.of(self._computed(self._ours.image, position).bbox)

    def getLocalKernel(self, position: Any = None, color: Any = None) -> FixedKernel:
        """Return the kernel's image as a kernel."""
        kernel = self._kernel(position)
        return FixedKernel.of(OurKernel(kernel.bbox, kernel.array))

    getKernel = getLocalKernel

    def getAveragePosition(self) -> Point2D:
        return Point2D(*self._ours.average_position)

    def getAverageColor(self) -> None:
        return None

    def getDimensions(self) -> Extent2I:
        return self.computeBBox().getDimensions()  # type: ignore[no-any-return]  # geom's own

    def clone(self) -> Any:
        return type(self).of(self._ours)

    def isPersistable(self) -> bool:
        return True

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._ours!r})"
