"""What a dataset was made of, and what was made of it: over chains, and wherever trees have gone."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, NoResults
from persistence.butler.provenance.origin import Origin

Open = Callable[..., Butler]
ID = {"visit": 7, "ccdnum": 1}


@pytest.fixture
def processed(repo: Path, rerun: Open) -> Path:
    """Return a rerun `b` on `a` on the repository: calexps of a raw and a flat, and a coadd of them."""
    first = rerun("a", record=True)
    for visit in (7, 8):
        with first.recording():
            first.get("raw", visit=visit, ccdnum=1)
            first.get("flat", ccdnum=1)
            first.put(f"calexp {visit}", "calexp", visit=visit, ccdnum=1)
    second = Butler(inputs=str(repo / "rerun/a"), outputs={"root": str(repo / "rerun/b")})
    reader = Butler(str(repo / "rerun/a"))
    with second.recording():
        for visit in (7, 8):
            reader.get("calexp", visit=visit, ccdnum=1)
        second.put("coadd", "coadd", tract=0)
    return repo / "rerun/b"


def shape(origin: Origin) -> Any:
    """Return the files of a tree, from the repository's directory on, as nested dictionaries."""
    return {f"{os.path.basename(one.root)}/{one.path}": shape(one) for one in origin.links}


RAW = "repo/raw/{}-1.txt"
OF_CALEXP = {visit: {RAW.format(visit): {}, "repo/flat/1.txt": {}} for visit in (7, 8)}
OF_COADD = {f"a/calexp/{visit}-1.txt": OF_CALEXP[visit] for visit in (7, 8)}


def test_the_tree_leads_up_to_the_raws_through_parents(processed: Path) -> None:
    origin = Butler(str(processed)).why("coadd", tract=0)
    assert shape(origin) == OF_COADD
    calexp = origin.inputs[0]
    assert (calexp.datasetType, calexp.dataId) == ("calexp", ID)
    assert calexp.made is not None
    assert calexp.made.operation == "put"
    assert calexp.run is not None
    assert [one.notes for one in calexp.inputs] == [()] * 2 or all(
        "not recorded" in note for one in calexp.inputs for note in one.notes
    )


def test_the_tree_leads_down_to_all_that_was_made(processed: Path, repo: Path) -> None:
    for butler in (Butler(str(repo)), Butler(str(processed))):
        flat = butler.used_by("flat", ccdnum=1)
        assert shape(flat) == {f"a/calexp/{visit}-1.txt": {"b/coadd/0.txt": {}} for visit in (7, 8)}
        assert shape(butler.used_by("raw", ID)) == {"a/calexp/7-1.txt": {"b/coadd/0.txt": {}}}
        assert shape(butler.used_by("flat", ccdnum=2)) == {}


def test_what_was_made_again_of_something_else_used_it_no_more(
    processed: Path, repo: Path, rerun: Open
) -> None:
    butler = rerun("a", record=True)
    butler.get("flat", ccdnum=1)
    butler.put("new", "calexp", ID)
    assert shape(Butler(str(repo)).used_by("raw", ID)) == {}


MOVES: dict[str, Callable[[Path, Path], Any]] = {
    "renamed": lambda old, new: old.rename(new),
    "copied with times": lambda old, new: shutil.copytree(old, new, symlinks=True),
    "copied without times": lambda old, new: shutil.copytree(
        old, new, symlinks=True, copy_function=shutil.copyfile
    ),
}


@pytest.mark.parametrize("how", MOVES)
def test_a_tree_that_moved_tells_the_same(processed: Path, repo: Path, how: str) -> None:
    new = repo.parent / "elsewhere" / "repo"
    new.parent.mkdir()
    shutil.copy(repo.parent / "camera.yaml", new.parent)
    MOVES[how](repo, new)
    shutil.rmtree(repo, ignore_errors=True)
    butler = Butler(str(new / "rerun/b"))
    origin = butler.why("coadd", tract=0)
    assert shape(origin) == OF_COADD
    assert all(one.root.startswith(str(new)) for one in origin.all())
    assert shape(butler.used_by("raw", ID)) == {"a/calexp/7-1.txt": {"b/coadd/0.txt": {}}}


def test_an_output_that_moved_alone_finds_its_inputs_through_its_parents(
    processed: Path, repo: Path
) -> None:
    (repo.parent / "far/away").mkdir(parents=True)
    new = repo.parent / "far/away/b"
    processed.rename(new)
    settings = (new / "repositoryCfg.yaml").read_text()
    for name in ("../a", "../../../camera.yaml"):
        settings = settings.replace(name, os.path.normpath(repo / "rerun/b" / name))
    (new / "repositoryCfg.yaml").write_text(settings)
    butler = Butler(str(new))
    assert shape(butler.why("coadd", tract=0)) == OF_COADD


def test_journals_of_several_hosts_are_one(processed: Path, repo: Path) -> None:
    """Each second line of `a` is another host's."""
    (path,) = (repo / "rerun/a/.persistence/journal").iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[::2]))
    path.with_name("other-54321.jsonl").write_bytes(b"".join(lines[1::2]))
    origin = Butler(str(processed)).why("coadd", tract=0)
    assert shape(origin) == OF_COADD
    hosts = {one.made.host for one in origin.inputs if one.made is not None}
    assert "other" in hosts


def test_an_input_that_changed_since_is_told_with_what_it_was_made_of_then(
    processed: Path, repo: Path, rerun: Open
) -> None:
    butler = rerun("a", record=True)
    butler.get("flat", ccdnum=1)
    butler.put("another calexp", "calexp", ID)
    (repo / "raw/8-1.txt").unlink()
    first, second = Butler(str(processed)).why("coadd", tract=0).inputs
    assert first.changed == "it has 14 bytes, and had 8"
    assert shape(first) == OF_CALEXP[7]  # as it was when it was read
    assert second.changed == ""
    assert second.inputs[0].changed == f"{repo}/raw/8-1.txt is missing"


