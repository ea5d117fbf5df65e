"""Fits of a FITS WCS, TAN or TAN-SIP, to any mapping of pixels to the sky.

The polynomials are those of Shupe et al. 2005, The SIP convention for representing distortion in
FITS image headers.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from astropy.coordinates import BaseCoordinateFrame
from astropy.wcs import WCS, Sip
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.pixels.box import Box
from persistence.types.wcs.astmaps import Map, Points

# Points along each side of the grids for the fit, and for its residuals.
_FITTED, _JUDGED = 20, 33
_DEGREES = range(1, 8)
# Pixels: a smaller residual is rounding.
_EXACT = 1e-7
# The frames of FITS: RADESYS, and the first and second CTYPE.
_KNOWN = {
    "icrs": ("ICRS", "RA--", "DEC-"),
    "fk5": ("FK5", "RA--", "DEC-"),
    "fk4": ("FK4", "RA--", "DEC-"),
    "galactic": ("", "GLON", "GLAT"),
}


class SipFit(NamedTuple):
    """A fitted FITS WCS.

    Attributes
    ----------
    wcs : `astropy.wcs.WCS`
        In pixels of the parent image, counted from 0.
    residual : `float`
        Its largest error (pixels).
    """

    wcs: WCS
    residual: float


def vectors(sky: Points) -> NDArray[np.float64]:
    """Return longitudes and latitudes (rad), shape (2, points), as vectors (points, 3)."""
    longitude, latitude = sky
    radius = np.cos(latitude)
    return np.stack(
        [radius * np.cos(longitude), radius * np.sin(longitude), np.sin(latitude)], axis=-1
    )


def fit(
    to_sky: Map,
    frame: BaseCoordinateFrame,
    tangent: tuple[float, float] | None,
    box: Box,
    near: float = _EXACT,
) -> SipFit:
    """Return a fit of polynomials of increasing degree, until it is exact or the degree too high.

    Parameters
    ----------
    to_sky : `Map`
        Pixels to longitude and latitude (rad).
    frame : `BaseCoordinateFrame`
        The frame of these.
    tangent : `tuple` [`float`, `float`] or `None`
        The pixel of the projection's tangent point. It is the reference if the fit is exact there;
        else the centre of the box is.
    box : `Box`
        The area of validity.
    near : `float`, optional
        The residual (pixels) at which the degree is high enough; by default that of rounding.

    Returns
    -------
    `SipFit`
        The WCS and its residual.

    Raises
    ------
    FormatterError
        If the mapping has no position for a part of the box, or FITS lacks the frame.
    """
    if frame.name not in _KNOWN:
        raise FormatterError(
            f"FITS has no celestial frame {frame.name!r}; it has {', '.join(_KNOWN)}"
        )
    if box.width < 1 or box.height < 1:
        raise FormatterError(f"no WCS can be fitted over {box}, which has no pixels")
    pixels, judged = _grid(box, _FITTED), _grid(box, _JUDGED)
    wanted = to_sky.forward(pixels)
    if not np.isfinite(wanted).all():
        raise FormatterError(f"the WCS gives no position on the sky for some pixels of {box}")
    middle = (box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2)
    fits = []
    for reference, degree in itertools.product(
        [middle] if tangent is None else [tangent, middle], _DEGREES
    ):
        wcs = _fitted(pixels, wanted, np.array(reference), to_sky, degree, frame)
        fits.append(SipFit(wcs, _residual(wcs, to_sky, judged)))
        if fits[-1].residual < near:
            return fits[-1]
    return min(fits[-len(_DEGREES) :], key=lambda one: one.residual)


def _grid(box: Box, number: int) -> Points:
    # To the outer edges of the pixels, so that a box of one pixel has an area.
    columns = np.linspace(box.x0 - 0.5, box.x0 + box.width - 0.5, number)
    rows = np.linspace(box.y0 - 0.5, box.y0 + box.height - 0.5, number)
    return np.stack([each.ravel() for each in np.meshgrid(columns, rows)])


def _fitted(
    pixels: Points,
    sky: Points,
    reference: NDArray[np.float64],
    to_sky: Map,
    degree: int,
    frame: BaseCoordinateFrame,
) -> WCS:
    centre = to_sky.forward(reference[:, np.newaxis])
    offsets, plane = pixels - reference[:, np.newaxis], _gnomonic(sky, centre)
    terms = _least_squares(offsets, plane, range(1, degree + 1))
    matrix = np.stack([terms[1, 0], terms[0, 1]], axis=-1)
    wcs = WCS(naxis=2)
    system, *names = _KNOWN[frame.name]
    wcs.wcs.ctype = [f"{name}-TAN{'-SIP' if degree > 1 else ''}" for name in names]
    wcs.wcs.radesys = system
    if system in ("FK4", "FK5"):
        wcs.wcs.equinox = frame.equinox.byear if system == "FK4" else frame.equinox.jyear
    longitude, latitude = np.degrees(centre[:, 0])
    wcs.wcs.crpix, wcs.wcs.crval, wcs.wcs.cd = reference + 1, (longitude % 360, latitude), matrix
    if degree > 1:
        straight = np.linalg.solve(matrix, plane)
        there = np.einsum("kl,ijl->kij", np.linalg.inv(matrix), terms)
        there[:, [0, 1], [1, 0]] = 0  # the linear terms are the matrix
        back = np.moveaxis(_least_squares(straight, offsets - straight, range(degree + 1)), -1, 0)
        wcs.sip = Sip(*there, *back, wcs.wcs.crpix)
    wcs.wcs.set()
    return wcs


def _gnomonic(sky: Points, centre: Points) -> Points:
    """Return the sky projected onto the tangent plane at a centre: east and north (deg)."""
    longitude = centre[0, 0]
    outward = vectors(centre)[0]
    east = np.array([-np.sin(longitude), np.cos(longitude), 0])
    towards = vectors(sky)
    plane = np.stack([towards @ east, towards @ np.cross(outward, east)]) / (towards @ outward)
    return np.asarray(np.degrees(plane))


def _least_squares(points: Points, values: Points, degrees: range) -> NDArray[np.float64]:
    """Return fitted polynomials of some total degrees, by powers of x, of y, and value."""
    scale = np.abs(points).max()
    powers = [
        (i, j) for i, j in itertools.product(range(degrees.stop), repeat=2) if i + j in degrees
    ]
    x, y = points / scale
    found, *_ = np.linalg.lstsq(
        np.stack([x**i * y**j for i, j in powers], axis=-1), values.T, rcond=None
    )
    terms = np.zeros((degrees.stop, degrees.stop, 2))
    for (i, j), both in zip(powers, found, strict=True):
        terms[i, j] = both / scale ** (i + j)
    return terms


def _residual(wcs: WCS, to_sky: Map, pixels: Points) -> float:
    found = np.radians(wcs.all_pix2world(*pixels, 0))
    apart = np.linalg.norm(vectors(found) - vectors(to_sky.forward(pixels)), axis=-1)
    return float(apart.max() / np.radians(np.sqrt(abs(np.linalg.det(wcs.wcs.cd)))))
