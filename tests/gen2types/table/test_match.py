"""Matches of catalogs, against astropy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord, search_around_sky

import lsst.afw.table as afw_table
import lsst.geom
from persistence.gen2types.table import neighbours

pytest.importorskip("scipy")

RADIUS = 20 * lsst.geom.arcseconds


def catalog(seed: int, count: int, kind: Any = afw_table.SourceCatalog, pole: bool = False) -> Any:
    """Return a catalog of positions of chance, at the seam of right ascensions or at a pole."""
    chance = np.random.default_rng(seed)
    schema = kind.Table.makeMinimalSchema()
    if kind is afw_table.SourceCatalog:
        schema.addField("c_x", type="D")
        schema.addField("c_y", type="D")
    made = kind(schema)
    made.resize(count)
    made["coord_ra"] = (
        chance.uniform(0, 2 * np.pi, count) if pole else chance.normal(0, 5e-4, count) % (2 * np.pi)
    )
    made["coord_dec"] = (
        np.pi / 2 - abs(chance.normal(0, 5e-4, count)) if pole else chance.normal(0.4, 5e-4, count)
    )
    if kind is afw_table.SourceCatalog:
        made["c_x"], made["c_y"] = chance.uniform(0, 50, (2, count))
        made.table.defineCentroid("c")
    return made


def sky(made: Any) -> SkyCoord:
    return SkyCoord(made["coord_ra"], made["coord_dec"], unit="rad")


def numbers(matches: Any) -> set[tuple[int, int]]:
    return {(match.first.getId() - 1, match.second.getId() - 1) for match in matches}


@pytest.mark.parametrize("pole", [False, True])
def test_the_closest_is_astropys(pole: bool) -> None:
    one, two = catalog(1, 300, pole=pole), catalog(2, 400, afw_table.SimpleCatalog, pole=pole)
    matches = afw_table.matchRaDec(two, one, RADIUS)
    index, separation, _ = sky(two).match_to_catalog_sky(sky(one))
    near = separation < float(RADIUS) * units.rad
    assert 50 < near.sum() < 400
    assert numbers(matches) == {(int(place), int(index[place])) for place in np.flatnonzero(near)}
    for match in matches:
        place = match.first.getId() - 1
        assert match.distance == pytest.approx(separation[place].rad, rel=1e-7)
        assert (match[0], match[1], match[2]) == (match.first, match.second, match.distance)
    assert type(matches[0]) is afw_table.ReferenceMatch
    declinations = [match.first.getDec().asRadians() for match in matches]
    assert declinations == sorted(declinations)


@pytest.mark.parametrize("pole", [False, True])
def test_all_neighbours_are_astropys(pole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_PAIRS", 1000)  # in several parts
    one, two = catalog(3, 300, pole=pole), catalog(4, 400, pole=pole)
    limit = float(RADIUS) * units.rad
    first, second, _, _ = search_around_sky(sky(one), sky(two), limit)
    expected = set(zip(first.tolist(), second.tolist(), strict=True))
    assert numbers(afw_table.matchRaDec(one, two, RADIUS, False)) == expected
    control = afw_table.MatchControl()
    control.findOnlyClosest = False
    assert numbers(afw_table.matchRaDec(one, two, RADIUS, control)) == expected
    first, second, _, _ = search_around_sky(sky(one), sky(one), limit)
    pairs = {(a, b) for a, b in zip(first.tolist(), second.tolist(), strict=True) if a != b}
    assert numbers(afw_table.matchRaDec(one, RADIUS, True)) == pairs
    half = numbers(afw_table.matchRaDec(one, RADIUS, False))
    assert len(half) * 2 == len(pairs)
    assert half | {(b, a) for a, b in half} == pairs


def test_records_without_a_match_and_without_a_position() -> None:
    one, two = catalog(5, 100), catalog(6, 100)
    one["coord_ra"][7] = np.nan
    control = afw_table.MatchControl()
    control.includeMismatches = True
    with pytest.warns(UserWarning, match="NaN"):
        matches = afw_table.matchRaDec(one, two, RADIUS, control)
    assert {match.first.getId() for match in matches} == set(range(1, 101))
    [lost] = [match for match in matches if match.first.getId() == 8]
    assert lost.second is None
    assert np.isnan(lost.distance)
    assert afw_table.matchRaDec(one[:0], two, RADIUS) == []


def test_centroids_are_matched() -> None:
    scipy_spatial = pytest.importorskip("scipy.spatial")
    one, two = catalog(7, 200), catalog(8, 300)
    matches = afw_table.matchXy(one, two, 1.5)
    places = [np.stack([each.getX(), each.getY()], axis=1) for each in (one, two)]
    distances, index = scipy_spatial.cKDTree(places[1]).query(places[0])
    near = np.flatnonzero(distances < 1.5)
    assert numbers(matches) == {(int(place), int(index[place])) for place in near}
    assert matches[0].distance == pytest.approx(distances[matches[0].first.getId() - 1])
    assert type(matches[0]) is afw_table.SourceMatch


def test_matches_are_packed_and_denormalised() -> None:
    one, two = catalog(9, 100, afw_table.SimpleCatalog), catalog(10, 100)
    matches = afw_table.matchRaDec(one, two, RADIUS)
    packed = afw_table.packMatches(matches)
    assert packed.schema.getOrderedNames() == ["first", "second", "distance"]
    assert packed["first"].tolist() == [match.first.getId() for match in matches]
    back = afw_table.unpackMatches(packed, one, two)
    assert [(match.first, match.second, match.distance) for match in back] == [
        (match.first, match.second, match.distance) for match in matches
    ]
    full = afw_table.matchesToCatalog(matches, None)
    assert {"ref_id", "src_id", "src_c_x", "distance"} <= full.schema.getNames()
    assert "ref_c_x" not in full.schema
    assert full["src_c_x"].tolist() == [match.second["c_x"] for match in matches]
    assert full["ref_coord_ra"][3] == matches[3].first.getRa().asRadians()
    assert full.schema.getAliasMap().get("src_slot_Centroid") == "src_c"
    again = afw_table.matchesFromCatalog(full)
    assert numbers(again) == numbers(matches)
    assert [match.second["c_x"] for match in again] == full["src_c_x"].tolist()


def test_fields_are_copied_between_catalogs() -> None:
    one = catalog(11, 5)
    schema = afw_table.makeMergedSchema(
        one.schema, afw_table.SimpleTable.makeMinimalSchema(), "c_", "new_"
    )
    assert schema.getOrderedNames() == ["id", "coord_ra", "coord_dec", "new_x", "new_y"]
    target = afw_table.SimpleCatalog(schema)
    target.resize(5)
    afw_table.copyIntoCatalog(one, target, sourcePrefix="c_", targetPrefix="new_")
    assert target["new_x"].tolist() == one["c_x"].tolist()
    chosen = afw_table.reindexCatalog(one, [3, 1, 1])
    assert chosen["id"].tolist() == [4, 2, 2]
    assert chosen.isContiguous()
    with pytest.raises(ValueError, match="Length mismatch"):
        afw_table.copyIntoCatalog(one, target[:2])


class Shift:
    """A WCS that adds a degree for each pixel."""

    def pixelToSky(self, pixels: Any) -> Any:
        return [lsst.geom.SpherePoint(p[0], p[1] / 10, lsst.geom.degrees) for p in pixels]

    def skyToPixel(self, positions: Any) -> Any:
        degrees = [(sky.getRa().asDegrees(), sky.getDec().asDegrees()) for sky in positions]
        return [lsst.geom.Point2D(ra, dec * 10) for ra, dec in degrees]


def test_positions_follow_a_wcs() -> None:
    sources = catalog(12, 20)
    afw_table.updateSourceCoords(Shift(), sources)
    assert np.degrees(sources["coord_ra"]) == pytest.approx(sources.getX())
    assert np.degrees(sources["coord_dec"]) == pytest.approx(sources.getY() / 10)
    schema = afw_table.SimpleTable.makeMinimalSchema()
    afw_table.Point2DKey.addFields(schema, "centroid", "a centroid", "pixel")
    schema.addField("hasCentroid", type="Flag")
    references = afw_table.SimpleCatalog(schema)
    references.resize(20)
    for record, source in zip(references, sources, strict=True):
        record.setCoord(source.getCoord())
    afw_table.updateRefCentroids(Shift(), references)
    assert references["centroid_y"] == pytest.approx(sources.getY())
    assert references["hasCentroid"].all()


def test_sources_of_visits_are_joined() -> None:
    """Three visits see the same hundred stars, a tenth of an arcsecond off, and lose some."""
    truth = catalog(13, 100)
    truth["coord_ra"] = np.arange(100) * 1e-4
    chance = np.random.default_rng(14)
    matcher = afw_table.MultiMatch(
        truth.schema, {"visit": np.int32, "filter": np.int64}, radius=1 * lsst.geom.arcseconds
    )
    seen = []
    for visit in range(3):
        part = truth[np.sort(chance.choice(100, 80, replace=False))].copy(deep=True)
        seen += part["id"].tolist()
        part["coord_dec"] += chance.normal(0, 1e-7, 80)
        part["c_x"] = visit
        matcher.add(part, {"visit": visit + 10, "filter": 1})
    result = matcher.finish()
    assert len(result) == 240
    groups = afw_table.GroupView.build(result)
    assert len(groups) == len(set(seen))
    assert groups.count == 240
    for number in groups:
        assert len(set(groups[number]["id"])) == 1
        assert len(groups[number]) == seen.count(groups[number]["id"][0])
    thrice = groups.where(lambda group: len(group) == 3)
    assert len(thrice) == sum(seen.count(number) == 3 for number in set(seen))
    means = thrice.aggregate(np.mean, field="c_x")
    assert means == pytest.approx(np.ones(len(thrice)))
    assert thrice.aggregate(len, dtype=int).tolist() == [3] * len(thrice)
    residuals = thrice.apply(lambda x: x - np.mean(x), field=thrice.schema.find("c_x").key)
    assert residuals.reshape(-1, 3).tolist() == [[-1, 0, 1]] * len(thrice)
    assert set(result["visit"]) == {10, 11, 12}
    assert result.schema.find("visit").field.getTypeString() == "I"
    with pytest.raises(KeyError):
        groups[10**6]


def test_ambiguous_objects_are_left_out() -> None:
    truth = catalog(15, 3)
    truth["coord_ra"], truth["coord_dec"] = [0.0, 1e-3, 2e-3], 0.0
    other = truth.copy(deep=True)
    other["coord_ra"] = [0.0, 1e-3, 1e-3 + 1e-7]
    matcher = afw_table.MultiMatch(truth.schema, {"visit": int}, radius=1 * lsst.geom.arcseconds)
    matcher.add(truth, {"visit": 1})
    matcher.add(other, {"visit": 2})
    assert len(matcher.finish()) == 3  # two of the first object, one of the third
    assert len(matcher.finish(removeAmbiguous=False)) == 6
