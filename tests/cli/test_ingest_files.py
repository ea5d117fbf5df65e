"""``persistence ingest-files``: tables of paths and data IDs, and names that tell them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from astropy.table import Table

from persistence import Butler

TEMPLATE = "gaia/%(visit)07d/%(ccdnum)02d.fits"
Rows = list[tuple[object, ...]]


@pytest.fixture
def cats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of catalogs of two visits and two chips, in the current directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cats").mkdir()
    for visit in (410877, 410878):
        for ccd in (28, 29):
            name = tmp_path / "cats" / f"{visit}_{ccd}.fits"
            Table({"id": [visit, ccd]}).write(name, format="fits")
    return tmp_path / "cats"


@pytest.fixture
def repo(run: Any, root: Path) -> Path:
    """Return a repository that knows the type gaiaCat."""
    words = ("--template", TEMPLATE, "--storage", "FitsCatalogStorage")
    assert run("define", root, "gaiaCat", *words, "--python", "astropy.table.Table").status == 0
    return root


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a table."""

    def write(rows: Rows, *columns: str, name: str = "t.csv") -> Path:
        path = tmp_path / name
        columns = columns or ("path", "visit", "ccdnum")
        if name.endswith(".csv"):
            lines = [",".join(map(str, row)) for row in (columns, *rows)]
            path.write_text("\n".join(lines) + "\n")
        else:
            Table(rows=rows, names=columns).write(path, format="ascii.ecsv", overwrite=True)
        return path

    return write


def files(root: Path) -> dict[str, str]:
    """Return what lies in the places of the type, by os.walk, and what it leads to."""
    return {
        os.path.relpath(os.path.join(folder, name), root): os.path.realpath(os.path.join(folder, name))
        for folder, _, names in os.walk(root / "gaia")
        for name in names
    }  # fmt: skip


ROWS: Rows = [
    (f"cats/{visit}_{ccd}.fits", visit, ccd) for visit in (410877, 410878) for ccd in (28, 29)
]
PLACES = {TEMPLATE % {"visit": row[1], "ccdnum": row[2]}: row[0] for row in ROWS}


@pytest.mark.parametrize("name", ["t.csv", "t.ecsv"])
@pytest.mark.parametrize("transfer", ["symlink", "relsymlink", "hardlink", "copy", "move"])
def test_a_table_of_paths_and_data_ids_is_ingested(
    run: Any, repo: Path, cats: Path, table: Any, name: str, transfer: str
) -> None:
    path = table(ROWS, name=name)
    before = {str(row[0]): fits.getdata(row[0])["id"].tolist() for row in ROWS}
    done = run("ingest-files", repo, "gaiaCat", path, "--transfer", transfer)
    assert done == (0, "4 new, 0 already there, 0 failed\n", "")
    assert set(files(repo)) == set(PLACES)
    for place, source in PLACES.items():
        assert fits.getdata(repo / place)["id"].tolist() == before[str(source)]
        assert os.path.exists(str(source)) == (transfer != "move")
        assert os.path.islink(repo / place) == (transfer in ("symlink", "relsymlink"))
    assert Butler(repo).get("gaiaCat", visit=410878, ccdnum=29)["id"].tolist() == [410878, 29]
    if transfer != "move":
        again = run("ingest-files", repo, "gaiaCat", path, "--transfer", transfer)
        assert again.out == "0 new, 4 already there, 0 failed\n"


def test_direct_makes_nothing_in_the_place(run: Any, repo: Path, cats: Path, table: Any) -> None:
    assert run("ingest-files", "-t", "direct", repo, "gaiaCat", table(ROWS)).status == 0
    assert files(repo) == {}
    butler = Butler(repo)
    assert butler.getUri("gaiaCat", visit=410877, ccdnum=28) == str(cats / "410877_28.fits")
    assert run("ingest-files", "-t", "symlink", repo, "gaiaCat", table(ROWS)).status == 0
    assert run("ingest-files", repo, "gaiaCat", table(ROWS)).out.startswith("0 new, 4 already")


def test_names_tell_the_data_ids(run: Any, repo: Path, cats: Path) -> None:
    (cats / "notes.txt").write_text("")
    match = ("--match", "cats/%(visit)d_%(ccdnum)d.fits")
    done = run("ingest-files", repo, "gaiaCat", *match, "cats/*.fits")
    assert done.out == "4 new, 0 already there, 0 failed\n"
    assert set(files(repo)) == set(PLACES)
    done = run("ingest-files", repo, "gaiaCat", *match, cats / "*_28.fits", cats / "notes.txt")
    assert done.status == 1
    assert done.out == (
        "0 new, 2 already there, 1 failed\n"
        f"  failed  {cats}/notes.txt: cats/notes.txt does not match {match[1]}\n"
    )


def test_keys_that_all_have_are_given_once(run: Any, repo: Path, cats: Path, table: Any) -> None:
    path = table([("410877_28.fits", 28, "mine")], "Filename", "ccd", "remark")
    words = ("--with", "visit=410877", "--ignore", "remark", "--prefix", cats)
    assert run("ingest-files", repo, "gaiaCat", path, *words).status == 0
    assert list(files(repo)) == [TEMPLATE % {"visit": 410877, "ccdnum": 28}]


def test_json_tells_each_row(run: Any, repo: Path, cats: Path, table: Any) -> None:
    path = table([*ROWS[:1], ("cats/gone.fits", 1, 2)])
    words = ("ingest-files", repo, "gaiaCat", path, "--format=json")
    target = f"{repo}/{TEMPLATE % {'visit': 410877, 'ccdnum': 28}}"
    planned = json.loads(run(*words, "-n").out)
    assert planned[0] == {
        "file": "cats/410877_28.fits", "status": "new", "targets": [target], "rows": []
    }  # fmt: skip
    assert planned[1]["problem"] == f"no such file ({path}, row 2)"
    assert files(repo) == {}
    assert json.loads(run(*words).out)[1] == planned[1]


