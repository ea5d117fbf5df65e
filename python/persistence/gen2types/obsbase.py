"""Gen2's CameraMapper: its hooks and assemblers receive objects with afw's method names."""

from __future__ import annotations

import copy
import functools
import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from persistence.cameras import camera_mapper, hooks
from persistence.cameras.hook_results import ButlerLocation, RepositoryStorage
from persistence.dataids.location import Location
from persistence.errors import DataIdError, TemplateError, told
from persistence.gen2types import unwrap, wrap
from persistence.gen2types.obs.rawvisitinfo import MakeRawVisitInfo
from persistence.gen2types.obs.standardise import Standardising, logger
from persistence.gen2types.properties import PropertyList
from persistence.policy.dataset_type import DatasetType
from persistence.types.exposure.translator import HeaderTranslator
from persistence.types.exposure.visitinfo import VisitInfo

_HDU = re.compile(r"(.+)\[(\d+)\]")
# Directories that a camera package has beside its Python.
_MARKS = ("policy", "config", "ups", "camera")


class _OfEveryCamera(type):
    """A metaclass for which every camera's mapper is an instance of `CameraMapper`, as in Gen2.

    Hooks that are set after the class was created count, too: packages set them in loops.
    """

    def __subclasscheck__(cls, subclass: Any) -> bool:
        if cls.__dict__.get("_is_base"):
            return issubclass(subclass, camera_mapper.CameraMapper)
        return super().__subclasscheck__(subclass)

    def __instancecheck__(cls, instance: Any) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name.partition("_")[0] in hooks.KINDS:
            cls.__init_subclass__()  # collects the hooks anew


class _Later:
    """A registry of a mapper, which is opened when it is first used."""

    def __init__(self, mapper: CameraMapper, name: str) -> None:
        self._mapper, self._name = mapper, name

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(self._mapper, self._name), name)

    def __bool__(self) -> bool:
        return getattr(self._mapper, self._name) is not None


class _Headers(HeaderTranslator):
    """Reads headers, with the visit information computed by the camera's package."""

    make: MakeRawVisitInfo | None = None
    number: int | None = None

    def of_exposure(self, number: int | None, is_raw: bool) -> _Headers:
        """Return one for the exposure of a number; calibrations need not have a visit's cards."""
        copied = copy.copy(self)
        copied.number = number
        copied.make = self.make if is_raw else None
        return copied

    def visit_info(self, header: Any) -> VisitInfo:
        if self.make is None:
            own = super().visit_info(header)
            return own if self.number is None else replace(own, exposure_id=self.number)
        metadata = wrap(header)
        if not hasattr(metadata, "getScalar"):
            metadata = PropertyList.from_mapping(dict(header))
        visit_info: VisitInfo = unwrap(self.make(metadata, self.number or 0))
        return visit_info


