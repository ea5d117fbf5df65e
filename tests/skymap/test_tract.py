"""Tracts and patches: indices, boxes, corners, and which patch a position is in."""

from __future__ import annotations

import itertools
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence import skymap
from persistence.errors import DataIdError, NotInSkyMap, PersistenceError
from persistence.types.pixels.box import Box
from persistence.types.wcs import sphere

RINGS = skymap.make(
    "rings",
    numRings=3,
    raStart=30,
    pixelScale=20.0,
    patchInnerDimensions=(500, 700),
    patchBorder=50,
)
MAPS = [
    RINGS,
    skymap.make("dodeca", pixelScale=200.0, patchInnerDimensions=(300, 300)),
    skymap.make(
        "dodeca", pixelScale=200.0, patchInnerDimensions=(300, 300), withTractsOnPoles=True
    ),
    skymap.make("healpix", log2NSide=1, pixelScale=100.0, projection="TAN"),
    skymap.make("healpix", log2NSide=1, pixelScale=100.0, nest=True, tractOverlap=0),
]
TRACT = RINGS[16]
SKY = st.tuples(
    st.floats(0, 360, exclude_max=True),
    st.floats(-1, 1).map(lambda z: float(np.degrees(np.arcsin(z)))),
)
MANY = settings(max_examples=30, deadline=None)


def names(patches):
    return [patch.name for patch in patches]


def test_a_tract_gives_its_patches_row_by_row():
    columns, rows = TRACT.num_patches
    assert len(TRACT) == len(TRACT.patches) == columns * rows
    assert [patch.index for patch in TRACT] == [(x, y) for y in range(rows) for x in range(columns)]
    assert [patch.sequential_index for patch in TRACT] == list(range(len(TRACT)))


@pytest.mark.parametrize(
    "index", [(3, 2), [3, 2], np.array([3, 2]), "3,2", " 3 , 2 ", (np.int64(3), 2)], ids=repr
)
def test_a_patch_is_found_by_column_and_row_and_by_gen2s_text(index):
    patch = TRACT[index]
    assert (patch.index, patch.name, str(patch)) == ((3, 2), "3,2", "patch 3,2 of tract 16")


@pytest.mark.parametrize("kind", [int, str, np.int64])
def test_a_patch_is_found_by_its_sequential_index(kind):
    number = 2 * TRACT.num_patches[0] + 3
    assert TRACT[kind(number)].index == (3, 2)


@pytest.mark.parametrize(
    "index",
    [
        (99, 0),
        (0, 99),
        (-1, 0),
        "99,0",
        10**6,
        -1,
        "a,b",
        "1,2,3",
        (1,),
        (1, 2, 3),
        1.5,
        None,
        (0.5, 1),
    ],
)
def test_a_patch_that_is_not_there_is_refused(index):
    with pytest.raises(NotInSkyMap, match="patch") as caught:
        TRACT[index]
    assert isinstance(caught.value, IndexError)
    assert isinstance(caught.value, PersistenceError)


@pytest.mark.parametrize("index", [26, 27, -1, 10**9, 1.5, "1", None])
def test_a_tract_that_is_not_there_is_refused(index):
    with pytest.raises(
        NotInSkyMap, match=r"there is no tract .*0 to 25|is not the number of a tract"
    ):
        RINGS[index]


def test_a_tract_is_found_by_any_whole_number_and_made_once():
    assert RINGS[np.int32(16)] is RINGS[16]
    assert [tract.tract_id for tract in RINGS] == list(range(len(RINGS)))


def test_inner_boxes_tile_a_tract_and_outer_ones_reach_over_into_the_neighbours():
    count = np.zeros((TRACT.bbox.height, TRACT.bbox.width), np.int8)
    for patch in TRACT:
        count[patch.inner_bbox.slices] += 1
        inner, outer = patch.inner_bbox, patch.outer_bbox
        assert TRACT.bbox.contains(outer)
        assert outer.contains(inner)
        assert inner.x0 - outer.x0 == (50 if patch.index[0] else 0)
    assert (count == 1).all()


