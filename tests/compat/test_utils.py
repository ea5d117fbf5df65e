"""One thing or many, and importing by name."""

from __future__ import annotations

from typing import Any

import pytest

from persistence import Butler, deprecate_class, doImport, iterify, listify, sequencify, setify
from persistence.errors import PersistenceError


@pytest.mark.parametrize(
    ("given", "listed", "iterated", "sequence", "as_set"),
    [
        ("abc", ["abc"], ["abc"], ("abc",), {"abc"}),
        (7, [7], [7], (7,), {7}),
        ((1, 2), [1, 2], (1, 2), (1, 2), {1, 2}),
        ([1, 2], [1, 2], [1, 2], [1, 2], {1, 2}),
        ({3}, [3], {3}, {3}, {3}),
        ({"b": 1, "a": 2}, [{"b": 1, "a": 2}], {"b": 1, "a": 2}, ("a", "b"), {"a", "b"}),
        ([], [], [], [], set()),
    ],
    ids=["text", "number", "tuple", "list", "set", "mapping", "nothing"],
)
def test_one_and_many_become_many(
    given: Any, listed: Any, iterated: Any, sequence: Any, as_set: Any
) -> None:
    assert (listify(given), iterify(given), sequencify(given), setify(given)) == (
        listed,
        iterated,
        sequence,
        as_set,
    )


def test_none_is_none_of_them_but_a_sequence_of_one() -> None:
    assert (listify(None), iterify(None), setify(None)) == ([], [], set())
    assert sequencify(None) == (None,)


@pytest.mark.parametrize(
    ("name", "found"),
    [("persistence.Butler", Butler), ("persistence.butler.butler.Butler.get", Butler.get)],
)
def test_a_dotted_name_is_imported(name: str, found: Any) -> None:
    assert doImport(name) is found


@pytest.mark.parametrize(
    "name", ["nosuch.thing", "persistence.butler.butler.Nothing", "word", "", "."]
)
def test_a_name_that_leads_nowhere_is_an_import_error(name: str) -> None:
    with pytest.raises(ImportError, match="cannot be imported") as caught:
        doImport(name)
    assert isinstance(caught.value, PersistenceError)


def test_a_name_has_to_be_text() -> None:
    with pytest.raises(TypeError, match="must be text, not 3"):
        doImport(3)  # type: ignore[arg-type]


def test_no_class_is_deprecated_by_its_name() -> None:
    assert deprecate_class(Butler) is Butler
