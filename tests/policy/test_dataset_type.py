"""Dataset types of a policy: each key has a kind of value, and another kind is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from persistence.errors import PolicyError
from persistence.policy import dataset_type, load

TEXT, WORDS, TRUTH, TABLE = (
    "text",
    "text, or a list of texts",
    "true or false",
    "a mapping",
)
# Of each key, values of the wrong kind, and what the message says belongs there.
WRONG_KINDS = {
    "template": ([5, False, "[a]"], TEXT),
    "python": (["[a.B]", 5], TEXT),
    "persistable": (["{a: b}"], TEXT),
    "storage": (["[FitsStorage]", 5], TEXT),
    "level": (["[Ccd]", 5], TEXT),
    "tables": (["{raw: a}", 5, "[5]", "[[raw]]"], WORDS),
    "columns": (["{visit: a}", True, "[null]"], WORDS),
    "recipe": (["[default]", 5], TEXT),
    "obsTimeName": (["2020-01-01"], TEXT),
    "validRange": (["maybe", 1], TRUTH),
    "inputOnly": (["maybe", 1], TRUTH),
    "validStartName": (["[a]"], TEXT),
    "validEndName": ([5.5], TEXT),
    "reference": ([5, "{a: b}"], WORDS),
    "refCols": ([5, "[5]"], WORDS),
    "filter": (["g", "[true]"], TRUTH),
    "metadataKey": (["[a]"], TEXT),
    "description": (["[a]", 5], TEXT),
    "composite": (["[src]", "src", ""], TABLE),
    "assembler": (["[a.b]", 5], TEXT),
    "disassembler": ([True], TEXT),
    "keys": (["[visit]", "visit", ""], TABLE),
    "table": ([5, "{a: b}"], WORDS),
}
CASES = [(key, value) for key, (values, _kind) in WRONG_KINDS.items() for value in values]


def test_each_key_is_tested_with_a_value_of_the_wrong_kind() -> None:
    assert set(WRONG_KINDS) == set(dataset_type.FIELDS)


def test_each_key_but_two_fills_the_field_of_its_name() -> None:
    fields = {*dataset_type.DatasetType._fields} - {"name", "section", "source"}
    assert set(dataset_type.FIELDS) - fields == {"table", "inputOnly"}
    assert fields - set(dataset_type.FIELDS) == set()


@pytest.mark.parametrize(("key", "value"), CASES, ids=str)
def test_a_value_of_the_wrong_kind_is_refused_with_its_line(
    tmp_path: Path, key: str, value: object
) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(f"datasets:\n  note:\n    {key}: {value}\n")
    told = f"{path}:3: note: {key} has to be {WRONG_KINDS[key][1]}, not "
    with pytest.raises(PolicyError, match=re.escape(told)):
        load.load(str(path))


WRONG = {
    "composite: {a: src}": "component 'a' has to be a mapping, not 'src'",
    "composite: {a: {datasetType: 5}}": "component 'a': datasetType has to be text, not 5",
    "keys: {visit: [int]}": "a key has type int, str, float, not ['int']",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_part_of_the_wrong_kind_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(f"datasets:\n  note:\n    {text}\n")
    with pytest.raises(PolicyError, match=re.escape(f"{path}:3: note: {WRONG[text]}")):
        load.load(str(path))


def test_a_key_that_is_left_empty_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    empty = "".join(
        f"    {key}:\n" for key in dataset_type.FIELDS if key not in ("composite", "keys")
    )
    path.write_text(f"datasets:\n  note:\n{empty}")
    note = load.load(str(path)).types["note"]
    assert note == dataset_type.DatasetType("note", "datasets", f"{path}:3")
