"""Transients and variables found by image differencing, and false detections."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from obs_decam.sample.evaluate import changes, fields, process, stars
from obs_decam.sample.evaluate.changes import Difference, Share
from obs_decam.sample.evaluate.fields import Field
from obs_decam.sample.evaluate.figures import Figure
from persistence import Butler

# A run goes down to the lower threshold; what is above the default one is the same as without.
_THRESHOLD, _LOWER = 5.5, 5.0
_SCALE, _CPU, _MEMORY = (1.0, 1.1), 12.0, 1500.0
_OFF, _BRIGHTER = 0.1, 1.02  # pixels along both axes, and the factor, by which a template is off
_MOVED, _STEP, _DIPOLES = 100, 0.3, 90.0  # stars, pixels, and the percentage that is to be flagged
_STRENGTH = 200.0, 1500.0  # signal to noise of stars that are moved
_LONELY = 25.0  # pixels

Places = Any  # array, shape (stars, 2)


class Case(NamedTuple):
    """A way to subtract.

    Attributes
    ----------
    name : `str`
        What is odd about it.
    science, template : `int`
        Which of a field's visits.
    goals : `tuple` [`float`, `float`, `float`, `float`]
        Of purity and of completeness with the default threshold, up to a ratio of signal to noise
        of 10 and beyond, and with the lower threshold up to 10 (percent).
    words : sequence of `str`
        Settings.
    spoilt : callable, optional
        Changes a calibrated exposure of the visit ``which``.
    which : `int`
    """

    name: str
    science: int
    template: int
    goals: tuple[float, float, float, float] = (99.0, 95.0, 99.0, 92.0)
    words: Sequence[str] = ()
    spoilt: Callable[[Any, Any], Any] | None = None
    which: int = 0


def _off(exposure: Any, sources: Any) -> Any:
    """Return an exposure whose WCS and brightness are off."""
    wcs = exposure.wcs.deepcopy()
    wcs.wcs.crpix = wcs.wcs.crpix + _OFF
    wcs.wcs.set()
    brighter = np.float32(_BRIGHTER)
    return exposure.replaced(
        image=exposure.image * brighter, variance=exposure.variance * brighter**2, wcs=wcs
    )


def movable(sources: Any) -> Places:
    """Return where stars are that can be moved: neither faint nor flagged, and by themselves."""
    flux, error = (
        stars.column(sources, f"base_PsfFlux_{end}") for end in ("instFlux", "instFluxErr")
    )
    ratio, places = flux / error, stars.positions(sources)
    wanted = stars.is_clean(sources) & (ratio > _STRENGTH[0]) & (ratio < _STRENGTH[1])
    wanted &= stars.column(sources, "base_ClassificationExtendedness_value") < 0.5
    from scipy.spatial import cKDTree

    near = cKDTree(places).query_ball_point(np.nan_to_num(places), _LONELY, return_length=True)
    inside = (places > 2 * _LONELY) & (places < np.nanmax(places, axis=0) - 2 * _LONELY)
    rows = np.flatnonzero(wanted & (near == 1) & inside.all(axis=1))
    return np.random.default_rng(1).permutation(rows)[:_MOVED]


def _moved(exposure: Any, sources: Any) -> Any:
    """Return an exposure in which some stars have moved."""
    rows = movable(sources)
    x, y = stars.positions(sources)[rows].T
    flux = stars.column(sources, "base_PsfFlux_instFlux")[rows]
    angle = np.random.default_rng(2).uniform(0, 2 * np.pi, rows.size)
    image, radius = exposure.image.copy(), 20
    there = x + _STEP * np.cos(angle), y + _STEP * np.sin(angle)
    for sign, (columns, rows) in ((1, there), (-1, (x, y))):
        profiles = exposure.psf.stamps(columns, rows, radius)
        first = [np.floor(at + 0.5).astype(int) - radius for at in (columns, rows)]
        for left, low, light in zip(*first, (sign * flux * profiles.T).T, strict=True):
            image[low : low + 2 * radius + 1, left : left + 2 * radius + 1] += light
    return exposure.replaced(image=image)


_CASES = (
    Case("template convolved", 1, 0),
    Case("science convolved", 0, 1, (99.0, 94.0, 99.0, 92.0)),
    Case("zogy", 1, 0, (0.0, 0.0, 0.0, 0.0), ("subtract=zogy",)),
    Case("template 0.1 px off and 2 % brighter", 1, 0, spoilt=_off, which=0),
    Case("100 stars moved by 0.3 px", 1, 0, spoilt=_moved, which=1),
)
_CROWDED = (Case("12000 stars", 1, 0, (97.0, 88.0, 88.0, 88.0)),)


def evaluate(fields_: Sequence[Field], home: str, work: str) -> Iterator[Figure]:
    """Subtract the epochs of fields from each other, in several ways, and of all fields' sums."""
    yield from _evaluate(fields_, _CASES, home, work)


