"""Parts of exposures that are datasets of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Exposure
from persistence.dataids.request import PARTS
from persistence.errors import FormatterError
from persistence.formatters import formatter, parts
from persistence.types.pixels.mask import DEFAULT_PLANES, Mask

SKYWCS, MASK, EXPOSURE = "lsst.afw.geom.SkyWcs", "lsst.afw.image.Mask", "lsst.afw.image.ExposureF"


def wcs(ra=10.0):
    made = WCS(naxis=2)
    made.wcs.ctype, made.wcs.crval, made.wcs.crpix = ["RA---TAN", "DEC--TAN"], [ra, 20], [5, 6]
    made.wcs.cd = np.array([[-1e-4, 1e-6], [2e-6, 1e-4]])
    return made


@pytest.fixture
def disk(disk_of):
    return disk_of("FitsStorage", SKYWCS, ".fits")


def test_a_wcs_goes_there_and_back(disk):
    found = disk.there_and_back(wcs())
    assert found.wcs.compare(wcs().wcs, 0, 1e-12) or found.wcs.crval.tolist() == [10, 20]
    corners = np.array([[0, 0], [30, 20], [7, 3]])
    np.testing.assert_allclose(
        found.all_pix2world(corners, 0), wcs().all_pix2world(corners, 0), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("ending", ["SkyWcs", "Wcs", "TanWcs"])
def test_old_names_of_a_type_are_the_same(disk, ending):
    location = disk.write(wcs(), python=f"lsst.afw.image.{ending}")
    assert disk.read(location).wcs.crval.tolist() == [10, 20]


PLANES = {"BAD": 0, "SAT": 1, "A_LONG_PLANES_NAME": 30, "SIGN": 31}


@pytest.mark.parametrize("planes", [PLANES, {"BAD": 5}, dict(DEFAULT_PLANES)], ids=len)
def test_a_mask_goes_there_and_back(disk, planes):
    pixels = np.arange(12, dtype=np.int32).reshape(3, 4)
    pixels[0, 0] = -(2**31)
    found = disk.there_and_back(Mask(pixels, planes), python=MASK)
    assert found.array.dtype == np.int32
    assert np.array_equal(found.array, pixels)
    assert dict(found.planes) == planes


@pytest.mark.parametrize(
    "make", [fits.PrimaryHDU, lambda data: fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(data)])]
)
def test_a_mask_that_is_a_plain_image_is_read(disk, make):
    location = disk.place(python=MASK)
    make(np.ones((2, 3), np.int16)).writeto(location.full_path)
    found = disk.read(location)
    assert found.array.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert dict(found.planes) == dict(DEFAULT_PLANES)


def test_a_mask_without_pixels_is_told(disk):
    location = disk.place(python=MASK)
    fits.PrimaryHDU().writeto(location.full_path)
    with pytest.raises(FormatterError, match=location.path):
        disk.read(location)


def exposure(**more):
    pixels = np.ones((20, 30), "f4")
    return Exposure(
        pixels, fits.Header({"EXPTIME": 30.0}), variance=pixels, given_wcs=wcs(), **more
    )


@pytest.fixture
def whole(disk):
    """Write an exposure, as other types will read it; give where it lies."""
    mask = Mask(np.full((20, 30), 2, np.int32), dict(DEFAULT_PLANES))
    return disk.write(exposure(mask=mask), python=EXPOSURE)


@pytest.mark.parametrize(
    ("python", "told"),
    [
        (SKYWCS, lambda part: part.wcs.crval.tolist() == [10, 20]),
        (MASK, lambda part: part["SAT"].all() and part.array.shape == (20, 30)),
        ("lsst.afw.image.VisitInfo", lambda part: part.exposure_time == 30),
    ],
)
def test_a_part_is_read_out_of_the_file_of_an_exposure(disk, whole, python, told):
    assert told(disk.read(whole._replace(python=python)))


@pytest.mark.parametrize("python", ["lsst.afw.detection.Psf", "lsst.afw.image.ApCorrMap"])
def test_a_part_that_an_exposure_has_not_is_told_with_the_file(disk, whole, python):
    with pytest.raises(FormatterError, match=f"{whole.path} has no"):
        disk.read(whole._replace(python=python))


@pytest.mark.parametrize("name", sorted(PARTS))
def test_each_type_is_read_here(name):
    assert formatter("FitsStorage", f"lsst.x.{name}")._inner is parts


@pytest.mark.parametrize("content", [b"", b"no FITS", b"SIMPLE  =", bytes(2880), b" " * 5760])
@pytest.mark.parametrize("python", [SKYWCS, MASK, "lsst.afw.detection.Psf"])
def test_what_is_no_fits_is_told_with_the_file(disk, content, python):
    location = disk.put(content, python=python)
    with pytest.raises(FormatterError, match=location.path):
        disk.read(location)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
def test_a_truncated_mask_is_told(disk, cut):
    rng = np.random.default_rng(1)
    location = disk.write(
        Mask(rng.integers(0, 2**30, (200, 30)).astype(np.int32), {"BAD": 0}), python=MASK
    )
    content = Path(location.full_path).read_bytes()
    with pytest.raises(FormatterError):
        disk.read(disk.put(content[: int(len(content) * cut)], python=MASK))


def test_what_writes_itself_does(disk):
    class Writes:
        def writeFits(self, path):
            fits.PrimaryHDU(header=wcs().to_header()).writeto(path)

    assert disk.there_and_back(Writes()).wcs.crval.tolist() == [10, 20]


@pytest.mark.parametrize("obj", [5, "text", None, {}, object(), np.zeros(3)])
def test_what_is_no_part_is_refused(disk, obj):
    with pytest.raises(FormatterError):
        disk.write(obj)


def test_a_name_that_ends_in_gz_compresses_nothing_by_itself(disk):
    assert disk.bytes_of(wcs(), name="wcs.fits.gz")[:6] == b"SIMPLE"
