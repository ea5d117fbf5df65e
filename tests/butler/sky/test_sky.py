"""``butler.sky``: what lies where, by the best WCS that there is."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from persistence import Butler
from persistence.butler.index import refresh
from persistence.butler.sky import home
from persistence.errors import (
    DataIdError,
    NoResults,
    NotInSkyMap,
    RepositoryError,
    UnknownDatasetType,
    UnknownKey,
)
from persistence.sky import Box, Circle, Polygon
from persistence.sky.store import Store
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap

from .conftest import SCALE, SIZE, VISITS, calexp, write

AT_ZERO = {1, 2}  # the visits on tract 0; visit 3 is on tract 1


def visits(rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """Return the visits of rows."""
    return {row["visit"] for row in rows}


def patches_by_positions(butler: Butler, place: tuple[float, float]) -> set[tuple[int, str]]:
    """Return the patches under an exposure: those with a pixel of it, by astropy's WCSs alone."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], place
    wcs.wcs.crpix, wcs.wcs.cdelt = [(SIZE + 1) / 2] * 2, [-SCALE, SCALE]
    edge = np.linspace(-0.5, SIZE - 0.5, 121)
    sky = wcs.all_pix2world(*map(np.ravel, np.meshgrid(edge, edge)), 0)
    met = set()
    for tract in butler.sky.map():
        x, y = tract.wcs.all_world2pix(*sky, 0)
        for patch in tract:
            box = patch.outer_bbox
            inside = (x >= box.x0 - 0.5) & (x <= box.x0 + box.width - 0.5)
            inside &= (y >= box.y0 - 0.5) & (y <= box.y0 + box.height - 0.5)
            if inside.any():
                met.add((tract.tract_id, patch.name))
    return met


def test_raws_by_their_own_wcs_then_calexps_by_a_better_one_and_back(survey: Path) -> None:
    butler = Butler(str(survey))
    assert visits(butler.sky.overlaps("raw", tract=0)) == AT_ZERO
    assert visits(butler.sky.overlaps("raw", tract=1)) == {3}
    assert visits(butler.sky.overlaps("raw", tract=0, filter="g")) == set()
    # calexps: visit 2 turns out to be on the other tract
    write(calexp(survey, 1), *VISITS[1])
    write(calexp(survey, 2), 0.2, 0.01)
    assert visits(butler.sky.overlaps("raw", tract=0)) == {1}
    assert visits(butler.sky.overlaps("raw", tract=1)) == {2, 3}
    assert visits(butler.sky.overlaps("raw", tract=0, at="raw")) == AT_ZERO
    assert visits(butler.sky.overlaps("calexp", tract=1)) == {2}
    assert visits(butler.sky.overlaps("calexp", tract=0, at="raw")) == {1, 2}
    # patches for coadds, and back
    rows = butler.sky.overlaps("deepCoadd", visit=2, ccdnum=1)
    assert {(row["tract"], row["patch"]) for row in rows} == patches_by_positions(
        butler, (0.2, 0.01)
    )
    assert not any(row["exists"] for row in rows)
    for row in rows:
        back = butler.sky.overlaps("calexp", tract=row["tract"], patch=row["patch"])
        assert 2 in visits(back)
    assert len({row["patch"] for row in rows}) > 1


@pytest.mark.parametrize("visit", VISITS)
def test_patches_under_an_exposure_are_those_of_its_pixels(survey: Path, visit: int) -> None:
    butler = Butler(str(survey))
    rows = butler.sky.overlaps("deepCoadd", visit=visit)
    assert {(row["tract"], row["patch"]) for row in rows} == patches_by_positions(
        butler, VISITS[visit]
    )


def test_the_covered_fraction_is_that_of_the_pixels(survey: Path) -> None:
    """An exposure of 60 x 60 arcsec in a tract of 400 x 400 arcsec, and on itself 5 arcsec away."""
    butler = Butler(str(survey))
    box = butler.sky.map()[0].bbox
    (row,) = [row for row in butler.sky.overlaps("raw", tract=0) if row["visit"] == 1]
    assert row["covered"] == pytest.approx(60 * 60 / (box.width * box.height), rel=1e-3)
    write(calexp(survey, 1), 0.0, 0.0)
    write(calexp(survey, 2), 0.0, 15 / 3600)
    (row,) = butler.sky.overlaps("calexp", visit=1)
    assert (row["visit"], row["covered"]) == (2, pytest.approx(0.75, abs=1e-4))


