"""Binary tables: what astropy wrote, read from bytes and from an open file; and damaged ones."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.files import bintable, fits_headers
from persistence.files.bintable import Stream, Table
from persistence.files.bintable_columns import Form


def written(columns, **cards):
    """Return the header, and the file, of a table that astropy wrote."""
    hdu = fits.BinTableHDU.from_columns(columns)
    hdu.header.update(cards)
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    return list(fits_headers.parts(stream.getvalue(), "a.fits"))[1], stream


def sources(part, stream):
    """Return a table's data in memory, and in the middle of an open file."""
    content = stream.getvalue()
    offset = content.index(bytes(part.header)) + len(part.header)
    return {
        "bytes": bytes(part.data),
        "view": part.data,
        "stream": Stream(io.BytesIO(content), offset),
    }


def read(columns, **cards):
    """Read a table that astropy wrote, by name."""
    part, stream = written(columns, **cards)
    table = Table.parse(part.cards)
    found = [table.read(source) for source in sources(part, stream).values()]
    for other in found[1:]:
        assert all(same(other[number], column) for number, column in found[0].items())
    return {table.columns[number].name: column for number, column in found[0].items()}


def same(one, other):
    if one.dtype == object:
        return len(one) == len(other) and all(map(same, one, other))
    return (
        one.dtype == other.dtype
        and np.array_equal(np.ma.getmaskarray(one), np.ma.getmaskarray(other))
        and one.shape == other.shape
        and one.tobytes() == other.tobytes()
    )


def objects(cells):
    array = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        array[row] = cell
    return array


def damaged(part, data=None, **cards):
    return Table.parse({**part.cards, **cards}).read(part.data if data is None else data)


# -- formats
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "form", "width"),
    [
        ("D", Form("D", 1), 8),
        ("1D", Form("D", 1), 8),
        ("3E  ", Form("E", 3), 12),
        ("0J", Form("J", 0), 0),
        ("64A", Form("A", 64), 64),
        ("10X", Form("X", 10), 2),
        ("PE(3)", Form("E", 1, "P"), 8),
        ("1QD()", Form("D", 1, "Q"), 16),
        ("1PX(9)", Form("X", 1, "P"), 8),
        ("0PA", Form("A", 0, "P"), 0),
    ],
)
def test_a_format_of_the_standard_is_known(text, form, width):
    assert Form.parse(text) == form
    assert (form.width, form.raw.itemsize) == (width, width)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1Z", "d", "-1D", "1 D", "1D(3)", "20A10", "1Dx", "P", "2PD(3)", "PQ(3)", "PD(x)"],
)
def test_a_format_that_the_standard_does_not_explain_is_refused(text):
    with pytest.raises(FormatterError, match="is not a format of a binary table's column"):
        Form.parse(text)


# -- tables of astropy
# --------------------------------------------------------------------------------------------------


NUMBERS = {"B": "u1", "I": "i2", "J": "i4", "K": "i8", "E": "f4", "D": "f8", "C": "c8", "M": "c16"}
TEXTS = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=6)


def random_numbers(random, letter, shape):
    values = random.integers(-100, 100, shape)
    if NUMBERS[letter].startswith("c"):
        values = values * (1 + 2j)
    return values.astype(NUMBERS[letter])


def numbers(draw, random, rows):
    letter, width = draw(st.sampled_from([*NUMBERS])), draw(st.integers(1, 5))
    shape = rows if width == 1 else (rows, width)
    return f"{width}{letter}", random_numbers(random, letter, shape), {}


def unsigned(draw, random, rows):
    letter, size = draw(st.sampled_from([("I", 2), ("J", 4), ("K", 8)]))
    values = random.integers(0, 1 << (8 * size), rows, f"u{size}")
    return letter, values, {"bzero": 1 << (8 * size - 1)}


def booleans(draw, random, rows):
    return "L", random.random(rows) < 0.5, {}


def bits(draw, random, rows):
    width = draw(st.integers(1, 20))
    return f"{width}X", random.random((rows, width)) < 0.5, {}


