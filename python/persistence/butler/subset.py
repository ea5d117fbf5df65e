"""Subsets: the data IDs that match a partial one, and references to single datasets."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from persistence import notebook
from persistence.butler.answers import Columns, table_of
from persistence.dataids.dataid import DataId, text
from persistence.errors import NoResults
from persistence.notebook import Html

if TYPE_CHECKING:  # lazy: too slow for the completion of command lines
    from astropy.table import Table
    from pandas import DataFrame

    from persistence.butler.chain import Chain
    from persistence.butler.query import Matching
    from persistence.dataids.request import Request


class Asked(Protocol):
    """The methods of a Butler that subsets and references use."""

    @property
    def chain(self) -> Chain:
        """The repositories in use."""

    def request(self, datasetType: str, dataId: Mapping[str, Any] = {}) -> Request: ...

    def matching(self, datasetType: str, level: str, data_id: DataId) -> Matching: ...

    def default_sub_level(self, level: str) -> str | None: ...

    def getKeys(
        self, datasetType: str | None = None, level: str | None = None, tag: Any = None
    ) -> dict[str, type] | None: ...

    def get(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] | None = None,
        immediate: bool = True,
        **rest: Any,
    ) -> Any: ...

    def put(
        self,
        obj: Any,
        datasetType: str,
        dataId: Mapping[str, Any] | None = None,
        doBackup: bool = False,
        **rest: Any,
    ) -> None: ...

    def getUri(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] | None = None,
        write: bool = False,
        **rest: Any,
    ) -> str: ...

    def datasetExists(
        self, datasetType: str, dataId: Mapping[str, Any] = {}, write: bool = False, **rest: Any
    ) -> bool: ...

    def subset(
        self,
        datasetType: str,
        level: str | None = None,
        dataId: Mapping[str, Any] = {},
        **rest: Any,
    ) -> ButlerSubset: ...


class ButlerSubset:
    """The datasets of a type that a partial data ID matches; see `Butler.subset`.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    datasetType : `str`
        The dataset type.
    level : `str`
        The level at which datasets are distinguished; ``""`` is the camera's default.
    dataId : `DataId`
        The partial data ID.

    Raises
    ------
    DataIdError
        If the level or the data ID is invalid.

    Notes
    -----
    The data IDs come from the registry: a data ID does not imply that the file exists. The same
    class as Gen2's ``lsst.daf.persistence.ButlerSubset`` (doc/gen2/gen2-core.md).

    Examples
    --------
    >>> import tempfile
    >>> from persistence import Butler
    >>> folder = tempfile.TemporaryDirectory()
    >>> butler = Butler(folder.name, mapper="lsst.obs.decam.DecamMapper")
    >>> butler.defineDataset("note", template="note-%(visit)d.yaml", storage="YamlStorage")
    >>> for visit in 1, 2:
    ...     butler.put(visit**2, "note", visit=visit)
    >>> [(ref.dataId["visit"], ref.get()) for ref in butler.subset("note")]
    [(1, 1), (2, 4)]
    >>> folder.cleanup()
    """

    GENERATION = 2

    def __init__(self, butler: Asked, datasetType: str, level: str, dataId: DataId) -> None:
        self.butler = butler
        self.datasetType = datasetType
        self.level = level
        self.dataId = dataId
        # Queried now, so that invalid arguments are refused here.
        self.__dict__["_matching"] = butler.matching(datasetType, level, dataId)

    @classmethod
    def of(cls, butler: Asked, datasetType: str, matching: Matching) -> ButlerSubset:
        """Return a subset of data IDs that are already known.

        Parameters
        ----------
        butler : `Butler`
            The Butler.
        datasetType : `str`
            The dataset type.
        matching : `Matching`
            The data IDs.

        Returns
        -------
        subset : `ButlerSubset`
            The subset.
        """
        subset = cls.__new__(cls)
        subset.butler, subset.datasetType, subset.level = butler, datasetType, ""
        subset.dataId = matching.data_id
        subset.__dict__["_matching"] = matching
        return subset

    @functools.cached_property
    def _matching(self) -> Matching:
        return self.butler.matching(self.datasetType, self.level, self.dataId)

    def __getstate__(self) -> dict[str, Any]:
        # A reference is pickled with its subset, but other processes never use the rest of it.
        return {name: value for name, value in self.__dict__.items() if name != "_matching"}

    @property
    def cache(self) -> list[DataId]:
        """The data IDs, as a list."""
        return [reference.dataId for reference in self]

    def __len__(self) -> int:
        return len(self._matching.rows)

    def __iter__(self) -> Iterator[ButlerDataRef]:
        return (ButlerDataRef(self, data_id) for data_id in self._matching.data_ids())

    def to_table(self) -> Table:
        """Return the data IDs as an astropy table; a key that has no value is masked."""
        return Columns(*self._rows(), self._kinds()).to_table()

    def to_pandas(self) -> DataFrame:
        """Return the data IDs as a DataFrame of pandas, which has to be installed."""
        return Columns(*self._rows(), self._kinds()).to_pandas()

    def _kinds(self) -> Mapping[str, type]:
        return self.butler.getKeys(self.datasetType) or {}

    def _rows(self) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return the keys of the data IDs, and their values."""
        keys = list(dict.fromkeys((*self.dataId, *self._matching.keys)))
        ids = self._matching.data_ids()
        return keys, [tuple(data_id.get(key) for key in keys) for data_id in ids]

    @notebook.shows
    def _repr_html_(self) -> Html:
        keys, rows = self._rows()
        given = f", {text(self.dataId)}" if self.dataId else ""
        first = f"of {self.datasetType}{given}: {len(rows)} data IDs"
        return notebook.join([notebook.title("ButlerSubset", first), table_of(keys, rows)])

    def __repr__(self) -> str:
        return f"ButlerSubset({self.datasetType!r}, {dict(self.dataId)}): {len(self)} data IDs"