def test_a_position_has_all_that_lies_there(survey: Path) -> None:
    butler = Butler(str(survey))
    write(calexp(survey, 1), *VISITS[1])
    here = SkyCoord(359.99, 0.0, unit="deg")
    for answers in (
        butler.sky.at(359.99, 0.0),
        butler.sky.at(here),
        butler.sky.at(here.galactic),
        butler.sky.at(-0.01 * units.deg, 0 * units.deg, radius=1 * units.arcsec),
    ):
        assert {name: visits(rows) for name, rows in answers.items()} == {"raw": {1}, "calexp": {1}}
    assert butler.sky.at(100, 50) == {}
    assert len(butler.sky.at(100, 50, types="raw")["raw"]) == 0
    assert visits(butler.sky.at(100, 50, radius=180, types=["raw"])["raw"]) == {1, 2, 3}
    assert visits(butler.sky.at(359.99, 0, 0.1, "raw", filter="r")["raw"]) == AT_ZERO


def test_types_without_a_wcs_follow_their_exposure(survey: Path) -> None:
    butler = Butler(str(survey))
    source = survey / "0000001" / "src" / "src-0000001_01.fits"
    source.parent.mkdir(parents=True)
    source.write_bytes(b" " * 2880)
    rows = butler.sky.overlaps("src", tract=0)
    assert list(rows) == [{"visit": 1, "ccdnum": 1, "covered": rows[0]["covered"]}]
    assert 0 < rows[0]["covered"] < 1
    assert list(butler.query("src", region=Circle(359.99, 0))) == [{"visit": 1, "ccdnum": 1}]
    assert not butler.query("src", region=Circle(0.19, 0))


def test_existing_coadds_are_those_of_patches(survey: Path) -> None:
    butler = Butler(str(survey))
    rows = butler.sky.overlaps("deepCoadd", visit=1)
    patch = rows[0]["patch"]
    coadd = survey / "deepCoadd" / "r" / "0" / f"{patch}.fits"
    coadd.parent.mkdir(parents=True)
    coadd.write_bytes(b" " * 2880)
    rows = butler.sky.overlaps("deepCoadd", visit=1, filter="r", tract=0)
    assert [row["patch"] for row in rows if row["exists"]] == [patch]
    assert not any(row["exists"] for row in butler.sky.overlaps("deepCoadd", visit=1, filter="g"))
    there = butler.sky.at(359.99, 0, radius=0.01, types="deepCoadd")["deepCoadd"]
    assert [row["patch"] for row in there] == [patch]


def test_a_query_has_a_region_as_a_further_condition(survey: Path) -> None:
    butler = Butler(str(survey))
    box = Box((359.9, 0.1), (-0.1, 0.1))
    assert visits(butler.query("raw", region=box)) == AT_ZERO
    assert visits(butler.query("raw", "visit != 1", region=box)) == {2}
    triangle = Polygon([(0.1, -0.1), (0.3, -0.1), (0.2, 0.1)])
    assert visits(butler.query("raw", region=triangle, columns=["visit", "filter"])) == {3}
    assert butler.query("raw", region=Circle(100, 50)).refs() == []
    with pytest.raises(DataIdError, match="Circle"):
        butler.query("raw", region=(0, 0))  # type: ignore[arg-type]


def test_an_exposure_without_wcs_is_listed_and_has_the_region_of_its_raw(survey: Path) -> None:
    butler = Butler(str(survey))
    write(calexp(survey, 1), 0, 0, wcs=False)
    write(calexp(survey, 2), 0, 0, scale=0.0)
    rows = butler.sky.without_region()
    assert {(row["type"], row["exposure"]) for row in rows} == {
        ("calexp", "visit=1 ccdnum=1"),
        ("calexp", "visit=2 ccdnum=1"),
    }
    assert all(row["problem"] for row in rows)
    assert visits(butler.sky.overlaps("calexp", tract=0)) == AT_ZERO
    assert butler.sky.refresh()["calexp"] == {"with": 0, "without": 2}


def test_an_exposure_whose_region_is_unknown_is_an_error_with_the_reason(survey: Path) -> None:
    shutil.rmtree(survey.parents[1] / "2026-01-01" / "g")
    butler = Butler(str(survey))
    write(calexp(survey, 3), 0, 0, wcs=False)
    with pytest.raises(NoResults, match="No region of:") as error:
        butler.sky.overlaps("deepCoadd", visit=3)
    assert "calexp" in str(error.value)
    with pytest.raises(NoResults, match="not known"):
        butler.sky.overlaps("deepCoadd", visit=99, ccdnum=1)


