"""Rows as a table, as JSON, as CSV, as Parquet."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence.cli import output
from persistence.errors import MissingExtra, UsageError

ROWS: list[dict[str, Any]] = [
    {"name": "raw", "number": 7, "keys": {"visit": "int"}},
    {"name": 'a, "b"\n', "number": 1234, "keys": {}, "extra": None},
]


def test_a_table_is_aligned_and_numbers_stand_on_the_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.write(ROWS, "table")
    assert capsys.readouterr().out.splitlines() == [
        "name        number  keys              extra",
        'raw              7  {"visit": "int"}',
        "'a, \"b\"\\n'    1234  {}",
    ]


def test_json_gives_the_values_back(capsys: pytest.CaptureFixture[str]) -> None:
    output.write(ROWS, "json")
    assert json.loads(capsys.readouterr().out) == ROWS


def test_csv_gives_the_texts_back(capsys: pytest.CaptureFixture[str]) -> None:
    output.write(ROWS, "csv")
    assert list(csv.DictReader(io.StringIO(capsys.readouterr().out))) == [
        {"name": "raw", "number": "7", "keys": '{"visit": "int"}', "extra": ""},
        {"name": 'a, "b"\n', "number": "1234", "keys": "{}", "extra": ""},
    ]


def test_each_line_of_jsonl_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    output.write(ROWS, "jsonl")
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == ROWS


def test_parquet_has_typed_columns(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    output.write([*ROWS, {"number": None, "mixed": 1}, {"mixed": "a"}], "parquet")
    found = parquet.read_table(io.BytesIO(capsysbinary.readouterr().out))
    assert [str(kind) for kind in found.schema.types] == [
        "string", "int64", "string", "null", "string",
    ]  # fmt: skip
    assert found["number"].to_pylist() == [7, 1234, None, None]
    assert found["keys"].to_pylist() == ['{"visit": "int"}', "{}", None, None]
    assert found["mixed"].to_pylist() == [None, None, "1", "a"]


def test_parquet_is_not_written_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(UsageError, match="write it to a file"):
        output.write(ROWS, "parquet")


def test_without_pyarrow_parquet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "persistence.types.table.parquet", raising=False)
    monkeypatch.delattr("persistence.types.table.parquet", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'gen2-butler\[tables\]'"):
        output.write(ROWS, "parquet")


@pytest.mark.parametrize(
    ("form", "printed"), [("table", ""), ("json", "[]\n"), ("jsonl", ""), ("csv", "")]
)
def test_no_rows_are_no_table_an_empty_list_and_no_lines(
    capsys: pytest.CaptureFixture[str], form: str, printed: str
) -> None:
    output.write([], form)
    assert capsys.readouterr().out == printed


def test_a_table_may_show_other_rows(capsys: pytest.CaptureFixture[str]) -> None:
    output.write([{"a": 1}], "table", [{"b": 2}])
    output.write([{"a": 1}], "json", [{"b": 2}])
    assert capsys.readouterr().out == 'b\n2\n[{"a": 1}]\n'


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (True, True),
        (None, None),
        (2**70, 2**70),
        (1.5, 1.5),
        (math.nan, None),
        (-math.inf, None),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.True_, True),
        (("a", 1), ["a", 1]),
        ({"b", "a"}, ["a", "b"]),
        ({1: {"deep": (math.nan,)}}, {"1": {"deep": [None]}}),
        (1 + 2j, "(1+2j)"),
        (fits.card.Undefined(), None),
        (fits.Header([("COMMENT", "a"), ("COMMENT", "b")])["COMMENT"], "a\nb"),
        (np.arange(3), [0, 1, 2]),
        ([np.array([1.5, np.nan])], [[1.5, None]]),
        (datetime.date(2014, 2, 27), "2014-02-27"),
    ],
)
def test_a_value_becomes_what_json_knows(value: Any, known: Any) -> None:
    assert output.plain(value) == known
    assert type(output.plain(value)) is type(known)


def test_where_nan_can_be_written_it_is_kept() -> None:
    assert math.isnan(output.plain([math.nan], finite=False)[0])
    assert output.cell(math.nan) == "nan"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("as it is", "as it is"),
        ("Ångström", "Ångström"),
        ("\x1b[2J", "'\\x1b[2J'"),
        (None, ""),
        (True, "True"),
        ([1], "[1]"),
    ],
)
def test_a_cell_is_one_line_and_moves_no_cursor(value: Any, shown: str) -> None:
    assert output.cell(value) == shown


def test_rows_can_be_printed_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    def rows() -> Iterator[tuple[Any, ...]]:
        yield 1, "a,b"
        assert capsys.readouterr().out  # the one before is on its way
        yield math.nan, None

    output.stream(rows(), "csv", ["x", "y"])
    assert capsys.readouterr().out == "nan,\n"
    output.stream(rows(), "json", ["x", "y"])
    assert capsys.readouterr().out == ',\n {"x": null, "y": null}]\n'
