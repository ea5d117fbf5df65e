"""Catalogs of sources: names and slots as afw has them, numbers that tell the exposure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from persistence import Exposure
from persistence.pipe.task import TaskError
from persistence.tasks import sources
from persistence.tasks.measure import measure
from persistence.types.psf.psf import SingleGaussianPsf

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
