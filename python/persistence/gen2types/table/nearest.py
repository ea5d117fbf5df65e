"""Find afw's catalog class for a table, by its fields."""

from __future__ import annotations

from typing import Any

from persistence.gen2types.face import Face
from persistence.gen2types.table.amplifiers import AmpInfoCatalog
from persistence.gen2types.table.basecatalog import BaseCatalog
from persistence.gen2types.table.catalogs import SimpleCatalog, SourceCatalog
from persistence.gen2types.table.exposures import ExposureCatalog
from persistence.gen2types.table.peaks import PeakCatalog

# Those with more fields come first.
_CATALOGS: tuple[type[BaseCatalog], ...] = (
    *(SourceCatalog, SimpleCatalog),
    *(ExposureCatalog, PeakCatalog, AmpInfoCatalog),
)


class NearestCatalog(Face[Any]):
    """The face of any table."""

    @classmethod
    def of(cls, ours: Any) -> Any:
        """Return the face of a table: a catalog of the class with the same fields."""
        names = set(ours.colnames)
        for kind in _CATALOGS:
            if kind.Table.makeMinimalSchema().getNames() <= names:
                return kind.of(ours)
        return BaseCatalog.of(ours)
