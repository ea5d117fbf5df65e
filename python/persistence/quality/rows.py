"""The summaries of a repository's exposures, as the index finds them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.errors import NoResults
from persistence.quality import bounds, read
from persistence.quality.columns import COLUMNS, arrays

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.dataids.expression import Expression

# What is read: a row for each detector; or, where there is none, the rows of whole visits.
TYPES = ("ccdSummary", "visitSummary")


@dataclass(frozen=True, eq=False)
class Summaries:
    """Rows of exposures, sorted by visit and detector.

    Attributes
    ----------
    columns : mapping [`str`, array]
        As in `persistence.quality.columns.COLUMNS`; columns missing in files are unknown.
    keys : mapping [`str`, `list`]
        Keys of data IDs.
    reasons : `list` [`list` [`str`]]
        Why each is suspicious.
    """

    columns: Mapping[str, Any]
    keys: Mapping[str, list[Any]]
    reasons: list[list[str]]

    def __len__(self) -> int:
        return len(self.reasons)

    @property
    def suspicious(self) -> Any:
        """Whether each is, an array of `bool`."""
        return np.array([bool(texts) for texts in self.reasons], bool)

    def row(self, number: int) -> dict[str, Any]:
        """Return a row: the keys of the data ID, and all columns."""
        row = {key: values[number] for key, values in self.keys.items()}
        row |= {name: values[number].tolist() for name, values in self.columns.items()}
        texts = self.reasons[number]
        return row | {"suspicious": bool(texts), "reasons": "; ".join(texts)}


def load(
    butler: Butler,
    where: Expression | str | None = None,
    limits: Mapping[str, bounds.Bound] = bounds.BOUNDS,
    fresh: bool = True,
) -> Summaries:
    """Read the existing summaries, and mark suspicious ones.

    Parameters
    ----------
    butler : `~persistence.butler.butler.Butler`
        The Butler.
    where : `~persistence.dataids.expression.Expression` or `str`, optional
        A condition, as for `Butler.query`.
    limits : mapping [`str`, `~persistence.quality.bounds.Bound`], optional
        The bounds; suspicions recorded in the files are ignored.
    fresh : `bool`, optional
        Whether directories are listed; otherwise the index is used as it is.

    Raises
    ------
    NoResults
        If there are none.
    """
    for name in TYPES:
        keys = list(butler.getKeys(name) or ())
        wanted = [*keys, "repository", "path"]
        tuples = list(butler.query(name, where, wanted, fresh=fresh).tuples())
        if tuples:
            break
    else:
        reasons = ["processCcd.py writes ccdSummary, but for -c doComputeSummaryStats=False"]
        raise NoResults("No summaries:", " or ".join(TYPES), {}, reasons)
    columns, lengths = read.columns([os.path.join(*row[-2:]) for row in tuples])
    ids = [row[:-2] for row, length in zip(tuples, lengths, strict=True) for _ in range(length)]
    unknown = arrays([{}])
    whole = {
        name: columns[name] if name in columns else np.repeat(unknown[name], len(ids), axis=0)
        for name in COLUMNS
    }
    order = np.lexsort([whole["id"], whole["visit"]])
    whole = {name: values[order] for name, values in whole.items()}
    ids = [ids[number] for number in order]
    kept = {key: [row[place] for row in ids] for place, key in enumerate(keys)}
    return Summaries(whole, kept, bounds.reasons(whole, limits))