def texts(draw, random, rows):
    width = draw(st.integers(1, 6))
    return f"{width}A", np.array([draw(TEXTS)[:width] for _ in range(rows)], f"U{width}"), {}


def far_numbers(draw, random, rows):
    letter, pointer = draw(st.sampled_from([*NUMBERS])), draw(st.sampled_from("PQ"))
    cells = [random_numbers(random, letter, random.integers(0, 4)) for _ in range(rows)]
    return f"{pointer}{letter}()", objects(cells), {}


def far_texts(draw, random, rows):
    pointer = draw(st.sampled_from("PQ"))
    return f"{pointer}A()", objects([draw(TEXTS) for _ in range(rows)]), {}


KINDS = [numbers, unsigned, booleans, bits, texts, far_numbers, far_texts]


@st.composite
def tables(draw):
    """Draw columns as astropy takes them, and the values that it is given."""
    rows, random = draw(st.integers(0, 6)), np.random.default_rng(draw(st.integers(0, 1000)))
    drawn = [
        kind(draw, random, rows) for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1))
    ]
    columns = [
        fits.Column(f"c{number}", form, array=values, **given)
        for number, (form, values, given) in enumerate(drawn)
    ]
    return columns, [values for _form, values, _given in drawn]


def listed(values):
    """Return values with the names of their types; texts and cells of the heap as lists."""
    if values.dtype == object:
        return [cell if isinstance(cell, str) else listed(cell) for cell in values]
    return values.tolist() if values.dtype.kind == "U" else (values.dtype.str, values.tolist())


@settings(max_examples=200, deadline=None)
@given(tables(), st.data())
def test_both_sources_read_the_table_that_astropy_wrote(drawn, data):
    columns, expected = drawn
    part, stream = written(columns)
    table = Table.parse(part.cards)
    every = range(1, len(columns) + 1)
    wanted = data.draw(st.none() | st.sets(st.sampled_from(every)))
    for source in sources(part, stream).values():
        found = table.read(source, wanted)
        assert list(found) == sorted(every if wanted is None else wanted)
        for number, values in found.items():
            as_given = values.T if columns[number - 1].format.endswith("X") else values
            assert listed(as_given) == listed(expected[number - 1])
        empty = table.read(source, wanted, empty=True)
        assert {number: values.dtype.kind for number, values in empty.items()} == {
            number: values.dtype.kind for number, values in found.items()
        }


@pytest.mark.parametrize(
    ("form", "array"),
    [
        ("1B", np.array([1, 255], "u1")),
        ("1I", np.array([1, -1], "i2")),
        ("1J", np.array([-1, 2], "i4")),
        ("1K", np.array([-(2**62), 2], "i8")),
        ("1E", np.array([0.5, np.nan], "f4")),
        ("1D", np.array([0.1, np.inf], "f8")),
        ("1L", np.array([True, False])),
        ("1M", np.array([1 + 2j, 3j])),
        ("3D", np.arange(6.0).reshape(2, 3)),
        ("2J", np.arange(4, dtype="i4").reshape(2, 2)),
    ],
)
def test_numbers_are_astropys(form, array):
    found = read([fits.Column("a", form, array=array), fits.Column("b", "1J", array=[7, 8])])
    assert np.array_equal(found["a"], array, equal_nan=form[1] in "ED")
    assert found["a"].dtype == array.dtype
    assert found["b"].tolist() == [7, 8]


def test_blocks_join(monkeypatch):
    monkeypatch.setattr(bintable, "_BLOCK", 100)
    numbers, texts = np.arange(50), np.array([f"text {row}" for row in range(50)])
    bits = np.random.default_rng(1).random((50, 9)) < 0.5
    columns = [
        fits.Column("a", "K", array=numbers),
        fits.Column("b", "9X", array=bits),
        fits.Column("c", "7A", array=texts),
    ]
    found = read(columns)
    assert found["a"].tolist() == numbers.tolist()
    assert np.array_equal(found["b"].T, bits)
    assert found["c"].tolist() == texts.tolist()


