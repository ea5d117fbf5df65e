"""The Butler: read and write datasets by dataset type and data ID."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from persistence import notebook
from persistence.butler import arguments, locate, patches, query, repository_cfg, selecting
from persistence.butler.answers import TypeNames, Values
from persistence.butler.chain import Chain
from persistence.butler.define import Definer
from persistence.butler.get import Reader
from persistence.butler.lookup import explained
from persistence.butler.options import take
from persistence.butler.plan import NO_PLAN, Plan
from persistence.butler.provenance import recorder
from persistence.butler.put import Writer
from persistence.butler.query import Matching
from persistence.butler.refusal import refuse, warn_strange
from persistence.butler.subset import ButlerDataRef, ButlerSubset
from persistence.cameras import faces
from persistence.cameras.installed import find, names_of_given, remember
from persistence.cameras.mapper import Mapper
from persistence.composites.cache import ComponentCache
from persistence.dataids.dataid import DataId, as_given, as_tags
from persistence.dataids.request import Request
from persistence.errors import (
    AliasError,
    DataIdError,
    NoResults,
    PolicyError,
    RepositoryError,
    UnknownArgument,
    UnknownKey,
)
from persistence.files import mirrors
from persistence.notebook import Html

if TYPE_CHECKING:
    import numpy as np

    from persistence.butler.asking.inventory import Inventory
    from persistence.butler.asking.rows import Rows
    from persistence.butler.datasetnames import (
        Boxes,
        Catalogs,
        Configs,
        Images,
        Lengths,
        Metadata,
        SkyMaps,
        Tables,
        Texts,
        Visits,
    )
    from persistence.butler.ids import Ids
    from persistence.butler.provenance.origin import Origin
    from persistence.butler.provenance.stale import Stale
    from persistence.butler.provenance.trees import Trees
    from persistence.butler.repository import Repository
    from persistence.butler.sky.sky import Sky
    from persistence.calibs.explain import Explanation
    from persistence.dataids.expression import Expression
    from persistence.dataids.location import Location
    from persistence.sky.regions import Box as SkyBox
    from persistence.sky.regions import Circle, Polygon
    from persistence.skymap.base import SkyMap
    from persistence.types.exposure.camera import Camera
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.exposure.visitinfo import VisitInfo
    from persistence.types.metadata.config import Config
    from persistence.types.metadata.property import PropertySet
    from persistence.types.pixels.box import Box
    from persistence.types.table.catalog import Catalog
    from persistence.types.table.parquet import ParquetTable


class Butler:
    """Read and write the datasets of one repository, or of a chain of repositories.

    Parameters
    ----------
    root : path, optional
        The repository to read and to write: a path, or a name from your configuration file
        (doc/shell.rst). Its parents are read after it. Default: the current directory.
    mapper : `type`, `str` or `Mapper`, optional
        The camera: a mapper, its class, its name (which is imported), or a camera's YAML file.
        Default: the mapper that the repository, or one of its parents, names.
    inputs, outputs : `RepositoryArgs`, mapping, path, or several of them, optional
        Repositories to read and repositories to write, instead of ``root``. An output of mode
        ``rw`` is also read, before the inputs. New outputs get the inputs as their parents.
    trust : `str` or iterable of `str`
        Dotted names of classes that may be created from the repositories' pickles, and of mappers
        that repositories may name although no installed package announces them.
    calibs : mapping, optional
        Directories of single calibration dataset types, each with its
        ``calibRegistry.sqlite3``: ``{'bias': 'calibsA', 'flat': 'calibsB'}``. All other
        calibrations are read from ``calibRoot``. Relative paths are resolved against the
        repository and against the current directory.
    cache : `bool`
        Whether components shared by several datasets (a WCS, a PSF) are read once and returned as
        the same object.
    types : `str`, optional
        The classes of the objects that `get` returns. ``astropy`` (the default of this class):
        classes of astropy, numpy and this package; ``gen2`` (the default of
        ``lsst.daf.persistence.Butler``): the same objects with afw's method names; ``afw``: for
        FITS files, the classes of the LSST stack that the policy names, where they are installed.
        `put` accepts objects of all three kinds.
    durable : `bool`
        Whether a dataset is flushed to the disk before `put` returns, so that a power cut cannot
        lose it. This costs some milliseconds per dataset; outputs that can be recomputed may do
        without.
    mode : `str`
        ``r`` opens ``root`` for reading only. Inputs and outputs have their own modes.
    force : `bool`
        Whether to write into repositories that belong to other users and are not shared with you.
    record : `bool` or `str`
        Whether the provenance of written datasets is recorded: True records the size and
        modification time of each input, ``"digest"`` also the SHA-256 digest of its content. See
        `recording`, `why`, and doc/provenance.rst.
    pins : mapping or False, optional
        For dataset types, or shell patterns of some, the repository in which they are looked up, or
        several, in order: ``{'src': 'repo/rerun/a', 'deepCoadd*': ['repo/rerun/b', 'repo']}``. Such
        a repository and its parents are searched, and nothing else; it need not be in the chain.
        They precede the pins that repositories keep in their settings (``persistence pin``); False
        ignores these, too. See doc/keeping.rst.
    **mapperArgs
        Arguments for the mapper and its repository: ``calibRoot``, the directory of the
        calibrations; ``calibRegistry`` and ``registry``, for registries with unusual names; and
        whatever else the camera's class accepts.

    Attributes
    ----------
    cache : `persistence.composites.cache.ComponentCache`
        The shared components; ``cache.info()`` counts hits and misses.

    Raises
    ------
    RepositoryError
        If a directory is not a repository, or cannot be used as requested, or an output belongs
        to another user (with ``root`` alone, the first `put` raises this error).
    UnknownArgument
        If a keyword is accepted neither by the Butler nor by the mapper.
    UnknownDatasetType
        If ``calibs`` names an unknown dataset type, or one that is not a calibration; or ``pins``
        one that is unknown.

    Notes
    -----
    Opening and reading a repository changes nothing in it. A data ID may be passed as a mapping,
    as keywords, or as both: ``get('calexp', {'visit': 123456}, ccdnum=42)``. The names of the
    methods are those of Gen2's ``lsst.daf.persistence.Butler`` (doc/gen2/gen2-core.md).

    Examples
    --------
    >>> import tempfile
    >>> from persistence import Butler
    >>> folder = tempfile.TemporaryDirectory()
    >>> butler = Butler(folder.name, mapper="lsst.obs.decam.DecamMapper")
    >>> butler.getKeys("calexp")
    {'visit': <class 'int'>, 'ccdnum': <class 'int'>}
    >>> butler.datasetExists("calexp", visit=123456, ccdnum=42)
    False
    >>> butler.defineDataset("note", template="note-%(visit)07d.yaml", storage="YamlStorage")
    >>> butler.put({"seeing": 1.1}, "note", visit=123456)
    >>> butler.get("note", visit=123456)
    {'seeing': 1.1}
    >>> folder.cleanup()
    """

    GENERATION = 2
    default_types: ClassVar[str] = "astropy"
    # The only repository that is read, of a Butler that ``repo=`` selects.
    _only: str | None = None

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        mapper: Any = None,
        inputs: Any = None,
        outputs: Any = None,
        trust: Iterable[str] = (),
        calibs: Mapping[str, str] | None = None,
        cache: bool = True,
        types: str | None = None,
        durable: bool = True,
        mode: str = "rw",
        force: bool = False,
        record: bool | Literal["digest"] = False,
        pins: Mapping[str, Any] | Literal[False] | None = None,
        **mapperArgs: Any,
    ) -> None:
        self._aliases: dict[str, str] = {}
        self.cache = ComponentCache() if cache else ComponentCache(0)
        # Copies: a Butler rebuilt in another process does not depend on later changes by the
        # caller, or of the current directory.
        self._arguments, self._chain = arguments.open_repositories(
            root, mapper, inputs, outputs, trust, calibs, mode, force, mapperArgs, pins
        )
        self._types = faces.check(self.default_types if types is None else types)
        self._durable, self._mode, self._force, self._record = durable, mode, force, record
        # The last recorder is the active one, that of the innermost `recording` block.
        self._recorders = [recorder.of_script(record)] if record else []
        self._use(Definer(self._chain).register_all())
        self._defined: list[tuple[str, str, dict[str, Any]]] = []
        self._staged: dict[str, str] = {}

    def _use(self, chain: Chain) -> None:
        """Use a chain of repositories from now on."""
        self._chain = chain
        self._reader = Reader(chain, self.cache, self._types)
        self._definer = Definer(chain)
        self._writer = Writer(chain, self._reader, self._definer, self._durable, self._recorders)
        # Compiled look-ups by the name that was requested; see `persistence.butler.plan`.
        self._plans: dict[str, Plan] = {}
        # Butlers of single repositories; see `_in`.
        self._single: dict[Repository, Butler] = {}

    def __repr__(self) -> str:
        return f"Butler({', '.join(repr(repository) for repository in self._chain.inputs)})"

    @notebook.shows
    def _repr_html_(self) -> Html:
        from persistence.butler import shown  # lazy: only notebooks need it

        return shown.butler(self._chain, self.index)

    def __reduce__(self) -> tuple[Any, ...]:
        cache = self.cache.limit > 0
        preferences = cache, self._types, self._durable, self._mode, self._force, self._record
        used = {type(repository.mapper) for repository in self._chain.every}
        # a new process does not know the cameras that the caller passed to other Butlers
        cameras = names_of_given(used)
        return _rebuild, (
            self._arguments, self._aliases, preferences, self._defined, self._staged, cameras,
            type(self), self._only,
        )  # fmt: skip

    @property
    def chain(self) -> Chain:
        """The repositories, in the order in which they are searched."""
        return self._chain

    # -- dataset types, keys and data IDs
    # -------------------------------------------------------------------------------

    @staticmethod
    def getMapperClass(
        root: str | os.PathLike[str], trust: Iterable[str] = ()
    ) -> type[Mapper] | None:
        """Return the mapper class of a repository.

        Parameters
        ----------
        root : path
            The root directory of the repository.
        trust : iterable of `str`
            Dotted names of mappers that may be imported although no installed package announces
            them, as for `Butler`.

        Returns
        -------
        mapper : `type` or None
            The class; None if the directory is not a repository, or names no mapper.

        Raises
        ------
        CameraNotFound
            If the mapper is not installed, or not trusted.
        """
        cfg = repository_cfg.read(mirrors.directory(os.fspath(root)))
        return None if cfg is None or cfg.mapper is None else find(cfg.mapper, tuple(trust))

    def defineAlias(self, alias: str, datasetType: str) -> None:
        """Define ``@alias`` as another name of a dataset type, or of a part of its name.

        Parameters
        ----------
        alias : `str`
            The alias, with or without the leading ``@``.
        datasetType : `str`
            The text that replaces it in names of dataset types.

        Raises
        ------
        AliasError
            If either text is malformed, or the alias is a prefix of another alias or has another
            one as its prefix: names could then be read in two ways.
        """
        if "@" in alias[1:]:
            raise AliasError(f"Badly formatted alias string: {alias}")
        if "@" in datasetType:
            raise AliasError(f"Badly formatted type string: {datasetType}")
        alias = alias if alias.startswith("@") else f"@{alias}"
        for known in self._aliases:
            if known.startswith(alias) or alias.startswith(known):
                raise AliasError(f"Alias: {alias} overlaps with existing alias: {known}")
        self._aliases[alias] = datasetType
        self._plans.clear()
        self._single.clear()

    def defineDataset(
        self,
        name: str,
        template: str | None = None,
        storage: str | None = None,
        python: Any = None,
        composite: Mapping[str, Any] | None = None,
        section: str = "datasets",
        **keys: Any,
    ) -> None:
        """Define a dataset type, as an entry in a camera's policy would.

        The definition is recorded in the output repositories, so that they can be read later
        without this call.

        Parameters
        ----------
        name : `str`
            The dataset type, or a stage of one (``calexp:jointcal``). ``blue(src)`` defines
            ``blue`` with the entries of ``src`` as defaults.
        template : `str`, optional
            The path template, such as ``wcs/%(tract)d/wcs-%(visit)07d_%(ccdnum)02d.fits``.
        storage : `str`, optional
            The storage name, such as ``FitsStorage``.
        python : `type` or `str`, optional
            The type of the dataset, or its dotted name.
        composite : mapping, optional
            The components of a composite: for each, its dataset type, or a mapping with the fields
            of `persistence.policy.dataset_type.Component`.
        section : `str`
            The policy section of the dataset type: ``exposures``, for example, have views such as
            ``_wcs``.
        **keys
            Further policy entries of the dataset type: ``tables``, ``assembler``, ``disassembler``,
            ``keys``.

        Raises
        ------
        PolicyError
            If the definition is invalid, or the dataset type is already defined differently; the
            message shows both definitions.
        """
        if not isinstance(composite, Mapping | None):
            raise PolicyError(
                f"{name}: composite must be a mapping of components, not {composite!r}"
            )
        parts = {
            component: {"datasetType": part} if isinstance(part, str) else part
            for component, part in (composite or {}).items()
        }
        entries = {
            "template": template,
            "storage": storage,
            "python": python,
            "composite": parts or None,
            **keys,
        }
        self._use(self._definer.define(name, section, entries))
        self._defined.append((name, section, entries))

    def defineStage(self, datasetType: str, stage: str) -> None:
        """Define which stage the plain name of a dataset type refers to.

        After ``defineStage('calexp', 'jointcal')``, ``calexp`` refers to ``calexp:jointcal``, also
        for later users of the outputs. Components of composites are not affected: they name their
        stage themselves.

        Parameters
        ----------
        datasetType : `str`
            The dataset type, without a stage.
        stage : `str`
            The stage, defined in the policy or by `defineDataset`.

        Raises
        ------
        UnknownDatasetType
            If the dataset type has no such stage.
        """
        self._use(self._definer.stage(datasetType, stage))
        self._staged[datasetType] = stage

    def getKeys(
        self, datasetType: str | None = None, level: str | None = None, tag: Any = None
    ) -> dict[str, type] | None:
        """Return the keys of a dataset type's data IDs, with their types.

        Parameters
        ----------
        datasetType : `str`, optional
            The dataset type. Default: all keys that the camera knows.
        level : `str`, optional
            Omit the keys that do not count at this level (``visit``, ``sensor``, ...); ``""`` is
            the camera's default level.
        tag : optional
            Only ask repositories with one of these tags.

        Returns
        -------
        keys : `dict` [`str`, `type`] or None
            Key to type; None if no repository knows the dataset type.

        Raises
        ------
        UnknownDatasetType
            If the dataset type is unknown.
        """
        _check_level(level, datasetType)
        family = self._chain.family(datasetType) if isinstance(datasetType, str) else {}
        if family:
            every = [self.getKeys(each, level, tag) or {} for each in family.values()]
            return {"flavour": str, **{key: kind for one in every for key, kind in one.items()}}
        name = None if datasetType is None else self.request(datasetType).datasetType
        return query.keys(self._chain, name, level, DataId(tag=tag))

    def getDatasetTypes(self, tag: Any = None) -> TypeNames:
        """Return the dataset types and their views (``calexp_md``), as `get` accepts them.

        Parameters
        ----------
        tag : optional
            Only ask repositories with one of these tags.

        Returns
        -------
        names : `persistence.butler.answers.TypeNames`
            A set that iterates in order; ``types`` has the dataset types alone, and ``views`` the
            views of each.
        """
        names: set[str] = set()
        views: dict[str, str] = {}
        for repository in self._chain.tagged(DataId(tag=tag)):
            mapper = repository.mapper
            names.update(mapper.getDatasetTypes())
            requests = map(mapper.request, names - views.keys() - mapper.types.keys())
            views.update(
                (view.name, view.datasetType) for view in requests if view.view is not None
            )
        return TypeNames(names, views)

    def default_sub_level(self, level: str) -> str | None:
        """Return the camera's level below a level, or None if there is none.

        Parameters
        ----------
        level : `str`
            A level.

        Returns
        -------
        level : `str` or None
            The level below it.

        Raises
        ------
        RepositoryError
            If the cameras of the chain disagree.
        """
        below = {repository.mapper.getDefaultSubLevel(level) for repository in self._chain.inputs}
        if len(below) > 1:
            raise RepositoryError(
                "Support for multiple levels not implemented: the cameras disagree"
            )
        return below.pop() if below else None

    def queryMetadata(
        self, datasetType: str, format: Any, dataId: Mapping[str, Any] = {}, **rest: Any
    ) -> Values:
        """Return the values of keys in the registry, for data IDs that match.

        Parameters
        ----------
        datasetType : `str`
            The dataset type whose registry tables are queried.
        format : `str` or iterable of `str`
            The keys whose values are returned. Of a mapping, its keys in alphabetical order.
        dataId : mapping, optional
            Values that the rows must have; further keys may be passed as keywords.
        **rest
            Further keys of the data ID.

        Returns
        -------
        values : `persistence.butler.answers.Values`
            A list: the distinct values of one key, or tuples of values if several keys are
            requested. Empty if nothing matches. ``to_table()`` and ``to_pandas()`` return tables.

        Raises
        ------
        UnknownKey
            If the registry has no such key, or no key is requested.
        UnknownDatasetType
            If the dataset type is unknown.
        """
        if isinstance(format, str):
            keys: Sequence[Any] = (format,)
        else:
            keys = list(format) if isinstance(format, Iterable) else [format]
        if not all(isinstance(key, str) for key in keys):
            raise UnknownKey(f"{datasetType}: expected the names of keys, not {format!r}")
        keys = sorted(keys) if isinstance(format, Mapping) else keys
        if not keys:
            raise UnknownKey(
                f"{datasetType}: no key is requested; its keys are "
                f"{', '.join(self.getKeys(datasetType) or ()) or 'unknown'}"
            )
        datasetType, data_id = self._selected(datasetType, dataId, rest)
        rows = self.query_rows(datasetType, keys, data_id)
        values = [row[0] for row in rows] if len(keys) == 1 else rows
        return Values(values, keys, self.getKeys(datasetType) or {})

    def request(self, datasetType: str, dataId: Mapping[str, Any] = {}) -> Request:
        """Return what `get` reads for a name: dataset type with stage, and view or component.

        Parameters
        ----------
        datasetType : `str`
            A dataset type, a view or a component, perhaps with aliases.
        dataId : mapping, optional
            The data ID, on which components may depend.

        Returns
        -------
        request : `persistence.dataids.request.Request`
            The parsed name.
        """
        return self._reader.request(self._resolve(datasetType), dataId)

    def query_rows(self, datasetType: str, keys: Sequence[str], data_id: DataId) -> list[Any]:
        """Return rows of the registry as tuples of the values of some keys.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        keys : sequence of `str`
            The keys.
        data_id : `DataId`
            Values that the rows must have.

        Returns
        -------
        rows : `list` of `tuple`
            The distinct values of the keys.
        """
        request = self.request(datasetType)
        rows = query.lookup(self._chain, request, keys, data_id)
        warn_strange(self._chain, request, data_id)
        return rows

    def matching(self, datasetType: str, level: str, data_id: DataId) -> Matching:
        """Return the data IDs that a partial data ID matches, without references; see `subset`.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        level : `str`
            The level; ``""`` is the camera's default.
        data_id : `DataId`
            The partial data ID.

        Returns
        -------
        matching : `persistence.butler.query.Matching`
            The data IDs.
        """
        _check_level(level, datasetType)
        name = self._resolve(datasetType)
        family = self._chain.family(name)
        if family and "flavour" not in data_id:
            from persistence.butler.asking import flavoured  # lazy: few queries are of families

            every = {key: self.matching(each, level, data_id) for key, each in family.items()}
            return flavoured.matching(every, data_id)
        if family:
            name, own_id = selecting.selected(self._chain, name, data_id)
            return self.matching(name, level, own_id)._replace(data_id=data_id)
        request = self.request(name)
        matching = query.matching(self._chain, request, level, data_id)
        warn_strange(self._chain, request, data_id)
        return matching

    def subset(
        self,
        datasetType: str,
        level: str | None = None,
        dataId: Mapping[str, Any] = {},
        *,
        repo: Any = None,
        **rest: Any,
    ) -> ButlerSubset:
        """Return the datasets that a partial data ID matches, at a level.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        level : `str`, optional
            The level at which datasets are distinguished (``visit``, ``sensor``, ...). Default: the
            camera's default level.
        dataId : mapping, optional
            The values that the data IDs must have; further keys may be passed as keywords.
        repo : `str` or path, optional
            Only look in this repository of the chain: its path, the last part of its path, or its
            tag. It is never a key of the data ID.
        **rest
            Further keys of the data ID.

        Returns
        -------
        subset : `ButlerSubset`
            One `ButlerDataRef` per data ID. The data IDs come from the registry, so a dataset's
            file need not exist.

        Raises
        ------
        DataIdError
            If the level is not a name.
        UnknownDatasetType
            If the dataset type is unknown.
        """
        _check_level(level, datasetType)
        if self._chain.family(self._resolve(datasetType)):
            data_id = DataId(dataId, **rest)  # of all flavours, or with its flavour
        else:
            datasetType, data_id = self._selected(datasetType, dataId, rest)
        return ButlerSubset(self._in(repo), datasetType, level or "", data_id)

    def dataRef(
        self,
        datasetType: str,
        level: str | None = None,
        dataId: Mapping[str, Any] = {},
        *,
        repo: Any = None,
        **rest: Any,
    ) -> ButlerDataRef:
        """Return a reference to the one dataset that a data ID matches.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        level : `str`, optional
            As for `subset`.
        dataId : mapping, optional
            The data ID; further keys may be passed as keywords.
        repo : `str` or path, optional
            Only look in this repository of the chain: its path, the last part of its path, or its
            tag. It is never a key of the data ID.
        **rest
            Further keys of the data ID.

        Returns
        -------
        ref : `ButlerDataRef`
            The reference, with the complete data ID.

        Raises
        ------
        NoResults
            If the data ID matches no dataset, or more than one.
        """
        subset = self.subset(datasetType, level, dataId, repo=repo, **rest)
        if len(subset) != 1:
            datasetType, data_id = self._selected(datasetType, dataId, rest)
            shown = [
                str(dict(reference.dataId)) for _, reference in zip(range(3), subset, strict=False)
            ]
            reasons = [f"{len(subset)} data IDs match", *shown]
            raise NoResults("No unique dataset for:", datasetType, data_id, reasons)
        return next(iter(subset))

    def query(
        self,
        datasetType: str | Sequence[str],
        where: str | Expression | None = None,
        columns: str | Sequence[str] | None = None,
        dataId: Mapping[str, Any] = {},
        limit: int | None = None,
        order: str | Sequence[str] = (),
        distinct: bool = False,
        fresh: bool = True,
        region: Circle | SkyBox | Polygon | None = None,
        repo: Any = None,
        tag: Any = None,
        **rest: Any,
    ) -> Rows:
        """Return one row for each existing dataset of a type: its file is in a repository.

        Parameters
        ----------
        datasetType : `str` or sequence of `str`
            The dataset type. Further types of a list, such as ``['raw', 'calexp']``, become columns
            that say whether that dataset exists, too, for the keys that both types have.
        where : `str`, optional
            A condition on any columns: ``visit in (1..100) and filter == 'r'``; the language is
            described in doc/finding.rst.
        columns : `str` or sequence of `str`, optional
            The columns of the result. Available are the keys of the data ID (the default); the
            columns of the registry tables that the policy names for the type; ``size`` (bytes);
            ``written``, the modification time of the file (UTC); ``repository``, the root
            directory, and ``path``, relative to it.
        dataId : mapping, optional
            Required values of columns; also lists, ranges or arrays of values. Further columns may
            be passed as keywords.
        limit : `int`, optional
            The largest number of rows.
        order : `str` or sequence of `str`, optional
            The columns to sort by, ``-size`` for descending order. Default: the keys, in the order
            of the path template.
        distinct : `bool`
            Whether equal rows are returned once: ``query('calexp', columns='visit',
            distinct=True)``.
        fresh : `bool`
            False to use the index as it is, without comparing it with the directories.
        region : `Circle`, `Box` or `Polygon` of `persistence.sky`, optional
            A region of the sky that the datasets have a position in common with; see doc/sky.rst.
        repo : `str` or path, optional
            Only look in this repository of the chain: its path, the last part of its path, or its
            tag. It is never a key of the data ID.
        tag : `str` or several, optional
            Only datasets whose data IDs have one of these tags (``persistence tag``). The tag of a
            repository of this Butler chooses repositories instead, as for `get`.
        **rest
            Further required values of columns.

        Returns
        -------
        rows : `persistence.butler.asking.rows.Rows`
            The rows, as dictionaries when iterated over; with ``to_table()``, ``to_pandas()`` and
            ``refs()``. The query runs when the rows are first used.

        Raises
        ------
        UnknownDatasetType
            If the dataset type is unknown.
        UnknownKey
            If a column is unknown.
        ExpressionError
            If the condition cannot be parsed, or compares values of different types.

        Notes
        -----
        A dataset that is in several repositories of a chain is reported once, from the first of
        them. Only directories that can hold matching files are listed. No repository is changed:
        the index is kept in the user's cache.
        """
        from persistence.butler.asking import answer  # lazy: only needed for queries

        if repo is not None:
            return self._in(repo).query(
                datasetType, where, columns, dataId, limit, order, distinct, fresh, region,
                tag=tag, **rest,
            )  # fmt: skip
        names = [self._resolve(name) for name in answer.words("datasetType", datasetType)]
        if not names:
            raise DataIdError("expected the name of a dataset type, not an empty list")
        data_id, tags = self._tagged(DataId(dataId, **rest), tag)
        if self._chain.family(names[0]) and "flavour" not in data_id:
            from persistence.butler.asking import flavoured  # lazy: few queries are of families

            ask = functools.partial(
                self.query, dataId=data_id, fresh=fresh, region=region, tag=tags or None
            )
            query = flavoured.of(self, self._reader, names, where, limit, order, distinct, ask)
            return query.rows(() if columns is None else answer.words("columns", columns))
        others = [
            selecting.selected(self._chain, name, data_id)[0] if self._chain.family(name) else name
            for name in names[1:]
        ]
        name, data_id = self._selected(names[0], data_id, {})
        names = [self.request(each).datasetType for each in (name, *others)]
        if tags:
            from persistence.butler import tags as tag_files

            keys = list(self.getKeys(names[0]) or ())
            where = tag_files.condition(self._chain.read, tags, names[0], keys, where)
        if region is not None:
            where = self.sky.condition(names[0], region, where, fresh)
        return answer.query(
            self, self._reader, names, where, data_id, columns, limit, order,
            distinct, fresh,
        )  # fmt: skip

    def _tagged(self, data_id: DataId, tag: Any) -> tuple[DataId, list[Any]]:
        """Return a data ID with the tags of repositories, and the tags of data IDs."""
        named = as_tags(tag)
        of_repositories = {each for repository in self._chain.every for each in repository.tags}
        if named & of_repositories:
            if not named <= of_repositories:
                raise DataIdError(f"tag={tag!r}: these are tags of repositories and of data IDs")
            return DataId(data_id, tag=named), []
        return data_id, sorted(named, key=str)

    @property
    def index(self) -> Inventory:
        """An inventory of whole repositories: what exists, what is missing, what exists twice."""
        from persistence.butler.asking.inventory import Inventory  # lazy: only needed for queries

        return Inventory(self, self._reader)

    @property
    def ids(self) -> Ids:
        """The integers of exposures, coadds and sources: arrays of data IDs packed, and back."""
        from persistence.butler.ids import Ids  # lazy: it imports numpy

        return Ids(self)

    @property
    def sky(self) -> Sky:
        """The positions of data on the sky: regions, overlaps, the sky map."""
        from persistence.butler.sky.sky import Sky  # lazy: only needed for queries

        return Sky(self, self._reader)

    # -- existence and location
    # ---------------------------------------------------------------------------------

    def datasetExists(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] = {},
        write: bool = False,
        *,
        repo: Any = None,
        **rest: Any,
    ) -> bool:
        """Check whether a dataset exists.

        Parameters
        ----------
        datasetType : `str`
            A dataset type, a view or a component.
        dataId : mapping, optional
            The data ID; further keys may be passed as keywords.
        write : `bool`
            Check the outputs instead: whether the dataset is in every output that knows its type,
            whatever the data ID's tags, so that `put` would have nothing left to write.
        repo : `str` or path, optional
            Only look in this repository of the chain: its path, the last part of its path, or its
            tag. It is never a key of the data ID.
        **rest
            Further keys of the data ID.

        Returns
        -------
        exists : `bool`
            True if the file exists; of a composite, all required components.

        Raises
        ------
        UnknownDatasetType
            If the dataset type is unknown.
        """
        if repo is not None:
            _refuse_write(write, repo)
            return self._in(repo).datasetExists(datasetType, dataId, **rest)
        keys = as_given(dataId, rest)
        if not write and self._plan(datasetType).holds(keys):
            return True
        datasetType, data_id = self._selected(datasetType, keys, {})
        request = self.request(datasetType, data_id)
        if not write:
            is_there = self._reader.exists(request, data_id)
        else:
            writers = self._chain.writers(request)
            reader = Reader(Chain(writers, writers), self.cache, self._types)
            is_there = bool(writers) and reader.exists(request, DataId(dict(data_id)), written=True)
        warn_strange(self._chain, request, data_id)
        return is_there

    def exists(
        self, datasetType: str, ids: Any, *, repo: Any = None, **rest: Any
    ) -> np.ndarray[Any, np.dtype[np.bool]]:
        """Check which of many datasets exist, by listing directories.

        Parameters
        ----------
        datasetType : `str`
            A dataset type, a view or a component.
        ids : iterable, mapping or table
            Data IDs, or references to datasets; or an astropy, pandas or numpy table with a column
            per key; or a mapping of arrays and single values, which broadcast as in numpy.
            Additional columns are ignored.
        repo : `str` or path, optional
            Only look in this repository of the chain: its path, the last part of its path, or its
            tag. It is never a key of the data ID.
        **rest
            Further keys, with the same value for all data IDs.

        Returns
        -------
        flags : `numpy.ndarray` of `bool`, shape (n,) or that of the arrays
            The result of `datasetExists` for each data ID, in order; False where that would raise
            an error (a value that fits no path, or a reference to a file that is gone or has
            changed).

        Raises
        ------
        DataIdError
            If ``ids`` is none of these.
        UnknownDatasetType
            If the dataset type is unknown.
        """
        import numpy as np

        from persistence.butler import exists  # lazy: only needed for many data IDs

        flags, shape = exists.exists(self._in(repo), self._resolve(datasetType), ids, rest)
        return np.array(flags, dtype=bool).reshape(shape)

    def getUri(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] | None = None,
        write: bool = False,
        *,
        repo: Any = None,
        **rest: Any,
    ) -> str:
        """Return the path of a dataset's file.

        Parameters
        ----------
        datasetType : `str`
            A dataset type, a view or a component.
        dataId : mapping, optional
            The data ID; further keys may be passed as keywords.
        write : `bool`
            Return the path that `put` would write to, whether or not it exists.
        repo : `str` or path, optional
            Only look in this repository of the chain: its path, the last part of its path, or its
            tag. It is never a key of the data ID.
        **rest
            Further keys of the data ID.

        Returns
        -------
        uri : `str`
            The path, with the number of the HDU in brackets (``x.fits[2]``) where the policy names
            one.

        Raises
        ------
        NoResults
            If the dataset does not exist; with ``write``, if no output knows its type.
        """
        if repo is not None:
            _refuse_write(write, repo)
            return self._in(repo).getUri(datasetType, dataId, **rest)
        datasetType, data_id = self._selected(datasetType, dataId, rest)
        request = self.request(datasetType, data_id)
        if write:
            writers = self._chain.writers(request)
            if not writers:
                raise NoResults("No locations for getUri(write=True):", datasetType, data_id)
            uri = locate.expected(writers[0], request, data_id, write=True).uri
        else:
            location = self._reader.locate(request, data_id, "getUri")
            mirrors.fetch(location.full_path)  # the caller opens the file
            uri = location.uri
        warn_strange(self._chain, request, data_id)
        return uri

    def explain(self, datasetType: str, dataId: Mapping[str, Any] = {}, **rest: Any) -> Explanation:
        """Explain which calibration matches a data ID, and why the other candidates do not.

        Parameters
        ----------
        datasetType : `str`
            A calibration, such as ``flat``.
        dataId : mapping, optional
            The data ID of an exposure; further keys may be passed as keywords.
        **rest
            Further keys of the data ID.

        Returns
        -------
        explanation : `persistence.calibs.explain.Explanation`
            Every candidate, nearest first, with the criterion that excludes it; print it.

        Raises
        ------
        DataIdError
            If the dataset type is not a calibration.
        NoResults
            If the exposure is unknown.
        """
        datasetType, data_id = self._selected(datasetType, dataId, rest)
        request = self.request(datasetType, data_id)
        first: Explanation | None = None
        warn_strange(self._chain, request, data_id)
        for repository in self._chain.asked(request, data_id):
            if repository.mapper.dataset(request).section != "calibrations":
                raise DataIdError(
                    f"{datasetType} is not a calibration: getUri and get list the paths searched"
                )
            explanation = explained(repository, request, data_id)
            if explanation.chosen or explanation.rivals:
                return explanation
            first = first or explanation
        if first is None:
            raise NoResults("No locations for explain:", datasetType, data_id)
        return first

    # -- get and put
    # ---------------------------------------------------------------------------------

    @overload
    def get(
        self, datasetType: Images, dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> Exposure: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: Catalogs, dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> Catalog: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: Metadata, dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> PropertySet: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: Configs, dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> Config: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: Tables, dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> ParquetTable: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: SkyMaps, dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> SkyMap: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: Texts, dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> str: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: Boxes, dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> Box: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: Visits, dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> VisitInfo: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: Lengths, dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> int: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: Literal["camera"], dataId: Mapping[str, Any] | None = None,
        immediate: Literal[True] = True, **rest: Any,
    ) -> Camera: ...  # fmt: skip

    @overload
    def get(
        self, datasetType: str, dataId: Mapping[str, Any] | None = None, immediate: bool = True,
        **rest: Any,
    ) -> Any: ...  # fmt: skip

    def get(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] | None = None,
        immediate: bool = True,
        *,
        repo: Any = None,
        **rest: Any,
    ) -> Any:
        """Read a dataset, or a view or component of one.

        Parameters
        ----------
        datasetType : `str`
            A dataset type, such as ``calexp``, a view, such as ``calexp_md``, or a component, such
            as ``calexp.psf``; `getDatasetTypes` lists the first two.
        dataId : mapping, optional
            The data ID; missing keys are looked up in the registry.
        immediate : `bool`
            False returns a `ReadProxy`, which reads the dataset when it is first used.
        repo : `str` or path, optional
            Only look in this repository of the chain: its path, the last part of its path, or its
            tag. It is never a key of the data ID.
        **rest
            Further keys of the data ID. For ``_sub``: ``bbox``, a `Box` in pixels, and
            ``imageOrigin``, ``PARENT`` (the default: pixel positions in the whole image) or
            ``LOCAL`` (the first pixel of the image is 0, 0). For catalogs: ``columns``, the names
            of the only columns to read.

        Returns
        -------
        dataset : object
            An object of the class for the dataset's storage, see ``types`` of `Butler`.

        Raises
        ------
        NoResults
            If the dataset does not exist; the message lists the paths that were searched.
        UnknownDatasetType
            If the dataset type is unknown.
        AmbiguousDataId
            If the data ID matches several datasets.
        FormatterError
            If the file is damaged.
        """
        if repo is not None:
            return self._in(repo).get(datasetType, dataId, immediate, **rest)
        keys = as_given(dataId, rest)
        plan = self._plan(datasetType)
        location = plan.locate(keys, is_opened=True) if immediate else None
        if location is not None:
            try:
                obj = self._reader.from_file(plan.request, location)
                return obj if self._types == "astropy" else self._faced(plan.request, obj)
            except FileNotFoundError:
                pass  # the general look-up below raises the error that lists the paths
        datasetType, data_id = self._selected(datasetType, keys, {})
        request = self.request(datasetType, data_id)
        options = take(self._chain, request, data_id)
        shared = "." in self._resolve(datasetType)
        if immediate:
            obj = self._reader.get(request, data_id, options, shared)
            warn_strange(self._chain, request, data_id)
            return self._faced(request, obj)
        warn_strange(self._chain, request, data_id)
        if self._reader.is_missing(request, data_id):
            raise refuse(self._chain, "get", request, data_id)
        from persistence.butler.proxy import ReadProxy  # lazy: only needed for immediate=False

        return ReadProxy(
            lambda: self._faced(request, self._reader.get(request, data_id, options, shared))
        )

    def put(
        self,
        obj: Any,
        datasetType: str,
        dataId: Mapping[str, Any] | None = None,
        doBackup: bool = False,
        **rest: Any,
    ) -> None:
        """Write a dataset: afterwards the file is complete, or, after an error, as it was before.

        Parameters
        ----------
        obj : object
            The dataset; the storage that the policy names must be able to hold it.
        datasetType : `str`
            A dataset type, not a view.
        dataId : mapping, optional
            The data ID; further keys may be passed as keywords.
        doBackup : `bool`
            Keep the present file as ``name~1``, its predecessor as ``name~2``, and so on.
        **rest
            Further keys of the data ID.

        Raises
        ------
        NoResults
            If no output knows the dataset type.
        RepositoryError
            If the repository cannot be written to.
        IncompleteDataId
            If the data ID lacks keys of the path.
        FormatterError
            If the storage cannot hold the object.
        """
        datasetType, data_id = self._selected(datasetType, dataId, rest)
        request = self.request(datasetType, data_id)
        self._writer.put(request, faces.unwrap(obj), data_id, doBackup)
        warn_strange(self._chain, request, data_id)

    # -- provenance
    # --------------------------------------------------------------------------

    @contextlib.contextmanager
    def recording(self, digests: bool = False) -> Iterator[None]:
        """Record the provenance of all datasets written in a ``with`` block.

        The inputs of a dataset are those read in the same block, and nothing else. This works with
        and without ``record=True``. Blocks in different threads are independent: datasets read in
        one thread's block are not inputs in another's.

        Parameters
        ----------
        digests : `bool`
            Whether the digests of the inputs' contents are recorded, too.

        Yields
        ------
        None
            Nothing; datasets are recorded until the block ends.

        Examples
        --------
        One block for each output::

            for ccdnum in 1, 2, 3:
                with butler.recording():
                    exposure = butler.get("calexp", visit=410877, ccdnum=ccdnum)
                    butler.put(measure(exposure), "src", visit=410877, ccdnum=ccdnum)
        """
        with recorder.block("digest" if digests else True) as active:
            self._recorders.append(active)
            try:
                yield
            finally:
                self._recorders.remove(active)

    def why(self, datasetType: str, dataId: Mapping[str, Any] = {}, **rest: Any) -> Origin:
        """Return the provenance of a dataset: its inputs, their inputs, and so on.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        dataId : mapping, optional
            The data ID; further keys may be passed as keywords.
        **rest
            Further keys of the data ID.

        Returns
        -------
        origin : `persistence.butler.provenance.origin.Origin`
            A tree; print it, or use ``to_dict()`` for JSON and ``to_dot()`` for Graphviz.

        Raises
        ------
        NoResults
            If the dataset does not exist, and no journal records that it ever did.
        """
        from persistence.butler import notes  # lazy: only needed for provenance
        from persistence.butler.provenance.why import Why

        datasetType, data_id = self._selected(datasetType, dataId, rest)
        with self._trees() as trees:
            location = self._recorded(trees, datasetType, data_id, "why")
            origin = Why(trees)(location)
        roots = [repository.root for repository in self._chain.read]
        told = [str(pin) for pin in self._chain.pinned(self.request(datasetType, data_id))]
        told += [
            str(note)
            for note in notes.read(roots)
            if note.is_on(location.datasetType, location.dataId)
        ]
        return replace(origin, notes=(*origin.notes, *told)) if told else origin

    def used_by(self, datasetType: str, dataId: Mapping[str, Any] = {}, **rest: Any) -> Origin:
        """Return the datasets computed from a dataset, those computed from them, and so on.

        The journals of the chain's repositories are searched, and those of the reruns below them.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        dataId : mapping, optional
            The data ID; further keys may be passed as keywords.
        **rest
            Further keys of the data ID.

        Returns
        -------
        origin : `persistence.butler.provenance.origin.Origin`
            A tree as for `why`, but of ``outputs``.

        Raises
        ------
        NoResults
            If the dataset does not exist, and no journal records that it ever did.
        """
        from persistence.butler.provenance.why import UsedBy  # lazy: only needed for provenance

        with self._trees() as trees:
            datasetType, data_id = self._selected(datasetType, dataId, rest)
            return UsedBy(trees)(self._recorded(trees, datasetType, data_id, "used_by"))

    def stale(self) -> list[Stale]:
        """Return the outputs of the first repository whose inputs or configuration changed.

        Returns
        -------
        stale : `list` [`persistence.butler.provenance.stale.Stale`]
            The outputs with the reasons, sorted by path. Datasets without a record are omitted.
        """
        from persistence.butler.provenance.stale import Judge  # lazy: only needed for provenance

        with self._trees() as trees:
            return list(Judge(trees).all(os.path.realpath(self._chain.inputs[0].root)))

    def _recorded(self, trees: Trees, name: str, data_id: DataId, verb: str) -> Location:
        """Return the location of a dataset, or the one in the journals if the dataset is gone."""
        request = self.request(name, data_id)
        try:
            location = self._reader.locate(request, data_id, verb)
        except NoResults:
            was = next(trees.gone(request, data_id), None)
            if was is None:
                raise
            return was
        return location._replace(root=os.path.realpath(location.root))

    def _trees(self) -> contextlib.AbstractContextManager[Trees]:
        from persistence.butler.provenance.trees import Trees  # lazy: only needed for provenance

        return contextlib.closing(Trees(self._chain))

    # -- internals
    # ---------------------------------------------------------------------------------------

    def _faced(self, request: Request, obj: Any) -> Any:
        """Return an object as the class that this Butler returns; see ``types``."""
        if self._types == "astropy":
            return obj
        python = None
        if request.view in (None, "sub"):
            python = faces.declared(self._chain.knowing(request).mapper.dataset(request))
        return faces.wrap(obj, self._types, python)

    def _in(self, repo: Any) -> Butler:
        """Return a Butler that reads one repository of the chain alone; itself for None.

        It shares all else with this one: outputs, cache, aliases, the recording of provenance.
        """
        if repo is None:
            return self
        repository = self._chain.named(repo)
        if repository not in self._single:
            single = object.__new__(type(self))
            single.__dict__.update(self.__dict__)
            single._use(self._chain.only(repository))
            single._only = repository.root
            self._single[repository] = single
        return self._single[repository]

    def _selected(
        self, datasetType: str, data_id: Mapping[str, Any] | None, rest: Mapping[str, Any]
    ) -> tuple[str, DataId]:
        """Return the name and data ID of a call, after `selecting.selected`.

        A patch that is a number becomes ``"x,y"``.
        """
        name, whole = self._resolve(datasetType), DataId(data_id, **rest)
        name, whole = selecting.selected(self._chain, name, whole)
        return name, patches.named(self, name, whole)

    def _plan(self, datasetType: str) -> Plan:
        """Return the compiled look-up of a name, or an empty one if it depends on the data ID."""
        try:
            return self._plans[datasetType]
        except (KeyError, TypeError):  # not compiled yet, or not a name
            name, plan = self._resolve(datasetType), NO_PLAN
        if "." not in name and not self._chain.family(name):
            request = self._reader.request(name)
            plan = NO_PLAN if request.view == "sub" else self._chain.plan(request)
        self._plans[datasetType] = plan
        return plan

    def _resolve(self, name: str) -> str:
        """Return a name with its aliases replaced."""
        if not isinstance(name, str):
            raise DataIdError(f"expected the name of a dataset type, not {name!r}")
        if "@" in name:
            for alias, datasetType in self._aliases.items():
                name = name.replace(alias, datasetType)
            if "@" in name:
                raise AliasError(f"Unresolvable alias specifier in datasetType: {name}")
        return name


def _refuse_write(write: bool, repo: Any) -> None:
    """Raise UnknownArgument if a repository is named whose outputs are asked for, too."""
    if write:
        raise UnknownArgument(
            f"repo={repo!r} and write=True: the latter is about the outputs alone"
        )


def _check_level(level: Any, datasetType: Any) -> None:
    """Raise DataIdError if a level is not a name, but for example a data ID."""
    if level is not None and not isinstance(level, str):
        hint = f"; is it the data ID? write dataId={level!r}" if isinstance(level, Mapping) else ""
        raise DataIdError(f"{datasetType}: the level must be a name, not {level!r}{hint}")


def _rebuild(
    opening: arguments.Arguments,
    aliases: dict[str, str],
    preferences: tuple[bool, str, bool, str, bool, Any],
    defined: list[tuple[str, str, dict[str, Any]]],
    staged: dict[str, str],
    cameras: Iterable[str],
    cls: type[Butler],
    only: str | None,
) -> Butler:
    for name in cameras:
        remember(name)
    root, mapper, inputs, outputs, trust, calibs, mapper_args, pins = opening
    butler = cls(root, mapper, inputs, outputs, trust, calibs, *preferences, pins, **mapper_args)
    for alias, datasetType in aliases.items():
        butler.defineAlias(alias, datasetType)
    for name, section, keys in defined:
        butler.defineDataset(name, section=section, **keys)
    for name, stage in staged.items():
        butler.defineStage(name, stage)
    return butler._in(only)
