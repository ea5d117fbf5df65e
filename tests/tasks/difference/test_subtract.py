"""Subtraction: what is the same goes, what is new stays as bright as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from persistence import Exposure
from persistence.pipe.task import TaskError
from persistence.tasks.difference import diasources, subtract, zogy
from persistence.tasks.difference.warp import NO_DATA
from persistence.types.exposure.photocalib import PhotoCalib

NEW = (np.array([130.3, 60.7]), np.array([142.6, 222.1]), np.array([9e3, 2e4]))
KERNEL = subtract.Kernel([0.7, 1.5, 3.0], [4, 3, 2], 19, 1, 1)


def joined(stars: Any) -> tuple[Any, Any, Any]:
    x, y, flux = (np.concatenate(both) for both in zip(stars, NEW, strict=True))
    return x, y, flux


def subtracted(
    new: Exposure, old: Exposure, stars: Any, convolve: str, decorrelate: bool
) -> subtract.Difference:
    good = subtract.usable(new, old)
    return subtract.alard_lupton(new, old, good, *stars[:2], convolve, KERNEL, decorrelate)


@pytest.fixture
def both(make: Callable[..., Exposure], stars: Any) -> Callable[..., tuple[Exposure, Exposure]]:
    def exposures(science: float, template: float, scale: float = 0.8) -> tuple[Exposure, Exposure]:
        x, y, flux = stars
        pair = (
            make(*joined(stars), science, seed=1),
            make(x, y, flux / scale, template, seed=2),
        )
        # 27 and 27 + 2.5 log10(1 / scale): the same stars
        zeros = 27.0, 27.0 - 2.5 * np.log10(scale)
        return (
            pair[0].replaced(photo_calib=PhotoCalib.from_zero_point(zeros[0])),
            pair[1].replaced(photo_calib=PhotoCalib.from_zero_point(zeros[1])),
        )

    return exposures


@pytest.mark.parametrize("decorrelate", [True, False])
@pytest.mark.parametrize(
    ("science", "template", "convolve"),
    [(2.0, 1.6, "template"), (1.6, 2.0, "science"), (1.8, 1.8, "template")],
)
def test_new_points_are_as_bright_as_they_are_and_the_rest_is_noise(
    both: Any, stars: Any, science: float, template: float, convolve: str, decorrelate: bool
) -> None:
    new, old = both(science, template)
    made = subtracted(new, old, stars, convolve, decorrelate)
    assert made.scale == pytest.approx(0.8, rel=0.01)
    assert made.convolved == convolve
    flux = diasources.forced(made.exposure, *NEW[:2])
    assert flux.value == pytest.approx(NEW[2], abs=5 * flux.error.max())
    width = max(science, template)
    assert made.exposure.psf.width() == pytest.approx(width, rel=0.15 if decorrelate else 0.02)
    # Away from everything the noise is what the variance says.
    x, y, _ = joined(stars)
    rows, columns = np.mgrid[: new.image.shape[0], : new.image.shape[1]]
    empty = np.ones(new.image.shape, bool)
    for column, row in zip(x, y, strict=True):
        empty &= np.hypot(columns - column, rows - row) > 12
    empty[:25] = empty[-25:] = empty[:, :25] = empty[:, -25:] = False
    ratio = made.exposure.image[empty].std() / np.sqrt(np.median(made.exposure.variance[empty]))
    assert ratio == pytest.approx(1, rel=0.04)


@pytest.mark.parametrize(("science", "template"), [(2.0, 1.6), (1.6, 2.0)])
def test_zogy_says_the_same_without_a_fit(
    both: Any, stars: Any, science: float, template: float
) -> None:
    new, old = both(science, template)
    made = zogy.subtracted(new, old, 128)
    assert made.scale == pytest.approx(0.8, rel=1e-3)
    flux = diasources.forced(made.exposure, *NEW[:2])
    assert flux.value == pytest.approx(NEW[2], abs=5 * flux.error.max())
    x, y, flux = stars
    apart = np.hypot(*(axis[:, np.newaxis] - new for axis, new in zip((x, y), NEW, strict=False)))
    alone = (apart > 15).all(axis=1)
    rest = diasources.forced(made.exposure, x[alone], y[alone])
    assert (np.abs(rest.value) < 5 * rest.error + 0.01 * flux[alone]).all()


def test_zogy_needs_calibrations(both: Any) -> None:
    new, old = both(2.0, 1.6)
    with pytest.raises(TaskError, match="zogy needs the photometric calibrations"):
        zogy.subtracted(new.replaced(photo_calib=None), old, 128)


def test_flags_of_both_are_joined_by_name(make: Callable[..., Exposure]) -> None:
    science, template = make([], [], []), make([], [], [])
    shuffled = {name: bit for bit, name in enumerate([NO_DATA, "CR", "BAD", "SAT", "EDGE"])}
    template.mask = type(template.mask)(np.zeros_like(template.mask.array), shuffled)  # type: ignore[call-arg, misc, union-attr]
    template.mask.array[10, 10] = 1 << shuffled["CR"]  # type: ignore[union-attr]
    template.mask.array[11, 11] = 1 << shuffled[NO_DATA]  # type: ignore[union-attr]
    science.mask.array[12, 12] = 1 << science.mask.planes["SAT"]  # type: ignore[union-attr]
    mask = subtract.joined(science, template)
    assert [tuple(map(int, np.argwhere(mask[name])[0])) for name in ("CR", NO_DATA, "SAT")] == [
        (10, 10), (11, 11), (12, 12)
    ]  # fmt: skip
    assert np.count_nonzero(~subtract.usable(science, template)) == 3


def test_without_a_common_pixel_it_is_an_error(both: Any, stars: Any) -> None:
    new, old = both(2.0, 1.6)
    old.mask.array[:] = 1 << old.mask.planes["BAD"]
    with pytest.raises(TaskError, match="no pixel of the science exposure is good"):
        subtracted(new, old, stars, "template", True)
