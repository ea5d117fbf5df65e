"""The PSF of exposures: which model there is, what is noted, and too few stars."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from persistence import Exposure
from persistence.pipe.task import TaskError
from persistence.tasks import psf_guess, sky
from persistence.tasks.char_image import CharacterizeImageConfig
from persistence.tasks.measure import measure
from persistence.tasks.measure_psf import MeasurePsfTask, gaussian
from persistence.types.psf.psf import SingleGaussianPsf
from persistence.types.psf.psfex import PsfexPsf

Make = Callable[..., Exposure]


@pytest.fixture(scope="module")
def seen(make: Make) -> tuple[Exposure, Any]:
    """Return an exposure of 80 stars without its sky, and what was measured of them."""
    y, x = (axis.ravel() for axis in np.mgrid[20:300:27, 20:220:27].astype(float))
    rng = np.random.default_rng(3)
    x, y = x + rng.uniform(-2, 2, x.size), y + rng.uniform(-2, 2, y.size)
    stars = np.column_stack([x, y, rng.permutation(np.geomspace(200000, 5000, x.size))])
    exposure = make(stars, (320, 240))
    clean = exposure.replaced(image=exposure.image - 400)
    found = sky.detect(clean, 20.0, 1.4, 5)
    return clean, measure(clean, found.x, found.y, gaussian(1.4), ())


def task(**settings: Any) -> MeasurePsfTask:
    each = MeasurePsfTask()
    for name, value in settings.items():
        *path, last = name.split("__")
        part = each.config
        for step in path:
            part = getattr(part, step)
        setattr(part, last, value)
    return each


@pytest.mark.parametrize(
    ("settings", "order"),
    [
        ({}, 2),
        ({"spatialOrder": 1}, 1),
        ({"starsPerTerm": 20}, 1),
        ({"starsPerTerm": 50}, 0),
        ({"starsPerTerm": 200}, None),
        ({"psfDeterminer": "gaussian"}, None),
    ],
)
def test_the_order_is_as_high_as_the_stars_allow(
    seen: Any, settings: dict[str, Any], order: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    each = task(**settings)
    with caplog.at_level(logging.INFO):
        result = each.run(*seen)
    assert result.order == order
    assert isinstance(result.psf, SingleGaussianPsf if order is None else PsfexPsf)
    assert result.psf.width(100, 150) == pytest.approx(1.4, rel=0.005)
    assert each.metadata["psfModel"] == ("gaussian" if order is None else "poly")
    assert each.metadata["psfSpatialOrder"] == (order or 0)
    assert ("stars are too few" in caplog.text) == ("starsPerTerm" in settings)
    assert result.psf.average_position != (0, 0) or order is None


def test_some_stars_are_held_out_and_judge_it(seen: Any) -> None:
    each = task()
    result = each.run(*seen)
    assert not (result.used & result.reserved).any()
    assert ((result.used | result.reserved) <= result.candidates).all()
    assert (
        result.reserved.sum()
        == int(0.2 * result.candidates.sum())
        == each.metadata["numPsfReserved"]
    )
    assert abs(each.metadata["psfHeldOutSizeResidual"]) < 0.005
    assert 0.6 < each.metadata["psfHeldOutChi2"] < 1.4
    again = task().run(*seen)
    assert np.array_equal(again.reserved, result.reserved)
    assert not np.array_equal(task(reserve__seed=2).run(*seen).reserved, result.reserved)
    alone = task(reserve__fraction=0.0)
    assert not alone.run(*seen).reserved.any()
    assert "psfHeldOutChi2" not in alone.metadata


def test_no_more_stars_are_held_out_than_the_model_can_spare(seen: Any) -> None:
    number = task().run(*seen).candidates.sum()
    each = task(starsPerTerm=number // 6)
    assert each.run(*seen).order == 2
    assert each.metadata["numPsfReserved"] == number % 6


def test_too_few_stars_are_told_with_the_settings(seen: Any) -> None:
    with pytest.raises(
        TaskError,
        match=r"^0 of 8\d sources are bright and alone enough .* 3 are needed; how bright: "
        r"-c starSelector\.signalToNoiseMin=5000 \(0 are",
    ):
        task(starSelector__signalToNoiseMin=5000.0).run(*seen)


@pytest.mark.parametrize("size", [0.3, 0.5, 1.0])
def test_the_models_pixels_may_be_of_another_size(seen: Any, size: float) -> None:
    result = task(samplingSize=size, spatialOrder=0).run(*seen)
    assert result.psf.step == size
    assert result.psf.kernel_image().array.shape == (41, 41)


@pytest.mark.parametrize(("old", "new"), [("psfMinSignalToNoise", "signalToNoiseMin"), ("psfMinStars", "minStars"), ("psfMaxStars", "maxStars"), ("psfIsolation", "isolation")])  # fmt: skip
def test_old_names_of_settings_go_on_working(old: str, new: str) -> None:
    config = CharacterizeImageConfig()
    assert getattr(config, old) == getattr(config.measurePsf.starSelector, new)
    config.update(**{old: 17})
    assert getattr(config, old) == getattr(config.measurePsf.starSelector, new) == 17
    text = config.saveToString()
    assert old not in text
    again = CharacterizeImageConfig()
    again.loadFromString(text.replace(f"measurePsf.starSelector.{new}", old))
    assert again.compare(config)
    assert getattr(again.copy(), old) == 17
    config.freeze()
    with pytest.raises(Exception, match="frozen"):
        setattr(config, old, 18)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_the_first_guess_is_about_right_whatever_was_thought(sigma: float) -> None:
    rows, columns = np.mgrid[:300, :300]
    rng = np.random.default_rng(1)
    image = rng.normal(0, 5, (300, 300))
    x, y = (
        axis.ravel() for axis in np.meshgrid(np.arange(30, 300, 48.0), np.arange(30, 300, 48.0))
    )
    for column, row in zip(x + rng.uniform(-0.5, 0.5, x.size), y, strict=True):
        image += (
            3e4 / sigma**2 * np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / 2 / sigma**2)
        )
    rays = rng.integers(10, 290, (2, 60))
    image[rays[1], rays[0]] += 3e4
    from astropy.io import fits

    from persistence.types.pixels.mask import Mask

    mask = Mask.from_flags({"BAD": np.zeros((300, 300), bool)})
    exposure = Exposure(image, fits.Header(), mask=mask, variance=np.full((300, 300), 25.0))
    found = psf_guess.width(exposure, np.append(x, rays[0]), np.append(y, rays[1]), 1.5)
    assert found == pytest.approx(sigma, rel=0.2)
    assert psf_guess.width(exposure, np.zeros(0), np.zeros(0), 1.5) == 1.5
