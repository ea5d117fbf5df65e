"""Gen2's functions on data references: which of them have data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from persistence.butler.subset import ButlerDataRef, ButlerSubset

if TYPE_CHECKING:
    from persistence.butler.butler import Butler


class ButlerSubsetIterator:
    """What Gen2 gave as ``iter(subset)``: an iterator over its data references.

    Parameters
    ----------
    butlerSubset : `ButlerSubset`
        The subset.
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
    """Give the references of a subset that have data; see `dataExists`."""
    return [one for one in butler.subset(datasetType, level, dataId or {}) if dataExists(one)]


def dataExists(dataRef: ButlerDataRef) -> bool:
    """Say whether a reference has data.

    It, or if it is made of others one level below, one of them.
    """
    items = dataRef.subItems()
    return any(dataExists(one) for one in items) if len(items) else dataRef.datasetExists()
