"""Mappers: from a dataset type and a data ID to a location, without access to registry or disk."""

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

# A function of a dataset type, columns and a data ID that returns the distinct values of the
# columns.
Lookup = Callable[[DatasetType, Sequence[str], Mapping[str, Any]], list[tuple[Any, ...]]]

_SHOWN = 3
# Arguments that a repository passes to each mapper.
_TOLD = ("root", "parentRegistry", "repositoryCfg")
_GEOMETRY = ("amplifiers", "detectors", "focalPlane", "readout")


class Mapper(Numbering):
    """The base class of all cameras' mappers; `CameraMapper` adds a policy.

    A mapper without policy has the dataset types of its ``map_`` hooks (see
    `persistence.cameras.hooks`). Unpickling calls the class with the same arguments. Gen2's class
    is ``lsst.daf.persistence.Mapper`` (doc/gen2/gen2-core.md 2).

    Parameters
    ----------
    *args, **kwargs : object
        The arguments of the mapper; those that a repository passes to all mappers are not in
        ``mapperArgs``.

    Attributes
    ----------
    policy : `CameraPolicy`
        The camera's policy; empty here.
    types : mapping [`str`, `DatasetType`]
        The dataset types of the policy.
    mapperArgs : mapping
        Further arguments of the mapper, for its repository.
    ingestFile : `str`
        The configuration for ingesting the camera's files; see `persistence.ingest.config`.
    trusted : `frozenset` [`str`]
        Dotted names of classes that the camera's pickles may contain.
    translatorClass : `type`
        The translator of the camera's header keywords; by default that of the FITS standard.
    objects : `str`
        The kind of objects that hooks and assemblers receive, of `persistence.cameras.faces`.

    Examples
    --------
    >>> from persistence import Mapper
    >>> class Notes(Mapper):
    ...     def map_note(self, dataId, write):
    ...         ...
    >>> Notes().getDatasetTypes()
    ['note']
    """

    packageName: ClassVar[str | None] = None
    ingestFile: ClassVar[str | None] = None
    trusted: ClassVar[frozenset[str]] = frozenset()
    translatorClass: ClassVar[type[HeaderTranslator] | None] = None
    objects: ClassVar[str] = "astropy"
    # Whether to refuse hooks without dataset type, or that cannot be called; Gen2 accepted them.
    strict_hooks: ClassVar[bool] = True
    hooks: ClassVar[hooks.Hooks] = {}
    _validates: ClassVar[bool] = False

    # Defaults for Gen2's mappers, which may not call this class's __init__.
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
        """Set ``mapperArgs``; a mapper without policy needs no arguments."""
        self.mapperArgs = {name: value for name, value in kwargs.items() if name not in _TOLD}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), *self._arguments)

    @functools.cached_property
    def translator(self) -> HeaderTranslator:
        """The translator of the camera's headers, with the filters and detectors of its policy."""
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
        """The layouts of amplifiers in the camera's raw files, as far as its policy has them.

        Raises
        ------
        PolicyError
            If they do not fit together.
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
        """Return a mapper with further dataset types, or other definitions of them.

        Parameters
        ----------
        definitions : `tuple` [`tuple` [`str`, `str`], ...]
            Names, for messages, and texts in the form of a camera's file; see
            `persistence.policy.load.extended`.

        Returns
        -------
        `Mapper`
            A copy of this mapper with the extended policy.

        Raises
        ------
        PolicyError
            If a definition is invalid.
        """
        mapper = copy.copy(self)
        for cls in type(self).__mro__:
            for name, value in vars(cls).items():
                # computed from the policy
                if isinstance(value, functools.cached_property):
                    mapper.__dict__.pop(name, None)
        mapper.policy = policy.extended(self.policy, definitions)
        mapper.types = mapper.policy.types
        return mapper

    # -- names
    # ---------------------------------------------------------------------------------------

    def request(self, name: str) -> Request:
        """Split a name that a user typed into dataset type and view.

        Parameters
        ----------
        name : `str`
            The name, such as ``calexp_md``; see `persistence.dataids.request.parse`.

        Returns
        -------
        `Request`
            Dataset type and view.

        Raises
        ------
        UnknownDatasetType
            If there is no such dataset type or view.
        """
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
        """Return whether the policy or a hook defines a dataset type.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.

        Returns
        -------
        `bool`
            Whether it is defined.
        """
        return datasetType in self.types or any(
            (kind, datasetType) in self.hooks for kind in hooks.MAKERS
        )

    def dataset(self, request: Request, data_id: Mapping[str, Any] | None = None) -> DatasetType:
        """Return the definition of a dataset type from the policy, or from a ``map_`` hook.

        Parameters
        ----------
        request : `Request`
            The name.
        data_id : mapping or `None`, optional
            A data ID for the hook; without it, a composite of a hook is not recognized.

        Returns
        -------
        `DatasetType`
            The definition.
        """
        if request.datasetType in self.types:
            return self.types[request.datasetType]
        mapped = self.hook("map", request.datasetType)
        mapped_object = (
            mapped(self.validated(data_id), False) if mapped and data_id is not None else None
        )
        if isinstance(mapped_object, ButlerComposite):
            return mapped_object.as_dataset(request.datasetType)
        return DatasetType(request.datasetType, "datasets", "a hook of the mapper")

    def getDatasetTypes(self) -> list[str]:
        """Return the names that ``get`` accepts, including views, sorted."""
        made = (name for kind, name in self.hooks if kind in hooks.MAKERS)
        return sorted({*names.all_names(self.types), *made})

    def getKeys(self, datasetType: str | None = None, level: str | None = None) -> dict[str, type]:
        """Return the keys of a data ID with their types.

        An aggregate of whatever a data ID matches has the keys of its parts.

        Parameters
        ----------
        datasetType : `str` or `None`, optional
            The dataset type; by default all keys of the camera are returned.
        level : `str` or `None`, optional
            The level whose ignored keys are left out; ``""`` is the camera's default level.

        Returns
        -------
        `dict` [`str`, `type`]
            Key to type.

        Raises
        ------
        UnknownDatasetType
            If there is no such dataset type.
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
        """Return the level at which data are distinguished by default."""
        level: str | None = self.policy.settings.get("defaultLevel")
        return level

    def getDefaultSubLevel(self, level: str) -> str | None:
        """Return the level below another.

        Parameters
        ----------
        level : `str`
            The level.

        Returns
        -------
        `str` or None
            The level below; None without one.
        """
        below: str | None = self.policy.settings.get("defaultSubLevels", {}).get(level)
        return below

    def getRegistry(self) -> Any:
        """Return the mapper's own registry; None if the repository's registry is to be used."""
        return None

    # -- Gen2's calls of the hooks
    # -------------------------------------------------------------------

    def map(self, datasetType: str, dataId: Mapping[str, Any], write: bool = False) -> Any:
        """Return the location of a dataset: from its ``map_`` hook, or the policy's template.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        dataId : mapping
            The data ID.
        write : `bool`, optional
            Whether the dataset is to be written; passed to the hook.

        Returns
        -------
        `Location` or the hook's result
            The location, in the mapper's root.
        """
        mapped = self.hook("map", datasetType)
        if mapped is not None:
            return mapped(self.validated(dataId), write)
        dataset = self.dataset(self.request(datasetType))
        return self.locate(
            dataset, self.typed(dataset, dataId), getattr(self, "root", None) or os.curdir
        )

    def queryMetadata(self, datasetType: str, format: Any, dataId: Mapping[str, Any] | None) -> Any:
        """Return the result of the ``query_`` hook of a dataset type.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        format : object
            The keys to return; None for all keys of the dataset type.
        dataId : mapping or `None`
            The partial data ID.

        Returns
        -------
        object
            The hook's result.

        Raises
        ------
        UnknownDatasetType
            If there is no such hook.
        """
        query = self.hook("query", datasetType)
        if query is None:
            raise UnknownDatasetType(
                datasetType, (name for kind, name in self.hooks if kind == "query"), "query_"
            )
        wanted = list(self.getKeys(datasetType)) if format is None else format
        return query(wanted, self.validated(dataId))

    def standardize(self, datasetType: str, item: Any, dataId: Mapping[str, Any] | None) -> Any:
        """Return an object in the camera's form: the result of its ``std_`` hook, if there is one.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        item : object
            The object that was read.
        dataId : mapping or `None`
            The data ID.

        Returns
        -------
        object
            The object; unchanged without a hook.
        """
        return self.standardise(Request(datasetType), item, self.validated(dataId))

    def keys(self) -> Any:
        """Return an iterator over the keys of the camera."""
        return iter(self.policy.keys)

    # -- data IDs
    # ------------------------------------------------------------------------------------

    def typed(self, dataset: DatasetType, data_id: Mapping[str, Any]) -> DataId:
        """Return a data ID with the camera's names of keys, and values of their keys' types.

        Keys that the dataset type lacks get the type they have in other dataset types only if
        nothing is lost.

        Parameters
        ----------
        dataset : `DatasetType`
            The dataset type.
        data_id : mapping
            The data ID.

        Returns
        -------
        `DataId`
            A new data ID.

        Raises
        ------
        DataIdError
            If a value does not have its key's type, or a key and its other name disagree.
        """
        full = DataId(self.validated(data_id) if self._validates else data_id)
        aliases = self.policy.aliases
        for old, key in aliases.items():
            if old in full and full.setdefault(key, full[old]) != full[old]:
                raise DataIdError(
                    f"{old}={full[old]!r} and {key}={full[key]!r}, which are the same key"
                )
        for key, value in full.items():
            kind = dataset.keys.get(aliases.get(key, key))
            if kind is None:
                dict.__setitem__(full, key, self._as_elsewhere(key, value))
            elif type(value) is not kind:
                dict.__setitem__(full, key, cast(key, value, kind))
        return full

    @property
    def maps_paths(self) -> bool:
        """Whether some values of data IDs have another form in paths."""
        return "shown" in self.policy.settings

    @functools.cached_property
    def shown(self) -> Mapping[str, shown.Show]:
        """The functions that convert values of keys to their form in paths."""
        return shown.of(self.policy.settings, self.policy.path)

    @property
    def checks_ids(self) -> bool:
        """Whether the camera checks data IDs in a `validate` of its own."""
        return self._validates

    def validated(self, dataId: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Return a copy of a data ID after `validate`, which may change its argument.

        Parameters
        ----------
        dataId : mapping or `None`
            The data ID.

        Returns
        -------
        mapping
            The checked copy.
        """
        return self.validate(DataId(dataId or {}))

    def validate(self, dataId: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a data ID with values of their keys' types, for a hook. Cameras may check more.

        Parameters
        ----------
        dataId : mapping
            The data ID.

        Returns
        -------
        mapping
            The checked data ID.

        Raises
        ------
        DataIdError
            If a value does not have the type of its key in the camera's own dataset types.
        """
        kinds, own = self.policy.keys, self.policy.own_keys
        return DataId(
            {
                key: cast(key, value, kinds[key]) if key in own else self._as_elsewhere(key, value)
                for key, value in dataId.items()
            }
        )

    def _as_elsewhere(self, key: str, value: Any) -> Any:
        """Return a value with the type of its key in other dataset types, if nothing is lost."""
        kind = self.policy.keys.get(self.policy.aliases.get(key, key))
        return value if kind is None or type(value) is kind else cast_exactly(value, kind)

    def complete(self, dataset: DatasetType, data_id: Mapping[str, Any], lookup: Lookup) -> DataId:
        """Return a data ID with the keys that it lacks.

        Parameters
        ----------
        dataset : `DatasetType`
            The dataset type.
        data_id : mapping
            The data ID.
        lookup : `Lookup`
            A function that queries the registry.

        Returns
        -------
        `DataId`
            The completed data ID.

        Raises
        ------
        IncompleteDataId
            If no registry has the keys.
        AmbiguousDataId
            If several rows of the registry match.
        """
        full = self.typed(dataset, data_id)
        missing = [key for key in dataset.keys if key not in full]
        if not missing:
            return full
        rows = lookup(dataset, missing, full)
        if len(rows) != 1:
            raise _not_one(dataset, data_id, missing, rows)
        known = zip(missing, rows[0], strict=True)
        # Values of a registry are plain; NULL is unknown.
        dict.update(full, ((key, value) for key, value in known if value is not None))
        return full

    def needs(self, dataset: DatasetType, full_id: Mapping[str, Any]) -> list[str]:
        """Return the keys that a path needs and a data ID lacks.

        The HDU is not needed if the detector is known, and the camera's headers identify it.

        Parameters
        ----------
        dataset : `DatasetType`
            The dataset type.
        full_id : mapping
            The data ID.

        Returns
        -------
        `list` [`str`]
            The missing keys.
        """
        if dataset.template is None:
            return []
        missing = [key for key in dataset.template.keys if key not in full_id]
        if missing and self._detector_of(dataset, full_id) is not None:
            return [key for key in missing if key not in dataset.template.hdu_keys]
        return missing

    def _detector_of(self, dataset: DatasetType, full_id: Mapping[str, Any]) -> int | None:
        """Return the detector's number if its HDU can be found by headers; None otherwise."""
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
        """Return the location of a dataset in a repository, whether it exists or not.

        Parameters
        ----------
        dataset : `DatasetType`
            The dataset type.
        full_id : mapping
            A complete data ID.
        root : `str`
            The repository's root.
        options : mapping, optional
            Options for the reader or writer.

        Returns
        -------
        `Location`
            The location.

        Raises
        ------
        TemplateUndefined
            If the policy has no template for the dataset type.
        DataIdError
            If the path would lead out of the repository.
        """
        if dataset.template is None:
            told = "the camera's policy has to define one before it can be used"
            if dataset.composite:
                names = ", ".join(f"{dataset.name}.{part}" for part in dataset.composite)
                told = (
                    f"it is assembled from datasets with paths of their own: use those of {names}"
                )
            raise TemplateUndefined(
                f"Template is not defined for the {dataset.name} dataset type ({dataset.source}): "
                f"{told}"
            )
        unknown = [key for key in dataset.template.hdu_keys if key not in full_id]
        number = self._detector_of(dataset, full_id) if unknown else None
        # The number of the HDU that is tried first.
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
        """Return the options for a dataset's writer: the recipe, and those of the camera's hook.

        Parameters
        ----------
        dataset : `DatasetType`
            The dataset type.
        full_id : mapping
            The data ID.

        Returns
        -------
        `dict` [`str`, object]
            The options.
        """
        options: dict[str, Any] = {}
        if dataset.storage == "FitsStorage":
            from persistence.policy import recipes  # lazy: only needed for writing

            folder = getattr(self, "repositoryDir", None) or os.path.dirname(self.policy.path)
            supplement = os.path.join(folder, "writeRecipes.yaml")
            options["recipe"] = recipes.find(dataset.recipe, dataset.name, supplement)
        added = self.hook("add", dataset.name)
        return options | dict(added(dataset.name, full_id)) if added else options

    # -- hooks
    # ---------------------------------------------------------------------------------------

    def hook_keys(self, name: str) -> tuple[str, ...]:
        """Return the keys on which a dataset without a file depends, if they are in the data ID.

        A camera with several geometries depends on its date.

        Parameters
        ----------
        name : `str`
            The dataset type.

        Returns
        -------
        `tuple` [`str`, ...]
            The keys.
        """
        if name != "camera" or "geometry" not in self.policy.settings:
            return ()
        from persistence.cameras import versions  # lazy: few cameras have any

        return tuple(filter(None, (versions.key_of(self.policy),)))

    def hook(self, kind: str, dataset_type: str) -> Callable[..., Any] | None:
        """Return a hook, bound to this mapper; None if the camera has none.

        Parameters
        ----------
        kind : `str`
            The kind, one of `persistence.cameras.hooks.KINDS`.
        dataset_type : `str`
            The dataset type.

        Returns
        -------
        callable or None
            The bound method.
        """
        name = self.hooks.get((kind, dataset_type))
        if name is None:
            return self.numbered(dataset_type) if kind == "bypass" else None
        found: Callable[..., Any] = getattr(self, name)
        return found

    def standardise(self, request: Request, item: Any, full_id: Mapping[str, Any]) -> Any:
        """Return an object in the camera's form: the result of its ``std_`` hook, if there is one.

        Parameters
        ----------
        request : `Request`
            The dataset type and view.
        item : object
            The object that was read.
        full_id : mapping
            The data ID.

        Returns
        -------
        object
            The object, in astropy's kind; unchanged without a hook.
        """
        std = self.hook("std", request.name)
        if std is None:
            return item
        is_whole = request.view in (None, "sub")
        python = self.dataset(request).python if is_whole else None
        return faces.unwrap(std(faces.wrap(item, self.objects, python), full_id))

    def canStandardize(self, datasetType: str) -> bool:
        """Return whether a dataset type has a ``std_`` hook.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.

        Returns
        -------
        `bool`
            Whether there is a hook.
        """
        return ("std", datasetType) in self.hooks


def _label(entry: Mapping[str, Any]) -> FilterLabel:
    """Return the filter of a policy's entry.

    By default data IDs use the first word of its physical name.
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
    reasons = [f"{len(rows)} rows match; they differ in {', '.join(telling)}: add one of these"]
    for row in rows[:_SHOWN]:
        reasons.append(
            "  ".join(
                ["row   ", *(f"{key}={value}" for key, value in zip(missing, row, strict=True))]
            )
        )
    return AmbiguousDataId("No unique lookup for:", dataset.name, data_id, reasons)
