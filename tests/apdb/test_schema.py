"""The tables are those of LSST's schema, by its own package."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from astropy.units import Unit

from persistence.apdb import schema

TABLES = (
    "metadata DiaObject DiaSource DiaForcedSource DiaObject_To_Object_Match DiaObjectLast SSObject "
    "SSSource"
).split()


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    pytest.importorskip("lsst.sdm.schemas", reason="lsst-sdm-schemas is not installed")
    from lsst.resources import ResourcePath

    text = ResourcePath("resource://lsst.sdm.schemas/apdb.yaml").read()
    content = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if content["version"] != schema.load().version:
        pytest.skip(f"lsst-sdm-schemas is of version {content['version']}")
    return {table["name"]: table for table in content["tables"]}


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_named_typed_and_ordered_as_lssts(name: str, theirs: dict[str, Any]) -> None:
    columns = schema.load().tables[name].columns.values()
    assert [(one.name, one.type, one.length, one.nullable, one.unit) for one in columns] == [
        (
            one["name"],
            one["datatype"],
            one.get("length"),
            one.get("nullable", True),
            one.get("fits:tunit") or one.get("ivoa:unit") or "",
        )
        for one in theirs[name]["columns"]
    ]


@pytest.mark.parametrize("name", TABLES)
def test_keys_and_indexes_are_lssts(name: str, theirs: dict[str, Any]) -> None:
    table = schema.load().tables[name]

    def names(said: Any) -> tuple[str, ...]:
        return tuple(
            one.partition(".")[2] for one in ([said] if isinstance(said, str) else said or [])
        )

    assert table.key == names(theirs[name].get("primaryKey"))
    assert table.indexes == {
        one["name"]: names(one["columns"]) for one in theirs[name].get("indexes", [])
    }


def test_every_column_has_a_unit_that_astropy_reads_and_a_description() -> None:
    every = schema.load()
    for table in [*every.tables.values(), *every.ours.values()]:
        for column in table.columns.values():
            Unit(column.unit)
            assert column.description.endswith("."), column


def test_a_column_that_is_misspelt_has_its_neighbour_named() -> None:
    text = schema.load()["DiaSource"].unknown("psfFlx")
    assert (
        text
        == "DiaSource has no column 'psfFlx'; did you mean 'psfFlux' or 'psfFluxErr' or 'psfFlux_flag'?"
    )
