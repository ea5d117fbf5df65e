"""The pages of the documentation, for the tests that run what they show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n\n((?:    .*\n|\n)+)", re.M)


def blocks(name: str) -> list[tuple[str, str]]:
    """Return the language and the text of each code block of a page, ``doc/ingest.rst``."""
    return [
        (language, re.sub(r"^    ", "", body, flags=re.M).strip("\n"))
        for language, body in _BLOCK.findall((TOP / name).read_text())
    ]


def run(command: str, folder: Path) -> str:
    """Run a command of a page by the shell; returns all that it prints, errors included."""
    path = f"{TOP / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", f"({command}\n) 2>&1"], cwd=folder, env=os.environ | {"PATH": path},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout.rstrip("\n")
