"""``butler.sky.regions``, ``depth``, ``moc`` and ``hull``: shapes by astropy and mocpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Butler, DataIdError, NoResults
from persistence.sky import Circle, polygon
from persistence.types.table.catalog import Catalog

from .conftest import SCALE, SIZE, VISITS, calexp, write


def is_on(place: tuple[float, float], points: SkyCoord, margin: float = 0.0) -> np.ndarray:
    """Return whether points are on the image around a place, by astropy's WCS."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], place
    wcs.wcs.crpix, wcs.wcs.cdelt = [(SIZE + 1) / 2] * 2, [-SCALE, SCALE]
    x, y = wcs.world_to_pixel(points)
    low, high = -0.5 - margin, SIZE - 0.5 + margin
    inside: np.ndarray = (x >= low) & (x <= high) & (y >= low) & (y <= high)
    return inside


def points(number: int = 4000) -> SkyCoord:
    """Return random positions in and around the survey."""
    rng = np.random.default_rng(23)
    ra, dec = rng.uniform(-0.03, 0.22, number), rng.uniform(-0.02, 0.03, number)
    return SkyCoord(ra % 360, dec, unit="deg")


def test_regions_are_those_of_the_datasets(survey: Path) -> None:
    sky = Butler(str(survey)).sky
    shapes = sorted(sky.regions("raw", columns="filter"), key=lambda one: one.dataId["visit"])
    assert [(one.dataId["visit"], one.dataId["filter"]) for one in shapes] == [
        (1, "r"), (2, "r"), (3, "g"),
    ]  # fmt: skip
    for shape, place in zip(shapes, VISITS.values(), strict=True):
        (region,) = shape.regions
        every = points()
        vectors = np.ascontiguousarray(every.cartesian.xyz.value)
        np.testing.assert_array_equal(region.sphgeom().contains(*vectors), is_on(place, every))
    assert [one.dataId["visit"] for one in sky.regions("raw", filter="r")] == [1, 2]
    near = sky.regions("raw", region=Circle(0.19, 0.0))
    assert [one.dataId["visit"] for one in near] == [3]


def test_a_visit_has_the_regions_of_its_detectors(survey: Path) -> None:
    write(calexp(survey, 1, 1), 0.0, 0.0)
    write(calexp(survey, 1, 2), 0.1, 0.0)
    path = survey / "0000001/summary/visitSummary-0000001.fits"
    path.parent.mkdir()
    path.touch()
    sky = Butler(str(survey)).sky
    assert [len(one.regions) for one in sky.regions("calexp")] == [1, 1]
    (visit,) = sky.regions("visitSummary")
    assert visit.dataId["visit"] == 1
    found = {region.content for region in visit.regions}
    assert found == {region.content for one in sky.regions("calexp") for region in one.regions}


def test_patches_have_those_of_the_sky_map(survey: Path) -> None:
    path = survey / "deepCoadd/r/0/1,1.fits"
    write(path, 0, 0)
    butler = Butler(str(survey))
    (shape,) = butler.sky.regions("deepCoadd")
    assert shape.dataId["patch"] == "1,1"
    (region,) = shape.regions
    corners = butler.sky.map()[0]["1,1"].corners
    vectors = corners.cartesian.xyz.value.T
    away = np.linalg.norm(region.vertices()[:, None] - vectors, axis=-1).min(axis=1)
    assert away.max() < 1e-9


def test_datasets_without_a_region_are_listed_with_none(survey: Path) -> None:
    write(calexp(survey, 9), 0, 0, wcs=False)
    write(calexp(survey, 1), *VISITS[1])
    sky = Butler(str(survey)).sky
    assert [len(one.regions) for one in sky.regions("calexp")] == [1, 0]
    assert len(sky.depth("calexp", order=15).pixels) > 0
    with pytest.raises(DataIdError, match="has no position on the sky"):
        sky.regions("bias")


def test_the_depth_is_the_number_of_images(survey: Path) -> None:
    sky = Butler(str(survey)).sky
    write(calexp(survey, 1), 0.0, 0.0)
    write(calexp(survey, 2), 0.0, 15 / 3600)
    depth = sky.depth("calexp", order=18)
    every = points()
    number = sum(is_on(place, every).astype(int) for place in ((0.0, 0.0), (0.0, 15 / 3600)))
    found = depth.at(every.cartesian.xyz.value.T)
    assert (found != number).mean() < 0.01  # at the edges, the pixels of the map are coarser
    assert depth.area == pytest.approx(60 * 75 / 3600**2, rel=0.01)
    weighted = sky.depth("calexp", order=18, weight="visit")
    assert weighted.values.max() == 3
    with pytest.raises(DataIdError, match=r"filter='g' of .*: expected a column of numbers"):
        sky.depth("raw", weight="filter")


def test_a_moc_has_the_positions_of_the_images(survey: Path) -> None:
    pytest.importorskip("mocpy", reason="pip install '.[sky]'")
    butler, every, order = Butler(str(survey)), points(), 17
    cell = 3600 * 58.6 / 2**order  # arcsec, which are pixels
    moc = butler.sky.moc("raw", order=order)
    assert moc.max_order == order
    inside = moc.contains_skycoords(every)
    is_on_one = np.any([is_on(place, every) for place in VISITS.values()], axis=0)
    is_near = np.any([is_on(place, every, 2 * cell) for place in VISITS.values()], axis=0)
    assert inside[is_on_one].all()
    assert not inside[~is_near].any()
    assert is_on_one.sum() > 200
    some = butler.sky.moc("raw", order=order, filter="g")
    assert (some.contains_skycoords(every) & is_on(VISITS[1], every)).sum() == 0
    assert butler.sky.moc("raw", "visit == 99", order=3).empty()
    path = survey / "moc.fits"
    moc.save(path, format="fits")
    with fits.open(path) as hdus:  # the IVOA's keywords
        assert (hdus[1].header["MOCORD_S"], hdus[1].header["COORDSYS"]) == (order, "C")
    with pytest.raises(DataIdError, match="order=30: expected a whole number, 0 to 29"):
        butler.sky.moc("raw", order=30)


def test_a_hull_has_the_positions_of_a_catalog(survey: Path) -> None:
    rng = np.random.default_rng(5)
    ra, dec = rng.normal(0.0, 0.01, (2, 300))
    catalog = Catalog(
        {
            "id": np.arange(301),
            "coord_ra": np.append(np.radians(ra % 360), np.nan) * units.rad,
            "coord_dec": np.append(np.radians(dec), 0.0) * units.rad,
        }
    )
    butler = Butler(str(survey))
    butler.put(catalog, "src", visit=1, ccdnum=1)
    hull = butler.sky.hull("src", visit=1, ccdnum=1)
    vectors = SkyCoord(ra, dec, unit="deg").cartesian.xyz.value
    inward = polygon.normals(hull.vertices()) @ vectors
    assert (inward >= -1e-15).all()  # all are inside,
    assert ((np.abs(inward) < 1e-12).sum(axis=1) >= 2).all()  # and each edge has two of them
    few = Catalog({"coord_ra": [1.0, 2.0] * units.deg, "coord_dec": [1.0, np.nan] * units.deg})
    butler.put(few, "src", visit=2, ccdnum=1)
    with pytest.raises(NoResults, match=r"No hull of: src .*\n  1 of 2 sources have a position"):
        butler.sky.hull("src", visit=2, ccdnum=1)
    butler.put(Catalog({"id": [1, 2, 3]}), "src", visit=3, ccdnum=1)
    with pytest.raises(DataIdError, match="has no positions: expected columns coord_ra"):
        butler.sky.hull("src", visit=3, ccdnum=1)