class CameraMapper(Standardising, metaclass=_OfEveryCamera):
    """A `persistence.CameraMapper` as Gen2's camera packages build on it.

    ``lsst.obs.base.CameraMapper`` is this class: its hooks receive objects with afw's
    method names.

    Attributes
    ----------
    MakeRawVisitInfoClass : `type`
        Makes the `VisitInfo` of a raw's header.
    translatorClass : `type` or None
        A translator of astro-metadata-translator, for `MakeRawVisitInfoViaObsInfo`.
    filterDefinitions : `FilterDefinitionCollection` or None
        The camera's filters.
    """

    _is_base = True
    objects: ClassVar[str] = "gen2"
    strict_hooks: ClassVar[bool] = False
    PupilFactoryClass: ClassVar[Any] = None
    filterDefinitions: ClassVar[Any] = None
    _gen3instrument: ClassVar[Any] = None

    # -- what packages ask their mapper for
    @functools.cached_property
    def log(self) -> Any:
        return logger()

    @functools.cached_property
    def makeRawVisitInfo(self) -> Any:
        """The function that creates the `VisitInfo` of a raw from its metadata."""
        maker = self.MakeRawVisitInfoClass(log=self.log)
        own = getattr(maker, "metadataTranslator", None)
        if hasattr(type(maker), "metadataTranslator") and own is None:
            maker.metadataTranslator = self.translatorClass
        return maker

    @functools.cached_property
    def camera(self) -> Any:
        """The camera, by the names of afw; None if nothing describes it."""
        policy = self._plain_policy()
        return wrap(self._makeCamera(policy, self.repositoryDir))

    def _makeCamera(self, policy: Any, repositoryDir: str | None) -> Any:
        """Return the camera; cameras override it."""
        return super()._makeCamera(self.policy, repositoryDir)

    def _plain_policy(self) -> Any:
        # by name: Gen2's class of policies is no part of this wing
        return importlib.import_module("persistence.compat.policy").Policy(
            dict(self.policy.settings)
        )

    @functools.cached_property
    def rootStorage(self) -> RepositoryStorage:
        return RepositoryStorage(self.root or os.curdir)

    @property
    def calibRoot(self) -> str:
        """The calibration root."""
        given = self.mapperArgs.get("calibRoot") or self.policy.settings.get("calibRoot") or ""
        return os.path.join(self.root or os.curdir, given).rstrip("/")

    @functools.cached_property
    def calibStorage(self) -> RepositoryStorage:
        return RepositoryStorage(self.calibRoot)

    @functools.cached_property
    def registry(self) -> Any:
        """The registry, with Gen2's methods; without one, that of the file names."""
        root = self.root or os.curdir
        given = self.mapperArgs.get("registry") or "registry.sqlite3"
        path = os.path.join(root, given)
        inherited = getattr(self.parentRegistry, "find", lambda: self.parentRegistry)()
        parent = getattr(inherited, "path", None)
        create = importlib.import_module("persistence.compat.registries").Registry.create
        return create(path if os.path.exists(path) else parent or root)

    @functools.cached_property
    def calibRegistry(self) -> Any:
        """The registry of calibrations; None if the policy needs none, or there is none."""
        if not self.policy.settings.get("needCalibRegistry"):
            return None
        given = self.mapperArgs.get("calibRegistry") or "calibRegistry.sqlite3"
        create = importlib.import_module("persistence.compat.registries").Registry.create
        return create(os.path.join(self.calibRoot, given))

    def getRegistry(self) -> Any:
        return None  # the repository's own answers

    @functools.cached_property
    def mappings(self) -> Mapping[str, Any]:
        mappings = super().mappings
        for mapping in mappings.values():
            is_calibration = mapping.section == "calibrations"
            mapping.registry = _Later(self, "calibRegistry" if is_calibration else "registry")
            mapping.rootStorage = self.calibStorage if is_calibration else self.rootStorage
        return mappings

    def _section(self, name: str) -> dict[str, Any]:
        return {key: each for key, each in self.mappings.items() if each.section == name}

    @functools.cached_property
    def exposures(self) -> Mapping[str, Any]:
        """The mappings of the section of this name."""
        return self._section("exposures")

    @functools.cached_property
    def images(self) -> Mapping[str, Any]:
        """The mappings of the section of this name."""
        return self._section("images")

    @functools.cached_property
    def calibrations(self) -> Mapping[str, Any]:
        """The mappings of the section of this name."""
        return self._section("calibrations")

    @functools.cached_property
    def datasets(self) -> Mapping[str, Any]:
        """The mappings of the section of this name."""
        return self._section("datasets")

    @property
    def keyDict(self) -> dict[str, type]:
        return dict(self.policy.keys)

    @property
    def levels(self) -> Mapping[str, frozenset[str]]:
        return self.policy.levels

    # -- packages
    @classmethod
    def getPackageDir(cls) -> str:
        variable = f"{cls.getPackageName().upper()}_DIR"
        if variable in os.environ:
            return os.environ[variable]
        path = getattr(sys.modules.get(cls.__module__), "__file__", None)
        folder = os.path.dirname(os.path.abspath(path)) if path else os.sep
        while folder != os.path.dirname(folder):
            if any(os.path.isdir(os.path.join(folder, mark)) for mark in _MARKS):
                return folder
            folder = os.path.dirname(folder)
        return super().getPackageDir()

    @classmethod
    def getGen3Instrument(cls) -> Any:
        if cls._gen3instrument is None:
            raise NotImplementedError(f"{cls.__name__} has no Gen3 instrument")
        return cls._gen3instrument

    # -- headers
    @functools.cached_property
    def translator(self) -> HeaderTranslator:
        headers: Any = super().translator
        if self.filterDefinitions is not None:
            headers.filters = (*headers.filters, *(each.ours for each in self.filterDefinitions))
        if type(self.makeRawVisitInfo) is not MakeRawVisitInfo:
            headers.make = self.makeRawVisitInfo
        return headers  # type: ignore[no-any-return]

    def _header_class(self) -> type[HeaderTranslator]:
        cls = self.translatorClass  # it may be one of astro-metadata-translator
        return cls if cls is not None and issubclass(cls, HeaderTranslator) else _Headers

    # -- look-ups, as packages and their tests call them
    def map(self, datasetType: str, dataId: Any, write: bool = False) -> Any:
        """Return the `ButlerLocation` of a dataset, which need not be there.

        Raises
        ------
        NoResults
            If keys are missing that the registry does not supply.
        """
        mapping = self.mappings.get(datasetType)
        if mapping is None or super().hook("map", datasetType) is not None:
            location = super().map(datasetType, dataId, write)
        else:
            full = mapping.need(mapping.keys(), self.validated(dataId))
            root = getattr(mapping.rootStorage, "root", self.root or os.curdir)
            dataset = self.types[datasetType]
            location = self.locate(dataset, self.typed(dataset, full), root)
        return ButlerLocation.of(location, self) if isinstance(location, Location) else location

    def queryMetadata(self, datasetType: str, format: Any, dataId: Any) -> Any:
        """Return the values of some keys that the registry has for a data ID."""
        mapping = self.mappings.get(datasetType)
        if mapping is None or super().hook("query", datasetType) is not None:
            return super().queryMetadata(datasetType, format, dataId)
        wanted = list(mapping.keys()) if format is None else format
        return mapping.lookup(wanted, self.validated(dataId))

    # -- hooks
    def hook(self, kind: str, dataset_type: str) -> Callable[..., Any] | None:
        hook = super().hook(kind, dataset_type)
        if hook is not None or kind != "std":
            return hook
        if type(self)._standardizeExposure is CameraMapper._standardizeExposure:
            return None
        # a camera that standardises exposures in its own way does so with each of them
        mapping = self.exposures.get(dataset_type) or self.calibrations.get(dataset_type)
        return None if mapping is None else functools.partial(mapping.standardize, self)

    # -- paths
    @property
    def maps_paths(self) -> bool:
        return super().maps_paths or self._has_own_paths

    @property
    def _has_own_paths(self) -> bool:
        """Whether the camera's code creates paths: it overrides one of the methods for it."""
        cls = type(self)
        return (
            cls._mapActualToPath is not CameraMapper._mapActualToPath
            or cls._transformId is not CameraMapper._transformId
        )

    def _mapActualToPath(self, template: str, actualId: Mapping[str, Any]) -> str:
        """Return the path of a data ID; cameras override it to show values in another form.

        Raises
        ------
        TemplateError
            If a value does not fit the template. It is a RuntimeError, as Gen2's was.
        """
        try:
            return template % self._transformId(actualId)
        except (TypeError, ValueError, KeyError) as error:
            raise TemplateError(
                f"Failed to format {template!r} with data {dict(actualId)!r}: {told(error)}"
            ) from error

    def locate(
        self,
        dataset: DatasetType,
        full_id: Mapping[str, Any],
        root: str,
        options: Mapping[str, Any] = {},
    ) -> Location:
        if not self._has_own_paths or dataset.template is None:
            return super().locate(dataset, full_id, root, options)
        text = self._mapActualToPath(dataset.template.text, dict(full_id))
        match = _HDU.fullmatch(text)
        path, hdu = (match[1], int(match[2])) if match else (text, None)
        if os.path.isabs(path):
            raise DataIdError(f"Mapped path should not be absolute: {path}")
        if ".." in path.split("/"):
            raise DataIdError(
                f"{dict(full_id)} would result in the path {path!r}, outside the repository"
            )
        return Location(
            root, path, hdu, dataset.storage or "", dataset.python, dataset.name, full_id, options
        )
