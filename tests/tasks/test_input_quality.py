"""Which inputs deviate, and what pairs tell: on numbers that are put in."""

from __future__ import annotations

from contextlib import closing
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from persistence.tasks import input_quality
from persistence.tasks.combining import Stack
from persistence.types.exposure.detector import Amplifier
from persistence.types.pixels.box import Box

SHAPE = (128, 96)
CONFIG = SimpleNamespace(maxDeviation=5.0, maxNoiseRatio=1.5)
AMPLIFIER = Amplifier("A", Box(0, 0, 96, 128), *[Box(0, 0, 0, 0)] * 3, trimmed=Box(0, 0, 96, 128))
GAIN, NOISE = 4.3, 6.0


def bias(seed: int, noise: float = NOISE, level: float = 0.0) -> Any:
    return np.random.default_rng(seed).normal(level, noise, SHAPE).astype(np.float32)


def flat(seed: int, level: float) -> Any:
    """Return electrons, as an assumed gain has them of whole counts."""
    rng = np.random.default_rng(seed)
    pixels = 1 + 0.02 * np.random.default_rng(0).normal(size=SHAPE)
    electrons = rng.poisson(level * pixels) + rng.normal(0, NOISE, SHAPE)
    return (np.rint(electrons / GAIN) * GAIN).astype(np.float32)


def looks(images: Any, noise: float = NOISE) -> Any:
    return {
        f"visit={number}": input_quality.look(image, np.maximum(image, 0) + np.float32(noise**2))
        for number, image in enumerate(images)
    }


def test_an_input_is_looked_at_without_its_bad_pixels() -> None:
    image = bias(1, level=100.0)
    image[:30] = np.nan
    look = input_quality.look(image, np.full(SHAPE, NOISE**2, np.float32))
    assert look.level == pytest.approx(100.0, abs=0.3)
    assert look.noise == pytest.approx(NOISE, rel=0.02)
    assert look.expected == NOISE
    assert look.full == 0.0
    nothing = input_quality.look(np.full(SHAPE, np.nan, np.float32), np.ones(SHAPE, np.float32))
    assert np.isnan(nothing.level)


@pytest.mark.parametrize("number", [3, 5, 12])
def test_good_inputs_do_not_deviate(number: int) -> None:
    biases = looks([bias(seed, level=0.5 * seed) for seed in range(number)])
    assert input_quality.deviants(biases, False, CONFIG) == {}
    flats = looks([flat(seed, 10000 * (1 + seed)) for seed in range(number)])
    assert input_quality.deviants(flats, True, CONFIG) == {}


@pytest.mark.parametrize("number", [3, 5, 12])
def test_light_in_a_bias_and_a_shadow_in_a_flat_are_found(number: int) -> None:
    biases = [bias(seed) for seed in range(number)]
    biases[1][:64] += 20
    assert list(input_quality.deviants(looks(biases), False, CONFIG)) == ["visit=1"]
    flats = [flat(seed, 20000) for seed in range(number)]
    flats[2] *= np.linspace(0.97, 1.03, SHAPE[1], dtype=np.float32)
    told = input_quality.deviants(looks(flats), True, CONFIG)
    assert list(told) == ["visit=2"]
    assert "of its level, where at most" in told["visit=2"]
    assert "maxDeviation=5" in told["visit=2"]


def test_an_input_that_is_noisier_than_the_others_is_found() -> None:
    images = [bias(seed, noise=2 * NOISE if seed == 3 else NOISE) for seed in range(5)]
    told = input_quality.deviants(looks(images), False, CONFIG)
    assert list(told) == ["visit=3"]
    assert "2.0" in told["visit=3"]
    assert "maxNoiseRatio=1.5" in told["visit=3"]


def stacked(images: Any) -> Stack:
    stack = Stack(SHAPE)
    for image in images:
        stack.append(image)
    return stack


def test_pairs_of_biases_tell_the_read_noise() -> None:
    with closing(stacked([bias(seed, level=seed) for seed in range(6)])) as stack:
        found = input_quality.read_noise(stack, range(6), AMPLIFIER)
        assert np.isnan(input_quality.read_noise(stack, [0], AMPLIFIER))
    # of three pairs of 12288 pixels: to 0.5%
    assert found == pytest.approx(NOISE, rel=0.01)


@pytest.mark.parametrize("assumed", [GAIN, 2.0])
def test_pairs_of_flats_tell_the_gain_whatever_was_assumed(assumed: float) -> None:
    part = np.float32(assumed / GAIN)
    images = [flat(seed, 20000 + 1000 * seed) * part for seed in range(6)]
    levels = [float(np.median(image)) for image in images]
    noise = NOISE * assumed / GAIN
    with closing(stacked(images)) as stack:
        found = input_quality.gain(stack, range(6), levels, AMPLIFIER, assumed, noise)
    assert found == pytest.approx(GAIN, rel=0.02)


def test_detectors_are_compared_by_exposures_that_not_all_of_them_have() -> None:
    brightness, sensitivity = {"a": 10.0, "b": 20.0, "c": 5.0}, {"1": 1.2, "2": 1.0, "3": 0.8}
    levels = {
        detector: {name: sensitivity[detector] * brightness[name] for name in names}
        for detector, names in {"1": "ab", "2": "bc", "3": "c"}.items()
    }
    assert input_quality.relative_levels(levels) == pytest.approx(sensitivity)


def test_detectors_without_a_common_exposure_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="ccd=1 and ccd=3 have no exposure in common"):
        input_quality.relative_levels({"ccd=1": {"a": 1.0}, "ccd=2": {"a": 1.0}, "ccd=3": {"b": 1}})
    with pytest.raises(ValueError, match="of ccd=2 there is no level"):
        input_quality.relative_levels({"ccd=1": {"a": 1.0}, "ccd=2": {}})
