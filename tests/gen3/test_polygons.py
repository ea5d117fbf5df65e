"""Polygons in the bytes of lsst.sphgeom, which reads them here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.gen3 import polygons

sphgeom = pytest.importorskip("lsst.sphgeom", reason="lsst-sphgeom is not installed")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.floats(0, 360), st.floats(-90, 90),
    st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=0, max_size=9),
)  # fmt: skip
def test_sphgeom_reads_a_hull_that_contains_all_points(
    ra: float, dec: float, others: list[tuple[float, float]]
) -> None:
    middle = polygons.vectors(ra, dec)
    east = np.cross([0.36, 0.48, 0.8], middle)
    if np.linalg.norm(east) < 0.1:
        return
    east /= np.linalg.norm(east)
    north = np.cross(middle, east)
    grid = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), *others]) * 0.02
    points = middle + grid[:, :1] * east + grid[:, 1:] * north
    points /= np.linalg.norm(points, axis=1)[:, None]
    text = polygons.encoded(polygons.hull(points))
    read = sphgeom.ConvexPolygon.decode(bytes.fromhex(text))
    assert len(read.getVertices()) == 4
    inside = points * 0.999999 + middle * 0.000001
    assert all(read.contains(sphgeom.UnitVector3d(*point)) for point in inside)
    assert np.allclose(polygons.decoded(read.encode().hex()), polygons.decoded(text), atol=1e-15)


def test_the_corners_are_decoded_as_sphgeom_has_them() -> None:
    corners = polygons.hull(polygons.vectors([10, 11, 11, 10], [0, 0, 1, 1]))
    encoded = sphgeom.ConvexPolygon([sphgeom.UnitVector3d(*each) for each in corners]).encode()
    assert np.allclose(polygons.decoded(encoded.hex()), corners, rtol=0, atol=1e-15)
