"""What is summed up of an exposure is what others find by hand, and the generator's truth."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import galsim
import numpy as np
import pytest
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.io import fits
from astropy.stats import sigma_clipped_stats
from astropy.utils import iers

from obs_decam.sample import generate
from persistence import Butler
from persistence.errors import UsageError
from persistence.quality.columns import COLUMNS, UNKNOWN
from persistence.tasks import matched, psf_summary, summary
from persistence.types.pixels.box import Box
from persistence.types.psf.psf import GaussianPsf
from persistence.types.table.catalog import Catalog

VISIT, BAND, CHIPS = 410877, "g", (25, 26)
Done = dict[int, tuple[Any, Any, Butler]]


@pytest.fixture(scope="module")
def row(processed: Done) -> dict[str, Any]:
    table = processed[25][2].get("ccdSummary", visit=VISIT, ccdnum=25)
    assert len(table) == 1
    return {name: np.asarray(table[name])[0] for name in table.colnames}


@pytest.fixture(scope="module")
def calexp(processed: Done) -> Any:
    return processed[25][2].get("calexp", visit=VISIT, ccdnum=25)


def test_it_is_the_truth_of_the_generator(row: dict[str, Any]) -> None:
    truth = generate.truth(VISIT, BAND, 25).seen
    assert row["psfSigma"] == pytest.approx(truth.psf_sigma, abs=0.006)
    sigmas = math.sqrt(8 * math.log(2))
    # Of a model of pixels, fitted to two dozen stars.
    assert row["seeing"] == pytest.approx(sigmas * row["psfSigma"] * row["pixelScale"], rel=0.02)
    assert row["zeroPoint"] == pytest.approx(truth.zero_point, abs=0.015)
    assert row["skyBg"] == pytest.approx(truth.sky, rel=0.01)
    offset = row["pointingOffsetRa"], row["pointingOffsetDec"]
    assert offset == pytest.approx(truth.offset, abs=0.1)


def test_noise_and_masks_are_counted_as_by_hand(row: dict[str, Any], calexp: Any) -> None:
    sky = calexp.mask.array == 0
    _mean, _median, deviation = sigma_clipped_stats(calexp.image[sky], sigma=3)
    assert row["skyNoise"] == pytest.approx(deviation, rel=0.02)
    for name in ("Bad", "Sat", "Edge"):
        fraction = calexp.mask[name.upper()].mean()
        assert row[f"fraction{name}"] == pytest.approx(fraction, rel=1e-6)
    lost = calexp.mask["BAD"] | calexp.mask["SAT"]
    assert row["fractionMasked"] == pytest.approx(lost.mean(), rel=1e-6)
    assert 0 < row["fractionMasked"] < 0.02
    assert row["meanVar"] == pytest.approx(calexp.variance[~lost].mean(), rel=0.02)


def test_corners_scale_and_zenith_distance_are_astropys(row: dict[str, Any], calexp: Any) -> None:
    corners = calexp.wcs.calc_footprint(center=False, axes=calexp.image.shape[::-1])
    order = [0, 3, 2, 1]  # astropy goes round the other way
    assert np.allclose(row["raCorners"], corners[order, 0], rtol=0, atol=1e-8)
    assert np.allclose(row["decCorners"], corners[order, 1], rtol=0, atol=1e-8)
    x, y = np.array([[58.5, 68.5, 63.5, 63.5], [127.5, 127.5, 122.5, 132.5]])
    points = SkyCoord(*calexp.wcs.all_pix2world(x, y, 0), unit="deg")
    sides = points[::2].separation(points[1::2]).arcsec / 10
    assert row["pixelScale"] == pytest.approx(math.sqrt(math.prod(sides)), rel=1e-4)
    visit = calexp.visit_info
    here = EarthLocation.from_geodetic(visit.longitude, visit.latitude, visit.elevation)
    with iers.conf.set_temp("auto_download", False):
        frame = AltAz(obstime=visit.date_avg, location=here)
        altitude = SkyCoord(row["ra"], row["decl"], unit="deg").transform_to(frame).alt.deg
    assert row["zenithDistance"] == pytest.approx(90 - altitude, abs=0.001)


def test_stars_and_times_are_counted(row: dict[str, Any], processed: Done, calexp: Any) -> None:
    sources = processed[25][2].get("src", visit=VISIT, ccdnum=25)
    matches = processed[25][2].get("srcMatch", visit=VISIT, ccdnum=25)
    assert (row["nSource"], row["nMatch"]) == (len(sources), len(matches))
    assert row["nAstromStar"] == sources["calib_astrometry_used"].sum()
    assert row["nPhotoStar"] == sources["calib_photometry_used"].sum()
    assert row["nPsfStar"] > 3
    assert (row["id"], row["detectorName"], row["band"]) == (25, "S1", "g")
    assert row["expTime"] == 90
    assert row["obsStartMJD"] == pytest.approx(calexp.visit_info.date.tai.mjd, abs=1e-9)
    assert (row["expMidptMJD"] - row["obsStartMJD"]) * 86400 == pytest.approx(45, abs=1e-3)


def test_distances_from_the_references_are_those_of_the_truth(processed: Done) -> None:
    result = processed[25][1].calibRes
    found = matched.of_result(result)
    assert found is not None
    truth = generate.truth(VISIT, BAND, 25)
    apart = np.hypot(found.x - truth.x[:, np.newaxis], found.y - truth.y[:, np.newaxis])
    star = apart.argmin(axis=0)
    assert apart.min(axis=0).max() < 2
    ra, dec = result.exposure.wcs.all_pix2world(found.x, found.y, 0)
    north = 3600 * (dec - truth.stars.dec[star])
    east = 3600 * (ra - truth.stars.ra[star]) * np.cos(np.radians(dec))
    assert np.allclose(found.north, north, atol=1e-3)
    assert np.allclose(found.east, east, atol=1e-3)


def test_at_the_depth_a_point_source_has_its_ratio_of_signal_to_noise() -> None:
    row = {"psfArea": 47.0, "skyNoise": 27.0, "zeroPoint": 30.0}
    flux = 10 ** (-0.4 * (summary.depth(row, 5.0) - 30.0))  # type: ignore[operator]
    # A weighted sum of the sky's pixels, by the profile of a Gaussian of that area.
    psf = galsim.Gaussian(sigma=math.sqrt(47.0 / (4 * math.pi)))
    pixels = psf.drawImage(nx=41, ny=41, scale=1.0, method="no_pixel").array.astype(float)
    noise = 27.0 * math.sqrt((pixels**2).sum()) / (pixels**2).sum()
    assert flux / math.hypot(noise, math.sqrt(flux)) == pytest.approx(5, rel=0.001)
    # a model that has nine tenths of the light sees so much less of each source
    corrected = 10 ** (-0.4 * (summary.depth(row, 5.0, 1 / 0.9) - 30.0))  # type: ignore[operator]
    assert corrected * 0.9 == pytest.approx(flux)


def test_the_depth_is_that_of_the_catalog(processed: Done, row: dict[str, Any]) -> None:
    sources = processed[25][2].get("src", visit=VISIT, ccdnum=25)
    flux, error = (np.asarray(sources[f"slot_PsfFlux_instFlux{end}"], float) for end in ("", "Err"))
    faint = (flux > 4 * error) & (flux < 40 * error)
    assert np.count_nonzero(faint) > 10
    sky = np.median((error**2 - flux)[faint])  # without the photons of the sources
    limit = row["zeroPoint"] - 2.5 * np.log10(12.5 + math.sqrt(12.5**2 + 25 * sky))
    assert row["magLim"] == pytest.approx(limit, abs=0.1)


@pytest.mark.parametrize("profile", [
    galsim.Moffat(beta=2.5, fwhm=4.0),
    galsim.Kolmogorov(fwhm=5.3),
    galsim.Gaussian(fwhm=2.4),
])  # fmt: skip
def test_the_seeing_is_the_full_width_at_half_maximum(profile: Any) -> None:
    image = profile.drawImage(nx=61, ny=61, scale=1.0, method="no_pixel").array
    assert psf_summary.width_at_half(image) == pytest.approx(profile.calculateFWHM(), rel=0.01)


def test_stars_that_differ_from_the_psf_are_told() -> None:
    psf, number = GaussianPsf((31, 31), 2.0), 40
    stars = Catalog(meta={"aliases": {"slot_Shape": "shape", "slot_Centroid": "centre"}})
    stars["calib_psf_used"] = np.arange(number) % 2 == 0
    for axis in "xy":
        stars[f"centre_{axis}"] = np.linspace(10, 90, number)
    stars["shape_xx"], stars["shape_yy"] = np.full(number, 4.84), np.full(number, 4.0)
    stars["shape_xy"] = np.zeros(number)
    row = psf_summary.of_stars(stars, psf)
    assert row["nPsfStar"] == 20
    assert row["psfStarDeltaSizeMedian"] == pytest.approx(math.sqrt(4.42) - 2.0, abs=1e-4)
    assert row["psfStarDeltaE1Median"] == pytest.approx(0.84 / 8.84, abs=1e-4)
    assert row["psfStarDeltaE2Median"] == pytest.approx(0, abs=1e-6)
    assert psf_summary.of_stars(stars[:0], psf) == {"nPsfStar": 0}
    assert psf_summary.of_stars(stars, None) == {"nPsfStar": 20}


def test_the_shape_of_the_psf_is_galsims() -> None:
    class Elliptical(GaussianPsf):
        def _pixels(self, x: float, y: float) -> Any:
            profile = galsim.Gaussian(sigma=2.0).shear(e1=0.1, e2=-0.06)
            drawn = profile.drawImage(nx=41, ny=41, scale=1.0, method="no_pixel")
            return drawn.array.astype(float), Box(-20, -20, 41, 41)

    row = psf_summary.of_model(Elliptical((41, 41), 2.0), Box(0, 0, 200, 300))
    assert (row["e1"], row["e2"]) == pytest.approx((0.1, -0.06), abs=1e-4)
    assert row["psfSigma"] == pytest.approx(2.0, rel=1e-3)
    assert row["psfArea"] == pytest.approx(4 * math.pi * 4, rel=0.02)
    assert row["psfTraceRadiusDelta"] == pytest.approx(0, abs=1e-9)


def summed(exposure: Any, config: Any = None, **parts: Any) -> Any:
    """Return the row of an exposure."""
    task = summary.ComputeExposureSummaryStatsTask(config=config)
    (row,) = task.run(summary.Processed(exposure, **parts))
    return row


@pytest.mark.parametrize(
    ("missing", "unknown"),
    [
        ("photo_calib", ["zeroPoint", "zeroPointErr", "magLim"]),
        ("wcs", ["ra", "decl", "pixelScale", "seeing", "zenithDistance"]),
        ("psf", ["seeing", "psfSigma", "e1", "psfIxy", "magLim", "psfTraceRadiusDelta"]),
        ("mask", ["skyNoise", "fractionMasked", "fractionCr", "magLim"]),
        ("variance", ["meanVar"]),
        ("filter", []),
        ("detector", []),
        ("visit_info", []),
    ],
)
def test_what_an_exposure_lacks_is_unknown(calexp: Any, missing: str, unknown: list[str]) -> None:
    whole = summed(calexp)
    parts = {missing: None} if missing != "wcs" else {"wcs": None, "header": fits.Header()}
    row = summed(calexp.replaced(**parts))
    for name in unknown:
        assert math.isnan(row[name]), name
        assert not math.isnan(whole[name]), name
    assert row["nMatch"] == row["nPsfStar"] == row["visit"] == UNKNOWN
    assert math.isnan(row["astromOffsetMean"])
    assert math.isnan(row["skyBg"])
    assert not row["suspicious"]
    assert math.isnan(row["raCorners"][3]) == (missing == "wcs")


def test_without_calibration_there_is_a_summary(run: Callable[..., Any]) -> None:
    _task, result, butler = run(doCalibrate=False)
    table = butler.get("ccdSummary", visit=VISIT, ccdnum=25)
    (row,) = result.summary
    assert table["seeing"][0] == row["seeing"] > 10
    assert (row["nSource"], row["nMatch"], row["visit"]) == (UNKNOWN, UNKNOWN, VISIT)
    assert row["nPsfStar"] > 3
    assert row["skyBg"] > 300
    assert set(COLUMNS) < set(table.colnames)


def test_bounds_and_fiducials_are_those_of_the_configuration(calexp: Any, processed: Done) -> None:
    config = summary.ComputeExposureSummaryStatsConfig()
    config.maxima["seeing"] = 2.0
    config.fiducialPsfSigma["g"] = 2.6
    config.fiducialSkyBackground["g"] = 5.0
    config.fiducialZeroPoint["g"] = 25.5
    found = summed(calexp, config, background=processed[25][1].background)
    assert found["suspicious"]
    assert re.fullmatch(r"seeing 1\d.* > 2", found["reasons"])
    scales = [found[f"effTime{name}Scale"] for name in ("PsfSigma", "SkyBg", "ZeroPoint")]
    assert scales[0] == pytest.approx((2.6 / found["psfSigma"]) ** 2, rel=1e-5)
    assert scales[1] == pytest.approx(5.0 * 90 / found["skyBg"], rel=1e-5)
    one_second = found["zeroPoint"] - 2.5 * math.log10(90)
    assert scales[2] == pytest.approx(10 ** (0.8 * (one_second - 25.5)), rel=1e-4)
    assert found["effTime"] == pytest.approx(90 * math.prod(scales), rel=1e-4)


def test_a_quantity_that_there_is_none_of_is_refused() -> None:
    config = summary.ComputeExposureSummaryStatsConfig()
    config.maxima["seing"] = 2.0
    with pytest.raises(UsageError, match=r"'seing'.*seeing"):
        config.validate()


def test_matches_without_stars_are_none() -> None:
    stars = SimpleNamespace(ids=np.zeros(0, int), ra=[], dec=[], magnitudes=[])
    assert matched.of(Catalog(), None, stars, None) is None
    assert matched.of(Catalog(), Catalog(), stars, None) is None
