"""What ingest is told, and how it is overridden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from obs_decam import DecamMapper
from persistence.errors import PolicyError
from persistence.ingest import config
from persistence.ingest.config import IngestConfig, override


def test_decam_registers_61_extensions_without_the_dead_one() -> None:
    names = config.load(DecamMapper.ingestFile).parse.extnames
    assert len(names) == len(set(names)) == 61
    assert set(names) == {f"S{k}" for k in range(1, 32)} | {
        f"N{k}" for k in range(1, 32) if k != 30
    }


def test_without_a_file_the_generic_defaults_hold() -> None:
    loaded = config.load(None)
    assert list(loaded.register.columns) == [
        "object",
        "visit",
        "ccd",
        "filter",
        "date",
        "taiObs",
        "expTime",
    ]
    assert loaded.register.permissions == 0o664


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("clobber", "True", True),
        ("register.ignore", "True", True),
        ("register.table", "science", "science"),
        ("register.unique", "['visit']", ("visit",)),
        ("register.wait", "3", 3),
        ("parse.hdu", "1", 1),
        ("parse.translation", "{'visit': 'RUN'}", {"visit": "RUN"}),
    ],
)
def test_a_value_is_taken_from_its_text(name: str, text: str, expected: Any) -> None:
    value: Any = override(IngestConfig(), name, text)
    for part in name.split("."):
        value = getattr(value, part)
    assert value == expected


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("clober", "True", "no field 'clober'; did you mean 'clobber'"),
        ("register.ignor", "True", "no field 'ignor'; did you mean 'ignore'"),
        ("clobber.x", "1", "clobber has no field 'x'"),
        ("clobber", "yes", "clobber=yes: expected bool"),
        ("clobber", "1", "clobber=1: expected bool"),
        ("parse.hdu", "True", "hdu=True: expected int"),
    ],
)
def test_a_wrong_override_says_what_is_wrong(name: str, text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        override(IngestConfig(), name, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("register: {columns: {visit: integer}}", "column 'visit' is of type 'integer'"),
        (
            "register: {columns: {visit: int}, unique: [vist], visit: [visit]}",
            "names column 'vist'.*did you mean 'visit'",
        ),
        (
            "register: {columns: {visit: int, ccd: int}, unique: [ccd], visit: [visit]}",
            "register.visit must share a column with register.unique",
        ),
        ("parse: {translations: {}}", "unknown key 'translations'; did you mean 'translation'"),
        ("registr: {}", "unknown key 'registr'; did you mean 'register'"),
    ],
)
def test_a_file_of_which_no_tables_could_be_made_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "ingest.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError, match=message):
        config.load(str(path))
