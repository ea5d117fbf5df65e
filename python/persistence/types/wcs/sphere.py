"""Positions on the sphere, as numpy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import DataIdError, FormatterError

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

Floats = NDArray[np.float64]
# Closer to the axis, a direction is noise (afw-files 7.5, dodeca).
_AT_POLE = 1e-12


def radec(coord: Any) -> tuple[Floats, Floats]:
    """Return RA and Dec (deg, ICRS) of a position, an array, or a list of positions."""
    from astropy.coordinates import SkyCoord

    if (
        isinstance(coord, list | tuple)
        and coord
        and all(isinstance(one, SkyCoord) for one in coord)
    ):
        coord = SkyCoord(list(coord))
    if not isinstance(coord, SkyCoord):
        raise DataIdError(f"positions are astropy.coordinates.SkyCoord, not {coord!r}")
    icrs = coord.icrs
    return np.asarray(icrs.ra.deg, float), np.asarray(icrs.dec.deg, float)


def of_pixels(wcs: Any, x: Any, y: Any) -> tuple[Floats, Floats]:
    """Return RA and Dec (deg, ICRS) of pixels by a WCS of any frame and order of axes.

    Parameters
    ----------
    wcs : `astropy.wcs.WCS`
        The WCS.
    x, y : `float` or array
        Columns and rows, counted from 0 as in the WCS.

    Raises
    ------
    FormatterError
        If it is not a celestial WCS, or its frame is unknown.
    """
    if not np.size(x):  # astropy does not accept empty arrays
        return np.asarray(x, float), np.asarray(y, float)
    frame = _frame(wcs)
    world = wcs.all_pix2world(x, y, 0)
    longitude, latitude = (np.asarray(world[axis], float) for axis in (wcs.wcs.lng, wcs.wcs.lat))
    if frame.name == "icrs":
        return longitude, latitude
    from astropy.coordinates import SkyCoord

    return radec(SkyCoord(longitude, latitude, unit="deg", frame=frame))


def to_pixels(wcs: Any, ra: Any, dec: Any) -> tuple[Floats, Floats]:
    """Return columns and rows, counted from 0, of RA and Dec (deg, ICRS); see `of_pixels`."""
    if not np.size(ra):
        return np.asarray(ra, float), np.asarray(dec, float)
    frame = _frame(wcs)
    if frame.name != "icrs":
        from astropy.coordinates import SkyCoord

        there = SkyCoord(ra, dec, unit="deg", frame="icrs").transform_to(frame).spherical
        ra, dec = there.lon.deg, there.lat.deg
    world = (ra, dec) if wcs.wcs.lng < wcs.wcs.lat else (dec, ra)
    # For SIP, which is iterated, astropy's own tolerance is 1e-4 pixels.
    x, y = wcs.all_world2pix(*world, 0, tolerance=1e-7, maxiter=50)
    return np.asarray(x, float), np.asarray(y, float)


def _frame(wcs: Any) -> Any:
    from astropy.wcs.utils import wcs_to_celestial_frame

    try:
        return wcs_to_celestial_frame(wcs)
    except ValueError:
        axes, system = list(wcs.wcs.ctype), wcs.wcs.radesys
        raise FormatterError(
            f"the WCS has no known celestial frame (CTYPE {axes}, RADESYS {system!r})"
        ) from None


def finite(ra: Any, dec: Any) -> tuple[Any, Any]:
    """Return right ascensions and declinations unchanged.

    Raises
    ------
    DataIdError
        If one is not finite.
    """
    if not (np.isfinite(ra).all() and np.isfinite(dec).all()):
        raise DataIdError("a position that is not finite is not on the sky")
    return ra, dec


def sky(ra: Any, dec: Any) -> SkyCoord:
    """Return a position, or an array of them, from right ascension and declination (deg, ICRS)."""
    from astropy.coordinates import SkyCoord

    return SkyCoord(ra, dec, unit="deg", frame="icrs")


def wrapped(angle: Any) -> Floats:
    """Return angles (deg) from 0 to less than 360."""
    turned = np.asarray(angle, float) % 360.0
    return np.where(turned < 360.0, turned, 0.0)  # -1e-20 % 360 is 360


def vector(ra: Any, dec: Any) -> Floats:
    """Return unit vectors, shape (..., 3), of right ascension and declination (deg)."""
    ra, dec = np.radians(ra), np.radians(dec)
    return np.stack(
        [np.cos(ra) * np.cos(dec), np.sin(ra) * np.cos(dec), np.sin(dec) + 0 * ra], axis=-1
    )


def angles(vectors: Floats) -> tuple[Floats, Floats]:
    """Return right ascension, from 0 to 360, and declination (deg) of vectors of any length.

    At a pole the right ascension is 0.
    """
    x, y, z = np.moveaxis(vectors, -1, 0)
    across = np.hypot(x, y)
    pole = across < _AT_POLE
    return np.where(pole, 0.0, wrapped(np.degrees(np.arctan2(y, x)))), np.where(
        pole, np.copysign(90.0, z), np.degrees(np.arctan2(z, across))
    )


def separation(one: Floats, other: Floats) -> Floats:
    """Return the angles (deg) between unit vectors (..., 3), exact for small and large ones."""
    across = np.linalg.norm(np.cross(one, other), axis=-1)
    return np.asarray(np.degrees(np.arctan2(across, (one * other).sum(axis=-1))))


def away(ra: Any, dec: Any, bearing: Any, distance: Any) -> tuple[Floats, Floats]:
    """Return positions at a distance (deg) from others, in directions from east to north (deg).

    Source: doc/gen2/afw-files.md 7.3. At a pole, east is defined by the right ascension.
    """
    start = vector(ra, dec)
    east = np.stack(
        [-np.sin(np.radians(ra)), np.cos(np.radians(ra)), np.zeros(np.shape(ra))], axis=-1
    )
    turn, length = (
        np.radians(np.asarray(angle, float))[..., np.newaxis] for angle in (bearing, distance)
    )
    towards = np.cos(turn) * east + np.sin(turn) * np.cross(start, east)
    return angles(start * np.cos(length) + towards * np.sin(length))
