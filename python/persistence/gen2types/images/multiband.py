"""Images of several bands as one, of which the pixels are (band, row, column)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from persistence.errors import did_you_mean
from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Point2D, Point2I
from persistence.gen2types.exceptions import LengthError
from persistence.gen2types.images.exposure import Exposure
from persistence.gen2types.images.image import Image
from persistence.gen2types.images.mask import MaskX
from persistence.gen2types.images.maskedimage import MaskedImage


class Multiband:
    """Objects of several bands, at the same position.

    Parameters
    ----------
    filters : sequence of `str`
        The bands.
    singles : sequence
        The object of each band.
    """

    def __init__(self, filters: Iterable[str], singles: Sequence[Any]) -> None:
        self._filters, self._singles = tuple(filters), tuple(singles)
        if len(self._filters) != len(self._singles):
            raise LengthError(f"{len(self._filters)} bands have {len(self._singles)} images")
        if len({str(single.getBBox()) for single in self._singles}) > 1:
            boxes = ", ".join(str(single.getBBox()) for single in self._singles)
            raise LengthError(f"the images of the bands do not lie at the same place: {boxes}")

    @property
    def filters(self) -> tuple[str, ...]:
        return self._filters

    bands = filters

    @property
    def singles(self) -> tuple[Any, ...]:
        return self._singles

    def getBBox(self) -> Box2I:
        box: Box2I = self._singles[0].getBBox()
        return box

    def getXY0(self) -> Point2I:
        return Point2I(self.getBBox().getMin())

    x0 = property(lambda self: self.getXY0()[0])
    y0 = property(lambda self: self.getXY0()[1])
    yx0 = property(lambda self: (self.y0, self.x0))

    @property
    def width(self) -> int:
        return int(self.getBBox().getWidth())

    @property
    def height(self) -> int:
        return int(self.getBBox().getHeight())

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self._filters), self.height, self.width

    def setXY0(self, xy0: Any) -> None:
        for single in self._singles:
            single.setXY0(xy0)

    def __len__(self) -> int:
        return len(self._filters)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._singles)

    def _positions(self, index: Any) -> Any:
        """Return the numbers of bands; one number for one band."""
        if isinstance(index, str):
            if index not in self._filters:
                raise KeyError(
                    f"there is no band {index!r}{did_you_mean(index, self._filters)}; there are "
                    f"{', '.join(self._filters)}"
                )
            return self._filters.index(index)
        if isinstance(index, slice):
            start, stop = (
                end if end is None or isinstance(end, int) else self._positions(end)
                for end in (index.start, index.stop)
            )
            return list(range(*slice(start, stop, index.step).indices(len(self))))
        if isinstance(index, Iterable):
            return [self._positions(item) for item in index]
        return range(len(self))[index]

    def __getitem__(self, index: Any) -> Any:
        """Return one band, or several, and perhaps a part of the image.

        The part is an index of an image: a box, or columns and rows in pixels of the parent. For
        a pixel, the values of all bands are returned.
        """
        bands, *part = index if isinstance(index, tuple) else (index,)
        if hasattr(bands, "getMinX"):
            bands, part = slice(None), [bands]
        positions = self._positions(bands)
        is_single = isinstance(positions, int)
        singles = [self._singles[each] for each in ([positions] if is_single else positions)]
        if part:
            is_columns = len(part) == 1 and isinstance(part[0], slice | int)
            where = (*part, slice(None)) if is_columns else tuple(part)
            singles = [single[where] for single in singles]
        if is_single:
            return singles[0]
        if part and not hasattr(singles[0], "getBBox"):
            return np.array(singles)
        return self._like([self._filters[each] for each in positions], singles)

    def _like(self, filters: list[str], singles: list[Any]) -> Self:
        return type(self)(filters, singles)

    def clone(self, deep: bool = True) -> Self:
        singles = [single.clone() for single in self._singles] if deep else self._singles
        return self._like(list(self._filters), list(singles))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, filters={self._filters}, bbox={self.getBBox()}>"


class _MultibandPlane(Multiband):
    """A plane of several bands, whose pixels are those of one array."""

    _kind: ClassVar[Any]

    def __init__(
        self,
        filters: Iterable[str],
        array: NDArray[Any] | None = None,
        bbox: Any = None,
        singles: Sequence[Any] | None = None,
    ) -> None:
        x0, y0 = (0, 0) if bbox is None else bbox.getMin()
        if array is None:
            array = np.stack([single.array for single in singles or ()])
            x0, y0 = (singles or ())[0].getXY0()
        self._array = array
        super().__init__(filters, [self._kind(plane, x0, y0) for plane in array])

    @property
    def array(self) -> NDArray[Any]:
        return self._array

    @array.setter
    def array(self, value: Any) -> None:
        self._array[...] = value

    @classmethod
    def fromImages(cls, filters: Iterable[str], images: Sequence[Any]) -> Self:
        return cls(filters, singles=images)

    def _like(self, filters: list[str], singles: list[Any]) -> Self:
        return type(self)(filters, singles=singles)

    def __setitem__(self, index: Any, value: Any) -> None:
        target = self[index]
        values = value.array if isinstance(value, _MultibandPlane) else value
        for number, single in enumerate(target if isinstance(target, Multiband) else [target]):
            pixels = values[number] if np.ndim(values) == 3 else values
            single.array[...] = getattr(pixels, "array", pixels)


class MultibandImage(_MultibandPlane):
    """Images of several bands.

    Parameters
    ----------
    filters : sequence of `str`
        The bands.
    array : array, shape (bands, rows, columns), optional
        The pixels, which are shared.
    bbox : `Box2I`, optional
        Their position.
    singles : sequence of `Image`, optional
        Images instead, whose pixels are copied.
    """

    _kind = staticmethod(Image.over)


class MultibandMask(_MultibandPlane):
    """Masks of several bands; for parameters see `MultibandImage`."""

    _kind = staticmethod(MaskX._over)

    @classmethod
    def fromMasks(cls, filters: Iterable[str], masks: Sequence[Any]) -> Self:
        return cls(filters, singles=masks)

    @staticmethod
    def getPlaneBitMask(names: Any) -> int:
        return MaskX.getPlaneBitMask(names)

    @staticmethod
    def getMaskPlane(name: str) -> int:
        return MaskX.getMaskPlane(name)

    @staticmethod
    def addMaskPlane(name: str) -> int:
        return MaskX.addMaskPlane(name)

    def getMaskPlaneDict(self) -> dict[str, int]:
        return MaskX(0, 0).getMaskPlaneDict()


class _MultibandPlanes(Multiband):
    """Several bands of objects with image, mask and variance."""

    @property
    def image(self) -> MultibandImage:
        return MultibandImage(self._filters, *self._stacked("image"))

    @property
    def mask(self) -> MultibandMask:
        return MultibandMask(self._filters, *self._stacked("mask"))

    @property
    def variance(self) -> MultibandImage:
        return MultibandImage(self._filters, *self._stacked("variance"))

    def _stacked(self, name: str) -> tuple[NDArray[Any], Box2I]:
        """Return a plane of all bands as one array, which from then on has the bands' pixels."""
        kept = self.__dict__.setdefault("_arrays", {})
        if name not in kept:
            kept[name] = np.stack([getattr(single, name).array for single in self._singles])
            for single, plane in zip(self._singles, kept[name], strict=True):
                single._replace(name, plane)
        return kept[name], self.getBBox()


