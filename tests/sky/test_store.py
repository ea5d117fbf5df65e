"""The file of regions: candidates are never fewer than the truth; better regions replace others."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from persistence.sky import polygon
from persistence.sky import store as store_module
from persistence.sky.regions import Outline
from persistence.sky.store import Entry, Store, WrongVersion
from persistence.types.wcs import sphere

sphgeom = pytest.importorskip("lsst.sphgeom")


def entry(exposure: str, content: bytes | None, rank: int = 0, tract: int | None = None) -> Entry:
    """Return an entry of the store."""
    name = ("raw", "calexp", "jointcal_wcs")[rank]
    return Entry(name, f"{exposure} {tract}", exposure, tract, rank, "/r", "p", 1, 1, content, "")


def random_polygons(number: int, seed: int) -> list[bytes]:
    """Return triangles and quadrangles: everywhere, at the poles, at RA 0; many are slivers."""
    random = np.random.default_rng(seed)
    polygons: list[bytes] = []
    while len(polygons) < number:
        where = random.integers(4)
        ra = random.choice([0.0, 360.0, random.uniform(0, 360)])
        dec = {0: 90.0, 1: -90.0, 2: 0.0}.get(int(where), random.uniform(-90, 90))
        size = 10 ** random.uniform(-4, 1)
        count = int(random.integers(3, 6))
        bearings = np.sort(random.uniform(0, 360, count))
        distances = size * random.uniform(0.2, 1, count)
        if random.random() < 0.3:  # a sliver
            bearings = np.array([0.0, 180.0, 180.0 + 10 ** random.uniform(-6, 0)])
            distances = np.array([size, size, size * 0.7])
        vectors = sphere.vector(*sphere.away(ra, dec, bearings, distances))
        try:
            shape = sphgeom.ConvexPolygon([sphgeom.UnitVector3d(*one) for one in vectors.tolist()])
        except (ValueError, RuntimeError):  # points on one great circle
            continue
        polygons.append(shape.encode()[1:])
    return polygons


def check_agreement(first: list[bytes], second: list[bytes]) -> int:
    """Compare the store's answers with those about every pair of polygons; return how many meet."""
    store = Store()
    entries = [entry(str(number), content) for number, content in enumerate(first)]
    with store.transaction():
        store.add(entries, [polygon.bounds(polygon.from_bytes(each)) for each in first])
    shapes = [sphgeom.ConvexPolygon.decode(b"p" + each) for each in first]
    meeting = 0
    for content in second:
        region = Outline(content)
        near = {int(name): its for name, its, _ in store.near(region.bounds(), 0, 9)}
        ours = {number for number, its in near.items() if region.intersects(its)}
        shape = sphgeom.ConvexPolygon.decode(b"p" + content)
        expected = {number for number, each in enumerate(shapes) if each.intersects(shape)}
        assert ours == expected
        meeting += len(ours)
    return meeting


def test_the_store_agrees_with_every_pair_of_random_polygons() -> None:
    assert check_agreement(random_polygons(100, 1), random_polygons(60, 2)) > 100


@pytest.mark.slow
def test_the_store_agrees_with_a_hundred_thousand_pairs() -> None:
    assert check_agreement(random_polygons(500, 3), random_polygons(200, 4)) > 2000


def test_common_positions_are_always_in_candidates() -> None:
    """Another author than lsst.sphgeom: positions inside both polygons, by half-spaces alone."""
    polygons = random_polygons(60, 7)
    store = Store()
    with store.transaction():
        store.add(
            [entry(str(number), content) for number, content in enumerate(polygons)],
            [polygon.bounds(polygon.from_bytes(each)) for each in polygons],
        )
    random, meeting = np.random.default_rng(8), 0
    planes = [polygon.normals(polygon.from_bytes(each)) for each in polygons]
    for content in random_polygons(60, 9):
        vertices = polygon.from_bytes(content)
        weights = random.dirichlet(np.ones(len(vertices)), size=50)
        inside = weights @ vertices
        near = {int(name) for name, _, _ in store.near(Outline(content).bounds(), 0, 9)}
        for number, its in enumerate(planes):
            if (inside @ its.T > 1e-9).all(axis=1).any():
                assert number in near
                assert Outline(content).intersects(polygons[number])
                meeting += 1
    assert meeting > 20


