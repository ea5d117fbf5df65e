"""Ingest of calibrations: plan all files, deliver them, then record their rows together.

The order makes each step repeatable. Rows are written with their validity ranges, all rows of a run
in one transaction: no reader ever sees a row without a range, or a half-updated series. After an
interruption, the next run finds the delivered files and does the rest.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from persistence.butler.repository import Repository
from persistence.calibs import validity
from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import FileConflict, PolicyError, RepositoryError, did_you_mean
from persistence.files import atomic, links
from persistence.ingest.base import FileIngest, removed
from persistence.ingest.calibconfig import CalibConfig
from persistence.ingest.calibplan import CalibPlanner, needing
from persistence.ingest.plan import FilePlan
from persistence.ingest.report import Report
from persistence.ingest.shares import Sharer
from persistence.ingest.windows import Numbered, Sharing
from persistence.registry import open_writer

RuleName = Literal["around", "until-superseded", "nearest"]


@dataclass
class CalibTask(FileIngest):
    """Ingest calibrations into a calibration root.

    Attributes
    ----------
    root : `str`
        The calibration root, which must exist.
    days : `int` or None
        The number of days before and after its date for which a calibration is valid.
    rule : `str` or None
        The rule for validity ranges. Default: ``around`` with ``days``, or ``until-superseded``
        for the types that the camera's configuration lists.
    recompute : `bool`
        Also recompute the validity ranges of rows from earlier runs.
    types : sequence of `str`
        The types to ingest; files of others are skipped. All, if empty.
    """

    # Files registered outside a tree are supported in repositories, not in calibration roots.
    MODES: ClassVar[tuple[atomic.Mode, ...]] = tuple(
        mode for mode in atomic.MODES if mode != "direct"
    )
    config: CalibConfig
    mode: atomic.Mode = "move"
    root: str = ""
    days: int | None = None
    rule: RuleName | None = None
    recompute: bool = False
    types: Sequence[str] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        register = self.config.register
        for name in self.types:
            if name not in register.tables:
                raise PolicyError(
                    f"no type {name!r}{did_you_mean(name, register.tables)} (types with a table: "
                    f"{', '.join(register.tables)})"
                )
        for table in self.types or register.tables:
            self._sharing(table)  # raises an error for invalid settings before anything is done
        self._writer = open_writer(
            self.root,
            {table: register.spec(table) for table in register.tables},
            "calibRegistry",
            register.permissions,
            register.wait,
            self.dry_run,
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
            The result for each file; its notes list gaps and overlaps in the series.

        Raises
        ------
        RegistryError
            If the registry has another layout, or is locked for too long.
        RepositoryError
            If there is no calibration root, or it cannot be written to.
        """
        self.report = report = Report(dry_run=self.dry_run)
        if not os.path.isdir(self.root):
            raise RepositoryError(
                links.fault(self.root)
                or f"there is no calibration root {self.root}: create it first (mkdir {self.root})"
            )
        paths = self._expand(patterns, report)
        self._check_writable(self.root)
        with contextlib.closing(self._writer):
            self._run(paths, report)
        self._tell_filters(report)
        return report

    def _run(self, paths: Sequence[str], report: Report) -> None:
        self._planner = self._make_planner()
        dates = (self.config.register.calibDate,)
        parser = self._parser(needing(self.config.parse), self._planner.templates(), dates)
        plans = [
            self._planner.plan(parsed)
            for parsed in self.progress(self._read(paths, parser), len(paths))
        ]
        tables = {plan.table for plan in plans if plan.table}
        share = Sharer(self.config.register, self._sharing, self._rows)
        foreseen = share(plans, tables)
        if self.dry_run:
            self._note(foreseen.notes, report)
        if self.dry_run or not tables:
            self._note_removed({plan.table for plan in foreseen.plans if plan.rows}, report)
        pending: list[FilePlan] = []
        is_whole = False
        try:
            for plan in foreseen.plans:
                pending += self._deliver(plan, report)
            is_whole = True
        finally:
            # Also after an interrupt, delivered files are recorded. Tables, however, are not
            # replaced by an incomplete run.
            if tables and not self.dry_run and (is_whole or not self.create):
                self._record(pending, tables, share, report)

    def _detectors(self) -> Mapping[str, Collection[int]]:
        return {
            key: {*numbers, *map(int, self.config.detectors)}
            for key, numbers in super()._detectors().items()
        }

    def _make_planner(self) -> CalibPlanner:
        return CalibPlanner(
            self.root,
            self.config,
            self.repository.mapper.types,
            self._find_row,
            self.mode,
            self.ignore_ingested,
            self.types,
        )

    def _find_row(self, table: str, key: Sequence[Any]) -> Mapping[str, Any] | None:
        return None if self.create else self._writer.find(table, key)

    def _rows(self, table: str) -> Sequence[Numbered]:
        return [] if self.create else self._writer.rows(table)

    def _sharing(self, table: str) -> Sharing:
        register = self.config.register
        if self.rule == "nearest":
            return Sharing(validity.nearest, touching=False, anew=self.recompute)
        superseded = self.rule is None and table in register.validityUntilSuperseded
        if self.rule == "until-superseded" or superseded:
            return Sharing(validity.until_superseded, touching=True, anew=self.recompute)
        if self.days is None:
            raise PolicyError(
                "--validity DAYS is needed: the number of days around its date for which a "
                f"{table} is valid"
            )
        increment = register.incrementValidEnd
        return Sharing(
            validity.around(self.days, increment), touching=increment, anew=self.recompute
        )

    def _record(
        self, plans: Sequence[FilePlan], tables: set[str], share: Sharer, report: Report
    ) -> None:
        """Register the rows of delivered files with their validity ranges, and end their ingest."""
        self._flush(plans, self.root)
        anew = {plan.table for plan in plans if plan.rows} if self.create else set()
        self._note_removed(anew, report)
        with self._writer.transaction(anew):
            # Another run may have changed the registry since these were planned.
            shares = share([self._again(plan) for plan in plans], tables)
            for table, windows in shares.windows.items():
                rows = [row for plan in shares.plans if plan.table == table for row in plan.rows]
                self._writer.add(table, rows, self.config.clobber, self.config.register.ignore)
                start, end = self.config.register.validStart, self.config.register.validEnd
                changes = (
                    (number, {start: str(window.first), end: str(window.last)})
                    for window, number in windows.changed
                )
                self._writer.update(table, changes)
        self._note(shares.notes, report)
        for plan in shares.plans:
            if plan.status == "failed":
                self._fail(plan, plan.problem, report)
            else:
                self._end(plan, report, self.root)

    def _note_removed(self, tables: set[str], report: Report) -> None:
        """Note the number of rows removed from the tables that are created anew."""
        if self.create:
            numbers = {table: self._writer.count(table) for table in sorted(tables)}
            self._note(removed(numbers, self.dry_run), report)

    def _again(self, plan: FilePlan) -> FilePlan:
        try:
            return self._planner.plan_again(plan)
        except FileConflict as error:
            return FilePlan(plan.source, "failed", problem=str(error))


def calibs_file(repository: Repository) -> str | None:
    """Return the ingest configuration file for calibrations of a repository's camera, or None."""
    mapper = repository.mapper
    return mapper.ingestCalibsFile if isinstance(mapper, CameraMapper) else None
