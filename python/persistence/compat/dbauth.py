"""`DbAuth`: who may use a database, as ``~/.lsst/db-auth.paf`` says."""

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
    """There is nobody who may use a database, or the file cannot be used."""


class DbAuth:
    """User and password of databases: those of an environment variable, or of a file.

    ``LSST_DB_AUTH`` is ``user:password``. In ``~/.lsst/db-auth.paf`` is, for each server::

        database: { authInfo: { host: db.example.org  port: 3306  user: me  password: mine } }
    """

    _policy: ClassVar[Any] = None

    @classmethod
    def setPolicy(cls, policy: Any) -> None:
        """Use what a mapping says in place of the file: ``{"database": {"authInfo": [...]}}``."""
        cls._policy = policy

    @classmethod
    def resetPolicy(cls) -> None:
        """Use the file again."""
        cls._policy = None

    @classmethod
    def available(cls, host: str, port: int | str) -> bool:
        """Return whether it is known who may use a database."""
        try:
            cls._pair(host, port)
        except DbAuthError:
            return False
        return True

    @classmethod
    def authString(cls, host: str, port: int | str) -> str:
        """Return ``user:password``."""
        return ":".join(cls._pair(host, port))

    @classmethod
    def username(cls, host: str, port: int | str) -> str:
        """Return the user.

        Raises
        ------
        DbAuthError
            If nobody is known, or others may read the file.
        """
        return cls._pair(host, port)[0]

    @classmethod
    def password(cls, host: str, port: int | str) -> str:
        """Return the password; see `username`."""
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
            f"nobody is known who may use {host}:{port}: ${_VARIABLE} is not set, and {path} has "
            f"{hosts or 'no database'}"
        )


def _entries(known: Any) -> list[Mapping[str, Any]]:
    found = known.get("database", {}).get("authInfo", [])
    return [found] if isinstance(found, Mapping) else list(found)


def _read(path: str) -> dict[str, Any]:
    """Read a policy file; nobody but its owner may read it.

    Raises
    ------
    DbAuthError
        If others may, or the file is damaged.
    """
    if not os.path.exists(path):
        return {}
    for place in (os.path.dirname(path), path):
        if stat.S_IMODE(os.stat(place).st_mode) & 0o077:
            raise DbAuthError(f"{place} holds passwords, and others may read it: chmod go= {place}")
    with open(path) as stream:
        tokens = [match for match in _TOKEN.finditer(stream.read()) if match.lastgroup]
    return _block(iter(tokens), path, is_top=True)


def _block(tokens: Iterator[re.Match[str]], path: str, is_top: bool = False) -> dict[str, Any]:
    """Return the values of a block; of a key that is there twice, a list."""
    values: dict[str, Any] = {}
    for token in tokens:
        if token["close"]:
            return values
        if not token["key"]:
            raise DbAuthError(f"{path}: {token[0]!r} stands where a name and a colon should")
        following = next(tokens, None)
        if following is None or following["close"] or following["key"]:
            raise DbAuthError(f"{path}: nothing stands behind {token['key']!r}")
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
