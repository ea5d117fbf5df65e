"""Run processCcd as users do, in a process of its own, whose time and memory are measured."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from obs_decam.sample.evaluate import fields
from obs_decam.sample.realistic import references
from persistence import Butler

_PROGRAM = "from persistence.tasks.process_ccd import ProcessCcdTask; ProcessCcdTask.parseAndRun()"
_DIFFERENCE = (
    "from persistence.tasks.image_difference import ImageDifferenceTask; "
    "ImageDifferenceTask.parseAndRun()"
)
_ALERTS = "from persistence.tasks.ap_pipe import ApPipeTask; ApPipeTask.parseAndRun()"

# The most memory is asked in the process itself where the system tells it: what wait4 says includes
# that of the parent, which the child was a copy of before it began.
_PEAK = """
import atexit, sys

def tell(path=sys.argv.pop(1)):
    try:
        with open("/proc/self/status") as status, open(path, "w") as peak:
            peak.writelines(line.split()[1] for line in status if line.startswith("VmHWM:"))
    except OSError:
        pass

atexit.register(tell)
"""


class Run(NamedTuple):
    """The result of a command.

    Attributes
    ----------
    status : `int`
        0 on success.
    log : `str`
        Its log.
    seconds : `float`
        Its CPU time, imports included.
    megabytes : `float`
        Its largest memory.
    rerun : `str`
        The directory of its results.
    """

    status: int
    log: str
    seconds: float
    megabytes: float
    rerun: str

    @property
    def messages(self) -> list[str]:
        """The lines with warnings or failures."""
        return [line for line in self.log.splitlines() if " WARN" in line or " ERROR" in line]


def process_ccd(
    root: str,
    calibs: str,
    rerun: str,
    words: Sequence[str],
    settings: Sequence[str] = (f"calibrate.refCat={references.NAME}", "isr.doCrosstalk=True"),
) -> Run:
    """Process the data selected by arguments of a command line."""
    command = [root, "--calib", calibs, "--rerun", rerun, "--id", *words, "-c", *settings]
    return run(_PROGRAM, command, os.path.join(root, "rerun", rerun))


def image_difference(root: str, rerun: str, output: str, words: Sequence[str]) -> Run:
    """Subtract a template from the data selected by arguments of a command line."""
    command = [root, "--rerun", f"{rerun}:{output}", *words]
    return run(_DIFFERENCE, command, os.path.join(root, "rerun", output))


def ap_pipe(root: str, rerun: str, words: Sequence[str]) -> Run:
    """Run alert production on what some words of a command line name."""
    return run(_ALERTS, [root, *words], os.path.join(root, "rerun", rerun))


def run(program: str, command: Sequence[str], folder: str) -> Run:
    """Run a program that writes into a directory, and keep its log beside that."""
    path = f"{folder}.log"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    # Users' programs are compiled once, and not for each chip.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with open(path, "w+", encoding="utf-8") as log:
        child = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-c", _PEAK + program, f"{folder}.peak", *command],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        # Not child.wait(): the resources used by one child are reported when it is waited for.
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        text = log.read()
    spent = usage.ru_utime + usage.ru_stime
    return Run(child.returncode, text, spent, _peak(f"{folder}.peak", usage.ru_maxrss), folder)


def _peak(path: str, kilobytes: int) -> float:
    """Return the largest memory (megabytes) that a process wrote in a file, or a default."""
    with contextlib.suppress(FileNotFoundError, ValueError), open(path, encoding="utf-8") as file:
        kilobytes = int(file.read())
    return kilobytes / 1024


class Chip(NamedTuple):
    """A processed chip beside its truth.

    Attributes
    ----------
    truth : `~obs_decam.sample.evaluate.fields.Truth`
    run : `Run`
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The ``calexp``.
    sources : `~persistence.types.table.catalog.Catalog`
        ``src``.
    """

    truth: fields.Truth
    run: Run
    exposure: Any
    sources: Any


def results(run: Run, truth: fields.Truth, visit: int) -> Chip:
    """Read the outputs of processCcd for an exposure."""
    butler = Butler(run.rerun)
    exposure, sources = (butler.get(kind, visit=visit, ccdnum=fields.CHIP) for kind in _KINDS)
    return Chip(truth, run, exposure, sources)


_KINDS = ("calexp", "src")
