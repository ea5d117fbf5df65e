"""Gen2's functions that check which data references have data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from persistence.butler.subset import ButlerDataRef, ButlerSubset

if TYPE_CHECKING:
    from persistence.butler.butler import Butler


class ButlerSubsetIterator:
    """Gen2's iterator over the data references of a subset.

    Parameters
    ----------
    butlerSubset : `ButlerSubset`
        The subset.

    Examples
    --------
    >>> from persistence import Butler, ButlerSubsetIterator
    >>> for ref in ButlerSubsetIterator(Butler("repo").subset("raw")):  # doctest: +SKIP
    ...     print(ref.dataId)
    """

    def __init__(self, butlerSubset: ButlerSubset) -> None:
        self.butlerSubset = butlerSubset
        self._references = iter(butlerSubset)

    def __iter__(self) -> Iterator[ButlerDataRef]:
        return self

    def __next__(self) -> ButlerDataRef:
        return next(self._references)


def searchDataRefs(
    butler: Butler, datasetType: str, level: str = "", dataId: Mapping[str, Any] | None = None
) -> list[ButlerDataRef]:
    """Return the references of a subset that have data.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    datasetType : `str`
        The dataset type.
    level : `str`
        The level; see `Butler.subset`.
    dataId : mapping, optional
        The partial data ID.

    Returns
    -------
    refs : `list` [`ButlerDataRef`]
        The references for which `dataExists`.
    """
    return [ref for ref in butler.subset(datasetType, level, dataId or {}) if dataExists(ref)]


def dataExists(dataRef: ButlerDataRef) -> bool:
    """Check whether a reference has data: itself, or one of its items one level below.

    Parameters
    ----------
    dataRef : `ButlerDataRef`
        The reference.

    Returns
    -------
    exists : `bool`
        Whether it has.
    """
    items = dataRef.subItems()
    return any(dataExists(item) for item in items) if len(items) else dataRef.datasetExists()
