"""Aperture corrections: found on stars, applied to all, laid out as a real calexp has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Exposure
from persistence.formatters.archive_write import ArchiveWriter
from persistence.tasks import ap_corr
from persistence.tasks.ap_corr import MeasureApCorrTask
from persistence.tasks.measure import Measured, measure
from persistence.types.exposure.apcorrmap import ApCorrMap
from persistence.types.pixels.mask import Mask
from persistence.types.psf.psf import SingleGaussianPsf

SHAPE, CALEXP = (300, 320), "gen2_repos/obs_test/calexpMetadataObjectsTest/example-calexp.fits.gz"


@pytest.fixture(scope="module")
def stars() -> Any:
    """Return a grid of stars (x, y, flux), far apart."""
    y, x = (axis.ravel() for axis in np.mgrid[24:290:36, 24:310:36].astype(float))
    rng = np.random.default_rng(1)
    flux = rng.uniform(2e4, 2e5, x.size)
    return np.column_stack([x + rng.uniform(-0.5, 0.5, x.size), y + 0.3, flux])


@pytest.fixture(scope="module")
def measured(stars: Any) -> tuple[Exposure, Measured]:
    """Measure stars, which become wider from left to right, by a PSF that is the same everywhere."""
    rng, image = np.random.default_rng(2), np.zeros(SHAPE)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for x, y, flux in stars:
        sigma = 1.8 + 0.3 * x / SHAPE[1]
        square = (columns - x) ** 2 + (rows - y) ** 2
        image += flux / (2 * np.pi * sigma**2) * np.exp(-square / (2 * sigma**2))
    noisy = rng.poisson(image + 100.0) - 100.0
    exposure = Exposure(
        noisy.astype(np.float32),
        fits.Header(),
        mask=Mask.from_flags({"BAD": np.zeros(SHAPE, bool)}),
        variance=(image + 100.0).astype(np.float32),
    )
    psf = SingleGaussianPsf((19, 19), 1.9)
    return exposure, measure(exposure, stars[:, 0], stars[:, 1], psf, [4.5, 12.0])


def fitted(measured: tuple[Exposure, Measured], used: Any, **settings: Any) -> tuple[Any, Any]:
    config = MeasureApCorrTask.ConfigClass()
    config.update(**settings)
    task = MeasureApCorrTask(config=config)
    result: Any = task.run(*measured, used)
    return result.apCorrMap, task.metadata


def test_corrected_fluxes_are_those_of_the_calibrated_aperture_all_over(
    measured: tuple[Exposure, Measured], stars: Any
) -> None:
    used = np.ones(len(stars), bool)
    fields, metadata = fitted(measured, used)
    raw = measured[1].psf_flux.value / stars[:, 2]
    done = ap_corr.applied(measured[1], fields)
    ratio = done.psf_flux.value / stars[:, 2]
    # a PSF too narrow on the right loses light: 15% from side to side
    assert np.ptp(raw) > 0.12
    assert abs(ratio - 1).max() < 0.03
    assert np.median(abs(ratio - 1)) < 0.005
    assert metadata["numApCorrStars"] > 50
    correction = done.corrections["psf_flux"]
    assert correction.factor == pytest.approx(1 / raw, rel=0.03)
    assert done.psf_flux.error == pytest.approx(measured[1].psf_flux.error * correction.factor)
    # of stars known to half a per cent each
    assert (correction.error < 0.003).all()
    assert not correction.failed.any()


def test_a_stray_does_not_spoil_it(measured: tuple[Exposure, Measured], stars: Any) -> None:
    used = np.ones(len(stars), bool)
    clean, _metadata = fitted(measured, used)
    spoilt = measured[1].psf_flux.value.copy()
    spoilt[10] *= 3
    flux = replace(measured[1].psf_flux, value=spoilt)
    fields, _metadata = fitted((measured[0], replace(measured[1], psf_flux=flux)), used)
    name = "base_PsfFlux_instFlux"
    assert fields[name](160.0, 150.0) == pytest.approx(clean[name](160.0, 150.0), abs=0.002)


@pytest.mark.parametrize(("number", "order"), [(1, 0), (11, 0), (12, 1), (23, 1), (24, 2), (60, 2)])
def test_few_stars_make_polynomials_of_low_order(
    measured: tuple[Exposure, Measured], stars: Any, number: int, order: int
) -> None:
    used = np.arange(len(stars)) < number
    # all of them are kept
    fields, _metadata = fitted(measured, used, numSigmaClip=100.0)
    shape = fields["base_PsfFlux_instFlux"].coefficients.shape
    assert shape == (order + 1, order + 1)


def test_without_a_star_nothing_is_corrected(
    measured: tuple[Exposure, Measured], stars: Any
) -> None:
    fields, metadata = fitted(measured, np.zeros(len(stars), bool))
    assert fields is None
    assert metadata["numApCorrStars"] == 0
    assert ap_corr.applied(measured[1], None) is measured[1]


@pytest.mark.real
def test_it_is_laid_out_as_in_a_real_calexp(
    measured: tuple[Exposure, Measured], stars: Any, real: Path
) -> None:
    fields, _metadata = fitted(measured, np.ones(len(stars), bool))
    writer = ArchiveWriter()
    writer.put(fields)
    ours = fits.HDUList.fromstring(bytes(primary()) + writer.content())
    with fits.open(real / CALEXP) as theirs:
        first = next(
            number for number, hdu in enumerate(theirs) if hdu.header.get("AR_NAME") == "ApCorrMap"
        )
        index = theirs[first - 1]
        assert layout(ours[1]) == layout(index)
        kinds = {(row["name"], row["module"]) for row in ours[1].data}
        assert kinds == {
            (row["name"], row["module"])
            for row in index.data
            if row["name"] in ("ApCorrMap", "ChebyshevBoundedField")
        }
        named = {hdu.header["AR_NAME"]: hdu for hdu in ours[2:]}
        assert layout(named["ApCorrMap"]) == layout(theirs[first])
        names = {name.replace("instFlux", "flux") for name in named["ApCorrMap"].data["name"]}
        their_names = {name.replace("Sigma", "Err") for name in theirs[first].data["name"]}
        assert {"base_PsfFlux_flux", "base_PsfFlux_fluxErr", "base_GaussianFlux_flux"} <= names
        assert {
            "base_PsfFlux_flux",
            "base_PsfFlux_fluxErr",
            "base_GaussianFlux_flux",
        } <= their_names
        # a triangle of second order has nine coefficients, and what is not in it is 0
        ours_psf = fields["base_PsfFlux_instFlux"].coefficients
        theirs_psf = theirs[first + 1].data["coefficients"][1].reshape(3, 3)
        assert np.array_equal(ours_psf == 0, theirs_psf == 0)


def primary() -> Any:
    return fits.PrimaryHDU().header.tostring().encode()


def layout(hdu: Any) -> list[tuple[str, str]]:
    return [(column.name, str(column.format)) for column in hdu.columns]


def test_the_map_holds_each_flux_but_the_calibrated_one(
    measured: tuple[Exposure, Measured], stars: Any
) -> None:
    fields: ApCorrMap
    fields, _metadata = fitted(measured, np.ones(len(stars), bool))
    names = {name.removesuffix("Err").removesuffix("_instFlux") for name in fields}
    assert names == {"base_PsfFlux", "base_GaussianFlux", "base_CircularApertureFlux_4_5"}
    factor = fields["base_CircularApertureFlux_4_5_instFlux"](20.0, 20.0)
    # of a Gaussian of 1.82 pixels
    assert factor == pytest.approx(1 / (1 - np.exp(-(4.5**2) / (2 * 1.82**2))), rel=0.01)
