"""`SkyWcs` and what makes one: against astropy, and against what afw itself gave for its files."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from persistence.gen2types import unwrap, wrap
from persistence.gen2types.angle import Angle, arcseconds, degrees, radians
from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Extent2D, Extent2I, Point2D, Point2I
from persistence.gen2types.mappings import (
    TransformPoint2ToPoint2,
    linearizeTransform,
    makeRadialTransform,
    makeTransform,
)
from persistence.gen2types.spherepoint import SpherePoint
from persistence.gen2types.transforms import AffineTransform
from persistence.gen2types.wcs import SkyWcs
from persistence.gen2types.wcscompare import wcsAlmostEqualOverBBox
from persistence.gen2types.wcsmake import (
    makeCdMatrix,
    makeFlippedWcs,
    makeModifiedWcs,
    makeSkyWcs,
    makeTanSipWcs,
    makeWcsPairTransform,
)
from persistence.types.archives.read import open_archive
from persistence.types.metadata.property import PropertyList

# A header with SIP, as many telescopes write it.
CARDS: dict[str, Any] = {
    "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "CRPIX1": 1024.5, "CRPIX2": 2048.5,
    "CRVAL1": 150.25, "CRVAL2": 2.5, "CD1_1": -7.1e-5, "CD1_2": 2e-6, "CD2_1": 2.1e-6,
    "CD2_2": 7.2e-5, "RADESYS": "ICRS", "A_ORDER": 2, "A_2_0": 1.1e-7, "A_0_2": -2e-8,
    "B_ORDER": 2, "B_1_1": 3e-8, "B_2_0": 1e-8, "AP_ORDER": 2, "BP_ORDER": 2,
}  # fmt: skip
PLACES = [(0.0, 0.0), (1023.5, 2047.5), (2047.0, 4095.0), (17.25, 3000.5)]


@pytest.fixture
def header() -> fits.Header:
    return fits.Header(CARDS.items())


@pytest.fixture
def oracle(header: fits.Header) -> WCS:
    return WCS(header)


@pytest.fixture
def wcs(header: fits.Header) -> SkyWcs:
    return makeSkyWcs(header)


@pytest.mark.parametrize("place", PLACES)
def test_pixels_lie_where_astropy_has_them(wcs: SkyWcs, oracle: WCS, place: Any) -> None:
    ra, dec = oracle.all_pix2world(*place, 0)
    for found in (wcs.pixelToSky(*place), wcs.pixelToSky(Point2D(*place))):
        assert isinstance(found, SpherePoint)
        assert found.getRa().asDegrees() == pytest.approx(float(ra), abs=1e-9)
        assert found.getDec().asDegrees() == pytest.approx(float(dec), abs=1e-9)
    back = wcs.skyToPixel(SpherePoint(float(ra), float(dec), degrees))
    assert isinstance(back, Point2D)
    assert tuple(back) == pytest.approx(place, abs=1e-6)


def test_lists_and_arrays_give_what_single_positions_give(wcs: SkyWcs) -> None:
    points = [Point2D(*place) for place in PLACES]
    sky = wcs.pixelToSky(points)
    assert sky == [wcs.pixelToSky(point) for point in points]
    assert [tuple(p) for p in wcs.skyToPixel(sky)] == [
        pytest.approx(place, abs=1e-6) for place in PLACES
    ]
    x, y = np.array(PLACES).T.reshape(2, 2, 2)
    for in_degrees, unit in ((True, degrees), (False, radians)):
        ra, dec = wcs.pixelToSkyArray(x, y, degrees=in_degrees)
        assert ra.shape == (2, 2)
        expected = [[place.getPosition(unit)[axis] for place in sky] for axis in (0, 1)]
        assert np.allclose([ra.ravel(), dec.ravel()], expected, rtol=0, atol=1e-12)
        again = wcs.skyToPixelArray(ra, dec, degrees=in_degrees)
        assert np.allclose(again, [x, y], rtol=0, atol=1e-6)


def test_a_position_that_the_projection_cannot_show_has_no_pixel(wcs: SkyWcs) -> None:
    """Without a warning: those are errors here."""
    behind = SpherePoint(330.0, -2.5, degrees)
    assert np.isnan(tuple(wcs.skyToPixel(behind))).all()
    x, y = wcs.skyToPixelArray([330.0, 150.25], [-2.5, 2.5], degrees=True)
    assert np.isnan([x[0], y[0]]).all()
    assert (x[1], y[1]) == pytest.approx((1023.5, 2047.5), abs=1e-6)


def test_it_says_what_the_header_says(wcs: SkyWcs) -> None:
    assert tuple(wcs.getPixelOrigin()) == (1023.5, 2047.5)
    assert wcs.getSkyOrigin().getRa().asDegrees() == pytest.approx(150.25, abs=1e-12)
    assert wcs.getSkyOrigin().getDec().asDegrees() == pytest.approx(2.5, abs=1e-12)
    cd = [[-7.1e-5, 2e-6], [2.1e-6, 7.2e-5]]
    assert np.allclose(wcs.getCdMatrix(), cd, rtol=1e-12)
    assert np.allclose(wcs.getCdMatrix(wcs.getPixelOrigin()), cd, rtol=1e-6)
    assert (wcs.isFits, wcs.isFlipped, wcs.hasFitsApproximation()) == (True, False, False)


def test_the_scale_is_the_root_of_the_area_of_a_pixel(wcs: SkyWcs, oracle: WCS) -> None:
    assert wcs.getPixelScale().asArcseconds() == pytest.approx(
        3600 * np.sqrt(abs(np.linalg.det(oracle.wcs.cd))), rel=1e-9
    )
    # by the area of a pixel far off, which astropy draws
    x, y = 2040.0, 4000.0
    corners = SkyCoord(
        *oracle.all_pix2world([x - 0.5, x + 0.5, x, x], [y, y, y - 0.5, y + 0.5], 0), unit="deg"
    )
    vectors = corners.cartesian.xyz.value
    area = np.linalg.norm(np.cross(vectors[:, 1] - vectors[:, 0], vectors[:, 3] - vectors[:, 2]))
    found = wcs.getPixelScale(Point2D(x, y))
    assert found.asRadians() == pytest.approx(np.sqrt(area), rel=1e-7)
    assert found.asArcseconds() != pytest.approx(wcs.getPixelScale().asArcseconds(), rel=1e-5)


def test_its_metadata_make_the_same_wcs(wcs: SkyWcs, oracle: WCS) -> None:
    metadata = wcs.getFitsMetadata()
    assert metadata.getScalar("CTYPE1") == "RA---TAN-SIP"
    assert metadata.getScalar("CD1_2") == pytest.approx(2e-6)
    again = makeSkyWcs(metadata)
    for place in PLACES:
        ra, dec = oracle.all_pix2world(*place, 0)
        found = again.pixelToSky(*place)
        assert found.getPosition(degrees) == pytest.approx((float(ra), float(dec)), abs=1e-9)


def test_what_it_is_made_of_can_be_taken_out_of_the_metadata() -> None:
    metadata = PropertyList({**CARDS, "OBJECT": "M31"})
    makeSkyWcs(metadata)
    assert "CTYPE1" in metadata
    makeSkyWcs(metadata, strip=True)
    assert list(metadata) == ["OBJECT"]


@pytest.mark.parametrize("orientation", [0.0, 37.0, 180.0])
@pytest.mark.parametrize("flip", [False, True])
def test_a_wcs_is_made_of_its_numbers(orientation: float, flip: bool) -> None:
    """The position angle of y, by astropy, is the orientation; x is west of it, unless flipped."""
    matrix = makeCdMatrix(scale=0.2 * arcseconds, orientation=orientation * degrees, flipX=flip)
    middle = SpherePoint(10.0, -30.0, degrees)
    wcs = makeSkyWcs(crpix=Point2D(100.0, 200.0), crval=middle, cdMatrix=matrix)
    start, up, right = (
        SkyCoord(*wcs.pixelToSky(x, y).getPosition(degrees), unit="deg")
        for x, y in ((100.0, 200.0), (100.0, 300.0), (200.0, 200.0))
    )
    assert tuple(wcs.skyToPixel(middle)) == pytest.approx((100.0, 200.0), abs=1e-8)
    assert start.separation(up).arcsec == pytest.approx(20.0, rel=1e-7)
    assert start.position_angle(up).wrap_at("350d").deg == pytest.approx(orientation, abs=1e-2)
    turn = 90.0 if flip else -90.0
    assert (start.position_angle(right) - start.position_angle(up)).wrap_at(
        "180d"
    ).deg == pytest.approx(turn, abs=1e-2)
    assert wcs.isFlipped is flip


def test_distortions_are_made_of_their_coefficients(wcs: SkyWcs, oracle: WCS) -> None:
    a, b = (np.zeros((3, 3)) for _ in "AB")
    a[2, 0], a[0, 2], b[1, 1], b[2, 0] = 1.1e-7, -2e-8, 3e-8, 1e-8
    made = makeTanSipWcs(
        Point2D(1023.5, 2047.5), SpherePoint(150.25, 2.5, degrees), oracle.wcs.cd, a, b
    )
    for place in PLACES:
        assert made.pixelToSky(*place).separation(wcs.pixelToSky(*place)).asArcseconds() < 1e-7


def test_a_tangent_wcs_touches_at_its_pixel(wcs: SkyWcs) -> None:
    local = wcs.getTanWcs(Point2D(1900.0, 3500.0))
    for dx, dy in ((0, 0), (5, -3)):
        place = Point2D(1900.0 + dx, 3500.0 + dy)
        apart = local.pixelToSky(place).separation(wcs.pixelToSky(place))
        assert apart.asArcseconds() < 1e-5
    assert local.isFits
    assert tuple(local.getPixelOrigin()) == (1900.0, 3500.0)


def test_a_shift_moves_the_pixels(wcs: SkyWcs) -> None:
    moved = wcs.copyAtShiftedPixelOrigin(Extent2D(10.0, -20.0))
    assert tuple(moved.getPixelOrigin()) == (1033.5, 2027.5)
    for x, y in PLACES:
        apart = moved.pixelToSky(x + 10, y - 20).separation(wcs.pixelToSky(x, y))
        assert apart.asArcseconds() < 1e-8


def test_near_a_place_it_is_an_affine_transform(wcs: SkyWcs) -> None:
    place = Point2D(500.0, 700.0)
    affine = wcs.linearizePixelToSky(place, degrees)
    sky = wcs.pixelToSky(place)
    assert tuple(affine(place)) == pytest.approx(tuple(sky.getPosition(degrees)), abs=1e-11)
    near = Point2D(503.0, 698.0)
    offset = SkyCoord(*sky.getPosition(degrees), unit="deg").spherical_offsets_to(
        SkyCoord(*wcs.pixelToSky(near).getPosition(degrees), unit="deg")
    )
    found = affine(near) - affine(place)
    assert tuple(found) == pytest.approx([each.deg for each in offset], abs=1e-8)
    back = wcs.linearizeSkyToPixel(sky, degrees)
    assert tuple(back(affine(near))) == pytest.approx(tuple(near), abs=1e-6)


def test_transforms_of_pixels_come_before_it(wcs: SkyWcs) -> None:
    twice = makeModifiedWcs(makeTransform(AffineTransform.makeScaling(2.0)), wcs)
    assert twice.pixelToSky(10.0, 20.0).separation(wcs.pixelToSky(20.0, 40.0)).asArcseconds() < 1e-9
    flipped = makeFlippedWcs(wcs, True, False, Point2D(1023.5, 2047.5))
    found, expected = flipped.pixelToSky(0.0, 7.0), wcs.pixelToSky(2047.0, 7.0)
    assert found.separation(expected).asArcseconds() < 1e-9
    pair = makeWcsPairTransform(wcs, twice)
    assert tuple(pair.applyForward(Point2D(20.0, 40.0))) == pytest.approx((10.0, 20.0), abs=1e-6)


def test_field_angles_are_a_detector_of_a_camera() -> None:
    """Of a scale alone, a camera's WCS is the TAN of that scale and orientation."""
    scale, boresight = (0.25 * arcseconds).asRadians(), SpherePoint(40.0, 20.0, degrees)
    to_field = makeTransform(
        AffineTransform(np.eye(2) * scale, np.array([-1000.0, -2000.0]) * scale)
    )
    wcs = makeSkyWcs(to_field, 30.0 * degrees, False, boresight)
    matrix = makeCdMatrix(0.25 * arcseconds, 30.0 * degrees)
    expected = makeSkyWcs(Point2D(1000.0, 2000.0), boresight, matrix)
    for place in PLACES:
        apart = wcs.pixelToSky(*place).separation(expected.pixelToSky(*place))
        assert apart.asArcseconds() < 1e-7
    assert tuple(wcs.getPixelOrigin()) == pytest.approx((1000.0, 2000.0))


