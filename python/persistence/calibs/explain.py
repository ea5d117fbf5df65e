"""The reasons why an exposure gets a calibration, or none.

Each candidate has the criteria that exclude it, and by how much.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from persistence import notebook
from persistence.calibs import choose, validity
from persistence.calibs.choose import Calibrations, Criteria
from persistence.calibs.validity import Moment, Window
from persistence.cameras.mapper import Mapper
from persistence.dataids.dataid import text
from persistence.errors import DataIdError, NoResults, PersistenceError
from persistence.files import links, listings
from persistence.notebook import Html
from persistence.policy.dataset_type import DatasetType
from persistence.registry import Registry

_SHOWN = 10
# Columns about the origin of a calibration, not about its use.
_UNTOLD = frozenset({"path", "calib_hdu"})
# A candidate of another detector or filter is ranked behind any number of days.
_FAR = 10**6


class Candidate(NamedTuple):
    """A row of the calibration registry.

    Attributes
    ----------
    row : mapping
        Its columns.
    path : `str` or None
        Its file; None if the row does not determine it.
    reasons : `tuple` [`str`]
        The criteria that exclude it; empty if it is valid.
    distance : `int`
        Its distance from validity, in days; other criteria count as many days.
    """

    row: Mapping[str, Any]
    path: str | None
    reasons: tuple[str, ...]
    distance: int

    @property
    def verdict(self) -> str:
        """The reasons in a line; ``chosen`` if there are none."""
        return "; ".join(self.reasons) or "chosen"

    def __str__(self) -> str:
        told = {key: value for key, value in self.row.items() if key not in _UNTOLD}
        return f"{text(told)}:  {self.verdict}"

    def __repr__(self) -> str:
        return str(self)


class Explanation(NamedTuple):
    """The calibration of a data ID, and the reasons against the others.

    Attributes
    ----------
    datasetType : `str`
        The requested dataset type.
    dataId : mapping
        The data ID, with the exposure's time and filter from its registry.
    criteria : `Criteria` or None
        The criteria for a row; None if they are unknown.
    candidates : `tuple` [`Candidate`]
        The nearest first.
    problem : `str`
        The reason why none could be chosen; empty without one.
    rivals : `int`
        The number of matches if there are several: then none is chosen.
    """

    datasetType: str
    dataId: Mapping[str, Any]
    criteria: Criteria | None
    candidates: tuple[Candidate, ...]
    problem: str = ""
    rivals: int = 0

    @property
    def chosen(self) -> tuple[Candidate, ...]:
        """The candidate without reasons against it; several rows may name one file."""
        return tuple(one for one in self.candidates if not one.reasons)

    def __str__(self) -> str:
        wanted = "" if self.criteria is None else text(self.criteria.where)
        when = (
            ""
            if self.criteria is None or self.criteria.time is None
            else f" on {self.criteria.time}"
        )
        lines = [f"{self.datasetType} for {text(self.dataId)}", f"  wanted  {wanted}{when}"]
        if self.problem:
            lines.append(f"  problem  {self.problem}")
        lines += [f"  {one}" for one in self.candidates[:_SHOWN]]
        if len(self.candidates) > _SHOWN:
            lines.append(f"  and {len(self.candidates) - _SHOWN} more distant ones")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    @notebook.shows
    def _repr_html_(self) -> Html:
        wanted = {} if self.criteria is None else dict(self.criteria.where)
        if self.criteria is not None and self.criteria.time is not None:
            wanted["time"] = self.criteria.time
        first = notebook.title(self.datasetType, f"for {text(self.dataId)}")
        said = {"wanted": text(wanted), "problem": self.problem}
        shown = notebook.pairs({name: value for name, value in said.items() if value})
        keys = list(dict.fromkeys(key for one in self.candidates for key in one.row))
        keys = [key for key in keys if key not in _UNTOLD]
        rows = [
            [*(one.row.get(key) for key in keys), one.verdict, one.path] for one in self.candidates
        ]
        return notebook.join([first, shown, notebook.table(rows, [*keys, "verdict", "file"])])


def explain(
    dataset: DatasetType,
    full_id: Mapping[str, Any],
    mapper: Mapper,
    exposures: Registry,
    source: Calibrations,
) -> Explanation:
    """Return the calibration of a data ID with the reasons.

    See `choose.complete` for the parameters.
    """
    known = dict(full_id)
    registry = source.registry
    if registry is None:
        return Explanation(
            dataset.name, known, None, (), f"there is no calibRegistry.sqlite3 in {source.root}"
        )
    problem = ""
    try:
        known |= choose.of_exposure(dataset, full_id, exposures)
        wanted = choose.criteria(dataset, known, registry)
    except (NoResults, DataIdError) as error:
        problem = " ".join(str(error).split())
        wanted = choose.criteria(dataset._replace(validRange=False), known, registry)
    columns = list(registry.columns(dataset.tables))
    rows = [
        dict(zip(columns, row, strict=True)) for row in registry.lookup(columns, {}, dataset.tables)
    ]
    judge = _Judge(dataset, wanted, mapper, source.root, rows)
    candidates = sorted((judge(row) for row in rows), key=lambda one: one.distance)
    found = Explanation(dataset.name, known, wanted, tuple(candidates), problem)
    rivals = [one.path for one in found.chosen]
    if len(set(rivals)) < 2:
        return found
    keys = [key for key in dataset.keys if key not in known]
    why = "are valid" if dataset.validRange else f"match, and {dataset.name} has no validity"
    return found._replace(
        candidates=tuple(_choosable(one, keys) for one in candidates),
        problem=f"{len(rivals)} {why}: {choose.way(keys)}",
        rivals=len(rivals),
    )


def _choosable(one: Candidate, keys: Sequence[str]) -> Candidate:
    """Return a candidate that matches with others, with the keys that would choose it."""
    told = " ".join(f"{key}={one.row[key]}" for key in keys if key in one.row)
    return one if one.reasons else one._replace(reasons=(f"choose by {told}",))


class _Judge:
    """A comparison of rows with the criteria."""

    def __init__(
        self,
        dataset: DatasetType,
        wanted: Criteria,
        mapper: Mapper,
        root: str,
        rows: Sequence[Mapping[str, Any]],
    ) -> None:
        self.dataset, self.wanted, self.mapper, self.root = dataset, wanted, mapper, root
        self.start, self.end = choose.bounds(dataset)
        self.filters = {
            wanted.where.get("filter"),
            *choose.other_names(wanted.where.get("filter"), mapper),
        }
        self.valid = [
            window for row in rows if not self._differences(row) and (window := self._window(row))
        ]

    def __call__(self, row: Mapping[str, Any]) -> Candidate:
        different = self._differences(row)
        days, when = self._when(row)
        path, absent = self._file(row)
        shown = {key: value for key, value in row.items() if key != "id"}
        return Candidate(
            shown, path, (*different, *when, *absent), _FAR * (len(different) + len(absent)) + days
        )

    def _differences(self, row: Mapping[str, Any]) -> list[str]:
        return [
            f"{key} {row[key]} is not {value}"
            for key, value in self.wanted.where.items()
            if row[key] != value and not (key == "filter" and row[key] in self.filters)
        ]

    def _window(self, row: Mapping[str, Any]) -> Window | None:
        """Return the validity range of a row if it contains the exposure's time."""
        if self.wanted.time is None:
            return None
        try:
            window = validity.window(row[self.start], row[self.end])
        except DataIdError:
            return None
        return window if window.holds(self.wanted.time) else None

    def _when(self, row: Mapping[str, Any]) -> tuple[int, list[str]]:
        """Return by how many days the exposure is outside of the row's range, with the reason."""
        time = self.wanted.time
        if time is None:
            return 0, []
        try:
            window = validity.window(row[self.start], row[self.end])
        except DataIdError:
            return _FAR, [
                f"its validity is {row[self.start]} to {row[self.end]}: it was never computed; "
                "ingest again"
            ]
        if not window.holds(time):
            if time < window.first:
                away = (window.start - time.day).days
                return away, [f"begins {_after(away, window.first)} after {time}"]
            away = (time.day - window.end).days
            return away, [f"ends {_after(away, window.last)} before {time}"]
        if validity.superseded(window, time, self.valid):
            return 0, [f"ends on {window.last}, when the next one begins"]
        return 0, []

    def _file(self, row: Mapping[str, Any]) -> tuple[str | None, list[str]]:
        template = self.dataset.template
        if template is None:
            return None, []
        try:
            path, _hdu = template.locate({**self.wanted.where, **row})
        except PersistenceError as error:
            return None, [str(error)]
        if listings.find(self.root, path) is None:
            full = os.path.join(self.root, path)
            return path, [links.fault(full) or f"file missing at {full}"]
        return path, []


def _after(days: int, end: Moment) -> str:
    """Return the distance of a range's end: in days, or as a time of the same day."""
    return f"{days} days" if days else f"at {end.time},"
