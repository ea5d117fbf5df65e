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
from persistence.files import intents
from persistence.policy.dataset_type import DatasetType
from persistence.policy.in_repository import Definition
from persistence.registry import Registry, of_files
from persistence.registry.direct import DirectFiles
from persistence.registry.source import Source

_T = TypeVar("_T")


class Repository:
    """A directory of datasets.

    Parameters
    ----------
    root : `str`
        The directory. Nothing in it is changed by opening it.
    mapper : `type`, `str` or `Mapper`
        The camera: a mapper, its class or its name.
    trust : iterable of `str`
        Dotted names of classes that pickles may hold.
    cfg : `RepositoryCfg`, optional
        How the repository is set up; its policy is laid over the camera's.
    tags : set
        Tagged data IDs see the repository only if they share one.
    parents : sequence of `Repository`
        Where what it lacks is looked for next; the chain sees to that. Without a registry, or
        calibrations, of its own, it has those of the first of its parents that is of the same
        camera.
    calibs : mapping
        Dataset types of calibrations, and where these lie instead.
    mapperArgs : mapping
        For the mapper.

    Attributes
    ----------
    mapper : `Mapper`
        The camera's mapper, which also knows what the repository and its relatives define.
    trust : `frozenset` [`str`]
        Dotted names of classes that pickles may hold, the camera's own among them.
    source : `Source`
        Finds its registry, or a parent's.
    files : `Registry`
        What the names of its files say.
    calibration_source : `CalibrationSource`
        Finds its calibrations, or a parent's.
    told : mapping
        What each reader of a file is told: whom a pickle may make, and who knows the headers.
    direct : `DirectFiles`
        Files that are registered where they lie, outside the repository.
    refusal : callable
        Tells why nothing is written here; an empty text if something may be.
    is_allowed : `bool`
        Whether that was asked, and something may be written.
    inside : `set` [`str`]
        Directories that were seen to lie in the repository, wherever links lead.
    redirects : mapping
        Where files are that a killed writer did not bring to their places.

    Raises
    ------
    CameraNotFound
        If the camera is not installed.
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
            told = {"parentRegistry": parent_registry, "repositoryCfg": cfg}
            mapper = cls(**{"root": self.root, **mapperArgs, **told})
        self.direct = DirectFiles(self.root)
        self.refusal: Callable[[], str] = str
        self.is_allowed = False
        self.inside: set[str] = set()
        try:
            self.redirects = intents.redirects(self.root)
        except RepositoryError as error:  # what is to be read may be whole
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
        self._elsewhere = {name: roots.calibrations_at(place) for name, place in calibs.items()}

    @property
    def registry(self) -> Registry:
        """What supplies the keys that a person left out: as long as there is none, file names."""
        registry = self.source.find()
        return self.files if registry is None else registry

    @property
    def calibrations(self) -> Calibrations:
        """Where calibrations lie, unless `calibrations_of` says otherwise of a type."""
        return self.calibration_source.find()

    def define(self, definition: Definition) -> None:
        """Lay a definition made by this process over those of the camera and the repository."""
        self.vocabulary.define(definition)
        self._use(self.vocabulary.mapper)

    def learn(self, found: Iterable[tuple[Definition, bool]]) -> bool:
        """Take over other repositories' definitions; see `Vocabulary.learn`."""
        learned = self.vocabulary.learn(found)
        self._use(self.vocabulary.mapper)
        return learned

    def _use(self, mapper: Mapper) -> None:
        self.mapper = mapper
        self.told = {"trust": self.trust, "mapper": mapper}

    def serves(self, data_id: Mapping[str, Any]) -> bool:
        """Say whether a data ID may be looked up here.

        It has no tags, or one of the repository's.
        """
        tags = getattr(data_id, "tag", None)
        return not tags or not self.tags.isdisjoint(tags)

    def knows(self, request: Request) -> bool:
        """Say whether the camera, with this repository's policy, has a dataset type."""
        return self.mapper.knows(request.datasetType)

    def __repr__(self) -> str:
        return f"Repository({self.root!r}, {type(self.mapper).__name__})"

    def has(self, name: str) -> bool:
        """Say whether the camera has a dataset type or a view of that name."""
        try:
            self.mapper.request(name)
        except UnknownDatasetType:
            return False
        return True

    def calibrations_of(self, dataset: DatasetType) -> Calibrations:
        """Return where the calibrations of a type lie, with their registry."""
        return self._elsewhere.get(dataset.name, self.calibration_source).find()

    def root_of(self, dataset: DatasetType) -> str:
        """Return the directory that datasets of a type are read from: calibrations have another."""
        return (
            self.root if dataset.section != "calibrations" else self.calibrations_of(dataset).root
        )

    def maps_like(self, other: Repository, known: dict[Source, Source | None]) -> bool:
        """Say whether this repository calls datasets as another does, but for the root.

        A camera that has a ``map_`` hook may do so otherwise. For ``known``, see `Source.owner`.
        """
        owner = self.source.owner(known)
        calibrations = self.calibration_source.owner(known)
        return (
            self.mapper.policy is other.mapper.policy
            and owner is not None  # else each asks its own files
            and owner is other.source.owner(known)
            and calibrations is other.calibration_source.owner(known)
            and type(self.mapper) is type(other.mapper)
            and self.mapper.mapperArgs == other.mapper.mapperArgs
        )


def _first(found: Iterable[_T | None]) -> _T | None:
    """Give the first that is not None."""
    return next((one for one in found if one is not None), None)
