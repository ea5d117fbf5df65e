"""Datasets that are read on demand, and only in part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Handle:
    """A dataset that was found, but is only read on demand.

    Parameters
    ----------
    datasetType : `str`
        The dataset type.
    dataId : mapping
        The data ID.
    read : callable
        A function that reads the dataset, given a view (``schema``) or None, and options for the
        reader.
    """

    def __init__(
        self,
        datasetType: str,
        dataId: Mapping[str, Any],
        read: Callable[[str | None, Mapping[str, Any]], Any],
    ) -> None:
        self.datasetType = datasetType
        self.dataId = dataId
        self._read = read

    def __repr__(self) -> str:
        return f"Handle({self.datasetType!r}, {dict(self.dataId)})"

    def get(self, view: str | None = None, **options: Any) -> Any:
        """Read the dataset.

        Parameters
        ----------
        view : `str` or `None`, optional
            A view to read instead, such as ``schema`` or ``len``.
        **options : object
            Options of the reader: ``columns`` of a catalog, ``bbox`` of an image.

        Returns
        -------
        object
            The dataset or the view.
        """
        return self._read(view, options)
