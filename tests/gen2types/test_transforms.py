"""Transforms of the plane, against numpy."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lsst.geom import (
    AffineTransform,
    Extent2D,
    LinearTransform,
    Point2D,
    degrees,
    makeAffineTransformFromTriple,
)
from persistence.gen2types.exceptions import InvalidParameterError

MATRIX = np.array([[1.0, 2.0], [0.5, -3.0]])
SHIFT = np.array([10.0, -20.0])


def test_a_linear_transform_is_its_matrix() -> None:
    transform = LinearTransform(MATRIX)
    assert list(transform(Point2D(3, 4))) == pytest.approx(list(MATRIX @ [3, 4]))
    assert isinstance(transform(Extent2D(3, 4)), Extent2D)
    x, y = transform(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.testing.assert_allclose([x, y], MATRIX @ [[1, 2], [3, 4]])
    np.testing.assert_allclose(transform.inverted().getMatrix(), np.linalg.inv(MATRIX))
    assert transform.computeDeterminant() == pytest.approx(-4)
    assert list(transform.getParameterVector()) == [1, 0.5, 2, -3]
    assert (transform[LinearTransform.YX], transform[0, 1]) == (0.5, 2)
    np.testing.assert_allclose((transform * transform).getMatrix(), MATRIX @ MATRIX)
    turned = LinearTransform.makeRotation(90 * degrees)(Point2D(1, 0))
    assert list(turned) == pytest.approx([0, 1], abs=1e-15)
    assert LinearTransform().isIdentity()
    assert list(LinearTransform.makeScaling(2, 3)(Point2D(1, 1))) == [2, 3]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(transform)).getMatrix(), MATRIX)


@pytest.mark.parametrize(
    "transform",
    [
        AffineTransform(MATRIX, SHIFT),
        AffineTransform(LinearTransform(MATRIX), Extent2D(*SHIFT)),
        AffineTransform(np.block([[MATRIX, SHIFT[:, None]], [np.zeros((1, 2)), np.ones((1, 1))]])),
        AffineTransform(linear=LinearTransform(MATRIX), translation=Extent2D(*SHIFT)),
    ],
)
def test_an_affine_transform_is_a_matrix_and_a_shift(transform: AffineTransform) -> None:
    assert list(transform(Point2D(3, 4))) == pytest.approx(list(MATRIX @ [3, 4] + SHIFT))
    assert list(transform(Extent2D(3, 4))) == pytest.approx(list(MATRIX @ [3, 4]))
    assert list(transform.getTranslation()) == list(SHIFT)
    np.testing.assert_array_equal(transform.getLinear().getMatrix(), MATRIX)
    back = transform.inverted()(transform(Point2D(3, 4)))
    assert list(back) == pytest.approx([3, 4])
    assert (transform * transform.inverted()).getMatrix() == pytest.approx(np.eye(3))
    assert list(transform.getParameterVector()) == [1, 0.5, 2, -3, 10, -20]
    x, y = transform(np.array([3.0]), np.array([4.0]))
    assert [x[0], y[0]] == pytest.approx(list(MATRIX @ [3, 4] + SHIFT))


def test_three_points_make_a_transform() -> None:
    truth = AffineTransform(MATRIX, SHIFT)
    points = [Point2D(0, 0), Point2D(1, 0), Point2D(2, 5)]
    found = makeAffineTransformFromTriple(*points, *(truth(point) for point in points))
    np.testing.assert_allclose(found.getMatrix(), truth.getMatrix())


def test_what_does_not_lead_back_is_refused() -> None:
    with pytest.raises(InvalidParameterError):
        LinearTransform([[1, 1], [1, 1]]).inverted()
    with pytest.raises(TypeError):
        AffineTransform(np.eye(4))
