"""Memory is kept for the next arrays, as the system counts it."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PLANE = 1 << 26  # bytes: more than the GNU C library ever keeps by itself
PROGRAM = f"""
import resource
from persistence.pipe import memory
{{first}}
bytearray({PLANE})
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    bytearray(b"x") * {PLANE}
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def new_pages(first: str) -> int:
    """Return how many pages a process takes from the system for four arrays, one after the other."""
    command = [sys.executable, "-c", PROGRAM.format(first=first)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep it, or not")
def test_what_an_array_leaves_is_the_next_ones() -> None:
    assert new_pages("") > 4 * new_pages("memory.keep_freed()")


@pytest.mark.parametrize(("args", "kept"), [(None, 1), (["--help"], 0)])
def test_memory_is_kept_for_a_program_and_not_for_other_callers(
    monkeypatch: pytest.MonkeyPatch, args: list[str] | None, kept: int
) -> None:
    config = pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
    from persistence.pipe import memory
    from persistence.pipe.cmdlinetask import CmdLineTask

    class ToyTask(CmdLineTask):
        ConfigClass = config.Config
        _DefaultName = "toy"

    calls: list[None] = []
    monkeypatch.setattr(memory, "keep_freed", lambda: calls.append(None))
    monkeypatch.setattr(sys, "argv", ["toy.py", "--help"])
    with pytest.raises(SystemExit):
        ToyTask.parseAndRun(args)
    assert len(calls) == kept


def test_a_c_library_without_such_a_setting_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import ctypes

    from persistence.pipe import memory

    for library in (object(), None):
        monkeypatch.setattr(ctypes, "CDLL", lambda _name, library=library: library)
        memory.keep_freed()
