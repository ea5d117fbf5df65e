"""Ingest of images: plan each file, deliver it, record it, and report.

The order makes each step repeatable: a file is delivered completely, then its rows are written in
one transaction, and a moved file's source is removed last. After an interruption, the next run
detects what is done and does the rest.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from persistence.errors import (
    FileConflict,
    PolicyError,
    RowExists,
    UnknownDatasetType,
    did_you_mean,
)
from persistence.ingest import direct
from persistence.ingest.base import FileIngest, log, removed
from persistence.ingest.parse import Parsed
from persistence.ingest.plan import FilePlan, Planner
from persistence.ingest.report import Report
from persistence.ingest.siblings import Siblings
from persistence.registry import open_writer
from persistence.registry.direct_writer import DirectWriter
from persistence.registry.tables import TableSpec

# The maximal numbers of files and rows per transaction: an interruption undoes little, and memory
# stays small.
_FILES = 500
_ROWS = 20000


@dataclass
class IngestTask(FileIngest):
    """Ingest images into a repository.

    Attributes
    ----------
    filetype : `str`
        One of the configuration's file types.
    bad_files : sequence of `str`
        Shell patterns of base names to skip.
    bad_ids : sequence of mapping
        Files whose properties match one of these are skipped.
    """

    filetype: str = "raw"
    bad_files: Sequence[str] = ()
    bad_ids: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.filetype not in self.config.filetypes:
            known = self.config.filetypes
            raise PolicyError(
                f"no file type {self.filetype!r}{did_you_mean(self.filetype, known)} (known: "
                f"{', '.join(known)})"
            )
        register = self.config.register
        self._table = register.table
        spec = TableSpec(register.table, register.columns, register.unique, register.visit)
        self._writer = open_writer(
            self.repository.root,
            {spec.name: spec},
            permissions=register.permissions,
            wait=register.wait,
            dry_run=self.dry_run,
        )
        self._direct = DirectWriter(
            self.repository.root, register.permissions, register.wait, self.dry_run
        )

    def run(self, patterns: Sequence[str]) -> Report:
        """Ingest files.

        Parameters
        ----------
        patterns : sequence of `str`
            File names, or patterns of them.

        Returns
        -------
        report : `Report`
            The result for each file.

        Raises
        ------
        RegistryError
            If the registry has another layout, or is locked for too long.
        RepositoryError
            If the repository cannot be written to.
        """
        self.report = report = Report(dry_run=self.dry_run)
        paths = self._without_bad(self._expand(patterns, report), report)
        self._check_writable(self.repository.root)
        self._planned = planner = self._planner()
        pending: list[FilePlan] = []
        try:
            parser = self._parser(self.config.parse, planner.templates.values())
            for parsed in self.progress(self._read(paths, parser), len(paths)):
                plan = self._passed_over(parsed) or planner.plan(parsed)
                pending += self._deliver(plan, report)
                is_full = len(pending) >= _FILES or sum(len(plan.rows) for plan in pending) >= _ROWS
                if is_full and not self.create:
                    batch, pending = pending, []  # whether or not this succeeds, it is not retried
                    self._record(batch, report)
            if self.create:
                self._record_anew(pending, report)
        finally:
            # Also after an interrupt, delivered files are recorded. Tables, however, are not
            # replaced by an incomplete run.
            if not self.create:
                self._record(pending, report)
            self._writer.close()
            self._direct.close()
            self._tell_filters(report)
        return report

    def _without_bad(self, paths: Sequence[str], report: Report) -> list[str]:
        kept = []
        for path in paths:
            if any(fnmatch.fnmatch(os.path.basename(path), bad) for bad in self.bad_files):
                log.info("%s matches --badFile", path)
                report.ignored.append(path)
            else:
                kept.append(path)
        return kept

    def _planner(self) -> Planner:
        filetype = self.config.filetypes[self.filetype]
        mapper = self.repository.mapper
        templates = {}
        for name in filetype.files:
            if name not in mapper.types:
                raise UnknownDatasetType(name, mapper.types, type(mapper).__name__)
            template = mapper.types[name].template
            if template is None:
                raise PolicyError(f"dataset type {name!r} has no template: its files have no path")
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
            direct=self._direct.find,
        )

    def _find_row(self, key: Sequence[Any]) -> Mapping[str, Any] | None:
        return None if self.create else self._writer.find(self._table, key)

    def _passed_over(self, parsed: Parsed) -> FilePlan | None:
        for bad in self.bad_ids:
            if not parsed.problem and all(
                parsed.info.get(key) == value for key, value in bad.items()
            ):
                log.info("%s matches --badId", parsed.path)
                return FilePlan(parsed.path, "ignored")
        return None

    def _record(self, plans: Sequence[FilePlan], report: Report) -> None:
        """Register the rows of some files, then end their ingest."""
        plans = self._settled(plans, report)
        if not plans:
            return
        rows = [row for plan in plans for row in plan.rows]
        replace, ignore = self.config.clobber, self.config.register.ignore
        try:
            if rows:
                with self._writer.transaction():
                    self._writer.add(self._table, rows, replace, ignore)
        except RowExists:
            # Another run changed the registry since these were planned: check each file again.
            for plan in plans:
                self._record_alone(plan, report, refused=len(plans) == 1)
            return
        for plan in plans:
            self._end(plan, report, self.repository.root)

    def _record_anew(self, plans: Sequence[FilePlan], report: Report) -> None:
        """Register the rows of some files, replacing all existing rows."""
        rows = [row for plan in plans for row in plan.rows]
        planned = report.new or report.placed if self.dry_run else rows
        numbers = {self._table: self._writer.count(self._table)} if planned else {}
        self._note(removed(numbers, self.dry_run), report)
        if not rows:
            return
        plans = self._settled(plans, report)
        rows = [row for plan in plans for row in plan.rows]
        if rows:
            with self._writer.transaction(anew={self._table}):
                ignore = self.config.register.ignore
                self._writer.add(self._table, rows, self.config.clobber, ignore)
        for plan in plans:
            self._end(plan, report, self.repository.root)

    def _settled(self, plans: Sequence[FilePlan], report: Report) -> Sequence[FilePlan]:
        """Flush delivered files to the disk; return the plans whose files exist."""
        if self.mode == "direct":
            problems = direct.register(plans, self._direct, self._planned.in_place)
            for plan in plans:
                if plan.source in problems:
                    self._fail(plan, problems[plan.source], report)
            return [plan for plan in plans if plan.source not in problems]
        self._flush(plans, self.repository.root)
        new = [plan for plan in plans if plan.status == "new"]
        direct.forget(
            (delivery.target for plan in new for delivery in plan.deliveries), self._direct
        )
        return plans

    def _record_alone(self, plan: FilePlan, report: Report, refused: bool) -> None:
        """Register the missing rows of a single file.

        ``refused`` if the registry refused the rows of this file.
        """
        try:
            again = self._planned.plan_again(plan)
        except FileConflict as error:
            self._fail(plan, str(error), report)
            return
        if refused and again.rows == plan.rows:
            self._fail(
                plan, "its rows contradict each other, or the registry's constraints", report
            )
        else:
            self._record([again], report)
