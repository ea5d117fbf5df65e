"""What has changed between two epochs in truth, how significant it is, and how well it is found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from obs_decam.sample.evaluate import stars
from obs_decam.sample.evaluate.fields import Truth
from obs_decam.sample.evaluate.figures import Figure, spread
from obs_decam.sample.facts import SCALE

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_FLUX, _PULLS = (0.98, 1.02), (0.9, 1.1)
_BRIGHT = 8.0  # signal to noise from which fluxes and positions are compared
_POSITION = 90.0  # mas
_MAS = 3.6e6  # in a degree
_NEAR = 2.5  # pixels that a source may lie from what is true
_EDGE = 15  # pixels: what is nearer to the edges is not counted
_FLAGGED = 7  # the side of the square about a source that has no flagged pixel
_UNUSABLE = ("BAD", "SAT", "CR", "EDGE", "NO_DATA")
_HALF = 64  # pixels from the middle of a true PSF to its edge
_CELLS = 8, 4  # along the rows, and across: the PSF is taken as in their middles
_APART = 1.5  # widths of the PSF within which two changes are one dipole, or one source
_ALONE = 12.0  # pixels within which nothing else is where fluxes of both exposures are compared


class Difference(NamedTuple):
    """A difference: the exposure, ``diaSrc``, and by how much its noise was scaled."""

    exposure: Any
    sources: Any
    scale: float


class Changes(NamedTuple):
    """The true changes since the template: what is brighter or fainter.

    Attributes
    ----------
    places : array, shape (objects, 2)
        Columns and rows.
    now, before : array
        Its fluxes in both epochs, in electrons of the science exposure.
    ratio : array
        The difference over the error that the best filter would have.
    nominal : array
        The difference over the noise of sky and readout in the area of the wider PSF, wherever it
        is: the strength that the generator draws.
    countable : array of `bool`
        Away from edges, flagged pixels, and other changes, that none could tell apart.
    alone : array of `bool`
        Without any other object nearby, so that the fluxes in both exposures are known, too.
    """

    places: Floats
    now: Floats
    before: Floats
    ratio: Floats
    nominal: Floats
    countable: Bools
    alone: Bools

    @property
    def flux(self) -> Floats:
        """The differences."""
        return self.now - self.before


class Share(NamedTuple):
    """A part of some number, with the percentage that is wanted; 0 for none.

    Attributes
    ----------
    ideal : `float`
        The number that a detector without any fault finds on average; NaN if that is not asked.
    """

    name: str
    right: int
    number: int
    goal: float
    note: str = ""
    ideal: float = math.nan

    def figure(self, case: str) -> Figure:
        """Return it in percent; a goal for few objects grants them two standard errors."""
        share = 100 * self.right / self.number if self.number else math.nan
        error = self._error(share / 100)
        low = self.goal - 2 * self._error(self.goal / 100) if self.goal else -math.inf
        note = self.note or f"of {self.number}"
        if self.number and not math.isnan(self.ideal):
            note += f"; the noise alone allows {100 * self.ideal / self.number:.1f} %"
        return Figure(case, "difference", self.name, share, "%", error, low=low, note=note)

    def _error(self, part: float) -> float:
        return 100 * math.sqrt(max(part * (1 - part), 0.0) / max(self.number, 1))


def changes(made: Difference, science: Truth, template: Truth) -> Changes:
    """Return transients, and stars that vary."""
    ratio = 10 ** (0.4 * (science.zero_point - template.zero_point))
    places, now, before = [], [], []
    for kind in ("transients", "stars"):
        table, other = getattr(science, kind), getattr(template, kind)
        counts = dict(zip(other["id"], other["counts"], strict=True))
        chosen = np.ones(len(table), bool)
        if kind == "stars":
            chosen = np.abs(np.asarray(table["change"])) > 0
        places.append(np.stack([table["x"], table["y"]], axis=1)[chosen])
        now.append(np.asarray(table["counts"], float)[chosen])
        old = np.array([counts.get(number, 0.0) for number in table["id"]])
        before.append(ratio * old[chosen])
    where, here, there = (np.concatenate(parts) for parts in (places, now, before))
    noise, clean = _noise(made, science, template, where)
    return Changes(
        where, here, there, np.abs(here - there) / noise,
        np.abs(here - there) / _nominal_noise(science, template),
        clean & (_nearest_other(where) > _APART * max(science.seeing.fwhm, template.seeing.fwhm)),
        _is_alone(science, where),
    )  # fmt: skip


def _nominal_noise(science: Truth, template: Truth) -> float:
    width = max(truth.seeing.fwhm for truth in (science, template)) / 2.3548
    # The wings of a Moffat profile make its area 1.36 times a Gaussian's.
    area = 1.36 * 4 * math.pi * width**2
    return math.sqrt(area * (science.sky + template.sky + 2 * stars.read_noise() ** 2))


def _nearest_other(places: Floats) -> Floats:
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(places).query(places, k=2)[0][:, 1])


def _is_alone(science: Truth, places: Floats) -> Bools:
    from scipy.spatial import cKDTree

    every = stars.every(science)[0]
    # The object itself is one of them.
    number = cKDTree(every).query_ball_point(places, _ALONE, return_length=True)
    return np.asarray(number == 1)


def _noise(
    made: Difference, science: Truth, template: Truth, places: Floats
) -> tuple[Floats, Bools]:
    """Return the errors that the best filter would have, and which places are clean.

    Notes
    -----
    Source: Zackay, Ofek & Gal-Yam 2016, ApJ 830, 27, for the true PSFs and the true noise of sky
    and readout. Where host, star and point themselves bring light, its noise is added, as the
    difference's variance has it.
    """
    exposure, truths = made.exposure, (science, template)
    rows, columns = exposure.image.shape
    ratio = 10 ** (0.4 * (science.zero_point - template.zero_point))
    variances = [truth.sky + stars.read_noise() ** 2 for truth in truths]
    variances[1] *= ratio**2
    cell = [
        np.clip(at * number // size, 0, number - 1).astype(int)
        for at, size, number in zip(places.T[::-1], (rows, columns), _CELLS, strict=True)
    ]
    best = np.array(
        [
            [
                best_error(truths, variances, (column + 0.5) / _CELLS[1] * columns,
                      (row + 0.5) / _CELLS[0] * rows)
                for column in range(_CELLS[1])
            ]
            for row in range(_CELLS[0])
        ]
    )[cell[0], cell[1]]  # fmt: skip
    x, y = (np.rint(axis).astype(int) for axis in places.T)
    inside = (x >= _EDGE) & (x < columns - _EDGE) & (y >= _EDGE) & (y < rows - _EDGE)
    x, y = (np.clip(at, _EDGE, size - _EDGE - 1) for at, size in ((x, columns), (y, rows)))
    steps = np.arange(-_EDGE, _EDGE + 1)
    profile = exposure.psf.kernel_image(columns / 2, rows / 2).square(0, 0, _EDGE) ** 2
    squares = exposure.variance[
        y[:, np.newaxis, np.newaxis] + steps[:, np.newaxis], x[:, np.newaxis, np.newaxis] + steps
    ]
    finite = np.isfinite(squares)
    local = np.where(finite, squares, 0).reshape(len(x), -1) @ profile.ravel()
    local /= np.maximum(finite.reshape(len(x), -1) @ profile.ravel(), 1e-9)
    bad = exposure.mask.any_of([name for name in _UNUSABLE if name in exposure.mask.planes])
    near = ndimage.maximum_filter(bad, _FLAGGED)
    return best * np.sqrt(local / made.scale**2 / sum(variances)), inside & ~near[y, x]


def best_error(truths: tuple[Truth, Truth], variances: list[float], x: float, y: float) -> float:
    """Return the error of a point's flux that the best filter has on an empty sky.

    Parameters
    ----------
    truths : `tuple` [`~obs_decam.sample.evaluate.fields.Truth`, ...]
        Of both epochs.
    variances : `list` [`float`]
        Of their pixels, in the units of the flux.
    x, y : `float`
        Where the PSFs are taken.
    """
    powers = []
    for truth in truths:
        psf = stars.true_psf(truth.seeing, truth, x, y, _HALF)
        powers.append(np.abs(np.fft.fft2(psf / psf.sum())) ** 2)
    weight = powers[0] * powers[1] / (variances[1] * powers[0] + variances[0] * powers[1])
    return 1 / math.sqrt(float(weight.mean()))


def is_flagged(sources: Any) -> Bools:
    """Return which sources are dipoles, not like points, or too weak for the star there."""
    flags = [
        np.asarray(sources[f"ip_diffim_{name}"], bool)
        for name in ("DipoleFit_flag_classification", "PsfFit_flag", "Fault_flag")
    ]
    return np.asarray(np.any(flags, axis=0))


def shares(
    sources: Any, true: Changes, threshold: float, goals: tuple[float, float, float]
) -> Iterator[Share]:
    """Yield purity, and completeness by true signal to noise, of what is above a threshold.

    Parameters
    ----------
    sources : `~persistence.types.table.catalog.Catalog`
        ``diaSrc``.
    true : `Changes`
    threshold : `float`
    goals : `tuple` [`float`, `float`, `float`]
        Of purity, and of completeness up to a ratio of 10 and beyond (percent).
    """
    strong = np.abs(np.asarray(sources["ip_diffim_score"])) > threshold
    clean = stars.positions(sources)[strong & ~is_flagged(sources)]
    apart, _ = stars.nearest(clean, true.places)
    right = int((apart < _NEAR).sum())
    note = f"{apart.size - right} of {apart.size} are false"
    yield Share(f"purity, threshold {threshold:g}", right, apart.size, goals[0], note)
    seen = stars.nearest(true.places, clean)[0] < _NEAR
    first = math.ceil(threshold)
    for ratio, low, high, goal, name in (
        (true.ratio, first, 10.0, goals[1], f"S/N {first}-10"),
        (true.ratio, 10.0, math.inf, goals[2], "S/N above 10"),
        (true.nominal, first, 10.0, 0.0, f"S/N {first}-10 of the empty sky"),
    ):
        here = true.countable & (ratio >= low) & (ratio < high)
        ideal = float(special.ndtr(true.ratio[here] - threshold).sum())
        name = f"{name}, threshold {threshold:g}"
        yield Share(name, int(seen[here].sum()), int(here.sum()), goal, ideal=ideal)


def fluxes(sources: Any, true: Changes, case: str) -> Iterator[Figure]:
    """Yield how right fluxes and positions are: in the difference, and in both exposures."""
    clean = np.flatnonzero(~is_flagged(sources))
    apart, which = stars.nearest(true.places, stars.positions(sources)[clean])
    bright = true.countable & (apart < _NEAR) & (true.ratio > _BRIGHT)
    for name, what, chosen, wanted in (
        ("base_PsfFlux", "flux", bright, true.flux),
        ("ip_diffim_forced_PsfFlux", "forced flux in science", bright & true.alone, true.now),
        ("ip_diffim_forced_template_PsfFlux", "forced flux in template", bright & true.alone,
         true.before),
    ):  # fmt: skip
        rows, right = clean[which[chosen]], wanted[chosen]
        flux, error = (
            stars.column(sources, f"{name}_{end}")[rows] for end in ("instFlux", "instFluxErr")
        )
        known = np.isfinite(flux)
        flux, error, right = flux[known], error[known], right[known]
        with np.errstate(invalid="ignore"):
            part = float((flux * right).sum() / (right**2).sum())
        yield Figure(case, "difference", f"{what} over true", part, "", math.nan, *_FLUX)
        pull = spread((flux - right) / error)
        granted = 2 * pull.scatter_error
        yield Figure(
            case, "difference", f"{what}, pull", pull.scatter, "", pull.scatter_error,
            _PULLS[0] - granted, _PULLS[1] + granted, f"of {pull.number}",
        )  # fmt: skip
    off = float(np.median(apart[bright])) * SCALE * _MAS
    yield Figure(case, "difference", "position", off, "mas", high=_POSITION)
