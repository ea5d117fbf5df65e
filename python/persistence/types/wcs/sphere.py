"""Positions on the sphere, as numpy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import DataIdError

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

Floats = NDArray[np.float64]
# Nearer than this to the axis, a direction is noise (afw-files 7.5, dodeca).
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


def finite(ra: Any, dec: Any) -> tuple[Any, Any]:
    """Give right ascensions and declinations as they are.

    Raises
    ------
    DataIdError
        If one is not finite.
    """
    if not (np.isfinite(ra).all() and np.isfinite(dec).all()):
        raise DataIdError("a position that is not finite is nowhere on the sky")
    return ra, dec


def sky(ra: Any, dec: Any) -> SkyCoord:
    """Make a position, or an array of them, of right ascension and declination (deg, ICRS)."""
    from astropy.coordinates import SkyCoord

    return SkyCoord(ra, dec, unit="deg", frame="icrs")


def wrapped(angle: Any) -> Floats:
    """Give angles (deg) from 0 to less than 360."""
    turned = np.asarray(angle, float) % 360.0
    return np.where(turned < 360.0, turned, 0.0)  # -1e-20 % 360 is 360


def vector(ra: Any, dec: Any) -> Floats:
    """Give unit vectors, shape (..., 3), of right ascension and declination (deg)."""
    ra, dec = np.radians(ra), np.radians(dec)
    return np.stack(
        [np.cos(ra) * np.cos(dec), np.sin(ra) * np.cos(dec), np.sin(dec) + 0 * ra], axis=-1
    )


def angles(vectors: Floats) -> tuple[Floats, Floats]:
    """Give right ascension, from 0 to 360, and declination (deg) of vectors of any length.

    At a pole it is 0.
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
    """Return positions at a distance (deg) of others, in directions from east to north (deg).

    Source: afw-files 7.3. At a pole, east is what the right ascension says.
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
