"""Gen2's name of `persistence.gen2types.table.wcsutils`."""

from persistence.gen2types.table.wcsutils import updateRefCentroids, updateSourceCoords

__all__ = ["updateRefCentroids", "updateSourceCoords"]
