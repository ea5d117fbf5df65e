"""The report of an ingest run: numbers, lines, and a table of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persistence.dataids import ranges
from persistence.ingest.plan import FilePlan, Status

_NOTES = 20
# Number of values shown for a column that differs between rows, unless they are numbers.
_VALUES = 3

# The states of files that did not fail, with their wording in the report, and in that of a dry run.
_WORDS: Mapping[Status, str] = {
    "new": "new",
    "placed": "in place, now registered",
    "same": "already there",
    "ignored": "passed over",
}
_WOULD: Mapping[Status, str] = {
    **_WORDS,
    "new": "would be new",
    "placed": "in place, would be registered",
    "ignored": "would be passed over",
}
_ALWAYS_SHOWN = ("new", "same")


@dataclass
class Report:
    """The result of a run.

    Attributes
    ----------
    lists : `dict` [`str`, `list` [`str`]]
        The files by state: ``new`` were delivered; ``placed`` were in place and now have their
        rows; ``same`` were already ingested; ``ignored`` were skipped.
    failed : `list` [`tuple` [`str`, `str`]]
        The files that failed, with the cause.
    notes : `list` [`str`]
        Remarks.
    dry_run : `bool`
        Whether the run was only planned.
    planned : `list` [`FilePlan`]
        The plans of a dry run.
    targets : `dict` [`str`, `list` [`str`]]
        The paths of the files of each exposure.
    """

    lists: dict[Status, list[str]] = field(
        default_factory=lambda: {status: [] for status in _WORDS}
    )
    failed: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dry_run: bool = False
    planned: list[FilePlan] = field(default_factory=list)
    targets: dict[str, list[str]] = field(default_factory=dict)

    @property
    def new(self) -> list[str]:
        """The files that were delivered."""
        return self.lists["new"]

    @property
    def placed(self) -> list[str]:
        """The files that were in place and now have their rows."""
        return self.lists["placed"]

    @property
    def same(self) -> list[str]:
        """The files that were already ingested."""
        return self.lists["same"]

    @property
    def ignored(self) -> list[str]:
        """The files that were skipped."""
        return self.lists["ignored"]

    def add(self, status: Status, name: str, plan: FilePlan) -> None:
        """Add a file that did not fail, with its state."""
        self.lists[status].append(name)
        self.targets[name] = [delivery.target for delivery in plan.deliveries]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each file: its state, its path, and why it failed.

        For a dry run, rows include those that the registry would get.
        """
        planned = {plan.source: [dict(row) for row in plan.rows] for plan in self.planned}
        rows: list[dict[str, Any]] = [
            {
                "file": name,
                "status": status,
                "targets": self.targets.get(name, []),
                **({"rows": planned.get(name, [])} if self.dry_run else {}),
            }
            for status, names in self.lists.items()
            for name in names
        ]
        failed = [
            {"file": path, "status": "failed", "targets": [], "problem": problem}
            for path, problem in self.failed
        ]
        return rows + failed

    def __str__(self) -> str:
        words = _WOULD if self.dry_run else _WORDS
        parts = [
            f"{len(files)} {words[status]}"
            for status, files in self.lists.items()
            if files or status in _ALWAYS_SHOWN
        ]
        parts.append(f"{len(self.failed)} failed")
        lines = [
            *(f"  failed  {path}: {problem}" for path, problem in self.failed),
            *self.notes[:_NOTES],
        ]
        if len(self.notes) > _NOTES:
            more = len(self.notes) - _NOTES
            lines.append(f"  ... and {more} more of these; -v, or -L INFO of a script, tells all")
        total = ", ".join(parts)
        return "\n".join([*lines, total] if self.dry_run else [total, *lines])


def grouped(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows of a file on one line: first the columns with a common value.

    Numbers that differ are all shown: ``ccdnum=1..62``; of other values the first.
    """
    if not rows:
        return ""
    columns = {key: list(dict.fromkeys(row[key] for row in rows)) for key in rows[0]}
    in_order = sorted(columns.items(), key=lambda column: len(column[1]) > 1)
    words = [f"{key}={_several(values)}" for key, values in in_order]
    return f"{'row' if len(rows) == 1 else f'{len(rows)} rows'}  {' '.join(words)}"


def _several(values: Sequence[Any]) -> str:
    if len(values) == 1:
        return str(values[0])
    if all(type(value) is int and value >= 0 for value in values):
        return ranges.text(map(str, values))
    more = f"^... ({len(values)} values)" if len(values) > _VALUES else ""
    return "^".join(map(str, values[:_VALUES])) + more
