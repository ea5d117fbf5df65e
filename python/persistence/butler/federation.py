"""Several cameras as one: each has its Butler, and data IDs have one more key, ``instrument``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence import notebook
from persistence.butler import federated
from persistence.butler.answers import TypeNames, Values
from persistence.butler.asking.rows import Rows
from persistence.butler.butler import Butler
from persistence.butler.federated import INSTRUMENT, Member
from persistence.butler.subset import ButlerDataRef
from persistence.cameras import installed
from persistence.dataids.dataid import DataId
from persistence.dataids.expression import Expression
from persistence.errors import (
    AmbiguousDataId,
    DataIdError,
    NoResults,
    PolicyError,
    UnknownDatasetType,
    UnknownKey,
    did_you_mean,
)
from persistence.files import yaml_nodes
from persistence.notebook import Html

if TYPE_CHECKING:
    from persistence.butler.federated_sky import FederatedSky

_SETTINGS = ("root", "mapper", "calibRoot")


class Federation:
    """The Butlers of several cameras, queried as one.

    Parameters
    ----------
    members : mapping or path
        The name of each instrument with its repository: a path, a `Butler`, or a mapping with
        ``root``, ``mapper`` and ``calibRoot``. Or the path of a YAML file with such a mapping;
        paths in it are relative to the file.

    Raises
    ------
    PolicyError
        If there are no members, or the description of one is invalid.

    Notes
    -----
    A data ID has the key ``instrument`` in addition to the keys of its camera. Keys with different
    names in different cameras are unified under a name that all of them know: ``detector`` is
    ``ccdnum`` for DECam and ``ccd`` for HSC. A column that an instrument does not know is None in
    its rows; an instrument that does not know a required key has no rows.

    Examples
    --------
    >>> federation = Federation({"decam": "repoA", "hsc": "repoB"})  # doctest: +SKIP
    >>> federation.query(  # doctest: +SKIP
    ...     "calexp", "detector < 10", columns=["instrument", "visit", "detector"]
    ... )
    """

    def __init__(self, members: Mapping[str, Any] | str | os.PathLike[str]) -> None:
        base = ""
        if not isinstance(members, Mapping):
            path = os.fspath(members)
            base, members = os.path.dirname(os.path.abspath(path)), yaml_nodes.load(path)
        if not members:
            raise PolicyError("a federation has members: {'decam': 'repoA', 'hsc': 'repoB'}")
        self._members = {
            str(name): Member(str(name), _butler(str(name), setting, base))
            for name, setting in members.items()
        }

    def __repr__(self) -> str:
        roots = {name: member.butler.chain.inputs[0].root for name, member in self._members.items()}
        return f"Federation({roots!r})"

    @notebook.shows
    def _repr_html_(self) -> Html:
        rows = [(name, repr(member.butler)) for name, member in self._members.items()]
        table = notebook.table(rows, ["instrument", "Butler"])
        return notebook.join([notebook.title("Federation"), table])

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._members)

    def __getitem__(self, instrument: str) -> Butler:
        """Return the Butler of an instrument."""
        return self._member(instrument).butler

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def _member(self, instrument: Any) -> Member:
        if instrument not in self._members:
            raise DataIdError(
                f"there is no instrument {instrument!r}"
                f"{did_you_mean(str(instrument), self._members)} (known: "
                f"{', '.join(self._members)})"
            )
        return self._members[instrument]

    # -- dataset types, keys and data IDs
    # -----------------------------------------------------------------------------

    def getDatasetTypes(self) -> TypeNames:
        """Return the dataset types of all cameras, and their views."""
        every = TypeNames()
        for member in self._members.values():
            every = every.merged(member.butler.getDatasetTypes())
        return every

    def getKeys(self, datasetType: str) -> dict[str, type]:
        """Return the keys of complete data IDs, by the names that all cameras know.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.

        Returns
        -------
        keys : `dict` [`str`, `type`]
            Key to type, with ``instrument``.

        Raises
        ------
        UnknownDatasetType
            If no camera has such a type.
        """
        members = self._knowing(datasetType)
        every = [member.vocabulary(datasetType) for member in members]
        keys: dict[str, type] = {INSTRUMENT: str}
        for member, own in zip(members, every, strict=True):
            for key, kind in (member.butler.getKeys(datasetType) or {}).items():
                keys.setdefault(federated.common(key, own, every), kind)
        return keys

    def known_keys(self, datasetType: str) -> tuple[dict[str, type], dict[str, str]]:
        """Return the possible keys of data IDs with types, without aliases.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.

        Returns
        -------
        keys : `dict` [`str`, `type`]
            Key to type.
        aliases : `dict` [`str`, `str`]
            Always empty: each camera has its own.
        """
        known: dict[str, type] = {INSTRUMENT: str}
        for member in self._knowing(datasetType):
            columns = member.vocabulary(datasetType)
            for name in (*columns.kinds, *columns.aliases):
                kind = columns.kinds[columns.own(name)]
                known[name] = kind if known.get(name, kind) is kind else str
        return known, {}

    def query(
        self,
        datasetType: str,
        where: str | Expression | None = None,
        columns: str | Sequence[str] | None = None,
        dataId: Mapping[str, Any] = {},
        limit: int | None = None,
        order: str | Sequence[str] = (),
        distinct: bool = False,
        fresh: bool = True,
        **rest: Any,
    ) -> Rows:
        """Return one row per existing dataset of all instruments, with the column ``instrument``.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        where : `str`, optional
            A condition on columns, also on ``instrument``; see `Butler.query`.
        columns : `str` or sequence of `str`, optional
            The columns of the result. Default: the keys of the data IDs.
        dataId : mapping, optional
            Required values of columns; further columns may be passed as keywords.
        limit : `int`, optional
            The largest number of rows.
        order : `str` or sequence of `str`, optional
            The columns to sort by, ``-size`` for descending order.
        distinct : `bool`
            Whether equal rows are returned once.
        fresh : `bool`
            False to use the indexes as they are, without comparing them with the directories.
        **rest
            Further required values of columns.

        Returns
        -------
        rows : `persistence.butler.asking.rows.Rows`
            The rows.

        Raises
        ------
        UnknownDatasetType
            If no camera has such a type.
        UnknownKey
            If no camera knows a column, or a key.
        """
        members = self._asked(datasetType, dict(dataId, **rest))
        data_id = {key: value for key, value in dict(dataId, **rest).items() if key != INSTRUMENT}
        question = federated.Question(
            datasetType, where, data_id, order=order, distinct=distinct, fresh=fresh, limit=limit
        )
        return question.rows(members, self._knowing(datasetType), columns)

    @property
    def sky(self) -> FederatedSky:
        """The sky of all cameras: `Butler.sky`, with one more column, ``instrument``."""
        from persistence.butler.federated_sky import FederatedSky  # lazy: only for positions

        return FederatedSky(self._members, self._knowing)

    def queryMetadata(
        self,
        datasetType: str,
        format: str | Sequence[str],
        dataId: Mapping[str, Any] = {},
        **rest: Any,
    ) -> Values:
        """Return the values of keys in the registries of all instruments.

        Parameters
        ----------
        datasetType : `str`
            The dataset type whose registry tables are queried.
        format : `str` or sequence of `str`
            The keys whose values are returned; one may be ``instrument``.
        dataId : mapping, optional
            Values that the rows must have; further keys may be passed as keywords.
        **rest
            Further keys of the data ID.

        Returns
        -------
        values : `persistence.butler.answers.Values`
            A list: the distinct values of one key, or tuples of several. ``to_table()`` and
            ``to_pandas()`` return tables.

        Raises
        ------
        UnknownKey
            If no registry has such a key.
        """
        keys = [format] if isinstance(format, str) else list(format)
        rows = self.query_rows(datasetType, keys, DataId(dataId, **rest))
        values = [row[0] for row in rows] if len(keys) == 1 else rows
        return Values(values, keys, self.getKeys(datasetType))

    def query_rows(self, datasetType: str, keys: Sequence[str], data_id: DataId) -> list[Any]:
        """Return rows of the registries of all instruments as tuples of the values of some keys.

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
        own = {key: value for key, value in data_id.items() if key != INSTRUMENT}
        federated.refuse_unknown(datasetType, [*keys, *own], self._knowing(datasetType))
        rows = (
            row
            for member in self._asked(datasetType, data_id)
            for row in federated.registered(member, datasetType, keys, own)
        )
        return list(dict.fromkeys(rows))

    def subset(
        self, datasetType: str, dataId: Mapping[str, Any] = {}, **rest: Any
    ) -> Iterator[tuple[str, ButlerDataRef]]:
        """Yield each dataset that a partial data ID matches: its instrument, and a reference.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        dataId : mapping, optional
            The values that the data IDs must have; further keys may be passed as keywords.
        **rest
            Further keys of the data ID.

        Yields
        ------
        instrument : `str`
            The instrument.
        ref : `ButlerDataRef`
            The reference.
        """
        data_id = dict(dataId, **rest)
        for member in self._asked(datasetType, data_id):
            own = {key: value for key, value in data_id.items() if key != INSTRUMENT}
            columns = member.vocabulary(datasetType)
            if all(key in columns for key in own):
                for reference in member.butler.subset(datasetType, dataId=own):
                    yield member.name, reference

    # -- one dataset
    # -------------------------------------------------------------------------------

    def get(self, datasetType: str, dataId: Mapping[str, Any] | None = None, **rest: Any) -> Any:
        """Read a dataset with the Butler of its instrument.

        Parameters
        ----------
        datasetType : `str`
            A dataset type, a view or a component.
        dataId : mapping, optional
            The data ID. ``instrument`` may be omitted if only one instrument has the dataset.
        **rest
            As for `Butler.get`.

        Returns
        -------
        dataset : object
            The dataset.

        Raises
        ------
        AmbiguousDataId
            If several instruments have it.
        NoResults
            If no instrument has it.
        """
        return self._of_one(datasetType, dataId, rest, lambda butler: butler.get)

    def getUri(self, datasetType: str, dataId: Mapping[str, Any] | None = None, **rest: Any) -> str:
        """Return the path of a dataset's file.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        dataId : mapping, optional
            The data ID. ``instrument`` may be omitted if only one instrument has the dataset.
        **rest
            Further keys of the data ID.

        Returns
        -------
        uri : `str`
            The path.
        """
        path: str = self._of_one(datasetType, dataId, rest, lambda butler: butler.getUri)
        return path

    def datasetExists(
        self, datasetType: str, dataId: Mapping[str, Any] | None = None, **rest: Any
    ) -> bool:
        """Check whether any instrument has a dataset, or the one that the data ID names.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        dataId : mapping, optional
            The data ID, with or without ``instrument``.
        **rest
            Further keys of the data ID.

        Returns
        -------
        exists : `bool`
            Whether it exists.
        """
        return bool(self._having(datasetType, dict(dataId or {}, **rest)))

    def put(
        self, obj: Any, datasetType: str, dataId: Mapping[str, Any] | None = None, **rest: Any
    ) -> None:
        """Write a dataset with the Butler of its instrument.

        Parameters
        ----------
        obj : object
            The dataset.
        datasetType : `str`
            The dataset type.
        dataId : mapping, optional
            The data ID, with ``instrument``; further keys may be passed as keywords.
        **rest
            Further keys of the data ID.

        Raises
        ------
        DataIdError
            If ``instrument`` is missing.
        """
        data_id = dict(dataId or {}, **rest)
        if INSTRUMENT not in data_id:
            raise DataIdError(f"give {INSTRUMENT}: one of {', '.join(self._members)}")
        self._member(data_id.pop(INSTRUMENT)).butler.put(obj, datasetType, data_id)

    def _of_one(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] | None,
        rest: Mapping[str, Any],
        verb: Callable[[Butler], Any],
    ) -> Any:
        data_id = dict(dataId or {}, **rest)
        if INSTRUMENT in data_id or len(self._members) == 1:
            name = data_id.pop(INSTRUMENT, next(iter(self._members)))
            return verb(self._member(name).butler)(datasetType, data_id)
        having = self._having(datasetType, data_id)
        if len(having) == 1:
            return verb(having[0].butler)(datasetType, data_id)
        names = ", ".join(member.name for member in having or self._members.values())
        if having:
            reasons = [f"{names} have it: give {INSTRUMENT}"]
            raise AmbiguousDataId("No unique dataset for:", datasetType, DataId(data_id), reasons)
        raise NoResults(
            "No locations for get:", datasetType, DataId(data_id), [f"none of {names} has it"]
        )

    def _having(self, datasetType: str, data_id: dict[str, Any]) -> list[Member]:
        members = self._asked(datasetType, data_id)
        own = DataId({key: value for key, value in data_id.items() if key != INSTRUMENT})
        having = []
        for member in members:
            try:
                if member.butler.datasetExists(datasetType, own):
                    having.append(member)
            except (UnknownKey, NoResults):  # the key is unknown here, or one of its own is missing
                continue
        return having

    def _knowing(self, datasetType: str) -> list[Member]:
        """Return the members that have a path for a dataset type; if none, those that know it."""
        members = [member for member in self._members.values() if member.knows(datasetType)]
        if not members:
            raise UnknownDatasetType(
                datasetType, sorted(self.getDatasetTypes()), f"None of {', '.join(self)}"
            )
        # All cameras share the names of types; some define no path for them.
        return [member for member in members if member.has_place(datasetType)] or members

    def _asked(self, datasetType: str, data_id: Mapping[str, Any]) -> list[Member]:
        """Return the members that a data ID selects."""
        members = self._knowing(datasetType)
        named = data_id.get(INSTRUMENT)
        if named is None:
            return members
        wanted = [named] if isinstance(named, str) else list(named)
        chosen = [self._member(name).name for name in wanted]
        return [member for member in members if member.name in chosen]


def _butler(name: str, setting: Any, base: str) -> Butler:
    """Open the Butler of a member."""
    if isinstance(setting, Butler):
        return setting
    settings = setting if isinstance(setting, Mapping) else {"root": setting}
    for key in settings:
        if key not in _SETTINGS:
            raise PolicyError(
                f"{name}: unknown key {key!r}{did_you_mean(str(key), _SETTINGS)} (known: "
                f"{', '.join(_SETTINGS)})"
            )
    root = settings.get("root")
    if not isinstance(root, str | os.PathLike):
        raise PolicyError(f"{name} must be the path of a repository, not {root!r}")
    path = os.path.join(base, root)
    if not os.path.isdir(path):
        raise PolicyError(f"{name}: there is no directory {path}")
    mapper = settings.get("mapper")
    more = {"calibRoot": settings["calibRoot"]} if settings.get("calibRoot") else {}
    # from a file, only mappers announced by installed packages are imported
    return Butler(path, mapper=None if mapper is None else installed.find(mapper), **more)
