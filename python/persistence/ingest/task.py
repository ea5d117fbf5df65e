"""Ingest: plan each file, deliver it, record it, and report.

The order makes each step repeatable: a file is put in its place whole, then its rows come in one
transaction, and a moved file's source goes last. Whatever is killed in between, the next run finds what is
done and does the rest.
"""

from __future__ import annotations

import fnmatch
import glob
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from persistence import files
from persistence.errors import (
    FileConflict,
    IngestError,
    PersistenceError,
    PolicyError,
    RepositoryError,
    RowExists,
    UnknownDatasetType,
    did_you_mean,
)
from persistence.ingest.config import IngestConfig
from persistence.ingest.parse import Parsed, Parser
from persistence.ingest.plan import Delivery, FilePlan, Planner
from persistence.ingest.siblings import Siblings
from persistence.registry.writer import RegistryWriter, TableSpec
from persistence.repository import Repository

log = logging.getLogger("persistence.ingest")

# A transaction takes no more files and rows than these: what a kill can undo, and the memory, stay small.
_FILES = 500
_ROWS = 20000


@dataclass
class Report:
    """What a run did.

    Attributes
    ----------
    new, placed, same, ignored : `list` [`str`]
        The files that were delivered; that were in place and now have their rows; that were there already;
        that were passed over.
    failed : `list` [`tuple` [`str`, `str`]]
        The files that failed, with the cause.
    """

    new: list[str] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [
            f"{len(self.new)} new",
            f"{len(self.placed)} in place, now registered" if self.placed else "",
            f"{len(self.same)} already there",
            f"{len(self.ignored)} passed over" if self.ignored else "",
            f"{len(self.failed)} failed",
        ]
        lines = [f"  failed  {path}: {problem}" for path, problem in self.failed]
        return "\n".join([", ".join(part for part in parts if part), *lines])


