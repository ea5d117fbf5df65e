"""Which sources touch, and the runs of their pixels, beside what scipy labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from persistence.tasks import crowding, families
from persistence.types.psf.psf import SingleGaussianPsf
from persistence.types.table.footprint import HeavyFootprint

SEGMENTS = arrays.arrays(np.int32, (9, 11), elements=st.integers(0, 6))


def renumbered(segments: Any) -> tuple[Any, int]:
    """Return segments with numbers from 1 on, none left out."""
    names = np.unique(segments[segments > 0])
    return np.where(segments > 0, np.searchsorted(names, segments) + 1, 0), names.size


@settings(max_examples=60, deadline=None)
@given(SEGMENTS)
def test_families_are_the_islands_that_several_sources_share(segments: Any) -> None:
    from scipy import ndimage

    segments, number = renumbered(segments)
    order, kin = families.find(segments, number)
    islands, _count = ndimage.label(segments > 0, np.ones((3, 3)))
    # a source in pieces joins islands
    graph = {label: set(islands[segments == label]) for label in range(1, number + 1)}
    while True:
        merged = {
            label: set().union(*(other for other in graph.values() if other & own))
            for label, own in graph.items()
        }
        if merged == graph:
            break
        graph = merged
    together = {
        label + 1: frozenset(one + 1 for one in range(number) if graph[one + 1] == graph[label + 1])
        for label in range(number)
    }
    expected = {group for group in together.values() if len(group) > 1}
    found = {frozenset((order[kin.family == family] + 1).tolist()) for family in range(kin.number)}
    assert found == expected
    assert kin.children.tolist() == [len(order[kin.family == each]) for each in range(kin.number)]
    # those that are alone come first, then the members of each family together
    assert (np.diff(kin.family) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(SEGMENTS)
def test_runs_cover_each_source_and_nothing_else(segments: Any) -> None:
    segments, number = renumbered(segments)
    order, kin = families.find(segments, number)
    for place, source in enumerate(order):
        spans = kin.sources.spans(place, (100, 200))
        image = spans.mask(families_box(segments))
        assert np.array_equal(image, segments == source + 1)
        assert kin.sources.areas[place] == np.count_nonzero(segments == source + 1)
    for family in range(kin.number):
        members = order[kin.family == family] + 1
        spans = kin.parents.spans(family, (100, 200))
        assert np.array_equal(spans.mask(families_box(segments)), np.isin(segments, members))
        # neighbouring runs are one, and sorted: as afw has them
        assert not ((spans.x0[1:] == spans.x1[:-1] + 1) & (spans.y[1:] == spans.y[:-1])).any()
        assert (np.diff(spans.y) >= 0).all()


def families_box(segments: Any) -> Any:
    from persistence.types.pixels.box import Box

    return Box(100, 200, segments.shape[1], segments.shape[0])


def test_footprints_of_children_have_their_own_light(make_light: Any) -> None:
    x, y, flux = (
        np.array([30.0, 37.0, 60.0]),
        np.array([30.2, 32.0, 50.0]),
        [9000.0, 5000.0, 4000.0],
    )
    light = make_light(x, y, flux)
    segments = np.zeros(light.image.shape, np.int32)
    rows, columns = np.nonzero(light.image > 20)
    apart = (columns[:, None] - x) ** 2 + (rows[:, None] - y) ** 2
    segments[rows, columns] = apart.argmin(axis=1) + 1
    order, kin = families.find(segments, 3)
    assert (order.tolist(), kin.family.tolist()) == ([2, 0, 1], [-1, 0, 0])
    psf = SingleGaussianPsf((25, 25), 1.8)
    crowd = crowding.fit(light, psf, x[order], y[order], 8)
    mask = np.arange(light.image.size, dtype=np.int32).reshape(light.image.shape)
    sources, parents = families.footprints(kin, crowd, mask, np.array([7, 8, 9]))
    assert [isinstance(each, HeavyFootprint) for each in sources] == [False, True, True]
    for source, number in zip(sources[1:], (0, 1), strict=True):
        only = make_light(x[number : number + 1], y[number : number + 1], flux[number : number + 1])
        rows, columns = source.spans.indices()
        # what a square of 17 pixels cuts off is there no more
        assert source.image == pytest.approx(only.image[rows, columns], abs=2)
        assert np.array_equal(source.mask_values, mask[rows, columns])
        assert (source.variance == light.variance[rows, columns]).all()
    assert parents[0].area == sources[1].area + sources[2].area
    assert parents[0].peaks["id"].tolist() == [8, 9]
    assert sources[0].peaks[["i_x", "i_y"]].tolist() == [(60, 50)]
    assert kin.brightest(crowd.flux).tolist() == [1]
