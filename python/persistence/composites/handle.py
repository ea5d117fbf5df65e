"""Datasets that are read later, and only in part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Handle:
    """A dataset that has been found by name and data ID, and is read when somebody asks for it.

    Parameters
    ----------
    datasetType : `str`
        The dataset type.
    dataId : mapping
        The data ID.
    read : callable
        Given a view (``schema``) or None, and options for the reader, reads the dataset.
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
        view : `str`, optional
            Read this view of it instead, such as ``schema`` or ``len``.
        **options
            What the reader is told: ``columns`` of a catalog, ``bbox`` of an image.
        """
        return self._read(view, options)
