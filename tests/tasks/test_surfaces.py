"""Polynomials are of the degree that values ask for, and are bounded where no points are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.polynomial import polynomial

from persistence.tasks import surfaces
from persistence.tasks.surfaces import Bounds, Frame
from persistence.types.pixels.box import Box

FRAME = Frame(Box(100, -50, 200, 400))
ERROR = 0.01


def points(number: int, seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1, (number, 2)) * [200, 400] + [99.5, -50.5]


def truth(degree: int) -> Any:
    """Return the terms of a polynomial of two values, all of the size of 0.1."""
    rng = np.random.default_rng(degree)
    terms = rng.choice([-0.1, 0.1], (degree + 1, degree + 1, 2))
    terms[np.add.outer(np.arange(degree + 1), np.arange(degree + 1)) > degree] = 0
    return terms


def values(pixels: Any, terms: Any, error: float = ERROR, seed: int = 2) -> Any:
    x, y = (pixels - FRAME.middle).T / np.array([[100], [200]])
    clean = np.moveaxis(polynomial.polyval2d(x, y, terms), 0, -1)
    return clean + np.random.default_rng(seed).normal(0, error, clean.shape)


def test_coordinates_run_from_edge_to_edge_of_the_image() -> None:
    corners = np.array([[99.5, -50.5], [299.5, 349.5]])  # the outer edges of its pixels
    assert np.allclose(FRAME.scaled(corners), [[-1, -1], [1, 1]])


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_the_degree_is_the_one_that_values_ask_for(degree: int) -> None:
    pixels = points(200)
    noisy = values(pixels, truth(degree))
    made = surfaces.chosen(
        FRAME, pixels, noisy, np.full(noisy.shape, ERROR), range(5), 4.0, Bounds(1.0)
    )
    assert made.degree == degree
    assert np.allclose(made.terms, truth(degree), atol=0.01)
    assert np.abs(made(pixels) - values(pixels, truth(degree), 0.0)).max() < 0.02
    assert made.excess < 0.005


@pytest.mark.parametrize(
    ("pixels", "limit"),
    [
        (points(20), 1.0),  # less than five for each of six terms
        (points(100) * [1, 0.25] + [0, -37], 0.05),  # in a quarter of the image
        (points(100) * [0, 1] + [150, 0], 1.0),  # along a line, off which nothing is known
    ],
)
def test_a_higher_degree_is_not_taken_where_it_would_be_a_guess(pixels: Any, limit: float) -> None:
    noisy = values(pixels, truth(2))
    made = surfaces.chosen(
        FRAME, pixels, noisy, np.full(noisy.shape, ERROR), range(3), 4.0, Bounds(limit)
    )
    assert made.degree < 2
    assert np.abs(made(points(200, 9))).max() < 1  # nowhere does it run away


def test_the_error_on_the_rim_is_what_fits_scatter_by() -> None:
    """Many fits to other noise, of points in the left half only, are the judge."""
    pixels = points(60) * [0.5, 1] + [50, 0]
    far = np.array([[299.5, -50.5], [299.5, 349.5]])
    flat, errors = np.zeros((2, 2, 2)), np.full((60, 2), ERROR)
    fits = [
        surfaces.fit(FRAME, pixels, values(pixels, flat, seed=seed), errors, 2, 9.0)
        for seed in range(150)
    ]
    scatter = np.std([each(far) for each in fits], axis=0).max()
    assert np.median([each.edge_error for each in fits]) == pytest.approx(scatter, rel=0.2)


def test_points_count_by_their_errors_and_strays_do_not() -> None:
    pixels = points(120)
    errors = np.full((120, 2), ERROR)
    errors[60:] *= 50
    noisy = values(pixels, truth(1))
    noisy[60:] += np.random.default_rng(3).normal(0, 50 * ERROR, (60, 2))
    noisy[:6] += 1.0
    made = surfaces.fit(FRAME, pixels, noisy, errors, 1, 4.0)
    assert not made.used[:6].any()
    assert made.used.sum() >= 110
    assert np.allclose(made.terms, truth(1), atol=0.01)


@pytest.mark.parametrize("excess", [0.0, 0.05])
def test_what_errors_do_not_explain_is_told(excess: float) -> None:
    pixels = points(400)
    noisy = values(pixels, truth(1), float(np.hypot(ERROR, excess)))
    made = surfaces.fit(FRAME, pixels, noisy, np.full(noisy.shape, ERROR), 1, 4.0)
    assert made.excess == pytest.approx(excess, rel=0.15, abs=0.004)
    assert made.errors[0, 0] == pytest.approx(np.hypot(ERROR, made.excess))
