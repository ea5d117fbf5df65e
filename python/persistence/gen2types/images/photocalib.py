"""`PhotoCalib`: instrumental fluxes to nanojanskys and AB magnitudes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.face import Face
from persistence.types.exposure.photocalib import AB_FLUX
from persistence.types.exposure.photocalib import PhotoCalib as OurCalib
from persistence.types.fields.boundedfield import ProductField, constant


@dataclass(frozen=True)
class Measurement:
    """A value and its standard deviation."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:g} +- {self.error:g}"


class PhotoCalib(Face[OurCalib]):
    """The flux of an instrumental flux of 1.

    Parameters
    ----------
    calibrationMean : `float`, optional
        The flux (nJy), on the mean of the image; 0 by default.
    calibrationErr : `float`, optional
        Its standard deviation.
    calibration : `BoundedField`, optional
        The flux at each pixel.
    isConstant : `bool`, optional
        Whether ``calibration`` is the same everywhere.
    bbox : `Box2I`, optional
        Where it holds; afw asks for it, and it changes nothing.
    """

    def __init__(
        self,
        calibrationMean: Any = 0.0,
        calibrationErr: float = 0.0,
        calibration: Any = None,
        isConstant: bool | None = None,
        bbox: Any = None,
    ) -> None:
        from persistence.gen2types import unwrap

        if hasattr(calibrationMean, "evaluate"):  # a field whose mean is its own
            calibration, calibrationMean = calibrationMean, calibrationMean.mean()
        is_box = hasattr(calibration, "getMinX")
        field = None if is_box or isConstant else unwrap(calibration)
        mean, error = float(calibrationMean), float(calibrationErr)
        if mean < 0 or error < 0:
            raise InvalidParameterError(f"a calibration of {mean} +- {error} is below 0")
        self._ours = OurCalib(mean, error, field)

    def getCalibrationMean(self) -> float:
        return self._ours.mean

    def getCalibrationErr(self) -> float:
        return self._ours.error

    def isConstant(self) -> bool:
        return self._ours.field is None

    _isConstant = property(isConstant)

    def getInstFluxAtZeroMagnitude(self) -> float:
        return self._ours.fluxmag0

    def getLocalCalibration(self, point: Any) -> float:
        """Return the calibration (nJy) at a pixel of the parent image."""
        return float(self._ours.factor(*point))

    # -- conversions
    def instFluxToNanojansky(self, *words: Any, **named: Any) -> Any:
        """Return a flux in nJy.

        Parameters
        ----------
        *words, **named
            An instrumental flux, perhaps its error, and perhaps a `Point2D` of the parent image,
            without which the mean holds; or a record or a catalog, and the field, of which
            ``_instFlux`` and ``_instFluxErr`` are read (and, of a catalog, perhaps a field whose
            ``_flux`` and ``_fluxErr`` are set).

        Returns
        -------
        flux : `float`, `Measurement` or array, shape (n, 2)
            The flux; with its error, if there is one; one row for each record of a catalog.
        """
        return self._converted(OurCalib.to_flux, "flux", words, named)

    def instFluxToMagnitude(self, *words: Any, **named: Any) -> Any:
        """Return an AB magnitude, NaN below 0.

        Parameters are those of `instFluxToNanojansky`; ``_mag`` and ``_magErr`` of a catalog are
        set.
        """
        return self._converted(OurCalib.to_magnitude, "mag", words, named)

    def _converted(
        self, convert: Any, quantity: str, words: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        words = (*words, *named.values())
        if len(words) > 1 and isinstance(words[1], str):
            return self._of_records(convert, quantity, *words)
        flux, *rest = words
        point = rest.pop() if rest and hasattr(rest[-1], "getX") else None
        error = rest[0] if rest else None
        calib = self._ours if point is not None else replace(self._ours, field=None)
        position = {} if point is None else {"x": point[0], "y": point[1]}
        result = convert(calib, flux, error, **position)
        if error is None:
            return result if np.ndim(result) else float(result)
        if np.ndim(result[0]):
            return np.column_stack(result)
        return Measurement(*map(float, result))

    def _of_records(
        self, convert: Any, quantity: str, records: Any, field: str, outField: str | None = None
    ) -> Any:
        is_record = not (hasattr(records, "isContiguous") or hasattr(records, "colnames"))
        flux, error = (
            records[f"{field}_{name}"] if is_record else _column(records, f"{field}_{name}")
            for name in ("instFlux", "instFluxErr")
        )
        position = (
            {} if self._ours.field is None else dict(zip("xy", _centroid(records), strict=True))
        )
        values = convert(self._ours, flux, error, **position)
        if is_record:
            return Measurement(*map(float, values))
        if outField is not None:
            for name, column in zip((quantity, f"{quantity}Err"), values, strict=True):
                records[f"{outField}_{name}"] = column
            return None
        return np.column_stack(values)

    def magnitudeToInstFlux(self, magnitude: Any, point: Any = None) -> Any:
        """Return the instrumental flux of an AB magnitude, at a point or on the mean."""
        factor = self._ours.mean if point is None else self._ours.factor(*point)
        flux = 10.0 ** (-0.4 * np.asarray(magnitude, float)) * AB_FLUX / factor
        return flux if np.ndim(flux) else float(flux)

    def calibrateImage(self, maskedImage: Any, includeScaleUncertainty: bool = True) -> Any:
        """Return a copy of a masked image in nJy.

        Parameters
        ----------
        maskedImage : `MaskedImage`
            In instrumental fluxes.
        includeScaleUncertainty : `bool`
            Whether the variance has that of the calibration, too.
        """
        result = maskedImage.clone()
        counts, error = result.image.array.astype(np.float64), self._ours.error
        factor = self._ours.factor(*_pixels_of(result.getBBox()))
        result.image.array[...] = counts * factor
        scale = counts * error if includeScaleUncertainty else 0.0
        result.variance.array[...] = result.variance.array * np.square(factor) + np.square(scale)
        return result

    def calibrateCatalog(self, catalog: Any, instFluxFields: Any = None) -> Any:
        """Return a copy of a catalog with fluxes (nJy) and magnitudes of some or all fields.

        Of the field ``base_PsfFlux`` the columns are ``base_PsfFlux_flux``, ``_fluxErr``, ``_mag``
        and ``_magErr``.
        """
        from persistence.gen2types.images.calibrated import calibrated

        return calibrated(self, catalog, instFluxFields)

    def computeScaledCalibration(self) -> Any:
        """Return the calibration at each pixel over its mean, as a `BoundedField`."""
        from persistence.gen2types import wrap

        field: Any = constant(1.0)
        if self._ours.field is not None:
            field = ProductField((constant(1 / self._ours.mean), self._ours.field))
        return wrap(field)

    # -- files
    @classmethod
    def readFits(cls, fileName: Any) -> Self:
        """Read a calibration that has a file of its own."""
        from persistence.formatters import archived
        from persistence.gen2types.images.imagefiles import location_of

        return cls.of(archived.read(location_of(str(fileName), "PhotoCalib")))

    def writeFits(self, fileName: Any) -> None:
        from persistence.files import atomic
        from persistence.formatters import archived
        from persistence.gen2types.images.imagefiles import location_of

        with atomic.atomic_write(str(fileName), durable=False) as temporary:
            archived.write(self._ours, temporary, location_of(str(fileName), "PhotoCalib"))

    def __hash__(self) -> int:
        return hash((self._ours.mean, self._ours.error))

    def __str__(self) -> str:
        varies = "spatially constant" if self._ours.field is None else f"{self._ours.field}"
        return f"{varies} with mean: {self._ours.mean:g} error: {self._ours.error:g}"

    __repr__ = __str__


def _column(catalog: Any, name: str) -> NDArray[Any]:
    """Return a column of a catalog, also of one whose records are not in one piece of memory."""
    if hasattr(catalog, "isContiguous") and not catalog.isContiguous():
        return np.array([record[name] for record in catalog])
    return np.asarray(catalog[name])


def _centroid(records: Any) -> tuple[Any, Any]:
    if hasattr(records, "isContiguous") and not records.isContiguous():
        x, y = zip(*((record.getX(), record.getY()) for record in records), strict=True)
        return np.array(x), np.array(y)
    return records.getX(), records.getY()


def _pixels_of(bbox: Any) -> tuple[Any, Any]:
    """Return columns and rows of all pixels of a box, which numpy broadcasts."""
    x = np.arange(bbox.getWidth(), dtype=float) + bbox.getMinX()
    y = np.arange(bbox.getHeight(), dtype=float) + bbox.getMinY()
    return x[np.newaxis, :] + 0 * y[:, np.newaxis], y[:, np.newaxis] + 0 * x[np.newaxis, :]


def makePhotoCalibFromCalibZeroPoint(
    instFluxMag0: float, instFluxMag0Err: float = 0.0
) -> PhotoCalib:
    """Return the calibration by which a source of magnitude 0 has an instrumental flux."""
    mean = AB_FLUX / instFluxMag0
    return PhotoCalib(mean, mean * instFluxMag0Err / instFluxMag0)


def makePhotoCalibFromMetadata(metadata: Any, strip: bool = False) -> PhotoCalib | None:
    """Return the calibration of the cards FLUXMAG0 and FLUXMAG0ERR; None without them."""
    names = [name for name in ("FLUXMAG0", "FLUXMAG0ERR") if name in metadata]
    if "FLUXMAG0" not in names:
        return None
    calib = makePhotoCalibFromCalibZeroPoint(*(float(metadata[name]) for name in names))
    for name in names if strip else ():
        metadata.remove(name)
    return calib
