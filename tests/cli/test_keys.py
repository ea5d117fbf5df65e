"""Which keys a data ID may have."""

from __future__ import annotations

import pytest

from persistence import Butler
from persistence.cli import keys
from persistence.errors import UnknownDatasetType


def test_the_keys_of_the_dataset_type_come_first(butler: Butler) -> None:
    known, aliases = keys.known(butler, "calexp", ["visit"])
    assert list(known.items())[:2] == [("visit", int), ("ccdnum", int)]
    assert known["filter"] is str
    assert aliases["ccd"] == "ccdnum"


def test_the_columns_of_the_registry_are_asked_for_only_if_need_be(butler: Butler) -> None:
    assert "expTime" not in keys.known(butler, "raw", ["visit", "ccd"])[0]
    assert keys.known(butler, "raw", ["visit", "expTime"])[0]["expTime"] is float


def test_a_dataset_type_has_to_be_known(butler: Butler) -> None:
    with pytest.raises(UnknownDatasetType, match="did you mean 'raw'"):
        keys.known(butler, "rwa", [])
