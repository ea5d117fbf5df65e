"""The Butler: datasets by name and data ID."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from persistence import composite
from persistence.chain import Chain
from persistence.dataid import DataId
from persistence.dataref import ButlerDataRef, ButlerSubset
from persistence.datasettype import Component, DatasetType
from persistence.errors import MissingKey, NoResults
from persistence.location import Location
from persistence.names import Request
from persistence.repository import Repository

# Keys that tell how to read rather than what.
_READ_OPTIONS = ("bbox", "imageOrigin")


class Butler:
    """Reads and writes datasets of a repository.

    Parameters
    ----------
    root : path, optional
        The repository; the current directory by default.
    mapper : `type`, `str` or `CameraMapper`, optional
        The camera: a mapper, its class, or its name; by default what the repository says.
    trust : iterable of `str`
        Dotted names of classes that may be made from the repository's pickles.
    **mapperArgs
        For the mapper.

    Raises
    ------
    RepositoryError
        If the root is no repository.

    Notes
    -----
    Opening a repository, and reading from it, changes nothing in it. Data IDs may be given as a mapping, as
    keywords, or both: ``get('calexp', {'visit': 123456}, ccdnum=42)``.
    """

    GENERATION = 2

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        mapper: Any = None,
        trust: Iterable[str] = (),
        **mapperArgs: Any,
    ) -> None:
        self._arguments = (root, mapper, tuple(trust), mapperArgs)
        repository = Repository(os.fspath(root or "."), mapper, trust=tuple(trust), **mapperArgs)
        self._chain = Chain([repository], [repository])
        self._mapper = repository.mapper

    def __repr__(self) -> str:
        return f"Butler({', '.join(repr(repository) for repository in self._chain.inputs)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, self._arguments

    # -- what there is -------------------------------------------------------------------------------

    def getKeys(self, datasetType: str | None = None, level: str | None = None) -> dict[str, type] | None:
        """Give the keys of a dataset type's data ID, with their types.

        Parameters
        ----------
        datasetType : `str`, optional
            By default, every key that the camera knows.
        level : `str`, optional
            Leave out the keys that do not count at this level; ``""`` is the camera's default level.
        """
        return self._mapper.getKeys(datasetType, level)

    def getDatasetTypes(self) -> set[str]:
        """Give the names that `get` takes, with the views (``calexp_md``)."""
        return {name for repository in self._chain.inputs for name in repository.mapper.getDatasetTypes()}

    def default_sub_level(self, level: str) -> str | None:
        """Give the camera's level below another."""
        return self._mapper.getDefaultSubLevel(level)

    def queryMetadata(self, datasetType: str, format: Any, dataId: Mapping[str, Any] = {}, **rest: Any) -> list[Any]:
        """Ask the registry for values.

        Parameters
        ----------
        datasetType : `str`
            Whose registry tables are asked.
        format : `str` or iterable of `str`
            The keys that are wanted; of a mapping, its keys, sorted.
        dataId : mapping, optional
            What the rows have to match, as are the other keywords.

        Returns
        -------
        values : `list`
            The distinct values of one key; tuples, if several are asked for. Empty if nothing matches.

        Raises
        ------
        UnknownKey
            If the registry has no such key.
        """
        if isinstance(format, str):
            return [row[0] for row in self.query_rows(datasetType, (format,), DataId(dataId, **rest))]
        keys = sorted(format) if isinstance(format, Mapping) else list(format)
        rows = self.query_rows(datasetType, keys, DataId(dataId, **rest))
        return [row[0] for row in rows] if len(keys) == 1 else rows

    def query_rows(self, datasetType: str, keys: Sequence[str], data_id: DataId) -> list[Any]:
        """Ask the registry for tuples of values."""
        return self._chain.lookup(self._mapper.request(datasetType), keys, data_id)

    def subset(
        self, datasetType: str, level: str | None = None, dataId: Mapping[str, Any] = {}, **rest: Any
    ) -> ButlerSubset:
        """Give the datasets that a partial data ID stands for."""
        return ButlerSubset(self, datasetType, level or "", DataId(dataId, **rest))

    def dataRef(
        self, datasetType: str, level: str | None = None, dataId: Mapping[str, Any] = {}, **rest: Any
    ) -> ButlerDataRef:
        """Give the one dataset that a data ID stands for.

        Raises
        ------
        NoResults
            If it stands for none, or for several.
        """
        subset = self.subset(datasetType, level, dataId, **rest)
        if len(subset) != 1:
            data_id = DataId(dataId, **rest)
            shown = [str(dict(reference.dataId)) for _, reference in zip(range(3), subset, strict=False)]
            reasons = [f"{len(subset)} data IDs match", *shown]
            raise NoResults("No unique dataset for:", datasetType, data_id, reasons)
        return next(iter(subset))

    # -- where it is ---------------------------------------------------------------------------------

    def datasetExists(
        self, datasetType: str, dataId: Mapping[str, Any] = {}, write: bool = False, **rest: Any
    ) -> bool:
        """Say whether a dataset is there; with ``write``, in the repositories that are written to."""
        request = self._mapper.request(datasetType)
        data_id = DataId(dataId, **rest)
        if write:
            chains = [Chain([repository], []) for repository in self._chain.outputs]
            return all(chain.find(request, data_id) is not None for chain in chains)
        if self._is_pure_composite(request):
            parts = self._mapper.dataset(request).composite.values()
            return all(self.datasetExists(part.datasetType, data_id) for part in parts)
        return self._chain.find(request, data_id) is not None

    def getUri(
        self, datasetType: str, dataId: Mapping[str, Any] | None = None, write: bool = False, **rest: Any
    ) -> str:
        """Give the path of a dataset; with ``write``, the one that `put` would write."""
        request, data_id = self._mapper.request(datasetType), DataId(dataId, **rest)
        if write:
            return self._chain.outputs[0].expect(request, data_id, write=True).uri
        return self._find(request, data_id, "getUri")[1].uri

    # -- get and put ---------------------------------------------------------------------------------

    def get(
        self, datasetType: str, dataId: Mapping[str, Any] | None = None, immediate: bool = True, **rest: Any
    ) -> Any:
        """Read a dataset, or a view of one.

        Parameters
        ----------
        datasetType : `str`
            A dataset type, such as ``calexp``, or a view, such as ``calexp_md``; `getDatasetTypes` lists
            them.
        dataId : mapping, optional
            The data ID; keys that are missing come from the registry.
        immediate : `bool`
            False gives a `ReadProxy`, which reads when it is first used.
        **rest
            More keys; for ``_sub``, ``bbox`` and perhaps ``imageOrigin``.

        Raises
        ------
        NoResults
            If no such dataset is there; the message says where it was looked for.
        UnknownDatasetType
            If there is no such dataset type.
        FormatterError
            If the file is damaged.
        """
        request, data_id = self._mapper.request(datasetType), DataId(dataId, **rest)
        options = {}
        if request.view == "sub":
            options = {key: data_id.pop(key) for key in _READ_OPTIONS if key in data_id}
            if "bbox" not in options:
                raise MissingKey(f"{datasetType} needs bbox=Box(x0, y0, width, height)")
        if immediate:
            return self._get(request, data_id, options)
        if not self.datasetExists(datasetType, data_id) and self._bypassed(request, data_id) is None:
            raise self._chain.refuse("get", request, data_id)
        from persistence.proxy import ReadProxy  # only the patient need it

        return ReadProxy(lambda: self._get(request, data_id, options))

    def put(self, obj: Any, datasetType: str, dataId: Mapping[str, Any] | None = None, **rest: Any) -> None:
        """Write a dataset: the file is there whole, or as it was before.

        Parameters
        ----------
        obj : object
            What is written; the policy's storage has to be able to hold it.
        datasetType : `str`
            A dataset type.
        dataId : mapping, optional
            The data ID, as are the other keywords.

        Raises
        ------
        RepositoryError
            If the repository cannot be written to.
        FormatterError
            If the storage cannot hold the object.
        """
        request, data_id = self._mapper.request(datasetType), DataId(dataId, **rest)
        dataset = self._mapper.dataset(request)
        if dataset.composite:
            for part in composite.disassemble(dataset, obj, data_id).values():
                self.put(part.obj, part.datasetType, data_id)
            return
        for repository in self._chain.outputs:
            repository.write(request, obj, data_id)

    # -- parts ---------------------------------------------------------------------------------------

    def _get(self, request: Request, data_id: DataId, options: Mapping[str, Any]) -> Any:
        made = self._bypassed(request, data_id)
        if made is not None:
            return self._mapper.standardise(request, made[0], data_id)
        if request.view == "filename":
            return [self._chain.inputs[0].expect(request, data_id).uri]
        if request.view in (None, "sub") and self._mapper.dataset(request).composite:
            made, full_id = self._assemble(request, data_id, options)
        else:
            made, full_id = self._read(request, data_id, options)
        return self._mapper.standardise(request, made, full_id)

    def _bypassed(self, request: Request, data_id: DataId) -> tuple[Any] | None:
        made = (repository.bypass(request, data_id) for repository in self._chain.inputs)
        return next((one for one in made if one is not None), None)

    def _is_pure_composite(self, request: Request) -> bool:
        dataset: DatasetType = self._mapper.dataset(request)
        return bool(dataset.composite) and dataset.template is None

    def _find(
        self, request: Request, data_id: DataId, verb: str, options: Mapping[str, Any] = {}
    ) -> tuple[Repository, Location]:
        found = self._chain.find(request, data_id, options)
        if found is None:
            raise self._chain.refuse(verb, request, data_id)
        return found

    def _read(self, request: Request, data_id: DataId, options: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
        """Read a file as it is; gives what is in it, and the complete data ID."""
        repository, location = self._find(request, data_id, "get", options)
        return repository.read(request, location), location.dataId

    def _assemble(
        self, request: Request, data_id: DataId, options: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        """Read the components, and put them together. A component of the type itself is its own file."""
        dataset: DatasetType = self._mapper.dataset(request)
        full_id = data_id
        if dataset.template is not None:
            full_id = DataId(self._find(request, data_id, "get")[1].dataId, tag=data_id.tag)

        def fetch(part: Component) -> Any:
            if part.datasetType == dataset.name:
                return self._read(request, full_id, options)[0]
            if part.subset:
                return [reference.get() for reference in self.subset(part.datasetType, dataId=full_id)]
            return self._get(Request(part.datasetType, request.view), full_id, options)

        return composite.assemble(dataset, fetch, full_id), full_id


def _rebuild(root: Any, mapper: Any, trust: tuple[str, ...], arguments: dict[str, Any]) -> Butler:
    return Butler(root, mapper, trust, **arguments)
