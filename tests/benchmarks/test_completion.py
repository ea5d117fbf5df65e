"""What TAB takes, from the key to the answer: a process is started, and a registry of 10^6 rows asked."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

COMMAND = os.path.join(os.path.dirname(sys.executable), "persistence")
LINES = [
    "persistence sh",
    "persistence tree mil",
    "persistence get million raw --id visit=100005 ccdnum=",
    "persistence get {} cal",
    "persistence get {} raw --id vis",
    "persistence get {} raw --id visit=",
    "persistence get {} raw --id visit=100005 ccdnum=",
    "persistence get {} raw --id ccdnum=",
    "persistence get {} raw --id ccdnum=28 visit=10",
    "persistence get {} raw --id filter=g^",
]


@pytest.fixture(scope="module")
def environment() -> Iterator[Mapping[str, str]]:
    """Yield an environment in which byte code is kept, as pip keeps that of an installed package."""
    with tempfile.TemporaryDirectory() as folder:
        told = {
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": folder,
            "XDG_CACHE_HOME": folder,
        }
        yield {**os.environ, **told}


def least(environment: Mapping[str, str], *commands: list[str]) -> list[float]:
    """Return the least milliseconds that each command takes. They are run in turn; the first time does not count."""
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(12):
        for place, command in enumerate(commands):
            begin = time.perf_counter()
            subprocess.run(command, env=environment, capture_output=True, check=True)
            times[place].append(1e3 * (time.perf_counter() - begin))
    return [min(some[1:]) for some in times]


@pytest.mark.parametrize("line", LINES)
def test_completing(
    bench: Any, repositories: dict[int, Path], environment: Mapping[str, str], line: str
) -> None:
    typed = line.format(repositories[10**6])
    with tempfile.NamedTemporaryFile() as answer:
        config = Path(environment["XDG_CACHE_HOME"]) / "config.yaml"
        config.write_text(f"repositories: {{million: {repositories[10**6]}}}\n")
        told = {
            "PERSISTENCE_CONFIG": str(config),
            "_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": "bash", "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": answer.name, "_ARGCOMPLETE_COMP_WORDBREAKS": " \t\n\"'><=;|&(:",
            "COMP_LINE": typed, "COMP_POINT": str(len(typed)),
        }  # fmt: skip
        python = [sys.executable, "-c"]
        ours, bare, library = least(
            {**environment, **told}, [COMMAND], [*python, "pass"], [*python, "import argcomplete"]
        )
        assert Path(answer.name).read_text()
    beside = f"Python {bare:.0f}, argcomplete {library:.0f} ms"
    bench.tell(f"TAB: {line.format('R').removeprefix('persistence ')}", ours, "ms", beside, 60)


@pytest.mark.parametrize("words", [[], ["--summary"]])
def test_a_summary_of_the_registry(
    bench: Any, repositories: dict[int, Path], environment: Mapping[str, str], words: list[str]
) -> None:
    (took,) = least(environment, [COMMAND, "registry", str(repositories[10**6]), *words])
    bench.tell(f"persistence registry {' '.join(words)}, 1,000,000 rows", took, "ms", "", 2000)
