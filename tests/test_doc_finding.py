"""The page doc/finding.rst: its examples are what they show."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import sqlite3
import textwrap
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.cli import main
from persistence.dataids import expression
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap

PAGE = Path(__file__).resolve().parents[1] / "doc" / "finding.rst"
BLOCK = re.compile(r"^    >>> .*\n(?:    .*\n|\n)*", re.M)
VISITS = [
    (410877, "g", "2014-02-20", "2014-02-20T23:58:00.5", 90.0, "COSMOS"),
    (410878, "r", "2014-02-21", "2014-02-21T00:01:00.5", 90.0, "COSMOS"),
    (410915, "g", "2014-02-22", "2014-02-22T05:00:00.0", 30.0, "Blind15A_26"),
]
KINDS = {
    "visit": int, "filter": str, "expTime": float, "object": str, "date": str, "taiObs": str,
    "DATE-OBS": str, "day_obs": int,
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work beside ``repo``, which is made by hand as the page says."""
    monkeypatch.chdir(tmp_path)
    repo, rerun = Path("repo"), Path("repo/rerun/processed")
    rerun.mkdir(parents=True)
    (repo / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    (rerun / "_parent").symlink_to(repo.resolve())
    connection = sqlite3.connect(repo / "registry.sqlite3")
    connection.execute(
        "CREATE TABLE raw (id integer primary key, visit int, filter text, date text, taiObs text, "
        "expTime double, object text, ccdnum int, hdu int)"
    )
    for visit, band, date, tai, exposure, target in VISITS:
        touch(repo / date / band / f"decam{visit:07d}.fits.fz")
        for ccd in (28, 29):
            connection.execute(
                "INSERT INTO raw VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
                (visit, band, date, tai, exposure, target, ccd, ccd),
            )
    connection.commit()
    connection.close()
    for visit, ccd in ((410877, 28), (410877, 29), (410878, 28)):
        touch(rerun / f"{visit:07d}" / "calexp" / f"calexp-{visit:07d}_{ccd:02d}.fits")
    touch(rerun / "0410877" / "src" / "src-0410877_28.fits")
    config = DiscreteConfig(
        raList=(150.0,), decList=(2.0,), radiusList=(0.1,), patchInnerDimensions=(8000, 8000),
        pixelScale=0.263,
    )  # fmt: skip
    Butler(str(rerun)).put(DiscreteSkyMap(config), "deepCoadd_skyMap")
    return tmp_path


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b" " * 2880)
    os.utime(path, (1_793_500_000, 1_793_500_000))


def test_the_examples_are_what_they_show(place: Path) -> None:
    names: dict[str, Any] = {}
    report: list[str] = []
    sessions = [textwrap.dedent(found) for found in BLOCK.findall(PAGE.read_text())]
    assert len(sessions) >= 8
    for session in sessions:
        test = doctest.DocTestParser().get_doctest(session, names, PAGE.name, str(PAGE), 0)
        test.globs = names
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        runner.run(test, out=report.append, clear_globs=False)
    assert "".join(report) == ""


def test_each_condition_of_the_table_can_be_read() -> None:
    table = PAGE.read_text().split("\nConditions\n", 1)[1].split("There are no functions", 1)[0]
    found = [*re.findall(r"``([^`]+)``", table), "`DATE-OBS` > '2014'"]
    assert ":literal:`\\`DATE-OBS\\` > '2014'`" in table
    conditions = [text for text in found if re.search(r"\w (==|<|>|in|like|is|between|not) ", text)]
    assert len(conditions) >= 10
    for text in conditions:
        expression.parse(text).sql(KINDS)


def test_the_repository_is_indexed_by_the_command_that_is_shown(place: Path) -> None:
    (command,) = re.findall(r"^    persistence (index .*)$", PAGE.read_text(), re.M)
    assert main.main(command.split()) == 0
    assert (place / "repo/.persistence/index.sqlite3").is_file()


def test_the_commands_print_what_they_show(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files of the page have one time; ``/data`` stands for the current directory."""
    for path in place.rglob("*"):
        os.utime(path, (1_793_500_000, 1_793_500_000), follow_symlinks=False)
    section = PAGE.read_text().split("\nOn the command line\n", 1)[1]
    section = section.split("\nHow fresh an answer is\n", 1)[0]
    blocks = re.findall(r"code-block:: console\n\n((?:    .*\n|\n)+)", section)
    shown = "".join(map(textwrap.dedent, blocks))
    commands = re.findall(r"^\$ persistence (.*)\n((?:(?!\$ ).*\n)*)", shown, re.M)
    assert len(commands) == 9
    check = doctest.OutputChecker().check_output
    for line, expected in commands:
        assert main.main(shlex.split(line)) == 0
        out, err = capsys.readouterr()
        assert err == ""
        printed = out.replace(str(place), "/data").rstrip()
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE if "..." in expected else 0
        assert check(expected.rstrip(), printed, flags), printed
