"""What journals and side files tell, where times of directories tell nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence.butler.index import listing
from persistence.butler.index.listing import Stamp
from persistence.butler.index.tree import Tree
from persistence.dataids.template import PathTemplate
from persistence.files import journal

CALEXP = PathTemplate("%(visit)07d/calexp/calexp-%(visit)07d_%(ccdnum)02d.fits")
ONE, OTHER = (CALEXP.format({"visit": visit, "ccdnum": 2}) for visit in (1, 2))
Rows = Callable[..., list[tuple[Any, ...]]]
Make = Callable[..., None]


@pytest.fixture
def root(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a tree on a file system whose clock stands still: directories show no change."""
    monkeypatch.setattr(
        listing, "stamp", lambda path: Stamp(1, 1, 1) if os.path.isdir(path) else None
    )
    make(tmp_path / "tree", ONE)
    return tmp_path / "tree"


@pytest.fixture
def tree(root: Path) -> Tree:
    """Return the index of the tree, brought up to date."""
    tree = Tree(str(root), {CALEXP.text: ("", ".gz", ".fz")})
    journal.append(str(root), "put", ONE)
    tree.build()
    return tree


@pytest.mark.parametrize("told", [True, False])
def test_a_line_of_a_journal_has_its_directory_listed_again(
    tree: Tree, root: Path, make: Make, rows: Rows, told: bool
) -> None:
    late = CALEXP.format({"visit": 1, "ccdnum": 3})
    make(root, late)
    if told:
        journal.append(str(root), "put", late)
    assert rows(tree, CALEXP) == [(1, 2), (1, 3)][: 1 + told]
    (root / ONE).unlink()
    (root / late).unlink()
    if told:
        journal.append(str(root), "remove", ONE)
    assert rows(tree, CALEXP) == [(1, 2)][: not told]


def test_a_line_is_read_once(
    tree: Tree, root: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(str(root), "put", ONE)
    rows(tree, CALEXP)
    monkeypatch.setattr(listing, "parts", None)
    assert rows(tree, CALEXP) == [(1, 2)]


def append(path: Path, lines: bytes) -> None:
    """Write something behind what a journal has."""
    with path.open("ab") as stream:
        stream.write(lines)


JOURNALS: dict[str, Callable[[Path, bytes], object]] = {
    "shorter": lambda path, line: path.write_bytes(line),
    "another file": lambda path, line: (
        path.rename(path.with_suffix(".old")),
        path.write_bytes(b" " * 500 + line),
    ),
    "behind a line that is torn": lambda path, line: append(path, b'{"op":"pu' + line),
    "behind lines that are none": lambda path, line: append(
        path, b'\n[]\n{"op":1,"f":"x"}\n\xff\xff\n' + line
    ),
    "of another host": lambda path, line: path.with_name("elsewhere-7.jsonl").write_bytes(line),
}


@pytest.mark.parametrize("write", JOURNALS.values(), ids=JOURNALS)
def test_a_journal_may_be_exchanged_or_torn(
    tree: Tree, root: Path, rows: Rows, write: Callable[[Path, bytes], object]
) -> None:
    for _ in range(20):  # so that another is shorter
        journal.append(str(root), "put", "0000009/calexp/x")
    rows(tree, CALEXP)
    (root / ONE).unlink()
    (path,) = map(Path, journal.files(str(root)))
    line = b'{"op":"remove","t":1.5,"f":"%s"}\n' % ONE.encode()
    write(path, line)
    assert rows(tree, CALEXP) == []


def test_a_line_that_is_not_yet_ended_is_read_when_it_is(
    tree: Tree, root: Path, rows: Rows
) -> None:
    (path,) = map(Path, journal.files(str(root)))
    (root / ONE).unlink()
    line = b'{"op":"remove","t":1.5,"f":"%s"}\n' % ONE.encode()
    path.write_bytes(path.read_bytes() + line[:-1])
    assert rows(tree, CALEXP) == [(1, 2)]
    path.write_bytes(path.read_bytes() + line[-1:])
    assert rows(tree, CALEXP) == []


def test_what_a_journal_says_of_other_places_does_no_harm(
    tree: Tree, root: Path, rows: Rows, make: Make
) -> None:
    for path in ("../../etc/passwd", "/etc/passwd", "", "gone/for/good.fits"):
        journal.append(str(root), "put", path)
    assert rows(tree, CALEXP) == [(1, 2)]
    make(root, OTHER)
    journal.append(str(root), "put", OTHER)
    # The directory is new, and the one above shows no change: only the question for it finds it.
    assert rows(tree, CALEXP, visit=2) == [(2, 2)]
