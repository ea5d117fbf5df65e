"""Figures of single datasets, and of the calibrations that a repository has."""

from __future__ import annotations

from datetime import date
from typing import Any

from persistence.butler.butler import Butler
from persistence.calibs import grouping, series, spans, validity
from persistence.calibs import timeline as timelines
from persistence.errors import DataIdError, NoResults
from persistence.types.exposure.exposure import Exposure


def exposure(shown: Exposure, **options: Any) -> Any:
    """Return a figure of an exposure; see `persistence.Exposure.plot` for the options."""
    return shown.plot(**options)


def timeline(
    butler: Butler,
    datasetType: str | None = None,
    first: str | date | None = None,
    last: str | date | None = None,
) -> Any:
    """Return a figure of when calibrations are valid.

    Detectors that are alike share a line: ``bias  ccdnum 1-60,62``.

    Parameters
    ----------
    butler : `persistence.Butler`
        The Butler; its first repository with a calibration registry is asked.
    datasetType : `str`, optional
        A calibration, such as ``flat``; by default all that the registry has.
    first, last : `str` or `~datetime.date`, optional
        The days that are shown, ``2015-02-18``; by default from the first end of a window to the
        last one. Open ends do not count.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Bars that follow each other have two colours in turn; a legend explains the rest.

    Raises
    ------
    DataIdError
        If the dataset type is no calibration that a registry lists, or a day is no date.
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
        groups = grouping.of_series(one for each in every for one in series.of(each, registry))
        days = (None if day is None else validity.day_of(day) for day in (first, last))
        return timelines.draw(groups, spans.span(groups, *days))
    roots = ", ".join(repository.calibrations.root for repository in butler.chain.inputs)
    raise NoResults("No calibRegistry.sqlite3 in", roots, {}, ["calibRoot= says where it is"])
