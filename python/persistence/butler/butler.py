"""The Butler: datasets by name and data ID."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from persistence.butler import locate, query, repository_cfg
from persistence.butler.chain import Chain
from persistence.butler.define import Definer
from persistence.butler.get import Reader
from persistence.butler.lookup import explained
from persistence.butler.open import open_chain, open_one
from persistence.butler.options import take
from persistence.butler.plan import NO_PLAN, Plan
from persistence.butler.provenance import recorder
from persistence.butler.put import Writer
from persistence.butler.query import Matching
from persistence.butler.refusal import refuse, warn_strange
from persistence.butler.repository_args import TAKEN, RepositoryArgs, as_args, refuse_untaken
from persistence.butler.subset import ButlerDataRef, ButlerSubset
from persistence.calibs import roots
from persistence.cameras import faces
from persistence.cameras.installed import find, names_of_given, remember
from persistence.cameras.mapper import Mapper
from persistence.composites.cache import ComponentCache
from persistence.dataids.dataid import DataId, as_given
from persistence.dataids.request import Request
from persistence.errors import (
    AliasError,
    DataIdError,
    NoResults,
    PolicyError,
    RepositoryError,
    UnknownArgument,
    UnknownKey,
    did_you_mean,
)

if TYPE_CHECKING:
    import numpy as np

    from persistence.butler.asking.inventory import Inventory
    from persistence.butler.asking.rows import Rows
    from persistence.butler.provenance.origin import Origin
    from persistence.butler.provenance.stale import Stale
    from persistence.butler.provenance.trees import Trees
    from persistence.butler.sky import Sky
    from persistence.calibs.explain import Explanation
    from persistence.dataids.expression import Expression
    from persistence.dataids.location import Location

# A Butler's own arguments, which a misspelt one may have been meant for.
_ARGUMENTS = (
    "root",
    "mapper",
    "inputs",
    "outputs",
    "trust",
    "calibs",
    "cache",
    "types",
    "durable",
    "mode",
    "force",
    "record",
)


class Butler:
    """Reads and writes datasets of a repository, or of a chain of them.

    Parameters
    ----------
    root : path, optional
        One repository, to be read and written, with its parents to be read behind it; the current
        directory if nothing else is said.
    mapper : `type`, `str` or `Mapper`, optional
        The camera: a mapper, its class, its name, which is imported, or its YAML file; by default
        what the repository says. Parents may name it as well.
    inputs, outputs : `RepositoryArgs`, mapping, path, or many of them, optional
        Instead of ``root``: repositories to be read, and to be written. An output of mode ``rw`` is
        read too, before the inputs. Outputs that are new get the inputs as their parents.
    trust : `str` or iterable of `str`
        Dotted names of classes that may be made from the repositories' pickles, and of mappers that
        they may name though no installed package announces them.
    calibs : mapping, optional
        Dataset types of calibrations, and the directory where each lies with its
        ``calibRegistry.sqlite3``: ``{'bias': 'calibsA', 'flat': 'calibsB'}``. All others lie in
        ``calibRoot``. Relative paths are looked for in the repository and in the current directory.
    cache : `bool`
        Whether components that several objects share (a WCS, a PSF) are read once, and are the same
        object.
    types : `str`, optional
        What is handed out: ``astropy``, the objects of astropy and numpy, or ours on top of them,
        which is the default here; ``gen2``, these with afw's method names, which is the default of
        ``lsst.daf.persistence.Butler``; ``afw``, for FITS files, the classes of the LSST stack that
        the policy names, where these are installed. What is put may be any of these.
    durable : `bool`
        Whether what is put is on the disk when `put` returns, so that a power cut does not lose it.
        Outputs that can be made again may do without: it costs some milliseconds a dataset.
    mode : `str`
        ``r`` for a Butler on ``root`` that only reads. Inputs and outputs have modes of their own.
    force : `bool`
        Whether to write into repositories that belong to other users and are not shared with you.
    record : `bool` or `str`
        Whether what is put remembers what it was made of: True remembers of each input its size and
        time, ``"digest"`` the digest of its content, too. See `recording`, `why`, and
        doc/provenance.rst.
    **mapperArgs
        For the mapper and its repository: ``calibRoot``, where calibrations lie; ``calibRegistry``
        and ``registry``, if they are not called as usual; what else the camera's class takes.

    Attributes
    ----------
    cache : `persistence.composites.cache.ComponentCache`
        The shared components; ``cache.info()`` counts hits and misses.

    Raises
    ------
    RepositoryError
        If one of them is no repository, or cannot be used as asked; or an output is another
        user's (with ``root`` alone, this is an error of the first `put`).
    UnknownArgument
        If nothing takes one of the keywords.
    UnknownDatasetType
        If ``calibs`` names a dataset type that there is not, or one that is no calibration.

    Notes
    -----
    Opening a repository, and reading from it, changes nothing in it. Data IDs may be given as a
    mapping, as keywords, or both: ``get('calexp', {'visit': 123456}, ccdnum=42)``.
    """

    GENERATION = 2
    default_types: ClassVar[str] = "astropy"

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
        **mapperArgs: Any,
    ) -> None:
        self._aliases: dict[str, str] = {}
        self.cache = ComponentCache() if cache else ComponentCache(0)
        # What it is made of again elsewhere: whatever the caller, or the current directory, changes
        # meanwhile.
        trust = _trusted(trust)
        if inputs is None and outputs is None:
            place = root if root is not None else getattr(mapper, "root", None) or os.curdir
            args = RepositoryArgs(os.fspath(place), mapper=mapper, mapperArgs=mapperArgs)
            args.settle()
            calibs = _settled(calibs, [args])
            mapperArgs = args.mapperArgs or {}
            self._arguments = (args.root, mapper, None, None, trust, calibs, mapperArgs)
            self._chain = open_one(os.fspath(place), mapper, trust, mapperArgs, calibs, mode, force)
            refuse_untaken(self._chain.inputs[0].mapper, mapperArgs, _ARGUMENTS)
        elif root or mapper or mapperArgs or mode != "rw":
            others = {"root": root, "mapper": mapper, "mode": mode != "rw", **mapperArgs}
            given = [name for name, value in others.items() if value]
            hints = [did_you_mean(name, (*TAKEN, *_ARGUMENTS)) for name in mapperArgs]
            raise UnknownArgument(
                "Butler version 1 API (root, mapper, **mapperArgs) may not be used with "
                f"version 2 API (inputs, outputs): {', '.join(given)}{''.join(hints)}"
            )
        else:
            inputs, outputs = as_args(inputs), as_args(outputs)
            for args in (*inputs, *outputs):
                args.settle()
            calibs = _settled(calibs, [*inputs, *outputs])
            self._arguments = (None, None, inputs, outputs, trust, calibs, {})
            self._chain = open_chain(inputs, outputs, trust, calibs, force)
        self._types = faces.check(self.default_types if types is None else types)
        self._durable, self._mode, self._force, self._record = durable, mode, force, record
        # The last one records: that of the innermost `recording`.
        self._recorders = [recorder.of_script(record)] if record else []
        self._use(Definer(self._chain).spread())
        self._defined: list[tuple[str, str, dict[str, Any]]] = []
        self._staged: dict[str, str] = {}

    def _use(self, chain: Chain) -> None:
        """Let a chain of the repositories answer from now on."""
        self._chain = chain
        self._reader = Reader(chain, self.cache, self._types)
        self._definer = Definer(chain)
        self._writer = Writer(chain, self._reader, self._definer, self._durable, self._recorders)
        # Of each name that was typed, what answers the commonest questions without a detour.
        self._plans: dict[str, Plan] = {}

    def __repr__(self) -> str:
        return f"Butler({', '.join(repr(repository) for repository in self._chain.inputs)})"

    def __reduce__(self) -> tuple[Any, ...]:
        cache = self.cache.limit > 0
        preferences = cache, self._types, self._durable, self._mode, self._force, self._record
        used = {type(one.mapper) for one in (*self._chain.inputs, *self._chain.outputs)}
        # a process that is started anew does not know what the caller gave to other Butlers
        cameras = names_of_given(used)
        return _rebuild, (
            self._arguments, self._aliases, preferences, self._defined, self._staged, cameras,
            type(self),
        )  # fmt: skip

    @property
    def chain(self) -> Chain:
        """The repositories, in the order in which they are asked."""
        return self._chain

    # -- what there is
    # -------------------------------------------------------------------------------

    @staticmethod
    def getMapperClass(
        root: str | os.PathLike[str], trust: Iterable[str] = ()
    ) -> type[Mapper] | None:
        """Give the mapper of the repository at ``root``; None if there is none.

        What ``trust`` names is imported, as the Butler does.
        """
        cfg = repository_cfg.read(os.fspath(root))
        return None if cfg is None or cfg.mapper is None else find(cfg.mapper, tuple(trust))

    def defineAlias(self, alias: str, datasetType: str) -> None:
        """Let ``@alias`` stand for a dataset type, or for a part of its name.

        Raises
        ------
        AliasError
            If the alias begins another one, or another one begins it.
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
        """Define a dataset type, as a camera's policy would.

        What is written to keeps the definition.

        Parameters
        ----------
        name : `str`
            The dataset type, or a stage of one (``calexp:jointcal``); ``blue(src)`` builds on
            another.
        template : `str`, optional
            Its path, such as ``wcs/%(tract)d/wcs-%(visit)07d_%(ccdnum)02d.fits``.
        storage : `str`, optional
            How it is stored, such as ``FitsStorage``.
        python : `type` or `str`, optional
            Its type, or its dotted name.
        composite : mapping, optional
            The components that it is assembled from: for each its dataset type, or a mapping of the
            keys of `persistence.policy.dataset_type.Component`.
        section : `str`
            Where a policy would have it: ``exposures`` have views such as ``_wcs``.
        **keys
            What else a policy says of a dataset type: ``tables``, ``assembler``, ``disassembler``,
            ``keys``.

        Raises
        ------
        PolicyError
            If it cannot be meant, or the dataset type is defined otherwise already; the message
            shows both.
        """
        if not isinstance(composite, Mapping | None):
            raise PolicyError(
                f"{name}: composite has to be a mapping of components, not {composite!r}"
            )
        given = (composite or {}).items()
        parts = {
            one: {"datasetType": part} if isinstance(part, str) else part for one, part in given
        }
        said = {
            "template": template,
            "storage": storage,
            "python": python,
            "composite": parts or None,
            **keys,
        }
        self._use(self._definer.define(name, section, said))
        self._defined.append((name, section, said))

    def defineStage(self, datasetType: str, stage: str) -> None:
        """Let the plain name of a dataset type mean a stage of it, here and in the outputs.

        After ``defineStage('calexp', 'jointcal')``, ``calexp`` is ``calexp:jointcal``, but for the
        components of composites, which say which stage they are of.

        Raises
        ------
        UnknownDatasetType
            If there is no such stage.
        """
        self._use(self._definer.stage(datasetType, stage))
        self._staged[datasetType] = stage

    def getKeys(
        self, datasetType: str | None = None, level: str | None = None, tag: Any = None
    ) -> dict[str, type] | None:
        """Give the keys of a dataset type's data ID, with their types.

        Parameters
        ----------
        datasetType : `str`, optional
            By default, every key that the camera knows.
        level : `str`, optional
            Leave out the keys that do not count at this level; ``""`` is the camera's default
            level.
        tag : optional
            Ask only repositories that carry one of these tags.
        """
        _check_level(level, datasetType)
        name = None if datasetType is None else self.request(datasetType).datasetType
        return query.keys(self._chain, name, level, DataId(tag=tag))

    def getDatasetTypes(self, tag: Any = None) -> set[str]:
        """Give the names that `get` takes, with the views (``calexp_md``)."""
        return {
            name
            for repository in self._chain.tagged(DataId(tag=tag))
            for name in repository.mapper.getDatasetTypes()
        }

    def default_sub_level(self, level: str) -> str | None:
        """Give the camera's level below another."""
        below = {repository.mapper.getDefaultSubLevel(level) for repository in self._chain.inputs}
        if len(below) > 1:
            raise RepositoryError(
                "Support for multiple levels not implemented: the cameras disagree"
            )
        return below.pop() if below else None

    def queryMetadata(
        self, datasetType: str, format: Any, dataId: Mapping[str, Any] = {}, **rest: Any
    ) -> list[Any]:
        """Ask the registry for values.

        Parameters
        ----------
        datasetType : `str`
            Whose registry tables are asked.
        format : `str` or iterable of `str`
            The keys that are wanted; of a mapping, its keys, sorted.
        dataId : mapping, optional
            What the rows have to match, as are the other keywords.

        Returns
        -------
        values : `list`
            The distinct values of one key; tuples, if several are asked for. Empty if nothing
            matches.

        Raises
        ------
        UnknownKey
            If the registry has no such key, or none is asked for.
        """
        if isinstance(format, str):
            keys: Sequence[Any] = (format,)
        else:
            keys = list(format) if isinstance(format, Iterable) else [format]
        if not all(isinstance(key, str) for key in keys):
            raise UnknownKey(f"{datasetType}: the names of keys belong here, not {format!r}")
        keys = sorted(keys) if isinstance(format, Mapping) else keys
        if not keys:
            raise UnknownKey(
                f"{datasetType}: no key is asked for; its keys are "
                f"{', '.join(self.getKeys(datasetType) or ()) or 'not known'}"
            )
        rows = self.query_rows(datasetType, keys, DataId(dataId, **rest))
        return [row[0] for row in rows] if len(keys) == 1 else rows

    def request(self, datasetType: str, dataId: Mapping[str, Any] = {}) -> Request:
        """Say what `get` would read by a name.

        The dataset type, by its stage, and the view or component of it.
        """
        return self._reader.request(self._resolve(datasetType), dataId)

    def query_rows(self, datasetType: str, keys: Sequence[str], data_id: DataId) -> list[Any]:
        """Ask the registry for tuples of values."""
        request = self.request(datasetType)
        rows = query.lookup(self._chain, request, keys, data_id)
        warn_strange(self._chain, request, data_id)
        return rows

    def matching(self, datasetType: str, level: str, data_id: DataId) -> Matching:
        """Find the data IDs that a partial one stands for; `subset` gives them with references."""
        _check_level(level, datasetType)
        request = self.request(datasetType)
        matching = query.matching(self._chain, request, level, data_id)
        warn_strange(self._chain, request, data_id)
        return matching

    def subset(
        self,
        datasetType: str,
        level: str | None = None,
        dataId: Mapping[str, Any] = {},
        **rest: Any,
    ) -> ButlerSubset:
        """Return the datasets that a partial data ID matches, at a level.

        Raises
        ------
        DataIdError
            If the level is none.
        """
        _check_level(level, datasetType)
        return ButlerSubset(self, datasetType, level or "", DataId(dataId, **rest))

    def dataRef(
        self,
        datasetType: str,
        level: str | None = None,
        dataId: Mapping[str, Any] = {},
        **rest: Any,
    ) -> ButlerDataRef:
        """Give the one dataset that a data ID stands for.

        Raises
        ------
        NoResults
            If it stands for none, or for several.
        """
        subset = self.subset(datasetType, level, dataId, **rest)
        if len(subset) != 1:
            data_id = DataId(dataId, **rest)
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
        **rest: Any,
    ) -> Rows:
        """Return what is here: a row for each dataset of a type whose file exists.

        Parameters
        ----------
        datasetType : `str` or sequence of `str`
            A dataset type. Of a list, the first: for each further type, a column of its name says
            whether it is there, too, for the keys that both have; ``['raw', 'calexp']``.
        where : `str`, optional
            What has to be true of a row: ``visit in (1..100) and filter == 'r'``; doc/index.rst has
            the language. It may be about every column.
        columns : `str` or sequence of `str`, optional
            What a row has. Columns are: the keys of the data ID, which are the default; the columns
            of the registry's tables that the policy names for the type; ``size`` (bytes);
            ``written``, the time of the last change of the file's content (UTC); ``repository``,
            the root directory of where it lies, and ``path`` in that.
        dataId : mapping, optional
            Values of columns, as are the other keywords; or lists, ranges or arrays of values.
        limit : `int`, optional
            So many rows are enough.
        order : `str` or sequence of `str`, optional
            The columns by which rows are sorted, ``-size`` for the largest first; by default, the
            keys in the order of the file's path.
        distinct : `bool`
            Whether rows that are equal are one: ``query('calexp', columns='visit',
            distinct=True)``.
        fresh : `bool`
            If False, the index is asked as it is, and no directory is looked at.

        Returns
        -------
        rows : `persistence.butler.asking.rows.Rows`
            To be iterated, as dictionaries; ``to_table()``, ``to_pandas()``, ``refs()``. The
            question is asked when they are looked at.

        Raises
        ------
        UnknownDatasetType
            If there is no such dataset type.
        UnknownKey
            If there is no such column.
        ExpressionError
            If the condition cannot be read, or compares what is of different types.

        Notes
        -----
        In a chain, a dataset is in the first repository that has it; those behind it do not count.
        Only directories are looked at whose names can be those of what is asked. Nothing in any
        repository is changed: what is learned is kept in the user's cache.
        """
        from persistence.butler.asking import answer  # lazy: only who asks needs it

        names = [
            self.request(name).datasetType for name in answer.words("datasetType", datasetType)
        ]
        if not names:
            raise DataIdError("the name of a dataset type belongs here, not an empty list")
        return answer.query(
            self, self._reader, names, where, as_given(dataId, rest), columns, limit, order,
            distinct, fresh,
        )  # fmt: skip

    @property
    def index(self) -> Inventory:
        """What is here, what is missing, and what is here twice: of whole repositories."""
        from persistence.butler.asking.inventory import Inventory  # lazy: only who asks needs it

        return Inventory(self, self._reader)

    @property
    def sky(self) -> Sky:
        """What is known of the sky: the sky map."""
        from persistence.butler.sky import Sky  # lazy: only who asks needs it

        return Sky(self)

    # -- where it is
    # ---------------------------------------------------------------------------------

    def datasetExists(
        self, datasetType: str, dataId: Mapping[str, Any] = {}, write: bool = False, **rest: Any
    ) -> bool:
        """Check whether a dataset is there.

        With ``write``, whether `put` has nothing left to write: the dataset is in every output that
        knows its type, whatever the data ID's tags.
        """
        given = as_given(dataId, rest)
        if not write and self._plan(datasetType).holds(given):
            return True
        data_id = DataId(given)
        request = self.request(datasetType, data_id)
        if not write:
            is_there = self._reader.exists(request, data_id)
        else:
            writers = self._chain.writers(request)
            reader = Reader(Chain(writers, writers), self.cache, self._types)
            is_there = bool(writers) and reader.exists(request, DataId(dict(data_id)), written=True)
        warn_strange(self._chain, request, data_id)
        return is_there

    def exists(self, datasetType: str, ids: Any, **rest: Any) -> np.ndarray[Any, np.dtype[np.bool]]:
        """Check which of many datasets are there, by listing directories.

        Parameters
        ----------
        datasetType : `str`
            The dataset type, a view or a component of one.
        ids : iterable, mapping or table
            Data IDs, or references to datasets; or a table of astropy, pandas or numpy with a
            column for each key, or a mapping of arrays. More columns than the keys do no harm.
        **rest
            More keys, the same for all.

        Returns
        -------
        flags : `numpy.ndarray` of `bool`
            What `datasetExists` says of each, in their order; where that raises, for a value that
            fits no path or a reference to a file that is gone or has changed, False.

        Raises
        ------
        DataIdError
            If ``ids`` is none of these.
        UnknownDatasetType
            If there is no such dataset type.
        """
        import numpy as np

        from persistence.butler import exists  # lazy: only who asks for many needs it

        return np.array(exists.exists(self, datasetType, ids, rest), dtype=bool)

    def getUri(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] | None = None,
        write: bool = False,
        **rest: Any,
    ) -> str:
        """Give the path of a dataset; with ``write``, the one that `put` would write."""
        data_id = DataId(dataId, **rest)
        request = self.request(datasetType, data_id)
        if write:
            writers = self._chain.writers(request)
            if not writers:
                raise NoResults("No locations for getUri(write=True):", datasetType, data_id)
            uri = locate.expected(writers[0], request, data_id, write=True).uri
        else:
            uri = self._reader.locate(request, data_id, "getUri").uri
        warn_strange(self._chain, request, data_id)
        return uri

    def explain(self, datasetType: str, dataId: Mapping[str, Any] = {}, **rest: Any) -> Explanation:
        """Explain which calibration a data ID gets, and why not another.

        Parameters
        ----------
        datasetType : `str`
            A calibration, such as ``flat``.
        dataId : mapping, optional
            The data ID of an exposure, as are the other keywords.

        Returns
        -------
        explanation : `persistence.calibs.explain.Explanation`
            Each candidate, the nearest first, with what rules it out; print it.

        Raises
        ------
        DataIdError
            If the dataset type is no calibration.
        """
        data_id = DataId(dataId, **rest)
        request = self.request(datasetType, data_id)
        found: Explanation | None = None
        warn_strange(self._chain, request, data_id)
        for repository in self._chain.asked(request, data_id):
            if repository.mapper.dataset(request).section != "calibrations":
                raise DataIdError(
                    f"{datasetType} is no calibration: getUri and get say where it is looked for"
                )
            explanation = explained(repository, request, data_id)
            if explanation.chosen or explanation.rivals:
                return explanation
            found = found or explanation
        if found is None:
            raise NoResults("No locations for explain:", datasetType, data_id)
        return found

    # -- get and put
    # ---------------------------------------------------------------------------------

    def get(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] | None = None,
        immediate: bool = True,
        **rest: Any,
    ) -> Any:
        """Read a dataset, or a view of one.

        Parameters
        ----------
        datasetType : `str`
            A dataset type, such as ``calexp``, a view, such as ``calexp_md``, or a component, such
            as ``calexp.psf``; `getDatasetTypes` lists the first two.
        dataId : mapping, optional
            The data ID; keys that are missing come from the registry.
        immediate : `bool`
            False gives a `ReadProxy`, which reads when it is first used.
        **rest
            More keys; for ``_sub``, ``bbox`` and perhaps ``imageOrigin``; for a catalog,
            ``columns``: only these are read.

        Raises
        ------
        NoResults
            If no such dataset is there; the message says where it was looked for.
        UnknownDatasetType
            If there is no such dataset type.
        FormatterError
            If the file is damaged.
        """
        given = as_given(dataId, rest)
        plan = self._plan(datasetType)
        location = plan.locate(given, is_opened=True) if immediate else None
        if location is not None:
            try:
                obj = self._reader.from_file(plan.request, location)
                return obj if self._types == "astropy" else self._faced(plan.request, obj)
            except FileNotFoundError:
                pass  # the long way says where it was looked for
        data_id = DataId(given)
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
        from persistence.butler.proxy import ReadProxy  # only the patient need it

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
        """Write a dataset: the file is there whole, or as it was before.

        Parameters
        ----------
        obj : object
            What is written; the policy's storage has to be able to hold it.
        datasetType : `str`
            A dataset type.
        dataId : mapping, optional
            The data ID, as are the other keywords.
        doBackup : `bool`
            Keep what is there as ``name~1``, what was that as ``name~2``, and so on.

        Raises
        ------
        NoResults
            If nothing is written to.
        RepositoryError
            If the repository cannot be written to.
        FormatterError
            If the storage cannot hold the object.
        """
        data_id = DataId(dataId, **rest)
        request = self.request(datasetType, data_id)
        self._writer.put(request, faces.unwrap(obj), data_id, doBackup)
        warn_strange(self._chain, request, data_id)

    # -- what it was made of
    # --------------------------------------------------------------------------

    @contextlib.contextmanager
    def recording(self, digests: bool = False) -> Iterator[None]:
        """Record in the block that what is put was made of what is read in it, and nothing else.

        A Butler records so whether or not it has ``record=True``. Blocks of several threads do not
        mix: what a thread reads in a block of its own counts in no other thread's.

        Parameters
        ----------
        digests : `bool`
            Whether inputs are remembered by the digests of their content, too.

        Examples
        --------
        One block for each thing that is made::

            for ccdnum in 1, 2, 3:
                with butler.recording():
                    exposure = butler.get("calexp", visit=410877, ccdnum=ccdnum)
                    butler.put(measure(exposure), "src", visit=410877, ccdnum=ccdnum)
        """
        with recorder.block("digest" if digests else True) as made:
            self._recorders.append(made)
            try:
                yield
            finally:
                self._recorders.remove(made)

    def why(self, datasetType: str, dataId: Mapping[str, Any] = {}, **rest: Any) -> Origin:
        """Tell what a dataset was made of, and what that was made of, and so on.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        dataId : mapping, optional
            The data ID, as are the other keywords.

        Returns
        -------
        origin : `persistence.butler.provenance.origin.Origin`
            A tree of values; print it. ``to_dict()`` is for JSON, ``to_dot()`` for Graphviz.

        Raises
        ------
        NoResults
            If there is no such dataset, and there was none that the journals know of.
        """
        from persistence.butler.provenance.why import Why  # lazy: few ask

        with self._trees() as found:
            return Why(found)(self._recorded(found, datasetType, DataId(dataId, **rest), "why"))

    def used_by(self, datasetType: str, dataId: Mapping[str, Any] = {}, **rest: Any) -> Origin:
        """Tell what was made of a dataset, and what was made of that, and so on.

        The journals of the chain's repositories are asked, and of the reruns that lie in them.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        dataId : mapping, optional
            The data ID, as are the other keywords.

        Returns
        -------
        origin : `persistence.butler.provenance.origin.Origin`
            A tree of values, as of `why`, with ``outputs``.

        Raises
        ------
        NoResults
            If there is no such dataset, and there was none that the journals know of.
        """
        from persistence.butler.provenance.why import UsedBy  # lazy: few ask

        with self._trees() as found:
            data_id = DataId(dataId, **rest)
            return UsedBy(found)(self._recorded(found, datasetType, data_id, "used_by"))

    def stale(self) -> list[Stale]:
        """List the outputs of the first repository whose inputs or configuration changed since.

        Returns
        -------
        stale : `list` [`persistence.butler.provenance.stale.Stale`]
            By path, each with the reasons; what nothing is recorded of is not in it.
        """
        from persistence.butler.provenance.stale import Judge  # lazy: few ask

        with self._trees() as found:
            return list(Judge(found).all(os.path.realpath(self._chain.inputs[0].root)))

    def _recorded(self, found: Trees, name: str, data_id: DataId, verb: str) -> Location:
        """Return where a dataset is; or where it was, if it is gone and the journals know of it."""
        request = self.request(name, data_id)
        try:
            location = self._reader.locate(request, data_id, verb)
        except NoResults:
            was = next(found.gone(request, data_id), None)
            if was is None:
                raise
            return was
        return location._replace(root=os.path.realpath(location.root))

    def _trees(self) -> contextlib.AbstractContextManager[Trees]:
        from persistence.butler.provenance.trees import Trees  # lazy: few ask

        return contextlib.closing(Trees(self._chain))

    # -- parts
    # ---------------------------------------------------------------------------------------

    def _faced(self, request: Request, obj: Any) -> Any:
        """Return what was read as an object of the kind that this Butler hands out."""
        if self._types == "astropy":
            return obj
        python = None
        if request.view in (None, "sub"):
            python = faces.declared(self._chain.knowing(request).mapper.dataset(request))
        return faces.wrap(obj, self._types, python)

    def _plan(self, datasetType: str) -> Plan:
        """Return what answers for a name quickly: nothing at all, if it depends on the data ID."""
        try:
            return self._plans[datasetType]
        except (KeyError, TypeError):  # it is not known yet, or no name
            name, plan = self._resolve(datasetType), NO_PLAN
        if "." not in name:
            request = self._reader.request(name)
            plan = NO_PLAN if request.view == "sub" else self._chain.plan(request)
        self._plans[datasetType] = plan
        return plan

    def _resolve(self, name: str) -> str:
        """Put dataset types in the place of aliases."""
        if not isinstance(name, str):
            raise DataIdError(f"the name of a dataset type belongs here, not {name!r}")
        if "@" in name:
            for alias, datasetType in self._aliases.items():
                name = name.replace(alias, datasetType)
            if "@" in name:
                raise AliasError(f"Unresolvable alias specifier in datasetType: {name}")
        return name