def test_only_files_that_changed_are_read_again(survey: Path) -> None:
    read = []

    def count(done: int, known: int, number: int) -> None:
        read.append(number)

    butler = Butler(str(survey))
    butler.sky.refresh(progress=count)
    assert sum(read) == 3
    read.clear()
    write(calexp(survey, 1), *VISITS[1])
    butler.sky.refresh(progress=count)
    Butler(str(survey)).sky.refresh(progress=count)
    assert sum(read) == 1
    os.unlink(calexp(survey, 1))
    assert butler.sky.refresh() == {"raw": {"with": 3, "without": 0}}


def test_reading_changes_nothing_in_a_repository_and_write_lets_others_start(
    survey: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = survey.parents[1]
    before = sorted(map(str, root.rglob("*")))
    butler = Butler(str(root))
    butler.sky.overlaps("raw", visit=1)
    assert sorted(map(str, root.rglob("*"))) == before
    assert butler.sky.write() == [str(root / home.FILE)]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "others"))
    read = []
    Butler(str(root)).sky.refresh(progress=lambda done, known, number: read.append(number))
    assert sum(read) == 0
    with sqlite3.connect(root / home.FILE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "third"))
    Butler(str(root)).sky.refresh(progress=lambda done, known, number: read.append(number))
    assert sum(read) == 3  # a file of another version is not used


def test_a_file_of_regions_of_another_version_is_made_anew(survey: Path) -> None:
    butler = Butler(str(survey))
    assert visits(butler.sky.overlaps("raw", tract=0)) == AT_ZERO
    path = home.open_store([one.root for one in butler.chain.inputs]).path
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("DELETE FROM regions")
    connection.close()
    assert visits(Butler(str(survey)).sky.overlaps("raw", tract=0)) == AT_ZERO
    Path(path).write_bytes(b"x" * 4096)
    assert visits(Butler(str(survey)).sky.overlaps("raw", tract=0)) == AT_ZERO


def test_a_sky_map_that_was_replaced_counts_at_once(survey: Path) -> None:
    butler = Butler(str(survey))
    assert visits(butler.sky.overlaps("raw", tract=0)) == AT_ZERO
    config = DiscreteConfig(
        raList=(0.19,), decList=(0.0,), radiusList=(0.02,), patchInnerDimensions=(50, 50),
        tractOverlap=0.0,
        pixelScale=1.0,
    )  # fmt: skip
    butler.put(DiscreteSkyMap(config), "deepCoadd_skyMap")
    assert visits(butler.sky.overlaps("raw", tract=0)) == {3}
    with pytest.raises(NotInSkyMap):
        butler.sky.overlaps("raw", tract=1)


