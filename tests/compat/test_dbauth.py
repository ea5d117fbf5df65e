"""Who may use a database, as a file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence import DbAuth

# As the manual of LSSTDESC/pserv shows it.
TEXT = """database: {
    authInfo: {
        # the first
        host: scidb1.nersc.gov
        port: 3306
        user: desc_user
        password: "two words"
    }
    authInfo: {
        host: nerscdb04.nersc.gov
        user: other
        password: pa#ss
    }
}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("LSST_DB_AUTH", raising=False)
    (tmp_path / ".lsst").mkdir(mode=0o700)
    return tmp_path / ".lsst" / "db-auth.paf"


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_user_and_password_are_those_of_the_server(home: Path) -> None:
    write(home, TEXT)
    assert DbAuth.username("scidb1.nersc.gov", 3306) == "desc_user"
    assert DbAuth.password("scidb1.nersc.gov", "3306") == "two words"
    assert DbAuth.authString("nerscdb04.nersc.gov", 1) == "other:pa#ss"
    assert not DbAuth.available("scidb1.nersc.gov", 3307)
    with pytest.raises(RuntimeError, match=r"scidb1.nersc.gov:3307: .* has nerscdb04"):
        DbAuth.username("scidb1.nersc.gov", 3307)


def test_the_environment_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSST_DB_AUTH", "me:mine:too")
    assert DbAuth.authString("anywhere", 1) == "me:mine:too"
    assert DbAuth.password("anywhere", 1) == "mine:too"
    DbAuth.setPolicy({"database": {"authInfo": {"host": "h", "user": "u", "password": "p"}}})
    try:
        assert DbAuth.username("h", 1) == "u"
    finally:
        DbAuth.resetPolicy()


def test_a_file_that_others_may_read_is_refused(home: Path) -> None:
    write(home, TEXT, 0o644)
    with pytest.raises(RuntimeError, match="others may read it"):
        DbAuth.username("scidb1.nersc.gov", 3306)


@pytest.mark.parametrize("text", ["database: {", "database", "a: b: c", "database: }"])
def test_a_damaged_file_is_told(home: Path, text: str) -> None:
    write(home, text)
    with pytest.raises(RuntimeError, match=r"db-auth\.paf: "):
        DbAuth.username("scidb1.nersc.gov", 3306)


def test_without_a_file_nobody_is_known(home: Path) -> None:
    with pytest.raises(RuntimeError, match="has no database"):
        DbAuth.username("h", 1)
