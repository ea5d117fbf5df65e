"""Catalogs of exposures: their boxes, and the objects that belong to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import lsst.afw.detection
import lsst.afw.geom
import lsst.afw.image
import lsst.afw.table as afw_table
import lsst.geom
from persistence.errors import FormatterError
from persistence.gen2types import unwrap, wrap
from persistence.gen2types.exceptions import LogicError
from persistence.gen2types.polygon import Polygon
from persistence.types.archives.read import open_archive

BOX = lsst.geom.Box2I(lsst.geom.Point2I(10, 20), lsst.geom.Extent2I(100, 50))


def make_wcs() -> Any:
    return lsst.afw.geom.makeSkyWcs(
        lsst.geom.Point2D(60, 45),
        lsst.geom.SpherePoint(150.0, 2.0, lsst.geom.degrees),
        lsst.afw.geom.makeCdMatrix(0.2 * lsst.geom.arcseconds),
    )


@pytest.fixture
def catalog() -> afw_table.ExposureCatalog:
    """Return a catalog of two exposures."""
    schema = afw_table.ExposureTable.makeMinimalSchema()
    schema.addField("weight", type="D")
    made = afw_table.ExposureCatalog(schema)
    for number in (7, 3):
        record = made.addNew()
        record.setId(number)
        record["weight"] = number / 2
        record.setBBox(BOX.shiftedBy(lsst.geom.Extent2I(100 * (number == 3), 0)))
        record.setWcs(make_wcs())
    return made


def test_an_exposure_has_what_it_was_given(catalog: afw_table.ExposureCatalog) -> None:
    first, second = catalog
    assert first.getBBox() == BOX
    assert second.getBBox().getMinX() == 110
    assert first.getWcs() == make_wcs()
    assert (first["bbox_max_x"], first["bbox_max_y"]) == (109, 69)
    assert first.getPsf() is None
    assert catalog.find(3) == second
    catalog.sort()
    assert catalog["weight"].tolist() == [1.5, 3.5]
    deep = catalog.copy(deep=True)
    assert deep[0].getWcs() == make_wcs()


PIXELS = [((10, 20), True), ((109.4, 69.4), True), ((109.6, 40), False), ((60, 19.4), False)]


@pytest.mark.parametrize(("pixel", "inside"), PIXELS)
def test_positions_lie_in_exposures(catalog: Any, pixel: Any, inside: bool) -> None:
    wcs = make_wcs()
    sky = wcs.pixelToSky(lsst.geom.Point2D(*pixel))
    assert catalog[0].contains(sky) == inside
    assert catalog[0].contains(lsst.geom.Point2D(*pixel), wcs) == inside
    other = wcs.copyAtShiftedPixelOrigin(lsst.geom.Extent2D(5, 7))
    moved = lsst.geom.Point2D(pixel[0] + 5, pixel[1] + 7)
    assert catalog[0].contains(moved, other) == inside
    second = pixel[0] > 109.5
    assert catalog.subsetContaining(sky)["id"].tolist() == [7] * inside + [3] * second
    assert len(catalog.subsetContaining(moved, other)) == inside + second
    catalog[0].setValidPolygon(Polygon(lsst.geom.Box2D(BOX.erodedBy(lsst.geom.Extent2I(40, 20)))))
    assert catalog[0].contains(sky) == inside
    assert not catalog[0].contains(sky, includeValidPolygon=True)
    assert not catalog[0].contains(sky, True)


def test_an_exposure_without_a_wcs_contains_nothing(catalog: Any) -> None:
    catalog[0].setWcs(None)
    with pytest.raises(LogicError, match="does not have a Wcs"):
        catalog[0].contains(lsst.geom.SpherePoint(1, 2, lsst.geom.degrees))


@pytest.mark.real
def test_objects_of_exposures_are_written(catalog: Any, real: Path, tmp_path: Path) -> None:
    source = str(real / "afw_files" / "jointcal_wcs-0030600-088.fits")
    stored = wrap(open_archive(source).load(1))
    for record in catalog:
        record.setWcs(stored)
    psf = lsst.afw.detection.GaussianPsf(15, 15, 2.5)
    calib = lsst.afw.image.PhotoCalib(1.5, 0.25)
    catalog[0].setPsf(psf)
    catalog[1].setPhotoCalib(calib)
    catalog[1].setValidPolygon(Polygon(lsst.geom.Box2D(BOX)))
    path = str(tmp_path / "exposures.fits")
    catalog.writeFits(path)
    with fits.open(path) as hdus:
        hdus.verify("exception")
        assert hdus[1].header["AFW_TYPE"] == "EXPOSURE"
        assert hdus[2].header["EXTTYPE"] == "ARCHIVE_INDEX"
        names = {row["id"]: row["name"] for row in hdus[2].data}
        data = hdus[1].data
        assert [names.get(number) for number in data["psf"]] == ["GaussianPsf", None]
        assert [names.get(number) for number in data["photoCalib"]] == [None, "PhotoCalib"]
        assert [names.get(number) for number in data["wcs"]] == ["SkyWcs", "SkyWcs"]
        assert data["wcs"][0] == data["wcs"][1]  # one object, once
    back = afw_table.ExposureCatalog.readFits(path)
    assert back["weight"].tolist() == [3.5, 1.5]
    assert back[0].getPsf().computeShape().getIxx() == pytest.approx(6.25, rel=1e-3)
    assert back[1].getPhotoCalib().getCalibrationMean() == 1.5
    assert back[1].getValidPolygon() is not None
    assert back[1].getPsf() is None
    middle = lsst.geom.Point2D(60, 45)
    assert back[0].getWcs().pixelToSky(middle).separation(stored.pixelToSky(middle)) < 1e-12
    catalog[1].setWcs(make_wcs())
    with pytest.raises(FormatterError, match="the wcs of row 1 cannot be written"):
        catalog.writeFits(path)
    # An object that is set anew is written beside those of the file.
    back[0].setPhotoCalib(lsst.afw.image.PhotoCalib(2.5))
    again = str(tmp_path / "again.fits")
    back.writeFits(again)
    last = afw_table.ExposureCatalog.readFits(again)
    assert [each.getPhotoCalib().getCalibrationMean() for each in last] == [2.5, 1.5]
    assert last[0].getPsf().computeShape().getIxx() == pytest.approx(6.25, rel=1e-3)
    assert np.isfinite(last[0].getWcs().pixelToSky(middle).getRa().asRadians())
    assert unwrap(last)["psf"].dtype.kind == "i"
