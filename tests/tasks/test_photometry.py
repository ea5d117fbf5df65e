"""The zero point is that of stars, weighted and alone, and varies over the image where they say so."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Exposure
from persistence.pipe.task import TaskError
from persistence.tasks import photometry
from persistence.tasks.calibrate_config import CalibrateConfig
from persistence.tasks.stamps import Flux
from persistence.tasks.surfaces import Frame
from persistence.testing import DatasetFolder
from persistence.types.pixels.box import Box

FRAME = Frame(Box(0, 0, 1000, 2000))
ZERO = 30.0
APERTURE = "base_CircularApertureFlux_12_0_instFlux"


def recognized(number: int = 400, error: float = 0.01, varies: Any = None, seed: int = 1) -> Any:
    """Return stars of 16 to 20 mag at the places of a jittered grid, and counts that are known so well.

    ``varies`` is what is added to the zero point at scaled coordinates.
    """
    rng = np.random.default_rng(seed)
    side = int(np.sqrt(number / 2))
    y, x = np.mgrid[: 2 * side, :side].reshape(2, -1) * (1000 / side) + 500 / side
    x, y = x + rng.uniform(-5, 5, x.size), y + rng.uniform(-5, 5, x.size)
    magnitude = rng.uniform(16, 20, x.size)
    zero = ZERO + (0 if varies is None else varies(*FRAME.scaled(np.column_stack([x, y])).T))
    counts = 10 ** (0.4 * (zero - magnitude))
    counts = counts * (1 + error * rng.normal(size=x.size))
    flux = Flux(counts, error * counts, np.zeros(x.size, bool))
    measured = SimpleNamespace(
        x=x, y=y, calib_flux=flux, psf_flux=flux, calib_radius=12.0, extended=np.zeros(x.size),
        corrections={},
    )  # fmt: skip
    references = SimpleNamespace(
        magnitudes=magnitude, magnitude_errors=np.full(x.size, 0.001), filter="g"
    )
    alike = np.arange(x.size)
    return SimpleNamespace(measured=measured, references=references, sources=alike, stars=alike)


def calibrated(stars: Any, **settings: Any) -> photometry.ZeroPoint:
    config = CalibrateConfig()
    config.update(**settings)
    return photometry.calibrate(stars, FRAME, config)


@pytest.mark.parametrize("seed", range(4))
def test_one_zero_point_is_found_where_there_is_one(seed: int) -> None:
    zero = calibrated(recognized(seed=seed))
    assert (zero.degree, zero.span, zero.calib.field) == (0, 0.0, None)
    assert zero.calib.flux_name == APERTURE
    assert zero.calib.zero_point == pytest.approx(ZERO, abs=3.5 * zero.error)
    assert zero.error == pytest.approx(0.011 / np.sqrt(zero.used.sum()), rel=0.15)
    assert zero.scatter == pytest.approx(0.011, rel=0.15)
    assert zero.excess < 0.006


def test_a_zero_point_that_varies_is_followed() -> None:
    """By 30 mmag along the rows, as flats by a lamp make it; all thirds are then alike."""

    def tilted(x: Any, y: Any) -> Any:
        return 0.015 * y + 0.012 * x**2

    stars = recognized(varies=tilted)
    zero = calibrated(stars)
    assert zero.degree in (2, 3)
    assert zero.span == pytest.approx(0.042, abs=0.008)
    measured = stars.measured
    magnitude = zero.calib.to_magnitude(measured.calib_flux.value, x=measured.x, y=measured.y)
    off = magnitude - stars.references.magnitudes
    thirds = np.digitize(measured.y, [667, 1333])
    assert all(abs(off[thirds == third].mean()) < 0.002 for third in range(3))
    x, y = (each.ravel() for each in np.meshgrid(np.arange(0, 1000, 9), np.arange(0, 2000, 9)))
    assert zero.calib.mean == pytest.approx(zero.calib.factor(x, y).mean(), rel=1e-4)
    assert zero.calib.zero_point == pytest.approx(ZERO + 0.012 / 3, abs=0.002)
    fixed = calibrated(stars, photometryOrder=0)
    assert (fixed.degree, fixed.calib.field) == (0, None)


def test_a_calexp_has_the_zero_point_that_varies(tmp_path: Path) -> None:
    calib = calibrated(recognized(varies=lambda x, y: 0.02 * y)).calib
    disk = DatasetFolder(tmp_path, "FitsStorage", "lsst.afw.image.ExposureF", ".fits")
    exposure = Exposure(np.zeros((20, 10), np.float32), fits.Header()).replaced(photo_calib=calib)
    read = disk.there_and_back(exposure).photo_calib
    x, y = np.array([0.0, 999.0, 400.0]), np.array([0.0, 30.0, 1999.0])
    assert read.factor(x, y) == pytest.approx(calib.factor(x, y), rel=1e-12)
    assert (read.mean, read.error, read.flux_name) == (calib.mean, calib.error, APERTURE)
    assert np.ptp(read.factor(x, y)) / read.mean == pytest.approx(0.037, abs=0.004)


def test_stars_count_by_their_errors_and_strays_do_not() -> None:
    stars = recognized()
    flux, half = stars.measured.calib_flux, slice(0, 200)
    flux.error[half] = 0.5 * flux.value[half]
    flux.value[half] *= 1.3
    flux.value[200:206] *= 3
    zero = calibrated(stars)
    assert zero.calib.zero_point == pytest.approx(ZERO, abs=0.003)
    assert not zero.used[200:206].any()


def test_what_all_stars_scatter_by_beyond_their_errors_is_told() -> None:
    """Such as flats, and catalogs whose errors are too small; it limits what bright stars weigh."""
    stars = recognized()
    stars.measured.calib_flux.value[:] *= np.random.default_rng(5).normal(1, 0.02, 392)
    zero = calibrated(stars)
    assert zero.excess == pytest.approx(0.0217, rel=0.15)
    assert zero.calib.zero_point == pytest.approx(ZERO, abs=0.004)


def test_stars_with_a_neighbour_in_the_aperture_are_left_out() -> None:
    stars = recognized()
    measured = stars.measured
    for axis, shift in (("x", 13.0), ("y", 3.0)):  # of each third star, at 13 pixels
        setattr(
            measured, axis, np.r_[getattr(measured, axis), getattr(measured, axis)[::3] + shift]
        )
    flux = measured.psf_flux
    brighter = np.r_[flux.value, 0.5 * flux.value[::3]]
    measured.psf_flux = Flux(brighter, 0.01 * brighter, np.zeros(brighter.size, bool))
    zero = calibrated(stars)
    assert not set(zero.sources) & set(range(0, 392, 3))
    assert zero.sources.size == 392 - 131
    assert calibrated(stars, isolationMargin=0.5).sources.size == 392
    assert calibrated(stars, isolationFraction=0.6).sources.size == 392
    measured.extended = np.zeros(brighter.size)
    crowded = calibrated(stars, minIsolated=300)
    assert (crowded.calib.flux_name, crowded.sources.size) == ("base_PsfFlux_instFlux", 392)


def test_psf_fluxes_tell_the_apertures_zero_point_where_they_were_corrected_to_it() -> None:
    """As where stars are so many that each aperture has others in it."""
    stars = recognized(error=0.02)
    measured, rng = stars.measured, np.random.default_rng(8)
    full = measured.psf_flux.value * (1 + rng.exponential(0.1, measured.x.size))
    measured.calib_flux = Flux(full, measured.psf_flux.error, measured.psf_flux.failed)
    assert abs(calibrated(stars).calib.zero_point - ZERO) > 0.03
    measured.corrections = {"psf_flux": None}
    zero = calibrated(stars)
    assert zero.calib.zero_point == pytest.approx(ZERO, abs=0.003)
    assert (zero.calib.flux_name, zero.is_of_aperture) == (APERTURE, True)


def test_what_is_larger_than_a_point_is_left_out() -> None:
    """Galaxies have more light than a catalog of points tells."""
    stars = recognized()
    stars.measured.extended[:50] = 1
    stars.measured.extended[50:60] = np.nan  # it is not known
    assert calibrated(stars).sources.tolist() == list(range(50, 392))


def test_stars_without_flux_or_magnitude_are_left_out_and_there_has_to_be_one() -> None:
    stars = recognized()
    stars.measured.calib_flux.value[:10] = [np.nan, -3.0, *[0.0] * 8]
    stars.references.magnitudes[10:20] = np.nan
    assert calibrated(stars).sources.size == 392 - 20
    stars.references.magnitudes[:] = np.nan
    with pytest.raises(TaskError, match="none of 392 stars has both a flux and a magnitude in g"):
        calibrated(stars)
