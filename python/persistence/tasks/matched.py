"""Sources matched with reference stars, for summaries and pictures.

It only uses catalogs, which do not depend on the internals of tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Matched:
    """Sources that are stars of a reference catalog.

    Attributes
    ----------
    x, y : array
        Where they are (pixels of the parent image).
    east, north : array
        How far from the stars they are by the exposure's final WCS (arcsec).
    magnitude : array
        The stars', in the exposure's filter (mag, AB).
    flux, flux_error : array
        The sources' fluxes that are calibrated (counts).
    astrometry_used, photometry_used : array of `bool` or None
        Which of them WCS and zero point were found by; None if they were not.
    """

    x: Floats
    y: Floats
    east: Floats
    north: Floats
    magnitude: Floats
    flux: Floats
    flux_error: Floats
    astrometry_used: Bools | None
    photometry_used: Bools | None

    def __len__(self) -> int:
        return len(self.x)

    def used(self, step: str) -> Bools:
        """Return which matches were used in ``astrometry`` or ``photometry``; none if not run."""
        flags = {"astrometry": self.astrometry_used, "photometry": self.photometry_used}[step]
        return np.zeros(len(self), bool) if flags is None else flags


def of_result(result: Any) -> Matched | None:
    """Join the sources and stars of a result of `~persistence.tasks.calibrate.CalibrateTask`.

    Parameters
    ----------
    result : `~persistence.pipe.struct.Struct`
        With ``exposure``, ``sourceCat``, ``matches`` and ``references``.
    """
    calib = result.exposure.photo_calib
    flux = None if calib is None else calib.flux_name
    return of(result.sourceCat, result.matches, result.references, flux)


def of(sources: Any, matches: Any, references: Any, flux_name: str | None) -> Matched | None:
    """Join sources and stars.

    Parameters
    ----------
    sources : `~persistence.types.table.catalog.Catalog`
        ``src``.
    matches : `~persistence.types.table.catalog.Catalog` or None
        ``srcMatch``: numbers of stars, ``first``, and of sources, ``second``.
    references : `~persistence.tasks.references.References` or None
        The stars: ``ids``, ``ra``, ``dec`` (deg), ``magnitudes``.
    flux_name : `str` or None
        The column of the calibrated flux. Default: ``slot_CalibFlux_instFlux``.

    Returns
    -------
    matched : `Matched` or None
        None if there are no matches.
    """
    if matches is None or references is None or not len(matches):
        return None
    star = _places(references.ids, matches["first"])
    source = _places(sources["id"], matches["second"])
    flux = flux_name if flux_name in sources.colnames else "slot_CalibFlux_instFlux"
    ra, dec = (
        np.degrees(np.asarray(getattr(axis, "value", axis), float)[source])
        for axis in (sources["coord_ra"], sources["coord_dec"])
    )
    north = dec - references.dec[star]
    east = (ra - references.ra[star] + 180) % 360 - 180
    x, y = (np.asarray(sources[f"slot_Centroid_{axis}"], float)[source] for axis in "xy")
    return Matched(
        x,
        y,
        east=3600 * east * np.cos(np.radians(references.dec[star])),
        north=3600 * north,
        magnitude=np.asarray(references.magnitudes, float)[star],
        flux=np.asarray(sources[flux], float)[source],
        flux_error=np.asarray(sources[f"{flux}Err"], float)[source],
        astrometry_used=_flag(sources, "calib_astrometry_used", source),
        photometry_used=_flag(sources, "calib_photometry_used", source),
    )


def _places(every: Any, wanted: Any) -> NDArray[np.int64]:
    """Return the rows in which numbers stand, each of which is there."""
    every, wanted = np.asarray(every), np.asarray(wanted)
    order = np.argsort(every)
    return np.asarray(order[np.searchsorted(every[order], wanted)])


def _flag(sources: Any, name: str, rows: Any) -> Bools | None:
    if name not in sources.colnames or not np.asarray(sources[name]).any():
        return None
    return np.asarray(np.asarray(sources[name], bool)[rows])
