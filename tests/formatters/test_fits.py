"""What is particular to images in FITS: recipes, planes, the sky, parts, old layouts, damage."""

from __future__ import annotations

import gc
import gzip
import io
import pickle
import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS

from obs_decam.sample import generate
from persistence.errors import DataIdError, FormatterError, LossyWarning
from persistence.formatters import fits as formatter
from persistence.formatters.components import read_component
from persistence.policy import recipes
from persistence.policy.recipes import Compression, Plane, Recipe, Scaling
from persistence.types.exposure.exposure import Exposure
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import DEFAULT_PLANES, Mask
from persistence.types.pixels.units import parse

EXPOSURE = "lsst.afw.image.ExposureF"
ROWS, COLUMNS = 40, 60
NOISE = np.random.default_rng(7).normal(100.0, 5.0, (ROWS, COLUMNS)).astype("f4")
PLANES = {**DEFAULT_PLANES, "CROSSTALK": 9, "UNMASKEDNAN": 12}
BITS = np.random.default_rng(8).integers(0, 1 << 13, (ROWS, COLUMNS)).astype("i4")
RECIPES = recipes.load()
LOSSLESS = ["noCompression", "lossless", "default"]
POINTS = np.array([[0, 0], [COLUMNS - 1, ROWS - 1], [12.25, 7.5]], float)


def sky(projection: str = "TAN", origin: tuple[int, int] = (100, 200)) -> fits.Header:
    header = fits.Header()
    ending = "TAN-SIP" if projection == "SIP" else projection
    header["CTYPE1"], header["CTYPE2"] = f"RA---{ending}", f"DEC--{ending}"
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = 10.0, -45.0, 5.5, 7.5
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = 1e-5, 7e-5, -7e-5, 1.1e-5
    if projection == "TPV":
        for axis in (1, 2):
            for term, value in ((0, 1e-4), (1, 1.01), (2, 1e-3), (4, 0.002), (7, 0.008)):
                header[f"PV{axis}_{term}"] = value
    if projection == "SIP":
        header["A_ORDER"], header["B_ORDER"] = 2, 2
        header["A_2_0"], header["A_1_1"], header["B_0_2"] = 1e-5, 3e-6, -2e-5
    for axis, start in (("1", origin[0]), ("2", origin[1])):
        header[f"CTYPE{axis}A"], header[f"CUNIT{axis}A"] = "LINEAR", "PIXEL"
        header[f"CRPIX{axis}A"], header[f"CRVAL{axis}A"] = 1, start
    return header


def full(projection: str = "TAN", **more: object) -> Exposure:
    parts = {"mask": Mask(BITS, PLANES), "variance": NOISE**2, "header": sky(projection)} | more
    return Exposure(NOISE, parts.pop("header"), **parts)


@pytest.fixture
def disk(disk_of):
    """Return a folder of exposures."""
    return disk_of("FitsStorage", EXPOSURE, ".fits")


def written(*hdus: object) -> bytes:
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(stream)
    return stream.getvalue()


# -- recipes
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize(
    "dtype", ["f4", "f8", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">f4", ">i2"]
)
def test_a_lossless_recipe_keeps_every_pixel_and_its_type(disk, name, dtype):
    image = NOISE.astype(dtype)
    found = disk.read(disk.write(image, recipe=RECIPES[name])._replace(python=None)).image
    assert found.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(found, image)


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize(
    "image",
    [
        np.array([[np.nan, 1.5, np.inf, -np.inf]], "f4"),
        np.full((3, 3), np.nan, "f4"),
        np.array([[-0.0, 1e-45, 3.4e38]], "f4"),
        np.zeros((0, 5), "f4"),
        np.ones((1, 1), "f4"),
        NOISE[::2, ::3],
        NOISE.T,
        np.asfortranarray(NOISE),
    ],
    ids=[
        "not numbers",
        "all NaN",
        "extremes",
        "empty",
        "one pixel",
        "every third",
        "transposed",
        "Fortran",
    ],
)
def test_a_lossless_recipe_keeps_odd_images(disk, name, image):
    found = disk.there_and_back(image, recipe=RECIPES[name]).image
    assert found.shape == image.shape
    assert np.array_equal(found, image, equal_nan=True)
    assert np.array_equal(np.signbit(found), np.signbit(image))


def test_true_and_false_are_one_and_zero(disk):
    found = disk.read(disk.write(NOISE > 100)._replace(python=None)).image
    assert np.array_equal(found, (NOISE > 100).astype("u1"))


@pytest.mark.parametrize("name", LOSSLESS)
def test_every_plane_and_every_name_of_a_bit_is_kept(disk, name):
    found = disk.there_and_back(full(), recipe=RECIPES[name])
    assert np.array_equal(found.image, NOISE)
    assert np.array_equal(found.variance, NOISE**2)
    assert np.array_equal(found.mask.array, BITS)
    assert found.mask.planes == PLANES


def test_a_lossy_recipe_keeps_pixels_to_a_tenth_of_the_noise_and_masks_as_they_are(disk):
    found = disk.there_and_back(full(), recipe=RECIPES["lossyBasic"])
    for plane, original in ((found.image, NOISE), (found.variance, NOISE**2)):
        low, high = np.percentile(original, [25, 75])
        error = np.abs(plane - original)
        assert 0 < error.max() <= 0.741 * (high - low) / 10 / 2 * 1.001
    assert np.array_equal(found.mask.array, BITS)
    assert found.mask.planes == PLANES


def test_a_lossy_recipe_makes_the_file_smaller(disk):
    image = np.random.default_rng(9).normal(100.0, 5.0, (400, 600)).astype("f4")
    sizes = {
        name: len(disk.bytes_of(image, recipe=RECIPES[name])) for name in ("lossless", "lossyBasic")
    }
    assert sizes["lossyBasic"] < 0.5 * sizes["lossless"] < 0.5 * image.nbytes


def test_a_lossy_recipe_keeps_what_is_no_number(disk):
    image = NOISE.copy()
    image[0, 0], image[1, 1], image[2, 2] = np.nan, np.inf, -np.inf
    found = disk.there_and_back(image, recipe=RECIPES["lossyBasic"]).image
    assert np.array_equal(np.isnan(found), np.isnan(image))
    assert np.array_equal(found[np.isinf(image)], image[np.isinf(image)])