NOTHING: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no journal": (shutil.rmtree, "not recorded: .*/b has no .persistence/journal with anything"),
    "damaged": (
        lambda folder: [path.write_bytes(b"\0" * 500) for path in folder.iterdir()],
        "not recorded: .*/b has no .persistence/journal with anything",
    ),
    "no line": (
        lambda folder: [
            path.write_text('{"op":"put","t":1,"f":"other"}\n') for path in folder.iterdir()
        ],
        "not recorded: the journals of .*/b have no line of it",
    ),
    "a plain line": (
        lambda folder: [
            path.write_text('{"op":"put","t":1,"f":"coadd/0.txt"}\n') for path in folder.iterdir()
        ],
        "what it was made of was not recorded",
    ),
}


@pytest.mark.parametrize("case", NOTHING)
def test_what_is_not_known_is_said(processed: Path, case: str) -> None:
    change, note = NOTHING[case]
    change(processed / ".persistence/journal")
    origin = Butler(str(processed)).why("coadd", tract=0)
    assert origin.inputs == ()
    (said,) = origin.notes
    assert re.search(note, said)


def test_a_file_that_was_put_in_the_place_of_the_recorded_one_is_noticed(processed: Path) -> None:
    """As by a writer that was killed between its put and its line."""
    (processed / "coadd/0.txt").write_text("something else")
    (note,) = Butler(str(processed)).why("coadd", tract=0).notes
    assert note.startswith("it is another file than the recorded one (5 bytes)")


def test_what_was_made_of_itself_comes_to_an_end(repo: Path, rerun: Open) -> None:
    butler = rerun("a", record=True)
    butler.put("0", "calexp", ID)
    for number in range(1, 4):
        with butler.recording():
            butler.get("calexp", ID)
            butler.put("x" * number, "calexp", ID)
    origin = butler.why("calexp", ID)
    assert [one.path for one in origin.inputs] == ["calexp/7-1.txt"]
    assert str(origin)
    assert shape(butler.used_by("calexp", ID)) == {}


def test_lines_that_lead_in_a_circle_come_to_an_end(processed: Path, repo: Path) -> None:
    (journal,) = (repo / "rerun/a/.persistence/journal").iterdir()
    lines = [
        {"op": "put", "t": 9e9, "f": f"calexp/{a}-1.txt", "d": "calexp", "o": ["."],
         "n": [["calexp", 0, f"calexp/{b}-1.txt", {}, None, None]]}
        for a, b in ((7, 8), (8, 7))
    ]  # fmt: skip
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    butler = Butler(str(repo / "rerun/a"))
    assert "lead back to itself" in str(butler.why("calexp", ID))
    assert "calexp" in str(butler.used_by("calexp", ID))
    assert butler.stale() == []


def test_what_is_not_there_has_no_reason(processed: Path) -> None:
    for ask in (Butler(str(processed)).why, Butler(str(processed)).used_by):
        with pytest.raises(NoResults, match="coadd"):
            ask("coadd", tract=5)


def test_what_is_gone_is_told_of_as_long_as_the_journals_know_it(
    processed: Path, repo: Path
) -> None:
    butler = Butler(str(processed))
    before = shape(butler.why("calexp", ID))
    (repo / "rerun/a/calexp/7-1.txt").unlink()
    why, used = butler.why("calexp", ID), butler.used_by("calexp", ID)
    assert shape(why) == before == OF_CALEXP[7]
    assert why.notes == ("it is not there any more",)
    assert (used.changed, shape(used)) == (
        f"{repo}/rerun/a/calexp/7-1.txt is missing",
        {"b/coadd/0.txt": {}},
    )
    for ask in (butler.why, butler.used_by):
        with pytest.raises(NoResults):
            ask("calexp", visit=9, ccdnum=1)


def test_a_query_writes_nothing_into_a_repository(processed: Path, repo: Path) -> None:
    before = {path: path.lstat().st_mtime_ns for path in (repo, *repo.rglob("*"))}
    butler = Butler(str(processed))
    for answer in (butler.why("coadd", tract=0), butler.used_by("raw", ID), butler.stale()):
        str(answer)
    assert {path: path.lstat().st_mtime_ns for path in (repo, *repo.rglob("*"))} == before


def test_many_inputs_are_all_told(repo: Path, rerun: Open) -> None:
    butler = rerun("a", record=True)
    with butler.recording():
        for number in range(100):
            butler.put("x", "calexp", visit=number, ccdnum=1)
            butler.get("calexp", visit=number, ccdnum=1)
        butler.put("coadd", "coadd", tract=0)
    assert len(butler.why("coadd", tract=0).inputs) == 100


def test_a_journal_that_may_not_be_read_is_named(
    open_folder: Path, as_user: Callable[..., str]
) -> None:
    root = open_folder / "repo"
    (root / "raw").mkdir(parents=True)
    (open_folder / "camera.yaml").write_text(
        "datasets: {raw: {template: 'raw/%(visit)d.txt', storage: TextStorage}}"
    )
    (root / "repositoryCfg.yaml").write_text(
        "!RepositoryCfg_v1\n_mapper: ../camera.yaml\n_mapperArgs: {}\n_parents: []\n_policy: null\n"
        "_root: null\n"
    )
    butler = Butler(str(root))
    butler.put("raw", "raw", visit=1)
    (path,) = (root / ".persistence/journal").iterdir()
    path.chmod(0o600)
    told = as_user(54322, lambda: str(Butler(str(root)).why("raw", visit=1)))
    assert told == f"raw visit=1\n  not recorded in what may be read: {path} may not"
