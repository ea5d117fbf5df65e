"""The configuration of the alert production database.

The names are those of ``dax_apdb``, as Gen2 and later releases have them.
"""

from __future__ import annotations

from lsst.pex.config import ChoiceField, Config, Field, ListField, RangeField

# A trixel's number at greater depths is beyond the integers of databases.
_DEEPEST = 29


class ApdbConfig(Config):
    """Where the database is, and how it is used."""

    db_url = Field[str](
        doc="Address of the database, as SQLAlchemy has it: sqlite:///apdb/association.db, "
        "postgresql://user@host/name.",
        dtype=str,
        optional=True,
    )
    isolation_level = ChoiceField[str](
        doc="Isolation of transactions; without it, the database's own. SQLite knows "
        "READ_UNCOMMITTED and SERIALIZABLE alone.",
        dtype=str,
        optional=True,
        allowed={
            "READ_COMMITTED": "What others have committed can be seen.",
            "READ_UNCOMMITTED": "What others are writing can be seen, where the database allows.",
            "REPEATABLE_READ": "What is read twice is the same.",
            "SERIALIZABLE": "Transactions are as if one came after the other.",
        },
    )
    connection_timeout = RangeField(
        doc="How long to wait for a database that others are writing to, or for a server (s).",
        dtype=float,
        default=120.0,
        min=0.0,
    )
    sql_echo = Field[bool](doc="Log each statement?", dtype=bool, default=False)
    dia_object_index = ChoiceField[str](
        doc="How DIAObjects are found by their positions. The choice is the database's: it counts "
        "when the tables are created.",
        dtype=str,
        default="baseline",
        allowed={
            "baseline": "An index of DiaObject by pixels, and its key by numbers.",
            "pix_id_iov": "DiaObject's key begins with pixels.",
            "last_object_table": "A table of the newest versions, DiaObjectLast.",
        },
    )
    dia_object_columns = ListField[str](
        doc="Columns that are read of DIAObjects; by default all.", dtype=str, default=[]
    )
    read_sources_months = RangeField(
        doc="How far back DIASources are read, in months of 30 days.",
        dtype=int,
        default=12,
        min=0,
    )
    read_forced_sources_months = RangeField(
        doc="How far back forced sources are read, in months of 30 days.",
        dtype=int,
        default=12,
        min=0,
    )
    htm_level = RangeField(
        doc="Depth of the mesh of pixels; it counts when the tables are created.",
        dtype=int,
        default=20,
        min=1,
        max=_DEEPEST,
        inclusiveMax=True,
    )
    htm_max_ranges = RangeField(
        doc="Into how many ranges of pixels a region is parted at most.",
        dtype=int,
        default=64,
        min=1,
    )
    htm_index_column = Field[str](
        doc="Name of the column of pixels; it counts when the tables are created.",
        dtype=str,
        default="pixelId",
    )
    prefix = Field[str](doc="What names of tables begin with.", dtype=str, default="")
    namespace = Field[str](
        doc="The schema that tables are in, of PostgreSQL.", dtype=str, optional=True
    )
    backend = ChoiceField[str](
        doc="Which programs read and write.",
        dtype=str,
        default="own",
        allowed={
            "own": "Those of this package.",
            "dax_apdb": "LSST's, where lsst-dax-apdb is installed.",
        },
    )