def test_a_patch_has_four_corners_where_its_pixels_end():
    patch = TRACT[1, 1]
    for box, corners in (
        (patch.outer_bbox, patch.corners),
        (patch.inner_bbox, patch.inner_corners),
    ):
        x, y = TRACT.wcs.wcs_world2pix(corners.ra.deg, corners.dec.deg, 0)
        left, low = box.x0 - 0.5, box.y0 - 0.5
        right, high = left + box.width, low + box.height
        assert np.allclose(x, [left, right, right, left], rtol=0, atol=1e-6)
        assert np.allclose(y, [low, low, high, high], rtol=0, atol=1e-6)


@MANY
@given(st.sampled_from(MAPS), SKY)
def test_each_position_is_in_its_tract_and_in_one_patch_of_it(made, place):
    position = sphere.sky(*place)
    tract = made.findTract(position)
    assert tract.contains(position)
    patch = tract.findPatch(position)
    x, y = (int(np.floor(float(pixel) + 0.5)) for pixel in tract.wcs.wcs_world2pix(*place, 0))
    assert patch.inner_bbox.contains(Box(x, y, 1, 1))
    assert patch.name in names(tract.findPatchList(position))
    for found in (made.findTractPatchList(position), made.findClosestTractPatchList(position)):
        assert patch.name in names(dict(found)[tract])


@MANY
@given(st.sampled_from(MAPS), st.lists(SKY, min_size=1, max_size=5))
def test_many_positions_are_found_as_each_of_them(made, places):
    positions = sphere.sky(*np.transpose(places))
    expected = [made.findTract(sphere.sky(*place)).tract_id for place in places]
    assert made.tract_ids(positions).tolist() == expected
    assert made.tract_ids([sphere.sky(*place) for place in places]).tolist() == expected
    ra, dec = np.transpose(places)
    assert made.findTractIdArray(ra, dec, degrees=True).tolist() == expected
    assert made.findTractIdArray(np.radians(ra), np.radians(dec)).tolist() == expected
    assert {tract.tract_id for tract, _ in made.findClosestTractPatchList(positions)} == set(
        expected
    )


@MANY
@given(st.integers(0, 25), st.integers(0, 9999))
def test_the_centre_of_each_patch_is_in_this_patch(number, which):
    tract = RINGS[number]
    patch = tract[which % len(tract)]
    x, y = patch.inner_bbox.x0 + 249.5, patch.inner_bbox.y0 + 349.5
    assert (
        tract.findPatch(
            sphere.sky(*(float(angle) for angle in tract.wcs.wcs_pix2world(x, y, 0)))
        ).index
        == patch.index
    )


def test_patches_about_several_positions_fill_the_rectangle_about_them_column_by_column():
    def at(x, y):
        return sphere.sky(*TRACT.wcs.wcs_pix2world(x, y, 0))

    assert names(TRACT.findPatchList(at([600, 1600], [800, 1500]))) == [
        f"{x},{y}" for x, y in itertools.product((1, 2, 3), (1, 2))
    ]
    assert names(TRACT.findPatchList(at([550], [1000]))) == ["1,1"]
    # the border of 50 pixels touches
    assert names(TRACT.findPatchList(at([549], [1000]))) == ["0,1", "1,1"]
    assert TRACT.findPatchList(at([-60], [1000])) == ()
    assert names(TRACT.findPatchList(at([-40], [1000]))) == ["0,1"]


def test_a_position_beyond_the_projection_is_in_no_patch():
    tract = skymap.make("rings", numRings=3, pixelScale=20.0, projection="TAN")[0]
    north = sphere.sky(10, 80)
    assert not tract.contains(north)
    assert tract.findPatchList(north) == ()
    with pytest.raises(NotInSkyMap, match="is not a position in tract 0"):
        tract.findPatch(north)
    assert tract.contains(sphere.sky([10, 10], [80, -80])).tolist() == [False, True]


