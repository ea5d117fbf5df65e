"""The windows of the rows that files are going to have, and which files cannot have any."""

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
    """Files whose rows have windows.

    Attributes
    ----------
    plans : sequence of `FilePlan`
        The files, in their order; those that can have no window have failed.
    windows : mapping [`str`, `Windows`]
        What comes of each table.
    """

    plans: Sequence[FilePlan]
    windows: Mapping[str, Windows]

    @property
    def notes(self) -> list[str]:
        """What is to be known of the series."""
        return [note for made in self.windows.values() for note in made.notes]


@dataclass(frozen=True)
class Sharer:
    """Shares days out between the rows of files and those that are registered.

    Attributes
    ----------
    register : `CalibRegisterConfig`
        The names of the columns.
    sharing : callable
        Gives how a table's days are shared out.
    rows : callable
        Gives a table's rows as they are, with their numbers.
    """

    register: CalibRegisterConfig
    sharing: Callable[[str], Sharing]
    rows: Callable[[str], Sequence[Numbered]]

    def __call__(self, plans: Sequence[FilePlan], tables: Collection[str]) -> Shares:
        """Give the rows of files their windows.

        A file of which a row would have no day at all is refused.
        """
        there = {table: self.rows(table) for table in sorted(tables)}
        while True:
            windows = {table: self._of_table(table, rows, plans) for table, rows in there.items()}
            placed = self._placed(plans, windows)
            if not any(
                new.status == "failed" != old.status for old, new in zip(plans, placed, strict=True)
            ):
                return Shares(placed, windows)
            plans = placed  # without those that are refused, others have other neighbours

    def _of_table(
        self, table: str, there: Sequence[Numbered], plans: Sequence[FilePlan]
    ) -> Windows:
        new = [row for plan in plans if plan.table == table for row in plan.rows]
        return share_out(table, self.register, there, new, self.sharing(table))

    def _placed(self, plans: Sequence[FilePlan], windows: Mapping[str, Windows]) -> list[FilePlan]:
        left = {table: iter(made.new) for table, made in windows.items()}
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
