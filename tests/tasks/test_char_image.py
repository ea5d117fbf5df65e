"""Characterization: the PSF's width, the sky, the bright sources, and too few of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from persistence import Exposure
from persistence.pipe.task import TaskError
from persistence.tasks.char_image import CharacterizeImageConfig, CharacterizeImageTask


def task(**settings: Any) -> CharacterizeImageTask:
    config = CharacterizeImageConfig()
    config.update(**settings)
    return CharacterizeImageTask(config=config)


def test_sky_and_psf_are_those_that_were_drawn(make: Callable[..., Exposure], grid: Any) -> None:
    each = task()
    result: Any = each.run(make(grid), 7, 32)
    # 35 stars of a signal to noise of 20 to 400; the brighter half is known to half a per cent.
    assert result.exposure.psf.width() == pytest.approx(1.4, abs=0.01)
    assert np.median(result.background.image()) == pytest.approx(400, abs=3)
    assert abs(np.percentile(result.exposure.image, 30)) < 20
    used = result.sourceCat["calib_psf_used"]
    assert (used <= result.sourceCat["calib_psf_candidate"]).all()
    assert each.metadata["numPsfStars"] == used.sum() > 10
    assert set(np.asarray(result.sourceCat["id"]) >> 32) == {7}


def test_stars_near_others_or_bad_pixels_are_not_used(
    make: Callable[..., Exposure], grid: Any
) -> None:
    bad = np.zeros((96, 128), bool)
    bad[:, 28] = True
    crowded = np.vstack([grid, [grid[20, 0] + 8, grid[20, 1], 5e4]])
    catalog = task().run(make(crowded, BAD=bad)).sourceCat  # type: ignore[attr-defined]
    x, y = np.asarray(catalog["slot_Centroid_x"]), np.asarray(catalog["slot_Centroid_y"])
    near = (np.abs(x - 28) < 5) | (np.hypot(x - grid[20, 0], y - grid[20, 1]) < 9)
    assert np.count_nonzero(near) >= 6
    assert not catalog["calib_psf_candidate"][near].any()
    assert catalog["base_PixelFlags_flag_bad"][np.abs(x - 28) < 5].all()


def test_without_measuring_it_the_psf_is_the_guess(make: Callable[..., Exposure]) -> None:
    result: Any = task(doMeasurePsf=False, psfSigma=2.0).run(make([]))
    assert result.exposure.psf.sigma == 2.0
    assert len(result.sourceCat) == 0


@pytest.mark.parametrize(
    "stars", [[], [(40.0, 40.0, 5e4)], [(40.0, 40.0, 900.0), (60.0, 60.0, 900.0)]]
)
def test_too_few_stars_for_a_psf_are_told(make: Callable[..., Exposure], stars: Any) -> None:
    with pytest.raises(
        TaskError, match=r"\d of \d sources are bright and alone enough .* 3 are needed"
    ):
        task().run(make(stars))


def test_cosmic_rays_are_flagged_and_filled_before_stars_are_measured(
    make: Callable[..., Exposure], grid: Any
) -> None:
    given = make(grid)
    given.image[36, 60:68] += 3000.0
    each = task()
    exposure: Any = each.run(given).exposure  # type: ignore[attr-defined]
    assert exposure.mask["CR"][36, 60:68].all()
    assert exposure.mask["CR"].sum() < 20
    assert exposure.psf.width() == pytest.approx(1.4, abs=0.01)
    assert np.abs(exposure.image[36, 60:68]).max() < 100
    assert each.repair.metadata["numCosmicRays"] == 1


def test_a_guess_of_the_psf_that_is_wrong_flags_no_stars(
    make: Callable[..., Exposure], grid: Any
) -> None:
    exposure: Any = task(psfSigma=2.4).run(make(grid)).exposure  # type: ignore[attr-defined]
    assert not exposure.mask["CR"].any()
    assert exposure.psf.width() == pytest.approx(1.4, abs=0.01)


def test_fluxes_of_points_are_brought_to_the_calibrated_aperture(
    make: Callable[..., Exposure], grid: Any
) -> None:
    each = task()
    result: Any = each.run(make(grid), 7, 32)
    catalog, fields = result.sourceCat, result.exposure.ap_corr_map
    used = np.asarray(catalog["calib_psf_used"])
    ratio = np.asarray(catalog["slot_PsfFlux_instFlux"]) / np.asarray(
        catalog["slot_CalibFlux_instFlux"]
    )
    # circles of stars that reach beyond the image are not known
    assert np.nanmedian(ratio[used]) == pytest.approx(1.0, abs=0.01)
    factor = np.asarray(catalog["base_PsfFlux_apCorr"])
    x, y = (np.asarray(catalog[f"slot_Centroid_{axis}"]) for axis in "xy")
    assert factor == pytest.approx(fields["base_PsfFlux_instFlux"](x, y))
    without: Any = task(doApCorr=False).run(make(grid), 7, 32)
    assert without.exposure.ap_corr_map is None
    assert np.isnan(np.asarray(without.sourceCat["base_PsfFlux_apCorr"])).all()