@pytest.mark.parametrize("frame", ["FK5", "GALACTIC"])
def test_other_frames_are_turned_to_icrs(frame: str) -> None:
    names = ("GLON-TAN", "GLAT-TAN") if frame == "GALACTIC" else ("RA---TAN", "DEC--TAN")
    cards = {**CARDS, "CTYPE1": names[0], "CTYPE2": names[1], "RADESYS": frame, "EQUINOX": 1975.0}
    plain = {key: value for key, value in cards.items() if key[:2] not in ("A_", "B_", "AP", "BP")}
    if frame == "GALACTIC":
        plain = {key: value for key, value in plain.items() if key not in ("RADESYS", "EQUINOX")}
    oracle = WCS(fits.Header(plain.items()))
    wcs = makeSkyWcs(plain)
    expected = oracle.pixel_to_world(20, 30).icrs
    found = wcs.pixelToSky(20, 30)
    assert SkyCoord(*found.getPosition(degrees), unit="deg").separation(expected).arcsec < 1e-6
    assert tuple(wcs.skyToPixel(found)) == pytest.approx((20, 30), abs=1e-6)


def test_it_can_be_copied_pickled_and_compared(wcs: SkyWcs) -> None:
    for again in (pickle.loads(pickle.dumps(wcs)), copy.deepcopy(wcs), SkyWcs(CARDS)):
        assert again == wcs
        assert again.pixelToSky(3, 4) == wcs.pixelToSky(3, 4)
    assert wcs != wcs.copyAtShiftedPixelOrigin(Extent2D(1, 0))
    assert "Sky Origin: (150.2500000000, +2.5000000000)" in str(wcs)


