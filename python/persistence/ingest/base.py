"""The steps common to all kinds of ingest: expand, read, deliver, end, report."""

from __future__ import annotations

import dataclasses
import glob
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, ClassVar

from persistence.butler.repository import Repository
from persistence.dataids.template import PathTemplate
from persistence.errors import (
    FileConflict,
    PersistenceError,
    PolicyError,
    RepositoryError,
    did_you_mean,
)
from persistence.files import atomic, durable, journal, links, ownership
from persistence.ingest import checks
from persistence.ingest.checks import Checks
from persistence.ingest.config import IngestConfig, ParseConfig
from persistence.ingest.naming import Naming
from persistence.ingest.origins import Origins
from persistence.ingest.parse import Parsed, Parser
from persistence.ingest.plan import Delivery, FilePlan
from persistence.ingest.report import Report, grouped

log = logging.getLogger("persistence.ingest")


@dataclass
class FileIngest:
    """The base of ingest tasks: delivers files; subclasses define what is recorded of them.

    Attributes
    ----------
    repository : `Repository`
        The repository.
    config : `IngestConfig`
        The camera's configuration, with the user's overrides.
    mode : `str`
        One of ``MODES``; see `files.atomic.deliver`.
    dry_run : `bool`
        Plan and report, but change nothing.
    create : `bool`
        Replace the registry's tables by new ones.
    ignore_ingested : `bool`
        Silently skip files that are already registered.
    processes : `int`
        The number of processes that read headers.
    force : `bool`
        Write although the repository belongs to another user.
    names : mapping
        Names of files in messages, if they differ from their paths.
    show : callable
        Prints a line of a dry run.
    report : `Report`
        The result of the last run, also of an interrupted one.
    """

    MODES: ClassVar[tuple[atomic.Mode, ...]] = atomic.MODES
    repository: Repository
    config: IngestConfig
    mode: atomic.Mode = "link"
    dry_run: bool = False
    create: bool = False
    ignore_ingested: bool = False
    processes: int = 1
    force: bool = False
    progress: Callable[[Iterable[Any], int], Iterable[Any]] = lambda items, total: items
    names: Mapping[str, str] = field(default_factory=dict)
    show: Callable[[str], None] = print
    report: Report = field(default_factory=Report, init=False)
    _unlisted: dict[str, list[str]] = field(default_factory=dict, init=False)
    _checks: Checks = field(default_factory=Checks, init=False)
    _origins: dict[str, Origins] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.mode not in self.MODES:
            raise PolicyError(
                f"no mode {self.mode!r}{did_you_mean(self.mode, self.MODES)} (known: "
                f"{', '.join(self.MODES)})"
            )

    def _expand(self, patterns: Sequence[str], report: Report) -> list[str]:
        """Expand file name patterns, as a shell would.

        Patterns that match nothing are reported as failures.
        """
        paths: list[str] = []
        for pattern in patterns:
            paths_ = [pattern] if os.path.lexists(pattern) else sorted(glob.glob(pattern))
            if not paths_:
                report.failed.append((pattern, links.fault(pattern) or "no such file"))
            for path in paths_:
                fault = links.fault(path)
                if fault:
                    report.failed.append((path, fault))
                else:
                    paths.append(path)
        names: dict[str, str] = {}
        for path in paths:
            # a file that is named twice is ingested once
            names.setdefault(os.path.realpath(path), path)
        return list(names.values())

    def _check_writable(self, root: str) -> None:
        if self.dry_run:
            return
        if not os.access(root, os.W_OK | os.X_OK):
            raise RepositoryError(f"{root} is read-only for you: nothing can be ingested into it")
        refusal = "" if self.force else ownership.refusal(root)
        if refusal:
            raise RepositoryError(refusal)

    def _read(self, paths: Sequence[str], parser: Parser) -> Iterator[Parsed]:
        """Yield the content of the headers, in the order of the files; count unknown filters."""
        for parsed in self._parsed(paths, parser):
            for name in parsed.unlisted:
                self._unlisted.setdefault(name, []).append(self._name(parsed.path))
            yield parsed

    def _parsed(self, paths: Sequence[str], parser: Parser) -> Iterator[Parsed]:
        if self.processes <= 1 or len(paths) <= 1:
            yield from map(parser, paths)
            return
        size = max(1, min(64, len(paths) // (4 * self.processes)))
        with ProcessPoolExecutor(self.processes, mp_context=get_context("spawn")) as pool:
            yield from pool.map(parser, paths, chunksize=size)

    def _deliver(self, plan: FilePlan, report: Report) -> list[FilePlan]:
        """Deliver the files of a plan; return the plan in a list if it has rows to record."""
        if plan.status == "failed":
            self._fail(plan, plan.problem, report)
            return []
        if plan.status == "ignored":
            report.add("ignored", self._name(plan.source), plan)
            return []
        if self.dry_run:
            self._tell(plan)
            name = self._name(plan.source)
            report.planned.append(dataclasses.replace(plan, source=name))
            report.add(plan.status, name, plan)
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
        if os.path.lexists(delivery.target) and atomic.same(delivery.source, delivery.target):
            return
        try:
            replace = self.config.clobber or atomic.is_lost(delivery.target)
            atomic.deliver(delivery.source, delivery.target, self.mode, replace)
        except FileConflict:
            # another run may have delivered it meanwhile
            if not atomic.same(delivery.source, delivery.target):
                raise
        log.info("%s --%s--> %s", self._name(delivery.source), self.mode, delivery.target)

    def _flush(self, plans: Sequence[FilePlan], root: str) -> None:
        """Flush delivered files to the disk, before rows refer to them.

        This includes files that an earlier, interrupted run delivered without recording rows.
        """
        targets = [
            delivery.target
            for plan in plans
            if plan.status == "new" or plan.rows
            for delivery in plan.deliveries
        ]
        if targets and self.mode != "skip":
            files = [path for path in targets if not os.path.islink(path)]
            durable.flush(files, durable.ancestors(targets, root))

    def _end(self, plan: FilePlan, report: Report, root: str) -> None:
        """Write delivered files into the journal and remove the sources of a move.

        Their rows are already recorded.
        """
        if plan.status == "new" or plan.rows:
            for each in plan.deliveries:
                path = os.path.relpath(each.target, root)
                journal.append(root, "ingest", path, d=each.datasetType, id=each.dataId)
                self._origins.setdefault(root, Origins(root)).take(self._name(each.source), path)
        try:
            for delivery in plan.deliveries if self.mode == "move" else ():
                atomic.remove_source(delivery.source, delivery.target)
        except OSError as error:
            problem = (
                "it is in its place and registered, but cannot be removed from here: "
                f"{error.strerror}"
            )
            self._fail(plan, problem, report)
            return
        report.add(plan.status, self._name(plan.source), plan)

    def _fail(self, plan: FilePlan, problem: str, report: Report) -> None:
        # It is in the report; the log shows it at once.
        log.info("%s: %s", self._name(plan.source), problem)
        report.failed.append((self._name(plan.source), problem))

    def _note(self, notes: Sequence[str], report: Report) -> None:
        for note in notes:
            log.info(note.strip())
        report.notes += notes

    def _parser(
        self, parse: ParseConfig, templates: Iterable[PathTemplate], dates: Iterable[str] = ()
    ) -> Parser:
        """Return the parser that reads headers and checks their values."""
        translator = self.repository.mapper.translator
        self._checks = checks.of(
            self.config.register,
            templates,
            dates,
            translator.filters,
            self.config.strictFilters,
            self._detectors(),
        )
        mapper = self.repository.mapper
        naming = Naming(mapper.detector_key, mapper.detector_form, mapper.detector_names)
        return Parser(parse, translator, self._checks, naming)

    def _detectors(self) -> Mapping[str, Collection[int]]:
        """Return the numbers of the camera's detectors, by the key that has them."""
        mapper = self.repository.mapper
        key, numbers = mapper.detector_key, mapper.detector_numbers
        return {} if key is None or numbers is None else {key: frozenset(numbers)}

    def _tell_filters(self, report: Report) -> None:
        """Warn of filters that the camera does not list, with the number of their files."""
        for name, paths in self._unlisted.items():
            count = f"{len(paths)} files have" if len(paths) > 1 else f"{paths[0]} has"
            note = (
                f"  {count} the filter {name!r}, which the camera does not list"
                f"{self._checks.neighbours(name)} (-c strictFilters=True refuses such files)"
            )
            log.info("%s", note.strip())
            report.notes.append(note)

    def _tell(self, plan: FilePlan) -> None:
        for delivery in plan.deliveries:
            would = f"would {'register' if self.mode == 'direct' else self.mode}"
            verb = would if plan.status == "new" else plan.status
            self.show(f"{verb}  {self._name(delivery.source)}  ->  {delivery.target}")
        if plan.rows:
            self.show(f"  {grouped(plan.rows)}")

    def _name(self, path: str) -> str:
        return self.names.get(path, path)


def removed(numbers: Mapping[str, int], dry_run: bool) -> list[str]:
    """Return notes about the number of rows that ``--create`` removes, by table."""
    verb = "would remove" if dry_run else "removed"
    if not numbers:
        return ["  --create: no row was planned, and all tables stay as they are"]
    return [f"  --create {verb} {number} rows of {table}" for table, number in numbers.items()]
