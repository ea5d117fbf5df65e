"""From ``--id`` to data IDs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, DataIdError, UnknownDatasetType
from persistence.cli import usage
from persistence.dataids import shorthand


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("raw", [], [{}]),
        ("raw", [[]], [{}]),
        ("raw", [["visit=1", "filter=g"]], [{"visit": 1, "filter": "g"}]),
        ("raw_md", [["visit=1^3..4"]], [{"visit": 1}, {"visit": 3}, {"visit": 4}]),
        ("raw", [["visit=1"], ["visit=2"]], [{"visit": 1}, {"visit": 2}]),
        # Keys of other dataset types, other names of keys, and columns of the registry:
        ("calexp", [["filter=g", "visit=1"]], [{"filter": "g", "visit": 1}]),
        ("raw", [["ccd=5"]], [{"ccdnum": 5}]),
        ("raw", [["expTime=90"]], [{"expTime": 90.0}]),
        ("raw", [["proposal=2014"]], [{"proposal": "2014"}]),
    ],
)
def test_data_ids_have_the_types_of_their_keys(
    butler: Butler, name: str, options: list[list[str]], expected: list[dict[str, Any]]
) -> None:
    found = usage.data_ids(butler, name, options)
    assert found == expected
    assert [[type(value) for value in one.values()] for one in found] == [
        [type(value) for value in one.values()] for one in expected
    ]


@pytest.mark.parametrize(
    ("name", "word", "message", "error"),
    [
        ("raww", "visit=1", "did you mean 'raw'", UnknownDatasetType),
        ("raw", "vist=1", "unknown key 'vist'; did you mean 'visit'", DataIdError),
        ("raw", "visit=x", "visit takes a value of type int", DataIdError),
        ("raw", "visit", "'visit' is not key=value", DataIdError),
        ("raw", "visit=9..1", "is empty", DataIdError),
    ],
)
def test_what_is_mistyped_is_refused(
    butler: Butler, name: str, word: str, message: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=message):
        usage.data_ids(butler, name, [[word]])


def test_a_dataset_that_is_asked_for_twice_is_given_once(butler: Butler) -> None:
    found = list(
        usage.references(butler, "raw", [["visit=410877", "ccdnum=1..3"], ["ccd=3^4", "filter=g"]])
    )
    assert [(one.dataId["visit"], one.dataId["ccdnum"]) for one in found] == [
        (410877, number) for number in (1, 2, 3, 4)
    ]


def test_without_a_registry_the_camera_still_knows_its_keys(root: Path) -> None:
    assert usage.data_ids(Butler(root), "calexp", [["visit=1", "filter=g"]]) == [
        {"visit": 1, "filter": "g"}
    ]
    with pytest.raises(DataIdError, match="unknown key 'expTime'"):
        usage.data_ids(Butler(root), "raw", [["expTime=1"]])


def test_what_stands_for_nothing_among_others_is_told_in_short(
    butler: Butler, caplog: pytest.LogCaptureFixture
) -> None:
    found = list(
        usage.references(butler, "raw", [["visit=410870..410879", "ccdnum=28"], ["filter=zz"]])
    )
    assert [one.dataId["visit"] for one in found] == [410877, 410878]
    told = "--id visit=410870..410876^410879 ccdnum=28 --id filter=zz"
    assert caplog.messages == [f"nothing is known of {told}"]


def test_options_are_shown_as_they_are_typed() -> None:
    assert shorthand.typed([{"visit": 1}, {}, {"visit": 2}]) == ["--id visit=1^2", "--id"]
