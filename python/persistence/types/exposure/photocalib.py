"""Photometric calibrations: counts to fluxes and magnitudes (facts in afw-files 1.8 and 2.4)."""

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


# Units in which detectors count; one is not another, so that a number in one cannot be converted.
_COUNTS = ("electron", "adu", "ct", "DN")


@dataclass(frozen=True)
class PhotoCalib:
    """The flux that one count stands for.

    Attributes
    ----------
    mean : `float`
        The flux of one count (nJy), on the mean of the image.
    error : `float`
        The standard deviation of ``mean`` (nJy).
    field : callable, optional
        The flux of one count (nJy) at columns ``x`` and rows ``y`` of the parent image;
        None if it is the same everywhere.
    flux_name : `str` or None
        The column of fluxes that it holds for, such as ``base_CircularApertureFlux_12_0_instFlux``:
        another flux of the same star has another zero point. None if that is not known, as of all
        files of afw.
    unit : `str` or None
        The unit of the counts, such as ``electron``; None if it is not known.
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
        """Return the calibration of which one count has a magnitude (mag, AB) +- ``error``."""
        mean = 10 ** (0.4 * (_OF_ONE - magnitude))
        return cls(mean, mean * error / _MAGNITUDES, None, flux_name, unit)

    @classmethod
    def from_fluxmag0(cls, fluxmag0: float, error: float = 0.0) -> PhotoCalib | None:
        """Make the calibration of which a source of magnitude 0 has so many counts.

        None for 0 counts.

        Old files say 0 where nothing was calibrated.
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
        """The magnitude of one count (mag, AB), on the mean of the image.

        Infinity if a count is worth nothing, and NaN if it is worth less, or that is not known.
        """
        if self.mean > 0:
            return _OF_ONE - 2.5 * math.log10(self.mean)
        return math.inf if self.mean == 0 else math.nan

    def factor(self, x: Any = None, y: Any = None) -> Any:
        """Return the flux of one count (nJy) at columns ``x`` and rows ``y`` of the parent image.

        Raises
        ------
        CalibrationError
            If the calibration varies over the image, and there are no positions.
        """
        if self.field is None:
            return self.mean
        if x is None or y is None:
            raise CalibrationError(
                "the calibration varies over the image: it needs positions, x and y, in the "
                f"parent's pixels; its mean, {self.mean:g} nJy a count, is PhotoCalib.mean"
            )
        return self.field(_pixels(x), _pixels(y))

    def to_flux(self, counts: Any, error: Any = None, x: Any = None, y: Any = None) -> Any:
        """Turn counts into fluxes.

        Parameters
        ----------
        counts : number, array, column or `~astropy.units.Quantity`
            What was measured. A number without a unit is taken to be in the unit of the
            calibration.
        error : like ``counts``, optional
            The standard deviation of ``counts``.
        x, y : number or array, optional
            Where, in the pixel numbers of the parent image, (0, 0) in the middle of its first
            pixel; needed if the calibration varies.

        Returns
        -------
        flux : number, array or `~astropy.units.Quantity`
            In nJy; with a unit if ``counts`` has one, masked where ``counts``, ``error`` or a
            position is. If ``error`` is given, a pair of the flux and its standard deviation, that
            of the calibration included.

        Raises
        ------
        CalibrationError
            If a quantity is in another unit than the calibration's, or, where that is not known,
            in none in which detectors count; or as `factor` says.
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
        """Turn counts into AB magnitudes; all else is as `to_flux` has it, in mag.

        Counts below 0 have no magnitude: they give NaN, and 0 counts infinity.
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
        """Return counts without their unit, if it is the right one, and without their mask."""
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
            f"the calibration is of counts in {self.unit or ', '.join(_COUNTS)}, not of a quantity "
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
        return self.mean

    def getCalibrationErr(self) -> float:
        return self.error

    def getInstFluxAtZeroMagnitude(self) -> float:
        return self.fluxmag0

    def instFluxToNanojansky(self, counts: Any) -> Any:
        return replace(self, field=None).to_flux(counts)

    def instFluxToMagnitude(self, counts: Any) -> Any:
        return replace(self, field=None).to_magnitude(counts)


class Calib(PhotoCalib):
    """A calibration by its name of before 2019: what ``calexp_calib`` is."""

    @classmethod
    def of(cls, calibration: PhotoCalib) -> Calib:
        """Return the same calibration by this name."""
        names = (field.name for field in fields(PhotoCalib))
        return cls(**{name: getattr(calibration, name) for name in names})


def _has_unit(value: Any) -> bool:
    return getattr(value, "unit", None) is not None


def _pixels(positions: Any) -> Any:
    """Return positions in pixels as numbers."""
    if _has_unit(positions) and str(positions.unit) not in ("pix", "pixel"):
        raise CalibrationError(f"positions x and y are in pixels, not in {positions.unit}")
    return np.asarray(getattr(getattr(positions, "unmasked", positions), "value", positions))


def _hidden(*columns: Any) -> Any:
    """Return where any of some columns is masked; None if none of them has a mask."""
    masks = [mask for column in columns if (mask := getattr(column, "mask", None)) is not None]
    return functools.reduce(np.logical_or, masks) if masks else None


def _finished(numbers: Any, hidden: Any, unit: str | None) -> Any:
    """Return numbers with the mask and the unit that they have, if any."""
    if unit is None:
        return numbers if hidden is None else np.ma.array(numbers, mask=hidden)[()]
    from astropy import units

    quantity = numbers * getattr(units, unit)
    if hidden is None:
        return quantity
    from astropy.utils.masked import Masked

    return Masked(quantity, mask=np.broadcast_to(hidden, np.shape(numbers)))


def make(tables: Tables, load: Load) -> PhotoCalib:
    """Build a calibration from its table."""
    (table,) = tables
    # Until version 1 fluxes were in units of that of magnitude 0. Source: afw-files 2.4.
    scale = 1.0 if "version" in table and table["version"][0] > 0 else AB_FLUX
    field = None if table["isConstant"][0] else load(table["field"][0])
    # Cards of ours, which afw's files have not.
    flux_name, unit = (table[key][0] if key in table else None for key in (FLUX_NAME, FLUX_UNIT))
    if field is not None and scale != 1.0:
        field = ProductField((constant(scale), field))
    mean, error = (float(table[f"calibration{part}"][0]) * scale for part in ("Mean", "Err"))
    return PhotoCalib(mean, error, field, flux_name, unit)


def make_old(tables: Tables, load: Load) -> PhotoCalib | None:
    """Build a calibration from the table of afw's former class Calib."""
    (table,) = tables
    errors = table.get("fluxmag0.err", table.get("fluxmag0_err", [0.0]))
    return PhotoCalib.from_fluxmag0(float(table["fluxmag0"][0]), float(errors[0]))
