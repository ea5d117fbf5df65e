"""The list of dataset types."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler


def names(run: Any, *words: object) -> list[str]:
    return [row["name"] for row in json.loads(run("types", *words, "--format", "json").out)]


def test_all_dataset_types_are_listed_by_name(run: Any, filled: Path, butler: Butler) -> None:
    found = names(run, filled)
    # those of the policy, and those that need none
    own = {"camera", "expIdInfo", "skypolicy"}
    assert len(found) > 291  # what Gen2 had
    assert found == sorted({*butler.chain.inputs[0].mapper.types, *own})


def test_views_are_listed_too_if_asked_for(run: Any, filled: Path, butler: Butler) -> None:
    assert names(run, filled, "--views") == sorted(butler.getDatasetTypes())
    assert names(run, filled, "raw_f*", "--views") == [
        "raw_filename",
        "raw_filter",
        "raw_filterLabel",
    ]
    assert names(run, filled, "raw_f*") == []


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("raw", ["raw"]),
        ("ccdExposureId", ["ccdExposureId", "ccdExposureId_bits"]),
        ("ccdExposureI?", ["ccdExposureId"]),
        ("[fr]aw", ["raw"]),
        ("*Thumb", ["flattenedThumb", "ossThumb"]),
        ("ossThumb*", ["ossThumb"]),
    ],
)
def test_a_pattern_chooses(run: Any, filled: Path, pattern: str, expected: list[str]) -> None:
    assert names(run, filled, pattern) == expected


def test_each_is_told_with_what_the_policy_says(run: Any, filled: Path) -> None:
    assert json.loads(run("types", filled, "ossThumb", "--format=json").out) == [
        {
            "name": "ossThumb",
            "section": "datasets",
            "storage": "TextStorage",
            "python": "builtins.str",
            "keys": {"visit": "int", "ccdnum": "int"},
            "template": "%(visit)07d/thumbs/oss-%(visit)07d-%(ccdnum)03d.png",
        }
    ]
    (source,) = json.loads(run("types", filled, "source", "--format=json").out)[-1:]
    assert (source["template"], source["keys"]) == (None, {})


def test_a_table_shows_keys_with_their_types(run: Any, filled: Path) -> None:
    header, line = run("types", filled, "ossThumb").out.splitlines()
    assert header.split() == ["name", "section", "storage", "python", "keys", "template"]
    assert line.split() == [
        "ossThumb", "datasets", "TextStorage", "builtins.str", "visit:int", "ccdnum:int",
        "%(visit)07d/thumbs/oss-%(visit)07d-%(ccdnum)03d.png",
    ]  # fmt: skip


def test_an_aggregate_is_shown_with_the_keys_of_its_parts(run: Any, own: Path) -> None:
    parts = {"parts": {"datasetType": "ossThumb", "subset": True}}
    Butler(own).defineDataset("thumbs", python="types.SimpleNamespace", composite=parts)
    (thumbs,) = json.loads(run("types", own, "thumbs", "--format=json").out)
    assert thumbs["keys"] == {"visit": "int", "ccdnum": "int"}


def test_csv_holds_the_keys_as_json(run: Any, filled: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(run("types", filled, "ossThumb", "--format=csv").out))
    assert json.loads(row["keys"]) == {"visit": "int", "ccdnum": "int"}


def test_what_fits_nothing_is_status_1_with_a_suggestion(run: Any, filled: Path) -> None:
    done = run("types", filled, "calxep")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("persistence: no dataset type fits 'calxep'; did you mean 'calexp'")
    assert run("types", filled, "calxep", "--format", "json").out == "[]\n"
