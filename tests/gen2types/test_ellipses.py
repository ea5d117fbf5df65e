"""Ellipses, against the points of their edges and the moments of a Gaussian."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from lsst.geom import AffineTransform, Extent2D, LinearTransform, Point2D, ellipses
from lsst.geom.ellipses import Axes, Ellipse, Quadrupole
from persistence.gen2types.exceptions import InvalidParameterError

A, B, THETA = 3.0, 2.0, 0.4
KINDS = [
    getattr(ellipses, name) for name in ellipses.__all__ if name not in ("BaseCore", "Ellipse")
]


def edge(a: float = A, b: float = B, theta: float = THETA) -> np.ndarray:
    """Return points on an ellipse, evenly in its own angle: their moments are half of its own."""
    t = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    turn = np.array([[math.cos(theta), -math.sin(theta)], [math.sin(theta), math.cos(theta)]])
    return np.asarray(turn @ [a * np.cos(t), b * np.sin(t)])


def moments(points: np.ndarray) -> list[float]:
    (xx, xy), (_, yy) = 2 * points @ points.T / points.shape[1]
    return [float(xx), float(yy), float(xy)]


def test_axes_and_moments_are_of_one_ellipse() -> None:
    quadrupole = Quadrupole(Axes(A, B, THETA))
    assert list(quadrupole.getParameterVector()) == pytest.approx(moments(edge()))
    assert list(Axes(quadrupole).getParameterVector()) == pytest.approx([A, B, THETA])
    assert (quadrupole.getIxx(), quadrupole.getIyy(), quadrupole.getIxy()) == pytest.approx(
        tuple(moments(edge()))
    )
    assert quadrupole.getDeterminant() == pytest.approx(np.linalg.det(quadrupole.getMatrix()))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_core_is_the_same_ellipse(kind: type[ellipses.BaseCore]) -> None:
    core = kind(Axes(A, B, THETA))
    assert core.getDeterminantRadius() == pytest.approx(math.sqrt(A * B))
    assert core.getTraceRadius() == pytest.approx(math.sqrt((A * A + B * B) / 2))
    assert core.getArea() == pytest.approx(math.pi * A * B)
    again = kind(*core.getParameterVector())
    assert list(Axes(again).getParameterVector()) == pytest.approx([A, B, THETA])
    assert list(core.computeDimensions()) == pytest.approx(list(2 * edge().max(axis=1)), rel=1e-4)
    stretched = core.transform(LinearTransform([[1, 0.3], [0, 2]]))
    assert type(stretched) is kind
    assert list(Quadrupole(stretched).getParameterVector()) == pytest.approx(
        moments(np.array([[1, 0.3], [0, 2]]) @ edge())
    )
    core.scale(2)
    core.grow(1)
    assert list(Axes(core).getParameterVector()) == pytest.approx([2 * A + 1, 2 * B + 1, THETA])
    assert pickle.loads(pickle.dumps(core)) == core == core.clone()


ELLIPTICITIES = {
    "Distortion": (A * A - B * B) / (A * A + B * B),
    "ReducedShear": (A - B) / (A + B),
    "ConformalShear": math.log(A / B),
}


@pytest.mark.parametrize("name", ELLIPTICITIES)
@pytest.mark.parametrize("radius", ["TraceRadius", "DeterminantRadius"])
def test_ellipticities_are_those_of_their_definitions(name: str, radius: str) -> None:
    core = getattr(ellipses, f"Separable{name}{radius}")(Axes(A, B, THETA))
    assert core.getE() == pytest.approx(ELLIPTICITIES[name])
    assert core.getE1() == pytest.approx(ELLIPTICITIES[name] * math.cos(2 * THETA))
    assert core.getE2() == pytest.approx(ELLIPTICITIES[name] * math.sin(2 * THETA))
    assert core.getRadius() == pytest.approx(getattr(Axes(A, B), f"get{radius}")())


def test_axes_stay_as_they_are_given() -> None:
    assert (Axes(2, 3).getA(), Axes(2, 3).getTheta()) == (2, 0)
    axes = Axes(2, 3)
    axes.normalize()
    assert list(axes.getParameterVector()) == pytest.approx([3, 2, math.pi / 2])
    with pytest.raises(InvalidParameterError):
        Quadrupole(1, 1, 2).normalize()
    assert math.isnan(Quadrupole(1, 1, 2).getDeterminantRadius())


def test_two_gaussians_are_convolved() -> None:
    core = Quadrupole(4, 2, 0.5).convolve(Quadrupole(1, 1, 0))
    assert list(core.getParameterVector()) == [5, 3, 0.5]


def test_the_grid_of_an_ellipse_makes_a_circle_of_it() -> None:
    points = Axes(A, B, THETA).getGridTransform().getMatrix() @ edge()
    assert np.hypot(*points) == pytest.approx(np.ones(points.shape[1]))


def test_an_ellipse_has_a_centre_and_a_box() -> None:
    ellipse = Ellipse(Axes(A, B, THETA), Point2D(10, 20))
    box = ellipse.computeBBox()
    assert list(box.getCenter()) == pytest.approx([10, 20])
    assert box.getWidth() == pytest.approx(2 * edge()[0].max(), rel=1e-4)
    moved = ellipse.transform(AffineTransform(Extent2D(1, 1)))
    assert moved.getCenter() == Point2D(11, 21)
    assert moved.getCore().getArea() == pytest.approx(math.pi * A * B)
