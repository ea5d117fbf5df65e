"""Image differencing as a task, and as a command on two visits of the realistic sky."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table
from scipy.spatial import cKDTree

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
pytest.importorskip("sep", reason="pip install '.[tasks]'")

from obs_decam.sample.realistic import generate
from obs_decam.sample.realistic.scene import Numbers
from persistence import Butler
from persistence.cli import ingest_calibs, ingest_curated, ingest_images
from persistence.pipe.task import TaskError
from persistence.tasks import sources
from persistence.tasks.image_difference import ImageDifferenceTask
from persistence.tasks.measure import measure
from persistence.tasks.process_ccd import ProcessCcdTask

from .difference.conftest import make, make_wcs, stars  # noqa: F401  # fixtures

NEW = (np.array([147.3, 83.7]), np.array([179.6, 211.1]), np.array([9e3, 2e4]))


@pytest.fixture
def pair(make: Any, stars: Any) -> Any:  # noqa: F811
    """Return a science exposure with two new points and one moved star, a template, and ``src``."""
    x, y, flux = stars
    moved = x.copy()
    moved[10] += 0.6
    both = (np.concatenate(axes) for axes in zip((moved, y, flux), NEW, strict=True))
    science, template = make(*both, 2.0, seed=1), make(x, y, flux, 1.6, seed=2)
    measured = measure(science, x, y, science.psf, [6.0])
    return science, template, sources.catalog(measured, science.wcs, 3, 32)


def task(**settings: Any) -> ImageDifferenceTask:
    config = ImageDifferenceTask.ConfigClass()
    config.update(**settings)
    config.subtract["al"].kernel.kernelSize = 19
    return ImageDifferenceTask(config=config)


@pytest.mark.parametrize("method", ["al", "zogy"])
def test_what_is_new_is_found_and_what_has_moved_is_a_dipole(
    pair: Any,
    stars: Any,  # noqa: F811
    method: str,
) -> None:
    from persistence.types.exposure.photocalib import PhotoCalib

    calib = PhotoCalib.from_zero_point(27.0)
    science, template = (one.replaced(photo_calib=calib) for one in pair[:2])
    each = task(subtract=method, binSize=64)
    result = each.run(science, template, pair[2], 3, 32)
    table = result.diaSources
    dipole = np.asarray(table["ip_diffim_DipoleFit_flag_classification"])
    clean = ~dipole & ~np.asarray(table["ip_diffim_PsfFit_flag"])
    x, y = (np.asarray(table[f"base_SdssCentroid_{axis}"].value) for axis in "xy")
    near, order = cKDTree(np.column_stack([x[clean], y[clean]])).query(np.column_stack(NEW[:2]))
    assert (near < 0.6).all()
    flux = np.asarray(table["base_PsfFlux_instFlux"].value)[clean][order]
    error = np.asarray(table["base_PsfFlux_instFluxErr"].value)[clean][order]
    assert np.abs((flux - NEW[2]) / error).max() < 5
    there = np.asarray(table["ip_diffim_forced_PsfFlux_instFlux"].value)[clean][order]
    assert there == pytest.approx(NEW[2], rel=0.1)
    old = np.asarray(table["ip_diffim_forced_template_PsfFlux_instFlux"].value)[clean][order]
    assert np.abs(old).max() < 1500
    if method == "al":
        middle = (table[f"ip_diffim_DipoleFit_{axis}"].value[dipole] for axis in "xy")
        apart = np.hypot(*(at - star[10] for at, star in zip(middle, stars[:2], strict=True)))
        assert apart.min() < 1
    assert list(table["id"][:1]) == [(3 << 32) + 1]
    assert {*each.getSchemaCatalogs()["deepDiff_diaSrc"].colnames} == {*table.colnames}
    assert result.subtractedExposure.mask.planes.keys() >= {"BAD", "CR"}


def test_what_is_fainter_than_before_is_negative(pair: Any) -> None:
    science, template, table = pair
    result = task(binSize=64).run(template, science, table, 3, 32)
    found = result.diaSources
    x = np.asarray(found["base_SdssCentroid_x"].value)
    place = np.argmin(np.hypot(x - NEW[0][1], found["base_SdssCentroid_y"].value - NEW[1][1]))
    row = found[place]
    assert row["ip_diffim_score"] < -5.5
    assert float(row["base_PsfFlux_instFlux"]) == pytest.approx(-NEW[2][1], rel=0.15)


def positions(table: Any) -> Any:
    return np.column_stack([table[f"base_SdssCentroid_{axis}"].value for axis in "xy"])


def test_a_template_that_is_a_little_off_and_brighter_changes_nothing(
    pair: Any,
    make: Any,  # noqa: F811
    stars: Any,  # noqa: F811
) -> None:
    science, template, table = pair
    x, y, flux = stars
    # The same noise, so that peaks can be compared.
    off = make(x + 0.1, y + 0.1, 1.02 * flux, 1.6, seed=2)
    right, wrong = (
        task(binSize=64).run(science, each, table).diaSources for each in (template, off)
    )
    strong = np.abs(np.asarray(right["ip_diffim_score"])) > 6
    near, order = cKDTree(positions(wrong)).query(positions(right)[strong])
    assert strong.sum() > 2
    assert near.max() < 0.3
    for name in ("base_PsfFlux_instFlux", "ip_diffim_score"):
        one, other = (np.asarray(each[name].value) for each in (right[strong], wrong[order]))
        assert other == pytest.approx(one, rel=0.1)
    assert len(wrong) - len(right) in (-1, 0, 1)


def test_a_difference_with_nothing_in_it_has_an_empty_catalog(
    pair: Any,
    make: Any,  # noqa: F811
    stars: Any,  # noqa: F811
) -> None:
    template, table = pair[1:]
    science = make(*stars, 2.0, seed=7)
    config = ImageDifferenceTask.ConfigClass()
    config.detection.thresholdValue, config.binSize = 8.0, 64
    config.subtract["al"].kernel.kernelSize = 19
    each = ImageDifferenceTask(config=config)
    result = each.run(science, template, table, 3, 32)
    assert len(result.diaSources) == 0
    assert {*result.diaSources.colnames} == {*each.getSchemaCatalogs()["deepDiff_diaSrc"].colnames}
    assert each.metadata["numDiaSources"] == 0


def test_too_few_stars_are_told_with_the_setting(pair: Any) -> None:
    science, template, table = pair
    with pytest.raises(TaskError, match=r"0 of 0 sources .* and 3 are needed.*minSignalToNoise=40"):
        task().run(science, template, table[:0])


def test_a_template_that_does_not_match_is_refused(pair: Any) -> None:
    science, template, table = pair
    with pytest.raises(TaskError, match=r"the template does not match: .* maxScoreScale=1\.5"):
        task(binSize=64).run(
            science.replaced(variance=science.variance * np.float32(0.1)),
            template.replaced(variance=template.variance * np.float32(0.1)), table,
        )  # fmt: skip


@pytest.mark.slow
def test_the_command_finds_the_transients_of_the_realistic_sky(tmp_path: Path) -> None:
    made = generate.write(str(tmp_path / "sky"), 4, numbers=Numbers(1000, 500, 100), rays=20)
    root = tmp_path / "repo"
    root.mkdir()
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    calib = root / "CALIB"
    calib.mkdir()
    assert ingest_images.main([str(root), *made.raws]) == 0
    words = ["--calib", str(calib), "--validity", "999", "--mode", "copy"]
    assert ingest_calibs.main([str(root), *made.masters, *words]) == 0
    assert ingest_curated.main([str(root), made.curated, "--calib", str(calib)]) == 0
    (root / "ref_cats").symlink_to(made.references)
    words = [str(root), "--calib", str(calib), "--rerun", "out"]
    ProcessCcdTask.parseAndRun([*words, "--id", "-c", "calibrate.refCat=realistic"])
    ImageDifferenceTask.parseAndRun(
        [
            str(root),
            "--rerun",
            "out:diff",
            "--id",
            "visit=123456",
            "--templateId",
            "visit=234567",
        ]
    )
    butler = Butler(str(root / "rerun" / "diff"))
    data_id = {"visit": 123456, "ccdnum": 28}
    table = butler.get("deepDiff_diaSrc", data_id)
    for name in ("differenceExp", "matchedExp", "warpedExp"):
        assert butler.get(f"deepDiff_{name}", data_id).image.shape == (4096, 2048)
    truth = Table.read(f"{made.truth}/transients-123456.fits")
    # the template, which is shifted by 77 pixels, shows them, too
    inside = (truth["x"] > 100) & (truth["x"] < 1948) & (truth["y"] > 100) & (truth["y"] < 3996)
    bright = truth[(truth["strength"] > 12) & (truth["counts"] > 0) & inside]
    x, y = (np.asarray(table[f"base_SdssCentroid_{axis}"].value) for axis in "xy")
    near, _ = cKDTree(np.column_stack([x, y])).query(np.column_stack([bright["x"], bright["y"]]))
    assert len(bright) > 15
    assert (near < 2).mean() > 0.9
