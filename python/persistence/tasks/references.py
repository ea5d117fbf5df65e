"""The stars of a reference catalog that an exposure may show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.task import TaskError
from persistence.refcats.catalog import ReferenceCatalog
from persistence.tasks import colorterms
from persistence.tasks.stamps import Floats
from persistence.types.exposure.exposure import Exposure
from persistence.types.exposure.photocalib import AB_FLUX
from persistence.types.exposure.translator import FilterLabel
from persistence.types.table import refcat
from persistence.types.wcs import sphere

_ARCSEC = 3600.0
_MAGNITUDES = 2.5 / np.log(10)
_DAYS_PER_YEAR = 365.25
# How Gen2 names the flux of a filter, the camera's own first. Source: LoadReferenceObjectsTask.
_FLUXES = ("{}_camFlux", "{}_flux")


@dataclass(frozen=True, eq=False)
class References:
    """Reference stars, the brightest first.

    Attributes
    ----------
    ids : array of int64
        Their numbers.
    ra, dec : array
        Where they are at the time of the exposure, as far as their motions are known (deg).
    position_errors : array
        The standard deviation along each axis (arcsec); 0 if the catalog has none.
    magnitudes, magnitude_errors : array
        In the exposure's filter (mag, AB), by the colour term if there is one; NaN where a colour
        is needed that is not known. Errors are 0 if the catalog has none.
    centre : `tuple` [`float`, `float`]
        Where the middle of the exposure is (deg).
    radius : `float`
        How far from it they were looked for (deg).
    filter : `str`
        The catalog's name of the filter.
    term : `~persistence.tasks.colorterms.Colorterm` or None
        By which the magnitudes were brought to the exposure's filter.
    years : `float`
        How long ago the stars were there, where their motions are not known: the median in years,
        0 if they are, NaN if the catalog has no epoch.
    """

    ids: NDArray[np.int64]
    ra: Floats
    dec: Floats
    position_errors: Floats
    magnitudes: Floats
    magnitude_errors: Floats
    centre: tuple[float, float]
    radius: float
    filter: str
    term: Any = None
    years: float = float("nan")


def load(catalog: ReferenceCatalog, exposure: Exposure, config: Any) -> References:
    """Read the stars in a circle about an exposure.

    Parameters
    ----------
    catalog : `~persistence.refcats.catalog.ReferenceCatalog`
        Where proper motions are known, stars are moved to the time of the exposure.
    exposure : `~persistence.types.exposure.exposure.Exposure`
        With a WCS.
    config : `~persistence.tasks.calibrate_config.CalibrateConfig`
        ``maxOffset`` is how far beyond the corners the circle reaches (arcsec).

    Raises
    ------
    TaskError
        If the catalog does not have the filter, or no star there, or there has to be a colour term
        that is not.
    """
    from astropy.coordinates import SkyCoord

    label = exposure.filter
    if label is None:
        raise TaskError("the filter of the exposure is unknown")
    term = colorterms.chosen(config, catalog.name, label)
    columns = catalog.columns
    band = _filter(catalog, columns, label, config) if term is None else term.primary
    flux_name = _flux_name(catalog, columns, band)
    centre, radius = _circle(exposure, config.maxOffset)
    time = exposure.visit_info.date_avg
    epoch = time if "pm_ra" in columns else None
    table = catalog.cone(SkyCoord(*centre, unit="deg"), radius, epoch)
    flux = np.asarray(table[flux_name], float)
    seen = np.isfinite(flux) & (flux > 0)
    if not seen.any():
        raise TaskError(
            f"the reference catalog {catalog.name} ({catalog.path}) has no star with a flux in "
            f"{band} within {radius:.3f} degrees of RA {centre[0]:.4f} Dec {centre[1]:+.4f}: does "
            "it cover the field?"
        )
    order = np.flatnonzero(seen)[np.argsort(-flux[seen])]
    table = table[order]
    ra, dec = refcat.positions(table)
    magnitudes = _magnitudes(table, flux_name)
    if term is not None:
        other = _magnitudes(table, _flux_name(catalog, columns, term.secondary))
        magnitudes = term.applied(magnitudes, other)
    return References(
        np.asarray(table["id"]),
        ra,
        dec,
        _position_errors(table),
        *magnitudes,
        centre,
        radius,
        band,
        term,
        _years(table, time),
    )


def _filter(catalog: ReferenceCatalog, columns: list[str], label: FilterLabel, config: Any) -> str:
    """Return the catalog's name of a filter: by the configuration, else by any of its own names."""
    own = [label.name, label.band, label.physical, *label.aliases, label.variant]
    names = [name for name in dict.fromkeys(own) if name]
    mapped = [config.filterMap[name] for name in names if name in config.filterMap]
    known = _filters(columns)
    for name in mapped[:1] or names:
        if name in known:
            return name
    raise TaskError(
        f"the reference catalog {catalog.name} ({catalog.path}) has no filter "
        f"{(mapped or names)[0]!r}; it has {', '.join(known)}. calibrate.filterMap="
        f"{{{label.name!r}: ...}} selects one of them"
    )


def _filters(columns: list[str]) -> list[str]:
    endings = [form.format("") for form in _FLUXES]
    names = (
        column.removesuffix(ending)
        for column in columns
        for ending in endings
        if column.endswith(ending)
    )
    return list(dict.fromkeys(names))


def _flux_name(catalog: ReferenceCatalog, columns: list[str], band: str) -> str:
    for form in _FLUXES:
        if form.format(band) in columns:
            return form.format(band)
    raise TaskError(
        f"the reference catalog {catalog.name} ({catalog.path}) has no filter {band!r}, which the "
        f"colour term needs; it has {', '.join(_filters(columns))}"
    )


def _magnitudes(table: Any, flux_name: str) -> tuple[Floats, Floats]:
    """Return magnitudes and their errors; NaN where there is no flux."""
    flux = np.asarray(table[flux_name], float)
    flux = np.where(flux > 0, flux, np.nan)
    error = _column(table, f"{flux_name}Err") / flux
    return -2.5 * np.log10(flux / AB_FLUX), _MAGNITUDES * np.nan_to_num(error, posinf=0.0)


def _position_errors(table: Any) -> Floats:
    squares = [
        np.nan_to_num(_column(table, f"coord_{axis}Err"), posinf=0.0) for axis in ("ra", "dec")
    ]
    return np.asarray(np.degrees(np.sqrt(np.mean(np.square(squares), axis=0))) * _ARCSEC)


def _column(table: Any, name: str) -> Floats:
    """Return the values of a column; zeros if there is none."""
    return np.asarray(table[name], float) if name in table.colnames else np.zeros(len(table))


def _years(table: Any, time: Any) -> float:
    """Return how long the stars have moved without that being known."""
    if refcat.has_proper_motions(table):
        return 0.0
    if "epoch" not in table.colnames or time is None:
        return float("nan")
    return float(np.median(time.tai.mjd - np.asarray(table["epoch"], float)) / _DAYS_PER_YEAR)


def _circle(exposure: Exposure, margin: float) -> tuple[tuple[float, float], float]:
    box = exposure.bbox
    x = box.x0 + (box.width - 1) * np.array([0.5, 0, 1, 0, 1])
    y = box.y0 + (box.height - 1) * np.array([0.5, 0, 0, 1, 1])
    ra, dec = sphere.of_pixels(exposure.wcs, x, y)
    points = sphere.vector(ra, dec)
    reach = float(np.max(sphere.separation(points[1:], points[0])))
    return (float(ra[0]), float(dec[0])), reach + margin / 3600