def test_several_processes_read_the_same(survey: Path) -> None:
    for number, place in itertools.product(range(2, 30), [(0.0, 0.0)]):
        write(calexp(survey, 1, number), *place)
    assert Butler(str(survey)).sky.refresh(jobs=2)["calexp"] == {"with": 28, "without": 0}


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda sky: sky.at(np.nan, 0), DataIdError, "ra=nan"),
        (lambda sky: sky.at(0, 0, radius=181), DataIdError, "0 to 180"),
        (lambda sky: sky.at(0, 0, radius=-1), DataIdError, "0 to 180"),
        (lambda sky: sky.at(3), DataIdError, "SkyCoord"),
        (lambda sky: sky.at(SkyCoord([1, 2], [3, 4], unit="deg")), DataIdError, "one position"),
        (lambda sky: sky.overlaps("raw"), DataIdError, "no region is named"),
        (lambda sky: sky.overlaps("raw", patch="1,1"), DataIdError, "its tract"),
        (lambda sky: sky.overlaps("calxep", tract=0), UnknownDatasetType, "calexp"),
        (lambda sky: list(sky.overlaps("raw", tract=0, filtre="r")), UnknownKey, "filter"),
        (lambda sky: sky.overlaps("raw", tract=0, at="src"), DataIdError, "expected one of raw"),
        (lambda sky: sky.overlaps("raw", tract=9), NotInSkyMap, "9"),
        (lambda sky: list(sky.overlaps("bias", tract=0)), DataIdError, "position|bias"),
        (lambda sky: sky.refresh(jobs=0), DataIdError, "jobs=0"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    survey: Path, ask: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ask(Butler(str(survey)).sky)


def test_only_what_a_listed_directory_holds_is_compared(
    survey: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten visits, of which one gets a file, one loses one, and one is another in the parent."""
    for visit, number in itertools.product(range(1, 11), (1, 2)):
        write(calexp(survey, visit, number), 0.0, 0.0)
    # a directory that changed just now is listed again, to be sure
    monkeypatch.setattr(refresh, "_SETTLED", 0)
    butler = Butler(str(survey))
    assert butler.sky.refresh()["calexp"] == {"with": 20, "without": 0}
    compared = list[int]()
    known = Store.entries

    def count(self: Store, *rest: Any) -> Any:
        compared.append(len(known(self, *rest)))
        return known(self, *rest)

    monkeypatch.setattr(Store, "entries", count)
    write(calexp(survey, 3, 3), 0.0, 0.0)
    os.unlink(calexp(survey, 4, 2))
    write(calexp(survey.parents[1], 4, 2), 0.2, 0.0)
    shutil.rmtree(calexp(survey, 5).parent)
    assert butler.sky.refresh()["calexp"] == {"with": 19, "without": 0}
    assert max(compared) <= 6
    assert len(Butler(str(survey)).sky.overlaps("calexp", region=Circle(0.2, 0))) == 1
    names = [(row["visit"], row["ccdnum"]) for row in butler.query("calexp", region=Circle(0, 0))]
    expected = [(visit, number) for visit in range(1, 11) for number in (1, 2) if visit != 5]
    assert names == sorted({*expected, (3, 3)} - {(4, 2)})


def test_each_repository_of_the_chain_gets_its_own_regions(
    survey: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = survey.parents[1]
    write(calexp(survey, 1), *VISITS[1])
    butler = Butler(str(survey))
    butler.sky.refresh()
    assert butler.sky.write() == [str(survey / home.FILE), str(root / home.FILE)]
    # somebody else starts from them, adds an exposure, and keeps what others read
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "others"))
    write(calexp(survey, 2), *VISITS[2])
    read = []
    butler = Butler(str(survey))
    butler.sky.refresh(progress=lambda done, known, number: read.append(number))
    assert sum(read) == 1
    assert len(butler.sky.write()) == 2
    with sqlite3.connect(survey / home.FILE) as connection:
        assert connection.execute("SELECT count(*) FROM footprints").fetchone() == (2,)
    connection.close()


def test_regions_are_not_written_where_the_user_may_not(
    survey: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    butler = Butler(str(survey.parents[1]))
    butler.sky.refresh()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(RepositoryError, match="belongs to"):
        butler.sky.write()
    assert not (survey.parents[1] / home.FILE).exists()


def test_a_hundred_thousand_exposures_on_a_region_are_one_condition(survey: Path) -> None:
    """The same rows as by ten lists, and no condition that grows with their number."""
    butler = Butler(str(survey))
    for visit in range(1, 11):
        write(calexp(survey, visit), 0.0, 0.0)
    condition = butler.sky.condition("calexp", Circle(0, 0))
    text, values = condition.sql({"visit": int, "ccdnum": int})
    assert len(text) < 200
    assert len(values) == 1
    assert len(butler.query("calexp", "visit > 4", region=Circle(0, 0))) == 6


def test_calexps_without_a_registry_are_told_apart(survey: Path) -> None:
    """Without a registry, the raws have no detectors; two chips of a visit are two exposures."""
    butler = Butler(str(survey))
    write(calexp(survey, 1, 1), 0.0, 0.0)
    write(calexp(survey, 1, 2), 0.2, 0.0)
    assert visits(butler.sky.overlaps("raw", tract=0)) == AT_ZERO
    os.unlink(survey.parents[1] / "registry.sqlite3")
    butler = Butler(str(survey))
    rows = butler.sky.overlaps("calexp", region=Circle(0.2, 0))
    assert [(row["visit"], row["ccdnum"]) for row in rows] == [(1, 2)]
    assert butler.sky.refresh() == {"calexp": {"with": 2, "without": 0}}


def test_all_pairs_are_those_of_each_patch(survey: Path) -> None:
    butler = Butler(str(survey))
    for visit, place in VISITS.items():
        write(calexp(survey, visit), *place)
    rows = list(butler.sky.pairs("calexp", 0))
    assert list(rows[0]) == ["tract", "patch", "visit", "ccdnum", "covered"]
    expected = [
        {"tract": 0, "patch": patch.name, **row}
        for patch in butler.sky.map()[0]
        for row in butler.sky.overlaps("calexp", tract=0, patch=patch.name)
    ]
    assert rows == expected
    assert len({row["patch"] for row in rows}) > 2
    assert visits(butler.sky.pairs("calexp", 0, visit=2)) == {2}
    with pytest.raises(DataIdError, match="no pairs"):
        butler.sky.pairs("deepCoadd", 0)
