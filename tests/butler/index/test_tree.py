"""The index of a tree: it agrees with what is on the disk, whatever happened there meanwhile."""

from __future__ import annotations

import errno
import json
import os
import pickle
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.butler.index import listing, refresh
from persistence.butler.index.listing import Part, Stamp
from persistence.butler.index.pages import Query
from persistence.butler.index.tree import Tree
from persistence.dataids.template import PathTemplate
from persistence.errors import RegistryError
from persistence.files import listings
from persistence.registry.direct_writer import DirectWriter

CALEXP = PathTemplate("%(visit)07d/calexp/calexp-%(visit)07d_%(ccdnum)02d.fits")
RAW = PathTemplate("%(date)s/%(filter)s/decam%(visit)07d.fits.fz")
COADD = PathTemplate("deepCoadd/%(filter)s/%(tract)d/%(patch)s.fits")
CONFIG = PathTemplate("config/processCcd.py")
REFCAT = PathTemplate("ref_cats/%(name)s/%(pixel_id)s.fits")
TEMPLATES = (CALEXP, RAW, COADD, CONFIG, REFCAT)
ENDINGS = ("", ".gz", ".fz")


def make_all(root: Path, *names: str) -> bool:
    """Return empty files."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return True


Rows = Callable[..., list[tuple[Any, ...]]]


def remove(folder: Path) -> bool:
    """Remove a directory with all that is in it."""
    shutil.rmtree(folder)
    return True


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a tree with some files of each template, and others."""
    root = tmp_path / "tree"
    make_all(
        root,
        *(f"{v:07d}/calexp/calexp-{v:07d}_{c:02d}.fits" for v in (1, 2, 1234567) for c in (1, 28)),
        "0000003/calexp/calexp-0000004_01.fits",  # of another visit
        "0000003/calexp/calexp-0000003_1.fits",  # no two digits
        "0000003/calexp/calexp-0000003_03.fits.gz",
        "2014-01-01/g/decam0000001.fits.fz",
        "2014-01-01/g/decam0000002.fits.fz.tmp",
        "deepCoadd/g/0/1,2.fits",
        "deepCoadd/g/0/1,2_nImage.fits",
        "deepCoadd/r/17/10,12.fits.fz",
        "config/processCcd.py",
        "config/processCcd.py~1",
        "ref_cats/gaia/157393.fits",
        "notes.txt",
    )
    return root


@pytest.fixture
def tree(root: Path) -> Tree:
    """Return the index of the tree."""
    return Tree(str(root), {template.text: ENDINGS for template in TEMPLATES})


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.text)
def test_it_agrees_with_the_disk(
    tree: Tree, root: Path, template: PathTemplate, rows: Rows, on_disk: Rows
) -> None:
    expected = on_disk(root, template)
    assert expected
    assert rows(tree, template) == expected
    assert tree.count(template) == len(expected)


def test_it_agrees_with_the_disk_after_a_whole_build(tree: Tree, root: Path, on_disk: Rows) -> None:
    tree.build()
    for template in TEMPLATES:
        assert list(tree.rows(template, list(template.keys))) == on_disk(root, template)
    assert {text: totals.n for text, totals in tree.summary().items()} == {
        template.text: len(on_disk(root, template)) for template in TEMPLATES
    }


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file comes": lambda root: make_all(root, "0000001/calexp/calexp-0000001_02.fits"),
    "a directory comes": lambda root: make_all(root, "0000009/calexp/calexp-0000009_02.fits"),
    "a file goes": lambda root: (root / "0000001/calexp/calexp-0000001_01.fits").unlink(),
    "a directory goes": lambda root: remove(root / "0000001"),
    "a directory is renamed": lambda root: (root / "0000001").rename(root / "0000008"),
    "a directory is exchanged": lambda root: (
        (root / "0000001").rename(root / "x"),
        (root / "0000002").rename(root / "0000001"),
        (root / "x").rename(root / "0000002"),
    ),
    "a directory becomes a file": lambda root: [
        remove(root / "0000001/calexp"),
        make_all(root, "0000001/calexp"),
    ],
    "a file is compressed": lambda root: (root / "0000001/calexp/calexp-0000001_01.fits").rename(
        root / "0000001/calexp/calexp-0000001_01.fits.gz"
    ),
    "all goes": remove,
}


