"""Corrects a WCS of FITS by polynomials: TPV stays TPV, TAN and TAN-SIP become TAN-SIP.

Corrections are added on the plane that touches the sky, in degrees. TPV has polynomials there of
its own, and the sum is exactly one of them. SIP is fitted to the sum over the image, as exactly as
numbers allow, with inverse polynomials; CRPIX stays where it is on the image, else it becomes its
middle, as Gen2's FitTanSipWcsTask had it.

Source: The TPV World Coordinate System (registry of FITS conventions).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.tasks.stamps import Floats
from persistence.tasks.surfaces import Surface
from persistence.types.pixels.box import Box
from persistence.types.wcs import headerwcs, sphere
from persistence.types.wcs.asttpn import POWERS

# PVi_m of the terms that have no radius -> m, by the powers of the axis and of the other one.
_NUMBERS = {(own, other): m for m, (own, other, radius) in enumerate(POWERS) if not radius}
_KINDS = ("TAN", "TPV")
# Pixels: the accuracy at which the order of SIP's polynomials suffices.
_NEAR = 1e-6


def kind(wcs: Any) -> str:
    """Return the code of a WCS' projection as a header has it: ``TAN`` (also with SIP), ``TPV``."""
    return str(wcs.to_header(relax=True)["CTYPE1"])[5:8]


def can_bend(wcs: Any) -> bool:
    """Check whether a WCS can have polynomials: it is TAN, TAN-SIP or TPV, without tables."""
    return kind(wcs) in _KINDS and not headerwcs.has_tables(wcs)


def plane(wcs: Any) -> Any:
    """Return the WCS whose pixels, counted from 0, are the plane coordinates (deg) of another."""
    from astropy.wcs import WCS

    header = wcs.to_header(relax=True)
    linear = WCS(naxis=2)
    linear.wcs.ctype = [f"{header[f'CTYPE{axis}'][:5]}TAN" for axis in "12"]
    linear.wcs.crval, linear.wcs.crpix = wcs.wcs.crval, (1.0, 1.0)
    linear.wcs.lonpole, linear.wcs.latpole = wcs.wcs.lonpole, wcs.wcs.latpole
    linear.wcs.radesys, linear.wcs.equinox = wcs.wcs.radesys, wcs.wcs.equinox
    linear.wcs.set()
    return linear


def on_plane(wcs: Any, pixels: Floats) -> Floats:
    """Return where pixels, shape (points, 2), counted from 0, are on a WCS' plane (deg)."""
    sky = sphere.of_pixels(wcs, *pixels.T)
    return np.column_stack(sphere.to_pixels(plane(wcs), *sky))


def bent(wcs: Any, surface: Surface) -> Any:
    """Return a WCS that has its pixels where another does, plus a polynomial.

    Parameters
    ----------
    wcs : `~astropy.wcs.WCS`
        One that `can_bend`.
    surface : `~persistence.tasks.surfaces.Surface`
        What is added on the plane along its two axes (deg).
    """
    if kind(wcs) == "TPV":
        return _bent_tpv(wcs, surface)
    return with_sip(wcs, surface.frame.box, surface)


def with_sip(wcs: Any, box: Box, surface: Surface | None = None) -> Any:
    """Return a TAN-SIP, with inverse polynomials, that is another WCS plus a polynomial, if any.

    Parameters
    ----------
    wcs : `~astropy.wcs.WCS`
    box : `~persistence.types.pixels.box.Box`
        The image, in which it is the same.
    surface : `~persistence.tasks.surfaces.Surface`, optional
        What is added on the plane along its two axes (deg).
    """
    from astropy.wcs.utils import wcs_to_celestial_frame

    from persistence.types.wcs import sipfit

    x, y = (float(each) - 1 for each in wcs.wcs.crpix)
    is_inside = 0 <= x - box.x0 < box.width and 0 <= y - box.y0 < box.height
    frame, tangent = wcs_to_celestial_frame(wcs), (x, y) if is_inside else None
    fit = sipfit.fit(_Bent(wcs, surface), frame, tangent, box, _NEAR)
    fit.wcs.pixel_shape = wcs.pixel_shape
    return fit.wcs


class _Bent:
    """The mapping of pixels to longitude and latitude (rad) that `with_sip` fits."""

    nin = nout = 2

    def __init__(self, wcs: Any, surface: Surface | None) -> None:
        self._wcs, self._surface, self._plane = wcs, surface, plane(wcs)

    def forward(self, points: Floats) -> Floats:
        sky = self._wcs.all_pix2world(points.T, 0)
        if self._surface is not None:
            there = self._plane.wcs_world2pix(sky, 0) + self._surface(points.T)
            sky = self._plane.wcs_pix2world(there, 0)
        return np.asarray(np.radians(sky[:, [self._wcs.wcs.lng, self._wcs.wcs.lat]])).T

    def inverse(self, points: Floats) -> Floats:
        raise NotImplementedError("the inverse is not needed for a fit")


def _bent_tpv(wcs: Any, surface: Surface) -> Any:
    """Add to the polynomials PVi_m; those of the radius stay."""
    header = wcs.to_header(relax=True)
    matrix = np.linalg.inv(wcs.pixel_scale_matrix)
    terms = _by_plane(surface, matrix, wcs.wcs.crpix - 1)
    for axis, added in (("1", terms[:, :, 0]), ("2", terms[:, :, 1].T)):
        # Where it is missing, wcslib assumes 0 and AST 1.
        header.setdefault(f"PV{axis}_1", 0.0)
        for own, other in np.argwhere(added):
            keyword = f"PV{axis}_{_NUMBERS[own, other]}"
            header[keyword] = header.get(keyword, 0.0) + float(added[own, other])
    distorted = headerwcs.wcs_of(header)
    assert distorted is not None
    distorted.pixel_shape = wcs.pixel_shape
    return distorted


def _by_plane(surface: Surface, matrix: Floats, origin: Floats) -> Floats:
    """Return a surface's terms by the powers of u, where pixels are ``matrix @ u + origin``."""
    frame = surface.frame
    linear = matrix / frame.half[:, np.newaxis]
    shift = (origin - frame.middle) / frame.half
    each = [_substituted(terms, linear, shift) for terms in np.moveaxis(surface.terms, -1, 0)]
    return np.stack(each, axis=-1)


def _substituted(terms: Floats, matrix: Floats, shift: Floats) -> Floats:
    """Return the coefficients of a polynomial of ``matrix @ u + shift``, by the powers of u."""
    powers = [_powers(_line(c, a, b, len(terms))) for (a, b), c in zip(matrix, shift, strict=True)]
    polynomial = np.zeros_like(terms)
    for i, j in np.argwhere(terms):
        polynomial += terms[i, j] * _product(powers[0][i], powers[1][j])
    return polynomial


def _line(constant: float, first: float, second: float, size: int) -> Floats:
    line = np.zeros((max(size, 2),) * 2)
    line[0, 0], line[1, 0], line[0, 1] = constant, first, second
    return line[:size, :size]


def _powers(line: Floats) -> list[Floats]:
    powers = [_line(1.0, 0.0, 0.0, len(line))]
    for _ in line[1:]:
        powers.append(_product(powers[-1], line))
    return powers


def _product(first: Floats, other: Floats) -> Floats:
    """Multiply polynomials; terms beyond their shape are left out."""
    product = np.zeros_like(first)
    for i, j in np.argwhere(first):
        product[i:, j:] += first[i, j] * other[: len(first) - i, : len(first) - j]
    return product
