"""Wrong inputs: each has to fail, to be flagged, or to come out right all the same."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.table import Table

from obs_decam.sample.evaluate import fields, measures, process, spoil, stars
from obs_decam.sample.evaluate.fields import Field, Truth
from obs_decam.sample.evaluate.figures import Figure
from obs_decam.sample.evaluate.process import Chip, Run
from obs_decam.sample.realistic import references
from obs_decam.sample.realistic.scene import EPOCH
from persistence.types.table.catalog import Catalog

_RIGHT = 50.0  # mas, and mmag: smaller errors are acceptable


class Wrong(NamedTuple):
    """An invalid input.

    Attributes
    ----------
    name : `str`
        Its fault.
    raw : callable
        Changes a `~obs_decam.sample.evaluate.spoil.Raw`.
    catalog : callable
        Returns a changed reference catalog, given the catalog and random numbers.
    judge : callable
        Returns the fault of the results; empty if there is none. An input that is invalid as a
        whole must give no results.
    """

    name: str
    raw: Callable[[spoil.Raw], None] = lambda raw: None
    catalog: Callable[[Catalog, np.random.Generator], Catalog] = lambda table, rng: table
    judge: Callable[[Chip], str] = lambda chip: "it was accepted"


def _is_right(chip: Chip) -> str:
    """Return the fault of positions or magnitudes, if any."""
    bright = stars.matched(chip).bright
    if bright.true.size < 10:
        return f"only {bright.true.size} bright stars come out clean"
    left = {figure.name: figure.value for figure in measures.distortion(chip, "")}
    bias = abs(float(np.median(bright.off))) * 1e3
    wrong = []
    if left["largest"] > _RIGHT:
        wrong.append(f"the WCS is off by {left['largest']:.0f} mas")
    if bias > _RIGHT:
        wrong.append(f"magnitudes are off by {bias:.0f} mmag")
    return ", ".join(wrong)


def _is_flagged(chip: Chip) -> str:
    """Return a fault if the left amplifier's pixels, or its sources, are not flagged."""
    columns = chip.exposure.image.shape[1]
    bad = chip.exposure.mask["BAD"][:, : columns // 2]
    if bad.mean() < 0.99:
        return f"of its pixels {100 * bad.mean():.0f}% are BAD"
    there = stars.positions(chip.sources)[:, 0] < columns // 2 - 2
    clean = int((stars.is_clean(chip.sources) & there).sum())
    return f"{clean} clean sources lie on it" if clean else ""


WRONG = (
    Wrong('25" off', spoil.shift(25), judge=_is_right),
    Wrong("rotated 5 deg", spoil.turn(5), judge=_is_right),
    Wrong("random catalog", catalog=spoil.at_random),
    Wrong("permuted magnitudes", catalog=spoil.permuted),
    Wrong("old epoch without proper motions", catalog=spoil.without_motions, judge=_is_right),
    Wrong("dead amplifier, noisy", spoil.kill(60.0), judge=_is_flagged),
    Wrong("dead amplifier, quiet", spoil.kill(1.5), judge=_is_flagged),
    Wrong("GAIN = 0 of one amplifier", spoil.gain(("GAINB",)), judge=_is_flagged),
    Wrong("GAIN = 0 of both", spoil.gain(("GAINA", "GAINB"))),
    Wrong("12,000 e- nebula", spoil.nebula, judge=_is_right),
    Wrong("empty field", spoil.empty),
    Wrong("all saturated", spoil.saturate),
)


def evaluate(field: Field, home: str, work: str) -> Iterator[Figure]:
    """Yield the outcome of each invalid input.

    Parameters
    ----------
    field : `~obs_decam.sample.evaluate.fields.Field`
        The field whose first epoch is changed.
    home, work : `str`
        Directories of the fields, and of repositories.
    """
    folder = fields.make(field, home)
    visit = field.visits[0]["visit"]
    truth = fields.truth(field, folder, visit)
    for number, wrong in enumerate(WRONG):
        root = tempfile.mkdtemp(dir=work)
        calibs = _spoilt(wrong, folder, visit, root, np.random.default_rng([field.seed, number]))
        run = process.process_ccd(
            os.path.join(root, "repo"), calibs, "out", [f"visit={visit}", f"ccdnum={fields.CHIP}"]
        )
        yield _outcome(wrong, run, truth, visit)
        shutil.rmtree(root)


def _spoilt(wrong: Wrong, folder: str, visit: int, root: str, rng: np.random.Generator) -> str:
    """Write the invalid input into a repository, and return its calibrations."""
    inputs = os.path.join(root, "inputs")
    os.makedirs(inputs)
    for name in ("masters", "curated"):
        os.symlink(os.path.join(os.path.abspath(folder), name), os.path.join(inputs, name))
    name = f"DECam_{visit:08d}.fits.fz"
    with fits.open(os.path.join(folder, name)) as hdus:
        primary = fits.PrimaryHDU(header=hdus[0].header)
        header, pixels = hdus[1].header.copy(), np.array(hdus[1].data)
    wrong.raw(spoil.Raw(header, pixels, rng))
    extension = fits.CompImageHDU(
        pixels,
        header,
        header["EXTNAME"],
        compression_type="RICE_1",
        tile_shape=(1, pixels.shape[1]),
    )
    fits.HDUList([primary, extension]).writeto(os.path.join(inputs, name))
    stars_of = Table.read(os.path.join(folder, "truth", f"stars-{visit}.fits"))
    table = references.catalog(_at_epoch(stars_of, folder, visit), np.random.default_rng(3))
    references.write(os.path.join(inputs, "ref_cats", references.NAME), wrong.catalog(table, rng))
    return fields.repository(inputs, os.path.join(root, "repo"))


def _at_epoch(table: Table, folder: str, visit: int) -> Table:
    """Return the stars of an exposure's truth where they were at the catalog's epoch."""
    with open(os.path.join(folder, "truth", "epochs.json"), encoding="utf-8") as stream:
        years = (json.load(stream)[str(visit)]["mjd"] - EPOCH) / 365.25
    table = table.copy()
    dec = np.asarray(table["dec"]) - years * np.asarray(table["pm_dec"]) / 3.6e6
    move = years * np.asarray(table["pm_ra"]) / 3.6e6 / np.cos(np.radians(dec))
    table["ra"], table["dec"] = np.asarray(table["ra"]) - move, dec
    return table


def _outcome(wrong: Wrong, run: Run, truth: Truth, visit: int) -> Figure:
    """Return the outcome of an invalid input; the value is 1 if it is as required."""
    case, name = "wrong inputs", wrong.name
    if run.status != 0:
        crashed = "Traceback" in run.log
        message = _failure(run.log)
        verdict = 0.0 if crashed else 1.0
        return Figure(case, "wrong", name, verdict, "", low=1.0, note=f"failed: {message}")
    try:
        chip = process.results(run, truth, visit)
    except Exception as error:  # any error of the reader is shown
        return Figure(case, "wrong", name, 0.0, "", low=1.0, note=f"unreadable: {error}")
    complaint = wrong.judge(chip)
    warnings = [line for line in run.messages if " WARN" in line]
    note = f"done: {complaint or 'right, or flagged'}" + (f"; {warnings[0]}" if warnings else "")
    return Figure(case, "wrong", name, float(not complaint), "", low=1.0, note=note)


def _failure(log: str) -> str:
    """Return the failure in a log, in one line."""
    lines = log.splitlines()
    first = next(
        (number for number, line in enumerate(lines) if "FATAL" in line or "ERROR" in line), None
    )
    shown = lines[-6:] if first is None else lines[first : first + 6]
    return " / ".join(line.strip() for line in shown)
