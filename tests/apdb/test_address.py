"""Addresses are checked before anything is opened."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.apdb import address
from persistence.errors import DatabaseError

WRONG: list[tuple[Any, str]] = [
    (
        (None,),
        r"no alert production database is configured \(db_url\)\n.*diaPipe.apdb.db_url=sqlite",
    ),
    (("",), "no alert production database is configured"),
    (
        ("apdb/association.db",),
        "is not the address of a database; one in a file is sqlite:///apdb/",
    ),
    (("sqlit:///a.db",), "not for 'sqlit'; did you mean 'sqlite'?"),
    (("mysql://me@host/x",), "not for 'mysql'"),
    (("sqlite+nosuch:///a.db",), "there is no driver 'sqlite.nosuch'"),
    (
        ("sqlite:///a.db", "READ_COMMITTED"),
        r"sqlite:///a.db: SQLite does not know isolation_level=READ_COMMITTED, but READ_UNCOMMITTED "
        r"and SERIALIZABLE\n  -c diaPipe.apdb.isolation_level=READ_UNCOMMITTED",
    ),
    (("sqlite:///a.db", "REPEATABLE_READ"), "does not know isolation_level=REPEATABLE_READ"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_what_is_no_address_is_explained(arguments: Any, message: str) -> None:
    with pytest.raises(DatabaseError, match=message):
        address.parse(*arguments)


def test_a_relative_and_an_absolute_file_are_told_apart() -> None:
    assert address.parse("sqlite:///apdb/association.db").path == "apdb/association.db"
    assert address.parse("sqlite:////data/association.db").path == "/data/association.db"
    assert address.parse("sqlite://").path is None


def test_a_password_is_not_shown() -> None:
    parsed = address.parse("postgresql://me:secret@host/apdb", "REPEATABLE_READ")
    assert parsed.text == "postgresql://me:***@host/apdb"
    assert parsed.url.password == "secret"
    assert (parsed.kind, parsed.isolation) == ("postgresql", "REPEATABLE READ")
