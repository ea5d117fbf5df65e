"""The first transient: two epochs of one detector, from raw exposures to a row of the database."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from typing import Any, NamedTuple

import numpy as np
from astropy.table import Table, vstack

import lsst.ap.pipe
from obs_decam.sample import tutorial
from obs_decam.sample.tutorial import DETECTOR, TEMPLATE, VISIT
from persistence import Butler
from persistence.drawing import figures
from persistence.plot import triplets
from persistence.tasks.ap_pipe import ApPipeTask
from persistence.tasks.process_ccd import ProcessCcdTask

_SEED = 5  # of a field with transients on galaxies
_NEAR = 2.5  # pixels between what is found and what is true
_SHOWN = 4  # transients in the picture
_IMAGES = {
    "template": "deepDiff_matchedExp",
    "new": "calexp",
    "difference": "deepDiff_differenceExp",
}
_TABLES = ("DiaSource", "DiaObject", "DiaForcedSource")
_QUERY = 'SELECT "diaObjectId", ra, "dec", x, y, snr, "psfFlux" FROM "DiaSource" ORDER BY snr DESC'


class Row(NamedTuple):
    """A row of DiaSource: where on the sky (deg) and on the detector, and how bright (nJy)."""

    identifier: int
    ra: float
    dec: float
    x: float
    y: float
    snr: float
    flux: float


def main(folder: str) -> int:
    """Run the demonstration in a directory; what it made there before is made anew."""
    for name in ("sky", "repo", "apdb"):
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
    print(f"Making two raw exposures of a detector, and ingesting them, in {folder}/repo ...")
    root = tutorial.write(folder, _SEED, "window")

    words = ["--calib", f"{root}/calibs", "--id", f"visit={TEMPLATE}", f"ccdnum={DETECTOR}"]
    words += ["--rerun", "templates"]
    print(f"\nProcessing the earlier one:  processCcd.py {root} {' '.join(words)}", flush=True)
    ProcessCcdTask.parseAndRun([root, *words])

    os.makedirs(os.path.join(folder, "apdb"))
    path = os.path.join(folder, "apdb", "association.db")
    settings = os.path.join(os.path.dirname(lsst.ap.pipe.__file__), "config", "calexpTemplates.py")
    words = ["--calib", f"{root}/calibs", "--rerun", "processed", "-C", settings]
    words += ["-c", f"diaPipe.apdb.db_url=sqlite:///{path}"]
    words += ["--id", f"visit={VISIT}", f"ccdnum={DETECTOR}", "filter=g"]
    words += ["--template", f"{root}/rerun/templates", "--templateId", f"visit={TEMPLATE}"]
    print(f"\nWhat is new in the later one:  ap_pipe.py {root} {' '.join(words)}", flush=True)
    ApPipeTask.parseAndRun([root, *words])

    print(f"\nWhat the database has:  sqlite3 {path}")
    with contextlib.closing(sqlite3.connect(path)) as database:
        for name in _TABLES:
            query = f'SELECT COUNT(*) FROM "{name}"'  # noqa: S608  # our own names
            number = database.execute(query).fetchone()[0]
            print(f"  {name:<16} {number:3d} rows")
        rows = [Row(*row) for row in database.execute(_QUERY)]
    truth = _truth(os.path.join(folder, "sky", "truth"))
    kinds = [_kind(row, truth) for row in rows]
    print("  diaObjectId           ra (deg)    dec (deg)    S/N   flux (nJy)  in truth")
    for row, kind in zip(rows, kinds, strict=True):
        print(
            f"  {row.identifier:<18d}  {row.ra:.6f}  {row.dec:+.6f}  {row.snr:5.1f}  "
            f"{row.flux:11.1f}  {kind}"
        )
    picture = os.path.join(folder, "transients.png")
    figures.save(_picture(root, rows, kinds), picture)
    print(f"\nThe difference, and the strongest of them, are in {picture}")
    return 0


def _truth(folder: str) -> Table:
    """Return what is brighter or fainter than in the template: ``x y kind``."""
    transients = Table.read(os.path.join(folder, f"transients-{VISIT}.fits"))
    stars = Table.read(os.path.join(folder, f"stars-{VISIT}.fits"))
    transients["kind"] = np.where(transients["sign"] > 0, "transient", "transient, gone")
    stars["kind"] = "variable star"
    columns = ["x", "y", "kind"]
    return vstack([transients[columns], stars[columns][stars["change"] != 0]])


def _kind(row: Row, truth: Table) -> str:
    """Return what a row is of, in truth."""
    apart = np.hypot(truth["x"] - row.x, truth["y"] - row.y)
    nearest = int(np.argmin(apart))
    return str(truth["kind"][nearest]) if apart[nearest] < _NEAR else "nothing"


def _picture(root: str, rows: list[Row], kinds: list[str]) -> Any:
    butler = Butler(os.path.join(root, "rerun", "processed"))
    identity = {"visit": VISIT, "ccdnum": DETECTOR}
    images = {name: butler.get(dataset, identity).image for name, dataset in _IMAGES.items()}
    x, y = (np.array([getattr(row, axis) for row in rows]) for axis in "xy")
    names = [f"{kind}\nS/N {row.snr:.0f}" for row, kind in zip(rows, kinds, strict=True)]
    new = [place for place, kind in enumerate(kinds) if kind == "transient"]
    title = f"visit {VISIT} less visit {TEMPLATE}, detector {DETECTOR}, filter g"
    return triplets.draw(images, x, y, names, new[:_SHOWN] or range(min(_SHOWN, len(rows))), title)
