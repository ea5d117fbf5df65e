"""Pairs are the nearest first, whoever looks for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.apdb.association import associate

ARCSEC = 1 / 3600


def slowly(objects: Any, sources: Any, radius: float) -> list[int]:
    """Pair by going through all separations, which astropy computes, from the smallest on."""
    there, here = (SkyCoord(*each, unit="deg") for each in (objects, sources))
    apart = here[:, None].separation(there[None, :]).arcsec
    pairs, taken = [-1] * len(here), set()
    for source, target in zip(
        *np.unravel_index(np.argsort(apart, axis=None), apart.shape), strict=True
    ):
        if apart[source, target] <= radius and pairs[source] < 0 and target not in taken:
            pairs[source] = int(target)
            taken.add(target)
    return pairs


offsets = st.lists(
    st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=12, unique=True
)


@settings(max_examples=30, deadline=None)
@given(offsets, offsets, st.sampled_from([(0.0, 0.0), (359.9999, -60.0), (120.0, 89.999)]))
def test_pairs_are_those_of_the_slow_way(one: Any, other: Any, centre: tuple[float, float]) -> None:
    middle = SkyCoord(*centre, unit="deg")
    positions = []
    for east, north in (np.array(one).T, np.array(other).T):
        moved = middle.spherical_offsets_by(east * units.arcsec, north * units.arcsec)
        positions.append((moved.ra.deg, moved.dec.deg))
    apart = SkyCoord(*positions[1], unit="deg")[:, None].separation(
        SkyCoord(*positions[0], unit="deg")[None, :]
    )
    gaps = np.diff(np.sort(apart.arcsec, axis=None))
    if (gaps < 1e-6).any() or (np.abs(apart.arcsec - 1) < 1e-6).any():
        return  # equally far, but for rounding
    pairs = associate(*positions, radius=1.0)
    assert pairs.objects.tolist() == slowly(*positions, radius=1.0)


def test_each_object_has_one_source_and_the_nearest() -> None:
    pairs = associate(([10.0], [0.0]), ([10.0, 10.0], [0.5 * ARCSEC, 0.2 * ARCSEC]), 1.0)
    assert pairs.objects.tolist() == [-1, 0]
    assert pairs.distances[1] == pytest.approx(0.2)
    assert np.isnan(pairs.distances[0])


def test_right_ascension_goes_round() -> None:
    pairs = associate(([359.99995], [10.0]), ([0.00005], [10.0]), 1.0)
    assert pairs.objects.tolist() == [0]


def test_nothing_belongs_to_nothing() -> None:
    nothing: Any = (np.zeros(0), np.zeros(0))
    assert associate(nothing, ([1.0], [1.0]), 1.0).objects.tolist() == [-1]
    assert associate(([1.0], [1.0]), nothing, 1.0).objects.size == 0


def test_a_chain_of_neighbours_is_taken_apart_from_its_closest_pair() -> None:
    """Objects at 0 and 1.4 arcsec, sources at 0.6 and 2.0: the second pair is closer by nothing."""
    objects = ([10.0, 10.0], [0.0, 1.4 * ARCSEC])
    sources = ([10.0, 10.0], [0.65 * ARCSEC, 1.9 * ARCSEC])
    assert associate(objects, sources, 1.0).objects.tolist() == [0, 1]
