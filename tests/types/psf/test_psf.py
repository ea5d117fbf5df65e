"""PSFs of Gaussians and kernels: their values, their sums, where they lie, how wide they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.types.pixels.box import Box
from persistence.types.psf.psf import DoubleGaussianPsf, GaussianPsf, SingleGaussianPsf, dump
from persistence.types.psf.psfimage import Psf

SIZE = {"dimensions_x": [5], "dimensions_y": [3]}
CENTRE = {"center_x": [2], "center_y": [1]}
KERNEL = {**SIZE, **CENTRE}


def gaussian(box: Box, sigma: float, x: float = 0, y: float = 0) -> np.ndarray:
    rows, columns = np.mgrid[box.y0 : box.y0 + box.height, box.x0 : box.x0 + box.width]
    found = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return found / found.sum()


@pytest.mark.parametrize("name", ["GaussianPsf", "SingleGaussianPsf"])
def test_a_gaussian_is_what_it_says(archive, name):
    psf = archive({1: (name, [{"dimensions_x": [13], "dimensions_y": [15], "sigma": [1.3]}])})(1)
    found = psf.kernel_image()
    assert type(psf).__name__ == name
    assert found.bbox == Box(-6, -7, 13, 15)
    np.testing.assert_allclose(found.array, gaussian(found.bbox, 1.3), atol=1e-16)
    assert psf.width() == pytest.approx(1.3, abs=1e-5)


def test_the_second_gaussian_has_b_times_the_first_ones_height(archive):
    psf = archive(
        {1: ("DoubleGaussianPsf", [{**SIZE, "sigma1": [1.0], "sigma2": [2.0], "b": [0.25]}])}
    )(1)
    found = psf.kernel_image().array
    assert found.sum() == pytest.approx(1)
    assert found[1, 4] / found[1, 2] == pytest.approx((np.exp(-2) + 0.25 * np.exp(-0.5)) / 1.25)


@pytest.mark.real
def test_the_psf_of_a_real_exposure_is_read(archive_of):
    psf = archive_of(
        "gen2_repos/obs_test/calexpMetadataObjectsTest/example-calexp.fits.gz", 4
    ).only("GaussianPsf")
    assert psf == GaussianPsf((11, 11), 1.5)
    assert psf.width(100, 200) == pytest.approx(1.5, abs=1e-5)


@pytest.mark.parametrize(
    "psf",
    [
        GaussianPsf((11, 9), 1.5),
        SingleGaussianPsf((5, 5), 0.7),
        DoubleGaussianPsf((21, 21), 1.5, 3, 0.1),
    ],
)
def test_what_is_dumped_is_made_again(archive, psf):
    name, module, tables = dump(psf)
    assert (name, module.partition(".")[0]) == (type(psf).__name__, "lsst")
    assert {column: values.dtype.str[1:] for column, values in tables[0].items()}.items() >= {
        ("dimensions_x", "i4"),
        ("dimensions_y", "i4"),
    }
    made = archive({1: (name, tables)})(1)
    assert made == psf
    assert type(made) is type(psf)


def test_what_is_not_dumped_is_told_by_name(archive):
    with pytest.raises(FormatterError, match="a KernelPsf is not written"):
        dump(kernel_psf(archive))


def kernel_psf(archive):
    pixels = np.zeros((3, 5))
    pixels[1, 2], pixels[0, 4] = 3, 1
    kernel = {**KERNEL, "image": [pixels.ravel()]}
    tables = {"kernel": [2], "averagePosition_x": [10.0], "averagePosition_y": [20.0]}
    return archive({1: ("KernelPsf", [tables]), 2: ("FixedKernel", [kernel])})(1)


def test_a_kernel_is_brought_to_a_sum_of_1_about_its_centre(archive):
    psf = kernel_psf(archive)
    found = psf.kernel_image()
    assert psf.average_position == (10, 20)
    assert found.bbox == Box(-2, -1, 5, 3)
    assert (found.array[1, 2], found.array[0, 4]) == (0.75, 0.25)
    assert psf.image().bbox == Box(8, 19, 5, 3)
    np.testing.assert_array_equal(psf.image().array, found.array)


# x = 3, y = 5: first amplitude 1 + x, second 2 y.
SPATIAL = {
    1: ("PcaPsf", [{"kernel": [2], "averagePosition_x": [3.0], "averagePosition_y": [5.0]}]),
    2: (
        "LinearCombinationKernel",
        [{**KERNEL, "components": [[3, 4]], "spatialfunctions": [[5, 6]]}],
    ),
    3: ("FixedKernel", [{**KERNEL, "image": [np.arange(15.0)]}]),
    4: ("DeltaFunctionKernel", [{**KERNEL, "pixel_x": [4], "pixel_y": [0]}]),
    5: ("PolynomialFunction2D", [{"coefficients": [[1.0, 1.0, 0.0]]}]),
    6: ("PolynomialFunction2F", [{"coefficients": [[0.0, 0.0, 2.0]]}]),
}


def test_a_combination_varies_with_the_position(archive):
    found = archive(SPATIAL)(1).kernel_image(3, 5).array
    wanted = 4 * np.arange(15.0).reshape(3, 5)
    wanted[0, 4] += 10
    np.testing.assert_allclose(found, wanted / (4 * 105 + 10))


def test_a_combination_may_have_amplitudes_that_do_not_vary(archive):
    head = {**KERNEL, "components": [[3, 4]], "amplitudes": [[2.0, -30.0]]}
    found = archive({**SPATIAL, 2: ("LinearCombinationKernel", [head])})(1).kernel_image(3, 5).array
    assert found[2, 4] == pytest.approx(28 / 180)
    assert found[0, 4] == pytest.approx((8 - 30) / 180)


def test_an_analytic_kernel_may_have_parameters_that_vary(archive):
    objects = {
        1: SPATIAL[1],
        2: ("AnalyticKernel", [{**KERNEL, "kernelfunction": [3], "spatialfunctions": [[4, 5, 6]]}]),
        3: ("GaussianFunction2D", [{"sigma1": [9.0], "sigma2": [9.0], "angle": [9.0]}]),
        4: ("PolynomialFunction2D", [{"coefficients": [[1.0, 0.5, 0.0]]}]),  # 2.5 at x = 3
        5: ("PolynomialFunction2D", [{"coefficients": [[1.5]]}]),
        6: ("PolynomialFunction2D", [{"coefficients": [[np.pi / 2]]}]),
    }
    rows, columns = np.mgrid[-1:2, -2:3]
    wanted = np.exp(-(rows**2) / (2 * 2.5**2) - columns**2 / (2 * 1.5**2))
    np.testing.assert_allclose(archive(objects)(1).kernel_image(3, 5).array, wanted / wanted.sum())


@pytest.mark.parametrize(
    ("name", "tables", "at", "wanted"),
    [
        ("GaussianFunction2D", {"sigma1": [2.0], "sigma2": [1.0], "angle": [0.0]}, (2, 1), np.exp(-1) / (4 * np.pi)),
        ("GaussianFunction2F", {"sigma1": [2], "sigma2": [1], "angle": [np.pi / 4]}, (2, 2), 1 / (4 * np.pi * np.e)),
        ("DoubleGaussianFunction2D", {"sigma1": [1.0], "sigma2": [2.0], "ampl2": [0.5]}, (0, 0), 1.5 / (6 * np.pi)),
        ("PolynomialFunction2D", {"coefficients": [[1, 2, 3, 4, 5, 6]]}, (2, 3), 1 + 4 + 9 + 16 + 30 + 54),
        # the eighth is x^2 y
        ("PolynomialFunction2D", {"coefficients": [np.eye(10)[7]]}, (2, 3), 12),
        (
            "Chebyshev1Function2D",
            {"min_x": [0], "min_y": [10], "max_x": [4], "max_y": [20], "coefficients": [[1, 2, 3, 4, 5, 6]]},
            (3, 20),
            1 + 2 * 0.5 + 3 + 4 * (2 * 0.25 - 1) + 5 * 0.5 + 6,
        ),
    ],
)  # fmt: skip
def test_functions_are_what_they_say(archive, name, tables, at, wanted):
    assert archive({1: (name, [tables])})(1)(*at) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("number", "name", "tables", "message"),
    [
        (5, "PolynomialFunction2D", {"coefficients": [[1.0, 2.0]]}, "has 2 coefficients"),
        (
            2,
            "LinearCombinationKernel",
            {**KERNEL, "components": [[3]], "spatialfunctions": [[5, 6]]},
            "1 components",
        ),
        (
            2,
            "LinearCombinationKernel",
            {**KERNEL, "components": [[3]], "amplitudes": [[0.0]]},
            "sum up to 0",
        ),
        (3, "FixedKernel", {**KERNEL, "dimensions_x": [0], "image": [[]]}, "0 by 3"),
        (3, "FixedKernel", {**KERNEL, "dimensions_x": [3], "image": [np.ones(9)]}, "other sizes"),
        (3, "FixedKernel", {**KERNEL, "image": [np.full(15, np.nan)]}, "sum up to nan"),
    ],
)
def test_a_psf_that_cannot_be_is_refused(archive, number, name, tables, message):
    with pytest.raises(FormatterError, match=message):
        archive({**SPATIAL, number: (name, [tables])})(1).kernel_image()


def test_an_image_without_peak_has_no_width(archive):
    pixels = {**KERNEL, "image": [[-1.0, 0, 0, 0, 2] * 3]}
    psf = archive({1: SPATIAL[1], 2: ("FixedKernel", [pixels])})(1)
    with pytest.raises(FormatterError, match="no peak"):
        psf.width()


@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_the_width_of_an_ellipse_is_the_mean_of_its_axes_in_the_geometric_way(archive, angle):
    kernel = {
        "dimensions_x": [41],
        "dimensions_y": [41],
        "center_x": [20],
        "center_y": [20],
        "kernelfunction": [3],
    }
    function = {"sigma1": [3.0], "sigma2": [2.0], "angle": [angle]}
    objects = {
        1: SPATIAL[1],
        2: ("AnalyticKernel", [kernel]),
        3: ("GaussianFunction2D", [function]),
    }
    assert archive(objects)(1).width() == pytest.approx(6**0.5, abs=1e-6)


positions = st.floats(-1000, 1000)


@given(positions, positions)
def test_an_image_is_where_the_point_is(x, y):
    psf = GaussianPsf((21, 21), 2.0)
    found = psf.image(x, y)
    # of a peak of 0.04
    np.testing.assert_allclose(found.array, gaussian(found.bbox, 2.0, x, y), atol=1e-4)
    assert found.bbox.x0 + 10 == np.floor(x + 0.5)
    assert psf.kernel_image(x, y).array.sum() == pytest.approx(1)


@given(positions, positions, st.integers(-50, 50), st.integers(-50, 50))
def test_whole_pixels_move_the_box_alone(x, y, right, up):
    x, y = np.round([x, y], 3) + 0.0001  # so that no half pixel is rounded to the other side
    psf = DoubleGaussianPsf((15, 13), 1.2, 2.5, 0.1)
    here, there = psf.image(x, y), psf.image(x + right, y + up)
    assert there.bbox == here.bbox.shifted(right, up)
    np.testing.assert_allclose(there.array, here.array, atol=1e-12)


@pytest.mark.parametrize("radius", [3, 9, 20])
def test_stamps_are_the_images_of_points_in_squares_around_them(radius):
    """The judge is afw's own way, one image moved after another; a Gaussian of 2 pixels is moved to 1e-4."""
    psf = GaussianPsf((29, 25), 2.0)
    x, y = np.array([10.0, 3.3, -7.75, 100.5]), np.array([5.0, 8.4, 2.25, -3.49])
    own, plain = psf.stamps(x, y, radius), Psf.stamps(psf, x, y, radius)
    assert own.shape == plain.shape == (4, 2 * radius + 1, 2 * radius + 1)
    inner = slice(max(radius - 12, 0), radius + 13)
    assert own[:, inner, inner] == pytest.approx(plain[:, inner, inner], abs=1e-4)
    for stamp, column, row in zip(plain, x, y, strict=True):
        image = psf.image(column, row)
        middle = round_half_up(row), round_half_up(column)
        assert (
            stamp[radius, radius]
            == image.array[middle[0] - image.bbox.y0, middle[1] - image.bbox.x0]
        )


def round_half_up(position: float) -> int:
    return int(np.floor(position + 0.5))


def test_afws_names_are_there():
    psf = GaussianPsf((5, 5), 1.0)
    np.testing.assert_array_equal(psf.computeImage(3, 4).array, psf.image(3, 4).array)
    np.testing.assert_array_equal(psf.computeKernelImage().array, psf.kernel_image().array)
    assert psf.getAveragePosition() == (0, 0)
