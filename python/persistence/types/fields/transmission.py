"""Transmission curves: the throughput by wavelength and position (doc/gen2/afw-files.md 2.6)."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persistence.errors import FormatterError
from persistence.types.archives.archive import Load, Tables
from persistence.types.archives.cells import numbers_of
from persistence.types.pixels.box import Box, box_of
from persistence.types.psf.coaddpsf import Region, covers
from persistence.types.wcs.skywcs import SkyWcs
from persistence.types.wcs.transforms import Transform

if TYPE_CHECKING:
    from astropy.units import Quantity

Array = NDArray[np.float64]


class TransmissionCurve(abc.ABC):
    """The throughput by wavelength and position."""

    @abc.abstractmethod
    def _at(self, wavelengths: Array, x: float, y: float) -> Array:
        """Return the throughput at wavelengths in angstrom."""

    def __call__(self, wavelengths: ArrayLike | Quantity, x: float = 0.0, y: float = 0.0) -> Array:
        """Return the throughput at some wavelengths and a position.

        Parameters
        ----------
        wavelengths : `astropy.units.Quantity` or array
            Of any shape; numbers without a unit are in angstrom.
        x, y : `float`, optional
            The position in the curve's coordinate system: usually pixels of a detector or a coadd,
            or millimetres of the focal plane.

        Returns
        -------
        throughput : array, of the wavelengths' shape
            From 0 to 1.

        Raises
        ------
        FormatterError
            If the curve does not cover the position.
        """
        return np.asarray(self._at(in_angstrom(wavelengths), float(x), float(y)))

    # afw's name, for scripts written for it
    def sampleAt(self, position: tuple[float, float], wavelengths: ArrayLike | Quantity) -> Array:
        """Return the throughput at a position and some wavelengths; afw's name."""
        return self(wavelengths, *position)


def in_angstrom(wavelengths: ArrayLike | Quantity) -> Array:
    """Return wavelengths as numbers, in angstrom.

    Raises
    ------
    astropy.units.UnitConversionError
        If they have a unit that is not one of length.
    """
    if hasattr(wavelengths, "to_value"):
        from astropy import units

        # 400 nm are 3999.9999999999995 angstrom, which would be outside of a curve that begins at
        # 4000.
        wavelengths = np.round(wavelengths.to_value(units.angstrom), 9)
    return np.asarray(wavelengths, dtype=float)


@dataclass(frozen=True)
class Identity(TransmissionCurve):
    """A throughput of 1 everywhere."""

    def _at(self, wavelengths: Array, x: float, y: float) -> Array:
        return np.ones(wavelengths.shape)


@dataclass(frozen=True, eq=False)
class Radial(TransmissionCurve):
    """A table of wavelengths and distances from the origin, with linear interpolation.

    Attributes
    ----------
    wavelengths : array
        Increasing, in angstrom.
    radii : array
        Increasing; a single one means that the distance is irrelevant. Outside of them the nearest
        counts.
    throughput : array, shape (wavelengths, radii)
        The throughput.
    outside : `tuple` [`float`, `float`]
        The throughput at shorter, and at longer wavelengths.
    """

    wavelengths: Array
    radii: Array
    throughput: Array
    outside: tuple[float, float]

    def _at(self, wavelengths: Array, x: float, y: float) -> Array:
        radius = np.clip(np.hypot(x, y), self.radii[0], self.radii[-1])
        upper = int(np.clip(np.searchsorted(self.radii, radius), min(1, len(self.radii) - 1), None))
        lower = max(upper - 1, 0)
        apart = self.radii[upper] - self.radii[lower]
        share = (radius - self.radii[lower]) / apart if apart else 0.0
        values = self.throughput[:, lower] * (1 - share) + self.throughput[:, upper] * share
        return np.asarray(np.interp(wavelengths, self.wavelengths, values, *self.outside))


@dataclass(frozen=True, eq=False)
class Product(TransmissionCurve):
    """The product of two curves."""

    factors: tuple[TransmissionCurve, TransmissionCurve]

    def _at(self, wavelengths: Array, x: float, y: float) -> Array:
        first, second = self.factors
        return first(wavelengths, x, y) * second(wavelengths, x, y)


