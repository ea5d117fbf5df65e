"""Gen2's mapping classes: a dataset type with the registry that completes its data IDs.

Source: doc/gen2/gen2-core.md 6.5.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from typing import Any, ClassVar

from persistence.cameras.hook_results import ButlerLocation
from persistence.errors import IncompleteDataId, TemplateUndefined
from persistence.files import yaml_nodes
from persistence.policy import dataset_type
from persistence.policy.dataset_type import DatasetType


class Mapping:
    """The definition of one dataset type, with the interface for Gen2's camera packages.

    Parameters
    ----------
    datasetType : `str`
        Its name.
    policy : `MappingType` [`str`, object] or `DatasetType`
        Its definition in the policy.
    registry : object, optional
        A registry that completes data IDs, with Gen2's ``lookup(properties, tables, dataId,
        template=)``.
    rootStorage : object, optional
        The storage of its files.
    provided : iterable of `str` or `None`, optional
        Accepted for compatibility; Gen2 ignored it, too.
    """

    section: ClassVar[str] = "datasets"

    def __init__(
        self,
        datasetType: str,
        policy: MappingType[str, Any] | DatasetType,
        registry: Any = None,
        rootStorage: Any = None,
        provided: Iterable[str] | None = None,
    ) -> None:
        self.datasetType = datasetType
        self.registry = registry
        self.rootStorage = rootStorage
        made = (
            policy if isinstance(policy, DatasetType) else _made(datasetType, self.section, policy)
        )
        self.dataset = made
        self.template = made.template.text if made.template else None
        self.python, self.persistable, self.storage = made.python, made.persistable, made.storage
        self.level, self.recipe, self.obsTimeName = made.level, made.recipe, made.obsTimeName
        self.tables = list(made.tables) or None
        self.columns = None if made.columns is None else list(made.columns)
        # Not a copy: camera packages add keys here.
        self.keyDict = made.keys

    def keys(self) -> MappingType[str, type]:
        """Return the keys of a complete data ID with their types."""
        return self.keyDict

    def map(
        self, mapper: Any, dataId: MappingType[str, Any], write: bool = False
    ) -> ButlerLocation:
        """Return the location of the dataset.

        The path has the ending ``.gz`` or ``.fz`` if only that file exists.

        Raises
        ------
        TemplateUndefined
            If the policy has no template.
        IncompleteDataId
            If keys are missing that the registry does not supply.
        """
        if self.dataset.template is None:
            raise TemplateUndefined(
                f"Template is not defined for the {self.datasetType} dataset type"
            )
        full = self.need(self.keyDict, dataId)
        path = self.dataset.template.format(full)
        if not write and self.rootStorage is not None:
            endings = (end for end in ("", ".gz", ".fz") if os.path.exists(self._place(path + end)))
            path += next(endings, "")
        used = {key: full[key] for key in self.keyDict}
        return ButlerLocation(
            self.python,
            self.persistable,
            self.storage or "",
            path,
            full,
            mapper,
            self.rootStorage,
            used,
            self.datasetType,
        )

    def _place(self, path: str) -> str:
        return os.path.join(
            getattr(self.rootStorage, "root", self.rootStorage), path.partition("[")[0]
        )

    def lookup(self, properties: Iterable[str], dataId: MappingType[str, Any]) -> Any:
        """Query the registry for the values of some keys."""
        if self.registry is None:
            raise IncompleteDataId("No registry for lookup:", self.datasetType, dataId)
        where = {
            key: value
            for key, value in dataId.items()
            if self.columns is None or key in self.columns
        }
        return self.registry.lookup(list(properties), self.tables, where, template=self.template)

    def have(self, properties: Iterable[str], dataId: MappingType[str, Any]) -> bool:
        """Return whether a data ID has all of some keys."""
        return all(key in dataId for key in properties)

    def need(self, properties: Iterable[str], dataId: MappingType[str, Any]) -> dict[str, Any]:
        """Return a data ID with the keys that it lacks.

        Raises
        ------
        IncompleteDataId
            If not exactly one row matches.
        """
        missing = [key for key in properties if key not in dataId]
        if not missing:
            return dict(dataId)
        rows = list(self.lookup(missing, dataId))
        if len(rows) != 1:
            reason = f"needs  {', '.join(missing)}; {len(rows)} matches"
            raise IncompleteDataId("No unique lookup for:", self.datasetType, dataId, [reason])
        return {**dataId, **dict(zip(missing, rows[0], strict=True))}


class ImageMapping(Mapping):
    """A plain image."""

    section = "images"


class ExposureMapping(Mapping):
    """An exposure."""

    section = "exposures"

    def standardize(self, mapper: Any, item: Any, dataId: MappingType[str, Any]) -> Any:
        """Return an item in the form of the camera's exposures, from the camera's mapper."""
        return mapper._standardizeExposure(self, item, dataId)


class CalibrationMapping(Mapping):
    """A master calibration."""

    section = "calibrations"

    def standardize(self, mapper: Any, item: Any, dataId: MappingType[str, Any]) -> Any:
        """Return an exposure in the form of the camera's; other items unchanged."""
        if not re.search("Exposure|Image", self.python or ""):
            return item
        return mapper._standardizeExposure(self, item, dataId, filter=self.dataset.filter)


class DatasetMapping(Mapping):
    """Anything else."""


_BY_SECTION = {
    cls.section: cls for cls in (ImageMapping, ExposureMapping, CalibrationMapping, DatasetMapping)
}


def of(types: MappingType[str, DatasetType], root: str | None) -> dict[str, Mapping]:
    """Return the mappings of all dataset types of a camera."""
    return {name: _BY_SECTION[one.section](name, one, None, root) for name, one in types.items()}


def _made(name: str, section: str, policy: MappingType[str, Any]) -> DatasetType:
    source = f"<the policy of {name}>"
    nodes = yaml_nodes.items(yaml_nodes.compose_text(yaml_nodes.flow(dict(policy)), source))
    return dataset_type.make(name, section, source, {key: (node,) for key, node in nodes.items()})
