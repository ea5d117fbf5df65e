"""`ProcessCcdTask` on the generator's exposures, whose truth is known."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astro_metadata_translator import ObservationInfo
from astro_metadata_translator.translators import DecamTranslator, VisitInfoTranslator
from astropy.io import fits

from obs_decam.sample import generate
from persistence import Butler
from persistence.errors import UsageError
from persistence.pipe.task import TaskError
from persistence.tasks.process_ccd import ProcessCcdTask
from persistence.tasks.process_ccd_config import ProcessCcdConfig

VISIT, BAND, CHIPS = 410877, "g", (25, 26)
TOP = Path(__file__).resolve().parents[2]

Done = dict[int, tuple[Any, Any, Butler]]


def noted(metadata: Any, task: str, name: str) -> float:
    return float(metadata.get(f"processCcd:{task}")[name])


@pytest.mark.parametrize("ccdnum", CHIPS)
def test_zero_point_psf_and_sky_are_the_truth(processed: Done, ccdnum: int) -> None:
    metadata = processed[ccdnum][0]
    truth = generate.truth(VISIT, BAND, ccdnum).seen
    # Some 30 stars with 2% of noise each, a median: 0.02 * 1.25 / sqrt(30) = 0.005 mag; three times
    # that.
    assert noted(metadata, "calibrate", "photoZeroPoint") == pytest.approx(
        truth.zero_point, abs=0.015
    )
    assert noted(metadata, "calibrate", "photoZeroPointErr") < 0.007
    # Ten stars of a signal to noise of 50 to 500: half a per cent each.
    assert noted(metadata, "charImage", "psfSigma") == pytest.approx(truth.psf_sigma, abs=0.006)
    # The mean of 32000 pixels is known to 0.12 electrons; stars too faint to be found raise it by
    # some.
    assert noted(metadata, "charImage", "skyLevel") == pytest.approx(truth.sky, rel=0.01)


@pytest.mark.parametrize("ccdnum", CHIPS)
def test_the_wcs_is_found_to_be_off_and_corrected(processed: Done, ccdnum: int) -> None:
    metadata, result, _butler = processed[ccdnum]
    truth = generate.truth(VISIT, BAND, ccdnum)
    # Pixels are 4.2 arcsec: at a signal to noise of 50 a middle is known to 0.15; the median of 30
    # to 0.035.
    found = [noted(metadata, "calibrate", f"astromOffset{way}") for way in ("East", "North")]
    assert found == pytest.approx(truth.seen.offset, abs=0.1)
    ra, dec = result.exposure.wcs.all_pix2world(truth.x, truth.y, 0)
    off = np.array([(ra - truth.stars.ra) * np.cos(np.radians(dec)), dec - truth.stars.dec]) * 3600
    assert np.abs(off.mean(axis=1)).max() < 0.1  # it was 0.4
    # A linear map of six terms, at the corners: about twice the error of the mean.
    assert np.abs(off).max() < 0.3


@pytest.mark.parametrize("ccdnum", CHIPS)
def test_fluxes_and_positions_of_sources_are_those_of_the_stars(
    processed: Done, ccdnum: int
) -> None:
    sources, truth = (
        processed[ccdnum][2].get("src", visit=VISIT, ccdnum=ccdnum),
        generate.truth(VISIT, BAND, ccdnum),
    )
    apart = np.hypot(
        sources["slot_Centroid_x"] - truth.x[:, None], sources["slot_Centroid_y"] - truth.y[:, None]
    )
    star, source = np.nonzero(apart < 1.0)
    ids = np.asarray(sources["id"])
    assert np.unique(ids).size == ids.size
    clean = ~np.any(
        [sources[name][source] for name in sources.colnames if "PixelFlags" in name], axis=0
    )
    assert np.count_nonzero(clean) > 30
    star, source = star[clean], source[clean]
    flux, error = (
        np.asarray(sources[f"slot_PsfFlux_instFlux{end}"])[source] for end in ("", "Err")
    )
    # half a per cent: the width of the PSF
    pulls = (flux - truth.counts[star]) / np.hypot(error, 0.005 * flux)
    assert abs(np.median(pulls)) < 1
    assert 0.5 < 1.4826 * np.median(np.abs(pulls)) < 1.8
    moves = (np.asarray(sources["slot_Centroid_x"])[source] - truth.x[star]) / np.asarray(
        sources["slot_Centroid_xErr"]
    )[source]
    assert 0.4 < 1.4826 * np.median(np.abs(moves)) < 1.6


def test_what_is_written_reads_back_through_the_butler(processed: Done) -> None:
    _metadata, result, butler = processed[25]
    calexp = butler.get("calexp", visit=VISIT, ccdnum=25)
    assert np.array_equal(calexp.image, result.exposure.image)
    assert np.array_equal(calexp.variance, result.exposure.variance)
    assert set(calexp.mask.counts()) == {"BAD", "SAT", "INTRP", "EDGE", "DETECTED"}
    drawn, read = (psf.image(100.3, 150.6).array for psf in (result.exposure.psf, calexp.psf))
    assert np.array_equal(drawn, read)
    assert calexp.zero_point == pytest.approx(result.exposure.zero_point)
    assert (calexp.filter.name, calexp.detector.name, str(calexp.unit)) == ("g", "S1", "electron")
    assert (calexp.visit_info.exposure_id, calexp.visit_info.exposure_time) == (VISIT, 90.0)
    # no section of the raw
    assert not [key for key, value in calexp.metadata.items() if str(value).startswith("[")]
    there, here = (
        one.wcs.all_pix2world([0, 127], [0, 255], 0) for one in (calexp, result.exposure)
    )
    assert np.allclose(there, here, rtol=0, atol=1e-9)
    background = butler.get("calexpBackground", visit=VISIT, ccdnum=25)
    post = butler.get("postISRCCD", visit=VISIT, ccdnum=25)
    whole = ~calexp.mask["INTRP"]  # repair fills defects anew
    assert np.allclose((calexp.image + background.image())[whole], post.image[whole], rtol=1e-6)


def test_a_calexp_means_what_its_raw_means(processed: Done) -> None:
    """By another reader of each: of DECam's cards, and of afw's."""
    butler = processed[25][2]
    calexp, raw, isr = (
        butler.get(kind, visit=VISIT, ccdnum=25) for kind in ("calexp", "raw", "postISRCCD")
    )
    said = ObservationInfo(dict(raw.metadata), translator_class=DecamTranslator)
    for info in (raw.visit_info, calexp.visit_info, isr.visit_info):
        assert abs((info.date - said.datetime_begin).sec) < 1e-6
        assert abs((info.date_avg - said.datetime_begin - said.exposure_time / 2).sec) < 1e-6
        site = said.location.to_geodetic()
        assert (info.longitude, info.latitude) == pytest.approx((site.lon.deg, site.lat.deg))
        assert info.elevation == pytest.approx(site.height.to_value("m"))
        assert info.boresight.separation(said.tracking_radec.icrs).deg < 1e-8
        assert info.azimuth == pytest.approx(said.altaz_begin.az.deg)
        assert info.altitude == pytest.approx(said.altaz_begin.alt.deg)
        assert info.air_pressure == pytest.approx(said.pressure.to_value("Pa"))
        assert info.air_temperature == pytest.approx(said.temperature.to_value("deg_C"))
        assert info.humidity == pytest.approx(said.relative_humidity)
        assert info.focus_z == pytest.approx(said.focus_z.to_value("mm"))
        assert (info.object, info.science_program) == (said.object, said.science_program)
        assert info.observation_type == said.observation_type == "science"
    for kind in ("calexp", "postISRCCD"):
        with fits.open(butler.get(f"{kind}_filename", visit=VISIT, ccdnum=25)[0]) as hdus:
            written = VisitInfoTranslator(dict(hdus[0].header))
            assert not {"TIMESYS", "DATE-OBS", "MJD-OBS", "OBS-LONG"} & {*hdus[1].header}
            assert not {"DATE-OBS", "MJD-OBS", "TIME-OBS", "NEXTEND"} & {*hdus[0].header}
        assert abs((written.to_datetime_begin() - said.datetime_begin).sec) < 1e-6
        assert written.to_location().to_geodetic().lon.deg == pytest.approx(-70.81489)
    assert calexp.visit_info.era == pytest.approx(raw.visit_info.era, abs=1e-9)
    assert calexp.visit_info.hour_angle == pytest.approx(raw.visit_info.hour_angle, abs=1e-9)
    # the rest of what it means: it is in electrons of the raw's adu, and calibrated
    assert (str(raw.unit), str(calexp.unit), raw.zero_point) == ("adu", "electron", None)
    truth = generate.truth(VISIT, BAND, 25).seen
    assert calexp.zero_point == pytest.approx(truth.zero_point, abs=0.015)


@pytest.mark.parametrize(
    "component", ["image", "mask", "variance", "wcs", "psf", "photoCalib", "visitInfo", "filter"]
)
def test_each_component_of_a_calexp_is_there(processed: Done, component: str) -> None:
    assert processed[26][2].get(f"calexp.{component}", visit=VISIT, ccdnum=26) is not None


def test_sources_are_numbered_by_their_exposure_and_matches_refer_to_them(processed: Done) -> None:
    butler = processed[25][2]
    sources, bright, matches = (
        butler.get(kind, visit=VISIT, ccdnum=25) for kind in ("src", "icSrc", "srcMatch")
    )
    bits = 64 - butler.get("ccdExposureId_bits")
    exposure = butler.get("ccdExposureId", visit=VISIT, ccdnum=25)
    assert set(np.asarray(sources["id"]) >> bits) == {exposure} == {VISIT * 100 + 25}
    assert len(bright) < len(sources)
    assert bright["calib_psf_used"].sum() >= 5
    assert set(matches["second"]) <= set(sources["id"][~sources["base_PixelFlags_flag_edge"]])
    assert sources["calib_photometry_used"].sum() > 10
    truth = generate.truth(VISIT, BAND, 25)
    assert set(matches["first"]) <= set(truth.stars.ids)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"calibrate__refCat": "none"},
            r"ref_cats/none; another: -c calibrate\.refCat=NAME; to go without: -c calibrate",
        ),
        ({"calibrate__filterMap": {"g": "V"}}, r"has no filter 'V'; it has u, g, r, i, z, Y"),
        (
            {"calibrate__minMatches": 500},
            r"are alike, and 500 are needed; settings that matter: calibrate\.maxOffset",
        ),
        (
            {"charImage__psfMinSignalToNoise": 1e9},
            r"0 of \d+ sources .* 3 are needed; .*charImage.measurePsf.starSelector.signalToNoiseMin=1e",
        ),
        (
            {"isr__maxBadFraction": 0.0},
            r"1% of the pixels are bad or saturated; -c isr\.maxBadFraction=0 is",
        ),
    ],
)
def test_too_little_to_go_by_is_told_with_numbers_and_the_setting(
    run: Callable[..., Any], settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(TaskError, match=said):
        run(**settings)


@pytest.mark.parametrize(
    ("missing", "setting"),
    [
        ({}, "doBias"),
        ({"doBias": False}, "doFlat"),
        ({"doBias": False, "doFlat": False}, "doDefect"),
    ],
)
def test_a_missing_calibration_is_told_with_the_setting_that_goes_without(
    run: Callable[..., Any], missing: dict[str, bool], setting: str
) -> None:
    with pytest.raises(
        TaskError, match=rf"No locations for get: .*'ccdnum': 27(.|\n)*-c isr\.{setting}=False$"
    ):
        run(27, **{f"isr__{name}": value for name, value in missing.items()})


def test_without_calibrations_and_catalog_there_are_sources_all_the_same(
    run: Callable[..., Any],
) -> None:
    settings = {f"isr__{name}": False for name in ("doBias", "doFlat", "doDefect")}
    _task, result, butler = run(
        27, **settings, calibrate__doAstrometry=False, calibrate__doPhotoCal=False
    )
    assert result.calibRes.matches is None
    assert result.exposure.photo_calib is None
    assert len(butler.get("src", visit=VISIT, ccdnum=27)) > 30
    assert not butler.datasetExists("srcMatch", visit=VISIT, ccdnum=27)


def test_characterization_alone_writes_bright_sources_alone(run: Callable[..., Any]) -> None:
    _task, result, butler = run(doCalibrate=False)
    assert result.calibRes is None
    there = [
        kind
        for kind in ("icSrc", "src", "calexp", "postISRCCD")
        if butler.datasetExists(kind, visit=VISIT, ccdnum=25)
    ]
    assert there == ["icSrc"]


def test_the_schemas_are_those_of_what_is_written(processed: Done) -> None:
    task = ProcessCcdTask(config=ProcessCcdConfig())
    for kind, empty in task.getAllSchemaCatalogs().items():
        assert len(empty) == 0
        written = processed[25][2].get(kind, visit=VISIT, ccdnum=25)
        assert empty.colnames == written.colnames
        assert empty.aliases == written.aliases


def test_the_command_processes_what_is_named(survey: Path, tmp_path: Path) -> None:
    words = [
        str(survey),
        "--calib",
        str(survey / "CALIB"),
        "--output",
        str(tmp_path / "out"),
        "--no-versions",
    ]
    words += ["--id", f"visit={VISIT}", "ccdnum=25", "-c", "calibrate.refCat=invented"]
    command = [sys.executable, TOP / "bin" / "processCcd.py", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "zero point 30.3" in done.stdout
    butler = Butler(str(tmp_path / "out"))
    kept = butler.get("processCcd_metadata", visit=VISIT, ccdnum=25)
    assert kept.get("processCcd:calibrate")["numMatches"] > 20
    # DECam's own settings, and what was typed.
    config = butler.get("processCcd_config")
    assert dict(config["calibrate.filterMap"]) == {"Y": "y"}
    assert config["calibrate.refCat"] == "invented"
    calexp = Path(butler.getUri("calexp", visit=VISIT, ccdnum=25, filter=BAND))
    calexp.unlink()
    for line in (
        f"ccdnum=25 is processed again: {calexp.relative_to(tmp_path / 'out')} is missing",
        "1 skipped",
    ):
        done = subprocess.run([*command, "--skip-existing"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert line in done.stdout
        assert calexp.exists()


def test_without_the_library_of_configurations_the_command_says_what_to_install(
    survey: Path,
) -> None:
    code = """
import sys
sys.modules["lsst.pex.config"] = None
from persistence.tasks.process_ccd import ProcessCcdTask
ProcessCcdTask.parseAndRun()
"""
    done = subprocess.run([sys.executable, "-c", code, str(survey)], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith("needs lsst-pex-config: pip install 'gen2-butler[tasks]'\n")
    assert "Traceback" not in done.stderr


def test_to_import_the_task_imports_none_of_the_heavy_libraries() -> None:
    heavy = ("astropy", "sep", "scipy", "pandas")
    code = f"import sys, persistence.tasks.process_ccd; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stdout.strip() == ""


def test_fluxes_are_corrected_to_the_aperture_that_is_calibrated() -> None:
    config = ProcessCcdConfig()
    config.calibrate.calibRadius = 9.0
    with pytest.raises(UsageError, match=r"calibRadius=12 and calibrate\.calibRadius=9 have to be"):
        config.validate()
    config.charImage.calibRadius = 9.0
    config.validate()
    config.charImage.calibRadius, config.calibrate.doApCorr = 12.0, False
    config.validate()
