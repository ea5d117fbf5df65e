"""What image differencing finds of transients and variables, and what it finds besides."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from obs_decam.sample.evaluate import fields, process, stars
from obs_decam.sample.evaluate.fields import Field, Truth
from obs_decam.sample.evaluate.figures import Figure, spread
from obs_decam.sample.facts import SCALE
from persistence import Butler

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_THRESHOLD, _LOWER = 5.5, 5.0
# Purity, and completeness by true signal to noise, in percent: of the sharper template, and of the
# other.
_PURITY = 99.0
_BINS = {"template": ((6.0, 10.0, 95.0), (10.0, 1e9, 99.0)), "science": ((6.0, 10.0, 94.0),)}
_LOW_BIN = 5.0, 10.0, {"template": 92.0, "science": 94.0}
_FLUX, _PULLS, _SCALE = (0.98, 1.02), (0.9, 1.1), (1.0, 1.1)
_BRIGHT = 8.0  # signal to noise from which fluxes and positions are compared
_POSITION = 90.0  # mas
_CPU, _MEMORY = 12.0, 1500.0
_MAS = 3.6e6  # in a degree
_NEAR = 2.5  # pixels that a source may lie from what is true
_EDGE = 15  # pixels: what is nearer to the edges is not counted
_FLAGGED = 7  # the side of the square about a source that has no flagged pixel
_UNUSABLE = ("BAD", "SAT", "CR", "EDGE", "NO_DATA")


class Changes(NamedTuple):
    """What is brighter or fainter than in the template, in truth.

    Attributes
    ----------
    places : array, shape (objects, 2)
        Columns and rows.
    flux : array
        The difference (electrons).
    """

    places: Floats
    flux: Floats


class Difference(NamedTuple):
    """A difference beside its truth: the exposure, ``diaSrc``, and what was convolved."""

    exposure: Any
    sources: Any
    convolved: str
    scale: float


def evaluate(field: Field, home: str, work: str) -> Iterator[Figure]:
    """Subtract both epochs of a field from each other."""
    folder = fields.make(field, home)
    root = os.path.join(tempfile.mkdtemp(dir=work), "repo")
    calibs = fields.repository(folder, root)
    visits = [epoch["visit"] for epoch in field.visits]
    run = process.process_ccd(root, calibs, "calexps", [f"ccdnum={fields.CHIP}"])
    case = f"seed {field.seed}, differences, {field.size}"
    if run.status != 0:
        note = " / ".join(run.log.splitlines()[-8:])
        yield Figure(case, "difference", "calibrated", 0.0, low=1.0, note=note)
        return
    for science, template in ((visits[1], visits[0]), (visits[0], visits[1])):
        truths = [fields.truth(field, folder, visit) for visit in (science, template)]
        for threshold in (_THRESHOLD, _LOWER):
            words = [
                *("--id", f"visit={science}", "--templateId", f"visit={template}", "-c"),
                f"detection.thresholdValue={threshold}",
            ]
            made = process.image_difference(root, "calexps", f"d{science}-{threshold}", words)
            seeing = " - ".join(f"{truth.seeing.fwhm:.1f} px" for truth in truths)
            case = f"seed {field.seed}, {seeing}, threshold {threshold}, {field.size}"
            if made.status != 0:
                note = " / ".join(made.log.splitlines()[-8:])
                yield Figure(case, "difference", "done", 0.0, low=1.0, note=note)
                continue
            yield from _figures(_results(made, science), _changes(*truths), threshold, case)
            if threshold == _THRESHOLD:
                yield Figure(case, "difference", "CPU time", made.seconds, "s", high=_CPU)
                yield Figure(case, "difference", "memory", made.megabytes, "MB", high=_MEMORY)


def _results(run: process.Run, visit: int) -> Difference:
    butler = Butler(run.rerun)
    data_id = {"visit": visit, "ccdnum": fields.CHIP}
    exposure = butler.get("deepDiff_differenceExp", data_id)
    noted = butler.get("deepDiff_metadata", data_id)["imageDifference"]
    sources = butler.get("deepDiff_diaSrc", data_id)
    return Difference(exposure, sources, str(noted["convolved"]), float(noted["scoreScale"]))


def _changes(science: Truth, template: Truth) -> Changes:
    """Return transients, and stars that vary."""
    ratio = 10 ** (0.4 * (science.zero_point - template.zero_point))
    places, fluxes = [], []
    for kind in ("transients", "stars"):
        now, before = getattr(science, kind), getattr(template, kind)
        counts = dict(zip(before["id"], before["counts"], strict=True))
        old = np.array([counts.get(number, 0.0) for number in now["id"]])
        chosen = np.ones(len(now), bool)
        if kind == "stars":
            chosen = np.abs(np.asarray(now["change"])) > 0
        places.append(np.stack([now["x"], now["y"]], axis=1)[chosen])
        fluxes.append((np.asarray(now["counts"], float) - ratio * old)[chosen])
    return Changes(np.concatenate(places), np.concatenate(fluxes))


def _figures(made: Difference, true: Changes, threshold: float, case: str) -> Iterator[Figure]:
    found = stars.positions(made.sources)
    flagged = np.asarray(made.sources["ip_diffim_DipoleFit_flag_classification"], bool)
    flagged |= np.asarray(made.sources["ip_diffim_PsfFit_flag"], bool)
    clean = found[~flagged]
    apart, _ = stars.nearest(clean, true.places)
    right = apart < _NEAR
    note = f"{int((~right).sum())} of {right.size} are false"
    purity = 100 * float(right.mean())
    yield Figure(case, "difference", "purity", purity, "%", low=_PURITY, note=note)
    ratio, countable = _ratios(made, true)
    apart, which = stars.nearest(true.places, clean)
    seen = apart < _NEAR
    bins = _BINS[made.convolved]
    if threshold != _THRESHOLD:
        bins = ((*_LOW_BIN[:2], _LOW_BIN[2][made.convolved]),)
    for low, high, least in bins:
        here = countable & (ratio >= low) & (ratio < high)
        name = f"completeness S/N {low:g}" + (f"-{high:g}" if high < 1e8 else " and more")
        share = 100 * float(seen[here].mean()) if here.any() else np.nan
        yield Figure(case, "difference", name, share, "%", low=least, note=f"of {int(here.sum())}")
    if threshold != _THRESHOLD:
        return
    rows = np.flatnonzero(~flagged)[which]
    bright = countable & seen & (ratio > _BRIGHT)
    flux, error = (
        stars.column(made.sources, f"base_PsfFlux_{name}")[rows][bright]
        for name in ("instFlux", "instFluxErr")
    )
    wanted = true.flux[bright]
    part = float((flux * wanted).sum() / (wanted**2).sum())
    yield Figure(case, "difference", "flux over true flux", part, "", np.nan, *_FLUX)
    pull = spread((flux - wanted) / error)
    yield Figure(
        case, "difference", "pull of fluxes", pull.scatter, "", pull.scatter_error, *_PULLS
    )
    off = float(np.median(apart[bright])) * SCALE * _MAS
    yield Figure(case, "difference", "position", off, "mas", high=_POSITION)
    yield Figure(case, "difference", "scale of the score", made.scale, "", np.nan, *_SCALE)


def _ratios(made: Difference, true: Changes) -> tuple[Floats, Bools]:
    """Return true ratios of signal to noise, and which changes count: away from flagged pixels."""
    exposure = made.exposure
    rows, columns = exposure.image.shape
    x, y = (np.rint(axis).astype(int) for axis in true.places.T)
    inside = (x >= _EDGE) & (x < columns - _EDGE) & (y >= _EDGE) & (y < rows - _EDGE)
    x, y = np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1)
    # A point's error is that of a matched filter.
    profile = exposure.psf.kernel_image(columns / 2, rows / 2).array
    noise = np.sqrt(exposure.variance[y, x] / (profile**2).sum())
    bad = exposure.mask.any_of([name for name in _UNUSABLE if name in exposure.mask.planes])
    near = ndimage.maximum_filter(bad, _FLAGGED)
    return np.abs(true.flux) / noise, inside & ~near[y, x]
