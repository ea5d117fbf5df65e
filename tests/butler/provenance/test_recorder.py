"""What a put remembers: what counts as an input, and how its line tells of it."""

from __future__ import annotations

import getpass
import hashlib
import importlib.metadata
import os
import pickle
import sys
import threading
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.butler.provenance import recorder
from persistence.errors import UnknownArgument

Open = Callable[..., Butler]
ByHand = Callable[[Path | str], list[dict[str, Any]]]


def last(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return [line for line in lines if line["op"] == "put"][-1]


def inputs(line: dict[str, Any]) -> list[str]:
    """Return the inputs that a line tells of: type, repository, file."""
    return [f"{kind} {line['o'][root]}:{path}" for kind, root, path, *_ in line["n"]]


def test_a_put_remembers_what_was_read_and_what_that_was_like(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler = rerun(record=True)
    butler.get("raw", visit=7, ccdnum=1)
    butler.put("made", "calexp", visit=7, ccdnum=1)
    line = last(by_hand(repo / "rerun/a"))
    raw = (repo / "raw/7-1.txt").stat()
    assert line["o"] == ["../.."]
    assert line["n"] == [
        ["raw", 0, "raw/7-1.txt", {"visit": 7, "ccdnum": 1}, raw.st_size, raw.st_mtime_ns]
    ]
    made = (repo / "rerun/a/calexp/7-1.txt").stat()
    assert (line["s"], line["m"]) == (made.st_size, made.st_mtime_ns)
    assert (line["d"], line["f"]) == ("calexp", "calexp/7-1.txt")
    assert "u" not in line  # nobody said when the work on it began


@pytest.mark.parametrize(
    ("words", "task", "command"),
    [
        (["dir/fit.py", "a b"], "fit.py", "dir/fit.py 'a b'"),
        (["-c"], os.path.basename(sys.executable), sys.executable),
        ([], os.path.basename(sys.executable), sys.executable),
    ],
)
def test_the_run_has_the_name_of_the_program(
    repo: Path, rerun: Open, by_hand: ByHand, monkeypatch: pytest.MonkeyPatch,
    words: list[str], task: str, command: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "argv", words)
    rerun(record=True).put("made", "calexp", visit=7, ccdnum=1)
    run, _put = by_hand(repo / "rerun/a")
    assert (run["task"], run["cmd"]) == (task, command)


def test_the_run_is_told_once_in_each_repository(repo: Path, rerun: Open, by_hand: ByHand) -> None:
    butler = rerun(record=True)
    for ccdnum in (1, 2):
        butler.put("made", "calexp", visit=7, ccdnum=ccdnum)
    run, *puts = by_hand(repo / "rerun/a")
    assert [line["op"] for line in puts] == ["put", "put"]
    assert {line["r"] for line in puts} == {run["r"]}
    assert (run["op"], run["user"]) == ("run", getpass.getuser())
    assert run["v"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"persistence", "numpy"} <= run["v"].keys()
    other = rerun(record=True)
    other.put("made", "calexp", visit=8, ccdnum=1)
    assert len({line["r"] for line in by_hand(repo / "rerun/a")}) == 2


def test_a_butler_that_does_not_record_leaves_a_plain_line(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler = rerun()
    butler.get("raw", visit=7, ccdnum=1)
    butler.put("made", "calexp", visit=7, ccdnum=1)
    (line,) = by_hand(repo / "rerun/a")
    assert line.keys() == {"op", "t", "f", "d", "id"}


# What is read -> what counts as an input of a calexp of visit 7, detector 1.
READS = {
    "its own detector": ([("raw", {"visit": 7, "ccdnum": 1})], True),
    "another visit": ([("raw", {"visit": 8, "ccdnum": 1})], False),
    "another detector": ([("raw", {"visit": 7, "ccdnum": 2})], False),
    "no visit": ([("flat", {"ccdnum": 1})], True),
    "no visit, another detector": ([("flat", {"ccdnum": 2})], False),
}


@pytest.mark.parametrize("case", READS)
def test_what_contradicts_the_data_id_is_no_input_outside_of_a_block(
    repo: Path, rerun: Open, by_hand: ByHand, case: str
) -> None:
    reads, counts = READS[case]
    butler = rerun(record=True)
    for name, data_id in reads:
        butler.get(name, data_id)
    butler.put("made", "calexp", visit=7, ccdnum=1)
    assert len(last(by_hand(repo / "rerun/a"))["n"]) == counts
    with butler.recording():
        for name, data_id in reads:
            butler.get(name, data_id)
        butler.put("made", "calexp", visit=7, ccdnum=1)
    assert len(last(by_hand(repo / "rerun/a"))["n"]) == 1


def test_a_coadd_is_made_of_all_that_was_read(repo: Path, rerun: Open, by_hand: ByHand) -> None:
    butler = rerun(record=True)
    for visit in (7, 8):
        for ccdnum in (1, 2):
            butler.get("raw", visit=visit, ccdnum=ccdnum)
            butler.get("raw", visit=visit, ccdnum=ccdnum)  # again is no other input
    butler.put("made", "coadd", tract=0)
    wanted = [f"raw ../..:raw/{visit}-{ccdnum}.txt" for visit in (7, 8) for ccdnum in (1, 2)]
    assert inputs(last(by_hand(repo / "rerun/a"))) == wanted


def test_a_block_forgets_what_was_read_before_it_and_is_forgotten_after_it(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler = rerun(record=True)
    butler.get("flat", ccdnum=1)
    with butler.recording(digests=True):
        butler.get("raw", visit=7, ccdnum=1)
        butler.put("made", "calexp", visit=7, ccdnum=1)
    inside = last(by_hand(repo / "rerun/a"))
    butler.put("made", "diff", visit=7, ccdnum=1)
    assert inputs(inside) == ["raw ../..:raw/7-1.txt"]
    assert inside["n"][0][-1] == hashlib.sha256(b"raw 7 1").hexdigest()
    assert inside["u"] >= 0
    after = last(by_hand(repo / "rerun/a"))
    assert "flat ../..:flat/1.txt" in inputs(after)
    assert after["r"] != inside["r"]


def test_blocks_of_threads_do_not_mix(repo: Path, rerun: Open, by_hand: ByHand) -> None:
    butler, both = rerun(record=True), threading.Barrier(2)

    def make(ccdnum: int) -> None:
        with butler.recording():
            both.wait(60)
            worker = threading.Thread(target=butler.get, args=("flat", {"ccdnum": ccdnum}))
            butler.get("raw", visit=7, ccdnum=ccdnum)
            if ccdnum == 1:  # a thread without a block works for all
                worker.start()
                worker.join()
            both.wait(60)
            butler.put("made", "calexp", visit=7, ccdnum=ccdnum)
            both.wait(60)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, (1, 2)))
    puts = [line for line in by_hand(repo / "rerun/a") if line["op"] == "put"]
    assert len({line["r"] for line in puts}) == 2
    assert {line["f"]: set(inputs(line)) for line in puts} == {
        f"calexp/7-{ccdnum}.txt": {f"raw ../..:raw/7-{ccdnum}.txt", "flat ../..:flat/1.txt"}
        for ccdnum in (1, 2)
    }


def test_a_block_records_for_a_butler_that_does_not(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler = rerun()

    def work() -> None:
        with butler.recording():
            butler.get("raw", visit=7, ccdnum=1)
            butler.put("made", "calexp", visit=7, ccdnum=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert inputs(last(by_hand(repo / "rerun/a"))) == ["raw ../..:raw/7-1.txt"]
    butler.put("made", "calexp", visit=7, ccdnum=2)
    assert "n" not in last(by_hand(repo / "rerun/a"))


def test_digests_of_the_content_are_remembered_where_asked(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler = rerun(record="digest")
    butler.get("raw", visit=7, ccdnum=1)
    butler.put("made", "calexp", visit=7, ccdnum=1)
    (entry,) = last(by_hand(repo / "rerun/a"))["n"]
    assert entry[-1] == hashlib.sha256((repo / "raw/7-1.txt").read_bytes()).hexdigest()


@pytest.mark.parametrize("record", ["all", 2, [1]])
def test_another_way_to_record_is_refused(rerun: Open, record: Any) -> None:
    with pytest.raises(UnknownArgument, match="record="):
        rerun(record=record)


def test_what_another_butler_of_this_process_reads_counts_in_any_thread(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler, other = rerun(record=True), Butler(str(repo))
    thread = threading.Thread(target=lambda: other.get("raw", visit=7, ccdnum=1))
    thread.start()
    thread.join()
    butler.put("made", "calexp", visit=7, ccdnum=1)
    assert inputs(last(by_hand(repo / "rerun/a"))) == ["raw ../..:raw/7-1.txt"]


def test_what_is_only_looked_for_is_no_input(repo: Path, rerun: Open, by_hand: ByHand) -> None:
    butler = rerun(record=True)
    assert butler.datasetExists("raw", visit=7, ccdnum=1)
    butler.getUri("raw", visit=7, ccdnum=1)
    proxy = butler.get("raw", visit=7, ccdnum=1, immediate=False)
    butler.put("made", "calexp", visit=7, ccdnum=1)
    assert last(by_hand(repo / "rerun/a"))["n"] == []
    assert str(proxy) == "raw 7 1"
    butler.put("made", "calexp", visit=7, ccdnum=1)
    assert len(last(by_hand(repo / "rerun/a"))["n"]) == 1


def test_each_component_of_a_composite_tells_of_the_inputs_and_is_one_when_it_is_read(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler = rerun(record=True)
    butler.get("raw", visit=7, ccdnum=1)
    pair = types.SimpleNamespace(one="one", other="other")
    butler.put(pair, "pair", visit=7, ccdnum=1)
    puts = [line for line in by_hand(repo / "rerun/a") if line["op"] == "put"]
    assert [(line["d"], inputs(line)) for line in puts] == [
        (name, ["raw ../..:raw/7-1.txt"]) for name in ("calexp", "diff")
    ]
    with butler.recording():
        butler.get("pair", visit=7, ccdnum=1)
        butler.put("made", "coadd", tract=0)
    line = last(by_hand(repo / "rerun/a"))
    assert inputs(line) == ["calexp .:calexp/7-1.txt", "diff .:diff/7-1.txt"]


def test_a_butler_that_goes_to_another_process_records_there_too(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler = pickle.loads(pickle.dumps(rerun(record=True)))
    butler.get("raw", visit=7, ccdnum=1)
    butler.put("made", "calexp", visit=7, ccdnum=1)
    assert len(last(by_hand(repo / "rerun/a"))["n"]) == 1


def test_a_tasks_target_takes_the_place_of_what_a_butler_records(
    repo: Path, rerun: Open, by_hand: ByHand
) -> None:
    butler = rerun(record=True)
    butler.get("flat", ccdnum=1)
    with recorder.target("run-1"):
        butler.get("raw", visit=8, ccdnum=2)
        butler.put("made", "calexp", visit=7, ccdnum=1)
    line = last(by_hand(repo / "rerun/a"))
    assert (line["r"], inputs(line)) == ("run-1", ["raw ../..:raw/8-2.txt"])


def test_others_may_read_while_one_puts(repo: Path, rerun: Open, by_hand: ByHand) -> None:
    butler, done = rerun(record=True), threading.Event()
    for number in range(200):
        butler.put("x", "calexp", visit=number, ccdnum=3)
    ready = threading.Barrier(2)

    def read() -> None:
        reader = Butler(str(repo / "rerun/a"))
        ready.wait()
        for number in range(200):
            reader.get("calexp", visit=number, ccdnum=3)
        done.set()

    thread = threading.Thread(target=read)
    thread.start()
    ready.wait()
    while not done.is_set():
        butler.put("made", "coadd", tract=0)
    thread.join()
    butler.put("made", "coadd", tract=0)
    assert len(last(by_hand(repo / "rerun/a"))["n"]) == 200


def test_where_the_package_is_not_installed_no_versions_are_told(
    repo: Path, rerun: Open, by_hand: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    rerun(record=True).put("made", "calexp", visit=7, ccdnum=1)
    run, _put = by_hand(repo / "rerun/a")
    assert "v" not in run


def test_repositories_with_nothing_in_common_are_absolute() -> None:
    assert recorder.relative("/usr/lib", "/etc") == os.path.realpath("/usr/lib")
    assert recorder.relative("/usr/lib", "/usr/share") == "../lib"


def test_the_files_that_are_written_do_not_depend_on_it(repo: Path, rerun: Open) -> None:
    for name, record in (("plain", False), ("told", True)):
        butler = rerun(name, record=record)
        butler.get("raw", visit=7, ccdnum=1)
        butler.put("made", "calexp", visit=7, ccdnum=1)
    paths = [repo / "rerun" / name / "calexp/7-1.txt" for name in ("plain", "told")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_misspelt_record_is_noticed(repo: Path) -> None:
    with pytest.raises(UnknownArgument, match="did you mean 'record'"):
        Butler(str(repo), recrod=True)
