"""Plan the ingest of a file; the plan is carried out by `persistence.ingest.task`.

Planning changes nothing: a dry run prints the plan and stops.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from persistence.dataids.template import PathTemplate
from persistence.errors import FileConflict, PersistenceError, RegistryError
from persistence.files import atomic
from persistence.ingest.config import FileType, IngestConfig
from persistence.ingest.parse import Parsed, stored, with_placeholders
from persistence.registry import direct

Status = Literal["new", "placed", "same", "ignored", "failed"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Delivery:
    """A file, and its target.

    Attributes
    ----------
    source, target : `str`
        The paths.
    datasetType : `str`
        The dataset type.
    dataId : mapping
        The keys of its path that have a single value: a file of all detectors has no detector.
    """

    source: str
    target: str
    datasetType: str = ""
    dataId: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class FilePlan:
    """The plan for the files of one exposure.

    Attributes
    ----------
    source : `str`
        The file that the user named.
    status : `str`
        ``new``: not, or not completely, in the repository; ``placed``: the files are, rows are
        missing; ``same``: everything is; ``ignored``: skipped on request; ``failed``: see
        ``problem``.
    deliveries : `tuple` [`Delivery`]
        The files, including those already in place.
    rows : `tuple` of mapping
        The missing rows.
    problem : `str`
        Why it failed.
    table : `str`
        The registry's table of the rows.
    """

    source: str
    status: Status
    deliveries: tuple[Delivery, ...] = ()
    rows: tuple[Row, ...] = ()
    problem: str = ""
    table: str = ""


@dataclass
class Planner:
    """Plan the ingest of files one by one, given the repository and the preceding files.

    Attributes
    ----------
    root : `str`
        The repository.
    config : `IngestConfig`
        The camera's configuration, with the user's overrides.
    filetype : `FileType`
        The files of an exposure.
    templates : mapping
        Dataset type -> path template, for the file type's dataset types.
    find_row : callable
        Returns the registered row with certain values of the unique columns, or None.
    siblings : callable
        Returns the path of the exposure's file of another dataset type.
    mode : `str`
        How files are delivered.
    ignore_ingested : `bool`
        Silently skip files that have a row.
    may_differ : sequence of `str`
        Columns in which a registered row may differ from the file's, besides those of the file
        type.
    direct : callable
        Returns the file outside the repository that is registered for a target, or None.
    taken : `dict`
        The values of the unique columns of files in this run, shared by planners of one table.
    """

    root: str
    config: IngestConfig
    filetype: FileType
    templates: Mapping[str, PathTemplate]
    find_row: Callable[[Sequence[Any]], Mapping[str, Any] | None]
    siblings: Callable[[Parsed, str], str]
    mode: atomic.Mode = "link"
    ignore_ingested: bool = False
    may_differ: Sequence[str] = ()
    taken: dict[tuple[Any, ...], str] = field(default_factory=dict)
    direct: Callable[[str], str | None] = lambda target: None

    def __post_init__(self) -> None:
        self._targets: dict[str, str] = {}
        self._may_differ = {*self.may_differ, *self.filetype.columns}

    def plan(self, parsed: Parsed) -> FilePlan:
        """Return the plan for a file.

        Raises
        ------
        RegistryError
            If the registry cannot be read, which is not the file's fault.
        """
        if parsed.problem:
            return FilePlan(parsed.path, "failed", problem=parsed.problem)
        try:
            return self._plan(parsed)
        except RegistryError:
            raise
        except (PersistenceError, OSError) as error:
            return FilePlan(parsed.path, "failed", problem=str(error))

    def plan_again(self, plan: FilePlan) -> FilePlan:
        """Return a plan with the rows that are still missing, after another process wrote some.

        Raises
        ------
        FileConflict
            If it registered something else.
        """
        return dataclasses.replace(plan, rows=tuple(self._missing(plan.source, plan.rows)))

    def _plan(self, parsed: Parsed) -> FilePlan:
        sources = {name: self._source(parsed, name) for name in self.filetype.files}
        named = {column: sources.get(column, "") for column in self.filetype.columns}
        if len(sources) == 1:
            named = dict.fromkeys(named, "")
        rows = [stored({**row, **named}, self.config) for row in parsed.rows]
        missing = self._missing(parsed.path, rows)
        if self.ignore_ingested and len(missing) < len(rows):
            return FilePlan(parsed.path, "ignored", table=self.config.register.table)
        deliveries = tuple(
            Delivery(
                source, self._target(name, source, parsed.rows), name, self._id(name, parsed.rows)
            )
            for name, source in sources.items()
        )
        waiting = [delivery for delivery in deliveries if not self.in_place(delivery)]
        for delivery in waiting if self.mode == "hardlink" else ():
            atomic.check_hard_link(delivery.source, delivery.target)
        status: Status = "new" if waiting else "placed" if missing else "same"
        return FilePlan(
            parsed.path, status, deliveries, tuple(missing), table=self.config.register.table
        )

    def _source(self, parsed: Parsed, name: str) -> str:
        return (
            parsed.path if name == next(iter(self.filetype.files)) else self.siblings(parsed, name)
        )

    def _target(self, name: str, source: str, rows: Sequence[Row]) -> str:
        """Return the path where ``get`` expects the file, the same for all its rows."""
        template = self.templates[name]
        paths = dict.fromkeys(template.locate(with_placeholders(row))[0] for row in rows)
        if len(paths) > 1:
            raise FileConflict(
                f"its parts have different paths: {', '.join(paths)}", pathname=source
            )
        target = os.path.join(self.root, next(iter(paths)))
        first = self._targets.setdefault(target, source)
        if first != source:
            raise FileConflict(f"{first} goes to {target} too", pathname=source)
        return target

    def _id(self, name: str, rows: Sequence[Row]) -> dict[str, Any]:
        """Return the values of a template's keys that all rows of a file share."""
        return {
            key: rows[0][key]
            for key in self.templates[name].keys
            if key in rows[0] and len({row.get(key) for row in rows}) == 1
        }

    def in_place(self, delivery: Delivery) -> bool:
        """Check whether a file is at its target, or registered for it.

        Raises
        ------
        FileConflict
            If another one is, and may not be replaced.
        """
        return self.mode == "skip" or in_place(delivery, self.config.clobber, self.direct)

    def _missing(self, path: str, rows: Sequence[Row]) -> list[Row]:
        """Return the rows that are not registered; raise an error if others have their keys."""
        unique = self.config.register.unique
        if not unique:
            return list(rows)
        missing = []
        seen: set[tuple[Any, ...]] = set()
        for row in rows:
            key = tuple(row[column] for column in unique)
            shown = " ".join(f"{column}={value}" for column, value in zip(unique, key, strict=True))
            if key in seen:
                raise FileConflict(f"two of its parts are {shown}", pathname=path)
            seen.add(key)
            first = self.taken.setdefault(key, path)
            if first != path:
                raise FileConflict(f"{first} is {shown} too", pathname=path)
            registered = self.find_row(key)
            if registered is None:
                missing.append(row)
                continue
            differing = [
                f"{column} is {registered[column]!r}, not {value!r}"
                for column, value in row.items()
                if registered[column] != value and column not in self._may_differ
            ]
            if differing and self.config.clobber:
                missing.append(row)
            elif differing and not self.config.register.ignore:
                raise FileConflict(
                    f"{shown} is registered differently: {'; '.join(differing)}; -c clobber=True "
                    "replaces it",
                    pathname=path,
                )
        return missing


