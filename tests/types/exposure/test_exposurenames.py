"""afw's names of what an exposure has."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Exposure
from persistence.types.exposure.exposurenames import ExposureNames
from persistence.types.pixels.mask import Mask


def wcs(ra):
    made = WCS(naxis=2)
    made.wcs.ctype, made.wcs.crval = ["RA---TAN", "DEC--TAN"], [ra, 20]
    return made


@pytest.fixture
def exposure():
    header = fits.Header({"FILTER": "g", "EXPTIME": 30.0})
    return Exposure(
        np.ones((4, 6), "f4"), header, variance=np.ones((4, 6), "f4"), given_wcs=wcs(10)
    )


MARK = object()
SETTERS = {
    "Psf": "psf",
    "PhotoCalib": "photo_calib",
    "Calib": "photo_calib",
    "Detector": "detector",
    "ApCorrMap": "ap_corr_map",
    "ValidPolygon": "valid_polygon",
    "VisitInfo": "visit_info",
    "Mask": "mask",
    "Variance": "variance",
    "Image": "image",
}


@pytest.mark.parametrize("name", SETTERS)
def test_what_is_set_is_got_by_both_names(exposure, name):
    thing = np.zeros((4, 6)) if name in ("Image", "Variance") else MARK
    getattr(exposure, f"set{name}")(thing)
    assert getattr(exposure, f"get{name}")() is thing
    assert getattr(exposure, SETTERS[name]) is thing


def test_each_setter_has_a_getter_and_is_tested():
    setters = {name[3:] for name in vars(ExposureNames) if name.startswith("set")}
    assert setters == {*SETTERS, "Wcs", "Filter"}
    assert all(hasattr(Exposure, f"get{name}") for name in setters)


def test_a_wcs_that_is_set_takes_the_place_of_the_derived_one(exposure):
    assert exposure.getWcs().wcs.crval[0] == 10
    exposure.setWcs(wcs(50))
    assert exposure.wcs.wcs.crval[0] == exposure.getWcs().wcs.crval[0] == 50


def test_what_was_derived_from_an_old_part_is_derived_anew(exposure):
    assert exposure.bbox.width == 6
    assert "16" not in str(exposure)
    exposure.setImage(np.zeros((2, 16), "f4"))
    assert exposure.getBBox().width == 16


def test_setting_one_part_leaves_the_others_and_shares_their_pixels(exposure):
    image, variance = exposure.image, exposure.variance
    exposure.setMask(Mask(np.zeros((4, 6), np.int32), {"BAD": 0}))
    assert exposure.image is image
    assert exposure.variance is variance
    assert exposure.header["EXPTIME"] == 30


def test_a_copy_is_not_changed_with_it(exposure):
    copy = exposure.replaced()
    exposure.setPsf(MARK)
    assert copy.psf is None


def test_none_takes_a_part_away(exposure):
    exposure.setPsf(MARK)
    exposure.setPsf(None)
    exposure.setMask(None)
    assert exposure.getPsf() is None
    assert exposure.getMask() is None


def test_a_filter_that_is_set_is_got(exposure):
    from persistence.types.exposure.translator import FilterLabel

    exposure.setFilter(FilterLabel(name="r", band="r", physical="r.1"))
    assert exposure.getFilter().band == exposure.getFilterLabel().band == "r"


def test_an_exposure_is_its_own_masked_image_and_info(exposure):
    assert exposure.getInfo() is exposure.getMaskedImage() is exposure
    assert exposure.getMetadata() is exposure.metadata
