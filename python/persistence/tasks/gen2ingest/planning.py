"""Adapters of Gen2's ingest tasks to our ingest, which plans and records files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persistence.errors import FileConflict, FormatterError, PersistenceError, told
from persistence.ingest import calibs, task
from persistence.ingest.calibplan import CalibPlanner
from persistence.ingest.checks import FILTER, Checks, Unfit
from persistence.ingest.parse import Parsed, with_placeholders
from persistence.ingest.plan import Planner, Row

# Makes the absolute path of a file, of its properties and its own path.
Destination = Callable[[Mapping[str, Any], str], str]


class TaskParser:
    """Parse a file's headers with a `ParseTask` of Gen2, and check the values.

    Parameters
    ----------
    parse : `ParseTask`
        The task.
    checks : `Checks`
        The checks of the values.
    more : mapping of callable
        Further properties, as functions of the path.
    """

    def __init__(
        self, parse: Any, checks: Checks, more: Mapping[str, Callable[[str], Any]] = {}
    ) -> None:
        self._parse, self._checks, self._more = parse, checks, more

    def __call__(self, path: str) -> Parsed:
        """Parse a file. Problems are reported in the result, not raised."""
        try:
            info, infos = self._parse.getInfo(path)
            more = {name: make(path) for name, make in self._more.items()}
            rows = tuple(self._checked({**row, **more}) for row in infos)
            if not rows:
                raise FormatterError("no part of it gets a row: see config.parse.extnames")
            whole = self._checked({**info, **more})
        # the camera's own code, on a file of any kind: one file fails, not the run
        except Exception as error:
            is_ours = isinstance(error, PersistenceError)
            return Parsed(path, {}, (), str(error) if is_ours else told(error))
        filters = dict.fromkeys(row[FILTER] for row in rows if FILTER in row)
        unlisted = tuple(name for name in filters if not self._checks.lists(name))
        return Parsed(path, whole, rows, unlisted=unlisted)

    def _checked(self, row: Mapping[str, Any]) -> dict[str, Any]:
        checked = {}
        for name, value in row.items():
            given = value.strip() if isinstance(value, str) else value
            if self._checks.types.get(name) is int and isinstance(given, bool):
                given = int(given)
            try:
                checked[name] = self._checks(name, given)
            except Unfit as error:
                raise FormatterError(f"{name}={value!r} {error}") from None
        return checked


class _Placed:
    """Plans a file with the path that a task returns."""

    destination: Destination
    root: str
    _targets: dict[str, str]

    def target(self, source: str, rows: Sequence[Row]) -> str:
        paths = dict.fromkeys(self.destination(with_placeholders(row), source) for row in rows)
        if len(paths) > 1:
            raise FileConflict(
                f"its parts belong in different files: {', '.join(paths)}", pathname=source
            )
        target = next(iter(paths))
        above = os.path.realpath(self.root) + os.sep
        if not (os.path.realpath(os.path.dirname(target)) + os.sep).startswith(above):
            raise FileConflict(f"it would go to {target}, outside {self.root}", pathname=source)
        first = self._targets.setdefault(target, source)
        if first != source:
            raise FileConflict(f"{first} goes to {target} too", pathname=source)
        return target


@dataclass
class TaskPlanner(Planner, _Placed):
    """Plan images with the paths that a task returns."""

    destination: Destination = field(default=lambda info, path: path)

    def _target(self, name: str, source: str, rows: Sequence[Row]) -> str:
        return self.target(source, rows)


@dataclass
class TaskCalibPlanner(CalibPlanner):
    """Plan calibrations with the paths that a task returns."""

    destination: Destination = field(default=lambda info, path: path)

    def _made(self, kind: str, name: str) -> Planner:
        planner = super()._made(kind, name)
        return TaskPlanner(
            planner.root, planner.config, planner.filetype, planner.templates, planner.find_row,
            planner.siblings, planner.mode, planner.ignore_ingested, planner.may_differ,
            planner.taken, destination=self.destination,
        )  # fmt: skip


@dataclass
class Images(task.IngestTask):
    """Our ingest of images, with the properties that a task of Gen2 returns."""

    parse: Any = None
    destination: Destination = field(default=lambda info, path: path)

    def _parser(self, parse: Any, templates: Any, dates: Any = ()) -> Any:
        super()._parser(parse, templates, dates)
        return TaskParser(self.parse, self._checks)

    def _planner(self) -> Planner:
        planner = super()._planner()
        return TaskPlanner(
            planner.root, planner.config, planner.filetype, planner.templates, planner.find_row,
            planner.siblings, planner.mode, planner.ignore_ingested, planner.may_differ,
            planner.taken, planner.direct, destination=self.destination,
        )  # fmt: skip


@dataclass
class Calibrations(calibs.CalibTask):
    """Our ingest of calibrations, with the properties that a task of Gen2 returns."""

    parse: Any = None
    destination: Destination = field(default=lambda info, path: path)

    def _parser(self, parse: Any, templates: Any, dates: Any = ()) -> Any:
        super()._parser(parse, templates, dates)
        return TaskParser(self.parse, self._checks, {"OBSTYPE": self.parse.getCalibType})

    def _make_planner(self) -> CalibPlanner:
        return TaskCalibPlanner(
            self.root, self.config, self.repository.mapper.types, self._find_row, self.mode,
            self.ignore_ingested, destination=self.destination,
        )  # fmt: skip
