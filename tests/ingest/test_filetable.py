"""Files with their data IDs: from tables, and from names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import FormatterError
from persistence.dataids.template import PathTemplate
from persistence.ingest import filetable

TEMPLATE = PathTemplate("%(filter)s/%(visit)07d_%(ccdnum)02d.fits")
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=5)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"filter": NAMES, "visit": st.integers(0, 10**8), "ccdnum": st.integers(0, 200)}
        ),
        max_size=5,
    )
)
def test_names_give_back_the_data_ids_that_made_them(data_ids: list[dict[str, object]]) -> None:
    paths = [f"/data/run 1/{TEMPLATE.format(data_id)}" for data_id in data_ids]
    entries = list(filetable.matched(paths, TEMPLATE))
    assert [(entry.path, entry.data_id, entry.problem) for entry in entries] == [
        (path, data_id, "") for path, data_id in zip(paths, data_ids, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("path,visit\na.fits,1\n", [({"visit": "1"}, "a.fits")]),
        ("\ufeffvisit, path\n# a remark\n\n 1 , a.fits\n", [({"visit": "1"}, "a.fits")]),
        ('path,filter\n"a,b.fits",g\n', [({"filter": "g"}, "a,b.fits")]),
        ("image,visit\na.fits,\n", [({}, "a.fits")]),
    ],
)
def test_a_table_is_read_as_it_is_written(
    tmp_path: Path, text: str, rows: list[tuple[dict[str, str], str]]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    entries = list(filetable.read(str(path)))
    assert [(entry.data_id, entry.path) for entry in entries] == rows


def test_a_file_that_lies_beside_the_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.fits").write_text("")
    table = tmp_path / "t.csv"
    table.write_text("path,visit\nx.fits,1\n")
    (entry,) = filetable.read(str(table))
    assert entry.problem == f"no such file; there is {tmp_path}/x.fits: pass --prefix {tmp_path}"
    (entry,) = filetable.read(str(table), prefix=str(tmp_path))
    assert entry.problem == ""


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatterError, match=r"is not a table of files: \.ecsv or \.csv is"):
        list(filetable.read(str(tmp_path / "x.fits")))