class MultibandMaskedImage(_MultibandPlanes):
    """Masked images of several bands."""

    @classmethod
    def fromImages(cls, filters: Iterable[str], singles: Sequence[Any]) -> Self:
        return cls(filters, singles)

    @classmethod
    def fromArrays(
        cls, filters: Iterable[str], image: Any, mask: Any, variance: Any, bbox: Any = None
    ) -> Self:
        """Return masked images from arrays of all bands; None for no mask or variance."""
        singles = []
        x0, y0 = (0, 0) if bbox is None else bbox.getMin()
        for number, pixels in enumerate(image):
            flags = None if mask is None else np.asarray(mask[number], np.int32)
            errors = None if variance is None else np.asarray(variance[number], np.float32)
            plane = Image.over(pixels, x0, y0)
            singles.append(
                MaskedImage[plane.dtype](
                    plane,
                    None if flags is None else MaskX._over(flags, x0, y0),
                    None if errors is None else Image.over(errors, x0, y0),
                )
            )
        return cls(filters, singles)


class MultibandExposure(_MultibandPlanes):
    """Exposures of several bands.

    Parameters
    ----------
    filters : sequence of `str`
        The bands.
    singles : sequence of `Exposure`
        The exposures, which are shared.
    """

    @classmethod
    def fromExposures(cls, filters: Iterable[str], singles: Sequence[Any]) -> Self:
        return cls(filters, singles)

    @classmethod
    def fromArrays(
        cls, filters: Iterable[str], image: Any, mask: Any, variance: Any, bbox: Any = None
    ) -> Self:
        masked = MultibandMaskedImage.fromArrays(filters, image, mask, variance, bbox)
        return cls(masked.filters, [Exposure[band.dtype](band) for band in masked])

    @classmethod
    def fromButler(
        cls, butler: Any, bands: Iterable[str], filterKwargs: Any = None, *args: Any, **kwargs: Any
    ) -> Self:
        """Get an exposure of each band.

        Parameters
        ----------
        butler : `Butler`
            Where from.
        bands : sequence of `str`
            The bands, each of which is the ``filter`` of its data ID.
        filterKwargs : `dict`, optional
            What else differs: keyword of `Butler.get` -> `dict` of band -> value. It may be left
            out, as afw's last versions did.
        *args, **kwargs
            As of `Butler.get`.
        """
        bands = tuple(bands)
        if filterKwargs is not None and not isinstance(filterKwargs, Mapping):
            args, filterKwargs = (filterKwargs, *args), None
        differing = dict(filterKwargs or {})
        singles = []
        for band in bands:
            own = {name: values[band] for name, values in differing.items()}
            singles.append(butler.get(*args, **{"filter": band, **kwargs, **own}))
        return cls(bands, singles)

    @classmethod
    def fromKwargs(
        cls, filters: Iterable[str], filterKwargs: Any, singleType: Any = Exposure, **kwargs: Any
    ) -> Self:
        singles = [
            singleType(**{name: values[band] for name, values in filterKwargs.items()}, **kwargs)
            for band in filters
        ]
        return cls(filters, singles)

    def computePsfKernelImage(self, position: Any) -> MultibandImage:
        """Return the kernel of the PSF of each band at a position, in images of the same size."""
        return self._psf_image("computeKernelImage", position)

    def computePsfImage(self, position: Any = None) -> MultibandImage:
        """Return the PSF of each band at a position, in images of the same size."""
        return self._psf_image("computeImage", position)

    def _psf_image(self, method: str, position: Any) -> MultibandImage:
        where = () if position is None else (Point2D(position),)
        images = [getattr(single.getPsf(), method)(*where) for single in self._singles]
        whole = Box2I()
        for image in images:
            whole.include(image.getBBox())
        array = np.zeros((len(images), whole.getHeight(), whole.getWidth()))
        result = MultibandImage(self._filters, array, whole)
        for band, image in zip(result, images, strict=True):
            band[image.getBBox()].array[...] = image.array
        return result
