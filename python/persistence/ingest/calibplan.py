"""Plan the ingest of a calibration file: determine its type, then as `persistence.ingest.plan`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persistence.calibs import validity
from persistence.dataids.template import PathTemplate
from persistence.errors import (
    DataIdError,
    PersistenceError,
    PolicyError,
    RegistryError,
    did_you_mean,
)
from persistence.files import atomic
from persistence.ingest.calibconfig import CalibConfig, CalibParseConfig
from persistence.ingest.config import FileType
from persistence.ingest.parse import Parsed
from persistence.ingest.plan import FilePlan, Planner
from persistence.policy.dataset_type import DatasetType

# Words in OBSTYPE and the types that they mean (doc/gen2/gen2-cli.md, 2.2). The first match counts:
# a sky flat is a flat.
_KINDS: Mapping[str, str] = {
    "flat": "flat",
    "zero": "bias",
    "bias": "bias",
    "dark": "dark",
    "fringe": "fringe",
    "sky": "sky",
    "illumcor": "illumcor",
    "defects": "defects",
    "qe_curve": "qe_curve",
    "linearizer": "linearizer",
    "crosstalk": "crosstalk",
    "bfk": "bfk",
    "photodiode": "photodiode",
}
_OBSTYPE = "OBSTYPE"
# The origin of a file does not make it another calibration.
_SOURCE = "path"


def kind_of(obstype: str) -> str:
    """Return the type of a calibration from its header's OBSTYPE: ``dome flat`` is a ``flat``."""
    word = obstype.strip().lower()
    return next((kind for part, kind in _KINDS.items() if part in word), word)


def needing(parse: CalibParseConfig) -> CalibParseConfig:
    """Return a configuration that also reads the keywords that determine the type."""
    keywords = dict.fromkeys(parse.datasets, "")
    translation = {**parse.translation, **{name: name for name in (_OBSTYPE, *keywords)}}
    return dataclasses.replace(
        parse, translation=translation, defaults={**keywords, **parse.defaults}
    )


@dataclass
class CalibPlanner:
    """Plan the ingest of calibrations file by file; see `persistence.ingest.plan.Planner`.

    Attributes
    ----------
    root : `str`
        The calibration root.
    config : `CalibConfig`
        The camera's configuration, with the user's overrides.
    types : mapping
        The camera's dataset types.
    find_row : callable
        Returns the registered row of a table with certain values of the unique columns, or None.
    mode, ignore_ingested
        How files are delivered; whether registered files are skipped silently.
    wanted : sequence of `str`
        The types of files to ingest; all, if empty.
    """

    root: str
    config: CalibConfig
    types: Mapping[str, DatasetType]
    find_row: Callable[[str, Sequence[Any]], Mapping[str, Any] | None]
    mode: atomic.Mode = "link"
    ignore_ingested: bool = False
    wanted: Sequence[str] = ()
    _planners: dict[str, Planner] = field(default_factory=dict)
    _taken: dict[str, dict[tuple[Any, ...], str]] = field(default_factory=dict)

    def plan(self, parsed: Parsed) -> FilePlan:
        """Return the plan for a file.

        Raises
        ------
        RegistryError
            If the registry cannot be read, which is not the file's fault.
        """
        if parsed.problem:
            return FilePlan(parsed.path, "failed", problem=parsed.problem)
        try:
            kind = self._kind(parsed)
            if self.wanted and kind not in self.wanted:
                return FilePlan(parsed.path, "ignored")
            return self._planner(kind, parsed).plan(parsed)
        except RegistryError:
            raise
        except PersistenceError as error:
            return FilePlan(parsed.path, "failed", problem=str(error))

    def templates(self) -> list[PathTemplate]:
        """Return the path templates of all possible types."""
        words = self.config.parse.datasets.values()
        names = {name for by_word in words for kinds in by_word.values() for name in kinds.values()}
        return [
            template
            for name in (*self.config.register.tables, *names)
            if name in self.types and (template := self.types[name].template) is not None
        ]

    def plan_again(self, plan: FilePlan) -> FilePlan:
        """Return a plan with the rows that are still missing; see `Planner.plan_again`."""
        planners = {planner.config.register.table: planner for planner in self._planners.values()}
        return planners[plan.table].plan_again(plan)

    def _kind(self, parsed: Parsed) -> str:
        """Return the type of a file, which must have a table."""
        kinds = {kind_of(str(row[_OBSTYPE])) for row in parsed.rows}
        if len(kinds) > 1:
            raise DataIdError(f"its parts are of several types: {', '.join(sorted(kinds))}")
        (kind,) = kinds
        tables = self.config.register.tables
        if kind not in tables:
            obstype = str(parsed.rows[0][_OBSTYPE]).strip()
            raise DataIdError(
                f"OBSTYPE {obstype!r} matches no type that has a table{did_you_mean(kind, tables)} "
                f"({', '.join(tables)})"
            )
        return kind

    def _planner(self, kind: str, parsed: Parsed) -> Planner:
        for row in parsed.rows:
            _check_date(row, self.config.register.calibDate)
        name = self._dataset(kind, parsed.rows[0])
        if name not in self._planners:
            self._planners[name] = self._made(kind, name)
        return self._planners[name]

    def _dataset(self, kind: str, row: Mapping[str, Any]) -> str:
        """Return the dataset type: the type itself, unless another keyword determines it."""
        for keyword, words in self.config.parse.datasets.items():
            for word, names in words.items():
                if word in str(row.get(keyword, "")):
                    if kind not in names:
                        known = ", ".join(names)
                        raise DataIdError(
                            f"{keyword} {row[keyword]!r}: there is no such {kind} (but {known})"
                        )
                    return names[kind]
        return kind

    def _made(self, kind: str, name: str) -> Planner:
        template = self.types[name].template if name in self.types else None
        if template is None:
            raise PolicyError(
                f"the camera has no path for {name!r}: no dataset type of that name with a template"
            )
        return Planner(
            self.root,
            self.config.of(kind),
            FileType(files={name: ""}),
            {name: template},
            lambda key: self.find_row(kind, key),
            lambda parsed, _name: parsed.path,
            self.mode,
            self.ignore_ingested,
            (_SOURCE, self.config.register.validStart, self.config.register.validEnd),
            self._taken.setdefault(kind, {}),
        )


def _check_date(row: Mapping[str, Any], column: str) -> None:
    try:
        validity.day_of(row.get(column, ""))
    except DataIdError as error:
        raise DataIdError(f"{column}: {error}") from None
