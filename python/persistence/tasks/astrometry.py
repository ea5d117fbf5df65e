"""Corrects a WCS by what its pixels are off."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from persistence.tasks.stamps import Bools, Floats

_CLIP = 3.0
_ROUNDS = 10
# the median length of normal deviates in a plane, in standard deviations along an axis
_NORMAL = 1.1774
# Terms of a linear map with a shift in a plane.
_LINEAR_TERMS = 3


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
    found, *_ = np.linalg.lstsq(terms, expected, rcond=None)
    return np.asarray(found[:2].T), np.asarray(found[2])


def corrected(wcs: Any, correction: Correction) -> Any:
    """Return a WCS that maps pixels as another does after a correction.

    The other takes a pixel p to CD (p - CRPIX); of M p + t that is (CD M) (p - inverse(M) (CRPIX -
    t)). Pixels count from 1 in CRPIX and from 0 in the correction. Polynomials of SIP become others
    of the same order; those of its inverse are left out.
    """
    from astropy.wcs import Sip

    made = wcs.deepcopy()
    # From 0 to 1: M (p - 1) + t + 1.
    shift = correction.shift + 1 - correction.matrix @ np.ones(2)
    made.wcs.crpix = np.linalg.solve(correction.matrix, made.wcs.crpix - shift)
    name = "cd" if made.wcs.has_cd() else "pc"
    setattr(made.wcs, name, getattr(made.wcs, name) @ correction.matrix)
    made.wcs.set()
    if made.sip is not None and made.sip.a is not None:
        # f(u) is added to u = M v: that is M (v + inverse(M) f(M v)).
        there = np.stack([_turned(terms, correction.matrix) for terms in _pair(made.sip)])
        terms = np.einsum("kl,lij->kij", np.linalg.inv(correction.matrix), there)
        made.sip = Sip(*terms, None, None, made.wcs.crpix)
    return made


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
