"""What an ID argument becomes."""

from __future__ import annotations

import argparse
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, ButlerDataRef
from persistence.dataids import grammar
from persistence.errors import UsageError
from persistence.pipe.cmdline.containers import DataIdContainer


def contained(
    butler: Butler, *options: str, name: str = "raw", level: str | None = None
) -> DataIdContainer:
    """Go the whole way, from what is typed after each --id to the references."""
    made = DataIdContainer(level=level)
    made.setDatasetType(name)
    for option in options:
        made.idList += grammar.parse(option.split())
    made.castDataIds(butler)
    made.makeDataRefList(argparse.Namespace(butler=butler, log=logging.getLogger("toy")))
    return made


def told(container: DataIdContainer) -> list[str]:
    return [f"{one.dataId['visit']} {one.dataId['ccdnum']}" for one in container.refList]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], []),
        (["visit=410877 ccdnum=3^5"], ["410877 3", "410877 5"]),
        (["ccdnum=5^3"], ["410877 5", "410878 5", "410877 3", "410878 3"]),
        (["filter=r ccdnum=1..3:2"], ["410878 1", "410878 3"]),
        (["ccd=5 filter=g"], ["410877 5"]),
        (["expTime=90 ccdnum=5", "ccdnum=5 visit=410877"], ["410877 5", "410878 5", "410877 5"]),
        (["visit=410877 ccdnum=5"] * 2, ["410877 5", "410877 5"]),
    ],
)
def test_data_ids_stand_for_what_there_is_in_their_order(
    butler: Butler, options: list[str], found: list[str]
) -> None:
    assert told(contained(butler, *options)) == found


def test_a_data_id_that_says_nothing_stands_for_all(butler: Butler) -> None:
    assert len(contained(butler, "").refList) == 122


def test_references_have_the_keys_that_were_typed_first(butler: Butler) -> None:
    (reference,) = contained(butler, "visit=410877 ccd=28").refList
    assert isinstance(reference, ButlerDataRef)
    assert list(reference.dataId) == ["visit", "ccdnum", "date", "filter", "hdu", "object"]
    assert (reference.dataId["visit"], reference.dataId["filter"]) == (410877, "g")
    assert reference.get("raw_md")["CCDNUM"] == 28


def test_without_a_dataset_type_nothing_can_be_cast(butler: Butler) -> None:
    with pytest.raises(RuntimeError, match="dataset type must be set"):
        DataIdContainer().castDataIds(butler)
    with pytest.raises(RuntimeError, match="must be set"):
        DataIdContainer().makeDataRefList(argparse.Namespace(butler=butler, log=None))


@pytest.mark.parametrize(
    ("option", "name", "message"),
    [
        ("vist=1", "raw", "unknown key 'vist'; did you mean 'visit'"),
        ("visit=x", "raw", "visit='x': visit takes a value of type int"),
        ("ccd=1 ccdnum=1", "raw", "key 'ccdnum' is repeated"),
        ("visit=1", "rwa", "has no dataset type 'rwa'; did you mean 'raw'"),
        ("visit=1", "fgcmAtmosphereParameters", "'fgcmcycle' is not a column"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    butler: Butler, option: str, name: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        contained(butler, option, name=name)


def test_a_value_that_matches_nothing_is_told_with_what_is_near(
    butler: Butler, caplog: Any
) -> None:
    assert contained(butler, "visit=410879 ccdnum=5").refList == []
    (message,) = caplog.messages
    lines = message.splitlines()
    assert lines[0] == "No data found for raw {'visit': 410879, 'ccdnum': 5}"
    assert "  registered  ccdnum=5 visit=410878, but not visit=410879" in lines


def test_gaps_are_told_once_and_in_short(butler: Butler, caplog: Any) -> None:
    assert len(contained(butler, "visit=410877 ccdnum=59..70").refList) == 3
    (message,) = caplog.messages
    assert message.startswith("No data found for raw {'visit': 410877, 'ccdnum': 61}\n")
    assert message.endswith("\nNor for\n  --id visit=410877 ccdnum=63..70")


def test_what_is_registered_without_a_file_is_no_data(own: Path, caplog: Any) -> None:
    next(own.glob("*/g/*.fits.fz")).unlink()
    assert told(contained(Butler(own), "ccdnum=5")) == ["410878 5"]
    assert caplog.messages == []
    assert contained(Butler(own), "filter=g").refList == []
    assert caplog.messages == [
        "No data found for raw {'filter': 'g'}\n  61 are registered, but their files are not there"
    ]


def test_data_that_are_not_there_yet_are_not_referred_to(own: Path) -> None:
    butler = Butler(own)
    assert contained(butler, "visit=410877", name="processCcd_metadata").refList == []
    butler.put({}, "processCcd_metadata", visit=410877, ccdnum=7)
    assert told(contained(butler, "visit=410877", name="processCcd_metadata")) == ["410877 7"]


@pytest.fixture
def levelled(own: Path) -> Butler:
    """Return a repository whose exposures are cameras' visits at one level, and their chips at another."""
    overlay = {
        "levels": {"visit": ["ccdnum", "hdu"], "skyTile": []},
        "defaultSubLevels": {"visit": "ccd"},
    }
    return Butler(inputs={"root": str(own), "policy": overlay})


def test_at_a_higher_level_a_reference_is_there_if_any_below_is(
    levelled: Butler, own: Path
) -> None:
    found = contained(levelled, "", level="visit").refList
    assert [one.dataId["visit"] for one in found] == [410877, 410878]
    assert all("ccdnum" not in one.dataId for one in found)
    next(own.glob("*/r/*.fits.fz")).unlink()
    assert [one.dataId["visit"] for one in contained(levelled, "", level="visit").refList] == [
        410877
    ]


def test_at_a_higher_level_files_of_the_lower_one_are_looked_for(
    levelled: Butler, own: Path
) -> None:
    Butler(own).put({}, "processCcd_metadata", visit=410878, ccdnum=5)
    found = contained(levelled, "", name="processCcd_metadata", level="visit").refList
    assert [dict(one.dataId) for one in found] == [{"visit": 410878}]


def test_keys_of_lower_levels_are_known_too(levelled: Butler) -> None:
    (found,) = contained(levelled, "visit=410877 ccdnum=5", level="visit").refList
    assert found.dataId["ccdnum"] == 5


def test_columns_of_the_registry_are_cast_as_it_declares_them(own: Path) -> None:
    with sqlite3.connect(own / "registry.sqlite3") as registry:
        registry.execute("UPDATE raw SET expTime = 30.5 WHERE visit = 410878")
    registry.close()
    assert told(contained(Butler(own), "expTime=30.5 ccdnum=1")) == ["410878 1"]
