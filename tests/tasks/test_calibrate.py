"""Calibration against small catalogs of its own: what is found, and what is told where it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from persistence import Exposure
from persistence.pipe.task import TaskError
from persistence.tasks.calibrate import CalibrateTask
from persistence.tasks.calibrate_config import CalibrateConfig
from persistence.types.exposure.photocalib import AB_FLUX
from persistence.types.exposure.translator import FilterLabel
from persistence.types.psf.psf import SingleGaussianPsf

ZERO, OFF = 28.0, (0.9, -0.6)  # arcsec east and north


class Stars:
    """Stands for a reference catalog."""

    name, path = "mine", "ref_cats/mine"

    def __init__(self, table: Table) -> None:
        self.table, self.columns = table, table.colnames

    def cone(self, centre: Any, radius: float, epoch: Any = None) -> Table:
        assert epoch is None
        return self.table


def catalog(exposure: Exposure, grid: Any, band: str = "g") -> Stars:
    """Make the catalog of a grid of stars, which the exposure's WCS has `OFF` their places."""
    ra, dec = exposure.wcs.all_pix2world(grid[:, 0], grid[:, 1], 0)  # type: ignore[union-attr]
    ra, dec = ra - OFF[0] / 3600 / np.cos(np.radians(dec)), dec - OFF[1] / 3600
    flux = AB_FLUX * 10 ** (-0.4 * ZERO) * grid[:, 2]
    ids = np.arange(len(grid)) + 1000
    return Stars(
        Table(
            [ids, np.radians(ra), np.radians(dec), flux],
            names=["id", "coord_ra", "coord_dec", f"{band}_flux"],
        )
    )


@pytest.fixture
def exposure(make: Callable[..., Exposure], grid: Any) -> Exposure:
    made = make(grid)
    parts = {"psf": SingleGaussianPsf((15, 15), 1.4), "filter": FilterLabel("g")}
    return made.replaced(image=made.image - np.float32(400), **parts)


def task(**settings: Any) -> CalibrateTask:
    config = CalibrateConfig()
    config.update(**settings)
    return CalibrateTask(config=config)


@pytest.mark.parametrize("kind", ["SHIFT", "LINEAR"])
def test_offset_and_zero_point_are_found(exposure: Exposure, grid: Any, kind: str) -> None:
    each = task(astrometryFit=kind)
    result: Any = each.run(exposure, catalog(exposure, grid), 3, 32)
    noted = each.metadata
    # Pixels of an arcsecond; middles of a signal to noise of 20 to 400 are known to 0.1 to 0.005.
    assert (noted["astromOffsetEast"], noted["astromOffsetNorth"]) == pytest.approx(OFF, abs=0.03)
    assert noted["astromScatter"] < 0.1
    assert noted["photoZeroPoint"] == pytest.approx(ZERO, abs=0.01)
    assert result.exposure.zero_point == pytest.approx(noted["photoZeroPoint"])
    assert len(result.matches) == noted["numMatches"] >= 25
    ra, dec = (np.degrees(np.asarray(result.sourceCat[f"coord_{axis}"])) for axis in ("ra", "dec"))
    x, y = (np.asarray(result.sourceCat[f"slot_Centroid_{axis}"]) for axis in "xy")
    assert np.allclose(
        np.transpose(result.exposure.wcs.all_pix2world(x, y, 0)), np.transpose([ra, dec]), atol=1e-9
    )


def test_the_pixels_of_sources_are_flagged(exposure: Exposure, grid: Any) -> None:
    result: Any = task(doAstrometry=False, doPhotoCal=False).run(exposure)
    flagged = result.exposure.mask["DETECTED"]
    assert flagged[np.rint(grid[:, 1]).astype(int), np.rint(grid[:, 0]).astype(int)].all()
    assert 0.05 < flagged.mean() < 0.5
    assert exposure.mask is not None
    assert not exposure.mask.array.any()  # what was given stays as it was


@pytest.mark.parametrize(
    ("settings", "wcs", "photo_calib"),
    [({"doAstrometry": False}, False, True), ({"doPhotoCal": False}, True, False)],
)
def test_each_calibration_can_be_left_out(
    exposure: Exposure, grid: Any, settings: dict[str, bool], wcs: bool, photo_calib: bool
) -> None:
    result: Any = task(**settings).run(exposure, catalog(exposure, grid))
    assert (result.exposure.photo_calib is not None) == photo_calib
    assert (result.exposure.wcs is not exposure.wcs) == wcs
    assert result.sourceCat["calib_astrometry_used"].any() == wcs
    assert result.sourceCat["calib_photometry_used"].any() == photo_calib


def test_a_filter_may_have_another_name_in_the_catalog(exposure: Exposure, grid: Any) -> None:
    each = task(filterMap={"g": "green"})
    each.run(exposure, catalog(exposure, grid, "green"))
    assert each.metadata["photoZeroPoint"] == pytest.approx(ZERO, abs=0.01)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda table: table[:0],
            r"mine \(ref_cats/mine\) has no star with a flux in g within .* does it cover the field",
        ),
        (
            lambda table: table[:3],
            r"of \d+ sources and 3 stars of mine, \d are alike, and 5 are needed",
        ),
        (
            lambda table: Table(
                list(table.columns.values()), names=["id", "coord_ra", "coord_dec", "r_flux"]
            ),
            r"no filter 'g'; it has r\.",
        ),
    ],
)
def test_a_catalog_that_does_not_do_is_told(
    exposure: Exposure, grid: Any, spoil: Callable[[Table], Table], said: str
) -> None:
    with pytest.raises(TaskError, match=said):
        task().run(exposure, Stars(spoil(catalog(exposure, grid).table)))


@pytest.mark.parametrize(
    ("part", "said"),
    [("wcs", "without a WCS no star can be recognized"), ("filter", "in which filter")],
)
def test_an_exposure_that_does_not_tell_enough_is_refused(
    exposure: Exposure, grid: Any, part: str, said: str
) -> None:
    stars = catalog(exposure, grid)
    with pytest.raises(TaskError, match=said):
        task().run(exposure.replaced(**{part: None}), stars)


def test_a_catalog_that_does_not_cover_the_field_is_told_by_its_place(
    survey: Path, exposure: Exposure
) -> None:
    from persistence.refcats.catalog import ReferenceCatalog

    with pytest.raises(TaskError, match=r"RA 40\.0000 Dec -20\.0000: does it cover the field"):
        task().run(exposure, ReferenceCatalog(survey / "ref_cats" / "invented"))
