"""Warped exposures: stars are where the sky has them, fluxes and flags go with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from persistence import Exposure
from persistence.pipe.task import TaskError
from persistence.tasks.difference.warp import NO_DATA, Mapping, warp
from persistence.types.pixels.box import Box

from .conftest import SHAPE, drawn, make_wcs

BOX = Box(0, 0, SHAPE[1], SHAPE[0])


@pytest.mark.parametrize(
    ("shift", "turn"), [((0.0, 0.0), 0.0), ((7.3, -4.6), 0.0), ((12.5, 20.25), 0.4)]
)
def test_stars_are_drawn_where_astropy_has_them(
    make: Callable[..., Exposure], stars: Any, shift: tuple[float, float], turn: float
) -> None:
    """The judge draws the same stars at the pixels that `all_world2pix` tells."""
    x, y, flux = stars
    there, here = make_wcs(shift, turn), make_wcs()
    warped = warp(make(x, y, flux, wcs=there, seed=None), here, BOX)
    at = here.all_world2pix(*there.all_pix2world(x, y, 0), 0)
    right = drawn(*at, flux, 1.6)
    good = ~warped.mask[NO_DATA]  # type: ignore[index]
    assert good.mean() > 0.7
    assert np.abs(warped.image - right)[good].max() < 2e-3 * right.max()
    assert warped.bbox == BOX
    assert warped.psf.width() == pytest.approx(1.6, rel=1e-3)


def test_what_it_does_not_reach_has_no_data(make: Callable[..., Exposure]) -> None:
    warped = warp(make([], [], [], wcs=make_wcs((100.0, 0.0))), make_wcs(), BOX)
    lost = warped.mask[NO_DATA]  # type: ignore[index]
    assert lost[:, -95:].all()
    assert not lost[10:-10, 10:150].any()
    assert np.isinf(warped.variance[lost]).all()  # type: ignore[index]
    assert (warped.image[lost] == 0).all()


def test_flags_go_with_their_pixels_and_spread_by_one(make: Callable[..., Exposure]) -> None:
    given = make([], [], [], wcs=make_wcs((20.0, 30.0)))
    given.mask.array[100, 90] |= 1 << given.mask.planes["BAD"]  # type: ignore[union-attr]
    bad = warp(given, make_wcs(), BOX).mask["BAD"]  # type: ignore[index]
    assert np.argwhere(bad).mean(axis=0) == pytest.approx([70, 70])
    assert np.count_nonzero(bad) == 9


def test_a_pixel_that_is_no_number_spoils_no_others(make: Callable[..., Exposure]) -> None:
    given = make([], [], [])
    given.image[50, 60] = np.nan
    assert np.isfinite(warp(given, make_wcs((0.5, 0.5)), BOX).image).all()


def test_without_overlap_it_is_an_error(make: Callable[..., Exposure]) -> None:
    with pytest.raises(TaskError, match="do not overlap"):
        warp(make([], [], [], wcs=make_wcs((5000.0, 0.0))), make_wcs(), BOX)


def test_a_mapping_tells_where_a_point_lies() -> None:
    here, there = make_wcs(), make_wcs((3.0, -2.0), 1.0)
    mapping = Mapping(here, BOX, there)
    right = there.all_world2pix(*here.all_pix2world(50.5, 200.25, 0), 0)
    assert mapping.point(50.5, 200.25) == pytest.approx([float(axis) for axis in right], abs=1e-4)
    x, y = mapping.rows(200, 201)
    assert (x[0, 50], y[0, 50]) == pytest.approx(mapping.point(50, 200), abs=1e-9)
