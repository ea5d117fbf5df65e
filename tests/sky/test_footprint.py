"""Footprints: no pixel is outside, and a WCS that is wrong has none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.wcs import WCS, Sip

from persistence.errors import FormatterError
from persistence.sky import footprint, polygon
from persistence.types.pixels.box import Box
from persistence.types.wcs import sphere

pytest.importorskip("lsst.sphgeom")
SCALE = 0.263 / 3600


def tangent(ra: float, dec: float, scale: float = SCALE, mirror: int = -1) -> WCS:
    """Return a WCS without distortion, whose reference is the middle of 200 x 400 pixels."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [ra, dec], [100.5, 200.5]
    wcs.wcs.cdelt = [mirror * scale, scale]
    wcs.wcs.set()
    return wcs


def distorted(size: float) -> WCS:
    """Return a WCS with SIP, whose edges are curved."""
    wcs = tangent(150.0, 2.0)
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    a = np.zeros((3, 3))
    a[0, 2] = a[2, 0] = size
    wcs.sip = Sip(a, a.T, None, None, wcs.wcs.crpix)
    return wcs


def all_pixels(wcs: Any, box: Box) -> np.ndarray[Any, Any]:
    """Return the unit vectors of many positions in an image, edges included (by astropy)."""
    columns, rows = np.meshgrid(
        np.linspace(-0.5, box.width - 0.5, 61), np.linspace(-0.5, box.height - 0.5, 61)
    )
    return sphere.vector(*wcs.all_pix2world(columns.ravel(), rows.ravel(), 0))


@pytest.mark.parametrize(
    "wcs",
    [
        tangent(150, 2), tangent(0, 0), tangent(10, 90), tangent(10, -89.99), tangent(5, 5, mirror=1),
        tangent(200, 40, scale=0.05), tangent(0, 0, scale=0.5),
        distorted(1e-5), distorted(-1e-5), distorted(1e-4),
    ],
)  # fmt: skip
def test_no_pixel_is_outside(wcs: WCS) -> None:
    box = Box(0, 0, 200, 400)
    outline = footprint.of_wcs(wcs, box)
    planes = polygon.normals(outline.vertices)
    assert (all_pixels(wcs, box) @ planes.T > -1e-13).all()


def test_without_distortion_the_corners_are_the_vertices_and_the_area_that_of_the_pixels() -> None:
    outline = footprint.of_wcs(tangent(150, 2), Box(0, 0, 200, 400))
    assert outline.sagitta < 1e-12
    area = polygon.areas(outline.vertices[None])[0]
    assert area == pytest.approx(200 * 400 * np.radians(SCALE) ** 2, rel=1e-5)


def test_the_sagitta_is_that_of_the_parabola() -> None:
    """A distortion of 1e-4 x^2 moves the middle of 400 rows by 200^2 * 1e-4 = 4 pixels."""
    outline = footprint.of_wcs(distorted(1e-4), Box(0, 0, 200, 400))
    assert outline.sagitta == pytest.approx(4 * np.radians(SCALE), rel=0.1)


class _Broken:
    """A WCS that is not finite in some pixels."""

    frame = type("Frame", (), {"name": "icrs"})

    def __init__(self, ra: Any, dec: Any) -> None:
        self.ra, self.dec = ra, dec

    def pixel_to_world_values(self, x: Any, y: Any) -> Any:
        return self.ra(x, y), self.dec(x, y)


@pytest.mark.parametrize(
    ("wcs", "message"),
    [
        (_Broken(lambda x, y: x * 0 + 10, lambda x, y: y * 0), "no area"),
        (_Broken(lambda x, y: x * np.nan, lambda x, y: y * 0), "no position on the sky"),
        (_Broken(lambda x, y: x * 1.8, lambda x, y: y * 0.4 - 80), "hemisphere|no area|cross"),
        (_Broken(lambda x, y: 1e-3 * x * (y - 200), lambda x, y: 1e-3 * y), "no area|cross"),
        (_Broken(lambda x, y: x * 1.8, lambda x, y: y * 0.45 - 90), "hemisphere|no area"),
    ],
)
def test_a_wcs_that_is_wrong_has_no_footprint(wcs: Any, message: str) -> None:
    with pytest.raises(FormatterError, match=message):
        footprint.of_wcs(wcs, Box(0, 0, 200, 400))


def test_an_image_without_pixels_has_no_footprint() -> None:
    with pytest.raises(FormatterError, match="0 x 0"):
        footprint.of_wcs(tangent(0, 0), Box(0, 0, 0, 0))
