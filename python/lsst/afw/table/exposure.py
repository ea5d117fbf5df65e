"""Gen2's name of `persistence.gen2types.table.exposures`."""

from persistence.gen2types.table.exposures import ExposureCatalog, ExposureRecord, ExposureTable

__all__ = ["ExposureCatalog", "ExposureRecord", "ExposureTable"]
