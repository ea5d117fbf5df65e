"""Which dataset types have regions of their own, and which one of an exposure's is the best."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from persistence.butler.asking import ask, columns
from persistence.errors import DataIdError, PolicyError, UnknownDatasetType

if TYPE_CHECKING:
    from persistence.butler.asking.question import Question
    from persistence.butler.get import Reader
    from persistence.butler.subset import Asked

# An exposure's WCS improves: that of the raw, of the calibrated exposure, of the joint fit.
STAGES = ("raw", "instcal", "calexp", "jointcal_wcs")
# Cameras of LSST name exposures of raws by another key.
_RENAMED = {"expId": "visit"}
# Keys that do not tell exposures apart, although all stages may have them.
_VAGUE = frozenset({"tract", "filter", "date", "object", "dateObs", "taiObs", "expTime", "dayObs"})


class Layers(NamedTuple):
    """The dataset types with regions of a chain.

    Attributes
    ----------
    questions : mapping [`str`, `Question`]
        All datasets of each type, the worst region first.
    identity : `tuple` [`str`]
        The keys that tell exposures apart.
    """

    questions: Mapping[str, Question]
    identity: tuple[str, ...]

    def rank(self, name: str) -> int:
        """Return the rank of a type's regions: that of better ones is higher."""
        return STAGES.index(name)

    def exposure(self, row: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Return the values that tell exposures apart; None if the row lacks one."""
        values = tuple(_value(row, key) for key in self.identity)
        return None if None in values else values

    def check(self, at: str) -> int:
        """Return the rank of a stage that a user names.

        Raises
        ------
        DataIdError
            If it is not one of these.
        """
        if at not in self.questions:
            raise DataIdError(f"at={at!r}: expected one of {', '.join(self.questions)}")
        return STAGES.index(at)


def of(butler: Asked, reader: Reader) -> Layers:
    """Return the dataset types with regions in a Butler's chain."""
    questions = {}
    for name in STAGES:
        try:
            questions[name] = ask.question(butler.chain, reader, name)
        except (UnknownDatasetType, PolicyError):  # not a type of this camera, or without template
            continue
    every = {key for one in questions.values() for key in _known(one)}
    # Without a registry, raws cannot be told apart: their names have no detector.
    questions = {
        name: one
        for name, one in questions.items()
        if _known(one) and every.intersection(map(renamed, one.columns.keys)) <= set(_known(one))
    }
    keys = [_known(one) for one in questions.values()]
    common = set.intersection(*map(set, keys)) if keys else set()
    identity = tuple(key for key in (keys[0] if keys else ()) if key in common)
    return Layers(questions, identity)


def _known(question: Question) -> list[str]:
    """Return the keys of a type that may tell exposures apart, by their common names."""
    names = itertools.chain(
        (key for key in question.columns.keys if key in question.columns.supplied),
        (key for key in question.columns.registry if key == "visit"),
    )
    renamed = (_RENAMED.get(key, key) for key in names)
    return [key for key in dict.fromkeys(renamed) if key not in _VAGUE]


def _value(row: Mapping[str, Any], key: str) -> Any:
    value = row.get(key)
    other = next((old for old, new in _RENAMED.items() if new == key), key)
    return row.get(other) if value is None else value


def renamed(key: str) -> str:
    """Return the name of a key that all stages share."""
    return _RENAMED.get(key, key)


def shown(question: Question) -> list[str]:
    """Return the columns of a type that are kept with its regions: data ID and registry."""
    its = question.columns
    keys = [key for key in its.keys if key in its.supplied]
    return list(dict.fromkeys([*keys, *its.registry]))


def registries(question: Question) -> list[str]:
    """Return the files of the registries that a type's columns come from, where there are files."""
    sources = question.sources or ()
    known = (columns.registry_of(one.repository, one.dataset) for one in sources)
    paths = (getattr(registry, "path", None) for registry in known)
    return [path for path in dict.fromkeys(paths) if isinstance(path, str)]
