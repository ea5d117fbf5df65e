"""The address of a database: parsed and checked before anything is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from persistence.apdb.alchemy import sqlalchemy as sa
from persistence.errors import DatabaseError, did_you_mean, told
from persistence.files import extras

# Isolation levels of SQL that databases support, among those of the configuration.
_LEVELS = {"sqlite": ("READ_UNCOMMITTED", "SERIALIZABLE")}
# The drivers that are used unless an address names another.
_DRIVERS = {"postgresql": "psycopg"}
_KNOWN = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Address:
    """A database's address.

    Attributes
    ----------
    url : `sqlalchemy.URL`
        As SQLAlchemy uses it.
    text : `str`
        As it is shown: without a password.
    path : `str` or None
        SQLite's file; None of other databases, and of one that is in memory.
    isolation : `str` or None
        The level of isolation, with blanks; None is the database's own.
    """

    url: sa.URL
    text: str
    path: str | None
    isolation: str | None

    @property
    def kind(self) -> str:
        """The kind of database: ``sqlite``, ``postgresql``."""
        return self.url.get_backend_name()


def parse(db_url: str | None, isolation_level: str | None = None) -> Address:
    """Parse an address.

    Parameters
    ----------
    db_url : `str` or None
        The configured address.
    isolation_level : `str` or None
        The configured isolation level.

    Returns
    -------
    address : `Address`
        The address.

    Raises
    ------
    DatabaseError
        If it is missing or invalid, or the database does not support the level.
    """
    if not db_url:
        raise DatabaseError(
            "no alert production database is configured (db_url)\n  one in a file: -c "
            "diaPipe.apdb.db_url=sqlite:///apdb/association.db"
        )
    try:
        url = sa.make_url(db_url)
    except sa.exc.ArgumentError as error:
        raise DatabaseError(
            f"db_url={db_url!r} is not the address of a database; one in a file is "
            f"sqlite:///{db_url}, one of a server is postgresql://user@host/name"
        ) from error
    kind = url.get_backend_name()
    if url.drivername == kind and kind in _DRIVERS:
        url = url.set(drivername=f"{kind}+{_DRIVERS[kind]}")
    text = url.set(drivername=kind).render_as_string(hide_password=True)
    _check_kind(url, text)
    known = _LEVELS.get(kind)
    if isolation_level and known and isolation_level not in known:
        raise DatabaseError(
            f"{text}: SQLite does not know isolation_level={isolation_level}, but "
            f"{' and '.join(known)}\n  -c diaPipe.apdb.isolation_level=READ_UNCOMMITTED; without "
            "isolation_level, its own"
        )
    path = _path(url) if kind == "sqlite" else None
    return Address(url, text, path, isolation_level and isolation_level.replace("_", " "))


def _check_kind(url: sa.URL, text: str) -> None:
    kind = url.get_backend_name()
    if kind not in _KNOWN:
        raise DatabaseError(
            f"{text}: the tables are not for {kind!r}{did_you_mean(kind, _KNOWN)} (known: "
            f"{', '.join(_KNOWN)})"
        )
    try:
        with extras.needed("psycopg", text):
            url.get_dialect().import_dbapi()
    except sa.exc.NoSuchModuleError as error:
        raise DatabaseError(f"{text}: there is no driver {url.drivername!r}") from error
    except ModuleNotFoundError as error:
        raise DatabaseError(f"{text}: its driver is not installed: {told(error)}") from error


def _path(url: sa.URL) -> str | None:
    database: Any = url.database
    if not database or database == ":memory:":
        return None
    return str(database.removeprefix("file:").partition("?")[0])


def explained_path(address: Address) -> str | None:
    """Return what is wrong with the path of SQLite's file; None if nothing is visible."""
    if address.path is None:
        return None
    path = os.path.abspath(address.path)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        return f"there is no directory {folder}: mkdir -p {folder}"
    if not _may(folder, os.X_OK):
        return f"{folder} may not be entered by this user"
    if os.path.isdir(path):
        return f"{path} is a directory, not a file in one"
    if os.path.exists(path) and not _may(path, os.R_OK):
        return f"{path} may not be read by this user"
    if os.path.exists(path) and not _may(path, os.W_OK):
        return f"{path} may not be written to by this user"
    if not _may(folder, os.W_OK):
        return f"nothing may be written in {folder}, where SQLite has its journal, by this user"
    return None


def _may(path: str, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)