def crowded(fields_: Sequence[Field], home: str, work: str) -> Iterator[Figure]:
    """Subtract the epochs of fields with many stars."""
    yield from _evaluate(fields_, _CROWDED, home, work)


def _evaluate(
    fields_: Sequence[Field], cases: Sequence[Case], home: str, work: str
) -> Iterator[Figure]:
    every: dict[tuple[str, str], list[Share]] = {}
    for field in fields_:
        folder = fields.make(field, home)
        root = os.path.join(tempfile.mkdtemp(dir=work), "repo")
        calibs = fields.repository(folder, root)
        run = process.process_ccd(root, calibs, "calexps", [f"ccdnum={fields.CHIP}"])
        if run.status != 0:
            yield _failure(f"differences, seed {field.seed}", run)
            continue
        visits = [epoch["visit"] for epoch in field.visits]
        truths = [fields.truth(field, folder, visit) for visit in visits]
        for case in cases:
            title = f"differences, {case.name}, seed {field.seed}"
            made = _run(case, root, visits)
            if made.status != 0:
                yield _failure(title, made)
                continue
            result = _results(made, visits[case.science])
            if case.spoilt is _moved:
                yield _dipoles(result, root, visits[1]).figure(title)
                continue
            true = changes.changes(result, truths[case.science], truths[case.template])
            for share in _shares(result, true, case.goals):
                every.setdefault((case.name, share.name), []).append(share)
                yield share.figure(title)
            yield from changes.fluxes(result.sources, true, title)
            yield Figure(
                title, "difference", "scale of the score", result.scale, "", math.nan, *_SCALE
            )
            yield Figure(title, "difference", "CPU time", made.seconds, "s", high=_CPU)
            yield Figure(title, "difference", "memory", made.megabytes, "MB", high=_MEMORY)
    for (name, _), parts in every.items():
        if len(parts) > 1:
            total = parts[0]._replace(
                name=f"{parts[0].name}, all seeds", note="",
                right=sum(part.right for part in parts), number=sum(part.number for part in parts),
                ideal=sum(part.ideal for part in parts),
            )  # fmt: skip
            yield total.figure(f"differences, {name}, seeds together")


def _shares(
    made: Difference, true: changes.Changes, goals: tuple[float, float, float, float]
) -> Iterator[Share]:
    yield from changes.shares(made.sources, true, _THRESHOLD, goals[:3])
    # Noise alone makes two peaks beyond 5 in a chip: purity has no goal there.
    yield from changes.shares(made.sources, true, _LOWER, (0.0, goals[3], goals[2]))


def _failure(case: str, run: process.Run) -> Figure:
    note = " / ".join(run.log.splitlines()[-8:])
    return Figure(case, "difference", "done", 0.0, low=1.0, note=note)


def _run(case: Case, root: str, visits: Sequence[int]) -> process.Run:
    """Subtract; what is spoilt is in a rerun of its own."""
    rerun = "calexps"
    if case.spoilt is not None:
        data_id = {"visit": visits[case.which], "ccdnum": fields.CHIP}
        given = Butler(os.path.join(root, "rerun", "calexps"))
        exposure = case.spoilt(given.get("calexp", data_id), given.get("src", data_id))
        rerun = case.spoilt.__name__.strip("_")
        output = os.path.join(root, "rerun", rerun)
        Butler(inputs=os.path.join(root, "rerun", "calexps"), outputs=output).put(
            exposure, "calexp", data_id
        )
    science, template = visits[case.science], visits[case.template]
    words = ["--id", f"visit={science}", "--templateId", f"visit={template}"]
    settings = ["-c", f"detection.thresholdValue={_LOWER}", *case.words]
    name = f"d-{case.name.replace(' ', '-').replace('%', '')}"
    return process.image_difference(root, rerun, name, [*words, *settings])


def _results(run: process.Run, visit: int) -> Difference:
    butler = Butler(run.rerun)
    data_id = {"visit": visit, "ccdnum": fields.CHIP}
    noted = butler.get("deepDiff_metadata", data_id)["imageDifference"]
    exposure, sources = (butler.get(f"deepDiff_{kind}", data_id) for kind in _KINDS)
    return Difference(exposure, sources, float(noted["scoreScale"]))


_KINDS = "differenceExp", "diaSrc"


def _dipoles(made: Difference, root: str, visit: int) -> Share:
    """Return how many stars that have moved are flagged."""
    sources = Butler(os.path.join(root, "rerun", "calexps")).get(
        "src", visit=visit, ccdnum=fields.CHIP
    )
    places = stars.positions(sources)[movable(sources)]
    flagged = np.asarray(made.sources["ip_diffim_DipoleFit_flag_classification"], bool)
    middles = np.stack(
        [stars.column(made.sources, f"ip_diffim_DipoleFit_{axis}") for axis in "xy"], axis=1
    )[flagged]
    right = int((stars.nearest(places, middles)[0] < 3.0).sum())
    return Share("moved stars flagged as dipoles", right, len(places), _DIPOLES)
