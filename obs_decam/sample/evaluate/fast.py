"""A whole exposure of the fast sample: all its chips have to come out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from obs_decam.sample import calibs, cards, generate, refcat
from obs_decam.sample.evaluate import fields, process, stars
from obs_decam.sample.evaluate.figures import Figure, spread
from persistence import Butler

_VISIT, _BAND, _DAY = 410877, "g", "2014-02-20"
_CHIPS = 60
_ZERO_POINT, _WCS = 20.0, 0.3  # the largest errors in mmag, and in arcsec, for pixels of 4.2
_SECONDS = 2.0  # CPU seconds a chip


def evaluate(work: str) -> Iterator[Figure]:
    """Yield how many chips are processed, and how far off they are, in a directory's repository."""
    folder, case = os.path.join(work, "fast"), f"{_CHIPS} chips of the fast sample"
    root = os.path.join(folder, "repo")
    numbers = [chip.number for chip in cards.science_chips(None)]
    paths = generate.write(folder, [(_VISIT, _BAND)], "small")
    masters = os.path.join(folder, "masters")
    calibs.write_masters(masters, ["bias", "flat"], [_DAY], [_BAND], numbers, "small")
    calibs.write_curated(os.path.join(folder, "curated"), ["defects"], numbers, "small")
    refcat.write_refcat(os.path.join(folder, "ref_cats", refcat.NAME), [_VISIT])
    calib_root = fields.repository(folder, root)
    words = [f"visit={_VISIT}", "ccdnum=" + "^".join(map(str, numbers))]
    run = process.process_ccd(root, calib_root, "out", words, [f"calibrate.refCat={refcat.NAME}"])
    butler = Butler(run.rerun)
    done = [n for n in numbers if butler.datasetExists("calexp", visit=_VISIT, ccdnum=n)]
    failures = [line for line in run.log.splitlines() if " FATAL" in line]
    note = f"of {len(numbers)} in {os.path.basename(paths[0])}; " + "; ".join(failures[:3])
    yield Figure(case, "fast", "done", len(done), "chips", low=float(_CHIPS), note=note)
    off = np.array([_off(butler, number) for number in done]).reshape(-1, 2)
    zero = spread(off[:, 0])
    yield Figure(case, "fast", "zero point, median", zero.median, "mmag", zero.median_error)
    largest = float(np.abs(off[:, 0]).max(initial=0.0))
    yield Figure(case, "fast", "zero point, farthest off", largest, "mmag", high=_ZERO_POINT)
    largest = float(off[:, 1].max(initial=0.0))
    yield Figure(case, "fast", "WCS, farthest off", largest, "arcsec", high=_WCS)
    each = run.seconds / max(len(done), 1)
    yield Figure(case, "fast", "CPU", each, "s a chip", high=_SECONDS)


def _off(butler: Any, number: int) -> tuple[float, float]:
    """Return by how much a chip's magnitudes (mmag) and its WCS (arcsec) are off."""
    truth = generate.truth(_VISIT, _BAND, number)
    exposure, sources = (
        butler.get(name, visit=_VISIT, ccdnum=number) for name in ("calexp", "src")
    )
    ra, dec = exposure.wcs.all_pix2world(truth.x, truth.y, 0)
    east = (ra - truth.stars.ra) * np.cos(np.radians(dec))
    apart = float(np.hypot(east, dec - truth.stars.dec).max()) * 3600
    clean = np.flatnonzero(stars.is_clean(sources))
    true = np.stack([truth.x, truth.y], axis=1)
    distance, which = stars.nearest(stars.positions(sources)[clean], true)
    rows = clean[distance < 1.0]
    measured, _ = stars.magnitudes(exposure, sources, "slot_PsfFlux", rows)
    right = truth.stars.magnitudes[_BAND][which[distance < 1.0]]
    return 1e3 * float(np.median((measured - right)[right < 20.5])), apart