def square(ra: float, dec: float) -> NDArray[np.float64]:
    """Return a square of 2 deg."""
    return sphere.vector(*sphere.away(ra, dec, np.array([45.0, 135, 225, 315]), np.sqrt(2)))


def test_polygons_that_share_an_edge_or_a_corner_touch() -> None:
    corners = sphere.vector(np.array([0.0, 1, 2, 0, 1, 2]), np.array([0.0, 0, 0, 1, 1, 1]))
    left, right = corners[[0, 1, 4, 3]], corners[[1, 2, 5, 4]]
    assert Outline(polygon.to_bytes(left)).intersects(polygon.to_bytes(right))
    assert check_agreement([polygon.to_bytes(left)], [polygon.to_bytes(right)]) == 1


def near(store: Store, ra: float, highest: int, tract: int | None = None) -> list[tuple[str, str]]:
    """Return the exposures near a position, with the type of their region."""
    region = Outline(polygon.to_bytes(square(ra, 0.0)))
    return sorted((name, kind) for name, _, kind in store.near(region.bounds(), 0, highest, tract))


def test_a_better_region_takes_the_place_of_a_worse_one() -> None:
    store = Store()
    entries = [
        entry("a", polygon.to_bytes(square(0, 0))),
        entry("a", polygon.to_bytes(square(20, 0)), rank=1),
        entry("a", polygon.to_bytes(square(40, 0)), rank=2, tract=7),
        entry("b", polygon.to_bytes(square(0, 0))),
        entry("b", None, rank=1),  # without a region: the raw's counts
    ]
    with store.transaction():
        store.add(
            entries,
            [each.polygon and polygon.bounds(polygon.from_bytes(each.polygon)) for each in entries],  # type: ignore[misc]
        )
    assert near(store, 0, 0) == [("a", "raw"), ("b", "raw")]
    assert near(store, 0, 1) == [("b", "raw")]
    assert near(store, 20, 1) == [("a", "calexp")]
    assert near(store, 20, 2) == []
    assert near(store, 40, 2, 7) == [("a", "jointcal_wcs")]
    assert near(store, 20, 2, 8) == [("a", "calexp")]  # the fit is for another tract
    assert store.of_exposures(["a", "b"], 0, 2)["a"][1] == "jointcal_wcs"


def test_a_file_of_another_version_is_not_read(tmp_path: Path) -> None:
    path = str(tmp_path / "sky.sqlite3")
    Store(path).connection.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(WrongVersion, match="version 99"):
        Store(path)


def test_a_failed_write_leaves_all_as_it_was() -> None:
    store = Store()
    with pytest.raises(sqlite3.IntegrityError), store.transaction():
        store.add([entry("a", None), entry("a", None)], [None, None])
    assert store.entries("raw") == []


@pytest.mark.parametrize("content", [b"x" * 4096, None], ids=["damaged", "another version"])
def test_a_file_that_cannot_be_read_is_closed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    path = tmp_path / "regions.sqlite3"
    if content is None:
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    else:
        path.write_bytes(content)
    closed = []

    class Counting(sqlite3.Connection):
        def close(self) -> None:
            closed.append(self)
            super().close()

    monkeypatch.setattr(store_module, "Connection", Counting)
    with pytest.raises((WrongVersion, sqlite3.DatabaseError)):
        Store(str(path))
    assert len(closed) == 1


def test_the_data_ids_of_an_exposure_are_found_without_a_look_at_the_others() -> None:
    store = Store()
    with store.transaction():
        store.add([entry(str(number), None) for number in range(3000)], [None] * 3000)
    steps = []
    store.connection.set_progress_handler(lambda: steps.append(1), 100)
    assert list(store.of_type("raw", ["1234"])) == [("1234", "1234 None")]
    assert len(steps) < 10
