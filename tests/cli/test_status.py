"""The screen of ``persistence status``, compared with what a walk through directories finds."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.cli import inventory
from persistence.files import temporaries

from .test_du import walked

MAPPER = "lsst.obs.decam.DecamMapper"


def asked(run: Any, root: Path, status: int = 0, *words: object) -> dict[str, Any]:
    done = run("status", root, *words, "--format", "json")
    assert done.status == status
    ((whole),) = json.loads(done.out)
    return dict(whole)


def test_the_chain_has_each_repository_with_its_files(run: Any, rerun: Path, filled: Path) -> None:
    whole = asked(run, rerun)
    rows = {row["root"]: row for row in whole["chain"]}
    for root in (rerun.parent / "first", filled):
        typed = [
            (path, size)
            for path, size in walked(root).items()
            if path.name not in ("_mapper", "repositoryCfg.yaml")
            and not path.name.lower().endswith("registry.sqlite3")
        ]
        assert rows[str(root)]["files"] == len(typed), typed
        assert rows[str(root)]["bytes"] == sum(size for _, size in typed)
        newest = max(path.stat().st_mtime for path, _ in typed)
        assert rows[str(root)]["newest"] == inventory.instant(int(newest) * 10**9)
    assert rows[str(rerun)]["files"] == 0


def test_the_screen_tells_visits_filters_nights_and_what_is_missing(
    run: Any, rerun: Path, filled: Path
) -> None:
    done = run("status", rerun)
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == f"{rerun}  ({MAPPER})"
    named = dict(line.split(None, 1) for line in lines if re.match(r"[a-z]+  ", line))
    assert (named["visits"], named["filters"]) == ("2, 410877 to 410878", "g 1, r 1")
    assert named["nights"] == "2014-02-27"
    assert named["tracts"] == "0"
    assert named["missing"] == (
        f"121 of 122 raw have no calexp: persistence missing {rerun} calexp"
    )


def test_types_are_listed_the_largest_first(run: Any, rerun: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("status", rerun, "--format=csv").out)))
    sizes = [int(row["bytes"]) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert rows[0]["type"] == "raw"
    assert {"calexp", "src", "deepCoadd_obj"} <= {row["type"] for row in rows}


def test_an_empty_repository_says_so(run: Any, root: Path) -> None:
    done = run("status", root)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"{root}  ({MAPPER})",
        "",
        "files  size     newest  oldest  tree",
        f"    0      0 B                  {root}",
        "",
        "no file of any dataset type",
    ]


def test_a_directory_that_is_not_a_repository_is_refused(run: Any, tmp_path: Path) -> None:
    done = run("status", tmp_path)
    assert (done.status, done.out) == (2, "")
    assert str(tmp_path) in done.err


def test_links_to_nothing_and_leftovers_are_told(run: Any, own: Path) -> None:
    (file,) = own.glob("20*/g/*.fits.fz")
    file.unlink()
    file.symlink_to("/gone/file.fits.fz")
    dead = _dead_process()
    begun = file.parent / f".part-{temporaries.HOST}-{dead}-0123abcd-x.fits"
    begun.write_text("half")
    mine = file.parent / f".part-{temporaries.HOST}-{os.getpid()}-0123abcd-y.fits"
    mine.write_text("half")
    (own / "notes.txt").write_text("hello")
    whole = asked(run, own)
    assert whole["dangling"] == {"n": 1, "paths": [str(file)]}
    assert whole["temporary"] == {"n": 1, "paths": [str(begun)]}
    assert whole["foreign"] == {"n": 1, "paths": [str(own / "notes.txt")]}
    assert run("status", own).out.splitlines()[-6:] == [
        "dangling  1 link leads to nothing:",
        f"          {file}",
        "temporary 1 file of a writer that died:",
        f"          {begun}",
        "foreign   1 file of no dataset type:",
        f"          {own / 'notes.txt'}",
    ]


def _dead_process() -> int:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def test_a_damaged_registry_is_told_and_the_files_are_shown(run: Any, own: Path) -> None:
    (own / "registry.sqlite3").write_text("this is no registry")
    done = run("status", own)
    assert done.status == 1
    assert "registry.sqlite3 is not an SQLite registry, or is damaged" in done.err
    assert "visits    2, 410877 to 410878" in done.out.splitlines()


def test_without_a_registry_visits_come_from_the_names_of_files(
    run: Any, own: Path, filled: Path
) -> None:
    (own / "registry.sqlite3").unlink()
    lines = run("status", own).out.splitlines()
    assert "visits    2, 410877 to 410878" in lines
    assert "filters   g 1, r 1" in lines


def test_as_indexed_before_the_first_look_says_that_nothing_is_known(run: Any, own: Path) -> None:
    done = run("status", own, "--as-indexed")
    assert done.err == "persistence: nothing is indexed yet: leave out --as-indexed\n"
    run("status", own)
    assert run("status", own, "--as-indexed").err == ""


def test_reruns_are_named(run: Any, own: Path) -> None:
    for number in range(20):
        Butler(inputs=str(own), outputs=str(own / "rerun" / f"night{number:02d}"))
    whole = asked(run, own)
    assert whole["reruns"] == [f"night{number:02d}" for number in range(20)]
    (line,) = [line for line in run("status", own).out.splitlines() if line.startswith("reruns")]
    assert line.split(None, 1)[1] == (
        "20: night00, night01, night02, night03, night04, night05, night06, night07, ..."
    )
    every = run("status", own, "--all").out
    assert "night19" in every


def test_a_long_chain_is_cut_and_its_end_counted(run: Any, own: Path, tmp_path: Path) -> None:
    before = own
    for number in range(12):
        after = tmp_path / f"r{number}"
        Butler(inputs=str(before), outputs=str(after))
        before = after
    assert len(asked(run, before)["chain"]) == 13
    lines = run("status", before).out.splitlines()
    assert "... 2 files of 3 more trees; --all shows them" in lines
    assert "... 2 files" not in run("status", before, "--all").out


def test_a_directory_that_cannot_be_listed_is_told_and_the_rest_is_shown(
    open_folder: Path, filled: Path, as_nobody: Any
) -> None:
    own = Path(shutil.copytree(filled, open_folder / "own"))
    closed = own / "closed"
    closed.mkdir(mode=0o700)
    if os.geteuid() != 0:
        closed.chmod(0)
    text = as_nobody(lambda: _screen(own, open_folder))
    assert f"{closed} cannot be listed: Permission denied" in text
    assert text.startswith("1 ")
    assert "  raw\n" in text


def _screen(root: Path, folder: Path) -> str:
    """Return the status and all that is printed, by a process that keeps its index in memory."""
    import contextlib

    from persistence.cli import main

    os.environ["XDG_CACHE_HOME"] = "/nonexistent"
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        status = main.main(["status", str(root)])
    return f"{status} {out.getvalue()}{errors.getvalue()}"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (9994, "9.99 kB"),
        (9996, "10.0 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (12_345_678_901, "12.3 GB"),
        (10**21, "1000 EB"),
    ],
)
def test_sizes_have_three_digits(number: int | None, text: str) -> None:
    assert inventory.size(number) == text


def test_each_line_of_the_usual_screen_fits_a_terminal(run: Any, root: Path, own: Path) -> None:
    for folder in (root, own):
        lines = run("status", folder).out.replace(str(folder), "/data/repo").splitlines()
        assert max(map(len, lines)) <= 80


def test_nothing_in_the_repository_changes(run: Any, own: Path) -> None:
    def snapshot() -> dict[str, int]:
        return {str(path): path.lstat().st_mtime_ns for path in (own, *own.rglob("*"))}

    before = snapshot()
    run("status", own)
    assert snapshot() == before
