"""Photometric calibrations, old and new, against formulas and astropy's units."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

import lsst.afw.image as afwImage
import lsst.afw.math as afwMath
import lsst.afw.table as afwTable
from lsst.geom import Box2I, Extent2I, Point2D, Point2I
from persistence import gen2types
from persistence.gen2types.exceptions import DomainError, InvalidParameterError
from persistence.types.exposure.photocalib import PhotoCalib as OurCalib
from persistence.types.fields.boundedfield import ChebyshevField
from persistence.types.pixels.box import Box

MEAN, ERR = 50.0, 2.5
CALIB = afwImage.PhotoCalib(MEAN, ERR)
# The AB system by its definition.
AB = (0 * u.ABmag).to_value(u.nJy)


def varying() -> Any:
    """Return a calibration that grows from 10 to 20 nJy over 101 columns."""
    field = ChebyshevField(Box(0, 0, 101, 101), np.array([[15.0, 5.0], [0.0, 0.0]]))
    return gen2types.wrap(OurCalib(15.0, 0.3, field))


def test_a_calibration_says_what_it_is() -> None:
    assert (CALIB.getCalibrationMean(), CALIB.getCalibrationErr()) == (MEAN, ERR)
    assert CALIB.isConstant()
    assert CALIB._isConstant
    assert CALIB.getInstFluxAtZeroMagnitude() == pytest.approx(AB / MEAN, rel=1e-12)
    assert CALIB.getLocalCalibration(Point2D(3, 4)) == MEAN
    assert afwImage.PhotoCalib(50.0, 2.5) == CALIB != afwImage.PhotoCalib(50.0)
    with pytest.raises(InvalidParameterError):
        afwImage.PhotoCalib(-1.0)


@pytest.mark.parametrize("flux", [1.0, 100.0, 12345.678])
def test_fluxes_are_astropys(flux: float) -> None:
    nanojansky = flux * MEAN
    magnitude = (nanojansky * u.nJy).to_value(u.ABmag)
    assert CALIB.instFluxToNanojansky(flux) == pytest.approx(nanojansky)
    assert CALIB.instFluxToMagnitude(flux) == pytest.approx(magnitude, abs=1e-10)
    assert CALIB.magnitudeToInstFlux(magnitude) == pytest.approx(flux)
    assert type(CALIB.instFluxToMagnitude(flux)) is float


def test_errors_are_propagated() -> None:
    flux, error = 1000.0, 10.0
    relative = math.hypot(error / flux, ERR / MEAN)
    result = CALIB.instFluxToNanojansky(flux, error)
    assert (result.value, result.error) == pytest.approx((flux * MEAN, flux * MEAN * relative))
    magnitude = CALIB.instFluxToMagnitude(flux, error)
    assert magnitude.error == pytest.approx(2.5 / math.log(10) * relative)
    at = CALIB.instFluxToMagnitude(flux, error, Point2D(1, 2))
    assert (at.value, at.error) == (magnitude.value, magnitude.error)


def test_a_calibration_that_varies_holds_at_a_point_and_on_the_mean() -> None:
    calib = varying()
    assert not calib.isConstant()
    assert calib.getLocalCalibration(Point2D(70, 5)) == pytest.approx(AT_70)
    assert calib.instFluxToNanojansky(2.0, Point2D(70, 5)) == pytest.approx(2 * AT_70)
    assert calib.instFluxToNanojansky(2.0) == pytest.approx(30.0)
    assert calib.magnitudeToInstFlux(20.0, Point2D(70, 5)) == pytest.approx(
        (20 * u.ABmag).to_value(u.nJy) / AT_70
    )


def test_a_calibration_that_varies_is_made_of_a_field() -> None:
    box = Box2I(Point2I(0, 0), Extent2I(101, 101))
    field = afwMath.ChebyshevBoundedField(box, np.array([[15.0, 5.0], [0.0, 0.0]]))
    for calib in (afwImage.PhotoCalib(15.0, 0.3, field, False), afwImage.PhotoCalib(field, 0.3)):
        assert not calib.isConstant()
        assert calib.getCalibrationMean() == pytest.approx(15.0)
        assert calib.getLocalCalibration(Point2D(70, 5)) == pytest.approx(AT_70)
        scaled = calib.computeScaledCalibration()
        assert scaled.evaluate(70, 5) == pytest.approx(AT_70 / 15)
    assert CALIB.computeScaledCalibration().evaluate(3, 4) == 1.0


def test_fluxes_below_0_have_no_magnitude() -> None:
    assert math.isnan(CALIB.instFluxToMagnitude(-1.0))
    assert CALIB.instFluxToMagnitude(0.0) == math.inf
    np.testing.assert_array_equal(np.isnan(CALIB.instFluxToMagnitude(np.array([-1.0, 1]))), [1, 0])


# At column 70: half a pixel lies beyond the middles of the first and the last column.
AT_70 = 15 + 5 * (70 - 50) / 50.5


class Catalog(dict[str, Any]):
    """A catalog in one piece, as far as calibrations ask for it."""

    def isContiguous(self) -> bool:
        return True

    def getX(self) -> Any:
        return self["x"]

    def getY(self) -> Any:
        return self["y"]


@pytest.mark.parametrize("calib", [CALIB, varying()], ids=["constant", "varying"])
def test_catalogs_are_converted_by_field(calib: Any) -> None:
    flux, error = np.array([100.0, 2000.0]), np.array([1.0, 3.0])
    catalog = Catalog(x=np.array([0.0, 70.0]), y=np.array([5.0, 6.0]))
    catalog |= {"base_PsfFlux_instFlux": flux, "base_PsfFlux_instFluxErr": error}
    result = calib.instFluxToMagnitude(catalog, "base_PsfFlux")
    assert result.shape == (2, 2)
    for row, x, y in zip(range(2), catalog["x"], catalog["y"], strict=True):
        single = calib.instFluxToMagnitude(flux[row], error[row], Point2D(x, y))
        assert tuple(result[row]) == pytest.approx((single.value, single.error))
    assert calib.instFluxToNanojansky(catalog, "base_PsfFlux", "new") is None
    assert catalog["new_flux"][1] == pytest.approx(
        calib.instFluxToNanojansky(2000.0, Point2D(70, 6))
    )
    assert set(catalog) >= {"new_flux", "new_fluxErr"}


def sources() -> Any:
    """Return a catalog of three sources with two fluxes each."""
    schema = afwTable.SourceTable.makeMinimalSchema()
    for name in ("base_PsfFlux", "base_Other"):
        for part in ("instFlux", "instFluxErr"):
            schema.addField(f"{name}_{part}", type="D", units="count")
    schema.getAliasMap().set("slot_PsfFlux", "base_PsfFlux")
    catalog = afwTable.SourceCatalog(schema)
    for number in range(3):
        record = catalog.addNew()
        for name, flux in (("base_PsfFlux", 100.0 * (number + 1)), ("base_Other", 5.0)):
            record[f"{name}_instFlux"], record[f"{name}_instFluxErr"] = flux, 1.0
    return catalog


def test_records_and_catalogs_of_afw_are_converted() -> None:
    catalog = sources()
    single = CALIB.instFluxToMagnitude(200.0, 1.0)
    for field in ("base_PsfFlux", "slot_PsfFlux"):
        assert tuple(CALIB.instFluxToMagnitude(catalog, field)[1]) == (single.value, single.error)
        record = CALIB.instFluxToMagnitude(catalog[1], field)
        assert (record.value, record.error) == (single.value, single.error)
    parts = catalog[np.array([True, False, True])]  # not in one piece
    expected = [CALIB.instFluxToMagnitude(flux) for flux in (100.0, 300.0)]
    assert CALIB.instFluxToMagnitude(parts, "base_PsfFlux")[:, 0] == pytest.approx(expected)


def test_a_catalog_gets_fluxes_and_magnitudes() -> None:
    catalog = sources()
    calibrated = CALIB.calibrateCatalog(catalog)
    assert type(calibrated) is afwTable.SourceCatalog
    flux = CALIB.instFluxToNanojansky(100.0, 1.0)
    assert calibrated[0]["base_PsfFlux_flux"] == pytest.approx(flux.value)
    assert calibrated[0]["base_PsfFlux_fluxErr"] == pytest.approx(flux.error)
    magnitudes = CALIB.instFluxToMagnitude(catalog, "base_Other")
    np.testing.assert_allclose(calibrated["base_Other_mag"], magnitudes[:, 0])
    np.testing.assert_allclose(calibrated["base_Other_magErr"], magnitudes[:, 1])
    assert calibrated.schema.find("base_Other_flux").field.getUnits() == "nJy"
    assert calibrated[1].getPsfInstFlux() == 200.0
    some = CALIB.calibrateCatalog(catalog, ["base_Other"])
    assert "base_Other_mag" in some.schema.getNames()
    assert "base_PsfFlux_mag" not in some.schema.getNames()


@pytest.mark.parametrize("includes", [True, False])
def test_an_image_is_calibrated_with_its_variance(includes: bool) -> None:
    image = afwImage.MaskedImageF(Box2I(Point2I(70, 5), Extent2I(1, 1)))
    image[70, 5] = (20.0, 4, 9.0)
    for calib, factor, error in ((CALIB, MEAN, ERR), (varying(), AT_70, 0.3)):
        value, flags, variance = calib.calibrateImage(image, includes)[70, 5]
        assert (value, flags) == (pytest.approx(20 * factor), 4)
        scale = (20 * error) ** 2 if includes else 0
        assert variance == pytest.approx(9 * factor**2 + scale, rel=1e-6)
    assert image[70, 5] == (20.0, 4, 9.0)


@pytest.mark.parametrize("name", ["photoCalib-version0.fits", "photoCalib-version1.fits"])
def test_calibrations_of_afw_are_read(real: Path, name: str) -> None:
    """Source: the table of the file by astropy; until version 1 it is in units of magnitude 0."""
    path = str(real / "afw_files" / name)
    with fits.open(path) as hdus:
        index = next(i for i, hdu in enumerate(hdus) if hdu.header.get("AR_NAME") == "PhotoCalib")
        row = hdus[index].data[0]
        scale = 1.0 if "version" in hdus[index].columns.names and row["version"] else AB
        mean = float(row["calibrationMean"]) * scale
    calib = afwImage.PhotoCalib.readFits(path)
    assert calib.getCalibrationMean() == pytest.approx(mean, rel=1e-9)


def test_a_calibration_is_written(tmp_path: Path) -> None:
    path = str(tmp_path / "calib.fits")
    CALIB.writeFits(path)
    with fits.open(path) as hdus:
        table = next(hdu for hdu in hdus if hdu.header.get("AR_NAME") == "PhotoCalib")
        assert table.data[0]["calibrationMean"] == MEAN
    assert afwImage.PhotoCalib.readFits(path) == CALIB


def test_a_calibration_is_made_of_a_zero_point() -> None:
    calib = afwImage.makePhotoCalibFromCalibZeroPoint(6.3e10, 6.3e8)
    assert calib.getInstFluxAtZeroMagnitude() == pytest.approx(6.3e10)
    assert calib.getCalibrationErr() / calib.getCalibrationMean() == pytest.approx(0.01)
    assert calib.instFluxToMagnitude(1.0) == pytest.approx(2.5 * math.log10(6.3e10))
    metadata = {"FLUXMAG0": 6.3e10, "FLUXMAG0ERR": 6.3e8}
    made = afwImage.makePhotoCalibFromMetadata(metadata)
    assert made == calib
    assert afwImage.makePhotoCalibFromMetadata({}) is None


# Source: afw's constant of 3631 Jy in these functions.
@pytest.mark.parametrize(("flux", "magnitude"), [(3631.0, 0.0), (36.31, 5.0), (3.631e-6, 22.5)])
def test_fluxes_in_jansky_and_magnitudes(flux: float, magnitude: float) -> None:
    assert afwImage.abMagFromFlux(flux) == pytest.approx(magnitude, abs=1e-12)
    assert afwImage.fluxFromABMag(magnitude) == pytest.approx(flux)
    np.testing.assert_allclose(afwImage.abMagFromFlux(np.array([flux])), [magnitude], atol=1e-12)
    error = afwImage.abMagErrFromFluxErr(0.01 * flux, flux)
    assert error == pytest.approx(0.01 * 2.5 / math.log(10))
    assert afwImage.fluxErrFromABMagErr(error, magnitude) == pytest.approx(0.01 * flux)


@pytest.fixture
def calib() -> Any:
    """Return a zero point of 27 mag +- 1 %."""
    made = afwImage.Calib()
    made.setFluxMag0(10 ** (0.4 * 27), 10 ** (0.4 * 27) * 0.01)
    yield made
    afwImage.Calib.setThrowOnNegativeFlux(True)


def test_the_older_calibration_converts_counts(calib: Any) -> None:
    assert calib.getFluxMag0() == pytest.approx((10**10.8, 10**8.8))
    assert calib.getMagnitude(1.0) == pytest.approx(27.0)
    assert calib.getMagnitude(100.0) == pytest.approx(22.0)
    magnitude, error = calib.getMagnitude(100.0, 2.0)
    assert magnitude == pytest.approx(22.0)
    assert error == pytest.approx(2.5 / math.log(10) * math.hypot(0.02, 0.01))
    assert calib.getFlux(22.0) == pytest.approx(100.0)
    flux, error = calib.getFlux(22.0, 0.1)
    assert error == pytest.approx(flux * math.hypot(0.1 * 0.4 * math.log(10), 0.01))
    np.testing.assert_allclose(calib.getMagnitude(np.array([1.0, 100.0])), [27, 22])
    magnitudes, errors = calib.getMagnitude(np.array([1.0, 100.0]), np.array([0.1, 1.0]))
    assert magnitudes.shape == errors.shape == (2,)
    calib *= 10
    assert calib.getMagnitude(1.0) == pytest.approx(29.5)


def test_the_older_calibration_refuses_counts_below_0_or_gives_nan(calib: Any) -> None:
    assert afwImage.Calib.getThrowOnNegativeFlux()
    with pytest.raises(DomainError):
        calib.getMagnitude(-1.0)
    calib.setThrowOnNegativeFlux(False)
    assert math.isnan(calib.getMagnitude(-1.0))
    np.testing.assert_array_equal(
        np.isfinite(calib.getMagnitude(np.array([-1.0, 0.0, 1.0]))), [False, False, True]
    )


def test_the_older_calibration_is_that_of_metadata_and_of_exposures() -> None:
    calib = afwImage.Calib({"FLUXMAG0": 1e10, "FLUXMAG0ERR": 1e8, "EXPTIME": 30.0})
    assert calib.getFluxMag0() == pytest.approx((1e10, 1e8))
    assert calib.getExptime() == 30.0
    exposure = afwImage.ExposureF(3, 2)
    assert exposure.getCalib().getFluxMag0() == (0.0, 0.0)
    exposure.getCalib().setFluxMag0(1e8)  # as scripts set it
    assert exposure.getPhotoCalib().instFluxToMagnitude(1.0) == pytest.approx(20.0)
    exposure.setCalib(calib)
    assert exposure.getCalib().getMagnitude(1.0) == pytest.approx(25.0)
    assert exposure.getPhotoCalib().instFluxToMagnitude(1.0) == pytest.approx(25.0)
    with pytest.raises(InvalidParameterError, match="setFluxMag0"):
        afwImage.Calib().getMagnitude(1.0)
