"""Whether sources of two visits become sources of one object, where they are of one in truth."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from obs_decam.sample.evaluate import fields, process, stars
from obs_decam.sample.evaluate.fields import Field, Truth
from obs_decam.sample.evaluate.figures import Figure
from obs_decam.sample.realistic import generate, references

# The template, and two visits of consecutive nights, which point and are seen differently.
VISITS: tuple[dict[str, Any], ...] = (
    *generate.VISITS,
    {
        "visit": 123457, "mjd": 61316.3, "fwhm": 4.5, "sky": 800.0, "shift": (-30.0, 25.0),
        "rotation": -0.02,
    },
)  # fmt: skip
_LEAST, _MOST = 95.0, 0.1  # percent: of pairs that are associated, and of wrong sources
_NEAR = 2.5  # pixels that a source may lie from what is true
_SETTINGS = (
    f"ccdProcessor.calibrate.refCat={references.NAME}",
    "ccdProcessor.isr.doCrosstalk=True",
)
_QUERY = 'SELECT visit, "diaObjectId", x, y FROM "DiaSource"'


def evaluate(field: Field, home: str, work: str) -> Iterator[Figure]:
    """Run alert production on two visits of a field, one after the other."""
    folder = fields.make(field, home)
    root = os.path.join(tempfile.mkdtemp(dir=work), "repo")
    calibs = fields.repository(folder, root)
    template, *visits = (epoch["visit"] for epoch in field.visits)
    database = os.path.join(os.path.dirname(root), "association.db")
    case = f"seed {field.seed}, association, {field.size}"
    names = [f"visit={template}", f"ccdnum={fields.CHIP}"]
    runs = [process.process_ccd(root, calibs, "templates", names)]
    for visit in visits:
        words = [
            *("--calib", calibs, "--rerun", "processed", "--id", f"visit={visit}", names[1]),
            *("--template", os.path.join(root, "rerun", "templates"), "--templateId", names[0]),
            *("-c", f"diaPipe.apdb.db_url=sqlite:///{database}", *_SETTINGS),
        ]
        runs.append(process.ap_pipe(root, "processed", words))
    failed = next((run for run in runs if run.status != 0), None)
    if failed is not None:
        note = " / ".join(failed.log.splitlines()[-8:])
        yield Figure(case, "association", "done", 0.0, low=1.0, note=note)
        return
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = np.array(connection.execute(_QUERY).fetchall(), dtype=object)
    truths = {visit: fields.truth(field, folder, visit) for visit in visits}
    yield from figures_of(rows, truths, case)


def figures_of(rows: Any, truths: dict[int, Truth], case: str) -> Iterator[Figure]:
    """Compare objects with the truth.

    Parameters
    ----------
    rows : array, shape (sources, 4)
        Visit, object, x and y of DIASources.
    truths : `dict` [`int`, `~obs_decam.sample.evaluate.fields.Truth`]
        By visit.
    case : `str`
        What the figures are of.
    """
    visits, objects = (rows[:, column].astype(np.int64) for column in (0, 1))
    true = np.full(len(rows), -1)
    for visit, truth in truths.items():
        here = visits == visit
        true[here] = _identities(rows[here, 2:].astype(float), truth)
    seen = [set(true[visits == visit]) - {-1} for visit in truths]
    both = set.intersection(*seen)
    pairs = set(zip(true.tolist(), objects.tolist(), visits.tolist(), strict=True))
    of = {
        one: [{row[1] for row in pairs if row[::2] == (one, visit)} for visit in truths]
        for one in both
    }
    same = sum(bool(set.intersection(*parts)) for parts in of.values())
    share = 100 * same / len(both) if both else np.nan
    note = f"{same} of {len(both)} that were found in both visits"
    yield Figure(case, "association", "associated", share, "%", low=_LEAST, note=note)
    wrong = 0
    for number in np.unique(objects):
        known = true[(objects == number) & (true >= 0)]
        if known.size:
            wrong += int((known != np.bincount(known).argmax()).sum())
    share = 100 * wrong / len(rows) if len(rows) else np.nan
    note = f"{wrong} of {len(rows)} sources"
    yield Figure(case, "association", "wrong", share, "%", high=_MOST, note=note)


def _identities(places: Any, truth: Truth) -> Any:
    """Return the numbers of what sources are of; -1 of those that are of nothing."""
    changed = [
        truth.transients[(truth.transients["counts"] > 0) | (truth.transients["sign"] < 0)],
        truth.stars[truth.stars["change"] != 0],
    ]
    true = np.concatenate([np.column_stack([table["x"], table["y"]]) for table in changed])
    numbers = np.concatenate([np.asarray(table["id"]) for table in changed])
    apart, which = stars.nearest(places, true)
    return np.where(apart < _NEAR, numbers[which], -1)
