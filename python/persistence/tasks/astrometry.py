"""Correct a WCS for the measured offsets: by a linear map, then by polynomials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from persistence.tasks import distortion, surfaces
from persistence.tasks.stamps import Bools, Floats
from persistence.tasks.surfaces import Frame, Surface
from persistence.types.wcs import sphere

_CLIP = 3.0
_ROUNDS = 10
# the median length of normal deviates in a plane, in standard deviations along an axis
_NORMAL = 1.1774
# Terms of a linear map with a shift in a plane.
_LINEAR_TERMS = 3
# The smallest error of positions (pixels), whatever their formal errors.
_LEAST = 1e-4
_ARCSEC = 3600.0
# Applies to all fits: a higher degree is accepted wherever possible.
_ALWAYS = 2.0


class Kind(NamedTuple):
    """A kind of correction of a WCS.

    Attributes
    ----------
    lowest, highest : `int`
        The degree of polynomials that is always fitted, and the highest that is tried.
    is_asked : `bool`
        Whether degrees above the lowest must be significant; otherwise the highest for which there
        are enough stars is fitted.
    """

    lowest: int
    highest: int
    is_asked: bool = True


# The values of the setting astrometryFit -> the corrections, for its highest order.
KINDS: Mapping[str, Callable[[int], Kind]] = {
    "SHIFT": lambda order: Kind(0, 0),
    "LINEAR": lambda order: Kind(1, 1),
    "POLYNOMIAL": lambda order: Kind(1, order, is_asked=False),
    "AUTO": lambda order: Kind(1, order),
}


class Pairs(NamedTuple):
    """Sources and their stars.

    Attributes
    ----------
    pixels, pixel_errors : array, shape (pairs, 2)
        Where the sources are, in the parent's pixels, and standard deviations.
    sky : `tuple` [array, array]
        Right ascensions and declinations of the stars (deg, ICRS).
    sky_errors : array
        Standard deviations along each axis (arcsec); 0 where they are not known.
    """

    pixels: Floats
    pixel_errors: Floats
    sky: tuple[Floats, Floats]
    sky_errors: Floats


class Solution(NamedTuple):
    """A WCS that was fitted to stars.

    Attributes
    ----------
    wcs : `~astropy.wcs.WCS`
    used : array of `bool`
        Which pairs it was fitted to.
    errors : array, shape (pairs, 2)
        Standard deviations that the pairs were weighted by (arcsec), `excess` included.
    excess : `float`
        By how much stars scatter along an axis beyond the errors of sources and catalog (arcsec).
    rim_error : `float`
        The standard deviation of the fit on the image's rim, where that is largest (arcsec).
    degree : `int`
        That of the polynomials.
    turn, stretch : `float`
        How far it is turned against the one before (degrees), and the part by which its scale
        differs, along whichever axis it does so most.
    """

    wcs: Any
    used: Bools
    errors: Floats
    excess: float
    rim_error: float
    degree: int
    turn: float
    stretch: float


class Correction(NamedTuple):
    """A map of measured pixels to those that the WCS is right at: ``matrix @ pixel + shift``.

    Attributes
    ----------
    matrix : array, shape (2, 2)
    shift : array, shape (2,)
        In pixels.
    used : array of `bool`
        Which pairs it was fitted to.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    used: Bools

    @property
    def change(self) -> tuple[float, float]:
        """How far it turns (degrees), and the largest part by which it stretches or shrinks."""
        (a, b), (c, d) = self.matrix
        turn = float(np.degrees(np.arctan2(c - b, a + d)))
        stretches = np.linalg.svd(self.matrix, compute_uv=False)
        return turn, float(np.abs(stretches - 1).max())


def solve(wcs: Any, pairs: Pairs, frame: Frame, kind: Kind, clip: float, most: float) -> Solution:
    """Fit a WCS to stars: a shift or a linear map of the pixels, and then polynomials.

    All fits are weighted by the errors of sources and stars.

    Parameters
    ----------
    wcs : `~astropy.wcs.WCS`
        The one that is corrected. Where it is neither TAN, TAN-SIP nor TPV, the map is linear.
    pairs : `Pairs`
        At least three for a linear map.
    frame : `~persistence.tasks.surfaces.Frame`
        Of the image.
    kind : `Kind`
    clip : `float`
        Pairs that are off by more standard deviations than this are left out.
    most : `float`
        The largest standard deviation of a polynomial on the image's rim (pixels).
    """
    scale = side(wcs)
    stars = pairs.sky_errors[:, np.newaxis] / scale
    errors = np.maximum(np.hypot(pairs.pixel_errors, stars), _LEAST)
    expected = np.column_stack(sphere.to_pixels(wcs, *pairs.sky))
    line = surfaces.fit(frame, pairs.pixels, expected - pairs.pixels, errors, kind.lowest, clip)
    correction = _linear(line)
    bent = corrected(wcs, correction)
    last, unit = line, scale
    if kind.highest > 1 and distortion.can_bend(bent):
        off = np.column_stack(sphere.to_pixels(distortion.plane(bent), *pairs.sky))
        off -= distortion.on_plane(bent, pairs.pixels)
        degrees = range(1, kind.highest + 1)
        chance = surfaces.CHANCE if kind.is_asked else _ALWAYS
        across = np.sqrt(errors**2 @ bent.pixel_scale_matrix.T**2)
        curve = surfaces.chosen(
            frame,
            pairs.pixels,
            off,
            across,
            degrees,
            clip,
            surfaces.Bounds(most * scale / _ARCSEC, chance),
        )
        if curve.degree > 1:
            bent, last, unit = distortion.bent(bent, curve), curve, _ARCSEC
    if bent.sip is not None and bent.sip.ap is None and distortion.can_bend(bent):
        bent = distortion.with_sip(bent, frame.box)
    return Solution(
        bent,
        last.used,
        last.errors * unit,
        last.excess * unit,
        last.edge_error * unit,
        last.degree,
        *correction.change,
    )


