"""Images of many points at once: what one after another gives, which is afw's own way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.types.psf.functions import Gaussian, Polynomial
from persistence.types.psf.kernels import AnalyticKernel, CombinationKernel, FixedKernel, sized
from persistence.types.psf.psf import DoubleGaussianPsf, KernelPsf
from persistence.types.psf.psfex import PsfexPsf
from persistence.types.psf.psfimage import Psf

numbers = np.random.default_rng(5)
BOX = sized(13, 9, (4, 5))  # its centre is not in its middle
COLUMNS, ROWS = np.meshgrid(np.arange(13) - 4, np.arange(9) - 5)


def blob(width: float, noise: float = 0.0) -> np.ndarray:
    return np.exp(-(COLUMNS**2 + ROWS**2) / (2 * width**2)) + numbers.normal(
        0, noise, COLUMNS.shape
    )


def psfex(side: int, degree: int, step: float) -> PsfexPsf:
    terms = (degree + 1) * (degree + 2) // 2
    places = (np.arange(side) - side // 2) * step
    components = numbers.normal(0, 0.01, (terms, side, side + 2))
    components[0, :, 1:-1] += np.exp(-(places**2 + places[:, np.newaxis] ** 2) / 4)
    return PsfexPsf(components, degree, (50.0, 20.0), (40.0, 80.0), step, (0.0, 0.0))


LINEAR = Polynomial(np.array([1.0, 0.002, -0.001]))
MODELS = {
    "psfex of whole pixels": psfex(17, 2, 1.0),
    "psfex of half pixels": psfex(21, 1, 0.5),
    "psfex of an odd step": psfex(18, 3, 0.7),
    "psfex that does not vary": psfex(9, 0, 1.0),
    "one kernel": KernelPsf(FixedKernel(BOX, blob(1.5, 0.01)), (0.0, 0.0)),
    "kernels, summed": KernelPsf(
        CombinationKernel(
            BOX,
            (FixedKernel(BOX, blob(1.2)), FixedKernel(BOX, blob(2.0, 0.01))),
            (LINEAR, Polynomial(np.array([0.1, 0.0, 0.0005]))),
        ),
        (0.0, 0.0),
    ),
    "kernels, summed alike everywhere": KernelPsf(
        CombinationKernel(BOX, (FixedKernel(BOX, blob(1.2)),), np.array([0.5])), (0.0, 0.0)
    ),
    "a function that varies": KernelPsf(
        AnalyticKernel(BOX, Gaussian(1, 1, 0), (LINEAR, LINEAR, LINEAR)), (0.0, 0.0)
    ),
    "a function": KernelPsf(AnalyticKernel(BOX, Gaussian(1.3, 1.8, 0.4)), (0.0, 0.0)),
    "two Gaussians": DoubleGaussianPsf((15, 11), 1.2, 2.4, 0.2),
}  # fmt: skip


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.floats(-60, 160), st.floats(-60, 160)), max_size=5),
    st.integers(0, 14),
)
def test_images_of_many_points_are_those_of_each(model, places, radius):
    x, y = np.reshape(places, (-1, 2)).T
    expected = Psf.stamps(model, x, y, radius)
    assert model.stamps(x, y, radius) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_points_in_the_middle_or_on_the_border_of_a_pixel_are_nothing_special(model):
    x = np.array([5.0, 5.5, 4.5, np.nextafter(5.5, 0), 5 + 1e-9, 5.0, -0.5])
    y = np.array([7.0, 7.0, 6.5, np.nextafter(6.5, 9), 7 - 1e-12, 7.25, 0.0])
    assert model.stamps(x, y, 6) == pytest.approx(Psf.stamps(model, x, y, 6), abs=1e-12)


def test_more_points_than_are_drawn_together_are_all_drawn():
    model = MODELS["psfex of whole pixels"]
    x, y = numbers.uniform(0, 100, (2, 1001))
    stamps = model.stamps(x, y, 2)
    for place in (0, 399, 400, 1000):
        alone = model.stamps(x[place : place + 1], y[place : place + 1], 2)
        assert stamps[place] == pytest.approx(alone[0], abs=1e-14)


@pytest.mark.parametrize("name", ["one kernel", "psfex of whole pixels"])
def test_a_psf_whose_sum_is_0_is_refused_in_words(name):
    model = {
        "one kernel": KernelPsf(FixedKernel(BOX, np.zeros((9, 13))), (0.0, 0.0)),
        "psfex of whole pixels": PsfexPsf(np.zeros((1, 5, 5)), 0, (0, 0), (1, 1), 1.0, (0, 0)),
    }[name]
    with pytest.raises(FormatterError, match=r"sum up to 0\.0"):
        model.stamps(np.array([3.2]), np.array([4.0]), 3)