@pytest.mark.parametrize("form", ["QA()", "PA()"])
def test_texts_keep_their_blanks(form):
    texts = ["detector 1", "", " a"]
    found = read(
        [
            fits.Column("a", form, array=objects(texts)),
            fits.Column("b", "10A", array=["x y ", "", "z"]),
        ]
    )
    assert {name: column.tolist() for name, column in found.items()} == {
        "a": texts,
        "b": ["x y", "", "z"],
    }


def test_texts_may_have_letters_that_are_not_of_ascii():
    part, stream = written([fits.Column("a", "6A", array=[b"na\xc3\xafve", b"b\xff"])])
    for source in sources(part, stream).values():
        assert Table.parse(part.cards).read(source)[1].tolist() == ["naïve", "b\ufffd"]


def test_cells_may_differ_in_length():
    cells = objects([np.array([1.0, 2.0]), np.array([]), np.array([3.0])])
    found = read([fits.Column("a", "QD()", array=cells)])
    assert [cell.tolist() for cell in found["a"]] == [[1.0, 2.0], [], [3.0]]


def test_numbers_of_the_heap_are_scaled_as_those_of_rows():
    cells = objects([np.array([1, 2], "i2"), np.array([-3], "i2")])
    found = read([fits.Column("a", "PI()", array=cells)], TSCAL1=0.5, TZERO1=1)
    assert [cell.tolist() for cell in found["a"]] == [[1.5, 2.0], [-0.5]]


def test_nulls_are_masked():
    found = read([fits.Column("a", "J", array=[1, -99, 3], null=-99)])["a"]
    assert np.ma.isMaskedArray(found)
    assert found.tolist() == [1, None, 3]


@pytest.mark.parametrize(
    ("form", "values", "cards"),
    [
        ("3A", ["x", "yz"], {"TSCAL1": 2, "TZERO1": 1, "TDIM1": "(2,9)"}),
        ("L", [True, False], {"TSCAL1": 2, "TZERO1": 1}),
        ("D", [1.0, 2.0], {"TNULL1": 1}),
    ],
)
def test_cards_that_have_no_meaning_for_a_format_are_passed_over(form, values, cards):
    part, stream = written([fits.Column("a", form, array=values)])
    table = Table.parse({**part.cards, **cards})
    assert table.columns == Table.parse(part.cards).columns
    for source in sources(part, stream).values():
        assert table.read(source)[1].tolist() == values


def test_dimensions_are_those_of_the_header_and_elements_beyond_them_are_filling():
    numbers = np.arange(14).reshape(2, 7)
    found = read([fits.Column("a", "7J", array=numbers)], TDIM1="(3,2)")["a"]
    assert found.tolist() == [[[0, 1, 2], [3, 4, 5]], [[7, 8, 9], [10, 11, 12]]]


def test_columns_without_width_have_empty_cells():
    columns = [fits.Column("a", "J", array=[1, 2]), fits.Column("b", "J", array=[3, 4])]
    for form, shape in {"0D": (2, 0), "0A": (2,), "0X": (0, 2), "0PD(0)": (2,)}.items():
        part, stream = written(columns)
        table = Table.parse({**part.cards, "TFORM1": form, "TFORM2": "J"})
        for source in sources(part, stream).values():
            found = table.read(source)
            assert found[1].shape == shape
            assert sum(np.size(cell) for cell in found[1] if form == "0PD(0)") == 0
            assert found[2].tolist() == [1, 2]


def test_a_table_may_be_of_no_bytes():
    part, _stream = written([fits.Column("a", "J", array=[1, 2])])
    cards = {**part.cards, "NAXIS1": 0, "TFORM1": "0E", "PCOUNT": 0}
    assert Table.parse(cards).read(b"")[1].shape == (2, 0)


# -- heaps that astropy does not write
# --------------------------------------------------------------------------------------------------


def heaped(form, places, heap, **cards):
    """Return the header and the data of a table of one column in the heap."""
    rows = b"".join(struct.pack(">ii", *place) for place in places)
    given = {"NAXIS1": 8, "NAXIS2": len(places), "PCOUNT": len(heap), "TFIELDS": 1, "TFORM1": form}
    return Table.parse({**given, "TTYPE1": "a", **cards}), rows + heap


