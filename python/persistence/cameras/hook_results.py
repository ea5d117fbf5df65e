"""What Gen2's mappers give.

Locations and composites as objects of their own (gen2-core 2.7, 1.14).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import DataIdError
from persistence.policy.dataset_type import Component, DatasetType


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
        The file, relative to the storage's root; of several, the first that is there counts.
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

    def located(self, root: str, name: str) -> Location:
        """Give the location as the repository uses it."""
        root = os.path.abspath(getattr(self.storage, "root", None) or root)
        there = (path for path in self.locationList if os.path.exists(os.path.join(root, path)))
        path = next(there, self.locationList[0])
        return Location(
            root, path, None, self.storageName, dotted(self.pythonType), name, self.dataId
        )


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
