"""Polygons on the sphere: their bytes, areas and common parts, against lsst.sphgeom and counts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from persistence.errors import RegistryError
from persistence.sky import polygon
from persistence.types.wcs import sphere

sphgeom = pytest.importorskip("lsst.sphgeom")


def square(ra: float, dec: float, side: float = 1.0) -> NDArray[np.float64]:
    """Return a square around a position (deg), counterclockwise."""
    along = [45.0, 135.0, 225.0, 315.0]
    return sphere.vector(*sphere.away(ra, dec, np.array(along), side / np.sqrt(2)))


def test_the_bytes_are_those_that_sphgeom_encodes() -> None:
    vertices = square(10.0, 20.0)
    shape = sphgeom.ConvexPolygon([sphgeom.UnitVector3d(*each) for each in vertices.tolist()])
    mine = polygon.from_bytes(shape.encode()[1:])
    assert np.array_equal(
        mine, np.array([[each.x(), each.y(), each.z()] for each in shape.getVertices()])
    )
    assert polygon.decoded(polygon.to_bytes(mine)) == shape


@pytest.mark.parametrize(
    "content", [b"", b"x" * 71, b"x" * 48, np.zeros(9).tobytes(), np.full(9, np.nan).tobytes()]
)
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(RegistryError, match="polygon"):
        polygon.from_bytes(content)


@pytest.mark.parametrize(("ra", "dec"), [(10, 20), (0, 0), (359.9, -5), (0, 90), (120, -89.8)])
def test_an_octant_and_small_squares_have_their_areas(ra: float, dec: float) -> None:
    assert polygon.areas(np.eye(3)[None])[0] == pytest.approx(np.pi / 2)
    side = 0.01
    expected = np.radians(side) ** 2
    assert polygon.areas(square(ra, dec, side)[None])[0] == pytest.approx(expected, rel=1e-6)


def test_the_common_part_is_what_random_positions_say() -> None:
    """Positions are counted that lie in both polygons, according to lsst.sphgeom."""
    random = np.random.default_rng(5)
    whole = square(359.9, 89.0, 2.0)
    parts = [square(ra, dec, 1.5) for ra, dec in [(10, 89.5), (200, 89.9), (359.9, 87.4), (0, 0)]]
    positions = random.normal(size=(40_000, 3)) * 0.02 + whole.mean(axis=0)
    positions /= np.linalg.norm(positions, axis=1, keepdims=True)
    ra, dec = (np.radians(each) for each in sphere.angles(positions))
    within = polygon.decoded(polygon.to_bytes(whole)).contains(ra, dec)
    # far from the plane of projection, positions count for the area that they stand for
    weights = (positions @ whole.mean(axis=0) / np.linalg.norm(whole.mean(axis=0))) ** -3
    density = np.exp(0.5 * ((positions / (positions @ whole.mean(axis=0))[:, None]
        - whole.mean(axis=0)) / 0.02 ** 1) ** 2).prod(axis=1)  # fmt: skip
    counts = weights * density
    for part, fraction in zip(parts, polygon.covered(whole, parts), strict=True):
        both = within & polygon.decoded(polygon.to_bytes(part)).contains(ra, dec)
        assert fraction == pytest.approx(counts[both].sum() / counts[within].sum(), abs=0.03)


def test_of_itself_a_polygon_covers_all_and_of_a_distant_one_nothing() -> None:
    whole = square(0.0, 90.0)
    assert polygon.covered(whole, [whole, square(0, -90), square(180, 0)]).tolist() == [1, 0, 0]
    assert polygon.covered(whole, []).shape == (0,)