@dataclass
class IngestTask:
    """Brings files into a repository.

    Attributes
    ----------
    repository : `Repository`
        Where they go.
    config : `IngestConfig`
        The camera's tables, with the user's overrides.
    mode : `str`
        ``link``, ``copy``, ``move`` or ``skip``.
    filetype : `str`
        One of the configuration's file types.
    dry_run : `bool`
        Plan and tell, but change nothing.
    create : `bool`
        Make the registry's tables anew.
    ignore_ingested : `bool`
        Pass silently over files that have rows.
    bad_files : sequence of `str`
        Shell patterns of base names that are passed over.
    bad_ids : sequence of mapping
        Files whose properties match one of these are passed over.
    processes : `int`
        How many processes read headers.
    """

    repository: Repository
    config: IngestConfig
    mode: files.Mode = "link"
    filetype: str = "raw"
    dry_run: bool = False
    create: bool = False
    ignore_ingested: bool = False
    bad_files: Sequence[str] = ()
    bad_ids: Sequence[Mapping[str, Any]] = ()
    processes: int = 1
    progress: Callable[[Iterable[Any], int], Iterable[Any]] = lambda items, total: items

    def __post_init__(self) -> None:
        if self.filetype not in self.config.filetypes:
            known = self.config.filetypes
            raise PolicyError(
                f"no file type {self.filetype!r}{did_you_mean(self.filetype, known)} (known: {', '.join(known)})"
            )
        register = self.config.register
        self._writer = RegistryWriter(
            os.path.join(self.repository.root, "registry.sqlite3"),
            TableSpec(register.table, register.columns, register.unique, register.visit),
            register.permissions,
            register.wait,
            self.dry_run,
        )
        self.report = Report()

    def run(self, patterns: Sequence[str]) -> Report:
        """Ingest files.

        Parameters
        ----------
        patterns : sequence of `str`
            File names, or patterns of them.

        Returns
        -------
        report : `Report`
            What was done with each.

        Raises
        ------
        RegistryError
            If the registry is of another layout, or locked for too long.
        RepositoryError
            If the repository cannot be written to.
        """
        # Kept, for one who interrupts the run wants to know what it did.
        self.report = report = Report()
        paths = self._expand(patterns, report)
        self._check_writable()
        if self.create and not self.dry_run:
            self._writer.create()
        self._planned = planner = self._planner()
        pending: list[FilePlan] = []
        try:
            for parsed in self.progress(self._read(paths), len(paths)):
                plan = self._passed_over(parsed) or planner.plan(parsed)
                pending += self._deliver(plan, report)
                if len(pending) >= _FILES or sum(len(plan.rows) for plan in pending) >= _ROWS:
                    batch, pending = pending, []  # whatever comes of it, it is not tried twice
                    self._record(batch, report)
        finally:
            # Also after an interrupt: what was delivered is recorded.
            self._record(pending, report)
            self._writer.close()
        return report

    # -- before --------------------------------------------------------------------------------------

    def _expand(self, patterns: Sequence[str], report: Report) -> list[str]:
        """Expand patterns, as the shell would have; what names no file is a failure, not a surprise."""
        paths: list[str] = []
        for pattern in patterns:
            found = [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern))
            if not found:
                report.failed.append((pattern, "no such file"))
            paths += found
        names: dict[str, str] = {}
        for path in paths:
            names.setdefault(os.path.realpath(path), path)  # a file that is named twice is one file
        kept = []
        for path in names.values():
            if any(fnmatch.fnmatch(os.path.basename(path), bad) for bad in self.bad_files):
                log.info("%s matches --badFile", path)
                report.ignored.append(path)
            else:
                kept.append(path)
        return kept

    def _check_writable(self) -> None:
        if not self.dry_run and not os.access(self.repository.root, os.W_OK | os.X_OK):
            raise RepositoryError(f"{self.repository.root} is read-only for you: nothing can be ingested into it")

    def _planner(self) -> Planner:
        filetype = self.config.filetypes[self.filetype]
        mapper = self.repository.mapper
        templates = {}
        for name in filetype.files:
            if name not in mapper.types:
                raise UnknownDatasetType(name, mapper.types, type(mapper).__name__)
            template = mapper.types[name].template
            if template is None:
                raise PolicyError(f"dataset type {name!r} has no template: its files have no place")
            templates[name] = template
        return Planner(
            self.repository.root,
            self.config,
            filetype,
            templates,
            self._find_row,
            Siblings(self.config, filetype).find,
            self.mode,
            self.ignore_ingested,
        )

    def _find_row(self, key: Sequence[Any]) -> Mapping[str, Any] | None:
        return None if self.create and self.dry_run else self._writer.find(key)

    def _read(self, paths: Sequence[str]) -> Iterator[Parsed]:
        """Read the headers, in the order of the files."""
        parser = Parser(self.config.parse, self.repository.mapper.translator)
        if self.processes <= 1 or len(paths) <= 1:
            yield from map(parser, paths)
            return
        size = max(1, min(64, len(paths) // (4 * self.processes)))
        with ProcessPoolExecutor(self.processes, mp_context=get_context("spawn")) as pool:
            yield from pool.map(parser, paths, chunksize=size)

    def _passed_over(self, parsed: Parsed) -> FilePlan | None:
        for bad in self.bad_ids:
            if not parsed.problem and all(parsed.info.get(key) == value for key, value in bad.items()):
                log.info("%s matches --badId", parsed.path)
                return FilePlan(parsed.path, "ignored")
        return None

    # -- deliver, record, report ---------------------------------------------------------------------

    def _deliver(self, plan: FilePlan, report: Report) -> list[FilePlan]:
        """Put the files in their places; gives the plan again if something is left to be recorded."""
        if plan.status == "failed":
            self._fail(plan, plan.problem, report)
            return []
        if plan.status == "ignored":
            report.ignored.append(plan.source)
            return []
        if self.dry_run:
            self._tell(plan)
            getattr(report, plan.status).append(plan.source)
            return []
        try:
            if plan.status == "new":
                for delivery in plan.deliveries:
                    self._place(delivery)
        except (PersistenceError, OSError) as error:
            self._fail(plan, str(error), report)
            return []
        return [plan]

    def _place(self, delivery: Delivery) -> None:
        if os.path.lexists(delivery.target) and files.same(delivery.source, delivery.target):
            return
        try:
            files.deliver(delivery.source, delivery.target, self.mode, self.config.clobber)
        except FileConflict:
            if not files.same(delivery.source, delivery.target):  # another run may have placed it just now
                raise
        log.info("%s --%s--> %s", delivery.source, self.mode, delivery.target)

    def _record(self, plans: Sequence[FilePlan], report: Report) -> None:
        """Register the rows of some files, then end what depends on it."""
        if not plans:
            return
        rows = [row for plan in plans for row in plan.rows]
        replace, ignore = self.config.clobber, self.config.register.ignore
        try:
            if rows:
                self._writer.add(rows, replace, ignore)
        except RowExists:
            # Another run was here since these were planned: see, file by file, what it left to do.
            for plan in plans:
                self._record_alone(plan, report, refused=len(plans) == 1)
            return
        for plan in plans:
            self._end(plan, report)

    def _end(self, plan: FilePlan, report: Report) -> None:
        """Remove the sources of a move, now that the rows are there; then it is done."""
        try:
            for delivery in plan.deliveries if self.mode == "move" else ():
                files.remove_source(delivery.source, delivery.target)
        except OSError as error:
            problem = f"it is in its place and registered, but cannot be removed from here: {error.strerror}"
            self._fail(plan, problem, report)
            return
        getattr(report, plan.status).append(plan.source)

    def _record_alone(self, plan: FilePlan, report: Report, refused: bool) -> None:
        """Register what is still missing of a file; ``refused`` if the registry refused this file's very rows."""
        try:
            again = self._planned.plan_again(plan)
        except FileConflict as error:
            self._fail(plan, str(error), report)
            return
        if refused and again.rows == plan.rows:
            self._fail(plan, "its rows contradict each other, or the registry's constraints", report)
        else:
            self._record([again], report)

    def _fail(self, plan: FilePlan, problem: str, report: Report) -> None:
        log.warning("%s: %s", plan.source, problem)
        report.failed.append((plan.source, problem))

    def _tell(self, plan: FilePlan) -> None:
        for delivery in plan.deliveries:
            verb = f"would {self.mode}" if plan.status == "new" else plan.status
            print(f"{verb}  {delivery.source}  ->  {delivery.target}")
        for row in plan.rows:
            print("  row  " + " ".join(f"{key}={value}" for key, value in row.items()))


def refuse_failures(report: Report, allow: bool) -> None:
    """Raise if files failed, unless that is allowed.

    Raises
    ------
    IngestError
        With the first file that failed.
    """
    if report.failed and not allow:
        path, problem = report.failed[0]
        raise IngestError(f"{len(report.failed)} of the files failed; the first, {path}: {problem}", pathname=path)