def test_a_tract_too_large_for_its_projection_says_so():
    with pytest.raises(NotInSkyMap, match="tract 0 is too large for the projection TAN"):
        _ = skymap.make("rings", numRings=1, projection="TAN", tractOverlap=50)[0].wcs


@pytest.mark.parametrize("position", [(1, 2), None, "1 2", 5, [], [5]])
def test_what_is_no_position_is_refused(position):
    with pytest.raises(DataIdError, match="positions are astropy"):
        RINGS.findTract(position)


@pytest.mark.parametrize("made", [RINGS, *MAPS[1:3]], ids=lambda made: made.kind)
def test_a_position_that_is_not_finite_is_nowhere(made):
    lost = sphere.sky([1.0, np.nan], [2.0, 3.0])
    for ask in (made.tract_ids, made.findTractPatchList, made.findClosestTractPatchList):
        with pytest.raises(DataIdError, match="not finite"):
            ask(lost)
    assert made.findTract(lost[0]).contains(lost).tolist() == [True, False]


def test_one_position_is_asked_for_where_one_is_found():
    with pytest.raises(DataIdError, match="tract_ids accepts many"):
        RINGS.findTract(sphere.sky([1, 2], [3, 4]))
    with pytest.raises(NotInSkyMap, match="not a position"):
        TRACT.findPatch(sphere.sky([0, 0], [0, 0]))


def test_positions_of_other_frames_are_turned():
    galactic = sphere.sky(266.4, -28.9).galactic
    assert RINGS.findTract(galactic) is RINGS.findTract(sphere.sky(266.4, -28.9))


def test_sky_maps_are_equal_if_they_are_made_of_the_same():
    again = skymap.make("rings", **RINGS.config.values())
    assert again == RINGS
    assert hash(again) == hash(RINGS)
    assert again != skymap.make("rings", numRings=4)
    assert again != skymap.RingsSkyMap(RINGS.config, version=0)
    assert pickle.loads(pickle.dumps(RINGS)) == RINGS
    assert RINGS != 5
    assert "numRings=3" in repr(RINGS)


@pytest.mark.parametrize(
    ("kind", "version"), [("rings", 2), ("rings", (1, 0)), ("dodeca", 1), ("discrete", 1)]
)
def test_a_version_that_nobody_knows_is_refused(kind, version):
    cls = skymap.KINDS[kind]
    with pytest.raises(DataIdError, match=f"a {cls.__name__} has version"):
        cls(cls.config_class.of({"numRings": 3} if kind == "rings" else {}), version)


def test_a_sky_map_is_made_of_its_own_configuration():
    with pytest.raises(DataIdError, match="DodecaSkyMap needs a DodecaConfig, not RingsConfig"):
        skymap.DodecaSkyMap(RINGS.config)


def test_old_rings_keep_their_wrong_numbers():
    old = skymap.RingsSkyMap(RINGS.config, version=0)
    first, again = old[1].middle, old[9].middle
    assert first == pytest.approx(again)  # the first tract of the first ring, twice
    assert [old[number].middle for number in (0, 2, 10, 25)] == [
        RINGS[number].middle for number in (0, 2, 10, 25)
    ]
    assert old[17].middle == pytest.approx(RINGS[9].middle)
    assert old.findTract(sphere.sky(30, 0)).tract_id == 17
    assert RINGS.findTract(sphere.sky(30, 0)).tract_id == 9


def test_a_map_of_no_tracts_is_empty():
    assert list(skymap.make("discrete")) == []
    with pytest.raises(NotInSkyMap, match="the sky map has no tracts"):
        skymap.make("discrete").findTract(sphere.sky(1, 2))
    assert skymap.make("discrete").findTractPatchList(sphere.sky([1], [2])) == []


def test_a_tract_is_added_to_a_discrete_map():
    one = skymap.make("discrete", raList=[10], decList=[20], radiusList=[1])
    two = one.with_tract(370.0, -20.0, 2.0)
    assert (len(one), len(two)) == (1, 2)
    assert two[0].middle == one[0].middle
    assert two[1].middle == (10.0, -20.0)


