"""``make_apdb.py`` creates tables, by the settings that ap_pipe.py takes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from persistence.tasks import make_apdb


def test_the_tutorials_line_makes_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "apdb").mkdir()
    words = [
        *("-c", "diaPipe.apdb.isolation_level=READ_UNCOMMITTED"),
        *("-c", "diaPipe.apdb.db_url=sqlite:///apdb/association.db"),
    ]
    assert make_apdb.main(words) == 0
    assert capsys.readouterr().out.startswith(
        "sqlite:///apdb/association.db: created metadata, Dia"
    )
    assert make_apdb.main(words) == 0
    assert (
        capsys.readouterr().out
        == "sqlite:///apdb/association.db has all tables and views already\n"
    )
    connection = sqlite3.connect("apdb/association.db")
    assert connection.execute("SELECT COUNT(*) FROM dia_objects").fetchone() == (0,)
    connection.close()


def test_settings_come_from_a_file_and_its_names_are_short(tmp_path: Path) -> None:
    (tmp_path / "apdb.py").write_text(
        f"config.db_url = 'sqlite:///{tmp_path}/a.db'\nconfig.prefix = 'A'\n"
    )
    assert make_apdb.main(["-C", str(tmp_path / "apdb.py"), "-c", "prefix=B"]) == 0
    connection = sqlite3.connect(tmp_path / "a.db")
    assert connection.execute("SELECT COUNT(*) FROM BDiaObject").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ([], 1, "no alert production database is configured"),
        (["-c", "db_ur=x"], 2, "no field 'db_ur'; did you mean 'db_url'"),
        (["-c", "isolation_level=DIRTY"], 2, "one of 'READ_COMMITTED', 'READ_UNCOMMITTED'"),
        (["-c", "db_url=sqlite:///no/such/a.db"], 1, "there is no directory"),
        (["-C", "no.py"], 2, "no.py"),
    ],
)
def test_what_is_wrong_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert make_apdb.main(words) == status
    assert message in capsys.readouterr().err
