"""Values as they are typed."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.dataids import literals


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-2", -2),
        ("0x10", 16),
        ("True", True),
        ("None", None),
        ("1/3600", 1 / 3600),
        ("2*(3+4)", 14),
        ("7//2 - 7%2", 2),
        ("10**-3", 0.001),
        ("float('inf')", math.inf),
        ("int(3.7)", 3),
        ("1,2,3", (1, 2, 3)),
        ("[1, -2.5]", [1, -2.5]),
        ("{'a': 1}", {"a": 1}),
        ("{1, 2}", {1, 2}),
        ("'text'", "text"),
        (" 1 ", 1),
    ],
)
def test_literals_and_arithmetic_are_computed(text: str, value: Any) -> None:
    found = literals.value(text)
    assert (found, type(found)) == (value, type(value))


def test_not_a_number_is_a_value() -> None:
    assert math.isnan(literals.value("float('nan')"))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__",
        "open('/etc/passwd')",
        "float",
        "x",
        "[x for x in (1,)]",
        "lambda: 1",
        "f'{1}'",
        "float(x='1')",
        "'a' * 10**9",
        "9**9**9**9",
        "2**100000",
        "1/0",
        "{**{}}",
        "{[]: 1}",
        "1 if 1 else 2",
        "not 1",
        "",
        "1 +",
        "(" * 5000 + ")" * 5000,
        "1" * 10_001,
        "float('abc')",
        "-'a'",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|too|could not"):
        literals.value(text)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_what_python_writes_is_read_back(value: Any) -> None:
    assert literals.value(repr(value)) == value