def test_the_originals_names_say_the_same():
    patch = TRACT.getPatchInfo((1, 0))
    assert TRACT.getCtrCoord().ra.deg == TRACT.centre.ra.deg
    assert TRACT.getVertexList().ra.deg.tolist() == TRACT.vertices.ra.deg.tolist()
    assert (TRACT.getWcs(), TRACT.getBBox(), TRACT.getNumPatches()) == (
        TRACT.wcs,
        TRACT.bbox,
        TRACT.num_patches,
    )
    assert (TRACT.getPatchBorder(), TRACT.getPatchInnerDimensions()) == (50, (500, 700))
    assert (patch.getIndex(), TRACT.getSequentialPatchIndex(patch)) == ((1, 0), 1)
    assert (patch.getInnerBBox(), patch.getOuterBBox()) == (patch.inner_bbox, patch.outer_bbox)
    assert RINGS.generateTract(16).middle == TRACT.middle
    assert repr(TRACT) == "Tract(16, centre=345.000000 +0.000000 deg)"


FLAT = [
    skymap.make(
        "rings", numRings=5, pixelScale=20.0, patchInnerDimensions=(500, 700), projection="TAN"
    ),
    skymap.make(
        "dodeca", pixelScale=200.0, patchInnerDimensions=(300, 300), projection="TAN", rotation=20
    ),
    skymap.make("healpix", log2NSide=1, pixelScale=100.0, projection="TAN"),
]


@pytest.mark.parametrize("made", FLAT, ids=lambda made: made.kind)
def test_polygons_agree_with_sphgeom_where_lines_are_great_circles(made):
    sphgeom = pytest.importorskip(
        "lsst.sphgeom", reason="lsst-sphgeom (the extra sky) is not installed"
    )
    random = np.random.default_rng(1)
    for tract in (made[0], made[len(made) // 2]):
        patch = tract[len(tract) // 2]
        assert tract.getInnerSkyPolygon().contains(
            sphgeom.UnitVector3d(*sphere.vector(*tract.middle))
        )
        for box, polygon in (
            (patch.inner_bbox, patch.getInnerSkyPolygon(tract.wcs)),
            (patch.outer_bbox, patch.getOuterSkyPolygon()),
            (tract.bbox, tract.getOuterSkyPolygon()),
        ):
            x, y = random.uniform(-0.3, 1.3, (2, 300)) * [[box.width], [box.height]]
            vectors = sphere.vector(*tract.wcs.wcs_pix2world(x + box.x0, y + box.y0, 0))
            held = [polygon.contains(sphgeom.UnitVector3d(*one)) for one in vectors]
            inside = (x > -0.5) & (x < box.width - 0.5) & (y > -0.5) & (y < box.height - 0.5)
            assert held == inside.tolist()


def test_the_inner_polygons_of_a_dodecahedron_cover_the_sky_once():
    sphgeom = pytest.importorskip(
        "lsst.sphgeom", reason="lsst-sphgeom (the extra sky) is not installed"
    )
    random = np.random.default_rng(2)
    ra, dec = random.uniform(0, 360, 300), np.degrees(np.arcsin(random.uniform(-1, 1, 300)))
    points = [sphgeom.UnitVector3d(*one) for one in sphere.vector(ra, dec)]
    polygons = [tract.getInnerSkyPolygon() for tract in MAPS[1]]
    held = np.array([[polygon.contains(point) for polygon in polygons] for point in points])
    assert (held.sum(axis=1) == 1).all()
    assert held.argmax(axis=1).tolist() == MAPS[1].tract_ids(sphere.sky(ra, dec)).tolist()


def test_without_sphgeom_a_polygon_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lsst.sphgeom", None)
    with pytest.raises(ImportError, match=r"pip install 'gen2-butler\[sky\]'"):
        TRACT.getOuterSkyPolygon()