def test_pixels_without_data_do_not_count_as_noise(disk):
    image, mask = NOISE.copy(), np.zeros(NOISE.shape, bool)
    image[: ROWS * 3 // 4] *= 1000
    mask[: ROWS * 3 // 4] = True
    exposure = Exposure(image, fits.Header(), mask=Mask.from_flags({"NO_DATA": mask}))
    found = disk.there_and_back(exposure, recipe=RECIPES["lossyBasic"])
    assert np.abs(found.image - image)[~mask].max() < 0.5


def test_the_same_exposure_gives_the_same_bytes_and_another_data_id_another_dither(disk):
    def content(visit: int, name: str) -> bytes:
        return disk.bytes_of(
            NOISE, name=name, dataId={"visit": visit}, recipe=RECIPES["lossyBasic"]
        )

    assert content(1, "a.fits") == content(1, "b.fits")
    assert content(1, "c.fits") != content(2, "d.fits")


@pytest.mark.parametrize(
    "image",
    [
        np.full((5, 5), 0.5, "f4"),
        np.where(NOISE > 108, NOISE, 0).astype("f4"),
        np.full((5, 5), np.nan, "f4"),
        np.full((5, 5), 1e20, "f4"),
    ],
    ids=["constant", "mostly constant", "all NaN", "large"],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_a_lossy_recipe_keeps_an_image_without_noise(disk, image):
    found = disk.there_and_back(image, recipe=RECIPES["lossyBasic"]).image
    assert np.array_equal(found, image, equal_nan=True)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.array([[2**40, 5]], "i8"), id="beyond 32 bits"),
        pytest.param(np.array([[1, 5]], "i8"), id="within 32 bits"),
    ],
)
@pytest.mark.filterwarnings("ignore:RICE_1 compression doesn't support 64")
def test_a_lossy_recipe_keeps_large_integers(disk, image):
    found = disk.read(disk.write(image, recipe=RECIPES["lossyBasic"])._replace(python=None)).image
    assert found.dtype == image.dtype
    assert np.array_equal(found, image)


@pytest.mark.parametrize(
    ("compression", "keywords"),
    [
        (Compression("GZIP"), {"ZCMPTYPE": "GZIP_1", "ZTILE1": COLUMNS, "ZTILE2": 1}),
        (
            Compression("GZIP_SHUFFLE", rows=8),
            {"ZCMPTYPE": "GZIP_2", "ZTILE1": COLUMNS, "ZTILE2": 8},
        ),
        (Compression("RICE", rows=999), {"ZCMPTYPE": "RICE_1", "ZTILE1": COLUMNS, "ZTILE2": ROWS}),
        (
            Compression("GZIP", rows=4, columns=20),
            {"ZCMPTYPE": "GZIP_1", "ZTILE1": 20, "ZTILE2": 4},
        ),
    ],
)
def test_a_recipe_chooses_the_algorithm_and_the_tiles(disk, compression, keywords):
    plane = Plane(compression)
    content = disk.bytes_of((NOISE * 10).astype("i4"), recipe=Recipe(plane, plane, plane))
    with fits.open(io.BytesIO(content), disable_image_compression=True) as hdus:
        assert {key: hdus[1].header[key] for key in keywords} == keywords


@pytest.mark.parametrize(
    ("scaling", "error"),
    [
        (Scaling("MANUAL", bscale=0.25), 0.125),
        (Scaling("MANUAL", bscale=0.25, fuzz=False), 0.125),
        (Scaling("RANGE", bitpix=16), float(np.ptp(NOISE)) / 2**17),
        (
            Scaling("STDEV_BOTH", quantizeLevel=2.0),
            0.741 * float(np.ptp(np.percentile(NOISE, [25, 75]))) / 4,
        ),
    ],
    ids=["manual", "manual without dither", "range", "noise"],
)
def test_a_recipe_chooses_the_step_of_the_pixels(disk, scaling, error):
    plane = Plane(Compression("RICE"), scaling)
    found = disk.there_and_back(NOISE, recipe=Recipe(plane, plane, plane)).image
    worst = float(np.abs(found - NOISE).max())
    assert error / 4 < worst <= error * 1.01


# -- layout
# ------------------------------------------------------------------------------------------------


def test_an_exposure_is_laid_out_as_afw_does(disk):
    with fits.open(io.BytesIO(disk.bytes_of(full(), recipe=RECIPES["noCompression"]))) as hdus:
        assert [hdu.header.get("EXTTYPE") for hdu in hdus] == [None, "IMAGE", "MASK", "VARIANCE"]
        assert [hdu.header.get("INHERIT") for hdu in hdus] == [None, True, True, True]
        assert hdus[0].data is None
        assert {key[3:]: bit for key, bit in hdus[2].header["MP_*"].items()} == PLANES
        assert (hdus[1].header["LTV1"], hdus[1].header["LTV2"]) == (-100.0, -200.0)
        assert (hdus[1].header["CRVAL1A"], hdus[1].header["CRVAL2A"]) == (100, 200)


@pytest.mark.parametrize(("name", "place"), [("noCompression", 0), ("default", 1)])
def test_a_plain_image_lies_in_the_primary_hdu_or_compressed_in_the_first(disk, name, place):
    plain = full().replaced(mask=None, variance=None)
    location = disk.write(plain, python="lsst.afw.image.ImageF", recipe=RECIPES[name])
    with fits.open(location.full_path) as hdus:
        assert len(hdus) == place + 1
        assert np.array_equal(hdus[place].data, NOISE)
    found = disk.read(location)
    assert np.array_equal(found.image, NOISE)
    assert (found.mask, found.variance, found.origin) == (None, None, (100, 200))


def test_planes_are_written_as_afw_did_also_where_the_policy_has_an_image(disk):
    location = disk.write(full(), python="lsst.afw.image.ImageF", recipe=RECIPES["noCompression"])
    with fits.open(location.full_path) as hdus:
        assert [hdu.header.get("EXTTYPE") for hdu in hdus[1:]] == ["IMAGE", "MASK", "VARIANCE"]
    found = disk.read(location)
    assert np.array_equal(found.image, NOISE)
    assert (found.mask, found.variance) == (None, None)


