"""Assemblers that cameras may name: amplifiers are tested with the camera that has them (tests/obs_decam)."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Table

from persistence.composites.assemble import ComponentInfo
from persistence.composites.handle import Handle
from persistence.composites.ready_made import join_columns, stack_rows
from persistence.errors import FormatterError
from persistence.policy.dataset_type import Component
from persistence.policy.signatures import RECORDS, form_of


def info(**objects):
    return {name: ComponentInfo(Component("src"), obj) for name, obj in objects.items()}


def handle(table):
    def read(view, options):
        return table[:0] if view == "schema" else table[list(options["columns"])]

    return Handle("src", {"visit": 1}, read)


def test_catalogs_are_joined_column_by_column():
    parts = info(
        a=handle(Table({"id": [2, 1], "f": [20, 10]})), b=handle(Table({"id": [1, 2], "g": [1, 2]}))
    )
    joined = join_columns(dataId={}, componentInfo=parts, cls=Table)
    assert joined.colnames == ["id", "f", "g"]
    assert list(joined["g"]) == [2, 1]


@pytest.mark.parametrize("obj", [Table({"id": [1]}), None, [], 5])
def test_what_is_not_deferred_cannot_be_joined(obj):
    with pytest.raises(FormatterError, match="component 'b' has to be deferred"):
        join_columns({}, info(a=handle(Table({"id": [1]})), b=obj), Table)


def table(*ids):
    return Table({"id": list(ids)}, meta={"RUN": 1, "ID": len(ids)})


STACKED = {
    "a list": {"a": [table(1, 2), table(3)]},
    "several components": {"a": table(1, 2), "b": table(3)},
    "components and lists": {"a": [table(1)], "b": table(2), "c": [table(), table(3)]},
    "one that is missing": {"a": table(1, 2), "b": None, "c": table(3)},
    "an empty list": {"a": [], "b": table(1, 2, 3)},
}


@pytest.mark.parametrize("what", STACKED)
def test_catalogs_are_stacked_in_order(what):
    whole = stack_rows(dataId={}, componentInfo=info(**STACKED[what]), cls=Table)
    assert list(whole["id"]) == [1, 2, 3]
    assert whole.meta["RUN"] == 1


@pytest.mark.parametrize("parts", [{}, {"a": []}, {"a": None}])
def test_no_catalog_is_told_with_the_data_id(parts):
    with pytest.raises(FormatterError, match=r"there is no catalog of {'tract': 1} to be stacked"):
        stack_rows({"tract": 1}, info(**parts), Table)


def test_catalogs_of_other_columns_are_not_stacked():
    with pytest.raises(FormatterError, match="differs in columns: g"):
        stack_rows({}, info(a=table(1), b=Table({"id": [1], "g": np.ones(1)})), Table)


@pytest.mark.parametrize("assembler", [join_columns, stack_rows])
def test_each_is_an_assembler(assembler):
    assert form_of("assembler", assembler, "the test") == RECORDS
