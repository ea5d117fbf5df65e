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
from persistence.tasks.astrometry import KINDS, Pairs, Solution, corrected, fit, solve
from persistence.tasks.surfaces import Frame
from persistence.types.pixels.box import Box

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


FRAME = Frame(Box(0, 0, 2048, 4096))
MAS = 3.6e6
SIGMA = 3.0  # mas, of each star


def real(kind: str) -> WCS:
    """Return the WCS of a chip of DECam's size and scale."""
    wcs = plain()
    wcs.wcs.crpix, wcs.wcs.cdelt = [2150.0, 2042.0], [1, 1]
    wcs.wcs.pc = np.array([[1e-7, 7.286e-5], [-7.286e-5, 2e-7]])
    header = wcs.to_header(relax=True)
    if kind == "TPV":
        header["CTYPE1"], header["CTYPE2"] = "RA---TPV", "DEC--TPV"
        for name in ("PV1_1", "PV2_1"):
            header[name] = 1.0
        header["PV1_7"] = header["PV1_9"] = header["PV2_7"] = header["PV2_9"] = 0.008
        header["PV1_11"] = 1e-3
    return WCS(header)


def stars(
    wcs: WCS, number: int, distortion: float, sigma: float = SIGMA, seed: int = 1
) -> tuple[Pairs, Any]:
    """Return stars that a WCS has off by terms of third order of so many mas; and the truth of a grid."""
    rng = np.random.default_rng(seed)
    terms = np.array([[1.0, -0.7, 0.5, -1.2], [-0.8, 1.1, 0.9, -0.6]])

    def true(pixels: Any) -> Any:
        x, y = FRAME.scaled(pixels).T
        cubic = np.stack([x**3, x**2 * y, x * y**2, y**3])
        east, north = terms @ cubic * distortion / MAS
        ra, dec = wcs.all_pix2world(pixels, 0).T
        return np.column_stack([ra + east / np.cos(np.radians(dec)), dec + north])

    pixels = rng.uniform(0, 1, (number, 2)) * [2047, 4095]
    sky = true(pixels)
    noise = np.full((number, 2), sigma / 1e3 / 0.2623)
    measured = pixels + noise * rng.normal(size=noise.shape)
    grid = np.stack(np.meshgrid(np.linspace(0, 2047, 9), np.linspace(0, 4095, 17)), -1)
    there = grid.reshape(-1, 2)
    return Pairs(measured, noise, (sky[:, 0], sky[:, 1]), np.zeros(number)), (there, true(there))


def error(made: Solution, truth: Any) -> Any:
    """Return how far off a solution is over the chip (mas)."""
    pixels, sky = truth
    off = (made.wcs.all_pix2world(pixels, 0) - sky) * [np.cos(np.radians(10)), 1] * MAS
    return np.hypot(*off.T)


def solved(wcs: WCS, pairs: Pairs, kind: str = "AUTO", order: int = 3) -> Solution:
    return solve(wcs, pairs, FRAME, KINDS[kind](order), 3.0, 0.1)


@pytest.mark.parametrize("kind", ["TAN", "TPV"])
def test_a_distortion_of_third_order_is_taken_out(kind: str) -> None:
    wcs = real(kind)
    pairs, truth = stars(wcs, 300, 20.0)
    made = solved(wcs, pairs)
    assert made.degree == 3
    assert np.median(error(made, truth)) < 1.0
    assert error(made, truth).max() < 4.0
    assert made.rim_error * 1e3 == pytest.approx(2.0, abs=1.5)
    assert made.excess * 1e3 < 1.5
    assert np.median(error(solved(wcs, pairs, "LINEAR"), truth)) > 4.0
    assert made.wcs.to_header(relax=True)["CTYPE1"][5:] == ("TPV" if kind == "TPV" else "TAN-SIP")


@pytest.mark.parametrize("seed", range(5))
def test_no_polynomial_is_fitted_where_there_is_nothing_to_fit(seed: int) -> None:
    pairs, truth = stars(real("TPV"), 300, 0.0, seed=seed)
    made = solved(real("TPV"), pairs)
    assert made.degree == 1
    assert error(made, truth).max() < 2.0


def test_a_polynomial_may_be_asked_for_all_the_same() -> None:
    pairs, _ = stars(real("TAN"), 300, 0.0)
    assert solved(real("TAN"), pairs, "POLYNOMIAL", 4).degree == 4
    few, _ = stars(real("TAN"), 40, 0.0)
    assert solved(real("TAN"), few, "POLYNOMIAL", 4).degree == 2


def test_with_few_stars_the_map_is_linear() -> None:
    pairs, truth = stars(real("TPV"), 12, 20.0)
    made = solved(real("TPV"), pairs)
    assert made.degree == 1
    assert error(made, truth).max() < 100


def test_beyond_the_stars_a_fit_does_not_run_away() -> None:
    """Of a polynomial by the stars of the lower third, the upper corners would be anywhere."""
    pairs, truth = stars(real("TPV"), 300, 20.0)
    low = pairs.pixels[:, 1] < 1300
    sky = pairs.sky[0][low], pairs.sky[1][low]
    part = Pairs(pairs.pixels[low], pairs.pixel_errors[low], sky, pairs.sky_errors[low])
    made = solved(real("TPV"), part)
    assert made.rim_error < 0.1 * 0.2623
    assert error(made, truth).max() < 200


def test_stars_count_by_their_errors() -> None:
    wcs = real("TAN")
    pairs, truth = stars(wcs, 400, 0.0)
    worse = pairs.pixels.copy()
    worse[:200] += np.random.default_rng(4).normal(0, 1.0, (200, 2))
    errors, sky_errors = pairs.pixel_errors.copy(), pairs.sky_errors.copy()
    errors[:100] = 1.0  # the sources of a half are known badly, and the stars of others
    sky_errors[100:200] = 0.2623
    made = solved(wcs, Pairs(worse, errors, pairs.sky, sky_errors))
    assert error(made, truth).max() < 2.0
    assert made.used.sum() > 380


@pytest.mark.parametrize("projection", ["ZEA", "STG"])
def test_another_projection_gets_a_linear_map(projection: str) -> None:
    wcs = real("TAN")
    wcs.wcs.ctype = [f"{name}-{projection}" for name in ("RA--", "DEC-")]
    wcs.wcs.set()
    pairs, _ = stars(wcs, 300, 20.0)
    made = solved(wcs, pairs)
    assert made.degree == 1
    assert made.wcs.wcs.ctype[0] == f"RA---{projection}"


def test_a_sip_that_is_corrected_has_inverse_polynomials() -> None:
    wcs = with_sip()
    frame, errors = Frame(Box(0, 0, 250, 250)), np.full((40, 2), 0.01)
    sky = wcs.all_pix2world(PIXELS + 1.0, 0).T
    pairs = Pairs(PIXELS, errors, (sky[0], sky[1]), np.zeros(40))
    made = solve(wcs, pairs, frame, KINDS["LINEAR"](3), 3.0, 0.1).wcs
    assert np.allclose(made.all_pix2world(PIXELS, 0), sky.T, rtol=0, atol=1e-8)
    assert np.abs(made.sip_foc2pix(made.sip_pix2foc(PIXELS, 1), 1) - PIXELS).max() < 0.2
