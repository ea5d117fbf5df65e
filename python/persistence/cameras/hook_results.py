"""What Gen2's mappers give.

Locations and composites as objects of their own (gen2-core 2.7, 1.14).
"""

from __future__ import annotations

import functools
import importlib
import os
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import DataIdError
from persistence.policy.dataset_type import Component, DatasetType

_HDU = re.compile(r"(.+)\[(\d+)\]")


class RepositoryStorage:
    """A repository's directory, as Gen2's ``PosixStorage``, which is imported when it is needed.

    Parameters
    ----------
    root : `str`
        The directory.
    """

    def __init__(self, root: str) -> None:
        self.root = root

    @functools.cached_property
    def _storage(self) -> Any:
        # by name: Gen2's storages are further up
        module = importlib.import_module("persistence.compat.posixstorage")
        return module.PosixStorage(self.root, create=False)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by Python, such as for pickles
            raise AttributeError(name)
        return getattr(self._storage, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return RepositoryStorage, (self.root,)


class ButlerLocation:
    """Where a dataset lies, as the ``map_`` hooks of Gen2's mappers say it.

    Parameters
    ----------
    pythonType : `type` or `str`
        The type of the object, or its dotted name.
    cppType : `str`
        Gen2's name of it in C++; kept, without effect.
    storageName : `str`
        How it is stored, such as ``PickleStorage``.
    locationList : `str` or iterable of `str`
        The file, relative to the storage's root or absolute, perhaps with an HDU in brackets; of
        several, the first that is there counts.
    dataId : mapping
        The data ID.
    mapper : `Mapper`
        Who says so.
    storage : optional
        What has the root in its attribute ``root``; by default the repository.
    usedDataId, datasetType, additionalData : optional
        The keys that the path needs; the dataset type; what the reader or writer is told.
    """

    def __init__(
        self,
        pythonType: Any,
        cppType: Any,
        storageName: str,
        locationList: str | Iterable[str],
        dataId: Mapping[str, Any],
        mapper: Any,
        storage: Any = None,
        usedDataId: Mapping[str, Any] | None = None,
        datasetType: str | None = None,
        additionalData: Mapping[str, Any] | None = None,
    ) -> None:
        self.pythonType = pythonType
        self.cppType = cppType
        self.storageName = storageName
        self.locationList = [locationList] if isinstance(locationList, str) else list(locationList)
        self.dataId = dataId
        self.mapper = mapper
        self.storage = storage
        self.usedDataId = usedDataId
        self.datasetType = datasetType
        self.additionalData = {**(additionalData or {}), **dataId}
        self.repository: Any = None
        if not self.locationList:
            raise DataIdError(
                f"a location of {datasetType or 'a dataset'} {dict(dataId)} needs a path"
            )

    def __str__(self) -> str:
        return f"{self.pythonType} at {self.storageName}({', '.join(self.locationList)})"

    def getPythonType(self) -> Any:
        return self.pythonType

    def getCppType(self) -> Any:
        return self.cppType

    def getStorageName(self) -> str:
        return self.storageName

    def getLocations(self) -> list[str]:
        return self.locationList

    def getLocationsWithRoot(self) -> list[str]:
        return [os.path.join(self.getStorage().root, path) for path in self.locationList]

    def getAdditionalData(self) -> Mapping[str, Any]:
        return self.additionalData

    def getStorage(self) -> Any:
        return self.storage

    def getRepository(self) -> Any:
        return self.repository

    def setRepository(self, repository: Any) -> None:
        self.repository = repository

    def at(self, root: str, name: str) -> ButlerLocation:
        """Set the storage and the dataset type, if the hook did not; return the location."""
        if self.storage is None:
            self.storage = RepositoryStorage(root)
        self.datasetType = self.datasetType or name
        return self

    def located(self, root: str, name: str) -> Location:
        """Return the location as the repository uses it."""
        root = os.path.abspath(getattr(self.storage, "root", None) or root)
        parts = [_HDU.fullmatch(path) or (path, path, None) for path in self.locationList]
        paths = [_inside(root, os.fspath(part[1])) for part in parts]
        there = (place for place, path in enumerate(paths) if os.path.exists(os.path.join(*path)))
        place = next(there, 0)
        hdu = parts[place][2]
        return Location(
            *paths[place],
            None if hdu is None else int(hdu),
            self.storageName,
            dotted(self.pythonType),
            name,
            self.dataId,
        )

    @classmethod
    def of(cls, location: Location, mapper: Any) -> ButlerLocation:
        """Return a location of ours as Gen2's hooks are given it."""
        path = location.path if location.hdu is None else f"{location.path}[{location.hdu}]"
        told = {
            name: value
            for name, value in location.options.items()
            if name not in ("mapper", "trust")  # for our own readers
        }
        return cls(
            location.python,
            None,
            location.storage,
            path,
            location.dataId,
            mapper,
            RepositoryStorage(location.root),
            datasetType=location.datasetType,
            additionalData=told,
        )


def _inside(root: str, path: str) -> tuple[str, str]:
    """Return the root of a path, and the path relative to it; `/` if it is not in the repository.

    Gen2's hooks gave absolute paths as well as relative ones.
    """
    if not os.path.isabs(path):
        return root, path
    path = os.path.normpath(path)
    for above in dict.fromkeys((root, os.path.realpath(root))):
        if path.startswith(above.rstrip("/") + "/"):
            return root, os.path.relpath(path, above)
    folder = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    if folder.startswith(os.path.realpath(root).rstrip("/") + "/"):
        return root, os.path.relpath(folder, os.path.realpath(root))
    return "/", path.lstrip("/")


class ButlerComposite:
    """An object assembled from datasets of its own, as ``map_`` hooks of Gen2's mappers say.

    Parameters
    ----------
    assembler, disassembler : callable or `str`
        What puts it together and takes it apart, or its dotted name; None: by setters and getters.
    python : `type` or `str`
        The type of the object.
    dataId : mapping
        The data ID.
    mapper : `Mapper`
        Who says so.
    """

    def __init__(
        self, assembler: Any, disassembler: Any, python: Any, dataId: Mapping[str, Any], mapper: Any
    ) -> None:
        self.assembler = assembler
        self.disassembler = disassembler
        self.python = python
        self.dataId = dataId
        self.mapper = mapper
        self.componentInfo: dict[str, Component] = {}

    def add(
        self,
        id: str,
        datasetType: str,
        setter: str | None = None,
        getter: str | None = None,
        subset: bool = False,
        inputOnly: bool = False,
    ) -> None:
        """Add a component, named ``id``."""
        self.componentInfo[id] = Component(
            datasetType, setter, getter, bool(subset), bool(inputOnly)
        )

    def as_dataset(self, name: str) -> DatasetType:
        """Give it as a policy would have said it."""
        return DatasetType(
            name,
            "datasets",
            "a hook of the mapper",
            python=self.python,
            composite=MappingProxyType(self.componentInfo),
            assembler=self.assembler,
            disassembler=self.disassembler,
        )


def dotted(python: Any) -> str | None:
    """Give the dotted name of a type."""
    return (
        python
        if python is None or isinstance(python, str)
        else f"{python.__module__}.{python.__qualname__}"
    )