class ButlerDataRef:
    """A reference to a dataset: a data ID with a Butler that can read and write it.

    Parameters
    ----------
    butlerSubset : `ButlerSubset`
        The subset that it belongs to.
    dataId : `DataId`
        The data ID.

    Notes
    -----
    The same class as Gen2's ``lsst.daf.persistence.ButlerDataRef`` (doc/gen2/gen2-core.md).

    Examples
    --------
    >>> from persistence import Butler
    >>> ref = Butler("repo").dataRef("raw", visit=123456, ccdnum=42)  # doctest: +SKIP
    >>> ref.get("calexp")  # doctest: +SKIP
    """

    GENERATION = 2

    def __init__(self, butlerSubset: ButlerSubset, dataId: DataId) -> None:
        self.butlerSubset = butlerSubset
        self.dataId = dataId

    def __repr__(self) -> str:
        return f"ButlerDataRef({self.butlerSubset.datasetType!r}, {dict(self.dataId)})"

    @notebook.shows
    def _repr_html_(self) -> Html:
        try:
            path = self.getUri()
        except NoResults:  # most often, of what is not written yet
            path = "is not there"
        first = notebook.title("ButlerDataRef", f"of {self.butlerSubset.datasetType}")
        return notebook.join([first, notebook.pairs({**self.dataId, "file": path})])

    def get(self, datasetType: str | None = None, **rest: Any) -> Any:
        """Read a dataset; see `Butler.get`.

        Parameters
        ----------
        datasetType : `str`, optional
            The dataset type. Default: that of the subset.
        **rest
            Further keys of the data ID, and options of `Butler.get`.

        Returns
        -------
        dataset : object
            The dataset.
        """
        return self.getButler().get(
            datasetType or self.butlerSubset.datasetType, self.dataId, **rest
        )

    def put(
        self, obj: Any, datasetType: str | None = None, doBackup: bool = False, **rest: Any
    ) -> None:
        """Write a dataset; see `Butler.put`.

        Parameters
        ----------
        obj : object
            The dataset.
        datasetType : `str`, optional
            The dataset type. Default: that of the subset.
        doBackup : `bool`
            Keep the present file as a backup.
        **rest
            Further keys of the data ID.
        """
        self.getButler().put(
            obj, datasetType or self.butlerSubset.datasetType, self.dataId, doBackup, **rest
        )

    def getUri(self, datasetType: str | None = None, write: bool = False, **rest: Any) -> str:
        """Return the path of a dataset's file; see `Butler.getUri`.

        Parameters
        ----------
        datasetType : `str`, optional
            The dataset type. Default: that of the subset.
        write : `bool`
            Return the path that `put` would write to.
        **rest
            Further keys of the data ID.

        Returns
        -------
        uri : `str`
            The path.
        """
        return self.getButler().getUri(
            datasetType or self.butlerSubset.datasetType, self.dataId, write=write, **rest
        )

    def datasetExists(
        self, datasetType: str | None = None, write: bool = False, **rest: Any
    ) -> bool:
        """Check whether a dataset exists; see `Butler.datasetExists`.

        Parameters
        ----------
        datasetType : `str`, optional
            The dataset type. Default: that of the subset.
        write : `bool`
            Check the outputs instead.
        **rest
            Further keys of the data ID.

        Returns
        -------
        exists : `bool`
            Whether it exists.
        """
        return self.getButler().datasetExists(
            datasetType or self.butlerSubset.datasetType, self.dataId, write=write, **rest
        )

    def subLevels(self) -> set[str]:
        """Return the keys that the subset's level leaves out.

        Returns
        -------
        keys : `set` of `str`
            The keys.
        """
        subset = self.butlerSubset
        every = self.getButler().getKeys(subset.datasetType) or {}
        return set(every) - set(self.getButler().getKeys(subset.datasetType, subset.level) or {})

    def subItems(self, level: str | None = None) -> Any:
        """Return the subset of datasets of which this one consists, one level below.

        Parameters
        ----------
        level : `str`, optional
            The level. Default: the camera's level below that of the subset.

        Returns
        -------
        subset : `ButlerSubset` or `tuple`
            The subset; ``()`` if there is no level below.
        """
        if level is None:
            level = self.getButler().default_sub_level(self.butlerSubset.level)
            if level is None:
                return ()
        return self.getButler().subset(self.butlerSubset.datasetType, level, self.dataId)

    def telling(self) -> dict[str, Any]:
        """Return the part of the data ID that identifies it, such as visit and detector."""
        chain = self.getButler().chain
        return (*chain.inputs, *chain.outputs)[0].mapper.telling(self.dataId)

    def getButler(self) -> Asked:
        """Return the `Butler`."""
        return self.butlerSubset.butler
