"""The dataset types whose files ingest registers: their rows go and come with the files."""

from __future__ import annotations

from collections.abc import Iterator

from persistence.butler.repository import Repository
from persistence.policy.dataset_type import DatasetType

RAW = "raw"


def delivered(repository: Repository) -> Iterator[DatasetType]:
    """Yield the types whose files ingest delivers: raws, and parts that are never written."""
    types = repository.mapper.types
    names = dict.fromkeys([RAW])
    for dataset in types.values():
        if dataset.section == "exposures":
            parts = dataset.composite.values()
            names |= dict.fromkeys(part.datasetType for part in parts if part.inputOnly)
    for name in names:
        is_exposure = name in types and types[name].section == "exposures"
        if is_exposure and types[name].template is not None and types[name].tables:
            yield types[name]


def is_registered(repository: Repository, dataset: DatasetType) -> bool:
    """Return whether ingest registers the files of a type."""
    is_raw = any(each.name == dataset.name for each in delivered(repository))
    return is_raw or (dataset.section == "calibrations" and bool(dataset.tables))
