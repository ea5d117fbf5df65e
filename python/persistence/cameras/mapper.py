"""Mappers: from a dataset type and a data ID to a location. They see neither registry nor disk."""

from __future__ import annotations

import copy
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from persistence.cameras import faces, hooks, shown
from persistence.cameras.hook_results import ButlerComposite
from persistence.cameras.numbering import Numbering
from persistence.dataids import request as names
from persistence.dataids.dataid import DataId, cast, cast_exactly
from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.errors import (
    AmbiguousDataId,
    DataIdError,
    IncompleteDataId,
    TemplateUndefined,
    UnknownDatasetType,
)
from persistence.policy import load as policy
from persistence.policy.composites import possible_keys
from persistence.policy.dataset_type import DatasetType
from persistence.policy.load import EMPTY, CameraPolicy

if TYPE_CHECKING:
    from persistence.types.exposure.layouts import Layout
    from persistence.types.exposure.translator import FilterLabel, HeaderTranslator

# Given a dataset type, columns and a data ID, finds the distinct values of the columns.
Lookup = Callable[[DatasetType, Sequence[str], Mapping[str, Any]], list[tuple[Any, ...]]]

_SHOWN = 3
# What a repository tells each mapper.
_TOLD = ("root", "parentRegistry", "repositoryCfg")
_GEOMETRY = ("amplifiers", "detectors", "focalPlane", "readout")


