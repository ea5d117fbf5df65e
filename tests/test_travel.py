"""Butlers and their parts in other processes, and copied: nothing of theirs is lost, nothing of the original's."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from persistence import Butler, RepositoryArgs

ID = {"visit": 410877, "ccdnum": 28}

# A real pool of spawned processes: each starts with nothing, and imports what it is sent.
POOL = """
import multiprocessing, os, sys
from lsst.daf.persistence import Butler, Policy, Registry, RepositoryCfg
from lsst.obs.decam import DecamMapper
from persistence import registry as registries
from persistence.registry.filesystem import FilesystemRegistry

ID = {"visit": 410877, "ccdnum": 28}

def by_alias(butler):
    return butler.get("@sci_md", ID)["CCDNUM"]

def by_reference(reference):
    return reference.get("raw_md")["CCDNUM"]

def of_subset(subset):
    return [reference.get("raw_md")["CCDNUM"] for reference in subset]

def keys(mapper):
    return mapper.getKeys("raw")

def rows(registry):
    return registry.lookup(["filter"], {"visit": 410877}, ("raw",))

def gen2_rows(registry):
    return registry.lookup("filter", "raw", ID)

def run(job):
    function, thing = job
    return os.getpid(), function(thing)

if __name__ == "__main__":
    root = sys.argv[1]
    butler = Butler(root)
    butler.defineAlias("sci", "raw")
    tagged = Butler(inputs={"root": root, "tags": "t"})
    registry = registries.open(root)
    jobs = [
        (by_alias, butler),
        (by_reference, butler.dataRef("raw", dataId=ID)),
        (by_reference, tagged.dataRef("raw", dataId=ID)),
        (of_subset, butler.subset("raw", visit=410877)),
        (keys, DecamMapper(root=root)),
        (rows, registry),
        (rows, FilesystemRegistry(root)),
        (gen2_rows, Registry.create(os.path.join(root, "registry.sqlite3"))),
        (gen2_rows, Registry.create(root)),
        (repr, Policy({"a": {"b": 1}})),
        (repr, RepositoryCfg(root, DecamMapper, {"x": 1}, [root], Policy())),
    ]
    here = [run(job)[1] for job in jobs]  # so that files are open, and answers are remembered, when they leave
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        there = pool.map(run, jobs, chunksize=1)
    assert os.getpid() not in {pid for pid, _ in there}
    for (function, thing), own, (_, answer) in zip(jobs, here, there):
        assert answer == own, (function, thing, own, answer)
    print(len(there))
"""


def test_all_that_is_sent_to_spawned_processes_answers_alike_there(
    filled: Path, tmp_path: Path
) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    command = [sys.executable, "-W", "error", str(script), str(filled)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.stderr) == ("11", "")


@pytest.mark.parametrize(
    "double", [copy.copy, copy.deepcopy, lambda butler: pickle.loads(pickle.dumps(butler))]
)
def test_trap_t21_a_copy_damages_nothing_of_the_original(
    filled: Path, double: Callable[[Butler], Butler]
) -> None:
    butler = Butler(filled, calibRoot=str(filled))
    butler.defineAlias("sci", "raw")
    for _ in range(2):
        other = double(butler)
        assert other is not butler
        assert other.datasetExists("@sci", ID)
        other.defineAlias("of_the_copy", "raw")
    assert pickle.loads(pickle.dumps(butler)).datasetExists("@sci", ID)
    butler.defineAlias("of_the_copy", "calexp")


def test_what_a_caller_changes_afterwards_does_not_count(filled: Path, tmp_path: Path) -> None:
    inputs = [str(filled)]
    butler = Butler(inputs=inputs)
    inputs[0] = str(tmp_path / "nosuch")
    assert copy.copy(butler).datasetExists("raw", ID)
    once = Butler(inputs=(str(one) for one in [filled]))
    assert pickle.loads(pickle.dumps(once)).datasetExists("raw", ID)


def test_a_relative_root_is_found_from_elsewhere(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(filled.parent)
    sent = [pickle.dumps(butler) for butler in (Butler(filled.name), Butler(inputs=filled.name))]
    monkeypatch.chdir(filled)
    sent.append(pickle.dumps(Butler()))
    monkeypatch.chdir(tmp_path)
    assert [pickle.loads(one).datasetExists("raw", ID) for one in sent] == [True] * 3


def test_tags_of_a_child_are_not_put_on_the_callers_arguments(own: Path, tmp_path: Path) -> None:
    child = tmp_path / "child"
    child.mkdir()
    (child / "_parent").symlink_to(own)
    inputs = [RepositoryArgs(str(child), tags="child"), RepositoryArgs(str(own), tags="own")]
    Butler(inputs=inputs)
    assert [one.tags for one in inputs] == [{"child"}, {"own"}]
