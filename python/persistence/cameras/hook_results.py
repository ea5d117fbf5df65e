"""The results of Gen2's hooks: locations and composites as objects.

Source: doc/gen2/gen2-core.md 2.7, 1.14.
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
    """A repository's directory with the methods of Gen2's ``PosixStorage``, imported on first use.

    Parameters
    ----------
    root : `str`
        The directory.
    """

    def __init__(self, root: str) -> None:
        self.root = root

    @functools.cached_property
    def _storage(self) -> Any:
        # by name: Gen2's storages are in a higher layer
        module = importlib.import_module("persistence.compat.posixstorage")
        return module.PosixStorage(self.root, create=False)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # looked up by Python, for example for pickles
            raise AttributeError(name)
        return getattr(self._storage, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return RepositoryStorage, (self.root,)


class ButlerLocation:
    """The location of a dataset, as ``map_`` hooks of Gen2's mappers return it.

    Gen2's class is ``lsst.daf.persistence.ButlerLocation`` (doc/gen2/gen2-core.md 2.7).

    Parameters
    ----------
    pythonType : `type` or `str`
        The type of the object, or its dotted name.
    cppType : `str`
        Its name in C++; kept, without effect.
    storageName : `str`
        The name of the storage, such as ``PickleStorage``.
    locationList : `str` or iterable of `str`
        The file, relative to the storage's root or absolute, perhaps with an HDU in brackets; of
        several files, the first that exists.
    dataId : mapping
        The data ID.
    mapper : `Mapper`
        The mapper that returns the location.
    storage : optional
        An object with the attribute ``root``; by default the repository's.
    usedDataId : mapping, optional
        The keys that the path needs.
    datasetType : `str`, optional
        The dataset type.
    additionalData : mapping, optional
        Options for the reader or writer.

    Raises
    ------
    DataIdError
        If there is no path.

    Examples
    --------
    >>> from persistence import ButlerLocation
    >>> location = ButlerLocation("dict", None, "PickleStorage", "a.pickle", {"visit": 1}, None)
    >>> location.getLocations()
    ['a.pickle']
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
        """Return the type of the object, or its dotted name."""
        return self.pythonType

    def getCppType(self) -> Any:
        """Return the type's name in C++."""
        return self.cppType

    def getStorageName(self) -> str:
        """Return the name of the storage."""
        return self.storageName

    def getLocations(self) -> list[str]:
        """Return the files, as passed to the constructor."""
        return self.locationList

    def getLocationsWithRoot(self) -> list[str]:
        """Return the files as paths with the storage's root."""
        return [os.path.join(self.getStorage().root, path) for path in self.locationList]

    def getAdditionalData(self) -> Mapping[str, Any]:
        """Return the options for the reader or writer."""
        return self.additionalData

    def getStorage(self) -> Any:
        """Return the storage, which has the attribute ``root``."""
        return self.storage

    def getRepository(self) -> Any:
        """Return the repository of the location; None before `setRepository`."""
        return self.repository

    def setRepository(self, repository: Any) -> None:
        """Set the repository of the location.

        Parameters
        ----------
        repository : object
            The repository.
        """
        self.repository = repository

    def at(self, root: str, name: str) -> ButlerLocation:
        """Return this location, with storage and dataset type set if the hook did not.

        Parameters
        ----------
        root : `str`
            The repository's root.
        name : `str`
            The dataset type.

        Returns
        -------
        `ButlerLocation`
            The same object.
        """
        if self.storage is None:
            self.storage = RepositoryStorage(root)
        self.datasetType = self.datasetType or name
        return self

    def located(self, root: str, name: str) -> Location:
        """Return the location as the repository uses it.

        Parameters
        ----------
        root : `str`
            The repository's root.
        name : `str`
            The dataset type.

        Returns
        -------
        `Location`
            The first file that exists, or the first one.
        """
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
        """Return one of our locations in the form that Gen2's hooks take.

        Parameters
        ----------
        location : `Location`
            The location.
        mapper : `Mapper`
            The mapper.

        Returns
        -------
        `ButlerLocation`
            The location.
        """
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
    """Return the root of a path, and the path relative to it; `/` if it is outside the repository.

    Gen2's hooks returned absolute and relative paths.
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
    """A composite object, as ``map_`` hooks of Gen2's mappers return it.

    Gen2's class is ``lsst.daf.persistence.ButlerComposite`` (doc/gen2/gen2-core.md 1.14).

    Parameters
    ----------
    assembler, disassembler : callable or `str`
        The functions that assemble and disassemble it, or their dotted names; None for setters and
        getters.
    python : `type` or `str`
        The type of the object.
    dataId : mapping
        The data ID.
    mapper : `Mapper`
        The mapper that returns the composite.

    Examples
    --------
    >>> from persistence import ButlerComposite
    >>> composite = ButlerComposite(None, None, "types.SimpleNamespace", {"visit": 1}, None)
    >>> composite.add("wcs", "calexp_wcs")
    >>> list(composite.componentInfo)
    ['wcs']
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
        """Add a component.

        Parameters
        ----------
        id : `str`
            The component's name.
        datasetType : `str`
            Its dataset type.
        setter, getter : `str` or `None`, optional
            The methods of the assembled object that set and get it; by default ``set_name`` or
            ``setName``, ``get_name`` or ``getName``, or attributes.
        subset : `bool`, optional
            Whether it is a list, of every dataset that matches the data ID.
        inputOnly : `bool`, optional
            Whether it is read, but never written.
        """
        self.componentInfo[id] = Component(
            datasetType, setter, getter, bool(subset), bool(inputOnly)
        )

    def as_dataset(self, name: str) -> DatasetType:
        """Return the composite as a policy would define it.

        Parameters
        ----------
        name : `str`
            The dataset type.

        Returns
        -------
        `DatasetType`
            The dataset type.
        """
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
    """Return the dotted name of a type."""
    return (
        python
        if python is None or isinstance(python, str)
        else f"{python.__module__}.{python.__qualname__}"
    )
