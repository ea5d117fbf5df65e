"""Photometric calibrations: counts to fluxes and magnitudes, and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy import units
from astropy.table import Column, MaskedColumn
from astropy.utils.masked import Masked
from hypothesis import given
from hypothesis import strategies as st

from persistence.errors import CalibrationError
from persistence.types.exposure.photocalib import AB_FLUX, PhotoCalib
from persistence.types.fields.boundedfield import ChebyshevField
from persistence.types.pixels.box import Box

SLOPE = ChebyshevField(Box(0, 0, 10, 10), np.array([[2.0, 1.0]]))


def test_one_nanojansky_has_magnitude_31_4():
    assert PhotoCalib(1.0).zero_point == pytest.approx(31.4, abs=1e-12)
    assert pytest.approx(3.630780547701013e12, rel=1e-14) == AB_FLUX


@given(st.floats(-30, 60), st.floats(0, 1))
def test_a_zero_point_comes_back(magnitude, error):
    calib = PhotoCalib.from_zero_point(magnitude, error)
    assert calib.zero_point == pytest.approx(magnitude, abs=1e-9)
    assert calib.to_magnitude(1.0, 0.0)[1] == pytest.approx(error, abs=1e-12)


@given(st.floats(1e-3, 1e15), st.floats(0, 1))
def test_the_counts_of_magnitude_zero_come_back(fluxmag0, relative):
    calib = PhotoCalib.from_fluxmag0(fluxmag0, relative * fluxmag0)
    assert calib.fluxmag0 == pytest.approx(fluxmag0)
    assert calib.fluxmag0_error == pytest.approx(relative * fluxmag0)
    assert calib.zero_point == pytest.approx(2.5 * math.log10(fluxmag0), abs=1e-9)


@pytest.mark.parametrize("fluxmag0", [0.0, -1.0, math.nan])
def test_no_counts_are_no_calibration(fluxmag0):
    assert PhotoCalib.from_fluxmag0(fluxmag0) is None


@given(st.floats(1e-3, 1e9), st.floats(1e-3, 1e6))
def test_magnitudes_and_fluxes_agree(counts, mean):
    calib = PhotoCalib(mean)
    assert calib.to_magnitude(counts) == pytest.approx(
        31.4 - 2.5 * math.log10(calib.to_flux(counts)), abs=1e-9
    )


def test_errors_of_counts_and_of_the_calibration_add_in_squares():
    calib = PhotoCalib(2.0, 0.02)
    flux, error = calib.to_flux(100.0, 3.0)
    assert (flux, error) == (200.0, pytest.approx(200 * math.hypot(0.03, 0.01)))
    _, error = calib.to_magnitude(100.0, 3.0)
    assert error == pytest.approx(2.5 / math.log(10) * math.hypot(0.03, 0.01))


def test_arrays_have_a_flux_each_where_they_were_measured():
    calib = PhotoCalib(2.0, 0.02, SLOPE)
    x = np.array([-0.5, 4.5, 9.5])
    assert calib.to_flux(np.ones(3), x=x, y=np.zeros(3)).tolist() == [1.0, 2.0, 3.0]
    _, error = calib.to_flux(np.ones(3), np.zeros(3), x, np.zeros(3))
    assert error == pytest.approx([0.02, 0.02, 0.02])


def test_counts_that_have_no_magnitude_are_no_error():
    magnitudes = PhotoCalib(1.0).to_magnitude(np.array([-1.0, 0.0, 1.0]))
    assert np.isnan(magnitudes[0])
    assert magnitudes[1] == np.inf
    flux, error = PhotoCalib(2.0, 0.1).to_flux(0.0, 1.0)
    assert (flux, error) == (0.0, 2.0)


def test_quantities_give_quantities():
    calib = PhotoCalib(2.0, 0.02)
    flux, error = calib.to_flux([100.0, 200.0] * units.electron, [3.0, 3.0] * units.electron)
    assert flux.unit == error.unit == units.nJy
    assert flux.value.tolist() == [200.0, 400.0]
    magnitude, error = calib.to_magnitude(100.0 * units.adu, 3.0 * units.adu)
    assert magnitude.to_value(units.ABmag) == pytest.approx(31.4 - 2.5 * math.log10(200.0))
    assert magnitude.to(units.nJy).value == pytest.approx(200.0)
    assert error.unit == units.mag


def test_afws_names_say_the_same():
    calib = PhotoCalib(2.0, 0.5)
    assert (calib.getCalibrationMean(), calib.getCalibrationErr()) == (2.0, 0.5)
    assert calib.getInstFluxAtZeroMagnitude() == calib.fluxmag0
    assert calib.instFluxToNanojansky(3.0) == 6.0
    assert calib.instFluxToMagnitude(3.0) == calib.to_magnitude(3.0)


def test_calibrations_are_values():
    assert PhotoCalib(2.0, 0.5, SLOPE) == PhotoCalib(
        2.0, 0.5, ChebyshevField(SLOPE.box, SLOPE.coefficients.copy())
    )
    assert str(PhotoCalib(1.0, field=SLOPE)) == "zero point 31.4000 mag on average"


# -- what does not hold is refused
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [PhotoCalib.to_flux, PhotoCalib.to_magnitude])
def test_a_varying_calibration_needs_positions(act):
    calib = PhotoCalib(2.0, 0.02, SLOPE)
    for positions in ({}, {"x": 1.0}, {"y": 1.0}):
        with pytest.raises(CalibrationError, match=r"varies .* pass positions, .* 2 nJy per count"):
            act(calib, 1.0, **positions)
    assert calib.instFluxToNanojansky(3.0) == 6.0  # afw's own rule: the mean
    assert calib.zero_point == PhotoCalib(2.0).zero_point


@pytest.mark.parametrize("act", [PhotoCalib.to_flux, PhotoCalib.to_magnitude])
@pytest.mark.parametrize(
    ("known", "unit"),
    [
        (None, units.nJy),
        (None, units.electron / units.s),
        (None, units.pix),
        (None, units.dimensionless_unscaled),
        (None, units.mag),
        ("electron", units.adu),
        ("electron", units.count),
        ("adu", units.electron),
        ("adu", units.ABmag),
        ("electron s-1", units.electron),
    ],
)
def test_a_quantity_in_another_unit_is_refused(act, known, unit):
    calib = PhotoCalib(2.0, unit=known)
    wrong = Column([1.0, 2.0], unit=unit)
    for counts, error in ((wrong, None), (np.ones(2), wrong), (wrong[0] * unit, None)):
        with pytest.raises(CalibrationError, match=r"for counts in .*, not for a quantity in"):
            act(calib, counts, error)


def test_a_position_in_another_unit_is_refused():
    calib = PhotoCalib(2.0, 0.02, SLOPE)
    assert calib.to_flux(1.0, x=Column([4.5], unit="pix"), y=[0.0] * units.pix).tolist() == [2.0]
    with pytest.raises(CalibrationError, match="positions x and y are in pixels, not in rad"):
        calib.to_flux(1.0, x=1.0 * units.rad, y=0.0)


@pytest.mark.parametrize("known", [None, "electron"])
@pytest.mark.parametrize("scale", [1, 1000])
def test_a_quantity_in_a_unit_that_fits_is_converted(known, scale):
    counts = units.Quantity(500.0 / scale, units.Unit(f"{scale} electron"))
    assert PhotoCalib(2.0, unit=known).to_flux(counts).to_value("nJy") == pytest.approx(1000.0)


COUNTS, MASK = [1.0, 2.0, 4.0], [False, True, False]


@pytest.mark.parametrize(
    "counts",
    [
        np.ma.array(COUNTS, mask=MASK),
        MaskedColumn(COUNTS, mask=MASK),
        MaskedColumn(COUNTS, mask=MASK, unit="electron"),
        Masked(COUNTS * units.electron, mask=MASK),
    ],
    ids=["array", "column", "column with a unit", "quantity"],
)
def test_what_is_masked_stays_masked(counts):
    calib = PhotoCalib(2.0, 0.5)
    plain = np.array(COUNTS)
    relative = np.full(3, 2.5 / math.log(10) * math.hypot(1, 0.25))
    for result, right in (
        (calib.to_flux(counts), 2 * plain),
        (calib.to_flux(plain, counts)[0], 2 * plain),
        (calib.to_flux(counts, plain)[1], plain * np.hypot(2.0, 0.5)),
        (calib.to_magnitude(counts), 31.4 - 2.5 * np.log10(2 * plain)),
        (calib.to_magnitude(counts, plain)[1], relative),
    ):
        assert result.mask.tolist() == MASK
        bare = getattr(result, "unmasked", np.ma.getdata(result))
        assert np.allclose(np.asarray(getattr(bare, "value", bare))[[0, 2]], right[[0, 2]])
    varying = PhotoCalib(2.0, 0.5, SLOPE)
    where = np.ma.array([0.0, 0.0, 0.0], mask=[True, False, False])
    assert varying.to_flux(counts, x=where, y=plain).mask.tolist() == [True, True, False]


def test_a_masked_cell_stays_masked():
    column = MaskedColumn(COUNTS, mask=MASK)
    assert PhotoCalib(2.0).to_flux(column[1]) is np.ma.masked
    assert PhotoCalib(2.0).to_flux(column[2]) == 8.0


def test_a_column_without_a_unit_gives_plain_numbers():
    flux = PhotoCalib(2.0, unit="electron").to_flux(Column(COUNTS))
    assert not hasattr(flux, "unit")
    assert flux.tolist() == [2.0, 4.0, 8.0]


@pytest.mark.parametrize(("mean", "right"), [(0.0, math.inf), (-1.0, math.nan), (math.nan,) * 2])
def test_a_calibration_that_is_none_has_no_zero_point_and_is_shown(mean, right):
    calib = PhotoCalib(mean)
    assert calib.zero_point == pytest.approx(right, nan_ok=True)
    assert "zero point" in str(calib)


def test_it_tells_the_flux_that_it_holds_for():
    calib = PhotoCalib.from_zero_point(27.0, 0.1, "base_PsfFlux_instFlux", "electron")
    assert (calib.flux_name, calib.unit) == ("base_PsfFlux_instFlux", "electron")
    assert str(calib) == "zero point 27.0000 mag of base_PsfFlux_instFlux"
    assert PhotoCalib(1.0).flux_name is None
    assert PhotoCalib(1.0) != PhotoCalib(1.0, flux_name="base_PsfFlux_instFlux")
