"""The configuration of the association and storage of DIASources."""

from __future__ import annotations

from typing import Any

from lsst.pex.config import Config, ConfigField, ConfigurableField, ListField

from persistence.apdb.config import ApdbConfig
from persistence.tasks.associate import AssociationTask


class DiaPipelineConfig(Config):
    """Where DIASources are stored, and how they find their objects."""

    apdb: Any = ConfigField(dtype=ApdbConfig, doc="The alert production database.")
    associator: Any = ConfigurableField(
        target=AssociationTask, doc="Finds the objects that sources are of."
    )
    badSourceFlags = ListField[str](
        doc="Flags of a diaSrc: DIASources that have one of them are not stored. "
        "ip_diffim_PsfFit_flag does not count for dipoles and trails, which need not look like "
        "points. With an empty list all are stored, as Gen2 did.",
        dtype=str,
        default=[
            "ip_diffim_PsfFit_flag",
            "ip_diffim_Fault_flag",
            "base_PixelFlags_flag_crCenter",
        ],
    )

    def validate(self) -> None:
        """Raise ValueError if the database has no address."""
        super().validate()
        if not self.apdb.db_url:
            raise ValueError(
                "apdb.db_url is not set: without an address DIASources cannot be stored; one in a "
                "file is sqlite:///apdb/association.db"
            )
