"""World coordinate systems of archives: the real ones against known positions, and against headers."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import FK5, SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial.polynomial import polyval2d

from persistence.errors import FormatterError
from persistence.types.pixels.box import Box
from persistence.types.wcs import storedwcs

CALEXP = "gen2_repos/obs_test/calexpMetadataObjectsTest/example-calexp.fits.gz"
JOINTCAL = "afw_files/jointcal_wcs-0030600-088.fits"


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "index", "positions"),
    [
        # Source: doc/gen2/afw-files.md, 2.2, checked by an independent calculation.
        (
            f"afw_files/exposure-version-{version}.fits",
            4,
            [(30, 39.99968573), (29.99979487, 40.00007857), (30.05136965, 40.11752535)],
        )
        for version in (0, 1, 2)
    ]
    + [
        (
            JOINTCAL,
            1,
            [(213.87630500, 53.03696899), (213.87607198, 53.03665420), (213.72372039, 52.99028876)],
        )
    ],
)
def test_pixels_are_where_they_are_known_to_be(archive_of, name, index, positions):
    wcs = archive_of(name, index).only("SkyWcs")
    pixels = np.array([(0, 0), (7, 3), (1000, 2000)], dtype=float).T
    np.testing.assert_allclose(
        wcs.pixel_to_world_values(*pixels), np.transpose(positions), atol=6e-9
    )
    back = wcs.world_to_pixel_values(*wcs.pixel_to_world_values(*pixels))
    np.testing.assert_allclose(back, pixels, atol=1e-5)


@pytest.mark.real
@pytest.mark.parametrize("version", [0, 1, 2])
def test_the_archive_and_the_header_agree(real, archive_of, version):
    name = f"afw_files/exposure-version-{version}.fits"
    header = fits.getheader(real / name, 1)
    x0, y0 = header["CRVAL1A"], header["CRVAL2A"]
    of_file, stored = WCS(header), archive_of(name, 4).only("SkyWcs")
    x, y = np.meshgrid(np.arange(50.0), np.arange(40.0))
    np.testing.assert_allclose(
        stored.pixel_to_world_values(x + x0, y + y0), of_file.all_pix2world(x, y, 0), atol=1e-11
    )


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")  # of the header's dates
def test_an_old_wcs_and_its_header_agree(real, archive_of):
    with fits.open(real / CALEXP) as hdus:
        of_file = WCS(hdus[1].header)
    stored = archive_of(CALEXP, 4).only("TanWcs")
    x, y = np.meshgrid(np.linspace(0, 2047, 9), np.linspace(0, 4175, 9))
    np.testing.assert_allclose(
        stored.pixel_to_world_values(x, y), of_file.all_pix2world(x, y, 0), atol=1e-11
    )
    np.testing.assert_allclose(
        stored.world_to_pixel_values(*stored.pixel_to_world_values(x, y)), [x, y], atol=1e-7
    )
    assert isinstance(stored.frame, FK5)
    np.testing.assert_allclose(stored.to_astropy(None).sip.a, of_file.sip.a, rtol=1e-12)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "index", "kind", "scale"),
    [
        ("afw_files/exposure-version-2.fits", 4, "SkyWcs", 0.2),
        ("afw_files/oldTanWcs.fits", 1, "TanWcs", 0.98985),
        ("afw_files/oldTanSipWcs.fits", 1, "TanWcs", 0.98985),
        (CALEXP, 4, "TanWcs", 0.16124),
    ],
)
def test_a_wcs_of_fits_is_fitted_exactly(archive_of, name, index, kind, scale):
    stored, box = archive_of(name, index).only(kind), Box(10, -20, 2000, 3000)
    found = stored.fitted(box)
    assert found.residual < 1e-8
    assert stored.pixel_scale().to_value(units.arcsec) == pytest.approx(scale, rel=1e-3)
    assert found.wcs.wcs.crpix - 1 == pytest.approx(stored.tangent, abs=1e-6)
    if stored.header_wcs is not None:
        assert found.wcs.wcs.cd == pytest.approx(stored.header_wcs.wcs.cd, rel=1e-8)


@pytest.mark.real
def test_a_wcs_that_fits_does_not_have_is_fitted_over_a_box(archive_of):
    stored, box = archive_of(JOINTCAL, 1).only("SkyWcs"), Box(0, 0, 2048, 4176)
    found = stored.fitted(box)
    assert found.residual < 1e-6
    x, y = np.meshgrid(np.linspace(0, 2047, 5), np.linspace(0, 4175, 5))
    np.testing.assert_allclose(
        found.wcs.all_pix2world(x, y, 0), stored.pixel_to_world_values(x, y), atol=1e-10
    )
    # AP and BP undo A and B, both relative to CRPIX, for programs that do not iterate.
    sip, offsets = (
        found.wcs.sip,
        np.stack([x.ravel(), y.ravel()]) + 1 - found.wcs.wcs.crpix[:, np.newaxis],
    )
    there = offsets + [polyval2d(*offsets, each) for each in (sip.a, sip.b)]
    back = there + [polyval2d(*there, each) for each in (sip.ap, sip.bp)]
    np.testing.assert_allclose(back, offsets, atol=0.02)


TAN = """1 SkyWcs 0 Begin FrameSet
Nframe = 3
Lnk2 = 1
Lnk3 = 2
Frm1 =
Begin Frame
Naxes = 2
Domain = "PIXELS"
End Frame
Frm2 =
Begin Frame
Naxes = 2
Domain = "IWC"
End Frame
Frm3 =
Begin SkyFrame
Naxes = 2
System = "ICRS"
End SkyFrame
Map2 =
Begin CmpMap
MapA =
Begin ShiftMap
Nin = 2
Sft1 = -100
Sft2 = 30
End ShiftMap
MapB =
Begin ZoomMap
Nin = 2
Zoom = 0.0001
End ZoomMap
End CmpMap
Map3 =
Begin CmpMap
InvA = 1
InvB = 0
MapA =
Begin CmpMap
MapA =
Begin WcsMap
Type = "TAN"
Nin = 2
End WcsMap
MapB =
Begin ZoomMap
Nin = 2
Zoom = 57.29577951308232
End ZoomMap
End CmpMap
MapB =
Begin UnitMap
Nin = 2
End UnitMap
End CmpMap
End FrameSet
"""


def made(text):
    return storedwcs.make([{"wcs": [np.frombuffer(text.encode(), np.uint8)]}], None)


def test_it_is_a_wcs_for_astropy():
    wcs = made(TAN)  # about the pole, for nothing turns the native sphere
    assert (wcs.pixel_n_dim, wcs.world_n_dim, wcs.tangent) == (2, 2, (100, -30))
    place = wcs.pixel_to_world([100.0, 5100], [9970.0, -30])
    assert isinstance(place, SkyCoord)
    # A degree of the plane is arctan(1 deg) away.
    away = np.degrees(np.arctan(np.radians([1.0, 0.5])))
    np.testing.assert_allclose(place.dec.deg, 90 - away)
    np.testing.assert_allclose(place.ra.deg, [180, 90])
    np.testing.assert_allclose(wcs.world_to_pixel(place), [[100, 5100], [9970, -30]], atol=1e-7)
    assert wcs.pixel_scale().to_value(units.arcsec) == pytest.approx(0.36)
    assert wcs.pixel_to_world_values(np.zeros((2, 3)), 1.0)[0].shape == (2, 3)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0, 359.9),
    st.floats(-89, 89),
    st.floats(0.05, 2),
    st.floats(0, 360),
    st.tuples(*[st.floats(-3000, 3000)] * 2),
)
def test_any_tan_of_fits_is_found_again(ra, dec, scale, angle, pixel):
    wcs = WCS(naxis=2)
    turn = np.radians(angle)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = (ra, dec), pixel
    wcs.wcs.cd = (
        np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * scale / 3600
    )
    found = storedwcs.from_header(wcs).fitted(Box(0, 0, 500, 400))
    assert found.residual < 1e-6
    assert "SIP" not in found.wcs.wcs.ctype[0]
    assert found.wcs.wcs.cd == pytest.approx(wcs.wcs.cd, abs=scale / 3600 * 1e-6)


@pytest.mark.parametrize("old", ['"ICRS"', "SkyFrame", "1 SkyWcs", "Begin FrameSet"])
def test_another_text_is_refused(old):
    with pytest.raises(FormatterError):
        made(TAN.replace(old, {"SkyFrame": "Frame"}.get(old, '"ODD"')))


def test_a_box_that_the_projection_does_not_reach_is_refused():
    with pytest.raises(FormatterError, match="no pixels"):
        made(TAN).fitted(Box(0, 0, 0, 5))
    with pytest.raises(FormatterError, match="no position"):
        made(TAN.replace("TAN", "SIN")).fitted(Box(0, 0, 2_000_000, 5))


OLD = {
    "crval_x": [43.0], "crval_y": [-44.0], "crpix_x": [99.0], "crpix_y": [49.0], "cd": [[1e-4, 2e-5, -3e-5, 1e-4]],
    "ctype1": ["RA---TAN"], "ctype2": ["DEC--TAN"], "equinox": [9.87654321e107], "radesys": ["ICRS"],
    "cunit1": ["deg"], "cunit2": [""],
}  # fmt: skip


def test_the_matrix_of_an_old_wcs_goes_by_columns_and_its_pixels_from_0():
    wcs = storedwcs.make_old([OLD], None)
    assert wcs.header_wcs.wcs.crpix.tolist() == [100, 50]
    assert wcs.header_wcs.wcs.cd.tolist() == [[1e-4, -3e-5], [2e-5, 1e-4]]
    assert wcs.pixel_to_world_values(99, 49) == pytest.approx((43, -44))


def test_the_polynomials_of_an_old_wcs_go_by_columns():
    flat = np.zeros(9)
    flat[2 + 3 * 0] = 1e-5  # A_2_0
    second = {"A": [flat], "B": [np.zeros(9)], "Ap": [np.zeros(16)], "Bp": [np.zeros(16)]}
    wcs = storedwcs.make_old([OLD, second], None).header_wcs
    assert wcs.sip.a[2, 0] == 1e-5
    assert wcs.wcs.ctype[0] == "RA---TAN-SIP"
    assert wcs.sip.ap.shape == (4, 4)


def test_a_position_that_no_pixel_has_is_nan():
    wcs = storedwcs.make_old([OLD], None)
    far = wcs.world_to_pixel_values([43.0, 223.0], [-44.0, 44.0])
    np.testing.assert_allclose(far, [[99, np.nan], [49, np.nan]])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"crval_x": [np.nan]}, "not finite"),
        ({"cd": [[0.0, 0.0, 0.0, 0.0]]}, "singular"),
        ({"ctype2": ["DEC--SIN"]}, "Inconsistent projection types"),
    ],
)
def test_numbers_that_make_no_wcs_are_refused(cells, message):
    with pytest.raises(FormatterError, match=message):
        storedwcs.make_old([OLD | cells], None)


PLACED = {
    "CRPIX1": 1000.0, "CRPIX2": 2000.0, "CRVAL1": 150.0, "CRVAL2": 2.0,
    "CD1_1": -7e-5, "CD1_2": 1e-6, "CD2_1": 2e-6, "CD2_2": 7e-5,
}  # fmt: skip
PARAMETERS = {
    "COE": {"PV2_1": 40.0, "PV2_2": 10.0},
    "COD": {"PV2_1": 40.0, "PV2_2": 10.0},
    "ZPN": {"PV2_1": 1.0, "PV2_3": 50.0},
    "AZP": {"PV2_1": 2.0, "PV2_2": 10.0},
    "CEA": {"PV2_1": 0.5},
    "SIN": {"PV2_1": 0.1, "PV2_2": 0.2},
    "TPV": {f"PV{axis}_{m}": value for axis in (1, 2) for m, value in ((1, 1.01), (4, 0.003), (7, 0.01))},
    "TAN-SIP": {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 5e-6, "B_1_1": 1e-6},
}  # fmt: skip
ASTS = {
    **{
        code: {"CTYPE1": f"RA---{code}", "CTYPE2": f"DEC--{code}", **PARAMETERS.get(code, {})}
        for code in [*"TAN ARC STG ZEA CAR SFL AIT MOL HPX".split(), *PARAMETERS]
    },
    "galactic": {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"},
    "a pole": {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL2": 90.0},
    **{
        str(frame): {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", **frame}
        for frame in (
            {"RADESYS": "ICRS"},
            {"RADESYS": "FK5", "EQUINOX": 2000.0},
            {"RADESYS": "FK5", "EQUINOX": 1975.0},
            {"RADESYS": "FK4", "EQUINOX": 1950.0},
            {"LONPOLE": 90.0},
        )
    },
}


@pytest.mark.parametrize("kind", ASTS)
def test_what_ast_writes_is_read_as_ast_and_astropy_have_it(as_afw_has_it, kind):
    header = fits.Header()
    header.update({"NAXIS": 2, "NAXIS1": 2048, "NAXIS2": 4096, **PLACED, **ASTS[kind]})
    text, frames = as_afw_has_it(header)
    stored, (x, y) = storedwcs.from_text(text), np.array([[0, 100.5, 1500], [0, 200.25, 2500]])
    found = stored.pixel_to_world_values(x, y)
    longitude, latitude = np.degrees(frames.tran([x, y], True))
    np.testing.assert_allclose(found, [longitude % 360, latitude], rtol=0, atol=1e-10)
    np.testing.assert_allclose(stored.world_to_pixel_values(*found), [x, y], rtol=0, atol=2e-4)
    expected = WCS(header).pixel_to_world(x, y).icrs
    assert stored.pixel_to_world(x, y).icrs.separation(expected).arcsec.max() < 1e-5
