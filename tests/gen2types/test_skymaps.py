"""Sky maps by the names of `lsst.skymap`: against what the original computes."""

from __future__ import annotations

import importlib
import pickle
from typing import Any

import numpy as np
import pytest

import lsst.skymap
from lsst.geom import Angle, Box2I, Extent2I, Point2D, Point2I, SpherePoint, degrees
from lsst.skymap import BaseSkyMap, DiscreteSkyMap, PatchInfo, RingsSkyMap, TractInfo
from persistence.errors import PolicyError
from persistence.gen2types import unwrap, wrap
from persistence.gen2types.wcs import SkyWcs

HSC = {"numRings": 120, "projection": "TAN", "tractOverlap": 1 / 60, "pixelScale": 0.168}


@pytest.fixture(scope="module")
def hsc() -> RingsSkyMap:
    config = RingsSkyMap.ConfigClass()
    for name, value in HSC.items():
        setattr(config, name, value)
    return RingsSkyMap(config)


@pytest.fixture(scope="module")
def answers(vectors: Any) -> Any:
    return vectors("skymaps")["maps"]


def box_of(answer: dict[str, int]) -> Box2I:
    corner, size = (answer["minX"], answer["minY"]), (answer["width"], answer["height"])
    return Box2I(Point2I(*corner), Extent2I(*size))


def apart(place: SpherePoint, ra: float, dec: float) -> float:
    """Return how far a position is from another one (arcsec)."""
    return float(place.separation(SpherePoint(ra, dec, degrees)).asArcseconds())


@pytest.mark.parametrize("number", range(16))
def test_tracts_and_patches_are_the_originals(answers: Any, number: int) -> None:
    answer = answers[number]
    made = made_of(answer)
    assert len(made) == answer["numTracts"]
    assert made.getSha1().hex() == answer["sha1"]
    for expected in answer["tracts"]:
        tract = made[expected["id"]]
        assert isinstance(tract, TractInfo)
        assert tract.getId() == expected["id"]
        assert apart(tract.getCtrCoord(), *expected["center"]) < 1e-6
        assert len(tract.getVertexList()) == len(expected["vertices"])
        for vertex, place in zip(tract.getVertexList(), expected["vertices"], strict=True):
            assert abs(place[1]) > 89 or apart(vertex, *place) < 1e-3
        assert tract.getBBox() == box_of(expected["bbox"])
        assert list(tract.getNumPatches()) == expected["numPatches"]


@pytest.mark.parametrize("number", range(16))
def test_a_position_is_in_the_tract_that_the_original_gives(answers: Any, number: int) -> None:
    made = made_of(answers[number])
    for case in answers[number]["findTract"]:
        place = SpherePoint(case["ra"], case["dec"], degrees)
        tract = made.findTract(place)
        assert tract.getId() == case["tract"]
        found = made.findTractIdArray([case["ra"]], [case["dec"]], degrees=True)
        assert found.tolist() == [case["tract"]]
        found = made.findTractIdArray(np.radians([case["ra"]]), np.radians([case["dec"]]))
        assert found.tolist() == [case["tract"]]
        if case.get("patch") is not None:
            pixel = tract.getWcs().skyToPixel(place)
            assert tuple(pixel) == pytest.approx(case["pixel"], abs=1e-4)
            assert list(tract.findPatch(place).getIndex()) == case["patch"]


def made_of(answer: dict[str, Any]) -> Any:
    """Return the map of an answer: of its configuration, and of its version."""
    kind = getattr(lsst.skymap, answer["className"])
    config = kind.ConfigClass(**answer["config"])
    version = answer["version"]
    if kind(config).astropy.version == version:
        return kind(config)
    version = tuple(version) if isinstance(version, list) else version
    return wrap(kind._kind(config.made(), version))