@pytest.mark.parametrize("metadata", [{}, {"OBJECT": "M31"}, {**CARDS, "CD1_1": "x"}])
def test_metadata_without_a_wcs_are_refused(metadata: Any) -> None:
    with pytest.raises(ValueError, match=r"no WCS|CD1_1"):
        makeSkyWcs(metadata)
    with pytest.raises(TypeError, match="takes one of"):
        makeSkyWcs(metadata, 1, 2, 3, 4, 5)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # What afw gave: doc/gen2/afw-files.md, 2.2.
        ("exposure-version-2.fits",
         {(0, 0): (30, 39.99968573), (7, 3): (29.99979487, 40.00007857),
          (1000, 2000): (30.05136965, 40.11752535)}),
        ("jointcal_wcs-0030600-088.fits",
         {(0, 0): (213.87630500, 53.03696899), (7, 3): (213.87607198, 53.03665420),
          (1000, 2000): (213.72372039, 52.99028876)}),
    ],
)  # fmt: skip
def test_afws_own_files_give_what_afw_gave(real: Path, name: str, expected: Any) -> None:
    archive = open_archive(str(real / "afw_files" / name))
    ours = next(
        archive.load(number) for number in range(1, 20)
        if type(archive.load(number)).__name__ == "SkyWcs"
    )  # fmt: skip
    wcs = wrap(ours)
    assert isinstance(wcs, SkyWcs)
    assert unwrap(wcs) is ours
    for place, position in expected.items():
        found = wcs.pixelToSky(*place)
        assert tuple(found.getPosition(degrees)) == pytest.approx(position, abs=6e-9)
        assert tuple(wcs.skyToPixel(found)) == pytest.approx(place, abs=1e-5)
    assert wcs.writeString().startswith("1 SkyWcs")