def in_place(delivery: Delivery, clobber: bool, direct: Callable[[str], str | None]) -> bool:
    """Check whether a file is at its target, or registered for it.

    Parameters
    ----------
    delivery : `Delivery`
        The file, and its target.
    clobber : `bool`
        Whether another one may be replaced.
    direct : callable
        Returns the file outside the repository that is registered for a target, or None.

    Returns
    -------
    in_place : `bool`
        Whether it is.

    Raises
    ------
    FileConflict
        If another one is there, and may not be replaced.
    """
    there = delivery.target
    if not os.path.lexists(there):
        registered = direct(there)
        if registered is None:
            return False
        there = registered
    if atomic.same(delivery.source, there):
        return True
    if not (clobber or atomic.is_lost(there)):
        raise in_the_way(delivery, there)
    return False


def in_the_way(delivery: Delivery, there: str) -> FileConflict:
    """Return the error for a file that conflicts with a delivery.

    Parameters
    ----------
    delivery : `Delivery`
        The delivery.
    there : `str`
        The target, or the file outside the repository that is registered for it.

    Returns
    -------
    error : `FileConflict`
        The error.
    """
    target, source = delivery.target, delivery.source
    if there == target:
        return atomic.in_the_way(target, source)
    what = direct.fault(target, there) or f"{target} is registered for {there}"
    return FileConflict(f"{what}; -c clobber=True replaces it", pathname=source)