def _trusted(trust: Any) -> tuple[str, ...]:
    """Return the dotted names that a caller trusts, one or many."""
    names = (trust,) if isinstance(trust, str) or not isinstance(trust, Iterable) else tuple(trust)
    for name in names:
        if not isinstance(name, str):
            meant = f"{name.__module__}.{name.__qualname__}" if isinstance(name, type) else ""
            raise UnknownArgument(
                f"trust: {name!r} is no dotted name: give {meant or 'package.Name'!r}, as a text"
            )
    return names


def _check_level(level: Any, datasetType: Any) -> None:
    """Refuse what is no name of a level, such as a data ID in its place."""
    if level is not None and not isinstance(level, str):
        hint = f"; is it the data ID? write dataId={level!r}" if isinstance(level, Mapping) else ""
        raise DataIdError(f"{datasetType}: the level has to be a name, not {level!r}{hint}")


def _settled(calibs: Mapping[str, Any] | None, given: Sequence[RepositoryArgs]) -> dict[str, str]:
    """Return the directories of types of calibrations, which may lie in the repositories."""
    if not isinstance(calibs, Mapping | None):
        raise RepositoryError(
            f"calibs has to map types of calibrations to directories, and is {calibs!r}: one of "
            "all types is calibRoot"
        )
    places = [args.root for args in given]
    return {
        name: roots.directory(place, places, f"calibs[{name!r}]")
        for name, place in (calibs or {}).items()
    }


def _rebuild(
    arguments: tuple[Any, ...],
    aliases: dict[str, str],
    preferences: tuple[bool, str, bool, str, bool, Any],
    defined: list[tuple[str, str, dict[str, Any]]],
    staged: dict[str, str],
    cameras: Iterable[str],
    cls: type[Butler],
) -> Butler:
    for name in cameras:
        remember(name)
    root, mapper, inputs, outputs, trust, calibs, mapper_args = arguments
    made = cls(root, mapper, inputs, outputs, trust, calibs, *preferences, **mapper_args)
    for alias, datasetType in aliases.items():
        made.defineAlias(alias, datasetType)
    for name, section, keys in defined:
        made.defineDataset(name, section=section, **keys)
    for name, stage in staged.items():
        made.defineStage(name, stage)
    return made
