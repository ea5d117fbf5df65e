"""All sources of an exposure: alone, in families, and places without any; with few and with none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Exposure
from persistence.dataids.location import Location
from persistence.formatters import catalog
from persistence.pipe.task import TaskError
from persistence.tasks import sky, sources
from persistence.tasks.calibrate_config import CalibrateConfig
from persistence.tasks.detect_and_measure import Found, detect_and_measure, psf_flags
from persistence.types.exposure.apcorrmap import ApCorrMap
from persistence.types.fields.boundedfield import constant
from persistence.types.psf.psf import SingleGaussianPsf

SKY = 400
STARS = [
    (30.2, 30.4, 4e4),
    (36.8, 31.0, 2e4),
    (90.0, 50.0, 6e4),
    (30.0, 70.0, 3e4),
    (34.5, 74.0, 3e4),
]


def exposure(make: Callable[..., Exposure], stars: Any, **more: Any) -> Exposure:
    made = make(stars, **more)
    image = made.image - np.float32(SKY)
    return made.replaced(image=image, psf=SingleGaussianPsf((15, 15), 1.4))


def find(made: Exposure, **settings: Any) -> Found:
    config = CalibrateConfig()
    config.skySources.nSources = settings.pop("nSources", 10)
    config.update(**settings)
    return detect_and_measure(made, config, 7)


@pytest.fixture(scope="module")
def found(make: Callable[..., Exposure]) -> Found:
    return find(exposure(make, STARS))


@pytest.fixture(scope="module")
def table(found: Found) -> Any:
    return sources.catalog(found.measured, found.exposure.wcs, 5, 32, {}, "electron", found)


def test_children_have_their_own_light_and_parents_that_of_all(table: Any) -> None:
    children = np.asarray(table["deblend_nChild"])
    assert children[children > 0].tolist() == [2, 2]
    ids = np.asarray(table["id"])
    for parent in np.flatnonzero(children):
        own = np.asarray(table["parent"]) == ids[parent]
        fluxes = np.asarray(table["slot_CalibFlux_instFlux"])
        expected = [flux for x, y, flux in STARS if (x < 60) and near(table[own], x, y)]
        assert sorted(fluxes[own]) == pytest.approx(sorted(expected), rel=0.05)
        assert fluxes[parent] == pytest.approx(sum(expected), rel=0.06)
    alone = np.asarray(table["detect_isPrimary"]) & (np.asarray(table["parent"]) == 0)
    assert np.count_nonzero(alone) == 1


def near(rows: Any, x: float, y: float) -> bool:
    apart = np.hypot(
        np.asarray(rows["slot_Centroid_x"]) - x, np.asarray(rows["slot_Centroid_y"]) - y
    )
    return bool(apart.min() < 1)


def test_rows_are_sorted_as_afw_sorts_them(table: Any) -> None:
    parent, ids = np.asarray(table["parent"]), np.asarray(table["id"])
    assert (np.diff(parent) >= 0).all()
    assert (np.diff(ids) == 1).all()
    assert set(parent[parent > 0]) <= set(ids)
    primary = np.asarray(table["detect_isPrimary"])
    assert np.array_equal(
        np.asarray(table["slot_Centroid_x"])[primary],
        np.concatenate(
            [[table["slot_Centroid_x"][0]], np.asarray(table["slot_Centroid_x"])[parent > 0]]
        ),
    )


def test_sky_sources_have_no_light_and_no_footprint(table: Any) -> None:
    empty = table[np.asarray(table["sky_source"])]
    assert len(empty) == 10
    assert not np.asarray(empty["detect_isPrimary"]).any()
    pulls = np.asarray(empty["base_PsfFlux_instFlux"] / empty["base_PsfFlux_instFluxErr"])
    assert np.abs(pulls).max() < 4
    assert list(empty.footprints) == [None] * 10
    assert (np.asarray(empty["base_FootprintArea_value"]) == 0).all()


def stored(table: Any, path: Any) -> Any:
    where = str(path.parent), path.name, None, "FitsCatalogStorage"
    location = Location(*where, "lsst.afw.table.SourceCatalog", "src", {}, {})
    catalog.write(table, str(path), location)
    return catalog.read(location)


def test_footprints_survive_the_file(table: Any, tmp_path: Any) -> None:
    back = stored(table, tmp_path / "src.fits")
    assert back.colnames == table.colnames
    for ours, theirs in zip(table.footprints, back.footprints, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert np.array_equal(ours.spans.indices(), theirs.spans.indices())
            assert ours.peaks.tolist() == theirs.peaks.tolist()
            assert ours.isHeavy() == theirs.isHeavy()


@pytest.mark.real
def test_footprints_are_laid_out_as_in_a_real_src(table: Any, tmp_path: Any, real: Any) -> None:
    stored(table[np.asarray(table["parent"]) == 0], tmp_path / "src.fits")
    with (
        fits.open(tmp_path / "src.fits") as ours,
        fits.open(real / "afw_files/sourceCatalog-hsc-v2.fits") as theirs,
    ):
        assert ours[1].header["AR_HDU"] == theirs[1].header["AR_HDU"] == 3
        assert {layout(hdu) for hdu in ours[2:]} == {layout(hdu) for hdu in theirs[2:]}
        for hdus in (ours, theirs):
            kinds = {(row["name"], row["module"], row["cat.persistable"]) for row in hdus[2].data}
            assert kinds == {
                ("SpanSet", "lsst.afw.geom", 0),
                ("Footprint", "lsst.afw.detection", 0),
                ("Footprint", "lsst.afw.detection", 1),
            }


def layout(hdu: Any) -> tuple[tuple[str, str], ...]:
    return tuple((column.name, str(column.format)) for column in hdu.columns)


def test_fluxes_are_corrected_by_the_exposures_map(make: Callable[..., Exposure]) -> None:
    made = exposure(make, STARS)
    fields = {"base_PsfFlux_instFlux": constant(1.5), "base_PsfFlux_instFluxErr": constant(0.01)}
    raw = find(made)
    done = find(made.replaced(ap_corr_map=ApCorrMap(fields)))
    assert done.measured.psf_flux.value == pytest.approx(1.5 * raw.measured.psf_flux.value)
    assert np.array_equal(done.measured.gaussian_flux.value, raw.measured.gaussian_flux.value)
    table = sources.catalog(done.measured, None, 5, 32, {}, "electron", done)
    assert (np.asarray(table["base_PsfFlux_apCorr"]) == 1.5).all()
    assert (np.asarray(table["base_PsfFlux_apCorrErr"]) == 0.01).all()
    assert np.isnan(np.asarray(table["base_GaussianFlux_apCorr"])).all()
    assert np.asarray(table["base_GaussianFlux_flag_apCorr"]).all()
    off = find(made.replaced(ap_corr_map=ApCorrMap(fields)), doApCorr=False)
    assert np.array_equal(off.measured.psf_flux.value, raw.measured.psf_flux.value)


@pytest.mark.parametrize("number", [0, 10])
def test_an_empty_field_has_places_of_the_sky_alone(
    make: Callable[..., Exposure], number: int
) -> None:
    made = exposure(make, [])
    quiet = find(made.replaced(variance=made.variance * 4), nSources=number)
    assert quiet.measured.x.size == 0
    table = sources.catalog(quiet.measured, None, 5, 32, {}, "electron", quiet)
    assert len(table) == number
    assert np.asarray(table["sky_source"]).all()


def test_a_nebula_is_no_trouble(make: Callable[..., Exposure], monkeypatch: Any) -> None:
    """More stands out than sep can keep in mind: it is done again without what varies slowly."""
    rows, columns = np.mgrid[:200, :220]
    nebula = 12000 * np.exp(-((columns - 110) ** 2 + (rows - 100) ** 2) / (2 * 60**2))
    made = exposure(make, [(60.0, 50.0, 4e5), (150.0, 120.0, 4e5)], shape=(200, 220))
    noisy = np.random.default_rng(3).poisson(nebula) + made.image
    variance = made.variance + nebula.astype(np.float32)
    monkeypatch.setattr(sky, "_STACK", 15000)
    monkeypatch.setattr(sky, "_STACKED", 1000)
    found = find(made.replaced(image=noisy.astype(np.float32), variance=variance))
    assert found.bin_size > 0
    for x, y in ((60.0, 50.0), (150.0, 120.0)):
        assert np.hypot(found.measured.x - x, found.measured.y - y).min() < 0.5


def test_what_cannot_be_told_apart_is_refused_with_the_setting(
    make: Callable[..., Exposure], monkeypatch: Any
) -> None:
    monkeypatch.setattr(sky, "_STACK", 20)
    monkeypatch.setattr(sky, "_STACKED", 100000)
    with pytest.raises(TaskError, match=r"boxes of 16 pixels: .*; a higher thresholdValue detects"):
        find(exposure(make, STARS))


def test_sources_take_over_what_the_bright_ones_are_flagged_with(found: Found) -> None:
    measured = found.measured
    bright = sources.catalog(measured, None, 5, 32, {"calib_psf_used": (np.arange(5) == 3, "")})
    bright = bright[[3, 0]]
    bright["base_SdssCentroid_x"] += 1.5
    flags = psf_flags(measured, bright)
    assert flags["calib_psf_used"][0].tolist() == [False, False, False, True, False]
    assert not flags["calib_psf_candidate"][0].any()
    bright["base_SdssCentroid_x"] += 2.0
    assert not psf_flags(measured, bright)["calib_psf_used"][0].any()
    assert not psf_flags(measured)["calib_psf_used"][0].any()
