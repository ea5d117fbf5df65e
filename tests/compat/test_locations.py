"""Text in which ``%(key)`` stands for a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from persistence import LogicalLocation


@pytest.fixture(autouse=True)
def no_map() -> Iterator[None]:
    yield
    LogicalLocation.setLocationMap(None)


@pytest.mark.parametrize(
    ("text", "data", "shown"),
    [
        ("a/b-%d.fits", {}, "a/b-%d.fits"),
        ("%(root)/x", {"root": "/r"}, "/r/x"),
        ("v%07d(visit)_%02d(ccd)", {"visit": 12, "ccd": 3}, "v0000012_03"),
        ("%04d(x)", {"x": "text"}, "text"),
        ("%(x)", {"x": 2.5}, "2.5"),
        ("%(x)-%04(x)-%x(x)", {"x": 12}, "12-0012-c"),
    ],
)
def test_values_take_the_place_of_keys(text: str, data: dict[str, Any], shown: str) -> None:
    location = LogicalLocation(text, data)
    assert location.locString() == str(location) == shown
    assert LogicalLocation(location).locString() == shown


def test_the_map_of_the_process_comes_first() -> None:
    LogicalLocation.setLocationMap({"root": "/all"})
    assert LogicalLocation("%(root)/%(x)", {"root": "/own", "x": 1}).locString() == "/all/1"


def test_a_key_without_a_value_is_refused() -> None:
    with pytest.raises(RuntimeError, match="Unknown substitution: nosuch"):
        LogicalLocation("%(nosuch)")
