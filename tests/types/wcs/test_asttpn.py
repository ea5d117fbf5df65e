"""TPV as AST stores it, TPN: DECam's own skies, against AST itself and against astropy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from persistence.types.pixels.box import Box
from persistence.types.wcs import storedwcs
from persistence.types.wcs.asttpn import tangent_polynomial

BOX = Box(0, 0, 2046, 4094)
X, Y = (each.ravel() for each in np.meshgrid(np.linspace(-5, 2050, 7), np.linspace(-5, 4100, 9)))


@pytest.fixture(
    params=[
        "instcal/c4d_140818_232043_ooi_z_ls9.N12",
        "instcal/c4d_150329_083320_ooi_r_ls9.N11",
        "instcal/c4d_180218_090701_ooi_z_ls9.N10",
    ]
)
def header(real: Any, request: Any) -> fits.Header:
    """Return the header of a real exposure of the Community Pipeline."""
    found = fits.getheader(real / "decam_instcal" / f"{request.param}.fits", 1)
    assert found["CTYPE1"] == "RA---TPV"
    return found


@pytest.mark.real
def test_decams_own_sky_is_read_as_ast_and_astropy_have_it(
    header: fits.Header, as_afw_has_it: Any
) -> None:
    text, frames = as_afw_has_it(header)
    assert 'Type = "TPN"' in text
    stored = storedwcs.from_text(text)
    found = np.array(stored.pixel_to_world_values(X, Y))
    longitude, latitude = np.degrees(frames.tran([X, Y], True))
    np.testing.assert_allclose(found, [longitude % 360, latitude], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found, WCS(header).all_pix2world(X, Y, 0), rtol=0, atol=1e-10)
    back = stored.world_to_pixel_values(*found)
    np.testing.assert_allclose(back, [X, Y], rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        back, frames.tran(np.radians(found), False), rtol=0, atol=1e-5
    )  # AST stops earlier


@pytest.mark.real
def test_decams_own_sky_is_fitted_by_sip_where_fits_is_wanted(
    header: fits.Header, as_afw_has_it: Any
) -> None:
    text, _ = as_afw_has_it(header)
    fit = storedwcs.from_text(text).fitted(BOX)
    assert fit.residual < 1e-4
    found = fit.wcs.all_pix2world(X, Y, 0)
    np.testing.assert_allclose(found, WCS(header).all_pix2world(X, Y, 0), rtol=0, atol=1e-8)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("axes", [(1, 2), (2, 1)])
def test_any_polynomial_is_asts(ast: Any, seed: int, axes: tuple[int, int]) -> None:
    random = np.random.default_rng(seed)
    numbers = random.choice(40, random.integers(1, 40), replace=False)
    terms = [
        {int(number): float(random.normal(number == 1, 0.01)) for number in numbers} for _ in axes
    ]
    words = [
        f"PV{axis}_{number}={value!r}"
        for axis, each in zip(axes, terms, strict=True)
        for number, value in each.items()
    ]
    ours = tangent_polynomial((terms[0], terms[1]), (axes[0] - 1, axes[1] - 1), 2)
    asts = ast.WcsMap(2, ast.TPN, *axes, ",".join(words))
    plane = np.radians(random.uniform(-0.8, 0.8, (2, 30)))
    there = ours.inverse(plane)
    apart = there - asts.tran(plane, False)
    np.testing.assert_allclose((apart + np.pi) % (2 * np.pi) - np.pi, 0, atol=1e-13)
    np.testing.assert_allclose(ours.forward(there), plane, rtol=0, atol=1e-13)