def test_the_cards_of_the_header_are_kept_in_their_order_and_those_of_its_hdu_are_not(disk):
    header = sky()
    cards = [
        ("EXPTIME", 30.0, "s"),
        ("OBJECT", "it's"),
        ("BGMEAN", 1.0),
        ("BGMEAN", 2.0),
        ("TEXT", "x" * 150),
    ]
    for card in [
        *cards,
        ("UNKNOWN", None),
        ("EXTNAME", "S4"),
        ("MP_OLD", 5),
        ("ZQUANTIZ", "NONE"),
        ("BZERO", 3.0),
    ]:
        header.append(card)
    header["HISTORY"] = "one"
    header["HISTORY"] = "two"
    header["COMMENT"] = "three"
    found = disk.there_and_back(full(header=header)).metadata
    kept = [card for card in found.cards if card.keyword in ("EXPTIME", "OBJECT", "BGMEAN", "TEXT")]
    assert [(card.keyword, card.value) for card in kept] == [card[:2] for card in cards]
    assert kept[0].comment == "s"
    assert found["UNKNOWN"] is None or isinstance(found["UNKNOWN"], fits.card.Undefined)
    assert list(found["HISTORY"]) == ["one", "two"]
    assert list(found["COMMENT"]) == ["three"]
    assert found["EXTNAME"] == "IMAGE"
    assert not {"MP_OLD", "ZQUANTIZ", "BZERO"} & set(found)


def test_a_zero_point_is_kept_as_afw_knew_it(disk):
    from obs_decam.headers import DecamHeaders

    header = sky()
    header["MAGZERO"] = 27.0
    content = disk.bytes_of(full(header=header, translator=DecamHeaders()))
    assert fits.getheader(io.BytesIO(content), 0)["FLUXMAG0"] == pytest.approx(10**10.8)


def test_a_name_that_ends_in_gz_is_no_order_to_compress(disk):
    content = disk.bytes_of(NOISE, name="thing.fits.gz")
    assert content.startswith(b"SIMPLE")
    assert np.array_equal(disk.read(disk.place(name="thing.fits.gz")).image, NOISE)


def test_what_can_write_itself_does(disk):
    class Own:
        def writeFits(self, path):
            Path(path).write_bytes(b"its own")

    assert disk.bytes_of(Own()) == b"its own"


def test_writing_warns_of_nothing_even_with_long_names_of_planes(disk):
    # a warning is an error here
    mask = Mask(BITS, {"DETECTED_NEGATIVE": 6, "A_NAME_OF_MORE_THAN_TWENTY": 7})
    assert disk.there_and_back(full(mask=mask)).mask.planes == mask.planes


# -- the sky
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["noCompression", "default", "lossyBasic"])
@pytest.mark.parametrize(
    "replaced", [None, "TAN", "TPV", "SIP"], ids=lambda kind: f"given {kind}" if kind else "header"
)
@pytest.mark.parametrize("projection", ["TAN", "TPV", "SIP"])
def test_the_sky_and_the_origin_are_kept(disk, projection, replaced, name):
    exposure = full(projection)
    if replaced:
        exposure = exposure.replaced(given_wcs=full(replaced).wcs)
    found = disk.there_and_back(exposure, recipe=RECIPES[name])
    difference = found.wcs.all_pix2world(POINTS, 0) - exposure.wcs.all_pix2world(POINTS, 0)
    assert np.abs(difference).max() < 1e-9
    assert found.bbox == exposure.bbox == Box(100, 200, COLUMNS, ROWS)


@pytest.mark.parametrize("given_wcs", [False, True], ids=["header", "given"])
@pytest.mark.parametrize("projection", ["TAN", "TPV", "SIP"])
def test_a_part_that_is_written_has_its_own_sky_and_origin(disk, projection, given_wcs):
    whole = full(projection)
    corners = np.array([[104, 206], [113, 213]], float)
    expected = whole.wcs.all_pix2world(corners, 0)
    if given_wcs:
        whole = whole.replaced(given_wcs=whole.wcs)
    location = disk.write(whole[Box(104, 206, 10, 8)], recipe=RECIPES["noCompression"])
    found = disk.read(location)
    assert found.bbox == Box(104, 206, 10, 8)
    assert np.array_equal(found.image, NOISE[6:14, 4:14])
    assert np.abs(found.wcs.all_pix2world(corners, 0) - expected).max() < 1e-9
    with fits.open(location.full_path) as hdus:  # files count from their own first pixel
        header = hdus[1].header
        local = WCS(header).all_pix2world(corners - [104, 206], 0)
    assert np.abs(local - expected).max() < 1e-9
    assert [header[key] for key in ("LTV1", "LTV2", "CRVAL1A", "CRVAL2A")] == [-104, -206, 104, 206]


@pytest.mark.parametrize("name", ["noCompression", "default"])
@pytest.mark.parametrize("projection", ["TAN", "TPV", "SIP"])
def test_the_wcs_alone_is_that_of_the_whole_in_the_parents_pixels(disk, projection, name):
    location = disk.write(full(projection)[Box(104, 206, 10, 8)], recipe=RECIPES[name])
    corners = np.array([[104, 206], [113, 213]], float)
    expected = WCS(sky(projection)).all_pix2world(corners - [100, 200], 0)
    alone = read_component(location, "wcs")
    assert np.abs(alone.all_pix2world(corners, 0) - expected).max() < 1e-9
    assert alone.array_shape is disk.read(location).wcs.array_shape is None


def test_writing_a_part_leaves_the_header_of_the_whole_as_it_was(disk):
    whole = full()
    before = whole.header.tostring()
    disk.write(whole[Box(104, 206, 10, 8)])
    assert whole.header.tostring() == before


BROKEN = {
    "no number": {"CRVAL1": "10:00:00"},
    "no pixels": {"CD1_1": 0.0, "CD1_2": 0.0},
    "no unit": {"CUNIT1": "furlong"},
    "an absurd order": {"A_ORDER": 10**9, "B_ORDER": 2},
    "tables that are not there": {"CPDIS1": "LOOKUP"},
}


