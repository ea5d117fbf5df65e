"""What running a task over targets costs beside the task."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from obs_decam.sample import generate
from persistence import Butler
from persistence.cli import ingest_images
from persistence.pipe import logs
from persistence.pipe.runner import TaskRunner

BIN = Path(__file__).parents[2] / "bin"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with some hundred raws."""
    folder = tmp_path_factory.mktemp("runner")
    (folder / "repo").mkdir()
    (folder / "repo" / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    raws = generate.write(
        str(folder / "raw"), [(410877 + number, "g") for number in range(4)], size="tiny"
    )
    assert ingest_images.main([str(folder / "repo"), *raws]) == 0
    return folder / "repo"


def test_a_target(bench: Any, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "code")
    from toytask import ToyConfig, ToyTask

    butler = Butler(inputs=str(root), outputs={"root": str(tmp_path / "out"), "mode": "rw"})
    flags = dict.fromkeys(
        "doraise noExit clobberConfig noBackupConfig clobberVersions noVersions skipExisting redoFailed redoStale "
        "recordDigests".split(),
        False,
    )
    references = list(butler.subset("raw"))
    log = logs.TaskLog("toy")
    log.logger.setLevel(logging.ERROR)
    command = Namespace(
        **flags, config=ToyConfig(), log=log, logSettings=None, butler=butler, output=None, processes=1, timeout=None,
        profile=None, engine="local", scheduler=None, id=Namespace(refList=references),
    )  # fmt: skip
    begin = time.perf_counter()
    assert len(TaskRunner(ToyTask, command).run(command)) == len(references)
    ours = time.perf_counter() - begin
    begin = time.perf_counter()
    for reference in references:
        ToyTask(config=command.config, log=log).runDataRef(reference)
    bare = time.perf_counter() - begin
    each = 1e3 * (ours - bare) / len(references)
    bench.tell(
        "a target of the runner, metadata written", each, "ms", f"{len(references)} targets", 2
    )


def test_help(bench: Any, root: Path) -> None:
    def least(*words: str) -> float:
        taken = []
        for _ in range(5):
            begin = time.perf_counter()
            subprocess.run(
                [sys.executable, *words],
                check=True,
                stdout=subprocess.DEVNULL,
                env=dict(os.environ),
            )
            taken.append(time.perf_counter() - begin)
        return min(taken)

    bare = least("-c", "pass")
    bench.tell(
        "processCcd.py --help",
        least(str(BIN / "processCcd.py"), "--help"),
        "s",
        f"python {bare:.2f} s",
        0.35,
    )
