"""`DbAuth`: users and passwords of databases, from ``~/.lsst/db-auth.paf``."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from persistence.errors import PersistenceError

_VARIABLE = "LSST_DB_AUTH"
_TOKEN = re.compile(
    r"""\#[^\n]* | (?P<open>\{) | (?P<close>\}) | (?P<key>[\w.]+)\s*: |
                        "(?P<double>[^"\n]*)" | '(?P<single>[^'\n]*)' | (?P<word>[^\s{}]+)""",
    re.X,
)


class DbAuthError(PersistenceError, RuntimeError):
    """No user of a database is known, or the file cannot be used."""


class DbAuth:
    """Users and passwords of databases, from an environment variable or a file.

    Notes
    -----
    The same class as Gen2's ``lsst.daf.persistence.DbAuth``. ``LSST_DB_AUTH`` is ``user:password``;
    ``~/.lsst/db-auth.paf`` has, for each server::

        database: { authInfo: { host: db.example.org  port: 3306  user: me  password: mine } }

    Examples
    --------
    >>> from persistence import DbAuth
    >>> login = {"host": "db.example.org", "port": 3306, "user": "me", "password": "mine"}
    >>> DbAuth.setPolicy({"database": {"authInfo": [login]}})
    >>> DbAuth.username("db.example.org", 3306)
    'me'
    >>> DbAuth.resetPolicy()
    """

    _policy: ClassVar[Any] = None

    @classmethod
    def setPolicy(cls, policy: Any) -> None:
        """Use a mapping instead of the file.

        Parameters
        ----------
        policy : mapping
            The content: ``{"database": {"authInfo": [...]}}``.
        """
        cls._policy = policy

    @classmethod
    def resetPolicy(cls) -> None:
        """Use the file again."""
        cls._policy = None

    @classmethod
    def available(cls, host: str, port: int | str) -> bool:
        """Check whether a user of a database is known.

        Parameters
        ----------
        host : `str`
            The server.
        port : `int` or `str`
            Its port.

        Returns
        -------
        available : `bool`
            Whether one is known.
        """
        try:
            cls._pair(host, port)
        except DbAuthError:
            return False
        return True

    @classmethod
    def authString(cls, host: str, port: int | str) -> str:
        """Return ``user:password``.

        Parameters
        ----------
        host : `str`
            The server.
        port : `int` or `str`
            Its port.

        Returns
        -------
        login : `str`
            User and password.

        Raises
        ------
        DbAuthError
            As for `username`.
        """
        return ":".join(cls._pair(host, port))

    @classmethod
    def username(cls, host: str, port: int | str) -> str:
        """Return the user.

        Parameters
        ----------
        host : `str`
            The server.
        port : `int` or `str`
            Its port.

        Returns
        -------
        user : `str`
            The user.

        Raises
        ------
        DbAuthError
            If none is known, or other users may read the file.
        """
        return cls._pair(host, port)[0]

    @classmethod
    def password(cls, host: str, port: int | str) -> str:
        """Return the password.

        Parameters
        ----------
        host : `str`
            The server.
        port : `int` or `str`
            Its port.

        Returns
        -------
        password : `str`
            The password.

        Raises
        ------
        DbAuthError
            As for `username`.
        """
        return cls._pair(host, port)[1]

    @classmethod
    def _pair(cls, host: str, port: int | str) -> tuple[str, str]:
        words = os.environ.get(_VARIABLE)
        if words and cls._policy is None:
            user, _, password = words.partition(":")
            return user, password
        path = os.path.expanduser("~/.lsst/db-auth.paf")
        known = cls._policy if cls._policy is not None else _read(path)
        for entry in _entries(known):
            if entry.get("host") == host and str(entry.get("port", port)) == str(port):
                return str(entry.get("user", "")), str(entry.get("password", ""))
        hosts = ", ".join(sorted({str(entry.get("host")) for entry in _entries(known)}))
        raise DbAuthError(
            f"no user is known for {host}:{port}: ${_VARIABLE} is not set, and {path} has "
            f"{hosts or 'no database'}"
        )


def _entries(known: Any) -> list[Mapping[str, Any]]:
    entries = known.get("database", {}).get("authInfo", [])
    return [entries] if isinstance(entries, Mapping) else list(entries)


def _read(path: str) -> dict[str, Any]:
    """Read a policy file; only its owner may have permission to read it.

    Raises
    ------
    DbAuthError
        If others have, or the file is damaged.
    """
    if not os.path.exists(path):
        return {}
    for guarded in (os.path.dirname(path), path):
        if stat.S_IMODE(os.stat(guarded).st_mode) & 0o077:
            raise DbAuthError(
                f"{guarded} contains passwords, and others may read it: chmod go= {guarded}"
            )
    with open(path) as stream:
        tokens = [match for match in _TOKEN.finditer(stream.read()) if match.lastgroup]
    return _block(iter(tokens), path, is_top=True)


def _block(tokens: Iterator[re.Match[str]], path: str, is_top: bool = False) -> dict[str, Any]:
    """Return the values of a block; repeated keys have a list."""
    values: dict[str, Any] = {}
    for token in tokens:
        if token["close"]:
            return values
        if not token["key"]:
            raise DbAuthError(f"{path}: {token[0]!r} where a name and a colon are expected")
        following = next(tokens, None)
        if following is None or following["close"] or following["key"]:
            raise DbAuthError(f"{path}: there is no value after {token['key']!r}")
        value: Any = following[following.lastgroup or 0]
        if following["open"]:
            value = _block(tokens, path)
        _append(values, token["key"], value)
    if not is_top:
        raise DbAuthError(f"{path}: a block is not closed")
    return values


def _append(values: dict[str, Any], key: str, value: Any) -> None:
    if key not in values:
        values[key] = value
    elif isinstance(values[key], list):
        values[key].append(value)
    else:
        values[key] = [values[key], value]
