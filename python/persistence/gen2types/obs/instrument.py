"""`Instrument`, as far as programs of Gen2 used it: name, camera, filters and settings."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, ClassVar

from persistence.errors import NotPartOfThisPackage, PolicyError


class Instrument:
    """A camera, as packages describe it to the Gen3 butler.

    Attributes
    ----------
    configPaths : sequence of `str`
        Directories of files of settings, named like the tasks.
    policyName, obsDataPackage : `str` or None
        What the camera, and its package of calibrations, are called.
    filterDefinitions : `FilterDefinitionCollection` or None
        The filters.
    """

    configPaths: Iterable[str] = ()
    policyName: ClassVar[str | None] = None
    obsDataPackage: ClassVar[str | None] = None
    standardCuratedDatasetTypes: ClassVar[Any] = frozenset()
    additionalCuratedDatasetTypes: ClassVar[Any] = frozenset()
    filterDefinitions: Any = None
    translatorClass: ClassVar[Any] = None

    def __init__(self, **_: Any) -> None:
        if self.filterDefinitions is not None:
            self.filterDefinitions.reset()
            self.filterDefinitions.defineFilters()

    @classmethod
    def getName(cls) -> str:
        """Return the name of the instrument; a subclass says it."""
        raise NotImplementedError(f"{cls.__name__} has no getName")

    def getCamera(self) -> Any:
        """Return the camera; a subclass says it."""
        raise NotImplementedError(f"{type(self).__name__} has no getCamera")

    def getRawFormatter(self, dataId: Any) -> Any:
        """Return what reads raws in Gen3; a subclass says it."""
        raise NotImplementedError(f"{type(self).__name__} has no getRawFormatter")

    def applyConfigOverrides(self, name: str, config: Any) -> None:
        """Apply the files of settings of a task, of each of `configPaths` that has one."""
        for folder in self.configPaths:
            path = os.path.join(folder, f"{name}.py")
            if os.path.exists(path):
                config.load(path)

    @classmethod
    def fromName(cls, name: str, registry: Any) -> Any:
        raise NotPartOfThisPackage(
            f"Instrument.fromName({name!r}) needs a registry of Gen3, which this package does not "
            "have"
        )

    def register(self, registry: Any) -> None:
        raise NotPartOfThisPackage(
            "Instrument.register needs a registry of Gen3, which this package does not have"
        )

    def makeDataIdTranslatorFactory(self) -> Any:
        raise PolicyError(f"{type(self).__name__} does not translate data IDs to Gen3's")