@dataclass(frozen=True, eq=False)
class Transformed(TransmissionCurve):
    """A curve in other coordinates.

    Attributes
    ----------
    nested : `TransmissionCurve`
        The curve in its own coordinates.
    transform : `Transform`
        The mapping from those to the coordinates of this curve.
    """

    nested: TransmissionCurve
    transform: Transform

    def _at(self, wavelengths: Array, x: float, y: float) -> Array:
        u, v = self.transform.inverse(x, y)
        return self.nested(wavelengths, float(u), float(v))


@dataclass(frozen=True, eq=False)
class Part:
    """An input image of a coadd: its curve, WCS, area and weight."""

    transmission: TransmissionCurve
    wcs: SkyWcs
    bbox: Box
    polygon: Region | None
    weight: float


@dataclass(frozen=True, eq=False)
class Coadd(TransmissionCurve):
    """The weighted mean of the curves of a coadd's inputs, by position.

    Attributes
    ----------
    parts : `tuple` [`Part`]
        The inputs.
    wcs : `SkyWcs`
        The coadd's WCS.
    range : `tuple` [`float`, `float`]
        The range of wavelengths, in angstrom.
    outside : `tuple` [`float`, `float`]
        The throughput at shorter, and at longer wavelengths.
    """

    parts: tuple[Part, ...]
    wcs: SkyWcs
    range: tuple[float, float]
    outside: tuple[float, float]

    def _at(self, wavelengths: Array, x: float, y: float) -> Array:
        sky = self.wcs.to_sky.forward(np.array([[x], [y]]))
        total, weights = np.zeros(wavelengths.shape), 0.0
        for part in self.parts:
            u, v = part.wcs.to_sky.inverse(sky)[:, 0]
            if covers(part.bbox, part.polygon, u, v):
                total += part.weight * part.transmission(wavelengths, u, v)
                weights += part.weight
        if not weights:
            raise FormatterError(
                f"none of the {len(self.parts)} inputs of the coadd covers x={x}, y={y}"
            )
        low, high = self.range
        return np.select([wavelengths < low, wavelengths > high], self.outside, total / weights)


def make_identity(tables: Tables, load: Load) -> Identity:
    """Return an IdentityTransmissionCurve, which has no tables."""
    return Identity()


def make_constant(tables: Tables, load: Load) -> Radial:
    """Return a SpatiallyConstantTransmissionCurve of its table: a radial one with one radius."""
    return _tabulated(tables, np.zeros(1))


def make_radial(tables: Tables, load: Load) -> Radial:
    """Return a RadialTransmissionCurve of its table."""
    return _tabulated(tables, numbers_of(tables[0]["radii"][0]))


def _tabulated(tables: Tables, radii: Array) -> Radial:
    (table,) = tables
    wavelengths = numbers_of(table["wavelengths"][0])
    if not (
        len(wavelengths)
        and (np.diff(wavelengths) > 0).all()
        and len(radii)
        and (np.diff(radii) > 0).all()
    ):
        raise FormatterError("the wavelengths or radii of a transmission curve do not increase")
    throughput = numbers_of(table["throughput"][0]).reshape(len(wavelengths), len(radii))
    return Radial(wavelengths, radii, throughput, _outside(table))


def _outside(table: Mapping[str, Any]) -> tuple[float, float]:
    return float(table["throughputAtMin"][0]), float(table["throughputAtMax"][0])


def make_product(tables: Tables, load: Load) -> Product:
    """Return a ProductTransmissionCurve of its table."""
    (table,) = tables
    return Product((load(int(table["a"][0])), load(int(table["b"][0]))))


def make_transformed(tables: Tables, load: Load) -> Transformed:
    """Return a TransformedTransmissionCurve of its table."""
    (table,) = tables
    return Transformed(load(int(table["nested"][0])), load(int(table["transform"][0])))


def make_coadd(tables: Tables, load: Load) -> Coadd:
    """Return a CoaddTransmissionCurve of its two tables."""
    head, rows = tables
    columns = [rows[name] for name in ("transmission", "sensorWcs", "validPolygon", "weight")]
    parts = [
        Part(load(int(curve)), load(int(wcs)), box_of(rows, row), load(int(polygon)), float(weight))
        for row, (curve, wcs, polygon, weight) in enumerate(zip(*columns, strict=True))
    ]
    limits = float(head["wavelengthMin"][0]), float(head["wavelengthMax"][0])
    return Coadd(tuple(parts), load(int(head["coaddWcs"][0])), limits, _outside(head))
