"""Gen2's module of these names."""

from lsst.daf.persistence import (
    PgsqlRegistry,
    PosixRegistry,
    Registry,
    SqliteRegistry,
    SqlRegistry,
    havePgsql,
    haveSqlite3,
)

__all__ = [
    "PgsqlRegistry",
    "PosixRegistry",
    "Registry",
    "SqlRegistry",
    "SqliteRegistry",
    "havePgsql",
    "haveSqlite3",
]