# -- transforms


def test_transforms_can_be_undone_and_joined() -> None:
    affine = AffineTransform(np.array([[2.0, 1.0], [0.0, 4.0]]), Extent2D(5.0, 6.0))
    transform = makeTransform(affine)
    assert tuple(transform.applyForward(Point2D(1.0, 1.0))) == (8.0, 10.0)
    assert tuple(transform.applyInverse(Point2D(8.0, 10.0))) == (1.0, 1.0)
    assert tuple(transform.inverted().applyForward(Point2D(8.0, 10.0))) == (1.0, 1.0)
    twice = transform.then(transform)
    assert tuple(twice.applyForward(Point2D(1.0, 1.0))) == (31.0, 46.0)
    found = transform.applyForward([Point2D(0.0, 0.0), Point2D(1.0, 1.0)])
    assert [tuple(point) for point in found] == [(5.0, 6.0), (8.0, 10.0)]
    assert np.allclose(transform.getJacobian(Point2D(3.0, 3.0)), [[2, 1], [0, 4]])
    assert (transform.hasForward, transform.hasInverse) == (True, True)
    assert isinstance(wrap(unwrap(transform)), TransformPoint2ToPoint2)


def test_radial_transforms_move_points_along_the_line_to_the_origin() -> None:
    transform = makeRadialTransform([0.0, 2.0, 0.0, 0.5])
    found = transform.applyForward(Point2D(0.6, 0.8))
    assert tuple(found) == pytest.approx((1.5, 2.0))
    assert tuple(transform.applyInverse(found)) == pytest.approx((0.6, 0.8), abs=1e-12)
    linear = linearizeTransform(transform, Point2D(0.0, 0.0))
    assert np.allclose(linear.getLinear().getMatrix(), np.eye(2) * 2, atol=0.2)
    for wrong in ([], [0.0], [1.0, 1.0], [0.0, 0.0, 1.0]):
        with pytest.raises(ValueError, match="coefficients of a radial transform"):
            makeRadialTransform(wrong)


