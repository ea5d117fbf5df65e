"""A toy task, and command lines of it."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.pipe import logs


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module of the toy task; processes that are started find it too."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "code")
    import toytask

    return toytask


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the file where the toy task tells what it began and ended."""
    return tmp_path / "journal"


@pytest.fixture(autouse=True)
def levels(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Log everything, and restore the level."""
    before = logging.getLogger().level
    caplog.set_level(logging.INFO)
    yield
    logging.getLogger().setLevel(before)


Parsed = Callable[..., Namespace]


@pytest.fixture
def parsed(toy: Any, filled: Path, tmp_path: Path, journal: Path) -> Parsed:
    """Return a function that makes what the parser would make of a command line on some detectors."""

    def make(
        acts: dict[int, str] = {}, detectors: tuple[int, ...] = (1, 2, 3, 4), **said: Any
    ) -> Namespace:
        root = said.pop("output", str(tmp_path / "out"))
        butler = Butler(inputs=str(filled), outputs={"root": root, "mode": "rw"})
        config = toy.ToyConfig()
        config.acts, config.journal, config.gain = acts, str(journal), said.pop("gain", 1.0)
        flags = dict.fromkeys(
            "doraise noExit clobberConfig noBackupConfig clobberVersions noVersions skipExisting redoFailed redoStale recordDigests".split(),
            False,
        )
        references = [butler.dataRef("raw", visit=410877, ccdnum=number) for number in detectors]
        settings = logs.Settings()
        return Namespace(
            **{
                **flags, "config": config, "log": logs.TaskLog("toy"), "logSettings": settings, "butler": butler,
                "output": root, "processes": 1, "timeout": None, "profile": None, "engine": "local",
                "scheduler": None, "id": Namespace(refList=references), **said,
            }
        )  # fmt: skip

    return make


@pytest.fixture
def told(journal: Path) -> Callable[[], list[str]]:
    """Return a function that reads the journal."""
    return lambda: journal.read_text().splitlines() if journal.exists() else []
