"""The page doc/keeping.rst: its commands print what it shows, one after the other."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from astropy.table import Table

from persistence import Butler
from persistence.cli import main
from persistence.keep.diagnosis import diagnose

_SESSION = re.compile(r"\d{8}T\d{6}Z-\d+-[0-9a-f]{4}")


def _break(folder: Path) -> None:
    cfg = folder / "repo/rerun/a/repositoryCfg.yaml"
    cfg.write_text(cfg.read_text().replace("../..", str(folder / "repo")))
    path = folder / "repo/rerun/a/0410877/src/src-0410877_28.fits"
    path.touch()


def _mend(folder: Path) -> None:
    diagnose(folder / "repo", fix=True)
    shutil.rmtree(folder / "repo/.persistence")
    shutil.rmtree(folder / "repo/rerun/a/.persistence")


def _rot(folder: Path) -> None:
    path = folder / "repo/rerun/a/0410877/src/src-0410877_05.fits"
    status = path.stat()
    with fits.open(path) as hdus:
        start = hdus[1].fileinfo()["datLoc"]
    content = bytearray(path.read_bytes())
    content[start] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _copy(folder: Path) -> None:
    shutil.copytree(folder / "repo", folder / "copy", symlinks=True)


def _again(folder: Path) -> None:
    rerun = Butler(inputs=str(folder / "repo"), outputs=str(folder / "again"), durable=False)
    rerun.put(Table({"id": [1, 2, 4]}), "src", visit=410877, ccdnum=5)
    rerun.put(Table({"id": [1, 2, 3]}), "src", visit=410877, ccdnum=6)
    path = folder / "repo/rerun/a/0410877/src/src-0410877_05.fits"
    path.unlink()
    rerun = Butler(str(folder / "repo/rerun/a"), durable=False)
    rerun.put(Table({"id": [1, 2, 3]}), "src", visit=410877, ccdnum=5)


# What happens before a command of the page, by its beginning.
BEFORE: dict[str, list[Callable[[Path], None]]] = {
    "persistence doctor repo": [_break],
    "persistence verify repo": [_mend, _rot],
    "persistence diff repo copy": [_copy],
    "persistence diff repo/rerun/a again --detail": [_again],
}
_SIZE = re.compile(r"[\d.]+ k?M?B(?= read|, \d+ rows|$)", re.M)  # SQLite's differ


_BLOCK = re.compile(r"^\.\. code-block:: console\n\n((?:    .*\n|\n)+)", re.M)
PAGE = Path(__file__).resolve().parents[1] / "doc" / "keeping.rst"


@pytest.fixture
def place(filled: Path, tmp_path: Path) -> Path:
    """Return a directory with the repository of the page, and its rerun."""
    shutil.copytree(filled, tmp_path / "repo", symlinks=True)
    rerun = Butler(
        inputs=str(tmp_path / "repo"), outputs=str(tmp_path / "repo/rerun/a"), durable=False
    )
    rerun.put(Table({"id": [1, 2, 3]}), "src", visit=410877, ccdnum=5)
    return tmp_path


def test_commands_print_what_the_page_shows(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(place)
    before = {command: list(acts) for command, acts in BEFORE.items()}
    session = ""
    for body in _BLOCK.findall(PAGE.read_text()):
        for part in re.split(r"^\$ ", textwrap.dedent(body), flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            for act in before.get(command, [])[:1]:
                act(place)
                before[command].pop(0)
            capsys.readouterr()
            main.main(shlex.split(command.replace("SESSION", session))[1:])
            printed = capsys.readouterr().out.replace(str(place), "/data")
            session = (_SESSION.findall(printed) or [session])[-1]
            printed = _SIZE.sub("SIZE", _SESSION.sub("SESSION", printed))
            assert printed.rstrip() == _SIZE.sub("SIZE", shown.replace("<BLANK>", "")).rstrip(), (
                command
            )
    assert not any(before.values())
