"""One repository: a root directory, the mapper that knows its layout, and its registry."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from persistence.butler.repository_cfg import RepositoryCfg
from persistence.butler.vocabulary import Vocabulary
from persistence.calibs import roots
from persistence.calibs.choose import Calibrations
from persistence.cameras import installed as cameras
from persistence.cameras.mapper import Mapper
from persistence.dataids.request import Request
from persistence.errors import (
    MissingPartWarning,
    RepositoryError,
    UnknownDatasetType,
    warn_caller,
)
from persistence.files import intents, mirrors
from persistence.policy.dataset_type import DatasetType
from persistence.policy.in_repository import Definition
from persistence.registry import Registry, of_files
from persistence.registry.direct import DirectFiles
from persistence.registry.source import Source

_T = TypeVar("_T")


class Repository:
    """A directory of datasets, with the camera that knows its layout.

    Parameters
    ----------
    root : `str`
        The directory. Opening it changes nothing in it.
    mapper : `type`, `str` or `Mapper`
        The camera: a mapper, its class or its name.
    trust : iterable of `str`
        Dotted names of classes that pickles may contain.
    cfg : `RepositoryCfg`, optional
        The configuration; its policy takes precedence over the camera's.
    tags : set
        A data ID with tags only uses the repository if they share a tag.
    parents : sequence of `Repository`
        Repositories that the chain searches after this one. If this repository has no registry,
        or no calibrations, it uses those of the first parent with the same camera.
    calibs : mapping
        Calibration dataset types with directories of their own.
    mapperArgs : mapping
        Arguments for the mapper.

    Attributes
    ----------
    mapper : `Mapper`
        The camera's mapper, including the definitions of the repository and its relatives.
    trust : `frozenset` [`str`]
        Dotted names of classes that pickles may contain, including the camera's own.
    source : `Source`
        Finds the registry, its own or a parent's.
    files : `Registry`
        The registry made of its file names.
    calibration_source : `CalibrationSource`
        Finds the calibrations, its own or a parent's.
    reader_options : mapping
        Options for all readers of files: trusted classes, and the mapper.
    direct : `DirectFiles`
        Files that are registered outside the repository.
    refusal : callable
        Returns why nothing is written here; an empty string if writing is allowed.
    is_allowed : `bool`
        Whether `refusal` was called and writing is allowed.
    inside : `set` [`str`]
        Directories known to be inside the repository, wherever links lead.
    redirects : mapping
        Files that a killed writer left at other paths.

    Raises
    ------
    CameraNotFound
        If the camera is not installed.

    Examples
    --------
    >>> from persistence import Repository
    >>> repository = Repository("/data/repo", "lsst.obs.decam.DecamMapper")
    >>> repository.has("calexp_md"), repository.has("calxep")
    (True, False)
    """

    def __init__(
        self,
        root: str,
        mapper: Any,
        trust: Sequence[str] = (),
        cfg: RepositoryCfg | None = None,
        tags: Collection[Any] = (),
        parents: Sequence[Repository] = (),
        calibs: Mapping[str, str] = {},
        mapperArgs: Mapping[str, Any] = {},
    ) -> None:
        self.root = os.path.abspath(root)
        cls = cameras.camera(mapper)
        relatives = [parent for parent in parents if type(parent.mapper) is cls]
        if isinstance(mapper, str | type):
            parent_registry = _first(parent.source.find() for parent in relatives)
            arguments = {"parentRegistry": parent_registry, "repositoryCfg": cfg}
            mapper = cls(**{"root": self.root, **mapperArgs, **arguments})
        self.direct = DirectFiles(self.root)
        self.refusal: Callable[[], str] = str
        self.is_allowed = False
        self.inside: set[str] = set()
        try:
            self.redirects = intents.redirects(self.root)
        except RepositoryError as error:  # reading must not fail because of that
            warn_caller(str(error), MissingPartWarning)
            self.redirects = {}
        self.trust = mapper.trusted | set(trust)
        self.vocabulary = Vocabulary(self.root, mapper, self.trust)
        self._use(self.vocabulary.mapper)
        self.tags = frozenset(tags)
        self.parents = tuple(parents)
        self.source: Source = Source(
            self.root, self.mapper.mapperArgs, parents=[parent.source for parent in relatives]
        )
        self.files: Registry = of_files(self.root)
        self.calibration_source: roots.CalibrationSource = roots.calibrations(
            self.root, self.mapper, [parent.calibration_source for parent in relatives]
        )
        self._elsewhere = {
            name: roots.calibrations_at(directory) for name, directory in calibs.items()
        }

    @property
    def registry(self) -> Registry:
        """The registry, which supplies missing keys; if there is none, the file names."""
        registry = self.source.find()
        return self.files if registry is None else registry

    @property
    def calibrations(self) -> Calibrations:
        """The calibrations and their registry; for a single type, see `calibrations_of`."""
        return self.calibration_source.find()

    def define(self, definition: Definition) -> None:
        """Add a definition made by this process to those of the camera and the repository.

        Parameters
        ----------
        definition : `persistence.policy.in_repository.Definition`
            The definition.
        """
        self.vocabulary.define(definition)
        self._use(self.vocabulary.mapper)

    def register(self, definitions: Iterable[tuple[Definition, bool]]) -> bool:
        """Register definitions of other repositories; see `Vocabulary.register`.

        Parameters
        ----------
        definitions : iterable of `tuple`
            Definitions, each with whether its author is unknown.

        Returns
        -------
        added : `bool`
            Whether any of them was unknown here.
        """
        registered = self.vocabulary.register(definitions)
        self._use(self.vocabulary.mapper)
        return registered

    def _use(self, mapper: Mapper) -> None:
        self.mapper = mapper
        self.reader_options = {"trust": self.trust, "mapper": mapper}

    def serves(self, data_id: Mapping[str, Any]) -> bool:
        """Return whether a data ID may use this repository: it has no tags, or shares one.

        Parameters
        ----------
        data_id : mapping
            The data ID.

        Returns
        -------
        serves : `bool`
            Whether it may.
        """
        tags = getattr(data_id, "tag", None)
        return not tags or not self.tags.isdisjoint(tags)

    def knows(self, request: Request) -> bool:
        """Return whether the camera, with this repository's policy, has a dataset type.

        Parameters
        ----------
        request : `persistence.dataids.request.Request`
            The dataset type.

        Returns
        -------
        knows : `bool`
            Whether it has.
        """
        return self.mapper.knows(request.datasetType)

    def __repr__(self) -> str:
        return f"Repository({mirrors.shown(self.root)!r}, {type(self.mapper).__name__})"

    def has(self, name: str) -> bool:
        """Return whether the camera has a dataset type or a view of that name.

        Parameters
        ----------
        name : `str`
            The name of a dataset type or a view.

        Returns
        -------
        has : `bool`
            Whether it has.
        """
        try:
            self.mapper.request(name)
        except UnknownDatasetType:
            return False
        return True

    def calibrations_of(self, dataset: DatasetType) -> Calibrations:
        """Return the directory of calibrations of a type, with its registry.

        Parameters
        ----------
        dataset : `persistence.policy.dataset_type.DatasetType`
            The dataset type.

        Returns
        -------
        calibrations : `persistence.calibs.calibrations.Calibrations`
            The directory and the registry.
        """
        return self._elsewhere.get(dataset.name, self.calibration_source).find()

    def root_of(self, dataset: DatasetType) -> str:
        """Return the directory of the datasets of a type; calibrations have their own.

        Parameters
        ----------
        dataset : `persistence.policy.dataset_type.DatasetType`
            The dataset type.

        Returns
        -------
        root : `str`
            The directory.
        """
        return (
            self.root if dataset.section != "calibrations" else self.calibrations_of(dataset).root
        )

    def maps_like(self, other: Repository, known: dict[Source, Source | None]) -> bool:
        """Return whether another repository has the same layout, apart from the root.

        A camera with a ``map_`` hook may use another one. For ``known``, see `Source.owner`.

        Parameters
        ----------
        other : `Repository`
            The other repository.
        known : `dict`
            The results of `Source.owner` so far.

        Returns
        -------
        same : `bool`
            Whether it has.
        """
        owner = self.source.owner(known)
        calibrations = self.calibration_source.owner(known)
        return (
            self.mapper.policy is other.mapper.policy
            and owner is not None  # otherwise each uses its own file names
            and owner is other.source.owner(known)
            and calibrations is other.calibration_source.owner(known)
            and type(self.mapper) is type(other.mapper)
            and self.mapper.mapperArgs == other.mapper.mapperArgs
        )


def _first(values: Iterable[_T | None]) -> _T | None:
    """Return the first value that is not None."""
    return next((value for value in values if value is not None), None)