def test_bits_of_the_heap_are_counted_as_bits():
    table, data = heaped("1PX(9)", [(9, 0), (0, 0), (3, 2)], b"\x80\x80\x40")
    assert [cell.tolist() for cell in table.read(data)[1]] == [
        [True, *[False] * 7, True],
        [],
        [False, True, False],
    ]


def test_an_empty_cell_may_lie_anywhere():
    table, data = heaped("1PJ(1)", [(0, 999), (1, 0), (0, -1)], struct.pack(">i", 7))
    assert [cell.tolist() for cell in table.read(data)[1]] == [[], [7], []]


def test_there_may_be_a_gap_before_the_heap():
    table, data = heaped("1PJ(1)", [(1, 0)], bytes(3) + struct.pack(">i", 7), THEAP=11)
    assert table.read(data)[1][0].tolist() == [7]


# -- damage
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"TFORM1": "1Z"}, "TFORM1 = '1Z'"),
        ({"TFORM1": "1D", "TFORM2": "1D"}, "rows end before column"),
        ({"TFORM1": "99999999999D"}, "rows end before column a does"),
        ({"TFIELDS": 9}, "TFORM3"),
        ({"THEAP": 10**9, "TFORM1": "1PD(3)"}, "rows end|not in the heap"),
        ({"THEAP": 3, "TFORM1": "1PD(3)", "TFORM2": "0J"}, "the heap begins at 3, before the rows"),
        ({"NAXIS2": 5}, "it is truncated: 32 bytes are missing"),
        ({"NAXIS2": "many"}, "damaged"),
        ({"NAXIS2": -1}, "damaged"),
        ({"TFORM1": "2I", "TDIM1": "(2,3)"}, r"TDIM1 = '\(2,3\)' is too large for 2 elements"),
        ({"TZERO1": "x"}, "damaged"),
    ],
)
def test_a_damaged_table_is_refused(cards, message):
    part, _stream = written([fits.Column("a", "1J", array=[1]), fits.Column("b", "1J", array=[2])])
    with pytest.raises(FormatterError, match=message):
        damaged(part, **cards)


def test_a_column_that_is_not_there_is_refused():
    part, _stream = written([fits.Column("a", "1J", array=[1])])
    for number in (0, 2):
        with pytest.raises(FormatterError, match="damaged"):
            Table.parse(part.cards).read(part.data, [number])


@pytest.mark.parametrize("place", [(3, 100), (4, 0), (-1, 0), (3, -8)])
def test_a_cell_outside_the_heap_is_refused(place):
    table, data = heaped("1PD(3)", [place], bytes(24))
    with pytest.raises(FormatterError, match=f"a cell of a is not in the heap: {place[0]} element"):
        table.read(data)
    with pytest.raises(FormatterError, match=f"a cell of a is not in the heap: {place[0]} element"):
        table.descriptors(data, 1)


def test_descriptors_say_where_cells_are():
    table, data = heaped("1PD(3)", [(3, 0), (0, 999), (1, 16)], bytes(24))
    assert table.descriptors(data, 1).tolist() == [[3, 0], [0, 999], [1, 16]]
    table, data = heaped("1PX(9)", [(9, 0), (3, 1)], bytes(2))
    assert table.descriptors(data, 1).tolist() == [[9, 0], [3, 1]]
    table, data = heaped("0PD(3)", [(5, 7)], bytes(24), NAXIS1=0, NAXIS2=2)
    assert table.descriptors(data, 1).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("kept", [0, 7, 15, 20])
def test_a_truncated_table_is_refused_whatever_it_is_read_from(kept):
    part, stream = written([fits.Column("a", "QD()", array=objects([np.array([1.0])]))])
    table, source = Table.parse(part.cards), sources(part, stream)
    stream = source["stream"]
    cut = Stream(io.BytesIO(stream.file.getvalue()[: stream.offset + kept]), stream.offset)
    for cut_source in (source["bytes"][:kept], part.data[:kept], cut):
        with pytest.raises(FormatterError, match=r"truncated: \d+ bytes are missing"):
            table.read(cut_source)
        assert len(table.read(cut_source, empty=True)[1]) == 0
