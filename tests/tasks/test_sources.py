"""Catalogs of sources: names and slots as afw has them, numbers that tell the exposure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Exposure
from persistence.pipe.task import TaskError
from persistence.tasks import sources
from persistence.tasks.measure import measure
from persistence.types.psf.psf import SingleGaussianPsf
from persistence.types.table import aliases

PSF = SingleGaussianPsf((15, 15), 1.4)


@pytest.fixture(scope="module")
def table(make: Callable[..., Exposure], grid: Any) -> Any:
    exposure = make(grid)
    clean = exposure.replaced(image=exposure.image - np.float32(400))
    measured = measure(clean, *grid[:, :2].T, PSF, [3.0, 4.5, 6.0])
    return sources.catalog(measured, clean.wcs, 5, 32, {"mine": (grid[:, 2] > 1e4, "of a test")})


def test_fluxes_and_their_errors_agree_with_what_was_drawn(table: Any, grid: Any) -> None:
    for name in ("base_PsfFlux", "base_CircularApertureFlux_6_0"):
        pulls = (np.asarray(table[f"{name}_instFlux"]) - grid[:, 2]) / np.asarray(
            table[f"{name}_instFluxErr"]
        )
        assert abs(pulls.mean()) < 1
        # of 35 normal numbers: 1 +- 0.12; neighbours' light adds to it
        assert 0.6 < pulls.std() < 1.6
    assert np.median(np.asarray(table["slot_Shape_xx"])) == pytest.approx(1.4**2, rel=0.03)


@pytest.mark.parametrize(
    ("slot", "field"),
    [
        ("slot_Centroid_x", "base_SdssCentroid_x"),
        ("slot_Shape_xy", "base_SdssShape_xy"),
        ("slot_PsfFlux_instFluxErr", "base_PsfFlux_instFluxErr"),
        ("slot_ApFlux_instFlux", "base_CircularApertureFlux_12_0_instFlux"),
        ("slot_CalibFlux_flag", "base_CircularApertureFlux_12_0_flag"),
    ],
)
def test_slots_lead_to_fields(table: Any, slot: str, field: str) -> None:
    assert table.resolve(slot) == field
    assert np.array_equal(table[slot], table[field], equal_nan=True)


def test_each_field_says_what_it_is(table: Any) -> None:
    assert [
        name
        for name in table.colnames
        if not table[name].info.description and not name.startswith("coord")
    ] == []
    assert table["mine"].dtype == bool
    assert not table["parent"].any()


def test_numbers_begin_with_the_exposure(table: Any) -> None:
    assert np.asarray(table["id"]).tolist() == [(5 << 32) + k for k in range(1, len(table) + 1)]


@pytest.mark.parametrize(
    ("exposure", "bits", "number"), [(2**32, 32, 1), (2**31, 32, 1), (1, 60, 16), (-1, 32, 1)]
)
def test_numbers_that_do_not_fit_are_refused(exposure: int, bits: int, number: int) -> None:
    with pytest.raises(TaskError, match="have no numbers of 64 bits"):
        sources.first_id(exposure, bits, number)


def test_without_a_wcs_there_are_no_positions(make: Callable[..., Exposure], grid: Any) -> None:
    measured = measure(make(grid), *grid[:, :2].T, PSF, [])
    table = sources.catalog(measured, None, 5, 32)
    assert np.isnan(np.asarray(table["coord_ra"])).all()
    # The calibration's aperture is always there.
    assert table.aliases["slot_ApFlux"] == "base_CircularApertureFlux_12_0"


@pytest.mark.parametrize(("radius", "name"), [(3.0, "3_0"), (4.5, "4_5"), (12.0, "12_0")])
def test_an_aperture_is_called_by_its_radius(radius: float, name: str) -> None:
    assert sources.aperture_name(radius) == f"base_CircularApertureFlux_{name}"


# Measurements that a real src of 2018 has and ours has not, by the beginnings of their names.
OTHERS = (
    *("base_Blendedness", "base_FPPosition", "base_Jacobian", "base_NaiveCentroid", "ext_"),
    *("calib_", "deblend_"),
    *(f"base_CircularApertureFlux_{radius}_0" for radius in (25, 35, 50, 70)),
)
# Flags and errors of measurements that are made otherwise here.
ELSEWISE = {
    *("base_LocalBackground_flag_noGoodPixels", "base_LocalBackground_flag_noPsf"),
    *("base_PixelFlags_flag", "base_Variance_flag_emptyFootprint"),
    *(f"base_SdssCentroid_flag_{why}" for why in ("edge", "notAtMaximum")),
    *(f"base_SdssCentroid_flag_{how}oSecondDerivative" for how in ("n", "almostN")),
    *(f"base_SdssShape_flag_{why}" for why in ("maxIter", "shift", "unweighted", "unweightedBad")),
    *(f"base_SdssShape_instFlux{part}" for part in ("", "Err", "_xx_Cov", "_xy_Cov", "_yy_Cov")),
}
# Later than 2018, or ours.
OURS = {"coord_raErr", "coord_decErr", "detect_isPrimary", "sky_source"}
OURS |= {"base_PixelFlags_flag_badCenter"}


@pytest.mark.real
def test_the_columns_are_those_of_a_real_src(real: Path) -> None:
    header = fits.getheader(real / "afw_files/sourceCatalog-hsc-v2.fits", 1)
    theirs = {
        name.replace("_flux", "_instFlux"): header.get(f"{unit}{number}")
        for keyword, unit in (("TTYPE", "TUNIT"), ("TFLAG", "none"))
        for number in range(1, 200)
        if (name := header.get(f"{keyword}{number}")) not in (None, "flags")
    }
    schema = sources.schema([3.0, 4.5, 6.0, 9.0, 12.0, 17.0], 12.0, {}, kin=True)
    assert set(schema.colnames) - set(theirs) == OURS
    missing = set(theirs) - set(schema.colnames)
    assert {
        name for name in missing if not name.startswith(OTHERS) and "sincCoeffs" not in name
    } == ELSEWISE
    slots = aliases.stated(value for key, value in header.items() if key == "ALIAS")
    for slot in ("ApFlux", "CalibFlux", "Centroid", "PsfFlux", "ModelFlux"):
        assert schema.aliases[f"slot_{slot}"] == slots[f"slot_{slot}"]
    bad = {name for name in slots if "_flag_bad" in name and not name.startswith("ext_")}
    assert bad - {"base_NaiveCentroid_flag_badInitialCentroid"} <= set(schema.aliases)


def test_errors_on_the_sky_are_those_of_the_pixels(table: Any) -> None:
    # Pixels of an arcsecond; x runs north, y east.
    second = np.radians(1 / 3600)
    for sky, pixel in (("ra", "y"), ("dec", "x")):
        ours = np.asarray(table[f"coord_{sky}Err"])
        assert ours == pytest.approx(
            np.asarray(table[f"slot_Centroid_{pixel}Err"]) * second, rel=1e-3
        )


def test_positions_scatter_as_their_errors_say(table: Any, grid: Any) -> None:
    pulls = [
        (np.asarray(table[f"slot_Centroid_{axis}"]) - grid[:, number])
        / np.asarray(table[f"slot_Centroid_{axis}Err"])
        for number, axis in enumerate("xy")
    ]
    # of 70 normal numbers: 1 +- 0.08
    assert np.std(pulls) == pytest.approx(1.0, abs=0.25)
    assert abs(np.mean(pulls)) < 0.4


def test_points_are_told_from_what_is_larger(make: Callable[..., Exposure]) -> None:
    exposure = make([(30.0, 40.0, 4e4), (90.0, 40.0, 1.0)])
    rows, columns = np.mgrid[:96, :128]
    square = (columns - 90.0) ** 2 + (rows - 40.0) ** 2
    image = exposure.image - 400 + 4e4 / (2 * np.pi * 9) * np.exp(-square / 18)
    clean = exposure.replaced(image=image.astype(np.float32))
    measured = measure(clean, np.array([30.0, 90.0]), np.array([40.0, 40.0]), PSF, [])
    table = sources.catalog(measured, clean.wcs, 5, 32)
    assert table["base_ClassificationExtendedness_value"].tolist() == [0.0, 1.0]
    sigma = np.sqrt(np.asarray(table["slot_Shape_xx"]))
    assert sigma == pytest.approx([1.4, 3.0], rel=0.04)
    assert np.asarray(table["slot_PsfShape_yy"]) == pytest.approx([1.96, 1.96], rel=1e-3)


def test_apertures_that_would_be_called_alike_are_refused(
    make: Callable[..., Exposure], grid: Any
) -> None:
    with pytest.raises(TaskError, match=r"apertures of 3 and 3\.04 pixels .* named .*Flux_3_0"):
        measure(make(grid), *grid[:, :2].T, PSF, [3.0, 3.04])
