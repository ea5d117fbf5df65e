"""Readers of one plane or one component, against astropy and the whole exposure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import lsst.afw.image as afwImage
from lsst.afw.fits import readMetadata
from lsst.geom import Box2I, Extent2I, Point2I

NAMES = [f"exposure-version-{number}.fits" for number in (0, 1, 2)]


@pytest.fixture(params=NAMES)
def path(real: Path, request: Any) -> str:
    return str(real / "afw_files" / request.param)


def test_each_plane_is_read_alone(path: str) -> None:
    reader = afwImage.ExposureFitsReader(path)
    with fits.open(path) as hdus:
        rows, columns = hdus[1].data.shape
        xy0 = Point2I(*(int(hdus[1].header[f"CRVAL{axis}A"]) for axis in "12"))
        assert reader.readBBox() == Box2I(xy0, Extent2I(columns, rows))
        assert reader.readBBox(afwImage.LOCAL) == Box2I(Point2I(0, 0), Extent2I(columns, rows))
        np.testing.assert_array_equal(reader.readImage().array, hdus[1].data)
        np.testing.assert_array_equal(reader.readVariance().array, hdus[3].data)
        np.testing.assert_array_equal(reader.readImageArray(), hdus[1].data)
        box = Box2I(Point2I(1, 1), Extent2I(2, 3))
        part = reader.readImage(box, afwImage.LOCAL)
        np.testing.assert_array_equal(part.array, hdus[1].data[1:4, 1:3])
        assert part.getXY0() == xy0 + box.getMin().asExtent()
        assert reader.readImageDType() == hdus[1].data.dtype.newbyteorder("=")
    assert reader.readXY0() == xy0 == reader.readImage().getXY0()
    assert reader.fileName == path
    assert type(reader.readImage(dtype=np.float64)) is afwImage.ImageD
    assert type(reader.readMaskedImage()) is afwImage.MaskedImageF
    assert type(reader.read()) is afwImage.ExposureF
    assert type(reader.read(dtype=np.float64)) is afwImage.ExposureD


def test_each_component_is_that_of_the_exposure(path: str) -> None:
    reader, whole = afwImage.ExposureFitsReader(path), afwImage.ExposureF(path)
    np.testing.assert_array_equal(reader.readMask().array, whole.mask.array)
    assert reader.readPhotoCalib() == whole.getPhotoCalib()
    assert reader.readFilterLabel() == whole.getFilterLabel()
    assert reader.readFilter() == whole.getFilter()
    assert reader.readVisitInfo() == whole.getInfo().getVisitInfo()
    assert reader.readExposureId() == whole.getInfo().getVisitInfo().getExposureId() or None
    assert reader.readMetadata().toDict().keys() == whole.getMetadata().toDict().keys()
    assert reader.readSerializationVersion() == int(path[-6])
    assert (reader.readPsf() is None) is not whole.hasPsf()
    assert (reader.readDetector() is None) is (whole.getDetector() is None)
    assert (reader.readWcs() is None) is not whole.hasWcs()
    assert reader.readCoaddInputs() is None


def test_images_and_masks_have_readers(path: str) -> None:
    whole = afwImage.ExposureF(path)
    reader = afwImage.ImageFitsReader(path, 3)
    np.testing.assert_array_equal(reader.read().array, whole.variance.array)
    assert reader.readDType() == np.float32
    mask = afwImage.MaskFitsReader(path, 2).read()
    np.testing.assert_array_equal(mask.array, whole.mask.array)
    masked = afwImage.MaskedImageFitsReader(path).read()
    np.testing.assert_array_equal(masked.image.array, whole.image.array)


def test_a_missing_file_is_told_of_when_the_reader_is_made(tmp_path: Path) -> None:
    from lsst.afw.fits import FitsError

    with pytest.raises(FitsError, match=r"absent\.fits"):
        afwImage.ExposureFitsReader(str(tmp_path / "absent.fits"))


def test_headers_are_read(path: str) -> None:
    metadata = readMetadata(path)
    with fits.open(path) as hdus:
        for key in ("BITPIX", "NAXIS1"):
            assert metadata.getScalar(key) == hdus[1].header[key]
    box = afwImage.bboxFromMetadata(metadata)
    assert box == afwImage.ExposureFitsReader(path).readBBox()
    assert not metadata.exists("CRVAL1A")
