"""Figures of single datasets, and of the calibrations that a repository has."""

from __future__ import annotations

from typing import Any

from persistence.butler.butler import Butler
from persistence.calibs import series
from persistence.calibs import timeline as timelines
from persistence.errors import DataIdError, NoResults
from persistence.types.exposure.exposure import Exposure


def exposure(shown: Exposure, **options: Any) -> Any:
    """Return a figure of an exposure; see `persistence.Exposure.plot` for the options."""
    return shown.plot(**options)


def timeline(butler: Butler, datasetType: str | None = None) -> Any:
    """Return a figure of when calibrations are valid: a line for each detector and filter.

    Parameters
    ----------
    butler : `persistence.Butler`
        The Butler; its first repository with a calibration registry is asked.
    datasetType : `str`, optional
        A calibration, such as ``flat``; by default all that the registry has.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Bars that follow each other have two colours in turn; a tick is the date of a calibration.

    Raises
    ------
    DataIdError
        If the dataset type is no calibration that a registry lists.
    NoResults
        If no repository has a calibration registry.
    """
    for repository in butler.chain.inputs:
        registry = repository.calibrations.registry
        if registry is None:
            continue
        every = list(series.types(repository.mapper, registry))
        if datasetType is not None:
            dataset = repository.mapper.dataset(butler.request(datasetType))
            if dataset.section != "calibrations" or not dataset.tables:
                known = ", ".join(sorted(one.name for one in every))
                raise DataIdError(
                    f"{datasetType} is no calibration that a registry lists; those are {known}"
                )
            every = [dataset]
        return timelines.draw([one for each in every for one in series.of(each, registry)])
    roots = ", ".join(repository.calibrations.root for repository in butler.chain.inputs)
    raise NoResults("No calibRegistry.sqlite3 in", roots, {}, ["calibRoot= says where it is"])
