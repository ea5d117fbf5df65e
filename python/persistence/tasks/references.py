"""The stars of a reference catalog that an exposure may show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.task import TaskError
from persistence.refcats.catalog import ReferenceCatalog
from persistence.tasks.stamps import Floats
from persistence.types.exposure.exposure import Exposure
from persistence.types.exposure.photocalib import AB_FLUX
from persistence.types.wcs import sphere


@dataclass(frozen=True, eq=False)
class References:
    """Reference stars, the brightest first.

    Attributes
    ----------
    ids : array of int64
        Their numbers.
    ra, dec : array
        Where they are (deg).
    magnitudes : array
        In the exposure's filter (mag, AB).
    centre : `tuple` [`float`, `float`]
        Where the middle of the exposure is (deg).
    radius : `float`
        How far from it they were looked for (deg).
    filter : `str`
        The catalog's name of the filter.
    """

    ids: NDArray[np.int64]
    ra: Floats
    dec: Floats
    magnitudes: Floats
    centre: tuple[float, float]
    radius: float
    filter: str


def load(
    catalog: ReferenceCatalog, exposure: Exposure, margin: float, names: Mapping[str, str]
) -> References:
    """Read the stars in a circle about an exposure.

    Parameters
    ----------
    catalog : `~persistence.refcats.catalog.ReferenceCatalog`
        Where proper motions are known, stars are moved to the time of the exposure.
    exposure : `~persistence.types.exposure.exposure.Exposure`
        With a WCS.
    margin : `float`
        How far beyond its corners the circle reaches (arcsec).
    names : mapping [`str`, `str`]
        The catalog's names of filters where they are not the camera's.

    Raises
    ------
    TaskError
        If the catalog does not have the filter, or no star there.
    """
    from astropy.coordinates import SkyCoord

    band = _filter(catalog, exposure, names)
    centre, radius = _circle(exposure, margin)
    epoch = exposure.visit_info.date_avg if "pm_ra" in catalog.columns else None
    table = catalog.cone(SkyCoord(*centre, unit="deg"), radius, epoch)
    flux = np.asarray(table[f"{band}_flux"], float)
    seen = np.isfinite(flux) & (flux > 0)
    if not seen.any():
        raise TaskError(
            f"the reference catalog {catalog.name} ({catalog.path}) has no star with a flux in "
            f"{band} within {radius:.3f} degrees of RA {centre[0]:.4f} Dec {centre[1]:+.4f}: does "
            "it cover the field?"
        )
    order = np.flatnonzero(seen)[np.argsort(-flux[seen])]
    ra, dec = (
        np.degrees(np.asarray(table[f"coord_{axis}"], float))[order] for axis in ("ra", "dec")
    )
    magnitudes = -2.5 * np.log10(flux[order] / AB_FLUX)
    return References(np.asarray(table["id"])[order], ra, dec, magnitudes, centre, radius, band)


def _filter(catalog: ReferenceCatalog, exposure: Exposure, names: Mapping[str, str]) -> str:
    label = exposure.filter
    if label is None:
        raise TaskError("it is not known in which filter the exposure was taken")
    band = names.get(label.name, label.name)
    known = [column.removesuffix("_flux") for column in catalog.columns if column.endswith("_flux")]
    if band not in known:
        raise TaskError(
            f"the reference catalog {catalog.name} ({catalog.path}) has no filter {band!r}; it has "
            f"{', '.join(known)}. calibrate.filterMap={{{label.name!r}: ...}} tells which of them "
            "to use"
        )
    return band


def _circle(exposure: Exposure, margin: float) -> tuple[tuple[float, float], float]:
    box = exposure.bbox
    x = box.x0 + (box.width - 1) * np.array([0.5, 0, 1, 0, 1])
    y = box.y0 + (box.height - 1) * np.array([0.5, 0, 0, 1, 1])
    ra, dec = sphere.of_pixels(exposure.wcs, x, y)
    points = sphere.vector(ra, dec)
    reach = float(np.max(sphere.separation(points[1:], points[0])))
    return (float(ra[0]), float(dec[0])), reach + margin / 3600
