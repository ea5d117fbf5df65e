"""Polynomials are added to a WCS exactly, and astropy, AST and a calexp read them alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, Sip
from numpy.polynomial import polynomial

from persistence import Exposure
from persistence.tasks import distortion
from persistence.tasks.surfaces import Frame, Surface
from persistence.testing import DatasetFolder
from persistence.types.pixels.box import Box
from persistence.types.wcs import headerwcs, sphere

FRAME = Frame(Box(0, 0, 200, 400))
RNG = np.random.default_rng(1)
PIXELS = RNG.uniform(0, 1, (60, 2)) * [200, 400]
MAS = 3.6e6


def plain(projection: str = "TAN", names: tuple[str, str] = ("RA--", "DEC-")) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"{name}-{projection}" for name in names]
    wcs.wcs.crval, wcs.wcs.crpix = [30.0, 10.0], [950.0, -700.0]  # as far off as DECam's
    wcs.wcs.cd = np.array([[1e-6, 7.3e-5], [-7.3e-5, 2e-6]])
    wcs.wcs.set()
    return wcs


def with_sip() -> WCS:
    wcs = plain("TAN-SIP")
    terms = np.zeros((2, 5, 5))
    terms[0, 2, 0], terms[0, 1, 3], terms[1, 1, 1], terms[1, 0, 3] = 1e-6, 3e-13, -2e-6, 5e-9
    wcs.sip = Sip(terms[0], terms[1], None, None, wcs.wcs.crpix)
    return wcs


def with_tpv() -> WCS:
    """Return a TPV with terms of the radius, which no other term can be."""
    header = plain().to_header(relax=True)
    header["CTYPE1"], header["CTYPE2"] = "RA---TPV", "DEC--TPV"
    for name, value in {
        "1_1": 1.001,
        "1_3": 1e-3,
        "1_7": 0.008,
        "2_1": 0.999,
        "2_11": -0.03,
    }.items():
        header[f"PV{name}"] = value
    return WCS(header)


KINDS: dict[str, Callable[[], WCS]] = {
    "TAN": plain,
    "TAN-SIP": with_sip,
    "TPV": with_tpv,
    "inside": lambda: referred(plain()),
    "galactic": lambda: plain(names=("GLON", "GLAT")),
}


def referred(wcs: WCS) -> WCS:
    """Refer a WCS to a pixel of the image."""
    made = wcs.deepcopy()
    made.wcs.crpix = [100.0, 120.0]
    return made


def surface(degree: int, size: float = 1e-5) -> Surface:
    """Return a polynomial of some 50 mas on the plane."""
    terms = np.random.default_rng(degree).normal(0, size, (degree + 1, degree + 1, 2))
    terms[np.add.outer(np.arange(degree + 1), np.arange(degree + 1)) > degree] = 0
    none: Any = np.zeros(0)
    return Surface(FRAME, terms, none, none, none, 0.0, 0.0)


def expected(wcs: WCS, added: Surface) -> Any:
    """Return where the pixels lie once it is added, in degrees, by astropy's own projection."""
    x, y = FRAME.scaled(PIXELS).T
    more = polynomial.polyval2d(x, y, added.terms)
    tangent = plain(names=(wcs.wcs.ctype[0][:4], wcs.wcs.ctype[1][:4]))
    tangent.wcs.crpix, tangent.wcs.cd = [1, 1], np.eye(2)
    plane = np.array(tangent.wcs_world2pix(*wcs.all_pix2world(*PIXELS.T, 0), 0))
    return np.transpose(tangent.wcs_pix2world(*(plane + more), 0))


def apart(one: Any, other: Any) -> float:
    """Return the largest distance (mas)."""
    off = (np.asarray(one) - other) * [np.cos(np.radians(10)), 1]
    return float(np.hypot(*off.T).max() * MAS)


