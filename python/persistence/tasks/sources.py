"""Catalogs of sources, with the names that afw's have: what is measured becomes columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from astropy.table import Column
from astropy.units import Quantity

from persistence.pipe.task import TaskError
from persistence.tasks.measure import PLANES, Measured
from persistence.tasks.recognize import Recognized
from persistence.tasks.stamps import Flux, Moments
from persistence.types.table.catalog import Catalog
from persistence.types.wcs import sphere

_ID_BITS = 64
_LARGEST = 2**63
_ARCSEC = 3600.0
_UNIT = "electron"  # what IsrTask makes of counts
_SHAPES = ("xx", "yy", "xy")


class Field(NamedTuple):
    """A column: its name, values, unit and meaning."""

    name: str
    values: Any
    unit: Any
    doc: str


def aperture_name(radius: float) -> str:
    """Give the name of an aperture's fields: ``base_CircularApertureFlux_12_0``."""
    return f"base_CircularApertureFlux_{radius:.1f}".replace(".", "_")


def first_id(exposure_id: int, exposure_bits: int, number: int) -> int:
    """Give the first of the numbers of an exposure's sources.

    It takes the upper bits (afw-files 3.5).

    Raises
    ------
    TaskError
        If the exposure's number does not fit, or there are more sources than the rest of the bits
        can count.
    """
    rest = _ID_BITS - exposure_bits
    first = (exposure_id << rest) + 1
    if not 0 <= exposure_id < 2**exposure_bits or number >= 2**rest or first + number >= _LARGEST:
        raise TaskError(
            f"{number} sources of exposure {exposure_id} ({exposure_bits} bits) have no numbers of "
            "64 bits"
        )
    return first


def catalog(
    measured: Measured,
    wcs: Any,
    exposure_id: int,
    exposure_bits: int,
    flags: Mapping[str, tuple[Any, str]] = {},
    unit: Any = _UNIT,
) -> Catalog:
    """Make a catalog.

    Parameters
    ----------
    measured : `~persistence.tasks.measure.Measured`
        Of an exposure.
    wcs : `~astropy.wcs.WCS` or None
        Gives the sources' positions, which without it are NaN.
    exposure_id, exposure_bits : `int`
        What ``ccdExposureId`` and ``ccdExposureId_bits`` are.
    flags : mapping [`str`, (array of `bool`, `str`)]
        More flags, and what they mean.
    unit : `~astropy.units.UnitBase` or `str`, optional
        The exposure's; None if it is not known.
    """
    number = measured.x.size
    table = Catalog(meta={"aliases": _slots(measured.calib_radius)})
    table["id"] = Column(
        first_id(exposure_id, exposure_bits, number) + np.arange(number), description="number"
    )
    _set_positions(table, measured.x, measured.y, wcs)
    table["parent"] = Column(
        np.zeros(number, np.int64), description="number of the source that this is a part of, or 0"
    )
    for field in _fields(measured, unit):
        table[field.name] = Column(field.values, unit=field.unit, description=field.doc)
    for name, (values, doc) in flags.items():
        table[name] = Column(np.asarray(values, bool), description=doc)
    return table


def schema(radii: Sequence[float], calib_radius: float, flags: Mapping[str, str]) -> Catalog:
    """Make a catalog without sources; ``flags`` are names and meanings."""
    none, never = np.zeros(0), np.zeros(0, bool)
    flux, words = (
        Flux(none, none, never),
        [f"{word}{suffix}" for word in PLANES.values() for suffix in ("", "Center")],
    )
    moments = Moments(none, none, none, none, none, never)
    planes = dict.fromkeys([*words, "edge"], never)
    apertures = dict.fromkeys(sorted({*map(float, radii), float(calib_radius)}), flux)
    measured = Measured(none, none, none, moments, flux, apertures, planes, float(calib_radius))
    return catalog(measured, None, 0, 0, {name: (never, doc) for name, doc in flags.items()})


def _set_positions(table: Catalog, x: Any, y: Any, wcs: Any) -> None:
    """Set where the sources are on the sky (ICRS)."""
    where = (np.full(len(x), np.nan),) * 2 if wcs is None else sphere.of_pixels(wcs, x, y)
    for axis, angles in zip(("ra", "dec"), where, strict=True):
        table[f"coord_{axis}"] = Quantity(np.radians(angles), "rad")


def _slots(calib_radius: float) -> dict[str, str]:
    slots = {"Centroid": "base_SdssCentroid", "Shape": "base_SdssShape", "PsfFlux": "base_PsfFlux"}
    slots |= dict.fromkeys(("ApFlux", "CalibFlux"), aperture_name(calib_radius))
    return {f"slot_{slot}": name for slot, name in slots.items()}


def _fields(measured: Measured, unit: Any) -> Iterator[Field]:
    yield from _position_fields(measured)
    yield from _flux_fields("base_PsfFlux", measured.psf_flux, "fit of the PSF", unit)
    for radius, flux in measured.apertures.items():
        yield from _flux_fields(aperture_name(radius), flux, f"sum within {radius:g} pixels", unit)
    where = {"": "near the source", "Center": "in its centre"}
    for plane, word in PLANES.items():
        for suffix, place in where.items():
            name = f"{word}{suffix}"
            yield Field(
                f"base_PixelFlags_flag_{name}",
                measured.flags[name],
                None,
                f"a {plane} pixel is {place}",
            )
    yield Field(
        "base_PixelFlags_flag_edge",
        measured.flags["edge"],
        None,
        "the source reaches the image's edge",
    )


def _position_fields(measured: Measured) -> Iterator[Field]:
    moments = measured.moments
    for axis in ("x", "y"):
        name = f"base_SdssCentroid_{axis}"
        yield Field(name, getattr(measured, axis), "pixel", f"middle, {axis}, by Gaussian weights")
        yield Field(f"{name}Err", measured.position_error, "pixel", f"standard deviation of {axis}")
    yield Field(
        "base_SdssCentroid_flag", moments.failed, None, "the middle is that of the detection alone"
    )
    for part in _SHAPES:
        yield Field(
            f"base_SdssShape_{part}", getattr(moments, part), "pixel2", f"second moment, {part}"
        )
    yield Field("base_SdssShape_flag", moments.failed, None, "there are no second moments")


def _flux_fields(name: str, flux: Any, how: str, unit: Any) -> Iterator[Field]:
    yield Field(f"{name}_instFlux", flux.value, unit, f"flux: {how}")
    yield Field(f"{name}_instFluxErr", flux.error, unit, f"standard deviation of the flux: {how}")
    yield Field(f"{name}_flag", flux.failed, None, f"there is no flux: {how}")


def match_catalog(sources: Catalog, recognized: Recognized) -> Catalog:
    """Create the catalog of sources that are stars, and what finds them again (afw-files 3.4)."""
    stars = recognized.references
    told = {
        "RA": stars.centre[0],
        "DEC": stars.centre[1],
        "RADIUS": stars.radius,
        "FILTER": stars.filter,
        "SMATCHV": 1,
    }
    table = Catalog(meta=told)
    table["first"] = Column(stars.ids[recognized.stars], description="number of the star")
    table["second"] = Column(
        np.asarray(sources["id"])[recognized.sources], description="number of the source"
    )
    apart = np.radians(recognized.distance / _ARCSEC)
    table["distance"] = Column(
        apart, unit="rad", description="how far apart they were before the WCS was corrected"
    )
    return table
