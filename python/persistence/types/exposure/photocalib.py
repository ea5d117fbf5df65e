"""Photometric calibrations: counts to fluxes and magnitudes (facts in afw-files 1.8 and 2.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from persistence.types.archives.archive import Load, Tables
from persistence.types.fields.boundedfield import Field, ProductField, constant

# The flux of magnitude 0 in the AB system: 10^(-48.6/2.5) erg/s/cm2/Hz (Oke & Gunn 1983), in nJy.
AB_FLUX = 10 ** (48.6 / -2.5) * 1e32
# The magnitude of 1 nJy: 31.4.
_OF_ONE = 2.5 * math.log10(AB_FLUX)
_MAGNITUDES = 2.5 / math.log(10)


@dataclass(frozen=True)
class PhotoCalib:
    """What a count is worth.

    Attributes
    ----------
    mean : `float`
        The flux of one count (nJy), on the mean of the image.
    error : `float`
        The standard deviation of ``mean`` (nJy).
    field : callable, optional
        The flux of one count (nJy) at columns ``x`` and rows ``y`` of the parent image;
        None if it is the same everywhere.
    """

    mean: float
    error: float = 0.0
    field: Field | None = None

    @classmethod
    def from_zero_point(cls, magnitude: float, error: float = 0.0) -> PhotoCalib:
        """Return the calibration of which one count has a magnitude (mag, AB) +- ``error``."""
        mean = 10 ** (0.4 * (_OF_ONE - magnitude))
        return cls(mean, mean * error / _MAGNITUDES)

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
        """The magnitude of one count (mag, AB), on the mean of the image."""
        return _OF_ONE - 2.5 * math.log10(self.mean)

    def factor(self, x: Any = None, y: Any = None) -> Any:
        """Give the flux of one count (nJy) at columns ``x`` and rows ``y``.

        Without them, the mean.
        """
        return self.mean if self.field is None or x is None else self.field(x, y)

    def to_flux(self, counts: Any, error: Any = None, x: Any = None, y: Any = None) -> Any:
        """Turn counts into fluxes.

        Parameters
        ----------
        counts : number, array or `~astropy.units.Quantity`
            What was measured. The unit of a quantity is taken to be the image's.
        error : like ``counts``, optional
            The standard deviation of ``counts``.
        x, y : number or array, optional
            Where, in the pixel numbers of the parent image; they matter if the calibration varies.

        Returns
        -------
        flux : number, array or `~astropy.units.Quantity`
            In nJy; with a unit if ``counts`` has one. If ``error`` is given, a pair of the flux and
            its standard deviation, that of the calibration included.
        """
        value, factor = _bare(counts), self.factor(x, y)
        unit = _unit("nJy") if _has_unit(counts) else 1
        if error is None:
            return value * factor * unit
        # |flux| hypot(sigma / counts, error / factor), which also holds for 0 counts. Source:
        # afw-files 2.4.
        return value * factor * unit, np.hypot(_bare(error) * factor, value * self.error) * unit

    def to_magnitude(self, counts: Any, error: Any = None, x: Any = None, y: Any = None) -> Any:
        """Turn counts into AB magnitudes; parameters and result are as those of `to_flux`, in mag.

        Counts below 0 have no magnitude: they give NaN, and 0 counts infinity.
        """
        value, factor = np.asarray(_bare(counts), dtype=float), self.factor(x, y)
        unit = _unit("ABmag") if _has_unit(counts) else 1
        with np.errstate(divide="ignore", invalid="ignore"):
            magnitude = (_OF_ONE - 2.5 * np.log10(value * factor))[()]
            if error is None:
                return magnitude * unit
            relative = np.hypot(_bare(error) / value, self.error / factor)[()]
        return magnitude * unit, _MAGNITUDES * relative * (_unit("mag") if _has_unit(counts) else 1)

    def __str__(self) -> str:
        place = "" if self.field is None else " on average"
        return f"zero point {self.zero_point:.4f} mag{place}"

    # afw's names, for scripts written for them
    def getCalibrationMean(self) -> float:
        return self.mean

    def getCalibrationErr(self) -> float:
        return self.error

    def getInstFluxAtZeroMagnitude(self) -> float:
        return self.fluxmag0

    def instFluxToNanojansky(self, counts: Any) -> Any:
        return self.to_flux(counts)

    def instFluxToMagnitude(self, counts: Any) -> Any:
        return self.to_magnitude(counts)


def _has_unit(value: Any) -> bool:
    return hasattr(value, "unit")


def _bare(value: Any) -> Any:
    """Take the unit off, if there is one."""
    number = value.value if _has_unit(value) else value
    return number if isinstance(number, int | float) else np.asarray(number)


def _unit(name: str) -> Any:
    from astropy import units

    return getattr(units, name)


def make(tables: Tables, load: Load) -> PhotoCalib:
    """Build a calibration from its table."""
    (table,) = tables
    # Until version 1 fluxes were in units of that of magnitude 0. Source: afw-files 2.4.
    scale = 1.0 if "version" in table and table["version"][0] > 0 else AB_FLUX
    field = None if table["isConstant"][0] else load(table["field"][0])
    if field is not None and scale != 1.0:
        field = ProductField((constant(scale), field))
    return PhotoCalib(
        float(table["calibrationMean"][0]) * scale, float(table["calibrationErr"][0]) * scale, field
    )


def make_old(tables: Tables, load: Load) -> PhotoCalib | None:
    """Build a calibration from the table of afw's former class Calib."""
    (table,) = tables
    errors = table.get("fluxmag0.err", table.get("fluxmag0_err", [0.0]))
    return PhotoCalib.from_fluxmag0(float(table["fluxmag0"][0]), float(errors[0]))