BAD: dict[str, tuple[Rows, list[str]]] = {
    "a missing file": (
        [*ROWS[:1], ("cats/gone.fits", 410878, 28)], ["cats/gone.fits: no such file ({t}, row 2)"]
    ),
    "two rows for one data ID": (
        [*ROWS[:1], ("cats/410877_29.fits", 410878, 28), ("cats/410878_28.fits", "0410878", 28)],
        [
            "{f}: {t}, row 2 and {t}, row 3 are both visit=410878 ccdnum=28".replace("{f}", name)
            for name in ("cats/410877_29.fits", "cats/410878_28.fits")
        ],
    ),
    "a data ID that lacks a key": (
        [*ROWS[:1], ("cats/410878_28.fits", "", 28)],
        [
            "cats/410878_28.fits: Incomplete data ID: gaiaCat {'ccdnum': 28}; needs  visit; to "
            "write, file names do not supply it ({t}, row 2)"
        ],
    ),
    "a value of another type": (
        [*ROWS[:1], ("cats/410878_28.fits", "x", 28)],
        ["cats/410878_28.fits: visit='x': visit takes a value of type int ({t}, row 2)"],
    ),
    "a row without a file": ([*ROWS[:1], ("", 1, 2)], ["{t}, row 2: it names no file ({t}, row 2)"]),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_row_is_told_and_the_others_go_on(
    run: Any, repo: Path, cats: Path, table: Any, what: str
) -> None:
    rows, problems = BAD[what]
    path = table(rows)
    done = run("ingest-files", repo, "gaiaCat", path)
    assert (done.status, done.err) == (1, "")
    head, *lines = done.out.splitlines()
    assert head == f"1 new, 0 already there, {len(problems)} failed"
    assert lines == ["  failed  " + problem.replace("{t}", str(path)) for problem in problems]
    assert list(files(repo)) == [TEMPLATE % {"visit": 410877, "ccdnum": 28}]


def test_a_row_that_is_said_twice_is_one_file(run: Any, repo: Path, cats: Path, table: Any) -> None:
    assert run("ingest-files", repo, "gaiaCat", table(ROWS[:1] * 2)).out.startswith("1 new, 0 ")


def test_a_file_of_another_kind_and_a_nonsense_date_fail(
    run: Any, repo: Path, cats: Path, table: Any
) -> None:
    (cats / "empty.fits").write_bytes(b"")
    done = run("ingest-files", repo, "gaiaCat", table([("cats/empty.fits", 1, 2)]))
    assert "cats/empty.fits: is not a FITS file: it is empty (" in done.out
    path = table([("cats/410877_28.fits", 1, 2, "2014-13-45")], "path", "visit", "ccdnum", "date")
    done = run("ingest-files", repo, "gaiaCat", path)
    assert "cats/410877_28.fits: date='2014-13-45' is not a date (" in done.out
    assert files(repo) == {}


def test_another_file_in_the_place_stays_unless_told(
    run: Any, repo: Path, cats: Path, table: Any
) -> None:
    assert run("ingest-files", repo, "gaiaCat", table(ROWS[:1])).status == 0
    other = table([("cats/410878_29.fits", 410877, 28)])
    done = run("ingest-files", repo, "gaiaCat", other)
    assert done.status == 1
    assert "clobber=True" in done.out
    assert files(repo)[TEMPLATE % {"visit": 410877, "ccdnum": 28}].endswith("410877_28.fits")
    assert run("ingest-files", repo, "gaiaCat", other, "-c", "clobber=True").status == 0
    assert files(repo)[TEMPLATE % {"visit": 410877, "ccdnum": 28}].endswith("410878_29.fits")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("gaiaCat",), "the following arguments are required: TABLE"),
        (("gaiCat", "t.csv"), "gaiCat"),
        (("raw", "t.csv"), "raw is looked up in a registry"),
        (("bias", "t.csv"), "is filled by persistence ingest-calibs"),
        (("calexp_md", "t.csv"), "calexp_md has no files of its own"),
        (("gaiaCat", "t.csv", "--with", "visit=1..2"), "matches several data IDs"),
        (("gaiaCat", "t.csv", "--with", "vist=1"), "unknown key 'vist'; did you mean 'visit'"),
        (("gaiaCat", "--match", "%(visit", "t.csv"), "'%' at '%(visit' does not begin a field"),
        (("gaiaCat", "t.csv", "--transfer", "skip"), "invalid choice: 'skip'"),
    ],
)
def test_what_cannot_be_meant_is_status_2(
    run: Any, repo: Path, cats: Path, table: Any, words: tuple[str, ...], message: str
) -> None:
    table(ROWS)
    done = run("ingest-files", repo, *words)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert files(repo) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no rows"),
        ("path,visit,ccdnum\n", "has no rows"),
        ("path,visit,ccdnum\na,1\n", "row 1 has 2 values, not 3"),
        ("path,file,visit\na,b,1\n", "has several columns of paths: path, file"),
        (
            "path,vist,ccdnum\ncats/410877_28.fits,1,2\n",
            "'vist' is not a key of gaiaCat; did you mean 'visit'? (its keys: visit, ccdnum)",
        ),
        ("\xff", "cannot be read as a table"),
    ],
)
def test_a_table_that_is_none_is_told(
    run: Any, repo: Path, cats: Path, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "bad.csv").write_text(text, encoding="latin-1")
    done = run("ingest-files", repo, "gaiaCat", "bad.csv")
    assert done.status in (1, 2)
    assert done.out == ""
    assert message in done.err
    assert files(repo) == {}
