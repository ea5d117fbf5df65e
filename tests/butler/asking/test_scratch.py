"""The database of one question."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from persistence.butler.asking.scratch import Scratch
from persistence.errors import RegistryError, UnknownKey


def test_rows_are_there_again() -> None:
    scratch = Scratch()
    scratch.load("files", {"visit": int, "x\"'": str}, [(1, "a"), (2, None)], ["visit"])
    assert list(scratch.ask("SELECT * FROM files ORDER BY visit DESC")) == [(2, None), (1, "a")]
    scratch.close()


def test_a_full_disk_is_told_as_that() -> None:
    scratch = Scratch()
    list(scratch.ask("PRAGMA max_page_count = 10"))
    with pytest.raises(RegistryError, match=r"temporary file of SQLite's \(TMPDIR\): .*full"):
        scratch.load("files", {"name": str}, [("x" * 10_000,)] * 100)
    scratch.close()


def test_an_error_of_the_rows_stays_what_it_is() -> None:
    def rows() -> Iterator[tuple[int]]:
        yield (1,)
        raise UnknownKey("vist")

    with pytest.raises(UnknownKey, match="vist"):
        Scratch().load("files", {"visit": int}, rows())