@pytest.mark.parametrize("python", [EXPOSURE, "lsst.afw.image.ImageF"])
@pytest.mark.parametrize("kind", BROKEN)
def test_cards_that_make_no_wcs_are_kept_with_one_warning(disk, kind, python):
    header = sky()
    header.update(BROKEN[kind])
    location = disk.put(written(fits.ImageHDU(NOISE, header)), hdu=1, python=python)
    whole = disk.read(location)  # a warning is an error here
    with pytest.raises(FormatterError, match=f"{location.path}.*{next(iter(BROKEN[kind]))}"):
        whole.wcs  # noqa: B018  # it is made when it is asked for
    with pytest.warns(LossyWarning) as caught:
        copied = disk.write(
            whole, python=python, name="copied.fits", recipe=RECIPES["noCompression"]
        )
    assert len(caught) == 1
    assert re.search(
        f"cards of its WCS as they are.*{next(iter(BROKEN[kind]))}", str(caught[0].message)
    )
    with fits.open(copied.full_path) as hdus:
        found = hdus[0 if "Image" in python else 1].header
        assert np.array_equal(disk.read(copied).image, NOISE)
        for card in header.cards:
            assert found[card.keyword] == card.value


def test_cards_of_the_sky_that_make_no_wcs_alone_are_kept(disk):
    cards = {"EQUINOX": 1950.0, "RADECSYS": "FK4", "EPOCH": 1950.0}
    back = disk.there_and_back(full(header=fits.Header(cards)))
    assert {key: back.metadata.get(key) for key in cards} == cards
    assert back.wcs is None


def test_a_wcs_in_place_of_the_headers_leaves_none_of_its_cards(disk):
    """What is left of another frame would count again when the file is read."""
    old = sky()
    old.update({"RADECSYS": "FK4", "EQUINOX": 1950.0, "EPOCH": 1950.0, "PROJP1": 1.0, "PV1_1": 7.0})
    new = WCS(sky())
    new.wcs.radesys = "ICRS"
    back = disk.there_and_back(full(header=old).replaced(wcs=new))
    assert not {"RADECSYS", "PROJP1", "PV1_1", "EQUINOX"} & set(back.metadata)
    apart = back.wcs.pixel_to_world(*POINTS.T).separation(new.pixel_to_world(*POINTS.T))
    assert apart.arcsec.max() < 1e-6


@pytest.mark.parametrize("cutout", [False, True])
def test_a_distortion_by_tables_is_read_and_written_as_sip(disk, tabled, cutout):
    hdus = tabled()
    expected = WCS(hdus["SCI"].header.copy(), fobj=hdus)
    location = disk.put(written(*hdus[1:]), hdu=1)
    whole = disk.read(location)
    x, y = np.array([4.0, 20.5, 30]), np.array([3.0, 10, 30.25])
    there = expected.all_pix2world(x, y, 0)
    np.testing.assert_allclose(whole.wcs.all_pix2world(x, y, 0), there, rtol=0, atol=1e-12)
    alone = read_component(location._replace(hdu=None), "wcs")
    np.testing.assert_allclose(alone.all_pix2world(x, y, 0), there, rtol=0, atol=1e-12)
    again = pickle.loads(pickle.dumps(whole))
    np.testing.assert_allclose(again.wcs.all_pix2world(x, y, 0), there, rtol=0, atol=1e-12)
    # The tables are linear, so SIP has them exactly; but they end in the middle of the first pixel.
    part = whole[Box(3, 2, 30, 30)] if cutout else whole
    noted = nullcontext() if cutout else pytest.warns(LossyWarning, match=r"differs by up to 0\.0")
    with noted:
        copied = disk.write(part, name="copied.fits")
    back = disk.read(copied).wcs
    atol = 1e-9 if cutout else 0.02 * 7e-5
    np.testing.assert_allclose(back.all_pix2world(x, y, 0), there, rtol=0, atol=atol)
    with fits.open(copied.full_path) as written_hdus:
        assert not [
            key for hdu in written_hdus for key in hdu.header if "CPDIS" in key or "D2IM" in key
        ]


# -- parts
# -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["noCompression", "default"])
@pytest.mark.parametrize(
    "options",
    [
        {"bbox": Box(104, 206, 10, 8)},
        {"bbox": (104, 206, 10, 8)},
        {"bbox": Box(104, 206, 10, 8), "imageOrigin": "PARENT"},
        {"bbox": Box(4, 6, 10, 8), "imageOrigin": "LOCAL"},
    ],
)
def test_a_part_that_is_read_has_pixels_planes_sky_and_origin(disk, name, options):
    whole = full("SIP")
    location = disk.write(whole, recipe=RECIPES[name])
    part = disk.read(location._replace(options=options))
    assert part.bbox == Box(104, 206, 10, 8)
    assert np.array_equal(part.image, NOISE[6:14, 4:14])
    assert np.array_equal(part.mask.array, BITS[6:14, 4:14])
    assert np.array_equal(part.variance, (NOISE**2)[6:14, 4:14])
    inside = np.array([[0, 0], [9, 7]], float)
    expected = whole.local_wcs.all_pix2world(inside + [4, 6], 0)
    assert np.abs(part.local_wcs.all_pix2world(inside, 0) - expected).max() < 1e-9
    assert np.abs(part.wcs.all_pix2world(inside + [104, 206], 0) - expected).max() < 1e-9
    assert part.metadata["CRPIX1"] == 5.5  # the header is the whole image's


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bbox": Box(0, 0, 10, 8)}, "is not inside .* 60 columns, 40 rows"),
        ({"bbox": Box(104, 206, 10, 8), "imageOrigin": "LOCAL"}, "is not inside"),
        ({"bbox": Box(150, 230, 11, 8)}, "is not inside"),
        (
            {"bbox": Box(104, 206, 10, 8), "imageOrigin": "local"},
            "imageOrigin='local': it is PARENT or LOCAL",
        ),
        ({"bbox": 5}, "is not a box"),
    ],
)
def test_a_part_that_is_not_there_is_refused(disk, options, message):
    location = disk.write(full())
    with pytest.raises(DataIdError, match=message):
        disk.read(location._replace(options=options))