@pytest.mark.parametrize("degree", [2, 3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_a_polynomial_is_added_and_headers_tell_it(kind: str, degree: int) -> None:
    wcs, added = KINDS[kind](), surface(degree)
    before = wcs.to_header_string(relax=True)
    made = distortion.bent(wcs, added)
    assert wcs.to_header_string(relax=True) == before
    there = expected(wcs, added)
    assert apart(wcs.all_pix2world(PIXELS, 0), there) > 20  # it is no trifle
    assert apart(made.all_pix2world(PIXELS, 0), there) < 0.001
    header = made.to_header(relax=True)
    assert header["CTYPE1"][5:] == ("TPV" if kind == "TPV" else "TAN-SIP")
    for reread in (WCS(header), headerwcs.wcs_of(header)):
        assert apart(reread.all_pix2world(PIXELS, 0), there) < 0.001
        assert np.abs(reread.all_world2pix(there, 0, tolerance=1e-7) - PIXELS).max() < 1e-5


def test_terms_of_the_radius_stay() -> None:
    header = distortion.bent(with_tpv(), surface(3)).to_header(relax=True)
    assert (header["PV1_3"], header["PV2_11"]) == (1e-3, -0.03)


@pytest.mark.parametrize("kind", ["TAN", "TAN-SIP"])
def test_the_inverse_polynomials_undo_the_others(kind: str) -> None:
    made = distortion.bent(KINDS[kind](), surface(3))
    back = made.sip_foc2pix(made.sip_pix2foc(PIXELS, 1), 1)
    assert np.abs(back - PIXELS).max() < 1e-3
    assert made.sip.a[0, 0] == made.sip.a[1, 0] == made.sip.b[0, 1] == 0  # CRPIX and CD are these
    assert np.allclose(made.wcs.crpix, FRAME.middle + 1)  # what it was is not on the image


def test_the_reference_stays_where_it_is_on_the_image() -> None:
    made = distortion.bent(referred(plain()), surface(3))
    assert made.wcs.crpix.tolist() == [100.0, 120.0]


@pytest.mark.parametrize("kind", ["TAN-SIP", "TPV"])
def test_a_calexp_has_it_whatever_its_origin(tmp_path: Path, kind: str) -> None:
    wcs = distortion.bent(KINDS[kind](), surface(3))
    disk = DatasetFolder(tmp_path, "FitsStorage", "lsst.afw.image.ExposureF", ".fits")
    image = np.zeros((20, 10), np.float32)
    header = fits.Header()
    for axis, start in (("1", 40), ("2", 70)):
        header[f"CTYPE{axis}A"], header[f"CRPIX{axis}A"] = "LINEAR", 1
        header[f"CRVAL{axis}A"] = start
    location = disk.write(Exposure(image, header).replaced(wcs=wcs))
    read = disk.read(location).wcs
    assert apart(read.all_pix2world(PIXELS, 0), wcs.all_pix2world(PIXELS, 0)) < 0.01
    own = WCS(fits.getheader(location.full_path, 1))
    part = own.all_pix2world(PIXELS - [40, 70], 0)
    assert apart(part, wcs.all_pix2world(PIXELS, 0)) < 0.01


@pytest.mark.parametrize("kind", ["TAN-SIP", "TPV"])
def test_ast_reads_it_alike(kind: str) -> None:
    """The library by which afw reads headers."""
    ast: Any = pytest.importorskip("starlink.Ast", reason="starlink-pyast is not installed")
    wcs = distortion.bent(KINDS[kind](), surface(3))
    cards = [str(card) for card in wcs.to_header(relax=True).cards]
    sky = np.degrees(ast.FitsChan(cards, None, "Encoding=FITS-WCS").read().tran(PIXELS.T + 1))
    assert apart(sky.T % 360, wcs.all_pix2world(PIXELS, 0)) < 0.01


@pytest.mark.parametrize("projection", ["ZEA", "STG", "ARC"])
def test_other_projections_take_no_polynomials(projection: str) -> None:
    wcs = plain()
    wcs.wcs.ctype = [f"{name}-{projection}" for name in ("RA--", "DEC-")]
    assert not distortion.can_bend(wcs)
    assert all(distortion.can_bend(make()) for make in KINDS.values())


def test_positions_on_the_sky_are_brought_to_pixels_as_exactly() -> None:
    made = distortion.bent(with_sip(), surface(3, 3e-4))
    sky = made.all_pix2world(PIXELS, 0).T
    assert np.abs(np.transpose(sphere.to_pixels(made, *sky)) - PIXELS).max() < 1e-6
