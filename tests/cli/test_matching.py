"""The data that very many data IDs stand for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, DataId
from persistence.cli import matching
from persistence.dataids import grammar

KEYS = {"visit": int, "ccdnum": int, "filter": str}


def told(
    butler: Butler, name: str, data_ids: list[dict[str, Any]], level: str | None = None
) -> list[list[Any]]:
    """Return the data IDs of the references, with the order of their keys; that of rows is the registry's affair."""
    found = matching.references(butler, name, level, data_ids)
    return [sorted(list(reference.dataId.items()) for reference in some) for some in found]


@pytest.mark.parametrize("name", ["raw", "calexp", "processCcd_metadata", "deepCoadd", "flat"])
@pytest.mark.parametrize(
    "typed",
    [
        "visit=410877..410879 ccdnum=1..3",
        "ccdnum=60..63",
        "filter=g^r^z ccdnum=5",
        "filter=g visit=410877^410878",
        "visit=410877",
        "",
    ],
)
def test_one_look_up_finds_what_many_would(
    butler: Butler, monkeypatch: pytest.MonkeyPatch, name: str, typed: str
) -> None:
    data_ids = grammar.parse(typed.split(), KEYS)
    if name == "deepCoadd":
        data_ids = [{**one, "tract": 0} for one in data_ids]
    one_by_one = told(butler, name, data_ids)
    monkeypatch.setattr(matching, "_MANY", 1)
    assert told(butler, name, data_ids) == one_by_one
    assert len(one_by_one) == len(data_ids)


def test_data_ids_of_different_keys_keep_their_order(
    butler: Butler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "_MANY", 1)
    data_ids = [{"visit": 410877, "ccdnum": 1}, {"ccdnum": 2}, {"visit": 410878, "ccdnum": 3}]
    assert [len(some) for some in told(butler, "raw", data_ids)] == [1, 2, 1]


def test_many_are_looked_up_once(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    butler, asked = Butler(filled), []
    subset = butler.subset
    monkeypatch.setattr(
        butler, "subset", lambda *given, **more: (asked.append(more), subset(*given, **more))[1]
    )
    monkeypatch.setattr(matching, "_MANY", 3)
    told(butler, "raw", [{"ccdnum": number, "filter": "g"} for number in (1, 2, 3)])
    told(butler, "raw", [{"ccdnum": number} for number in (1, 2)])
    assert [dict(one["dataId"]) for one in asked] == [{"filter": "g"}, {"ccdnum": 1}, {"ccdnum": 2}]


def test_files_without_a_registry_are_found_alike(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Butler(own).put({}, "processCcd_metadata", visit=410877, ccdnum=5)
    os.unlink(own / "registry.sqlite3")
    monkeypatch.setattr(matching, "_MANY", 1)
    found = matching.references(
        Butler(own), "processCcd_metadata", None, [{"visit": 410877}, {"visit": 410878}]
    )
    assert [[one.dataId for one in some] for some in found] == [
        [DataId(visit=410877, ccdnum=5)],
        [],
    ]
