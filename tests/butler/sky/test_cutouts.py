"""``butler.sky.cutout``: the pixels, the WCS and the edges that astropy's `Cutout2D` has."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D, NoOverlapError, PartialOverlapError
from astropy.wcs import WCS

from persistence import Butler, DataIdError, Exposure, NoResults
from persistence.errors import AmbiguousDataId, UnknownDatasetType

from .conftest import calexp

ROWS, COLUMNS = 300, 200
SCALE = 0.26  # arcsec a pixel
PLACE = SkyCoord(150.1, 2.2, unit="deg")


def header(ra: float, dec: float, projection: str = "TAN") -> fits.Header:
    """Return the header of a turned image around a position; of TPV, with distortion."""
    cards = fits.Header()
    cos, sin = SCALE / 3600 * np.cos(0.3), SCALE / 3600 * np.sin(0.3)
    cards.update(
        {
            "CTYPE1": f"RA---{projection}", "CTYPE2": f"DEC--{projection}", "CRVAL1": ra,
            "CRVAL2": dec, "CRPIX1": COLUMNS / 2, "CRPIX2": ROWS / 2 + 0.3, "CD1_1": -cos,
            "CD1_2": sin, "CD2_1": sin, "CD2_2": cos, "RADESYS": "ICRS", "CCDNUM": 1,
        }
    )  # fmt: skip
    if projection == "TPV":
        cards.update({"PV1_1": 1.01, "PV2_1": 0.99, "PV1_4": 0.5, "PV2_6": -0.4})
    return cards


def write(path: Path, cards: fits.Header, compressed: bool = False) -> Any:
    """Write an image of numbers that tell its pixels, and return them."""
    pixels = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    kind: Any = fits.CompImageHDU if compressed else fits.ImageHDU
    more = {"compression_type": "GZIP_1", "quantize_level": 0} if compressed else {}
    fits.HDUList([fits.PrimaryHDU(), kind(pixels, cards, **more)]).writeto(path)
    return pixels


@pytest.mark.parametrize(
    ("projection", "compressed"), [("TAN", False), ("TPV", True)], ids=["plain", "compressed"]
)
@pytest.mark.parametrize("size", [31, 30, (20, 41), 8 * units.arcsec, (5, 9) * units.arcsec])
@pytest.mark.parametrize("away", [0.0, 25.0], ids=["inside", "over the edge"])
def test_pixels_and_positions_are_those_of_astropy(
    survey: Path, compressed: bool, projection: str, size: Any, away: float
) -> None:
    cards = header(150.1, 2.2, projection)
    pixels = write(calexp(survey, 1), cards, compressed)
    wcs = WCS(cards)
    place = PLACE.directional_offset_by(70 * units.deg, away * units.arcsec)
    butler = Butler(str(survey))
    for mode in ("trim", "partial"):
        ours = butler.sky.cutout("calexp", place, size, mode, visit=1, ccdnum=1)
        # an angle has as many pixels as it has there: astropy takes the scale of the projection
        whole = butler.sky.cutout("calexp", place, size, "partial", visit=1, ccdnum=1).image.shape
        if isinstance(size, units.Quantity):
            nominal = np.broadcast_to(size.to_value("arcsec"), 2) / SCALE
            assert np.abs(whole - nominal).max() < (1 if projection == "TAN" else 2)
        else:
            assert whole == tuple(np.broadcast_to(size, 2))
        theirs = Cutout2D(pixels, place, whole, wcs, mode, copy=True)
        np.testing.assert_array_equal(ours.image, theirs.data)
        first = np.subtract(theirs.origin_original, theirs.origin_cutout)
        assert (ours.bbox.x0, ours.bbox.y0) == tuple(first)
        there = np.array(ours.local_wcs.world_to_pixel(place))
        np.testing.assert_allclose(there, theirs.wcs.world_to_pixel(place), atol=1e-6)
        np.testing.assert_allclose(there + first, wcs.world_to_pixel(place), atol=1e-6)
        if np.isnan(ours.image).any():
            assert mode == "partial"
            assert ours.mask is not None
            np.testing.assert_array_equal(ours.mask["NO_DATA"], np.isnan(ours.image))


def test_an_angle_is_as_long_on_the_sky_where_the_distortion_is_large(survey: Path) -> None:
    cards = header(150.1, 2.2)
    cards.update({"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "PV1_1": 0.5, "PV2_1": 0.5})
    write(calexp(survey, 1), cards)
    cutout = Butler(str(survey)).sky.cutout("calexp", PLACE, 13 * units.arcsec, visit=1, ccdnum=1)
    assert cutout.image.shape == (100, 100)
    ends = cutout.local_wcs.pixel_to_world([-0.5, 99.5], [50, 50])
    assert ends[0].separation(ends[1]).arcsec == pytest.approx(13, rel=1e-4)


def test_what_is_off_the_image_is_refused_as_astropy_refuses_it(survey: Path) -> None:
    cards = header(150.1, 2.2)
    pixels, wcs = write(calexp(survey, 1), cards), WCS(cards)
    sky = Butler(str(survey)).sky
    edge = wcs.pixel_to_world(0, 100)
    with pytest.raises(PartialOverlapError):
        Cutout2D(pixels, edge, 10, wcs, "strict")
    with pytest.raises(NoResults, match="Not all pixels of a cutout"):
        sky.cutout("calexp", edge, 10, "strict", visit=1, ccdnum=1)
    out = wcs.pixel_to_world(-20, 100)
    for mode in ("trim", "partial", "strict"):
        with pytest.raises(NoOverlapError):
            Cutout2D(pixels, out, 10, wcs, mode)
        with pytest.raises(NoResults, match=r"No pixels of a cutout in: calexp .*\n.*x=-20 y=100"):
            sky.cutout("calexp", out, 10, mode, visit=1, ccdnum=1)
    with pytest.raises(NoResults, match=r"No pixels .*\n.* that its WCS has no pixel for"):
        sky.cutout("calexp", (330.1, -2.2), 10, visit=1, ccdnum=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((PLACE, 0.01), "size=0.01: expected pixels"),
        ((PLACE, 0), "size=0: expected pixels"),
        ((PLACE, True), "size=True: expected"),
        ((PLACE, (1, 2, 3)), "expected pixels"),
        ((PLACE, 3 * units.m), "expected pixels"),
        ((PLACE, (3 * units.pixel, 3 * units.arcsec)), "expected pixels"),
        ((PLACE, -3 * units.arcsec), "expected pixels"),
        ((PLACE, np.nan * units.arcsec), "expected pixels"),
        ((PLACE, 5, "cut"), "mode='cut': expected trim, partial, strict"),
        (((1, 2, 3), 5), "expected a SkyCoord"),
        (((np.nan, 2), 5), "finite"),
        ((SkyCoord([1, 2], [3, 4], unit="deg"), 5), "expected one position"),
    ],
)
def test_what_is_no_cutout_is_refused(survey: Path, arguments: Any, message: str) -> None:
    with pytest.raises(DataIdError, match=message):
        Butler(str(survey)).sky.cutout("calexp", *arguments, visit=1, ccdnum=1)


def test_what_has_no_pixels_cannot_be_cut(survey: Path) -> None:
    sky = Butler(str(survey)).sky
    for name in ("src", "calexp_sub"):
        with pytest.raises(DataIdError, match=f"{name} is no image that can be cut: expected"):
            sky.cutout(name, PLACE, 9, visit=1, ccdnum=1)
    with pytest.raises(UnknownDatasetType, match=r"'calxep'; did you mean 'calexp'"):
        sky.cutouts("calxep", PLACE, 9)


def test_only_the_pixels_that_are_needed_are_read(survey: Path) -> None:
    """Counted by the system: a header, and 20 rows of 5000."""
    path = calexp(survey, 1)
    path.parent.mkdir(parents=True)
    fits.HDUList(
        [fits.PrimaryHDU(), fits.ImageHDU(np.zeros((5000, 2000), np.float32), header(150.1, 2.2))]
    ).writeto(path)
    butler = Butler(str(survey))
    butler.sky.cutout("calexp", PLACE, 20, visit=1, ccdnum=1)  # whatever is imported
    before = bytes_read()
    butler.sky.cutout("calexp", PLACE, 20, visit=1, ccdnum=1)
    assert bytes_read() - before < 0.01 * os.path.getsize(path)


def bytes_read() -> int:
    """Return the number of bytes that this process read by system calls."""
    path = Path("/proc/self/io")
    if not path.exists():
        pytest.skip("only Linux counts them")
    return int(dict(line.split(": ") for line in path.read_text().splitlines())["rchar"])


def test_of_a_visit_the_image_is_read_that_has_the_position(survey: Path) -> None:
    """Two detectors overlap: the position is nearer to the middle of the second."""
    for ccdnum, away in ((1, 20.0), (2, 8.0)):
        place = PLACE.directional_offset_by(0 * units.deg, away * units.arcsec)
        write(calexp(survey, 1, ccdnum), header(place.ra.deg, place.dec.deg))
    sky = Butler(str(survey)).sky
    cutout = sky.cutout("calexp", PLACE, 10, visit=1)
    assert cutout.dataId["ccdnum"] == 2
    with pytest.raises(NoResults, match=r"No image at RA 10\..*: calexp \{'visit': 1\}"):
        sky.cutout("calexp", (10, 10), 10, visit=1)
    write(calexp(survey, 2), header(150.1, 2.2))
    with pytest.raises(AmbiguousDataId, match=r"3 images at RA 150\.1.*\n(.*\n){3}.*cutouts"):
        sky.cutout("calexp", PLACE, 10)


@pytest.fixture
def three(survey: Path) -> Butler:
    """Return a Butler with three dithered calexps at the position, and one elsewhere."""
    for visit, away in ((1, 0.0), (2, 5.0), (3, 24.0)):
        place = PLACE.directional_offset_by(75 * units.deg, away * units.arcsec)
        write(calexp(survey, visit), header(place.ra.deg, place.dec.deg))
    write(calexp(survey, 1, 2), header(10, 10))
    return Butler(str(survey))


def test_all_images_at_a_position_are_cut(three: Butler) -> None:
    steps: list[tuple[int, int]] = []
    cutouts = three.sky.cutouts("calexp", PLACE, 21, progress=lambda *step: steps.append(step))
    assert repr(cutouts) == "<cutouts of 3 calexp at RA 150.100000 Dec +2.200000 deg>"
    assert [cutout.dataId["visit"] for cutout in cutouts] == [1, 2, 3]
    assert steps == [(1, 3), (2, 3), (3, 3)]
    for cutout in cutouts:
        assert isinstance(cutout, Exposure)
        assert cutout.local_wcs.world_to_pixel(PLACE) == pytest.approx((10, 10), abs=0.51)
    assert [one.dataId["visit"] for one in three.sky.cutouts("calexp", PLACE, 21, filter="r")] == [
        1, 2,
    ]  # fmt: skip
    some = three.sky.cutouts("calexp", PLACE, 21, "filter == 'g' or visit == 2")
    assert [one.dataId["visit"] for one in some] == [2, 3]
    assert list(three.sky.cutouts("calexp", (100, 0), 21)) == []


def test_cutouts_are_stacked_with_their_wcs(three: Butler) -> None:
    stack = three.sky.cutouts("calexp", PLACE, 101).stack()
    assert stack.image.shape == (3, 101, 101)
    assert stack.variance is None
    assert [one["visit"] for one in stack.dataIds] == [1, 2, 3]
    assert np.isnan(stack.image).any(axis=(1, 2)).tolist() == [False, False, True]
    for wcs in stack.wcs:
        assert wcs.world_to_pixel(PLACE) == pytest.approx((50, 50), abs=0.51)
    with pytest.raises(DataIdError, match="pass the size in pixels"):
        three.sky.cutouts("calexp", PLACE, 101, mode="trim").stack()
    with pytest.raises(NoResults, match="No cutouts to stack"):
        three.sky.cutouts("calexp", (100, 0), 21).stack()


def test_images_that_are_only_near_are_cut_if_a_radius_says_so(three: Butler) -> None:
    near = WCS(header(150.1, 2.2)).pixel_to_world(COLUMNS + 7, ROWS / 2)
    assert len(list(three.sky.cutouts("calexp", near, 101))) == 0
    (one, other) = three.sky.cutouts("calexp", near, 101, radius=20 * units.arcsec)
    assert np.isnan(one.image).any()
    assert np.isnan(other.image).any()
    # within the radius, but without a pixel in the cutout
    assert len(list(three.sky.cutouts("calexp", near, 3, radius=20 * units.arcsec))) == 0


def test_several_processes_read_the_same(three: Butler) -> None:
    one, two = (
        list(three.sky.cutouts("calexp", PLACE, 21, jobs=jobs, radius=180)) for jobs in (1, 2)
    )
    assert [dict(cutout.dataId) for cutout in one] == [dict(cutout.dataId) for cutout in two]
    for cutout, other in zip(one, two, strict=True):
        np.testing.assert_array_equal(cutout.image, other.image)
    with pytest.raises(DataIdError, match="jobs=0"):
        three.sky.cutouts("calexp", PLACE, 21, jobs=0)


def test_of_coadds_the_patch_is_read_in_which_the_position_is_best(survey: Path) -> None:
    """The borders of patches overlap: both have the position, and one has it well inside."""
    butler = Butler(str(survey))
    tract = butler.sky.map()[0]
    for name in ("1,1", "2,1"):
        box = tract[name].outer_bbox
        cards = tract.wcs.to_header()
        cards["CRPIX1"] -= box.x0
        cards["CRPIX2"] -= box.y0
        cards.update({"LTV1": -box.x0, "LTV2": -box.y0})
        cards.update(
            {
                "CRVAL1A": box.x0,
                "CRVAL2A": box.y0,
                "CTYPE1A": "LINEAR",
                "CTYPE2A": "LINEAR",
                "CRPIX1A": 1,
                "CRPIX2A": 1,
                "CDELT1A": 1,
                "CDELT2A": 1,
            }
        )
        y, x = np.mgrid[box.y0 : box.y0 + box.height, box.x0 : box.x0 + box.width]
        path = survey / f"deepCoadd-results/r/0/{name}/calexp-r-0-{name}.fits"
        path.parent.mkdir(parents=True)
        pixels = (x + 1000 * y).astype(np.float32)
        fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels, cards)]).writeto(path)
    inner = tract["2,1"].inner_bbox
    place = tract.wcs.pixel_to_world(inner.x0 + 3, inner.y0 + 50)
    cutout = butler.sky.cutout("deepCoadd_calexp", place, 9, filter="r")
    assert cutout.dataId["patch"] == "2,1"
    assert (cutout.bbox.x0, cutout.bbox.y0) == (inner.x0 - 1, inner.y0 + 46)
    assert cutout.image[4, 4] == inner.x0 + 3 + 1000 * (inner.y0 + 50)
    assert len(list(butler.sky.cutouts("deepCoadd_calexp", place, 9))) == 2


def test_scripts_of_gen2_get_their_class(survey: Path) -> None:
    write(calexp(survey, 1), header(150.1, 2.2))
    from lsst.daf.persistence import Butler as Gen2

    edge = WCS(header(150.1, 2.2)).pixel_to_world(0, 100)
    sky = Gen2(str(survey)).sky
    for mode in ("trim", "partial"):
        cutout = sky.cutout("calexp", edge, 9, mode, visit=1, ccdnum=1)
        assert cutout.getBBox().getWidth() == (5 if mode == "trim" else 9)


def test_a_padded_cutout_is_written_with_its_position(survey: Path, tmp_path: Path) -> None:
    write(calexp(survey, 1), header(150.1, 2.2))
    butler, wcs = Butler(str(survey)), WCS(header(150.1, 2.2))
    edge = wcs.pixel_to_world(1, 2)
    cutout = butler.sky.cutout("calexp", edge, 9, "partial", visit=1, ccdnum=1)
    butler.put(cutout, "calexp", visit=2, ccdnum=1)
    with fits.open(calexp(survey, 2)) as hdus:
        (image,) = (
            hdu
            for hdu in hdus
            if hdu.is_image and hdu.data is not None and hdu.data.dtype.kind == "f"
        )
        assert WCS(image.header).world_to_pixel(edge) == pytest.approx((4, 4), abs=1e-6)
        assert image.data[4, 4] == 2 * COLUMNS + 1
        assert np.isnan(image.data[0, 0])
    assert pickle.loads(pickle.dumps(cutout)).bbox == cutout.bbox