def side(wcs: Any) -> float:
    """Return the side of a pixel of a WCS (arcsec), in the mean."""
    return _ARCSEC * float(np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix))))


def _linear(line: Surface) -> Correction:
    """Return the linear map that adds the fitted offsets to pixel positions."""
    frame, terms = line.frame, line.terms
    slopes = np.zeros((2, 2)) if line.degree == 0 else np.stack([terms[1, 0], terms[0, 1]], axis=-1)
    slopes = slopes / frame.half
    return Correction(np.eye(2) + slopes, terms[0, 0] - slopes @ frame.middle, line.used)


def fit(measured: Floats, expected: Floats, linear: bool) -> Correction:
    """Fit a shift, or a linear map, by least squares.

    Pairs that are off by 3 times the scatter are left out.

    Parameters
    ----------
    measured, expected : array, shape (pairs, 2)
        Pixels: where sources are, and where the WCS has their stars.
    linear : `bool`
        Fit a matrix beside the shift; it needs three pairs.
    """
    used = np.ones(len(measured), bool)
    for _ in range(_ROUNDS):
        matrix, shift = _fitted(measured[used], expected[used], linear)
        off = expected - (measured @ matrix.T + shift)
        distance = np.hypot(*(off - np.median(off[used], axis=0)).T)
        now = distance <= _CLIP * np.sqrt(2) * max(float(np.median(distance[used])) / _NORMAL, 1e-9)
        if np.array_equal(now, used) or np.count_nonzero(now) < _LINEAR_TERMS:
            break
        used = now
    return Correction(matrix, shift, used)


def _fitted(measured: Floats, expected: Floats, linear: bool) -> tuple[Floats, Floats]:
    if not linear:
        return np.eye(2), np.median(expected - measured, axis=0)
    terms = np.column_stack([measured, np.ones(len(measured))])
    coefficients, *_ = np.linalg.lstsq(terms, expected, rcond=None)
    return np.asarray(coefficients[:2].T), np.asarray(coefficients[2])


def corrected(wcs: Any, correction: Correction) -> Any:
    """Return a WCS that maps pixels like another one after a correction.

    The other one maps a pixel p to CD (p - CRPIX); M p + t is mapped to (CD M) (p - inverse(M)
    (CRPIX - t)). Pixels count from 1 in CRPIX and from 0 in the correction. SIP polynomials become
    others of the same order; those of the inverse are omitted.
    """
    from astropy.wcs import Sip

    shifted = wcs.deepcopy()
    # From 0 to 1: M (p - 1) + t + 1.
    shift = correction.shift + 1 - correction.matrix @ np.ones(2)
    shifted.wcs.crpix = np.linalg.solve(correction.matrix, shifted.wcs.crpix - shift)
    name = "cd" if shifted.wcs.has_cd() else "pc"
    setattr(shifted.wcs, name, getattr(shifted.wcs, name) @ correction.matrix)
    shifted.wcs.set()
    if shifted.sip is not None and shifted.sip.a is not None:
        # f(u) is added to u = M v: that is M (v + inverse(M) f(M v)).
        there = np.stack([_turned(terms, correction.matrix) for terms in _pair(shifted.sip)])
        terms = np.einsum("kl,lij->kij", np.linalg.inv(correction.matrix), there)
        shifted.sip = Sip(*terms, None, None, shifted.wcs.crpix)
    return shifted


def _pair(sip: Any) -> NDArray[np.float64]:
    """Return SIP's polynomials in arrays of one shape."""
    pair = np.zeros((2, *np.maximum(sip.a.shape, sip.b.shape)))
    for terms, given in zip(pair, (sip.a, sip.b), strict=True):
        terms[: len(given), : len(given)] = given
    return pair


def _turned(terms: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coefficients of a polynomial of ``matrix @ (x, y)``, by powers of x and y."""
    turned = np.zeros_like(terms)
    (a, b), (c, d) = matrix
    for p, q in np.argwhere(terms):
        # Of one total degree: by the powers of x, the rest is y's.
        product: NDArray[np.float64] = polynomial.polymul(
            polynomial.polypow([b, a], p), polynomial.polypow([d, c], q)
        )
        for power, value in enumerate(product):
            turned[power, p + q - power] += terms[p, q] * value
    return turned
