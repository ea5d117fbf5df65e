"""PSFEx's models: their formula, term by term, on small components made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.types.pixels.box import Box
from persistence.types.psf.psfex import PsfexPsf

HEAD = {
    "ndim": [2], "ngroup": [1], "ncoeff": [6], "_size_size": [3], "_comp_size": [6], "_context_size": [2],
    "averagePosition_x": [100.0], "averagePosition_y": [50.0], "_pixstep": [np.float32(1)],
}  # fmt: skip


def body(components, degree=2):
    number, height, width = np.shape(components)
    return {
        "group": [[0, 0]], "degree": [[degree]], "basis": [np.zeros(number)], "coeff": [np.zeros(number)],
        "_size": [[width, height, number]], "_comp": [np.ravel(components).astype(np.float32)],
        "_context_first": [[100.0, 50.0]], "_context_second": [[10.0, 20.0]],
    }  # fmt: skip


def psf_of(archive, components, degree=2, step=1.0):
    head = {**HEAD, "_pixstep": [np.float32(step)]}
    return archive({1: ("PsfexPsf", [head, body(components, degree)])})(1)


@pytest.mark.parametrize(
    ("term", "factor"),
    [(0, 1), (1, 3), (2, 9), (3, 0.5), (4, 1.5), (5, 0.25)],
    ids=["1", "u", "u2", "v", "uv", "v2"],
)
def test_each_component_has_its_power_of_the_position(archive, term, factor):
    components = np.zeros((6, 3, 5))
    components[0, 1, 2] = 1  # a point, and something that varies beside it
    components[term, 0, 4] += 2
    psf = psf_of(archive, components)
    fine = psf.fine_image(130, 60)  # u = 3, v = 0.5
    assert fine[0, 4] == pytest.approx(2 * factor)
    found = psf.kernel_image(130, 60)
    assert found.bbox == Box(-2, -1, 5, 3)
    assert found.array[0, 4] == pytest.approx(2 * factor / (1 + 2 * factor))
    assert psf.average_position == (100, 50)


def model(step, sigma=2.0, size=61):
    place = (np.arange(size) - size // 2) * step
    fine = np.exp(-(place**2 + place[:, np.newaxis] ** 2) / (2 * sigma**2))
    return np.stack([fine, 0 * fine, 0 * fine])


@pytest.mark.parametrize(("step", "side"), [(0.5, 31), (0.75, 45), (1.0, 61), (0.2, 13)])
def test_a_fine_model_is_sampled_at_the_pixels(archive, step, side):
    psf = psf_of(archive, model(step), 1, step)
    found = psf.kernel_image(7, 9)
    assert found.bbox == Box(-(side // 2), -(side // 2), side, side)
    place = np.arange(side) - side // 2
    wanted = np.exp(-(place**2 + place[:, np.newaxis] ** 2) / 8)
    np.testing.assert_allclose(found.array, wanted / wanted.sum(), atol=1e-4)
    assert psf.width() == pytest.approx(2, rel=2e-3)


@given(st.floats(-300, 300), st.floats(-300, 300))
def test_an_image_is_where_the_point_is_and_its_sum_is_1(x, y):
    psf = PsfexPsf(model(0.5), 1, (0.0, 0.0), (1.0, 1.0), 0.5, (0.0, 0.0))
    found = psf.image(x, y)
    assert found.array.sum() == pytest.approx(1)
    assert found.bbox.x0 == np.floor(x + 0.5) - 15
    rows, columns = np.indices((31, 31)) + np.array([[[found.bbox.y0 - y]], [[found.bbox.x0 - x]]])
    wanted = np.exp(-(rows**2 + columns**2) / 8)
    np.testing.assert_allclose(found.array, wanted / wanted.sum(), atol=1e-4)  # of a peak of 0.04


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        (0, {"ndim": [3]}, "of 3 variables in 1 groups"),
        (0, {"ngroup": [2]}, "in 2 groups"),
        (1, {"degree": [[3]]}, "degree 3 has 6 components, not 10"),
    ],
)
def test_other_models_are_refused(archive, part, change, message):
    tables = [HEAD, body(np.ones((6, 3, 3)))]
    tables[part] = {**tables[part], **change}
    with pytest.raises(FormatterError, match=message):
        archive({1: ("PsfexPsf", tables)})(1)
