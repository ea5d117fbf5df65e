"""Archives: objects by number, made once; what is unknown, missing, damaged or needs itself."""

from __future__ import annotations

import pytest

from persistence.errors import FormatterError
from persistence.types.archives.archive import Archive, Unknown

NAMES = ("id", "cat.archive", "cat.persistable", "row0", "nrows", "name", "module")
CHEBYSHEV = {
    "order_x": [0, 0],
    "bbox_min_x": [0, 0],
    "bbox_min_y": [0, 0],
    "bbox_max_x": [-1, -1],
    "bbox_max_y": [-1, -1],
    "coefficients": [2.0, 3.0],
}


def archive(rows, tables, dot="."):
    index = {
        name.replace(".", dot): [row[place] for row in rows] for place, name in enumerate(NAMES)
    }

    def read(number):
        if number not in tables:
            raise FormatterError(f"table {number} is missing")
        return tables[number]

    return Archive(index, read, "a.fits")


PRODUCT = [
    (1, 1, 0, 0, 2, "ProductBoundedField", "m"),
    (3, 2, 0, 1, 1, "ChebyshevBoundedField", "m"),
    (2, 2, 0, 0, 1, "ChebyshevBoundedField", "m"),
]


@pytest.mark.parametrize("dot", [".", "_"])
def test_objects_are_made_of_their_rows_and_of_what_they_refer_to(dot):
    made = archive(PRODUCT, {1: {"id": [2, 3]}, 2: CHEBYSHEV}, dot).load(1)
    assert [factor.coefficients.tolist() for factor in made.factors] == [[[2.0]], [[3.0]]]
    assert made(5, 6) == 6.0


def test_an_object_is_made_once_whoever_refers_to_it():
    found = archive(PRODUCT, {1: {"id": [2, 2]}, 2: CHEBYSHEV})
    first, second = found.load(1).factors
    assert first is second is found.load(2)


def test_a_table_is_read_once_and_only_when_an_object_needs_it():
    asked = []
    index = {name: [row[place] for row in PRODUCT] for place, name in enumerate(NAMES)}
    found = Archive(index, lambda number: asked.append(number) or CHEBYSHEV, "a.fits")
    assert asked == []
    found.load(2)
    found.load(3)
    assert asked == [2]


def test_number_zero_is_nothing():
    assert archive([], {}).load(0) is None


def test_the_tables_of_an_object_are_in_its_own_order_and_cut_to_its_rows():
    rows = [(1, 2, 1, 0, 1, "Odd", "lsst.odd"), (1, 1, 0, 1, 2, "Odd", "lsst.odd")]
    odd = archive(rows, {1: {"a": [1, 2, 3]}, 2: {"b": ["x"]}}).load(1)
    assert isinstance(odd, Unknown)
    assert (odd.name, odd.module, odd.tables) == ("Odd", "lsst.odd", ({"a": [2, 3]}, {"b": ["x"]}))
    assert str(odd) == "unknown Odd, 2 tables"


def test_an_unknown_field_is_kept_but_cannot_be_evaluated():
    rows = [(1, 1, 0, 0, 1, "ApCorrMap", ""), (2, 2, 0, 0, 1, "OddField", "")]
    found = archive(rows, {1: {"name": ["flux"], "field": [2]}, 2: {"x": [1]}}).load(1)
    with pytest.raises(FormatterError, match="class OddField is unknown"):
        found["flux"](1, 2)


def test_an_object_without_tables_has_none():
    assert archive([(4, -1, 0, 0, 0, "Empty", "")], {}).load(4).tables == ()


@pytest.mark.parametrize(
    ("rows", "tables", "message"),
    [
        (
            PRODUCT,
            {1: {"id": [2, 9]}, 2: CHEBYSHEV},
            r"the archive has no object 9; it has \[1, 2, 3\]",
        ),
        (PRODUCT, {1: {"id": [2, 3]}}, r"object 2 \(ChebyshevBoundedField\) .* table 2 is missing"),
        (
            PRODUCT,
            {1: {"id": [2]}, 2: CHEBYSHEV},
            r"object 1 \(ProductBoundedField\).* rows 0 to 1 of table 1, .* 1 rows",
        ),
        (PRODUCT, {1: {}, 2: CHEBYSHEV}, r"object 1 \(ProductBoundedField\)"),
        (
            PRODUCT,
            {1: {"number": [2, 3]}, 2: CHEBYSHEV},
            r"object 1 \(ProductBoundedField\) .* KeyError: 'id'",
        ),
        (
            PRODUCT,
            {1: {"id": [2, 1]}, 2: CHEBYSHEV},
            r"refer to each other in a circle: 1 \(Product\w*\) -> 1 \(Product\w*\)",
        ),
        ([(1, 1, 0, -1, 1, "Odd", "")], {1: {"a": [1]}}, "object 1 .* rows -1"),
        ([], {}, r"the archive has no object 1; it has \[\]"),
    ],
    ids=["no object", "no table", "short", "empty", "column", "cycle", "negative", "empty archive"],
)
def test_what_cannot_be_read_is_refused_with_its_number_and_class(rows, tables, message):
    with pytest.raises(FormatterError, match=message) as caught:
        archive(rows, tables).load(1)
    assert "a.fits" in str(caught.value)


def test_objects_are_refused_again_after_a_refusal():
    found = archive(PRODUCT, {1: {"id": [2, 1]}, 2: CHEBYSHEV})
    for _ in range(2):
        with pytest.raises(FormatterError, match=r"1 .* -> 1"):
            found.load(1)


def test_an_index_without_its_columns_is_refused():
    with pytest.raises(
        FormatterError, match=r"a.fits: the index of the archive lacks cat_persistable,"
    ):
        Archive({"id": [1]}, lambda number: {}, "a.fits")