def test_the_shape_and_the_origin_are_read_from_the_header(disk):
    assert formatter.read_shape(disk.write(full())) == ((ROWS, COLUMNS), (100, 200))
    assert formatter.read_shape(disk.put(written(fits.ImageHDU(NOISE)))) == (
        (ROWS, COLUMNS),
        (0, 0),
    )


def test_an_image_with_a_third_axis_of_length_one_is_flat(disk):
    location = disk.put(written(fits.ImageHDU(NOISE[np.newaxis])))
    assert np.array_equal(disk.read(location).image, NOISE)
    assert formatter.read_shape(location) == ((ROWS, COLUMNS), (0, 0))


def test_a_part_of_an_image_with_a_third_axis_of_length_one_is_flat(disk):
    location = disk.put(written(fits.ImageHDU(NOISE[np.newaxis])), bbox=Box(4, 6, 10, 8))
    assert np.array_equal(disk.read(location).image, NOISE[6:14, 4:14])


# -- HDUs
# --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def raw() -> bytes:
    """Return a raw exposure of six detectors."""
    stream = io.BytesIO()
    generate.exposure(410877, "g", "tiny", extensions=6).writeto(stream)
    return stream.getvalue()


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("hdu", [1, 2, 3, 4, 6])
def test_the_hdu_that_is_asked_for_is_read_with_what_it_inherits(disk, raw, squeeze, hdu):
    location = disk.put(squeeze(raw), hdu=hdu, python="lsst.afw.image.DecoratedImageF")
    found = disk.read(location)
    with fits.open(io.BytesIO(raw)) as hdus:
        assert np.array_equal(found.image, hdus[hdu].data.astype("f4"))
        assert found.image.dtype == np.float32
        assert found.metadata["EXTNAME"] == hdus[hdu].header["EXTNAME"]
    assert found.metadata["EXPNUM"] == 410877
    assert "EXPNUM" not in found.header
    header = formatter.read_header(location)
    assert (header["EXPNUM"], header["CCDNUM"]) == (410877, found.metadata["CCDNUM"])


def test_an_hdu_that_does_not_ask_to_inherit_does_not(disk):
    hdu = fits.ImageHDU(NOISE, fits.Header({"INHERIT": False}))
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(header=fits.Header({"EXPNUM": 7})), hdu]).writeto(stream)
    location = disk.put(stream.getvalue())
    assert "EXPNUM" not in disk.read(location).metadata
    assert "EXPNUM" not in formatter.read_header(location)


@pytest.mark.parametrize("hdu", [2, 3, 4, 9, -3])
def test_an_hdu_that_is_not_there_is_refused_by_name(disk, hdu):
    location = disk.put(written(fits.ImageHDU(NOISE)), hdu=hdu)
    with pytest.raises(FormatterError, match=rf"has no HDU {hdu}; its last is 1") as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


def test_the_first_hdu_with_data_is_read_if_none_is_asked_for(disk):
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(NOISE), fits.ImageHDU(NOISE * 2)]).writeto(stream)
    assert np.array_equal(disk.read(disk.put(stream.getvalue())).image, NOISE)
    assert np.array_equal(
        disk.read(disk.put(written(fits.ImageHDU(NOISE * 2)), hdu=0)).image, NOISE * 2
    )


def test_planes_behind_a_far_hdu_are_read(disk):
    others = [fits.ImageHDU(NOISE) for _ in range(4)]
    mask = fits.ImageHDU(BITS, fits.Header({"EXTTYPE": "MASK"}))
    found = disk.read(disk.put(written(*others, fits.ImageHDU(NOISE), mask), hdu=5))
    assert np.array_equal(found.mask.array, BITS)


@pytest.mark.parametrize(
    ("python", "dtype"),
    [
        ("lsst.afw.image.ExposureF", "f4"),
        ("lsst.afw.image.ImageD", "f8"),
        ("lsst.afw.image.DecoratedImageI", "i4"),
        ("lsst.afw.image.ImageU", "u2"),
        ("lsst.afw.image.MaskedImageF", "f4"),
        ("lsst.afw.image.ImageL", "u8"),
        ("something.else", "i2"),
        (None, "i2"),
    ],
)
def test_the_pixels_are_of_the_type_that_the_policy_declares(disk, python, dtype):
    location = disk.put(written(fits.ImageHDU(np.ones((2, 2), "i2"))), python=python)
    assert disk.read(location).image.dtype == np.dtype(dtype)


@pytest.mark.parametrize("python", ["lsst.afw.image.ExposureF", "lsst.afw.image.MaskedImageF"])
def test_planes_are_told_by_their_kind_and_not_by_their_place(disk, python):
    hdus = [
        fits.ImageHDU(NOISE),
        fits.ImageHDU(NOISE**2, fits.Header({"EXTTYPE": "VARIANCE"})),
        fits.ImageHDU(BITS.astype("u2"), fits.Header({"EXTTYPE": "MASK"})),
    ]
    found = disk.read(disk.put(written(*hdus), python=python))
    assert np.array_equal(found.variance, NOISE**2)
    assert np.array_equal(found.mask.array, BITS)
    assert found.mask.planes == DEFAULT_PLANES  # the file names none
    plain = disk.read(disk.put(written(*hdus), python="lsst.afw.image.ImageF"))
    assert (plain.mask, plain.variance) == (None, None)


def test_a_table_of_this_storage_is_read_as_a_table(disk):
    table = fits.BinTableHDU.from_columns([fits.Column("id", "K", array=[1, 2])])
    found = disk.read(disk.put(written(table), python="lsst.ip.isr.Unheard"))
    assert found["id"].tolist() == [1, 2]


# -- real files
# --------------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("version", [0, 1, 2])
def test_exposures_of_every_version_of_afw_are_read(real, disk, version):
    content = (real / "afw_files" / f"exposure-version-{version}.fits").read_bytes()
    found = disk.read(disk.put(content))
    with fits.open(io.BytesIO(content)) as hdus:
        assert np.array_equal(found.image, hdus[1].data)
        assert np.array_equal(found.mask.array, hdus[2].data)
        assert np.array_equal(found.variance, hdus[3].data)
        assert {f"MP_{name}": bit for name, bit in found.mask.planes.items()} == dict(
            hdus[2].header["MP_*"]
        )
        assert found.origin == (hdus[1].header["CRVAL1A"], hdus[1].header["CRVAL2A"])


