"""Tables of archives: what afw takes its columns for, and what its tables have not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from astropy.io import fits

from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.types.archives import tables


def part(columns, **cards):
    hdu = fits.BinTableHDU.from_columns(columns)
    for key, value in cards.items():
        hdu.header[key] = value
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    return list(fits_headers.parts(stream.getvalue(), "a.fits"))[1]


@pytest.mark.parametrize(
    ("form", "array"),
    [
        ("1B", np.array([1, 255], "u1")),
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
    found = tables.columns(
        part([fits.Column("a", form, array=array), fits.Column("b", "1J", array=[7, 8])])
    )
    assert np.array_equal(found["a"], array, equal_nan=form[1] in "ED")
    assert found["a"].dtype == array.dtype
    assert found["b"].tolist() == [7, 8]


def test_short_integers_have_no_sign():
    signed = fits.Column("a", "1I", array=np.array([1, -1], "i2"))
    shifted = fits.Column("b", "1I", bzero=32768, array=np.array([1, 65535], "u2"))
    found = tables.columns(part([signed, shifted]))
    assert [found[name].tolist() for name in "ab"] == [[1, 65535], [1, 65535]]


def test_short_integers_of_the_heap_have_no_sign():
    cells = np.empty(2, dtype=object)
    cells[:] = [np.array([1, -1], "i2"), np.array([-2], "i2")]
    found = tables.columns(part([fits.Column("a", "QI()", array=cells)]))
    assert [cell.tolist() for cell in found["a"]] == [[1, 65535], [65534]]


@pytest.mark.parametrize("form", ["QA()", "PA()"])
def test_texts_keep_their_blanks(form):
    cells = np.array(["detector 1", "", " a"], dtype=object)
    found = tables.columns(
        part(
            [fits.Column("a", form, array=cells), fits.Column("b", "10A", array=["x y ", "", "z"])]
        )
    )
    assert found == {"a": ["detector 1", "", " a"], "b": ["x y", "", "z"]}


def test_cells_may_differ_in_length():
    cells = np.array([np.array([1.0, 2.0]), np.array([]), np.array([3.0])], dtype=object)
    found = tables.columns(part([fits.Column("a", "QD()", array=cells)]))
    assert isinstance(found["a"], list)
    assert [cell.tolist() for cell in found["a"]] == [[1.0, 2.0], [], [3.0]]


def test_flags_have_names():
    bits = fits.Column("flags", "10X", array=np.eye(10, dtype=bool)[[0, 9]])
    found = tables.columns(
        part([bits], FLAGCOL=1, **{f"TFLAG{bit}": f"flag{bit}" for bit in range(1, 11)})
    )
    assert list(found) == [f"flag{bit}" for bit in range(1, 11)]
    assert (found["flag1"].tolist(), found["flag10"].tolist()) == ([True, False], [False, True])


def test_bits_that_are_no_flags_are_a_column():
    bits = np.eye(10, dtype=bool)[[0, 9]]
    found = tables.columns(part([fits.Column("mask", "10X", array=bits)]))
    assert found["mask"].tolist() == bits.tolist()


def test_points_of_old_tables_are_two_columns():
    found = tables.columns(part([fits.Column("p", "2D", array=[[1.0, 2.0]])], TCCLS1="Point"))
    assert {name: column.tolist() for name, column in found.items()} == {"p_x": [1.0], "p_y": [2.0]}


def test_points_of_another_number_of_numbers_stay_together():
    columns = [fits.Column("p", "3D", array=[[1.0, 2.0, 3.0]]), fits.Column("q", "D", array=[4.0])]
    found = tables.columns(part(columns, TCCLS1="Point", TCCLS2="Point"))
    assert {name: column.tolist() for name, column in found.items()} == {
        "p": [[1.0, 2.0, 3.0]],
        "q": [4.0],
    }


@pytest.mark.parametrize("form", ["0D", "0I", "0A", "0X", "0QD(0)"])
def test_a_column_without_width_has_empty_cells(form):
    good = part([fits.Column("a", "1J", array=[1, 2]), fits.Column("b", "1J", array=[3, 4])])
    cards = {**good.cards, "TFORM1": form}
    found = tables.columns(fits_headers.Part(cards, good.header, good.data))
    assert found["a"].shape == (2, 0)
    assert found["b"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"TFORM1": "1Z"}, "TFORM1 = '1Z'"),
        ({"TFORM1": "1D", "TFORM2": "1D"}, "rows end before column"),
        ({"TSCAL1": 2.0}, "column a is scaled"),
        ({"TZERO1": 5}, "column a is scaled"),
        ({"TZERO1": 1 << 31}, "column a is scaled"),
        ({"TNULL1": 1}, "column a has nulls"),
        ({"TFIELDS": 9}, "TFORM3"),
        ({"THEAP": 10**9, "TFORM1": "1PD(3)"}, "rows end|not in the heap"),
        ({"XTENSION": "IMAGE"}, "not a binary table"),
        ({"TFORM1": "2X", "FLAGCOL": 1, "TFLAG1": "x"}, "a flag has no name: there is no 'TFLAG2'"),
    ],
)
def test_a_damaged_table_is_refused(cards, message):
    good = part([fits.Column("a", "1J", array=[1]), fits.Column("b", "1J", array=[2])])
    damaged = fits_headers.Part({**good.cards, **cards}, good.header, good.data)
    with pytest.raises(FormatterError, match=message):
        tables.columns(damaged)


def test_nulls_of_the_heap_are_refused():
    cells = np.array([np.array([1, 2], "i4"), np.array([3], "i4")], dtype=object)
    with pytest.raises(FormatterError, match="column a has nulls"):
        tables.columns(part([fits.Column("a", "QJ()", array=cells)], TNULL1=3))
    assert len(tables.columns(part([fits.Column("a", "QJ()", array=cells)], TNULL1=4))["a"]) == 2


def test_a_cell_outside_the_heap_is_refused():
    good = part([fits.Column("a", "QD()", array=np.array([np.array([1.0])], dtype=object))])
    cut = fits_headers.Part({**good.cards, "PCOUNT": 4}, good.header, good.data[:20])
    with pytest.raises(FormatterError, match="a cell of a is not in the heap: 1 elements"):
        tables.columns(cut)