def test_the_transform_of_a_wcs_leads_to_the_sky(wcs: SkyWcs) -> None:
    transform = wcs.getTransform()
    assert transform.applyForward(Point2D(3.0, 4.0)) == wcs.pixelToSky(3.0, 4.0)
    sky = wcs.pixelToSky([Point2D(3.0, 4.0), Point2D(5.0, 6.0)])
    assert [tuple(p) for p in transform.applyInverse(sky)] == [
        pytest.approx((3, 4), abs=1e-6), pytest.approx((5, 6), abs=1e-6),
    ]  # fmt: skip
    assert transform.inverted().applyForward(sky[0]) == wcs.skyToPixel(sky[0])


def test_the_pixel_scale_is_an_angle(wcs: SkyWcs) -> None:
    assert isinstance(wcs.getPixelScale(), Angle)


@pytest.mark.parametrize(
    ("shift", "limits", "agree"),
    [
        (0.0, {}, True),
        (0.001, {}, True),
        (1.0, {}, False),
        (1.0, {"maxDiffSky": 10 * arcseconds, "maxDiffPix": 1.1}, True),
        (1.0, {"maxDiffSky": 10 * arcseconds}, False),
        (1.0, {"maxDiffPix": 1.1}, False),
    ],
)
def test_two_wcs_agree_in_a_box_within_limits(
    shift: float, limits: dict[str, Any], agree: bool
) -> None:
    box = Box2I(Point2I(0, 0), Extent2I(100, 200))
    matrix = makeCdMatrix(0.2 * arcseconds)
    center = SpherePoint(10.0, 20.0, degrees)
    one, other = (makeSkyWcs(Point2D(50 + by, 100), center, matrix) for by in (0.0, shift))
    assert wcsAlmostEqualOverBBox(one, other, box, **limits) is agree
