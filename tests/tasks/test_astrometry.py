"""A WCS that is off is corrected exactly, also one with distortion, and strays do not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, Sip
from hypothesis import given, settings
from hypothesis import strategies as st

from obs_decam.sample import generate, sky
from persistence.tasks.astrometry import corrected, fit

RNG = np.random.default_rng(1)
PIXELS = RNG.uniform(0, 250, (40, 2))
TPV = WCS(fits.Header(list(sky.wcs_cards(7, "N1", (-16.8, 31.0), generate.LAYOUTS["small"]))))


def plain() -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = (
        ["RA---TAN", "DEC--TAN"],
        [30.0, 10.0],
        [100.0, 90.0],
    )
    wcs.wcs.cdelt = [-1e-3, 1e-3]
    wcs.wcs.set()
    return wcs


def with_sip() -> WCS:
    wcs = plain()
    terms = np.zeros((2, 4, 4))
    terms[0, 2, 0], terms[0, 1, 2], terms[1, 1, 1], terms[1, 0, 3] = 1e-4, 3e-7, -2e-4, 5e-7
    wcs.wcs.ctype = [f"{name}-SIP" for name in wcs.wcs.ctype]
    wcs.sip = Sip(terms[0], terms[1], None, None, wcs.wcs.crpix)
    return wcs


def mapped(pixels: Any, matrix: Any, shift: Any) -> Any:
    return pixels @ np.asarray(matrix).T + shift


small = st.floats(-0.01, 0.01)


@settings(max_examples=30, deadline=None)
@given(
    a=small,
    b=small,
    c=small,
    d=small,
    dx=st.floats(-9, 9),
    dy=st.floats(-9, 9),
    kind=st.sampled_from(["TAN", "TPV", "SIP"]),
)
def test_a_linear_map_of_the_pixels_is_found_and_undone(
    a: float, b: float, c: float, d: float, dx: float, dy: float, kind: str
) -> None:
    wcs = {"TAN": plain, "TPV": lambda: TPV, "SIP": with_sip}[kind]()
    there = mapped(PIXELS, np.eye(2) + [[a, b], [c, d]], [dx, dy])
    correction = fit(PIXELS, there, linear=True)
    assert correction.used.all()
    made = corrected(wcs, correction)
    assert np.allclose(
        made.all_pix2world(PIXELS, 0), wcs.all_pix2world(there, 0), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("linear", [True, False])
def test_strays_are_left_out(linear: bool) -> None:
    there = mapped(PIXELS, np.eye(2), [1.5, -0.5]) + RNG.normal(0, 0.05, PIXELS.shape)
    there[:4] += 2.0
    correction = fit(PIXELS, there, linear)
    assert not correction.used[:4].any()
    assert correction.used.sum() > 33
    assert np.allclose(
        mapped(PIXELS, correction.matrix, correction.shift) - PIXELS, [1.5, -0.5], atol=0.1
    )


def test_the_wcs_that_is_given_stays_as_it_is() -> None:
    wcs = plain()
    before = wcs.to_header_string()
    made = corrected(wcs, fit(PIXELS, PIXELS + 1.0, linear=False))
    assert wcs.to_header_string() == before
    assert made.wcs.crpix == pytest.approx(wcs.wcs.crpix - 1)
