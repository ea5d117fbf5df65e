"""One repository: a root directory, the mapper that knows its layout, and its registry."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from persistence.butler.repository_cfg import RepositoryCfg
from persistence.butler.vocabulary import Vocabulary
from persistence.calibs import choose, roots
from persistence.calibs.choose import Calibrations
from persistence.cameras import installed as cameras
from persistence.cameras.mapper import Mapper
from persistence.composites import references
from persistence.dataids.dataid import DataId
from persistence.dataids.location import Location
from persistence.dataids.request import Request, is_exposure, part_name
from persistence.errors import (
    DataIdError,
    FormatterError,
    IncompleteDataId,
    MissingPartWarning,
    NoResults,
    NoTables,
    PersistenceError,
    RepositoryError,
    UnknownDatasetType,
    UnknownKey,
    did_you_mean,
    warn_caller,
)
from persistence.files import atomic, intents, links
from persistence.formatters import HDU_KEYS, choose_hdu, extensions, formatter
from persistence.formatters.views import READERS
from persistence.policy import storages
from persistence.policy.composites import SKYMAP_KEYS
from persistence.policy.dataset_type import DatasetType
from persistence.policy.in_repository import Definition
from persistence.registry import FilesystemRegistry, Registry, refuse_unknown
from persistence.registry.direct import DirectFiles

if TYPE_CHECKING:
    from persistence.calibs.explain import Explanation

_T = TypeVar("_T")


class Prepared(NamedTuple):
    """A dataset about to be written: where, and what writes an object to a path."""

    location: Location
    write: Callable[[Any, str], None]


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
        parent_registry = _first(parent.registry_to_inherit for parent in relatives)
        if isinstance(mapper, str | type):
            told = {"parentRegistry": parent_registry, "repositoryCfg": cfg}
            mapper = cls(**{"root": self.root, **mapperArgs, **told})
        self._types = "astropy"
        self.direct = DirectFiles(self.root)
        # Why nothing is written here, if that is so; whether it was asked for, and was empty.
        self.refusal: Callable[[], str] = str
        self._is_allowed = False
        self._inside: set[str] = set()  # directories that were seen to lie inside
        # Where files are that a killed writer did not bring to their places.
        try:
            self._redirects = intents.redirects(self.root)
        except RepositoryError as error:  # what is to be read may be whole
            warn_caller(str(error), MissingPartWarning)
            self._redirects = {}
        self._trust = mapper.trusted | set(trust)
        self.vocabulary = Vocabulary(self.root, mapper, self._trust)
        self._use(self.vocabulary.mapper)
        self.tags = frozenset(tags)
        self.parents = tuple(parents)
        inherited = (
            parent.calibrations for parent in relatives if parent.calibrations.registry is not None
        )
        self.calibrations: Calibrations = roots.calibrations(
            self.root, self.mapper, _first(inherited)
        )
        self._elsewhere = {name: roots.calibrations_at(place) for name, place in calibs.items()}
        self.registry_to_inherit: Registry | None = (
            roots.own_registry(self.root, self.mapper) or parent_registry
        )
        self.registry: Registry = self.registry_to_inherit or FilesystemRegistry(self.root)

    def prefer(self, types: str) -> None:
        """Read objects as ``astropy`` or, where these are installed, as ``afw`` has them."""
        self._types = types

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
        # What every reader is told: whom a pickle may make, and who knows the camera's headers.
        self._told = {"trust": self._trust, "mapper": mapper}

    def serves(self, data_id: Mapping[str, Any]) -> bool:
        """Say whether a data ID may be looked up here.

        It has no tags, or one of the repository's.
        """
        tags = getattr(data_id, "tag", None)
        return not tags or not self.tags.isdisjoint(tags)

    def knows(self, request: Request) -> bool:
        """Say whether the camera, with this repository's policy, has a dataset type."""
        return (
            request.datasetType in self.mapper.types
            or ("map", request.datasetType) in self.mapper.hooks
        )

    def __repr__(self) -> str:
        return f"Repository({self.root!r}, {type(self.mapper).__name__})"

    def has(self, name: str) -> bool:
        """Say whether the camera has a dataset type or a view of that name."""
        try:
            self.mapper.request(name)
        except UnknownDatasetType:
            return False
        return True

    # -- look-up
    # -------------------------------------------------------------------------------------

    def lookup(
        self,
        dataset: DatasetType,
        columns: Sequence[str],
        data_id: Mapping[str, Any],
        lenient: bool = False,
    ) -> list[tuple[Any, ...]]:
        """Ask the registry for the distinct values of some columns.

        Keys of the data ID that the registry does not have cannot constrain the answer.

        Parameters
        ----------
        dataset : `DatasetType`
            Whose tables are asked.
        columns : sequence of `str`
            What is wanted, in this order.
        data_id : mapping
            What the rows have to match.
        lenient : `bool`
            Give None for keys that no path needs, and of which the registry has no column.

        Raises
        ------
        UnknownKey
            If the registry has none of the columns, or none of the data ID's keys.
        IncompleteDataId
            If there is nothing to look up in.
        """
        if dataset.section == "calibrations":
            return choose.query(
                dataset, columns, data_id, self.registry, self.calibrations_of(dataset)
            )
        told = self.mapper.policy.values
        if not SKYMAP_KEYS.isdisjoint(columns) or not told.keys().isdisjoint(columns):
            return self._lookup_with_told(dataset, columns, data_id, lenient)
        absent = self._absent(dataset, columns, data_id) if lenient else []
        wanted = [column for column in columns if column not in absent]
        where = self._conditions(dataset, wanted, data_id)
        rows = self.registry.lookup(wanted, where, dataset.tables, template=dataset.template)
        if not absent:
            return rows
        found = (dict(zip(wanted, row, strict=True)) for row in rows)
        return [tuple(row.get(column) for column in columns) for row in found]

    def _absent(
        self, dataset: DatasetType, columns: Sequence[str], data_id: Mapping[str, Any]
    ) -> list[str]:
        """Return the columns that the registry lacks, no path needs and nobody asks to match."""
        if isinstance(self.registry, FilesystemRegistry) or not dataset.tables:
            return []
        there = self.registry.columns(dataset.tables)
        needed = dataset.template.keys if dataset.template is not None else ()
        return [
            column
            for column in columns
            if column not in there and column not in needed and column not in data_id
        ]

    def _lookup_with_told(
        self,
        dataset: DatasetType,
        columns: Sequence[str],
        data_id: Mapping[str, Any],
        lenient: bool,
    ) -> list[tuple[Any, ...]]:
        """Look up all keys but tract and patch, which the data ID needs, and the policy's."""
        told = dict(self.mapper.policy.values)
        for key in columns:
            if key in SKYMAP_KEYS and key not in data_id:
                raise IncompleteDataId(
                    f"Cannot look up skymap key {key!r}; it must be explicitly included in the "
                    "data ID:",
                    dataset.name,
                    data_id,
                )
            if key in data_id and (key in SKYMAP_KEYS or key in told):
                told[key] = (data_id[key],)
        wanted = [column for column in columns if column not in told]
        rows = self.lookup(dataset, wanted, data_id, lenient) if wanted else [()]
        listed = [told[key] for key in columns if key in told]
        found = []
        for row, values in itertools.product(rows, itertools.product(*listed)):
            looked_up, given = iter(row), iter(values)
            found.append(tuple(next(given if key in told else looked_up) for key in columns))
        return found

    def _conditions(
        self, dataset: DatasetType, wanted: Sequence[str], data_id: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Choose the keys of a data ID that can constrain a look-up."""
        if isinstance(self.registry, FilesystemRegistry):
            known = self.registry.columns((), dataset.template)
        elif dataset.tables:
            known = self.registry.columns(dataset.tables)
        else:
            reason = (
                f"needs  {', '.join(wanted)}; the policy names no registry table that could supply "
                "them"
            )
            raise NoTables("Incomplete data ID:", dataset.name, data_id, [reason])
        refuse_unknown(wanted, known, dataset.name, self.registry)
        where = {
            key: value
            for key, value in data_id.items()
            if key in known and (dataset.columns is None or key in dataset.columns)
        }
        strange = {} if where else self.strange(dataset.name, data_id)
        for message in strange.values():
            raise UnknownKey(message)
        return where

    def strange(self, name: str, data_id: Mapping[str, Any]) -> dict[str, str]:
        """Return the keys of a data ID that nothing knows, with what to say of each.

        They are misspelt, and constrain nothing. A mapper without a policy may know any key.

        Parameters
        ----------
        name : `str`
            The dataset type, of which a mapper may tell the keys itself.
        data_id : mapping
            The data ID.
        """
        policy = self.mapper.policy
        strange = [
            key
            for key in data_id
            if key not in policy.keys and key not in policy.aliases and key not in HDU_KEYS.values()
        ]
        own = type(self.mapper).getKeys is not Mapper.getKeys
        if not strange or not (policy.keys or own):
            return {}
        known = {*self.registry.columns(self.registry.tables()), *policy.keys, *policy.aliases}
        known |= {key for dataset in self.mapper.types.values() for key in dataset.keys}
        if own:
            known |= set(self.mapper.getKeys(name, None) or ())
        nowhere = f"is known to no dataset type and no registry of {self.root}"
        return {
            key: f"data ID key {key!r} {nowhere}{did_you_mean(key, known)}"
            for key in strange
            if key not in known
        }

    def complete(self, dataset: DatasetType, data_id: Mapping[str, Any]) -> DataId:
        """Supply the keys that a person left out.

        See `Mapper.complete` and `calibrations.complete`.
        """
        try:
            if dataset.section == "calibrations":
                full_id = self.mapper.typed(dataset, data_id)
                source = self.calibrations_of(dataset)
                found = choose.complete(dataset, full_id, self.mapper, self.registry, source)
                dict.update(full_id, found)  # what a registry gives is plain
                return full_id
            return self.mapper.complete(dataset, data_id, self._supply)
        except UnknownKey as error:
            missing = [key for key in dataset.keys if key not in data_id]
            reason = f"needs  {', '.join(missing)}"
            raise IncompleteDataId(
                "Incomplete data ID:", dataset.name, data_id, [reason, str(error)]
            ) from error

    def _supply(
        self, dataset: DatasetType, columns: Sequence[str], data_id: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Look up keys that a data ID lacks.

        Raises
        ------
        IncompleteDataId
            If the registry has the row, but does not know what the path needs.
        """
        rows = self.lookup(dataset, columns, data_id, lenient=True)
        if len(rows) == 1 and None in rows[0]:
            known = zip(columns, rows[0], strict=True)
            full_id = {**data_id, **{key: value for key, value in known if value is not None}}
            missing = self.mapper.needs(dataset, full_id)
            if missing:
                reason = f"needs  {', '.join(missing)}, which is NULL in {self.registry.path}"
                raise IncompleteDataId("Incomplete data ID:", dataset.name, data_id, [reason])
        return rows

    def explain(self, request: Request, data_id: Mapping[str, Any]) -> Explanation:
        """Explain which calibration a data ID gets, and why not another."""
        from persistence.calibs import explain  # only who asks why needs it

        dataset = self.mapper.dataset(request)
        full_id = self.mapper.typed(dataset, data_id)
        return explain.explain(
            dataset, full_id, self.mapper, self.registry, self.calibrations_of(dataset)
        )

    # -- locations
    # -----------------------------------------------------------------------------------

    def expect(
        self,
        request: Request,
        data_id: Mapping[str, Any],
        write: bool = False,
        options: Mapping[str, Any] = {},
    ) -> Location:
        """Say where a dataset would lie, whether or not it is there."""
        mapped = self.mapper.hook("map", request.datasetType)
        if mapped is not None:
            result = mapped(self.mapper.validate(data_id), write)
            return self._located(request, result, data_id, options)
        dataset = self.mapper.dataset(request)
        full_id = self.complete(dataset, data_id)
        location = self.mapper.locate(dataset, full_id, self._top(dataset, write), options)
        hdu_keys = dataset.template.hdu_keys if dataset.template is not None else ()
        if hdu_keys and not full_id.keys() >= set(hdu_keys):
            located = self.found(location)  # the HDU was only guessed
            location = location if located is None else extensions.of_detector(located, self.mapper)
        return choose_hdu(location, self.mapper.policy.keys)

    def calibrations_of(self, dataset: DatasetType) -> Calibrations:
        """Give where the calibrations of a type lie, with their registry."""
        return self._elsewhere.get(dataset.name, self.calibrations)

    def _top(self, dataset: DatasetType, write: bool = False) -> str:
        return (
            self.root
            if write or dataset.section != "calibrations"
            else self.calibrations_of(dataset).root
        )

    def maps_like(self, other: Repository) -> bool:
        """Say whether this repository calls every dataset as another does, but for the root."""
        return (
            self.mapper.policy is other.mapper.policy
            and self.registry is other.registry
            and self.calibrations.registry is other.calibrations.registry
            and type(self.mapper) is type(other.mapper)
            and self.mapper.mapperArgs == other.mapper.mapperArgs
            and not any(kind == "map" for kind, _ in self.mapper.hooks)
        )

    def adopted(self, request: Request, location: Location, options: Mapping[str, Any]) -> Location:
        """Give here what a repository that maps alike expects there."""
        told = {**options, **self._told} if options else self._told
        return Location(self._top(self.mapper.dataset(request)), *location[1:-1], told)

    def _located(
        self, request: Request, mapped: Any, data_id: Mapping[str, Any], options: Mapping[str, Any]
    ) -> Location:
        """Take what a ``map_`` hook gives; the type that it names may be made from a pickle."""
        if not mapped:
            raise NoResults(
                "No locations:", request.name, data_id, [f"{type(self.mapper).__name__} gives none"]
            )
        location: Location = (
            mapped if isinstance(mapped, Location) else mapped.located(self.root, request.name)
        )
        trust = {location.python, *options.get("trust", ())} - {None}
        return location._replace(options={**options, **location.options, "trust": trust})

    def mapped(
        self, request: Request, data_id: Mapping[str, Any], options: Mapping[str, Any] = {}
    ) -> Location:
        """Say where a dataset would be read; ``options`` are for its reader."""
        return self.expect(
            request, data_id, options={**options, **self._told} if options else self._told
        )

    def found(self, location: Location) -> Location | None:
        """Return a location if its file is there, perhaps compressed."""
        if storages.find(location.storage, location.python) is None:
            return None
        if location.path in self._redirects:
            path = self._redirects[location.path]
        else:
            path = atomic.find(location.root, location.path)
        if path is None:
            references.refuse_gone(location.full_path)
            direct = self.direct.locate(location) if self.direct.is_there else None
            return direct if direct and os.access(direct.full_path, os.F_OK) else None
        if path != location.path:
            location = location._replace(path=path)
        references.check(location.full_path)
        return location

    def lying(self, location: Location) -> Location:
        """Return where a file lies that is registered outside the repository; others as they are.

        It need not be there.
        """
        if not (self.direct.is_there or self.direct.has_appeared()):
            return location
        if atomic.find(location.root, location.path) is not None:
            return location
        return self.direct.locate(location) or location

    def is_written(self, request: Request, data_id: Mapping[str, Any]) -> bool:
        """Check whether a dataset is in the file that it would be written to."""
        try:
            location = self.expect(request, data_id, write=True)
        except NoResults:
            return False
        return self.found(location) is not None

    def bypass(self, request: Request, data_id: Mapping[str, Any]) -> Any:
        """Ask the camera's ``bypass_`` hook, which has to be there.

        It makes an object without a file.
        """
        name = request.name
        made = self.mapper.hook("bypass", name)
        assert made is not None
        dataset = self.mapper.dataset(request)
        full_id = self.mapper.typed(dataset, data_id)
        location = Location(self.root, "", None, "ignored", dataset.python, name, full_id)
        return made(name, dataset.python, location, full_id)

    # -- reading and writing
    # -------------------------------------------------------------------------

    def read(self, request: Request, location: Location) -> Any:
        """Read what lies at a location: the dataset, or a view of it."""
        references.check(location.full_path)
        location = extensions.of_detector(location, self.mapper)
        view = READERS.get(request.view or "")
        if view is not None:
            return view(location, self.mapper)
        if self._types == "afw":
            from persistence.formatters import stack_classes  # only who has the stack needs it

            cls = stack_classes.reader(location)
            if cls is not None:
                return stack_classes.read(cls, location)
        return formatter(location.storage, location.python).read(location)

    def write(
        self,
        request: Request,
        obj: Any,
        data_id: Mapping[str, Any],
        backup: bool = False,
        durable: bool = True,
    ) -> Location:
        """Write a dataset, whole or not at all, and to the disk if it is ``durable``.

        Raises
        ------
        RepositoryError
            If the directory cannot be written to, or is full.
        FormatterError
            If the policy's storage cannot hold the object.
        """
        location, write = self.prepare(request, data_id)
        with self.telling(location):
            if backup:
                atomic.back_up(location.full_path)
            was_reference = os.path.islink(location.full_path)
            intents.sweep_once(os.path.dirname(location.full_path), (self.root,))
            with atomic.atomic_write(location.full_path, durable) as temporary:
                write(obj, temporary)
            if was_reference:
                references.forget(location.full_path)
        return location

    def refuse_writing(self) -> None:
        """Refuse to write here if nothing is to be written.

        Raises
        ------
        RepositoryError
            If the data lie outside of the repository, or it is another user's.
        """
        refusal = "" if self._is_allowed else self.refusal()
        if refusal:
            raise RepositoryError(refusal)
        self._is_allowed = True

    def finish_abandoned(self) -> None:
        """Finish, or undo, what killed writers were about to do here."""
        intents.recover(self.root)
        self._redirects = {}

    def prepare(self, request: Request, data_id: Mapping[str, Any]) -> Prepared:
        """Say where a dataset would be written, and how."""
        dataset = self.mapper.dataset(request)
        location = self._place_to_write(request, data_id)
        told = {**location.options, **self.mapper.write_options(dataset, location.dataId)}
        trust = self._trust | set(told.get("trust", ()))
        location = location._replace(options={**told, "trust": trust})
        writer = formatter(location.storage, location.python)
        return Prepared(location, lambda obj, path: writer.write(obj, path, location))

    @staticmethod
    @contextlib.contextmanager
    def telling(location: Location) -> Iterator[None]:
        """Say of a failure to write which file it was."""
        try:
            yield
        except OSError as error:
            if isinstance(error, PersistenceError):
                raise
            raise RepositoryError(
                f"cannot write {location.full_path}: {error.strerror or error}"
            ) from error

    def _place_to_write(self, request: Request, data_id: Mapping[str, Any]) -> Location:
        self.refuse_writing()
        dataset = self.mapper.dataset(request)
        if request.view is not None:
            raise DataIdError(f"{request.name} is a view: put {request.datasetType} itself")
        if part_name(dataset.python) is not None:
            self._refuse_part(dataset)
        known = self.mapper.typed(dataset, data_id)
        missing = [
            key for key in (dataset.template.keys if dataset.template else ()) if key not in known
        ]
        if missing and isinstance(self.registry, FilesystemRegistry):
            # The only file that fits would be found, and overwritten (trap T17).
            reason = f"needs  {', '.join(missing)}; to write, file names do not supply it"
            raise IncompleteDataId("Incomplete data ID:", dataset.name, data_id, [reason])
        location = self.expect(request, data_id, write=True)
        if location.hdu is not None:
            raise FormatterError(
                f"{dataset.name} is one HDU ({location.hdu}) of {location.path}, which holds "
                "others too: it cannot be put alone"
            )
        if os.path.isdir(location.full_path):
            raise FormatterError(
                f"{dataset.name}: {location.full_path} is a directory; nothing can be put there"
            )
        self._refuse_outside(os.path.dirname(location.full_path), location.root)
        return location

    def _refuse_outside(self, directory: str, root: str) -> None:
        """Refuse to write through a link to a directory that does not lie in the repository."""
        if directory in self._inside:
            return
        if not links.lies_in(directory, root):
            raise RepositoryError(
                f"{directory} leads to {os.path.realpath(directory)}, outside of the repository "
                f"{root}: nothing is written there"
            )
        self._inside.add(directory)

    def _refuse_part(self, dataset: DatasetType) -> None:
        """Refuse to write a part of an exposure where the exposure lies."""
        for other in self.mapper.types.values():
            if other.template == dataset.template and is_exposure(other):
                raise FormatterError(
                    f"{dataset.name} is a part of {other.name}, whose file it would replace: put "
                    f"{other.name}, or give {dataset.name} a template of its own ({dataset.source})"
                )


def _first(found: Iterable[_T | None]) -> _T | None:
    """Give the first that is not None."""
    return next((one for one in found if one is not None), None)