def test_a_tract_has_a_wcs_whose_pixels_are_its_patches(hsc: RingsSkyMap) -> None:
    tract = hsc.findTract(SpherePoint(150.1, 2.2, degrees))
    wcs = tract.getWcs()
    assert isinstance(wcs, SkyWcs)
    assert apart(tract.getCtrCoord(), *wcs.getSkyOrigin().getPosition(degrees)) < 1e-6
    assert wcs.getPixelScale().asArcseconds() == pytest.approx(0.168, rel=1e-9)
    patch = tract[3, 4]
    assert isinstance(patch, PatchInfo)
    assert patch == tract.getPatchInfo((3, 4)) == tract["3,4"]
    assert (patch.getIndex(), patch.getSequentialIndex()) == ((3, 4), 4 * tract.num_patches[0] + 3)
    inner = patch.getInnerBBox()
    assert inner == Box2I(Point2I(12000, 16000), Extent2I(4000, 4000))
    assert patch.getOuterBBox() == inner.dilatedBy(100)
    middle = wcs.pixelToSky(Point2D(*inner.getCenter()))
    assert tract.findPatch(middle) == patch
    assert tract.contains(middle)
    assert tract.getPatchIndexPair(patch.getSequentialIndex()) == (3, 4)
    assert tract.getSequentialPatchIndex(patch) == patch.sequential_index
    assert len(list(tract)) == len(tract) == tract.num_patches[0] * tract.num_patches[1]
    with pytest.raises(LookupError):
        tract.findPatch(SpherePoint(10.0, 80.0, degrees))
    with pytest.raises(IndexError, match="no patch"):
        tract[99, 0]


def test_patches_about_positions_are_found(hsc: RingsSkyMap) -> None:
    middle = SpherePoint(150.1, 2.2, degrees)
    places = [middle, middle.offset(0 * degrees, 0.15 * degrees)]
    tract = hsc.findTract(middle)
    patches = tract.findPatchList(places)
    corners = [tract.findPatch(place).getIndex() for place in places]
    found = {patch.getIndex() for patch in patches}
    assert set(corners) <= found
    assert (tract, patches) in hsc.findTractPatchList(places)
    ((closest, again),) = hsc.findClosestTractPatchList([middle])
    assert closest == tract
    assert tract.findPatch(middle) in again
    everywhere = hsc.findAllTracts(middle)
    assert tract in everywhere
    assert all(each.contains(middle) for each in everywhere)


def test_polygons_on_the_sky_hold_what_they_are_of(hsc: RingsSkyMap) -> None:
    pytest.importorskip("lsst.sphgeom")
    tract = hsc[9813]
    inside = tract.getCtrCoord().getVector()
    assert tract.getOuterSkyPolygon().contains(inside)
    assert tract.getInnerSkyPolygon().contains(inside)
    patch = tract.findPatch(tract.getCtrCoord())
    assert patch.getOuterSkyPolygon(tract.getWcs()).contains(inside)
    assert patch.getInnerSkyPolygon(tract.getWcs()).contains(inside)


def test_a_discrete_map_is_configured_value_by_value() -> None:
    config = DiscreteSkyMap.ConfigClass()
    config.raList.append(10.0)
    config.decList = [20.0]
    config.radiusList = [0.1]
    config.pixelScale = 0.2
    sky_map = DiscreteSkyMap(config)
    assert len(sky_map) == 1
    assert apart(sky_map[0].getCtrCoord(), 10.0, 20.0) == 0
    assert sky_map.config.pixelScale == 0.2
    assert sky_map.config == config
    assert pickle.loads(pickle.dumps(config)) == config
    with pytest.raises(AttributeError, match="did you mean 'raList'"):
        config.raLists = [1.0]
    with pytest.raises(PolicyError, match="of one length"):
        DiscreteSkyMap(DiscreteSkyMap.ConfigClass(raList=[1.0]))
    with pytest.raises(PolicyError, match="needs numRings"):
        RingsSkyMap(RingsSkyMap.ConfigClass())
    with pytest.raises(TypeError, match="abstract class"):
        BaseSkyMap()


def test_a_map_is_a_face(hsc: RingsSkyMap) -> None:
    again = wrap(unwrap(hsc))
    assert type(again) is RingsSkyMap
    assert again == hsc == pickle.loads(pickle.dumps(hsc))
    assert type(wrap(unwrap(hsc[7]))) is TractInfo
    assert type(wrap(unwrap(hsc[7][0, 0]))) is PatchInfo
    assert hsc[7].getTractOverlap().asDegrees() == pytest.approx(1 / 60)
    assert isinstance(hsc[7].getTractOverlap(), Angle)
    assert lsst.skymap.skyMapRegistry["rings"] is RingsSkyMap


@pytest.mark.parametrize(
    ("module", "name"),
    [("ringsSkyMap", "RingsSkyMap"), ("discreteSkyMap", "DiscreteSkyMapConfig"),
     ("baseSkyMap", "BaseSkyMap"), ("tractInfo", "TractInfo"), ("patchInfo", "PatchInfo"),
     ("dodecaSkyMap", "DodecaSkyMap"), ("equatSkyMap", "EquatSkyMap"),
     ("healpixSkyMap", "HealpixSkyMap")],
)  # fmt: skip
def test_modules_of_kinds_are_there(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(f"lsst.skymap.{module}"), name)
