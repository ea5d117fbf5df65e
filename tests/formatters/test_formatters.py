"""The table of formatters, and what each of them is wrapped in: errors of ours, whatever went wrong inside."""

from __future__ import annotations

import pytest

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.formatters import formatter


class Unspeakable(Exception):
    """An error whose text cannot be had."""

    def __str__(self) -> str:
        raise ValueError("no text")


class Odd:
    """A table that writes itself, badly."""

    def writeFits(self, path: str) -> None:
        raise Unspeakable


def test_an_object_whose_error_has_no_text_is_refused_with_the_name_of_the_error(disk_of):
    disk = disk_of("FitsCatalogStorage")
    message = "thing: .*Odd.* cannot be written as FitsCatalogStorage: Unspeakable: its text cannot be told: ValueError"
    with pytest.raises(FormatterError, match=message):
        disk.write(Odd())


def test_a_file_whose_error_has_no_text_is_refused_by_its_name(disk_of, monkeypatch):
    def read(location: Location) -> None:
        raise Unspeakable

    monkeypatch.setattr("persistence.formatters.text.read", read)
    location = disk_of("TextStorage").put(b"x")
    with pytest.raises(FormatterError, match=f"{location.full_path} .* Unspeakable: its text"):
        formatter("TextStorage").read(location)
