"""Ingest files with given data IDs, of dataset types without registry rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from persistence.butler import write
from persistence.butler.provenance import recorder
from persistence.dataids.request import Request
from persistence.dataids.template import PathTemplate
from persistence.errors import (
    DataIdError,
    PersistenceError,
    PolicyError,
    UnknownKey,
    did_you_mean,
)
from persistence.files import atomic, fits_headers, header_values
from persistence.ingest import config as ingest_config
from persistence.ingest import direct, filetable
from persistence.ingest.base import FileIngest
from persistence.ingest.filetable import Entry
from persistence.ingest.plan import Delivery, FilePlan, Status, in_place
from persistence.ingest.report import Report
from persistence.registry.direct_writer import DirectWriter

_BATCH = 500  # files that are flushed to the disk together
# Text keys with dates.
_DATES = frozenset((*ingest_config.RegisterConfig().dates, "calibDate"))
_FITS = ("FitsStorage", "FitsCatalogStorage")


@dataclass
class FilesTask(FileIngest):
    """Ingest files of one dataset type into a repository.

    Attributes
    ----------
    name : `str`
        The dataset type.
    match : `PathTemplate` or None
        The template of the file names, if these contain the data IDs; otherwise tables do.
    prefix : `str`
        The directory of relative paths in a table. Default: the current directory.
    common : mapping
        Keys and values shared by all data IDs.
    ignored : sequence of `str`
        Columns of tables that are not keys.
    """

    # Nothing is registered for a file that is in its place.
    MODES: ClassVar[tuple[atomic.Mode, ...]] = tuple(
        mode for mode in atomic.MODES if mode != "skip"
    )
    name: str = ""
    match: PathTemplate | None = None
    prefix: str = ""
    common: Mapping[str, Any] = field(default_factory=dict)
    ignored: Sequence[str] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        mapper = self.repository.mapper
        self._request: Request = mapper.request(self.name)
        self._dataset = mapper.dataset(self._request)
        self._refuse_registered()
        if self._request.view is not None or self._dataset.template is None:
            raise PolicyError(f"{self.name} has no files of its own: none can be ingested as it")
        if self._dataset.template.text.endswith("]"):
            raise PolicyError(f"{self.name} is a part of a file ({self._dataset.template.text})")
        # the base class checks ownership; a dry run writes nothing
        self.repository.is_allowed = self.force or self.dry_run or self.repository.is_allowed
        self._direct = DirectWriter(self.repository.root, dry_run=self.dry_run)

    def _refuse_registered(self) -> None:
        """Raise an error for dataset types in a registry, which this ingest would not fill."""
        kinds = {name for kind in self.config.filetypes.values() for name in kind.files}
        commands = {"raw": "ingest-raws", "calibration": "ingest-calibs"}
        kind = (
            "raw"
            if self.name in kinds
            else "calibration"
            if self._dataset.section == "calibrations" and self._dataset.validRange
            else None
        )
        if kind is not None:
            raise PolicyError(
                f"{self.name} is looked up in a registry, which is filled by persistence "
                f"{commands[kind]}"
            )

    def run(self, patterns: Sequence[str]) -> Report:
        """Ingest the files that some tables list, or, with ``match``, these files.

        Parameters
        ----------
        patterns : sequence of `str`
            Names of tables, or of files, or patterns of them.

        Returns
        -------
        report : `Report`
            The result for each file.

        Raises
        ------
        FormatterError
            If a table cannot be read.
        UnknownKey
            If a column is not a key that the camera knows.
        RepositoryError
            If the repository cannot be written to.
        """
        self.report = report = Report(dry_run=self.dry_run)
        self._check_writable(self.repository.root)
        entries = list(self._entries(patterns, report))
        plans = self._plans(entries)
        pending: list[FilePlan] = []
        try:
            for plan in self.progress(plans, len(plans)):
                pending += self._deliver(plan, report)
                if len(pending) >= _BATCH:
                    batch, pending = pending, []
                    self._settle(batch, report)
        finally:
            self._settle(pending, report)
            self._direct.close()
        return report

    def _entries(self, patterns: Sequence[str], report: Report) -> Iterator[Entry]:
        if self.match is not None:
            yield from filetable.matched(self._expand(patterns, report), self.match)
            return
        for path in self._expand(patterns, report):
            yield from filetable.read(path, self.prefix, self.ignored)

    def _plans(self, entries: Sequence[Entry]) -> list[FilePlan]:
        """Return the plan of each file; two files with the same target both fail."""
        planned = [(entry, self._plan(entry)) for entry in entries]
        files: dict[str, dict[str, Entry]] = {}
        for entry, plan in planned:
            for delivery in plan.deliveries:
                real = os.path.realpath(delivery.source)
                files.setdefault(delivery.target, {}).setdefault(real, entry)
        plans = []
        for entry, plan in planned:
            rivals = files[plan.deliveries[0].target] if plan.deliveries else {"": entry}
            if len(rivals) > 1:
                origins = " and ".join(rival.origin or rival.path for rival in rivals.values())
                known = self.repository.mapper.typed(self._dataset, self._known(entry.data_id))
                problem = f"{origins} are both {_shown(known)}"
                plans.append(FilePlan(entry.path, "failed", problem=problem))
            elif entry in rivals.values():  # unless another row has the same
                plans.append(plan)
        return plans

    def _plan(self, entry: Entry) -> FilePlan:
        if entry.problem:
            return FilePlan(entry.path, "failed", problem=_at(entry, entry.problem))
        known: Mapping[str, Any] = self._known(entry.data_id)
        try:
            known = self.repository.mapper.typed(self._dataset, known)
            _check_dates(known)
            if self._dataset.storage in _FITS:
                next(fits_headers.scan(entry.path))
            location = write.prepare(self.repository, self._request, known).location
            source, record = os.path.abspath(entry.path), recorder.identity(location)
            delivery = Delivery(source, location.full_path, self.name, record)
            if self.mode == "hardlink":
                atomic.check_hard_link(delivery.source, delivery.target)
            status: Status = "same" if self._in_place(delivery) else "new"
            return FilePlan(entry.path, status, (delivery,))
        except (PersistenceError, OSError) as error:
            text = str(error).removeprefix(entry.path).removeprefix(":").strip()
            text = "; ".join(line.strip() for line in text.splitlines())
            return FilePlan(entry.path, "failed", problem=_at(entry, text))

    def _known(self, data_id: Mapping[str, Any]) -> dict[str, Any]:
        """Return a data ID with the camera's names of keys; raise an error for unknown keys."""
        policy = self.repository.mapper.policy
        keys = {**policy.keys, **self._dataset.keys}
        known = {policy.aliases.get(key, key): value for key, value in data_id.items()}
        for key in known:
            if key not in keys:
                names = [*keys, *policy.aliases]
                raise UnknownKey(
                    f"{key!r} is not a key of {self.name}{did_you_mean(key, names)} (its keys: "
                    f"{', '.join(self._dataset.keys)}); --ignore {key} skips the column"
                )
        return {**self.common, **known}

    def _settle(self, plans: Sequence[FilePlan], report: Report) -> None:
        """Flush delivered files to the disk, and end their ingest."""
        if not plans:
            return
        failed: Mapping[str, str] = {}
        if self.mode == "direct":
            failed = direct.register(plans, self._direct, self._in_place)
        else:
            self._flush(plans, self.repository.root)
            new = [plan for plan in plans if plan.status == "new"]
            direct.forget(
                (delivery.target for plan in new for delivery in plan.deliveries), self._direct
            )
        for plan in plans:
            if plan.source in failed:
                self._fail(plan, failed[plan.source], report)
            else:
                self._end(plan, report, self.repository.root)

    def _in_place(self, delivery: Delivery) -> bool:
        return in_place(delivery, self.config.clobber, self._direct.find)


def _at(entry: Entry, problem: str) -> str:
    return f"{problem} ({entry.origin})" if entry.origin else problem


def _shown(data_id: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in data_id.items())


def _check_dates(data_id: Mapping[str, Any]) -> None:
    for key, value in data_id.items():
        if key in _DATES and isinstance(value, str) and header_values.date(value) is None:
            raise DataIdError(f"{key}={value!r} is not a date")
