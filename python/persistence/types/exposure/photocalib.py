"""Photometric calibrations: from counts to fluxes and magnitudes (afw-files 1.8, 2.4)."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from persistence.errors import CalibrationError
from persistence.types.archives.archive import Load, Tables
from persistence.types.archives.tables import FLUX_NAME, FLUX_UNIT
from persistence.types.fields.boundedfield import Field, ProductField, constant

# The flux of magnitude 0 in the AB system: 10^(-48.6/2.5) erg/s/cm2/Hz (Oke & Gunn 1983), in nJy.
AB_FLUX = 10 ** (48.6 / -2.5) * 1e32
# The magnitude of 1 nJy: 31.4.
_OF_ONE = 2.5 * math.log10(AB_FLUX)
_MAGNITUDES = 2.5 / math.log(10)


# Units of counts; they differ, so that numbers cannot be converted from one to another.
_COUNTS = ("electron", "adu", "ct", "DN")


@dataclass(frozen=True)
class PhotoCalib:
    """The photometric calibration of an image: the flux of one count.

    Gen2's class is ``lsst.afw.image.PhotoCalib`` (doc/gen2/afw-files.md 2.4).

    Parameters
    ----------
    mean : `float`
        The flux of one count (nJy), averaged over the image.
    error : `float`, optional
        The standard deviation of ``mean`` (nJy).
    field : `Field` or `None`, optional
        A function of columns ``x`` and rows ``y`` of the parent image that returns the flux of one
        count (nJy); None if it is constant.
    flux_name : `str` or `None`, optional
        The column of fluxes that it applies to, such as
        ``base_CircularApertureFlux_12_0_instFlux``: other fluxes of the same star have other zero
        points. None if unknown, as in all files of afw.
    unit : `str` or `None`, optional
        The unit of the counts, such as ``electron``; None if unknown.

    Examples
    --------
    >>> from persistence.types.exposure.photocalib import PhotoCalib
    >>> calibration = PhotoCalib.from_zero_point(27.0)
    >>> round(float(calibration.to_magnitude(100.0)), 6)
    22.0
    """

    mean: float
    error: float = 0.0
    field: Field | None = None
    flux_name: str | None = None
    unit: str | None = None

    @classmethod
    def from_zero_point(
        cls,
        magnitude: float,
        error: float = 0.0,
        flux_name: str | None = None,
        unit: str | None = None,
    ) -> PhotoCalib:
        """Return the calibration with a zero point.

        Parameters
        ----------
        magnitude : `float`
            The AB magnitude of one count (mag).
        error : `float`, optional
            Its standard deviation (mag).
        flux_name : `str` or `None`, optional
            The column of fluxes that it applies to.
        unit : `str` or `None`, optional
            The unit of the counts.

        Returns
        -------
        `PhotoCalib`
            The calibration.
        """
        mean = 10 ** (0.4 * (_OF_ONE - magnitude))
        return cls(mean, mean * error / _MAGNITUDES, None, flux_name, unit)

    @classmethod
    def from_fluxmag0(cls, fluxmag0: float, error: float = 0.0) -> PhotoCalib | None:
        """Return the calibration in which a source of magnitude 0 has some counts.

        Parameters
        ----------
        fluxmag0 : `float`
            The counts. Old files have 0 if nothing was calibrated.
        error : `float`, optional
            Their standard deviation.

        Returns
        -------
        `PhotoCalib` or `None`
            The calibration; None for 0 counts.
        """
        return cls(AB_FLUX / fluxmag0, AB_FLUX * error / fluxmag0**2) if fluxmag0 > 0 else None

    @property
    def fluxmag0(self) -> float:
        """The counts of a source of magnitude 0."""
        return AB_FLUX / self.mean

    @property
    def fluxmag0_error(self) -> float:
        """The standard deviation of `fluxmag0`."""
        return AB_FLUX * self.error / self.mean**2

    @property
    def zero_point(self) -> float:
        """The AB magnitude of one count (mag), averaged over the image.

        It is infinite if a count has no flux, and NaN if the flux is negative or unknown.
        """
        if self.mean > 0:
            return _OF_ONE - 2.5 * math.log10(self.mean)
        return math.inf if self.mean == 0 else math.nan

    def factor(self, x: Any = None, y: Any = None) -> Any:
        """Return the flux of one count at positions.

        Parameters
        ----------
        x, y : number or array, optional
            Columns and rows in the parent image (pixels from 0).

        Returns
        -------
        number or array
            The flux (nJy).

        Raises
        ------
        CalibrationError
            If the calibration varies over the image, and there are no positions.
        """
        if self.field is None:
            return self.mean
        if x is None or y is None:
            raise CalibrationError(
                "the calibration varies over the image: pass positions, x and y, in the "
                f"parent's pixels; its mean, {self.mean:g} nJy per count, is PhotoCalib.mean"
            )
        return self.field(_pixels(x), _pixels(y))

    def to_flux(self, counts: Any, error: Any = None, x: Any = None, y: Any = None) -> Any:
        """Convert counts to fluxes.

        Parameters
        ----------
        counts : number, array, column or `~astropy.units.Quantity`
            The counts; numbers without a unit are in the unit of the calibration.
        error : like ``counts``, optional
            The standard deviation of ``counts``.
        x, y : number or array, optional
            Positions in the parent image (pixels; (0, 0) is the centre of the first one); needed if
            the calibration varies.

        Returns
        -------
        flux : number, array or `~astropy.units.Quantity`
            In nJy; with a unit if ``counts`` has one, masked where ``counts``, ``error`` or a
            position is. If ``error`` is given, a pair of the flux and its standard deviation,
            including that of the calibration.

        Raises
        ------
        CalibrationError
            If a quantity has another unit than the calibration's, or, if that is unknown, none of
            counts; or as for `factor`.
        """
        value, factor = self._bare(counts), self.factor(x, y)
        hidden = _hidden(counts, error, x, y)
        unit = "nJy" if _has_unit(counts) else None
        flux = value * factor
        if error is None:
            return _finished(flux, hidden, unit)
        # |flux| hypot(sigma / counts, error / factor), which also holds for 0 counts. Source:
        # afw-files 2.4.
        deviation = np.hypot(self._bare(error) * factor, value * self.error)
        return _finished(flux, hidden, unit), _finished(deviation, hidden, unit)

    def to_magnitude(self, counts: Any, error: Any = None, x: Any = None, y: Any = None) -> Any:
        """Convert counts to AB magnitudes.

        Negative counts result in NaN, and 0 counts in infinity.

        Parameters
        ----------
        counts, error, x, y : number or array
            As for `to_flux`.

        Returns
        -------
        magnitude : number, array or `~astropy.units.Quantity`
            In mag; if ``error`` is given, a pair of the magnitude and its standard deviation.

        Raises
        ------
        CalibrationError
            As for `to_flux`.
        """
        value, factor = np.asarray(self._bare(counts), dtype=float), self.factor(x, y)
        hidden, has_unit = _hidden(counts, error, x, y), _has_unit(counts)
        with np.errstate(divide="ignore", invalid="ignore"):
            magnitude = (_OF_ONE - 2.5 * np.log10(value * factor))[()]
            finished = _finished(magnitude, hidden, "ABmag" if has_unit else None)
            if error is None:
                return finished
            relative = np.hypot(self._bare(error) / value, self.error / factor)[()]
        return finished, _finished(_MAGNITUDES * relative, hidden, "mag" if has_unit else None)

    def _bare(self, counts: Any) -> Any:
        """Return counts without unit and mask, after a check of the unit."""
        if not _has_unit(counts):
            return counts if isinstance(counts, int | float) else np.asarray(counts)
        from astropy.units import Unit, UnitConversionError

        numbers = getattr(getattr(counts, "unmasked", counts), "value", counts)
        for known in (self.unit,) if self.unit else _COUNTS:
            try:
                scale = counts.unit.to(Unit(known))
            except UnitConversionError:
                continue
            return np.asarray(numbers) if scale == 1 else np.asarray(numbers) * scale
        raise CalibrationError(
            f"the calibration is for counts in {self.unit or ', '.join(_COUNTS)}, not for a "
            "quantity "
            f"in {counts.unit.to_string() or 'no unit'}"
        )

    def __str__(self) -> str:
        place = "" if self.field is None else " on average"
        flux = f" of {self.flux_name}" if self.flux_name else ""
        return f"zero point {self.zero_point:.4f} mag{flux}{place}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self}"

    # afw's names, for scripts written for them. Its conversions without a point use the mean.
    def getCalibrationMean(self) -> float:
        """Return the mean flux of one count (nJy)."""
        return self.mean

    def getCalibrationErr(self) -> float:
        """Return the standard deviation of the mean flux (nJy)."""
        return self.error

    def getInstFluxAtZeroMagnitude(self) -> float:
        """Return the counts of a source of magnitude 0."""
        return self.fluxmag0

    def instFluxToNanojansky(self, counts: Any) -> Any:
        """Convert counts to fluxes with the mean calibration, as afw does without a position.

        Parameters
        ----------
        counts : number or array
            The counts.

        Returns
        -------
        number or array
            The fluxes (nJy).
        """
        return replace(self, field=None).to_flux(counts)

    def instFluxToMagnitude(self, counts: Any) -> Any:
        """Convert counts to AB magnitudes with the mean calibration, as afw without a position.

        Parameters
        ----------
        counts : number or array
            The counts.

        Returns
        -------
        number or array
            The magnitudes (mag).
        """
        return replace(self, field=None).to_magnitude(counts)


class Calib(PhotoCalib):
    """A calibration under its name before 2019, for ``calexp_calib``."""

    @classmethod
    def of(cls, calibration: PhotoCalib) -> Calib:
        """Return a calibration as one of this class."""
        names = (field.name for field in fields(PhotoCalib))
        return cls(**{name: getattr(calibration, name) for name in names})


def _has_unit(value: Any) -> bool:
    return getattr(value, "unit", None) is not None


def _pixels(positions: Any) -> Any:
    """Return positions in pixels as plain numbers."""
    if _has_unit(positions) and str(positions.unit) not in ("pix", "pixel"):
        raise CalibrationError(f"positions x and y are in pixels, not in {positions.unit}")
    return np.asarray(getattr(getattr(positions, "unmasked", positions), "value", positions))


def _hidden(*columns: Any) -> Any:
    """Return where any of some columns is masked; None if none has a mask."""
    masks = [mask for column in columns if (mask := getattr(column, "mask", None)) is not None]
    return functools.reduce(np.logical_or, masks) if masks else None


def _finished(numbers: Any, hidden: Any, unit: str | None) -> Any:
    """Return numbers with a mask and a unit, if any."""
    if unit is None:
        return numbers if hidden is None else np.ma.array(numbers, mask=hidden)[()]
    from astropy import units

    quantity = numbers * getattr(units, unit)
    if hidden is None:
        return quantity
    from astropy.utils.masked import Masked

    return Masked(quantity, mask=np.broadcast_to(hidden, np.shape(numbers)))


def make(tables: Tables, load: Load) -> PhotoCalib:
    """Return the calibration of a table."""
    (table,) = tables
    # Before version 1 fluxes were in units of that of magnitude 0. Source: afw-files 2.4.
    scale = 1.0 if "version" in table and table["version"][0] > 0 else AB_FLUX
    field = None if table["isConstant"][0] else load(table["field"][0])
    # Our cards, which afw's files do not have.
    flux_name, unit = (table[key][0] if key in table else None for key in (FLUX_NAME, FLUX_UNIT))
    if field is not None and scale != 1.0:
        field = ProductField((constant(scale), field))
    mean, error = (float(table[f"calibration{part}"][0]) * scale for part in ("Mean", "Err"))
    return PhotoCalib(mean, error, field, flux_name, unit)


def make_old(tables: Tables, load: Load) -> PhotoCalib | None:
    """Return the calibration of a table of afw's former class Calib."""
    (table,) = tables
    errors = table.get("fluxmag0.err", table.get("fluxmag0_err", [0.0]))
    return PhotoCalib.from_fluxmag0(float(table["fluxmag0"][0]), float(errors[0]))