class Mapper(Numbering):
    """What every camera's mapper can do; `CameraMapper` adds a policy.

    A mapper without policy has the dataset types of its ``map_`` hooks (see
    `persistence.cameras.hooks`). It is made again, from a pickle, by calling its class with the
    same arguments.

    Attributes
    ----------
    policy : `CameraPolicy`
        The camera's policy; an empty one here.
    types : mapping [`str`, `DatasetType`]
        The dataset types of the policy.
    mapperArgs : mapping
        What else the mapper was told, for its repository.
    ingestFile : `str`
        How the camera's files are ingested; see `persistence.ingest.config`.
    trusted : `frozenset` [`str`]
        Dotted names of classes that the camera's pickles may hold.
    translatorClass : `type`
        Knows the camera's header keywords; by default, the FITS standard's.
    objects : `str`
        What hooks and assemblers are given: a kind of `persistence.cameras.faces`.
    """

    packageName: ClassVar[str | None] = None
    ingestFile: ClassVar[str | None] = None
    trusted: ClassVar[frozenset[str]] = frozenset()
    translatorClass: ClassVar[type[HeaderTranslator] | None] = None
    objects: ClassVar[str] = "astropy"
    # Whether hooks are refused that are of no dataset type, or cannot be called; Gen2 took them.
    strict_hooks: ClassVar[bool] = True
    hooks: ClassVar[hooks.Hooks] = {}
    _validates: ClassVar[bool] = False

    # Gen2's mappers need not call this class's __init__; so these are here.
    policy: CameraPolicy = EMPTY
    types: Mapping[str, DatasetType] = EMPTY.types
    mapperArgs: Mapping[str, Any] = EMPTY.settings
    _arguments: tuple[tuple[Any, ...], dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.hooks = hooks.collect(cls, cls.strict_hooks)
        cls._validates = cls.validate is not Mapper.validate

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        made = super().__new__(cls)
        made._arguments = (args, kwargs)
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the arguments that mappers are made with; a mapper without policy needs none."""
        self.mapperArgs = {name: value for name, value in kwargs.items() if name not in _TOLD}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), *self._arguments)

    @functools.cached_property
    def translator(self) -> HeaderTranslator:
        """What reads the camera's headers, with the filters and detectors of its policy."""
        settings = self.policy.settings
        filters = tuple(_label(entry) for entry in settings.get("filters", ()))
        geometry = {name: settings[name] for name in _GEOMETRY if name in settings}
        geometry["layouts"] = self.layouts
        geometry["where"] = self.policy.where("headers", "filter")
        if "geometry" in settings:
            from persistence.cameras import versions  # lazy: few cameras have any

            geometry["date"] = versions.key_of(self.policy)
            geometry["versions"] = versions.of(self.policy)
        return self._header_class()(
            filters, self.detector_names, settings.get("headers", {}), geometry
        )

    @functools.cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """How amplifiers lie in the camera's raw files, as far as its policy says.

        Raises
        ------
        PolicyError
            If they do not fit each other.
        """
        settings = self.policy.settings
        if "layouts" not in settings:
            return ()
        from persistence.types.exposure import layouts  # lazy: few cameras have any

        size = settings.get("focalPlane", {}).get("size")
        return layouts.of_settings(
            settings["layouts"], settings.get("readout", {}), size, self.policy.where
        )

    def _header_class(self) -> type[HeaderTranslator]:
        from persistence.types.exposure.translator import HeaderTranslator

        return self.translatorClass or HeaderTranslator

    def extended(self, definitions: tuple[tuple[str, str], ...]) -> Self:
        """Give a mapper that also knows what definitions of dataset types say.

        See `policy.extended`.
        """
        made = copy.copy(self)
        for cls in type(self).__mro__:
            for name, value in vars(cls).items():
                # made of the policy when it was first asked for
                if isinstance(value, functools.cached_property):
                    made.__dict__.pop(name, None)
        made.policy = policy.extended(self.policy, definitions)
        made.types = made.policy.types
        return made

    # -- names
    # ---------------------------------------------------------------------------------------

    def request(self, name: str) -> Request:
        """Take the name that a user typed apart; see `persistence.dataids.request.parse`."""
        if ("map", name) in self.hooks:
            return Request(name)
        try:
            return names.parse(name, self.types, type(self).__name__)
        except UnknownDatasetType:
            if ("bypass", name) in self.hooks:  # not one of a view, such as raw_md
                return Request(name)
            known = self.getDatasetTypes()
            raise UnknownDatasetType(name, known, type(self).__name__) from None

    def knows(self, datasetType: str) -> bool:
        """Check whether the policy has a dataset type, or a hook makes it."""
        return datasetType in self.types or any(
            (kind, datasetType) in self.hooks for kind in hooks.MAKERS
        )

    def dataset(self, request: Request, data_id: Mapping[str, Any] | None = None) -> DatasetType:
        """Return the policy's, or a ``map_`` hook's, definition of a dataset type."""
        if request.datasetType in self.types:
            return self.types[request.datasetType]
        mapped = self.hook("map", request.datasetType)
        made = mapped(self.validated(data_id), False) if mapped and data_id is not None else None
        if isinstance(made, ButlerComposite):
            return made.as_dataset(request.datasetType)
        return DatasetType(request.datasetType, "datasets", "a hook of the mapper")

    def getDatasetTypes(self) -> list[str]:
        """Give the names that ``get`` takes, views included."""
        made = (name for kind, name in self.hooks if kind in hooks.MAKERS)
        return sorted({*names.all_names(self.types), *made})

    def getKeys(self, datasetType: str | None = None, level: str | None = None) -> dict[str, type]:
        """Return the keys of a data ID with their types.

        An aggregate of whatever a data ID matches has the keys of its parts.

        Parameters
        ----------
        datasetType : `str`, optional
            By default all keys that the camera knows.
        level : `str`, optional
            Keys that do not count at this level are left out; ``""`` is the camera's default level.
        """
        keys = (
            self.policy.keys
            if datasetType is None
            else possible_keys(self.dataset(self.request(datasetType)), self.types)
        )
        if level == "":
            level = self.getDefaultLevel()
        dropped = self.policy.levels.get(level, frozenset()) if level is not None else frozenset()
        return {key: kind for key, kind in keys.items() if key not in dropped}

    def getDefaultLevel(self) -> str | None:
        """Give the level that data are told apart at unless one is named."""
        level: str | None = self.policy.settings.get("defaultLevel")
        return level

    def getDefaultSubLevel(self, level: str) -> str | None:
        """Give the level below another."""
        below: str | None = self.policy.settings.get("defaultSubLevels", {}).get(level)
        return below

    def getRegistry(self) -> Any:
        """Give the registry, if the mapper has one of its own.

        The repository asks its own otherwise.
        """
        return None

    # -- Gen2's calls of the hooks
    # -------------------------------------------------------------------

    def map(self, datasetType: str, dataId: Mapping[str, Any], write: bool = False) -> Any:
        """Say where a dataset lies.

        What the ``map_`` hook gives, or the policy's path in the mapper's root.
        """
        mapped = self.hook("map", datasetType)
        if mapped is not None:
            return mapped(self.validated(dataId), write)
        dataset = self.dataset(self.request(datasetType))
        return self.locate(
            dataset, self.typed(dataset, dataId), getattr(self, "root", None) or os.curdir
        )

    def queryMetadata(self, datasetType: str, format: Any, dataId: Mapping[str, Any] | None) -> Any:
        """Ask the ``query_`` hook; without a format, for all keys of the dataset type."""
        query = self.hook("query", datasetType)
        if query is None:
            raise UnknownDatasetType(
                datasetType, (name for kind, name in self.hooks if kind == "query"), "query_"
            )
        wanted = list(self.getKeys(datasetType)) if format is None else format
        return query(wanted, self.validated(dataId))

    def standardize(self, datasetType: str, item: Any, dataId: Mapping[str, Any] | None) -> Any:
        """Ask the ``std_`` hook; without one, nothing is done."""
        return self.standardise(Request(datasetType), item, self.validated(dataId))

    def keys(self) -> Any:
        """Give the keys that the mapper knows."""
        return iter(self.policy.keys)

    # -- data IDs
    # ------------------------------------------------------------------------------------

    def typed(self, dataset: DatasetType, data_id: Mapping[str, Any]) -> DataId:
        """Return a data ID with the camera's names of keys, and each value of its key's type.

        What a key that the dataset type does not have is elsewhere, is not enforced: values that
        are not of that type stay as they are.

        Raises
        ------
        DataIdError
            If a value is not of its key's type, or a key and its other name disagree.
        """
        full = DataId(self.validated(data_id) if self._validates else data_id)
        aliases = self.policy.aliases
        for old, key in aliases.items():
            if old in full and full.setdefault(key, full[old]) != full[old]:
                raise DataIdError(f"{old}={full[old]!r} and {key}={full[key]!r}, which are one key")
        for key, value in full.items():
            kind = dataset.keys.get(aliases.get(key, key))
            if kind is None:
                dict.__setitem__(full, key, self._as_elsewhere(key, value))
            elif type(value) is not kind:
                dict.__setitem__(full, key, cast(key, value, kind))
        return full

    @property
    def maps_paths(self) -> bool:
        """Whether paths are not made by templates alone: values are shown in another form."""
        return "shown" in self.policy.settings

    @functools.cached_property
    def shown(self) -> Mapping[str, shown.Show]:
        """What shows values of keys in paths, where they are not shown as they are."""
        return shown.of(self.policy.settings, self.policy.path)

    @property
    def checks_ids(self) -> bool:
        """Whether the camera checks data IDs itself, in a `validate` of its own."""
        return self._validates

    def validated(self, dataId: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Return a copy of a data ID as `validate` has it, which may change what it is given."""
        return self.validate(DataId(dataId or {}))

    def validate(self, dataId: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a data ID with each value of its key's type, for a hook. A camera may check more.

        Raises
        ------
        DataIdError
            If a value is not of the type that the camera's own dataset types say of its key.
        """
        kinds, own = self.policy.keys, self.policy.own_keys
        return DataId(
            {
                key: cast(key, value, kinds[key]) if key in own else self._as_elsewhere(key, value)
                for key, value in dataId.items()
            }
        )

    def _as_elsewhere(self, key: str, value: Any) -> Any:
        """Return a value as the camera's dataset types have its key, if that loses nothing."""
        kind = self.policy.keys.get(self.policy.aliases.get(key, key))
        return value if kind is None or type(value) is kind else cast_exactly(value, kind)

    def complete(self, dataset: DatasetType, data_id: Mapping[str, Any], lookup: Lookup) -> DataId:
        """Supply the keys that a person left out.

        Raises
        ------
        IncompleteDataId
            If no registry knows them.
        AmbiguousDataId
            If several rows of the registry answer.
        """
        full = self.typed(dataset, data_id)
        missing = [key for key in dataset.keys if key not in full]
        if not missing:
            return full
        rows = lookup(dataset, missing, full)
        if len(rows) != 1:
            raise _not_one(dataset, data_id, missing, rows)
        known = zip(missing, rows[0], strict=True)
        # What a registry gives is plain; NULL is not known.
        dict.update(full, ((key, value) for key, value in known if value is not None))
        return full

    def needs(self, dataset: DatasetType, full_id: Mapping[str, Any]) -> list[str]:
        """Return the keys that a path needs and a data ID lacks.

        The HDU is not needed where the detector is known, and the camera's headers tell it.
        """
        if dataset.template is None:
            return []
        missing = [key for key in dataset.template.keys if key not in full_id]
        if missing and self._detector_of(dataset, full_id) is not None:
            return [key for key in missing if key not in dataset.template.hdu_keys]
        return missing

    def _detector_of(self, dataset: DatasetType, full_id: Mapping[str, Any]) -> int | None:
        """Return the number by which a detector's HDU is found in a file; None if it is not."""
        key = self.policy.settings.get("detectors", {}).get("key")
        told = dataset.storage == "FitsStorage" and self.translator.detector_key is not None
        return full_id.get(key) if told else None

    # -- locations
    # -----------------------------------------------------------------------------------

    def locate(
        self,
        dataset: DatasetType,
        full_id: Mapping[str, Any],
        root: str,
        options: Mapping[str, Any] = {},
    ) -> Location:
        """Say where a dataset lies, or would lie, in a repository.

        Parameters
        ----------
        dataset : `DatasetType`
            The dataset type.
        full_id : mapping
            A complete data ID.
        root : `str`
            The repository's root.
        options : mapping
            What the reader or writer is told.

        Raises
        ------
        TemplateUndefined
            If the policy gives the dataset type no template.
        DataIdError
            If the path would leave the repository.
        """
        if dataset.template is None:
            told = "the camera's policy has to give one before it can be used"
            if dataset.composite:
                names = ", ".join(f"{dataset.name}.{part}" for part in dataset.composite)
                told = (
                    "it is assembled from datasets with paths of their own: ask for those of "
                    f"{names}"
                )
            raise TemplateUndefined(
                f"Template is not defined for the {dataset.name} dataset type ({dataset.source}): "
                f"{told}"
            )
        unknown = [key for key in dataset.template.hdu_keys if key not in full_id]
        number = self._detector_of(dataset, full_id) if unknown else None
        # The number is where to look first.
        first = full_id if number is None else {**full_id, **dict.fromkeys(unknown, number)}
        if self.shown:
            first = {
                key: self.shown[key](value) if key in self.shown else value
                for key, value in first.items()
            }
        path, hdu = dataset.template.locate(first)
        return Location(
            root, path, hdu, dataset.storage or "", dataset.python, dataset.name, full_id, options
        )

    def write_options(self, dataset: DatasetType, full_id: Mapping[str, Any]) -> dict[str, Any]:
        """Give what the writer of a dataset is told.

        The recipe, and what the camera's hook adds.
        """
        options: dict[str, Any] = {}
        if dataset.storage == "FitsStorage":
            from persistence.policy import recipes  # only who writes needs them

            folder = getattr(self, "repositoryDir", None) or os.path.dirname(self.policy.path)
            supplement = os.path.join(folder, "writeRecipes.yaml")
            options["recipe"] = recipes.find(dataset.recipe, dataset.name, supplement)
        added = self.hook("add", dataset.name)
        return options | dict(added(dataset.name, full_id)) if added else options

    # -- hooks
    # ---------------------------------------------------------------------------------------

    def hook_keys(self, name: str) -> tuple[str, ...]:
        """Return the keys by which a dataset is made that has no file, as far as they are known.

        A camera with several geometries is chosen by its date.
        """
        if name != "camera" or "geometry" not in self.policy.settings:
            return ()
        from persistence.cameras import versions  # lazy: few cameras have any

        return tuple(filter(None, (versions.key_of(self.policy),)))

    def hook(self, kind: str, dataset_type: str) -> Callable[..., Any] | None:
        """Give a hook, bound to this mapper; None if the camera has none."""
        name = self.hooks.get((kind, dataset_type))
        if name is None:
            return self.numbered(dataset_type) if kind == "bypass" else None
        found: Callable[..., Any] = getattr(self, name)
        return found

    def standardise(self, request: Request, item: Any, full_id: Mapping[str, Any]) -> Any:
        """Bring what was read into the camera's form: the ``std_`` hook, or nothing."""
        std = self.hook("std", request.name)
        if std is None:
            return item
        is_whole = request.view in (None, "sub")
        python = self.dataset(request).python if is_whole else None
        return faces.unwrap(std(faces.wrap(item, self.objects, python), full_id))

    def canStandardize(self, datasetType: str) -> bool:
        """Say whether something is done to what is read of a dataset type."""
        return ("std", datasetType) in self.hooks


def _label(entry: Mapping[str, Any]) -> FilterLabel:
    """Make a filter of a policy's entry.

    Data IDs use the first word of its physical name by default.
    """
    from persistence.types.exposure.translator import FilterLabel

    physical = str(entry["physical"])
    name = str(entry.get("name", physical.split(" ", 1)[0]))
    return FilterLabel(
        name, entry.get("band"), physical, tuple(entry.get("alias", ())), entry.get("variant")
    )


def _rebuild(cls: type[Mapper], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapper:
    return cls(*args, **kwargs)


def _not_one(
    dataset: DatasetType,
    data_id: Mapping[str, Any],
    missing: Sequence[str],
    rows: list[tuple[Any, ...]],
) -> IncompleteDataId | AmbiguousDataId:
    if not rows:
        reason = f"needs  {', '.join(missing)}, and the registry has no such row"
        return IncompleteDataId("No unique lookup for:", dataset.name, data_id, [reason])
    columns = {
        key: list(dict.fromkeys(row[place] for row in rows)) for place, key in enumerate(missing)
    }
    telling = [key for key, values in columns.items() if len(values) > 1]
    reasons = [f"{len(rows)} rows match; they differ in {', '.join(telling)}: give one of these"]
    for row in rows[:_SHOWN]:
        reasons.append(
            "  ".join(
                ["row   ", *(f"{key}={value}" for key, value in zip(missing, row, strict=True))]
            )
        )
    return AmbiguousDataId("No unique lookup for:", dataset.name, data_id, reasons)
