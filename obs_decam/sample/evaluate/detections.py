"""Completeness and purity of detections, compared with sep alone and photutils."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from importlib import util
from typing import Any

import numpy as np

from obs_decam.sample.evaluate import stars
from obs_decam.sample.evaluate.figures import Figure
from obs_decam.sample.evaluate.process import Chip
from obs_decam.sample.evaluate.stars import Bools, Floats

_FALSE = 0.5  # percent
_RATIO = 20.0  # signal to noise of the false sources that count
_EDGES = 5.0, 7.0, 10.0, 20.0, 50.0, 1000.0  # true signal to noise
_NEAR = 2.0  # the largest distance of a detection from a star (pixels)
_THRESHOLD = 5.0
# the largest distance of a true detection from a true object, in addition to its extent
_LOOSE = 3.0


def false(chip: Chip, case: str) -> Iterator[Figure]:
    """Yield the share of clean bright sources where nothing is."""
    sources = chip.sources
    flux, error = (
        stars.column(sources, f"slot_PsfFlux_{name}") for name in ("instFlux", "instFluxErr")
    )
    bright = stars.is_clean(sources) & (flux > _RATIO * error)
    wrong = bright & ~is_true(chip, stars.positions(sources))
    places = ", ".join(f"({x:.0f}, {y:.0f})" for x, y in stars.positions(sources)[wrong][:4])
    note = f"{int(wrong.sum())} of {int(bright.sum())}: {places}"
    share = 100 * wrong.sum() / max(bright.sum(), 1)
    yield Figure(case, "false", "unflagged above S/N 20", share, "%", high=_FALSE, note=note)


def is_true(chip: Chip, places: Floats) -> Bools:
    """Return at which positions there is something, as bright as twice the noise."""
    truth = chip.truth
    there, counts, radii = stars.every(truth)
    seen = counts > 2 * stars.noise(truth, counts)
    reach = _LOOSE + 1.5 * radii
    right = np.zeros(len(places), bool)
    for extended in (False, True):
        chosen = seen & ((radii > 0) == extended)
        apart, which = stars.nearest(places, there[chosen])
        right |= apart < reach[chosen][which] if chosen.any() else False
    return right


def completeness(chip: Chip, case: str) -> Iterator[Figure]:
    """Yield the share of true stars that are detected, by their true signal to noise."""
    truth = chip.truth
    inside = truth.stars[stars.is_inside(truth, truth.stars)]
    counts = np.asarray(inside["counts"], float)
    ratio = counts / stars.noise(truth, counts)
    places = np.stack([inside["x"], inside["y"]], axis=1)
    lists = {"ours": stars.positions(chip.sources)[stars.is_single(chip.sources)]}
    lists |= {name: find(chip) for name, find in _OTHERS.items() if util.find_spec(name)}
    shares = {}
    for low, high in itertools.pairwise(_EDGES):
        here = (ratio >= low) & (ratio < high)
        for name, found in lists.items():
            apart, _ = stars.nearest(places[here], found)
            shares[name] = 100 * float(np.mean(apart < _NEAR)) if here.any() else np.nan
        others = ", ".join(f"{name} {share:.1f}" for name, share in shares.items())
        least = shares["sep"] - 100 * 2 * np.sqrt(0.02 / max(here.sum(), 1))
        yield Figure(
            case, "completeness", f"S/N {low:g}-{high:g}", shares["ours"], "%", low=least,
            note=f"of {int(here.sum())} stars; {others}",
        )  # fmt: skip
    for name, found in lists.items():
        wrong = ~is_true(chip, found)
        yield Figure(
            case, "completeness", f"false of {name}", 100 * float(wrong.mean()), "%",
            note=f"{int(wrong.sum())} of {len(found)}",
        )  # fmt: skip


def _sep(chip: Chip) -> Floats:
    """Detect by sep alone, with a Gaussian as filter."""
    import sep

    image = np.ascontiguousarray(chip.exposure.image, np.float32)
    error = np.sqrt(np.ascontiguousarray(chip.exposure.variance, np.float32))
    sigma = chip.truth.seeing.fwhm / 2.3548
    steps = np.arange(-int(3 * sigma), int(3 * sigma) + 1)
    kernel = np.exp(-(steps**2 + steps[:, np.newaxis] ** 2) / (2 * sigma**2))
    sep.set_extract_pixstack(3_000_000)
    objects = sep.extract(
        image, _THRESHOLD, err=np.where(np.isfinite(error), error, 1e6), minarea=5,
        filter_kernel=kernel, filter_type="matched", clean=False,
    )  # fmt: skip
    return np.stack([objects["x"], objects["y"]], axis=1)


def _photutils(chip: Chip) -> Floats:
    """Detect peaks with photutils, above the signal-to-noise ratio of a Gaussian filter."""
    from photutils.detection import find_peaks
    from scipy.ndimage import gaussian_filter

    sigma = chip.truth.seeing.fwhm / 2.3548
    weights = 1 / np.where(chip.exposure.variance > 0, chip.exposure.variance, np.inf)
    signal = gaussian_filter(np.nan_to_num(chip.exposure.image) * weights, sigma)
    # A Gaussian's square is a Gaussian, sqrt(2) narrower.
    noise = np.sqrt(gaussian_filter(weights, sigma / np.sqrt(2)) / (4 * np.pi * sigma**2))
    peaks: Any = find_peaks(signal / np.where(noise > 0, noise, np.inf), _THRESHOLD, box_size=5)
    if peaks is None:
        return np.zeros((0, 2))
    return np.stack([peaks["x_peak"], peaks["y_peak"]], axis=1).astype(float)


_OTHERS: dict[str, Callable[[Chip], Floats]] = {"sep": _sep, "photutils": _photutils}