@pytest.mark.real
@pytest.mark.filterwarnings("ignore:PROJP")  # see the next test
def test_a_calexp_that_afw_wrote_goes_there_and_back(real, disk):
    path = real / "gen2_repos" / "obs_test" / "calexpMetadataObjectsTest" / "example-calexp.fits.gz"
    first = disk.read(disk.put(path.read_bytes(), name="calexp.fits"))  # gzip under another name
    again = disk.there_and_back(first)
    assert np.array_equal(again.image, first.image, equal_nan=True)
    assert again.mask.planes == first.mask.planes
    assert again.bbox == first.bbox
    corners = np.array([[0, 0], [first.bbox.width - 1, first.bbox.height - 1]], float)
    difference = again.wcs.all_pix2world(corners, 0) - first.wcs.all_pix2world(corners, 0)
    assert np.abs(difference).max() < 1e-9


@pytest.mark.real
def test_the_sky_of_a_calexp_that_afw_wrote_is_read_without_a_warning(real, disk):
    path = real / "gen2_repos" / "obs_test" / "calexpMetadataObjectsTest" / "example-calexp.fits.gz"
    assert disk.read(disk.put(path.read_bytes())).wcs is not None


@pytest.mark.real
def test_a_raw_that_is_gzip_under_the_name_of_fits_is_read(real, disk):
    (path,) = (real / "gen2_repos" / "latiss" / "raw").rglob("*.fits")
    content = path.read_bytes()
    assert content.startswith(b"\x1f\x8b")
    found = disk.read(disk.put(content, hdu=1, python="lsst.afw.image.DecoratedImageI"))
    with fits.open(path) as hdus:
        assert np.array_equal(found.image, hdus[1].data)


# -- damage
# ------------------------------------------------------------------------------------------------


def cut_gzip(content: bytes) -> bytes:
    """Compress what is there, and end before gzip does."""
    return gzip.compress(content)[:-8]


def places(content: bytes) -> list[tuple[int, int, int]]:
    """Return where each HDU of a file begins, where its data begin, and where they end."""
    with fits.open(io.BytesIO(content), disable_image_compression=True) as hdus:
        found = [(hdu.fileinfo()["hdrLoc"], hdu.fileinfo()["datLoc"], hdu.size) for hdu in hdus]
        return [(start, data, data + size) for start, data, size in found]


