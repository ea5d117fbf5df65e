"""The validity ranges of the rows of new files, and the files that can have none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from persistence.calibs.validity import Window
from persistence.ingest.calibconfig import CalibRegisterConfig
from persistence.ingest.plan import FilePlan
from persistence.ingest.windows import Numbered, Sharing, Windows, share_out


@dataclass(frozen=True)
class Shares:
    """Files whose rows have validity ranges.

    Attributes
    ----------
    plans : sequence of `FilePlan`
        The files, in their order; those that can have no range have failed.
    windows : mapping [`str`, `Windows`]
        The result for each table.
    """

    plans: Sequence[FilePlan]
    windows: Mapping[str, Windows]

    @property
    def notes(self) -> list[str]:
        """Remarks about the series."""
        return [note for windows in self.windows.values() for note in windows.notes]


@dataclass(frozen=True)
class Sharer:
    """Compute the validity ranges of new and registered rows.

    Attributes
    ----------
    register : `CalibRegisterConfig`
        The names of the columns.
    sharing : callable
        Returns the rules for a table.
    rows : callable
        Returns a table's registered rows, with their numbers.
    """

    register: CalibRegisterConfig
    sharing: Callable[[str], Sharing]
    rows: Callable[[str], Sequence[Numbered]]

    def __call__(self, plans: Sequence[FilePlan], tables: Collection[str]) -> Shares:
        """Return the files with validity ranges in their rows.

        A file fails if one of its rows would be valid on no day.
        """
        registered = {table: self.rows(table) for table in sorted(tables)}
        while True:
            windows = {
                table: self._of_table(table, rows, plans) for table, rows in registered.items()
            }
            placed = self._placed(plans, windows)
            if not any(
                new.status == "failed" != old.status for old, new in zip(plans, placed, strict=True)
            ):
                return Shares(placed, windows)
            plans = placed  # without those that failed, others have other neighbours

    def _of_table(
        self, table: str, registered: Sequence[Numbered], plans: Sequence[FilePlan]
    ) -> Windows:
        new = [row for plan in plans if plan.table == table for row in plan.rows]
        return share_out(table, self.register, registered, new, self.sharing(table))

    def _placed(self, plans: Sequence[FilePlan], windows: Mapping[str, Windows]) -> list[FilePlan]:
        left = {table: iter(result.new) for table, result in windows.items()}
        return [self._with(plan, [next(left[plan.table]) for _ in plan.rows]) for plan in plans]

    def _with(self, plan: FilePlan, windows: Sequence[Window | None]) -> FilePlan:
        start, end = self.register.validStart, self.register.validEnd
        rows = []
        for row, window in zip(plan.rows, windows, strict=True):
            if window is None:
                problem = (
                    f"earlier runs gave all days of {row[self.register.calibDate]} to other "
                    "calibrations; --recompute shares them out anew"
                )
                return FilePlan(plan.source, "failed", problem=problem)
            rows.append({**row, start: str(window.first), end: str(window.last)})
        return dataclasses.replace(plan, rows=tuple(rows))