@pytest.mark.parametrize("how", ["lazily", "as a whole"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_is_seen_by_the_next_question(
    tree: Tree,
    root: Path,
    change: Callable[[Path], object],
    how: str,
    rows: Rows,
    on_disk: Rows,
) -> None:
    before = on_disk(root, CALEXP)
    assert rows(tree, CALEXP) == before
    tree.build()
    change(root)
    if how == "as a whole":
        tree.build()
    else:
        assert rows(tree, CALEXP, visit=1) == [row for row in on_disk(root, CALEXP) if row[0] == 1]
    assert rows(tree, CALEXP) == on_disk(root, CALEXP)
    assert tree.count(CALEXP) == len(on_disk(root, CALEXP))


def test_only_the_directories_of_a_question_are_listed(tree: Tree, rows: Rows) -> None:
    assert rows(tree, CALEXP, visit=1) == [(1, 1), (1, 28)]
    assert tree.count(CALEXP) == 2
    assert tree.count(RAW) == 0


# -- what directories say of themselves, and what they do not
# ----------------------------------------------------------------


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_directory_that_changes_after_it_settled_is_listed_again(
    tree: Tree,
    root: Path,
    change: Callable[[Path], object],
    rows: Rows,
    on_disk: Rows,
    settled: object,
    later: Callable[[Path], None],
) -> None:
    tree.build()
    later(root)
    change(root)
    assert rows(tree, CALEXP) == on_disk(root, CALEXP)


def test_a_directory_that_did_not_change_is_not_listed_again(
    tree: Tree, rows: Rows, settled: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(tree, CALEXP)
    monkeypatch.setattr(listing, "parts", None)
    assert rows(tree, CALEXP) == before


def test_a_directory_is_listed_again_whose_time_was_set_back_as_rsync_does(
    tree: Tree,
    root: Path,
    rows: Rows,
    on_disk: Rows,
    settled: object,
    later: Callable[[Path], None],
) -> None:
    folder = root / "0000001/calexp"
    rows(tree, CALEXP)
    before = folder.stat()
    later(root)
    make_all(root, "0000001/calexp/calexp-0000001_05.fits")
    os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert rows(tree, CALEXP, visit=1) == [(1, 1), (1, 5), (1, 28)]
    assert rows(tree, CALEXP) == on_disk(root, CALEXP)


@pytest.mark.parametrize("coarse", [True, False])
def test_a_directory_of_this_second_is_listed_again_for_its_time_may_stand_still(
    tree: Tree, root: Path, rows: Rows, coarse: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = refresh.now() - 1_000_000_000 * (1 if coarse else 100)
    monkeypatch.setattr(listing, "stamp", lambda path: Stamp(moment, moment, 1))
    assert rows(tree, CALEXP, visit=1) == [(1, 1), (1, 28)]
    make_all(root, "0000001/calexp/calexp-0000001_05.fits")
    assert ((1, 5) in rows(tree, CALEXP, visit=1)) is coarse


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_jumps_hides_nothing(
    tree: Tree,
    root: Path,
    rows: Rows,
    on_disk: Rows,
    settled: Callable[[float], None],
    seconds: float,
) -> None:
    settled(seconds)
    tree.build()
    settled(0)
    for number in range(2, 12):
        make_all(root, f"0000001/calexp/calexp-0000001_{number:02d}.fits")
        assert rows(tree, CALEXP) == on_disk(root, CALEXP)


def test_what_was_listed_in_the_future_is_listed_again_when_the_clock_is_back(
    tree: Tree,
    root: Path,
    rows: Rows,
    settled: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settled(3600)
    moment = refresh.now()  # and the clock of the file system stands still
    monkeypatch.setattr(listing, "stamp", lambda path: Stamp(moment, moment, 1))
    assert rows(tree, CALEXP, visit=1) == [(1, 1), (1, 28)]
    settled(0)
    make_all(root, "0000001/calexp/calexp-0000001_05.fits")
    assert (1, 5) in rows(tree, CALEXP, visit=1)


def test_a_directory_that_vanishes_while_it_is_listed_has_no_files(
    tree: Tree, root: Path, rows: Rows, on_disk: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = listing.parts

    def parts(path: str, sizes: bool) -> Any:
        if path.endswith("0000001/calexp"):
            shutil.rmtree(path)
        return original(path, sizes)

    monkeypatch.setattr(listing, "parts", parts)
    assert rows(tree, CALEXP) == on_disk(root, CALEXP)
    assert (1, 1) not in on_disk(root, CALEXP)


def test_a_directory_whose_listing_breaks_off_is_listed_by_the_next_question(
    tree: Tree,
    root: Path,
    rows: Rows,
    on_disk: Rows,
    settled: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = listing.parts

    def parts(path: str, sizes: bool) -> Iterator[Part]:
        yield from original(path, sizes)
        raise OSError(errno.EIO, "Input/output error", path)

    with monkeypatch.context() as patch:
        patch.setattr(listing, "parts", parts)
        tree.build()
    assert set(tree.problems().values()) == {"Input/output error"}
    tree.build()
    assert tree.problems() == {}
    assert rows(tree, CALEXP) == on_disk(root, CALEXP)


def test_a_directory_that_may_not_be_listed_is_told(
    open_folder: Path, as_user: Callable[..., str]
) -> None:
    make_all(open_folder, "0000001/calexp/calexp-0000001_01.fits", "0000002/calexp/x")
    (open_folder / "0000001/calexp").chmod(0o700)

    def act() -> str:
        os.environ["XDG_CACHE_HOME"] = "/nowhere"
        tree = Tree(str(open_folder), {CALEXP.text: ENDINGS})
        tree.build()
        return f"{tree.problems()} {tree.count(CALEXP)} {list(tree.foreign())}"

    told = as_user(4321, act)
    assert told.startswith("{'0000001/calexp': 'Permission denied'} 0 [Foreign(path='0000002/cale")


def test_a_directory_that_may_not_be_searched_is_told(
    open_folder: Path, as_user: Callable[..., str]
) -> None:
    """Its names can be read, and nothing of what they name."""
    make_all(open_folder, "0000001/calexp/calexp-0000001_01.fits")
    (open_folder / "0000001").chmod(0o744)

    def act() -> str:
        os.environ["XDG_CACHE_HOME"] = "/nowhere"
        tree = Tree(str(open_folder), {CALEXP.text: ENDINGS})
        told = []
        for ask in (tree.build, lambda: tree.refresh(CALEXP)):
            ask()
            told.append(sorted(tree.problems().values()))
        return f"{told} {tree.count(CALEXP)}"

    assert as_user(4321, act) == "[['Permission denied'], ['Permission denied']] 0"


def test_what_cp_and_rm_do_is_what_find_finds(tree: Tree, root: Path, rows: Rows) -> None:
    rows(tree, CALEXP)
    for command in (
        "cp -a 0000001 0000004",
        "cd 0000004/calexp && mv calexp-0000001_01.fits calexp-0000004_01.fits",
        "cp -a 0000001/calexp/calexp-0000001_01.fits 0000001/calexp/calexp-0000001_62.fits",
        "touch -r 0000002/calexp 0000001/calexp",
        "rm -r 0000002",
        "cp 0000001/calexp/calexp-0000001_28.fits 0000001/calexp/calexp-0000001_02.fits.gz",
        "rm 0000001/calexp/calexp-0000001_28.fits",
    ):
        subprocess.run(["bash", "-ec", command], cwd=root, check=True)
        done = subprocess.run(
            ["find", ".", "-name", "calexp-???????_??.fits*", "-printf", "%P\\n"],
            cwd=root, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = sorted(
            (int(visit), int(ccd))
            for visit, name, ccd in re.findall(
                r"^(\d{7})/calexp/calexp-(\d{7})_(\d\d)\.fits", done.stdout, re.M
            )
            if visit == name
        )
        assert rows(tree, CALEXP) == found, command


# -- names
# ----------------------------------------------------------------


def test_a_name_that_fits_two_templates_is_of_the_one_with_most_text_of_its_own(
    tmp_path: Path, rows: Rows
) -> None:
    one, other = PathTemplate("x/%(name)s.fits"), PathTemplate("x/v%(visit)d.fits")
    third = PathTemplate("x/v%(exposure)d.fits")
    make_all(tmp_path / "tree", "x/v12.fits", "x/a.fits", "x/va.fits")
    tree = Tree(str(tmp_path / "tree"), dict.fromkeys((one.text, other.text), ENDINGS))
    tree.add_templates({third.text: ENDINGS})
    tree.build()
    assert rows(tree, one) == [("a",), ("va",)]
    assert rows(tree, other) == rows(tree, third) == [(12,)]
    assert list(tree.foreign()) == []


def test_a_name_that_has_several_readings_is_found_by_each(tmp_path: Path, rows: Rows) -> None:
    template = PathTemplate("%(a)s%(b)d/%(c)s%(d)d.fits")
    make_all(tmp_path, "x12/y34.fits")
    tree = Tree(str(tmp_path), {template.text: ENDINGS})
    expected = sorted(tuple(one.values()) for one in template.candidates("x12/y34.fits"))
    assert len(expected) == 4
    assert rows(tree, template) == expected
    assert rows(tree, template, b=2) == [row for row in expected if row[1] == 2]
    (tmp_path / "x12/y34.fits").unlink()
    assert rows(tree, template) == []


ODD = {
    "an integer beyond 64 bits": ("%(n)d.fits", f"{1 << 63}.fits"),
    "a name of other bytes": ("%(n)s.fits", os.fsdecode(b"\xff.fits")),
    "no number": ("%(n)f.fits", "nan.fits"),
}


@pytest.mark.parametrize(("text", "name"), ODD.values(), ids=ODD)
def test_a_name_whose_values_no_index_can_hold_is_told_as_foreign(
    tmp_path: Path, rows: Rows, text: str, name: str
) -> None:
    root, template = tmp_path / "tree", PathTemplate(text)
    fitting = template.format({"n": {"d": 7, "s": "x", "f": 1.5}[text[4]]})
    make_all(root, name, fitting)
    tree = Tree(str(root), {text: ENDINGS})
    tree.build()
    assert [tree.path(template, row) for row in rows(tree, template)] == [fitting]
    assert [one.path for one in tree.foreign()] == [
        os.fsencode(name).decode(errors="backslashreplace")
    ]


def test_a_directory_of_other_bytes_is_not_entered(tmp_path: Path) -> None:
    make_all(tmp_path, f"{os.fsdecode(bytes([255]))}/g/decam0000001.fits.fz")
    tree = Tree(str(tmp_path), {RAW.text: ENDINGS})
    tree.build()
    assert tree.count(RAW) == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 99999999), st.integers(0, 120), st.sampled_from(ENDINGS)),
        max_size=8,
    ),
    st.lists(st.integers(0, 7), max_size=4),
)
@settings(max_examples=25, deadline=None)
def test_whatever_comes_and_goes_the_index_is_what_is_there(
    files: list[tuple[int, int, str]], gone: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        tree = Tree(name, {CALEXP.text: ENDINGS})
        paths = []
        for visit, ccdnum, ending in files:
            paths.append(CALEXP.format({"visit": visit, "ccdnum": ccdnum}) + ending)
            make_all(Path(name), paths[-1])
            tree.refresh(CALEXP, {"visit": visit})
        for number in gone:
            if number < len(paths):
                Path(name, paths[number]).unlink(missing_ok=True)
        tree.refresh(CALEXP)
        expected = {
            (visit, ccdnum)
            for (visit, ccdnum, _), path in zip(files, paths, strict=True)
            if Path(name, path).exists()
        }
        assert list(tree.rows(CALEXP, ["visit", "ccdnum"])) == sorted(expected)
        assert tree.count(CALEXP) == len(expected)


def test_of_two_files_of_a_dataset_the_first_in_the_order_of_the_search_is_told(
    tree: Tree, root: Path
) -> None:
    plain = "0000001/calexp/calexp-0000001_28.fits"
    there = {"", ".fz", ".gz"}
    make_all(root, *(plain + ending for ending in there))
    while there:
        tree.refresh(CALEXP, {"visit": 1}, sizes=True)
        ((ending,),) = tree.rows(CALEXP, ["_ending"], known={"visit": 1, "ccdnum": 28})
        assert plain + ending == listings.find(str(root), plain)
        (root / (plain + ending)).unlink()
        there.remove(ending)
    tree.refresh(CALEXP, {"visit": 1})
    assert list(tree.rows(CALEXP, ["_ending"], known={"visit": 1, "ccdnum": 28})) == []


def test_what_is_being_written_is_no_dataset(tmp_path: Path, rows: Rows) -> None:
    template = PathTemplate("x/%(name)s.fits")
    make_all(tmp_path, "x/a.fits", "x/.part-host-1-00000000-a.fits", "x/.put-host-1-0-a.fits")
    assert rows(Tree(str(tmp_path), {template.text: ENDINGS}), template) == [("a",)]


def test_a_directory_may_be_a_dataset(tmp_path: Path, rows: Rows) -> None:
    slash, plain = PathTemplate("out/v%(expId)d/"), PathTemplate("out/w%(expId)d.zarr")
    make_all(tmp_path, "out/v3/x", "out/w4.zarr/y", "out/v5")
    tree = Tree(str(tmp_path), {slash.text: ("",), plain.text: ("",)})
    assert rows(tree, slash) == [(3,)]
    assert rows(tree, plain) == [(4,)]


def test_the_hdu_of_a_template_is_in_no_files_name(tmp_path: Path) -> None:
    template = PathTemplate("raw/%(visit)d.fits[%(hdu)d]")
    make_all(tmp_path, "raw/3.fits")
    tree = Tree(str(tmp_path), {template.file_text: ENDINGS})
    tree.refresh(template, {"hdu": 3})
    assert list(tree.rows(template, ["visit"], known={"hdu": 3})) == [(3,)]
    assert tree.path(template, (3,), ".gz") == "raw/3.fits.gz"
    with pytest.raises(RegistryError, match="has no key 'hdu'"):
        list(tree.rows(template, ["hdu"]))


def test_a_million_files_in_one_directory_are_read_in_parts(
    tmp_path: Path, rows: Rows, on_disk: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ENOUGH", 7)
    monkeypatch.setattr("persistence.butler.index.refresh._BATCH", 7)
    monkeypatch.setattr("persistence.butler.index.tree._PAGE", 5)
    template = PathTemplate("all/%(visit)04d_%(ccdnum)02d.fits")
    root = tmp_path / "tree"
    make_all(root, *(f"all/{v:04d}_{c:02d}.fits" for v in range(20) for c in range(10)), "all/x")
    tree = Tree(str(root), {template.text: ENDINGS})
    assert len(rows(tree, template)) == 200
    (root / "all/0003_04.fits").unlink()
    assert rows(tree, template) == on_disk(root, template)
    assert [one.path for one in tree.foreign()] == ["all/x"]


# -- links, repositories in repositories, files that lie elsewhere
# ----------------------------------------------------------------


def test_links_are_followed_unless_they_lead_nowhere(
    tree: Tree, root: Path, tmp_path: Path, rows: Rows, on_disk: Rows
) -> None:
    make_all(tmp_path, "archive/one.fits", "shards/0.fits", "shards/1.fits")
    (root / "0000001/calexp/calexp-0000001_05.fits").symlink_to(tmp_path / "archive/one.fits")
    (root / "0000001/calexp/calexp-0000001_06.fits").symlink_to("gone.fits")
    (root / "0000001/calexp/calexp-0000001_06.fits.gz").symlink_to("here.fits")
    (root / "0000001/calexp/here.fits").touch()
    (root / "ref_cats/ps1").symlink_to(tmp_path / "shards")
    (root / "lost").symlink_to("nowhere")
    tree.build()
    assert rows(tree, CALEXP) == on_disk(root, CALEXP)
    assert (1, 6) in rows(tree, CALEXP)
    assert rows(tree, REFCAT) == [("gaia", "157393"), ("ps1", "0"), ("ps1", "1")]
    assert tree.dangling() == ["lost", "0000001/calexp/calexp-0000001_06.fits"]


def test_behind_a_link_only_what_templates_name_is_of_the_tree(
    tree: Tree, root: Path, tmp_path: Path, rows: Rows
) -> None:
    make_all(tmp_path, "archive/2014/deep/down/x", "archive/2014/decam0000005.fits.fz", "archive/y")
    make_all(tmp_path, "archive/2014/extra/v7.txt")
    (root / "data").symlink_to(tmp_path / "archive")
    (root / "0000001/calexp/data").symlink_to(tmp_path / "archive")
    tree.build()
    assert ("data", "2014", 5) in rows(tree, RAW)
    strangers = [one.path for one in tree.foreign()]
    assert [path for path in strangers if "data" in path] == ["data/y"]
    late = PathTemplate("%(date)s/%(filter)s/extra/v%(visit)d.txt")
    assert rows(tree, late) == [("data", "2014", 7)]


def test_a_link_in_a_circle_is_not_entered_again(tree: Tree, root: Path) -> None:
    (root / "0000001/up").symlink_to("..")
    (root / "here").symlink_to(".")
    (root.parent / "all").symlink_to(".")
    (root / "all").symlink_to(root.parent)
    tree.build()
    assert tree.count(CALEXP) == 7
    assert not [one.path for one in tree.foreign() if "up" in one.path or "here" in one.path]


def test_what_lies_in_a_repository_of_its_own_is_not_of_this_one(
    tree: Tree, root: Path, rows: Rows
) -> None:
    make_all(root, "rerun/a/_mapper", "rerun/a/decam0000009.fits.fz", "rerun/a/x/calexp")
    make_all(root, "rerun/b/decam0000008.fits.fz", "CALIB/calibRegistry.sqlite3", "CALIB/y.fits")
    (root / "_parent").symlink_to(root / "rerun/b")
    assert [row[2] for row in rows(tree, RAW)] == [1, 8]
    assert rows(tree, RAW, date="rerun", filter="a") == []
    tree.build()
    assert tree.count(RAW) == 2
    assert [one.path for one in tree.foreign() if "/" in one.path and "calexp" not in one.path] == [
        "2014-01-01/g/decam0000002.fits.fz.tmp",
        "config/processCcd.py~1",
    ]
    make_all(root, "rerun/b/registry.sqlite3")  # it becomes one
    assert [row[2] for row in rows(tree, RAW)] == [1]


def test_a_repository_is_entered_on_the_way_that_a_template_names(
    tmp_path: Path, rows: Rows
) -> None:
    template = PathTemplate("rerun/%(rerun)s/%(visit)d.fits")
    make_all(tmp_path, "rerun/a/_mapper", "rerun/a/3.fits", "rerun/b/4.fits")
    tree = Tree(str(tmp_path), {template.text: ENDINGS, RAW.text: ENDINGS})
    assert rows(tree, template) == [("a", 3), ("b", 4)]


def register(root: Path, files: dict[str, Path]) -> None:
    """Register files where they lie, as ingest does in mode direct."""
    writer = DirectWriter(str(root))
    with writer.transaction():
        writer.register({f"{root}/{target}": str(file) for target, file in files.items()})
    writer.close()


def test_files_that_lie_elsewhere_count_as_lying_where_they_are_registered(
    tree: Tree, root: Path, tmp_path: Path, rows: Rows
) -> None:
    tree.build()
    make_all(tmp_path, "archive/a.fz", "archive/b.fz")
    targets = {f"2014-02-0{n}/r/decam000000{n}.fits.fz": f"archive/{n}.fz" for n in "345"}
    targets |= {"2014-01-01/g/decam0000007.fits.fz": "archive/a.fz"}
    targets |= {"2014-01-01/g/decam0000001.fits.fz": "archive/b.fz"}  # which is there itself
    make_all(tmp_path, "archive/3.fz", "archive/4.fz")
    register(root, {target: tmp_path / file for target, file in targets.items()})
    expected = [
        ("2014-01-01", "g", 1),
        ("2014-01-01", "g", 7),
        ("2014-02-03", "r", 3),
        ("2014-02-04", "r", 4),
    ]
    assert rows(tree, RAW) == expected
    assert rows(tree, RAW, date="2014-02-03", filter="r") == expected[2:3]
    assert tree.dangling() == ["2014-02-05/r/decam0000005.fits.fz"]
    writer = DirectWriter(str(root))
    with writer.transaction():
        writer.remove([f"{root}/2014-02-03/r/decam0000003.fits.fz"])
    writer.close()
    assert rows(tree, RAW) == [row for row in expected if row[2] != 3]
    (root / ".persistence/direct.sqlite3").unlink()
    assert rows(tree, RAW) == expected[:1]


def test_a_file_of_the_tree_comes_before_one_that_lies_elsewhere(
    tree: Tree, root: Path, tmp_path: Path
) -> None:
    make_all(tmp_path, "archive/a.fits")
    register(root, {"0000003/calexp/calexp-0000003_03.fits": tmp_path / "archive/a.fits"})
    tree.refresh(CALEXP)
    assert list(tree.rows(CALEXP, ["_ending"], known={"visit": 3})) == [(".gz",)]
    (root / "0000003/calexp/calexp-0000003_03.fits.gz").unlink()
    tree.refresh(CALEXP)
    assert list(tree.rows(CALEXP, ["_ending"], known={"visit": 3})) == [("",)]


# -- asking
# ----------------------------------------------------------------


def test_a_condition_and_a_limit_choose_rows(tree: Tree, root: Path, rows: Rows) -> None:
    rows(tree, CALEXP)
    sql = "dataset.visit > ? AND ccdnum = 28", [1]
    assert list(tree.rows(CALEXP, ["visit"], sql)) == [(2,), (1234567,)]
    assert list(tree.rows(CALEXP, ["visit"], sql, limit=1)) == [(2,)]
    assert list(tree.rows(CALEXP, ["visit"], sql, limit=0)) == []
    assert list(tree.rows(CALEXP, [], sql)) == [(), ()]
    assert list(tree.rows(CALEXP, ["ccdnum"], known={"visit": 1 << 70})) == []
    assert list(tree.rows(CALEXP, ["ccdnum", "_ending"], known={"visit": 3})) == [(3, ".gz")]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_rows_are_read_page_by_page(
    tree: Tree, root: Path, on_disk: Rows, rows: Rows, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.butler.index.tree._PAGE", size)
    assert rows(tree, CALEXP) == on_disk(root, CALEXP)
    assert list(tree.rows(CALEXP, ["visit"], limit=3)) == [(1,), (1,), (2,)]
    assert rows(tree, CONFIG) == [()]


def test_a_condition_on_a_long_table_of_values_is_asked_in_few_pages(
    tree: Tree, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.butler.index.tree._PAGE", 1)
    every = rows(tree, CALEXP)
    asked = list[int]()
    page = Query.page

    def counted(self: Query, store: Any, last: Any, size: int) -> Any:
        asked.append(size)
        return page(self, store, last, size)

    monkeypatch.setattr(Query, "page", counted)
    for length, pages in ((10, len(every) + 1), (20_000, 1)):
        asked.clear()
        numbers = json.dumps([*range(10), 1234567] + [0] * length * 10)
        sql = "dataset.visit IN (SELECT value FROM json_each(?))", [numbers]
        assert len(list(tree.rows(CALEXP, ["visit"], sql))) == len(every)
        assert len(asked) == pages


def test_a_wrong_condition_is_no_damage(tree: Tree, rows: Rows) -> None:
    file, before = tree.file, rows(tree, CALEXP)
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        list(tree.rows(CALEXP, ["visit"], ("dataset.vizit = 1", [])))
    with pytest.raises(RegistryError, match="has no key 'vizit'; did you mean 'visit'"):
        list(tree.rows(CALEXP, ["vizit"]))
    assert (tree.file, rows(tree, CALEXP)) == (file, before)


def test_sizes_and_times_are_those_of_the_files(tree: Tree, root: Path, rows: Rows) -> None:
    rows(tree, CALEXP)
    assert set(tree.rows(CALEXP, ["_size", "_time"])) == {(None, None)}
    assert tree.summary()[CALEXP.text] == (7, None, None, None)
    path = root / "0000001/calexp/calexp-0000001_01.fits"
    path.write_bytes(b"12345")
    os.utime(path, ns=(1, 2_000_000_007))
    tree.build(sizes=True)
    (row,) = tree.rows(CALEXP, ["_size", "_time"], known={"visit": 1, "ccdnum": 1})
    assert row == (5, 2_000_000_007)
    totals = tree.summary()[CALEXP.text]
    times = [path.stat().st_mtime_ns for path in root.glob("*/calexp/calexp-*") if row]
    assert (totals.n, totals.bytes, totals.oldest) == (7, 5, 2_000_000_007)
    assert totals.newest in times
    make_all(root, "0000001/calexp/calexp-0000001_09.fits")  # sizes are asked for from now on
    tree.refresh(CALEXP)
    assert (None,) not in set(tree.rows(CALEXP, ["_size"]))


def test_a_template_that_comes_later_finds_its_files_too(
    tree: Tree, root: Path, rows: Rows
) -> None:
    tree.build()
    late = PathTemplate("deepCoadd/%(filter)s/%(tract)d/%(patch)s_nImage.fits")
    assert rows(tree, COADD) == [("g", 0, "1,2"), ("g", 0, "1,2_nImage"), ("r", 17, "10,12")]
    assert rows(tree, late) == [("g", 0, "1,2")]
    assert rows(tree, COADD) == [("g", 0, "1,2"), ("r", 17, "10,12")]
    note = PathTemplate("notes.txt")
    tree.add_templates({note.text: ("",)})
    assert rows(tree, note) == [()]
    assert "notes.txt" not in [one.path for one in tree.foreign()]


def test_two_with_other_templates_share_an_index(root: Path, rows: Rows, on_disk: Rows) -> None:
    one = Tree(str(root), {CALEXP.text: ENDINGS})
    one.build()
    other = Tree(str(root), {RAW.text: ENDINGS, CONFIG.text: ENDINGS})
    assert rows(other, RAW) == on_disk(root, RAW)
    other.build()
    make_all(root, "2014-01-01/g/decam0000008.fits.fz")
    one.build()  # it has to list the directory for the other, too
    assert list(other.rows(RAW, list(RAW.keys))) == on_disk(root, RAW)
    make_all(root, "0000001/calexp/calexp-0000001_09.fits", "2014-01-01/g/decam0000009.fits.fz")
    for tree, template in ((other, RAW), (one, CALEXP), (other, CONFIG)) * 2:
        assert rows(tree, template) == on_disk(root, template)
    assert other.file == one.file
    assert set(one.summary()) == {CALEXP.text}


def test_an_index_is_pickled_and_used_in_a_fork(
    tree: Tree,
    root: Path,
    rows: Rows,
    on_disk: Rows,
    in_a_fork: Callable[[Callable[[], str]], str],
) -> None:
    before = rows(tree, CALEXP)
    assert rows(pickle.loads(pickle.dumps(tree)), CALEXP) == before
    make_all(root, "0000001/calexp/calexp-0000001_09.fits")
    assert in_a_fork(lambda: str(rows(tree, CALEXP))) == str(on_disk(root, CALEXP))
    assert rows(tree, CALEXP) == on_disk(root, CALEXP)


def test_threads_share_an_index(tree: Tree, root: Path, rows: Rows, on_disk: Rows) -> None:
    def act(number: int) -> bool:
        make_all(root, f"{number + 10:07d}/calexp/calexp-{number + 10:07d}_01.fits")
        return rows(tree, CALEXP, visit=number + 10) == [(number + 10, 1)]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(act, range(40)))
    assert rows(tree, CALEXP) == on_disk(root, CALEXP)