SQUEEZE = pytest.mark.parametrize("squeeze", [bytes, cut_gzip], ids=["plain", "gzip"])
# As in a user's process, in which warnings are no errors.
AS_USERS_DO = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", ["noCompression", "default", "lossyBasic"])
@pytest.mark.parametrize(
    ("hdu", "squeeze"),
    [
        pytest.param(1, bytes, id="image"),
        pytest.param(2, bytes, id="mask"),
        pytest.param(3, bytes, id="variance"),
        pytest.param(1, cut_gzip, id="image in gzip"),
        pytest.param(2, cut_gzip, id="mask in gzip"),
        pytest.param(3, cut_gzip, id="variance in gzip"),
    ],
)
@AS_USERS_DO
def test_an_exposure_that_ends_in_its_data_is_refused_by_name(disk, name, squeeze, hdu):
    content = disk.bytes_of(full(), recipe=RECIPES[name])
    _, begin, end = places(content)[hdu]
    for place in (begin + 1, (begin + end) // 2, end - 1):
        location = disk.put(squeeze(content[:place]))
        with pytest.raises(FormatterError) as caught:
            disk.read(location)
        assert location.full_path in str(caught.value)


@pytest.mark.parametrize("name", ["noCompression", "default", "lossyBasic"])
@pytest.mark.parametrize("python", [EXPOSURE, "lsst.afw.image.ImageF"])
@AS_USERS_DO
def test_a_part_of_a_truncated_image_is_refused_even_where_its_pixels_are_there(disk, python, name):
    content = disk.bytes_of(NOISE, recipe=RECIPES[name])
    _, begin, end = places(content)[1]
    location = disk.put(
        content[: begin + (end - begin) * 3 // 4], python=python, bbox=Box(0, 0, 5, 5)
    )
    with pytest.raises(FormatterError) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


@SQUEEZE
@pytest.mark.parametrize("hdu", [0, 1])
@AS_USERS_DO
def test_an_exposure_that_ends_before_its_image_is_refused_by_name(disk, squeeze, hdu):
    content = disk.bytes_of(full(), recipe=RECIPES["noCompression"])
    location = disk.put(squeeze(content[: places(content)[hdu][0] + 1000]))
    with pytest.raises(FormatterError) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


@SQUEEZE
@pytest.mark.parametrize("hdu", [2, 3], ids=["mask", "variance"])
@AS_USERS_DO
def test_an_exposure_that_ends_in_the_header_of_a_plane_is_refused(disk, squeeze, hdu):
    content = disk.bytes_of(full(), recipe=RECIPES["noCompression"])
    with pytest.raises(FormatterError):
        disk.read(disk.put(squeeze(content[: places(content)[hdu][0] + 1000])))


@pytest.mark.parametrize("hdu", [1, 3])
@AS_USERS_DO
def test_a_cut_file_that_was_compressed_whole_is_refused(disk, hdu):
    content = disk.bytes_of(full(), recipe=RECIPES["noCompression"])
    _, begin, end = places(content)[hdu]
    with pytest.raises(FormatterError):
        disk.read(disk.put(gzip.compress(content[: (begin + end) // 2])))


@pytest.mark.parametrize(
    "content",
    [
        written(),
        written(fits.ImageHDU()),
        gzip.compress(b"no FITS"),
        gzip.compress(written(fits.ImageHDU(NOISE)))[:-200],
    ],
    ids=["primary alone", "no pixels", "gzip of another", "gzip cut"],
)
@AS_USERS_DO
def test_a_file_without_pixels_is_refused_by_name(disk, content):
    location = disk.put(content)
    with pytest.raises(FormatterError) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


@pytest.mark.parametrize(
    "axes", [["NAXIS   = 'a'"], ["NAXIS   = 1", "NAXIS1  = 'a'"], ["NAXIS   = 2", "NAXIS1  = 5"]]
)
@AS_USERS_DO
def test_a_header_that_makes_no_sense_is_refused_by_name(disk, axes):
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8", *axes, "END"]
    location = disk.put(
        "".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(2880)
    )
    caught = None
    try:
        disk.read(location)
    except Exception as error:  # astropy leaves the file open, which the traceback holds
        caught = (type(error), str(error))
    gc.collect()
    assert caught is not None
    assert caught[0] is FormatterError
    assert location.full_path in caught[1]


# -- numbers that a type cannot hold, undefined pixels, other numbers of axes
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize(
    ("image", "python"),
    [
        (np.array([[2**31 + 1, 5]], "u4"), "ImageI"),
        (np.array([[-1, 5]], "i4"), "ImageU"),
        (np.array([[70000, 5]], "i4"), "DecoratedImageU"),
        (np.array([[-1, 5]], "i2"), "ImageL"),
        (np.array([[np.nan, 5]], "f4"), "ExposureI"),
        (np.array([[1.5, 5]], "f4"), "MaskedImageU"),
        (np.array([[1e300, 5]], "f8"), "ExposureF"),
    ],
)
def test_a_pixel_that_the_type_cannot_hold_is_refused_when_read_and_when_written(
    disk, name, image, python
):
    location = disk.write(image, python=None, recipe=RECIPES[name])
    with pytest.raises(FormatterError, match=r"file\d+.fits: the value .* at \[0, 0\] does not"):
        disk.read(location._replace(python=f"lsst.afw.image.{python}"))
    with pytest.raises(FormatterError, match=rf"thing is .*{python}: the value .* does not fit"):
        disk.write(image, python=f"lsst.afw.image.{python}", recipe=RECIPES[name])
    part = disk.read(location._replace(python=f"lsst.afw.image.{python}", options=AT_THE_END))
    assert part.image.tolist() == [[5]]  # what is not read need not fit


AT_THE_END = {"bbox": Box(1, 0, 1, 1)}


def stored_image(bits: int, numbers: list[int], **cards: object) -> bytes:
    """Lay out an image as FITS 4.0, sections 4.4.2 and 5.3, has it."""
    code = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8"}[bits]
    lines = {"SIMPLE": True, "BITPIX": bits, "NAXIS": 2, "NAXIS1": len(numbers), "NAXIS2": 1}
    header = fits.Header({**lines, **cards}).tostring().encode()
    return header + np.array(numbers, code).tobytes().ljust(2880, b"\0")


def packed(content: bytes, **cards: object) -> bytes:
    """Compress an image as it is stored; its offsets and undefined pixels are told anew."""
    with fits.open(io.BytesIO(content), do_not_scale_image_data=True) as hdus:
        hdu = fits.CompImageHDU(hdus[0].data, compression_type="GZIP_1")
    content = written(hdu)
    with fits.open(io.BytesIO(content), disable_image_compression=True) as hdus:
        zblank = {"ZBLANK" if key == "BLANK" else key: value for key, value in cards.items()}
        hdus[1].header.update(zblank)
        stream = io.BytesIO()
        hdus.writeto(stream)
    return stream.getvalue()


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize(
    ("bits", "cards", "values"),
    [
        (16, {"BZERO": 32768, "BLANK": -32768}, [np.nan, 32773.0, 32768.0]),
        (16, {"BZERO": 32768, "BLANK": 0}, [0.0, 32773.0, np.nan]),
        (16, {"BLANK": 0}, [-32768.0, 5.0, np.nan]),
        (16, {"BLANK": -32768}, [np.nan, 5.0, 0.0]),
        (16, {"BSCALE": 0.5, "BZERO": 1.0, "BLANK": 0}, [-16383.0, 3.5, np.nan]),
        (32, {"BZERO": 2**31, "BLANK": 5}, [2.0**31 - 32768, np.nan, 2.0**31]),
        (64, {"BZERO": 2**63, "BLANK": 5}, [2.0**63 - 32768, np.nan, 2.0**63]),
    ],
)
def test_an_undefined_pixel_is_not_a_number(disk, bits, cards, values, cut, compressed):
    if compressed and bits == 64:
        return  # astropy compresses no integers of 64 bits
    content = stored_image(bits, [-32768, 5, 0], **cards)
    content = packed(content, **cards) if compressed else content
    options = {"bbox": Box(0, 0, 3, 1)} if cut else {}
    location = disk.put(content, python="lsst.afw.image.ImageD", **options)
    assert np.array_equal(disk.read(location).image, [values], equal_nan=True)
    with pytest.raises(FormatterError, match=r"the value (nan|-16383.0|-32768.0) at"):
        disk.read(location._replace(python="lsst.afw.image.ImageL"))


def test_integers_of_which_none_is_undefined_stay_integers(disk):
    location = disk.put(stored_image(16, [1, 5], BZERO=32768, BLANK=-32768), python=None)
    assert disk.read(location).image.dtype == np.uint16


CUBE = np.arange(120, dtype="f4").reshape(2, 3, 4, 5)


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize("image", [CUBE, CUBE[0], CUBE[0, 0], CUBE[0, 0, :1], CUBE[0, 0, 0]])
def test_a_box_cuts_columns_and_rows_of_images_of_any_number_of_axes(disk, name, image):
    location = disk.write(image, python="lsst.afw.image.ExposureF", recipe=RECIPES[name])
    with fits.open(location.full_path) as hdus:  # what another reader makes of the file
        assert np.array_equal(hdus[1].data, image)
    rows = image.shape[-2] if image.ndim > 1 else 1
    box = Box(1, rows - 1, 3, 1)
    part = image[..., rows - 1 : rows, 1:4] if image.ndim > 1 else image[1:4]
    cut = disk.read(location._replace(options={"bbox": box}))
    whole = disk.read(location)
    assert whole.bbox == Box(0, 0, 5, rows)
    for exposure in (cut, whole[box], whole[rows - 1 : rows, 1:4]):
        assert np.array_equal(exposure.image, part)
        assert exposure.bbox == box
        assert f"Exposure of {' x '.join(map(str, reversed(part.shape)))} pixels" in str(exposure)
    assert formatter.read_bare(location).bbox == whole.bbox
    assert formatter.read_shape(location)[0] == (rows, 5)
    with pytest.raises(DataIdError, match="is not inside"):
        disk.read(location._replace(options={"bbox": Box(1, 0, 3, rows + 1)}))


@pytest.mark.parametrize("python", ["ExposureF", "ImageF"])
@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize(
    "image", [np.zeros((2, 2), "c8"), np.zeros((2, 2), "U3"), np.zeros(2, "f2"), np.array(1.0)]
)
def test_what_fits_has_no_image_of_is_refused(disk, image, name, python):
    with pytest.raises(FormatterError, match="thing: FITS cannot hold an image of"):
        disk.write(image, python=f"lsst.afw.image.{python}", recipe=RECIPES[name])


@pytest.mark.parametrize("python", ["ExposureF", "ImageF"])
@pytest.mark.parametrize("code", ["bool", "i1"])
def test_booleans_and_signed_bytes_are_written_as_what_fits_has(disk, code, python):
    image = np.array([[0, 1]], code)
    location = disk.write(image, python=f"lsst.afw.image.{python}", recipe=RECIPES["noCompression"])
    assert disk.read(location).image.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    "python", ["lsst.afw.image.ExposureF", "lsst.afw.image.ImageU", "a.Exposure", "a.MaskedImageI"]
)
def test_a_table_is_no_image(disk, python):
    table = fits.BinTableHDU.from_columns([fits.Column("id", "K", array=[1, 2])])
    text = fits.TableHDU.from_columns([fits.Column("id", "I5", array=np.array([1, 2]))])
    for hdu in (table, text):
        with pytest.raises(FormatterError, match=r"file\d+.fits: HDU 1 is a table, not an"):
            disk.read(disk.put(written(hdu), python=python))
        with pytest.raises(FormatterError, match=r"file\d+.fits: HDU 1 is a table, not an"):
            formatter.read_shape(disk.put(written(hdu), python=python))


@pytest.mark.parametrize(
    ("numbers", "flags"),
    [
        (np.array([[2**31, 5]], "u4"), [[-(2**31), 5]]),
        (np.array([[2**31, 5]], "i8"), [[-(2**31), 5]]),
        (np.array([[32768, 5]], "u2"), [[32768, 5]]),
        (np.array([[3.0, 5.0]], "f4"), [[3, 5]]),
        (np.array([[2**32, 5]], "i8"), None),
        (np.array([[np.nan, 5]], "f4"), None),
        (np.array([[0.5, 5]], "f4"), None),
    ],
)
def test_a_mask_of_other_numbers_has_the_same_flags_or_is_refused(disk, numbers, flags):
    image = fits.ImageHDU(np.zeros((1, 2), "f4"), fits.Header({"EXTTYPE": "IMAGE"}))
    mask = fits.ImageHDU(numbers, fits.Header({"EXTTYPE": "MASK", "MP_BAD": 0}))
    exposure = disk.put(written(image, mask))
    alone = disk.put(written(fits.ImageHDU(numbers)), python="lsst.afw.image.Mask")
    in_memory = Exposure(np.zeros((1, 2), "f4"), fits.Header(), mask=Mask(numbers, {"BAD": 0}))
    actions = [
        lambda: disk.read(exposure).mask.array,
        lambda: disk.read(alone).array,
        lambda: disk.there_and_back(in_memory).mask.array,
        lambda: disk.there_and_back(in_memory.mask, python="lsst.afw.image.MaskX").array,
    ]
    for act in actions:
        if flags is None:
            with pytest.raises(FormatterError, match=r"does not fit into u?int32"):
                act()
        else:
            assert act().tolist() == flags
            assert act().dtype == np.int32


@pytest.mark.parametrize(
    ("text", "unit", "standard"),
    [
        ("ELECTRONS/S", units.electron / units.s, "electron s-1"),
        ("counts/s", units.count / units.s, "count s-1"),
        ("JY/BEAM", units.Jy / units.beam, "Jy beam-1"),
        ("ADU", units.adu, "adu"),
        ("N/A", None, None),
        ("furlongs", units.Unit("furlongs", parse_strict="silent"), "furlongs"),
    ],
)
def test_the_unit_of_pixels_is_understood_and_written_in_the_standards_form(
    disk, text, unit, standard
):
    hdu = fits.ImageHDU(NOISE, fits.Header({"BUNIT": text}))
    exposure = disk.read(disk.put(written(hdu)))
    assert exposure.unit == unit
    location = disk.write(exposure)
    assert fits.getheader(location.full_path, 1).get("BUNIT") == standard
    assert disk.read(location).unit == unit
    assert exposure.replaced(unit=text).unit == unit


@pytest.mark.parametrize(
    ("unit", "texts"),
    [
        ("electron", ["electron", None, "electron2"]),
        ("nJy", ["nJy", None, "nJy2"]),
        ("Jy/beam", ["Jy beam-1", None, "Jy2 beam-2"]),
        ("furlongs", ["furlongs", None, None]),
        (None, [None, None, None]),
    ],
)
def test_each_plane_has_the_unit_of_its_own_pixels(disk, unit, texts):
    """By astropy, which reads what it wrote: a variance is of squares, a mask of bits."""
    mask = Mask.from_flags({"BAD": NOISE > 0})
    header = fits.Header() if unit is None else fits.Header({"BUNIT": unit})
    location = disk.write(Exposure(NOISE, header, mask=mask, variance=NOISE**2))
    with fits.open(location.full_path) as hdus:
        found = [hdus[name].header.get("BUNIT") for name in ("IMAGE", "MASK", "VARIANCE")]
    assert found == texts
    assert disk.read(location).unit == (unit and parse(unit))
    if texts[2] is not None:
        assert units.Unit(texts[2]) == units.Unit(texts[0]) ** 2


@pytest.mark.parametrize("code", ["i8", "u8"])
@pytest.mark.parametrize("name", ["default", "lossyBasic"])
def test_integers_that_cfitsio_cannot_decompress_are_not_compressed(disk, code, name):
    location = disk.write(np.array([[0, 2**62]], code), recipe=RECIPES[name])
    with fits.open(location.full_path, disable_image_compression=True) as hdus:
        assert isinstance(hdus[1], fits.ImageHDU)
        assert hdus[1].data.tolist() == [[0, 2**62]]
