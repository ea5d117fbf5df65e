"""``federation.sky``: what the cameras of a federation have at a place on the sky."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from persistence.butler import federated
from persistence.butler.asking.rows import Rows
from persistence.butler.federated import INSTRUMENT, Member
from persistence.dataids.dataid import as_given
from persistence.errors import DataIdError, NoResults, did_you_mean

if TYPE_CHECKING:
    from persistence.sky.regions import Region


class _Answer(NamedTuple):
    """The rows of one instrument."""

    member: Member
    rows: Rows


class FederatedSky:
    """The sky of several cameras: ``federation.sky``; each method is that of `Butler.sky` for all.

    Rows have the column ``instrument``, and keys by the names that all cameras know.

    Parameters
    ----------
    members : mapping [`str`, `Member`]
        The instruments.
    knowing : callable
        Returns the members that know a dataset type, or raises `UnknownDatasetType`.
    """

    def __init__(
        self, members: Mapping[str, Member], knowing: Callable[[str], list[Member]]
    ) -> None:
        self._members, self._knowing = members, knowing

    def __repr__(self) -> str:
        return f"<sky of {', '.join(self._members)}>"

    def at(
        self,
        ra: Any,
        dec: Any = None,
        radius: Any = 0.0,
        types: str | Sequence[str] | None = None,
        at: str | None = None,
        fresh: bool = True,
        **where: Any,
    ) -> dict[str, Rows]:
        """Return all datasets of all cameras at a position.

        Parameters
        ----------
        ra, dec, radius, types, at, fresh
            As for `persistence.butler.sky.sky.Sky.at`.
        **where
            Further conditions; ``instrument`` selects cameras.

        Returns
        -------
        rows : `dict` [`str`, `Rows`]
            For each type, the data IDs of its existing datasets.
        """
        members = self._selected(where)
        names = [types] if isinstance(types, str) else types
        conditions = {key: value for key, value in where.items() if key != INSTRUMENT}
        found: dict[str, list[_Answer]] = {name: [] for name in names or ()}
        for name in found:
            federated.refuse_unknown(name, conditions, self._knowing(name))
        for member in members:
            its = [name for name in names if member.knows(name)] if names is not None else None
            for name in member.butler.sky.types() if its is None else its:
                own = _own(member, name, conditions)
                if own is None:
                    continue
                rows = member.butler.sky.at(ra, dec, radius, name, at, fresh, **own)[name]
                if its is not None or rows:
                    found.setdefault(name, []).append(_Answer(member, rows))
        return {name: self._joined(name, answers) for name, answers in found.items()}

    def overlaps(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] = {},
        region: Region | list[Region] | None = None,
        at: str | None = None,
        fresh: bool = True,
        **rest: Any,
    ) -> Rows:
        """Return the datasets of all cameras on a patch, a tract, an exposure or a region.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        dataId : mapping, optional
            The region, as for `persistence.butler.sky.sky.Sky.overlaps`; ``instrument`` names the
            camera whose exposure, or whose sky map, it is. With ``region`` it selects cameras.
        region, at, fresh
            As for `persistence.butler.sky.sky.Sky.overlaps`.
        **rest
            Further keys, as in ``dataId``.

        Returns
        -------
        rows : `Rows`
            The data IDs of all cameras, and ``covered``.

        Raises
        ------
        DataIdError
            If no instrument is named, and several know the region's keys.
        """
        where = as_given(dataId, rest)
        named = {key: value for key, value in where.items() if key != INSTRUMENT}
        answers = []
        if region is not None:
            for member in self._selected(where):
                own = _own(member, datasetType, named) if member.knows(datasetType) else None
                if own is not None:
                    rows = member.butler.sky.overlaps(datasetType, own, region, at, fresh)
                    answers.append(_Answer(member, rows))
            self._knowing(datasetType)
            return self._joined(datasetType, answers)
        source = self._source(where)
        regions, conditions = source.butler.sky.named(datasetType, named, at, fresh)
        federated.refuse_unknown(datasetType, conditions, self._knowing(datasetType))
        for member in self._knowing(datasetType):
            own = _own(member, datasetType, conditions)
            if member is source:
                rows = member.butler.sky.overlaps(datasetType, named, None, at, fresh)
            elif own is not None:
                rows = member.butler.sky.overlaps(datasetType, own, regions, at, fresh)
            else:
                continue
            answers.append(_Answer(member, rows))
        return self._joined(datasetType, answers)

    def refresh(
        self, jobs: int = 1, progress: Any = None, fresh: bool = True
    ) -> dict[str, dict[str, dict[str, int]]]:
        """Read the headers of new and changed exposures of all cameras.

        Parameters
        ----------
        jobs, progress, fresh
            As for `persistence.butler.sky.sky.Sky.refresh`.

        Returns
        -------
        counts : `dict`
            For each instrument, what that method returns.
        """
        return {
            name: member.butler.sky.refresh(jobs, progress, fresh)
            for name, member in self._members.items()
        }

    def without_region(self, fresh: bool = True) -> Rows:
        """Return the datasets of all cameras whose region is unknown, with the reason.

        Parameters
        ----------
        fresh : `bool`
            False to use the indexes as they are.
        """
        answers = [
            _Answer(member, member.butler.sky.without_region(fresh))
            for member in self._members.values()
        ]
        kinds = {INSTRUMENT: str, **answers[0].rows.kinds}
        return Rows(
            "without a region",
            kinds,
            lambda: ((its.member.name, *row) for its in answers for row in its.rows.tuples()),
        )

    # -- internals
    # ---------------------------------------------------------------------------

    def _selected(self, where: Mapping[str, Any]) -> list[Member]:
        """Return the members that a data ID selects."""
        named = where.get(INSTRUMENT)
        if named is None:
            return list(self._members.values())
        return [self._member(name) for name in ([named] if isinstance(named, str) else named)]

    def _member(self, name: Any) -> Member:
        if name not in self._members:
            hint = did_you_mean(str(name), self._members)
            known = ", ".join(self._members)
            raise DataIdError(f"there is no instrument {name!r}{hint} (known: {known})")
        return self._members[name]

    def _source(self, where: Mapping[str, Any]) -> Member:
        """Return the member whose exposure, or sky map, a data ID names."""
        if INSTRUMENT in where:
            return self._member(where[INSTRUMENT])
        if "tract" in where:
            having = [one for one in self._members.values() if _has_map(one)]
            if len(having) == 1:
                return having[0]
        names = ", ".join(self._members)
        raise DataIdError(
            f"{INSTRUMENT} is missing: whose exposure, or sky map, is meant? One of {names}"
        )

    def _joined(self, datasetType: str, answers: Sequence[_Answer]) -> Rows:
        members = self._knowing(datasetType)
        every = [member.vocabulary(datasetType) for member in members]
        kinds: dict[str, type] = {INSTRUMENT: str}
        names = []
        for member, rows in answers:
            columns = member.vocabulary(datasetType)
            its = [federated.common(key, columns, every) for key in rows.columns]
            names.append(its)
            for name, kind in zip(its, rows.kinds.values(), strict=True):
                kinds.setdefault(name, kind)
        for name in ("covered", "exists"):  # behind all keys
            if name in kinds:
                kinds[name] = kinds.pop(name)

        def ask() -> Iterator[tuple[Any, ...]]:
            for (member, rows), its in zip(answers, names, strict=True):
                for row in rows.tuples():
                    values = {INSTRUMENT: member.name, **dict(zip(its, row, strict=True))}
                    yield tuple(values.get(name) for name in kinds)

        return Rows(datasetType, kinds, ask)


def _own(member: Member, name: str, where: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return conditions by a member's own names; None if it does not know one."""
    if not where:
        return {}
    columns = member.vocabulary(name)
    if not all(key in columns for key in where):
        return None
    return {columns.own(key): value for key, value in where.items()}


def _has_map(member: Member) -> bool:
    try:
        member.butler.sky.map()
    except NoResults:
        return False
    return True
