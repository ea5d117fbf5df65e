"""Quality measures of a processed chip, compared with its truth, and their goals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from obs_decam.sample.evaluate import detections, stars
from obs_decam.sample.evaluate.figures import Figure, spread
from obs_decam.sample.evaluate.process import Chip

_MILLI = 1e3
_SCATTER, _BIAS = 7.0, 2.0  # mmag
_PHOTONS = 1.15  # times the scatter due to noise alone, where that is larger
_PULLS = 0.9, 1.4
_THIRDS, _SLOTS = 4.0, 5.0  # mmag
_SIZE = 0.5  # percent
_BRIGHT_POSITION = 2.0  # mas
_MEDIAN_DISTANCE = np.sqrt(2 * np.log(2))  # in the standard deviation of a coordinate
_LEFT = 2.0, 5.0  # mas: the root mean square and the largest error of the WCS
_RATIO = 30.0  # signal-to-noise ratio of sources that are classified
_RESOLVED = 0.5  # widths of the PSF: the radius that half of a galaxy's light has
_CPU, _MEMORY = 6.0, 450.0
_FEWEST = 5  # stars in a bin
_REACH = 12  # pixels: the aperture in which PSFs are normalised

Measured = Iterator[Figure]


def photometry(chip: Chip, case: str) -> Measured:
    """Yield scatter, bias and pulls of PSF magnitudes, by magnitude.

    For few stars, two standard errors are allowed; where noise alone exceeds the goal of the
    scatter, it is the goal.
    """
    matched = stars.matched(chip)
    counts = np.asarray(chip.truth.stars["counts"], float)[matched.true]
    limit = 2.5 / np.log(10) * stars.noise(chip.truth, counts) / counts
    for low, high in [*stars.bins(), stars.RANGE]:
        here = (matched.magnitude >= low) & (matched.magnitude < high)
        off, where = spread(matched.off[here] * _MILLI), f"{low:.1f}-{high:.1f}"
        if off.number < _FEWEST:
            continue
        pull = spread((matched.off / matched.error)[here])
        alone = _MILLI * float(np.median(limit[here]))
        if (low, high) != stars.RANGE:
            most = max(_SCATTER, alone * (_PHOTONS + 2 * off.scatter_error / off.scatter))
            note = f"{off.number} stars; {alone:.1f} mmag by noise alone"
            yield Figure(
                case, "photometry", f"scatter {where}", off.scatter, "mmag", off.scatter_error,
                high=most, note=note,
            )  # fmt: skip
        bias = max(_BIAS, 2 * off.median_error)
        yield Figure(
            case, "photometry", f"bias {where}", off.median, "mmag", off.median_error, -bias, bias
        )
        # Of the error that the goal would have: that of a small pull is small as well.
        granted = 0.0 if (low, high) == stars.RANGE else 2 * pull.scatter_error / pull.scatter
        least, most = max(_PULLS[0] * (1 - granted), 0.0), _PULLS[1] * (1 + granted)
        yield Figure(
            case, "photometry", f"pull {where}", pull.scatter, "", pull.scatter_error, least, most
        )


def neighbours(chip: Chip, case: str) -> Measured:
    """Yield the scatter of all bright stars, those with others near included."""
    bright = stars.matched(chip, alone=False).bright
    off = spread(bright.off * _MILLI)
    outliers = float(np.mean(np.abs(bright.off * _MILLI - off.median) > 5 * _SCATTER))
    note = f"{off.number} stars"
    yield Figure(case, "neighbours", "scatter", off.scatter, "mmag", off.scatter_error, note=note)
    yield Figure(case, "neighbours", "beyond 35 mmag", 100 * outliers, "%")


def thirds(chip: Chip, case: str) -> Measured:
    """Yield by how much the thirds of the chip differ from all of it."""
    bright = stars.matched(chip).bright
    layout = chip.truth.layout
    whole = spread(bright.off * _MILLI).median
    for axis, size, words in (
        ("x", 2 * layout.columns, ("left", "middle column", "right")),
        ("y", layout.rows, ("low", "middle row", "high")),
    ):
        third = np.clip(getattr(bright, axis) * 3 // size, 0, 2)
        for number, word in enumerate(words):
            off = spread(bright.off[third == number] * _MILLI)
            limit = max(_THIRDS, 2 * off.median_error)
            yield Figure(
                case, "thirds", word, off.median - whole, "mmag", off.median_error, -limit, limit
            )


def slots(chip: Chip, case: str) -> Measured:
    """Yield by how much the slots' magnitudes differ."""
    bright = stars.matched(chip).bright
    bright = bright.chosen(bright.magnitude < 18.5)
    fluxes = (
        stars.magnitudes(chip.exposure, chip.sources, flux, bright.sources)[0]
        for flux in ("slot_ApFlux", "slot_PsfFlux")
    )
    off = spread(np.subtract(*fluxes) * _MILLI)
    yield Figure(
        case, "slots", "slot_ApFlux - slot_PsfFlux", off.median, "mmag", off.median_error,
        -_SLOTS, _SLOTS,
    )  # fmt: skip


def psf(chip: Chip, case: str) -> Measured:
    """Yield by how much the PSF model is too large at stars.

    Its size is 1 / sqrt(sum of squares).
    """
    bright = stars.matched(chip).bright
    model, truth = chip.exposure.psf, chip.truth
    sizes, rounds = [], []
    for x, y in zip(bright.x[:200], bright.y[:200], strict=True):
        kernel = model.kernel_image(x, y)
        half = min(kernel.array.shape[0] // 2, 20)
        right = stars.true_psf(truth.seeing, truth, x, y, half)
        middle = -kernel.bbox.y0, -kernel.bbox.x0
        cut = tuple(slice(place - half, place + half + 1) for place in middle)
        drawn = kernel.array[cut]
        sizes.append(_size(drawn) / _size(right) - 1)
        rounds.append(_residual(drawn, right))
    off = spread(np.array(sizes) * 100)
    yield Figure(
        case, "psf", "size, median", off.median, "%", off.median_error, low=-_SIZE, high=_SIZE
    )
    yield Figure(case, "psf", "size, scatter", off.scatter, "%", off.scatter_error, high=_SIZE)
    yield Figure(
        case, "psf", "residual, of the peak", 100 * float(np.median(rounds)), "%",
        note="root mean square within 6 px",
    )  # fmt: skip


def _within(half: int, reach: float) -> Any:
    steps = np.arange(-half, half + 1)
    return np.hypot(steps, steps[:, np.newaxis]) <= reach


def _size(image: Any) -> float:
    inside = image[_within(image.shape[0] // 2, _REACH)]
    return float(inside.sum() / np.sqrt((inside**2).sum()))


def _residual(image: Any, right: Any) -> float:
    reach = _within(image.shape[0] // 2, _REACH)
    core = _within(image.shape[0] // 2, 6)
    a, b = (part / part[reach].sum() for part in (image, right))
    return float(np.sqrt(((a - b)[core] ** 2).mean()) / b.max())


def positions(chip: Chip, case: str) -> Measured:
    """Yield how far positions on the sky are from the true ones.

    For bright stars there is a goal; where noise alone makes more, it is the goal, as for
    `photometry`.
    """
    matched = stars.matched(chip)
    counts = np.asarray(chip.truth.stars["counts"], float)[matched.true]
    side = 3.6e6 * float(np.sqrt(np.abs(np.linalg.det(chip.truth.wcs.pixel_scale_matrix))))
    limit = _MEDIAN_DISTANCE * side * stars.position_noise(chip.truth, counts)
    ra, dec = (
        np.degrees(stars.column(chip.sources, f"coord_{axis}"))[matched.sources]
        for axis in ("ra", "dec")
    )
    right = chip.truth.stars[matched.true]
    north = (dec - np.asarray(right["dec"])) * 3.6e6
    east = (ra - np.asarray(right["ra"])) * 3.6e6 * np.cos(np.radians(dec))
    for low, high in ((15.5, 17.0), (17.0, 18.0), (18.0, 19.0), (19.0, 20.0), (20.0, 21.0)):
        here = (matched.magnitude >= low) & (matched.magnitude < high)
        off = spread(np.hypot(east, north)[here])
        alone, most = float(np.median(limit[here])) if here.any() else np.nan, np.inf
        if low == stars.RANGE[0]:
            most = max(_BRIGHT_POSITION, alone * (_PHOTONS + 2 * off.median_error / off.median))
        yield Figure(
            case, "positions", f"median {low:.1f}-{high:.1f}", off.median, "mas",
            off.median_error, high=most, note=f"{off.number} stars; {alone:.1f} mas by noise alone",
        )  # fmt: skip
    for axis in "xy":
        error = stars.column(chip.sources, f"slot_Centroid_{axis}Err")[matched.sources]
        place = stars.column(chip.sources, f"slot_Centroid_{axis}")[matched.sources]
        pull = spread(((place - getattr(matched, axis)) / error)[matched.magnitude > 17])
        yield Figure(
            case, "positions", f"pull {axis}, fainter than 17", pull.scatter, "",
            pull.scatter_error,
            _PULLS[0] * (1 - 2 * pull.scatter_error / pull.scatter), _PULLS[1],
        )  # fmt: skip


def distortion(chip: Chip, case: str) -> Measured:
    """Yield the residuals of the header's wrong WCS, over the chip."""
    layout = chip.truth.layout
    x, y = (
        axis.ravel()
        for axis in np.meshgrid(
            np.linspace(0, 2 * layout.columns - 1, 17), np.linspace(0, layout.rows - 1, 33)
        )
    )
    (ra, dec), (true_ra, true_dec) = (
        wcs.wcs_pix2world(x, y, 0) for wcs in (chip.exposure.wcs, chip.truth.wcs)
    )
    off = 3.6e6 * np.hypot((ra - true_ra) * np.cos(np.radians(true_dec)), dec - true_dec)
    whole = float(np.sqrt((off**2).mean()))
    yield Figure(case, "distortion", "root mean square", whole, "mas", high=_LEFT[0])
    yield Figure(case, "distortion", "largest", float(off.max()), "mas", high=_LEFT[1])


def rays(chip: Chip, case: str) -> Measured:
    """Yield how many pixels of cosmic rays are flagged, and how many others."""
    from scipy.ndimage import binary_dilation

    mask, truth = chip.exposure.mask, chip.truth
    flagged = mask["CR"] if "CR" in mask.planes else np.zeros(mask.array.shape, bool)
    known = flagged.copy()
    for plane in {"SAT", "BAD"} & set(mask.planes):
        known |= mask[plane]
    hit = np.zeros(mask.array.shape, bool)
    x, y, counts = (np.asarray(truth.rays[name]) for name in ("x", "y", "counts"))
    hit[y, x] = True
    strong = counts > 10 * np.sqrt(truth.sky)
    share = 100 * float(np.mean(known[y[strong], x[strong]])) if strong.any() else np.nan
    note = f"of {int(strong.sum())} pixels with 10 times the noise of the sky"
    yield Figure(case, "rays", "flagged", share, "%", note=note)
    wrong = flagged & ~binary_dilation(hit, iterations=3)
    note = f"of {int(flagged.sum())} pixels flagged CR"
    yield Figure(case, "rays", "flagged without a ray", float(wrong.sum()), "pixels", note=note)
    inside = truth.stars[stars.is_inside(truth, truth.stars)]
    ratio = np.asarray(inside["counts"]) / stars.noise(truth, inside["counts"])
    near = binary_dilation(wrong, iterations=1)
    columns, rows = (np.rint(inside[axis]).astype(int) for axis in "xy")
    harmed = near[rows, columns] & (ratio > 20)
    yield Figure(
        case, "rays", "stars taken for rays", 100 * harmed.sum() / max((ratio > 20).sum(), 1), "%"
    )


def extendedness(chip: Chip, case: str) -> Measured:
    """Yield the misclassification rates of points and galaxies with S/N of at least 30."""
    sources = chip.sources
    value = stars.column(sources, "base_ClassificationExtendedness_value")
    usable = np.flatnonzero(stars.is_clean(sources) & np.isfinite(value))
    there = stars.positions(sources)[usable]
    for name, table, wrong in (
        ("stars called extended", chip.truth.stars, 1.0),
        ("galaxies called points", chip.truth.galaxies, 0.0),
    ):
        counts = np.asarray(table["counts"], float)
        bright = stars.is_inside(chip.truth, table)
        bright &= counts > _RATIO * stars.noise(chip.truth, counts)
        if "radius" in table.colnames:
            bright &= np.asarray(table["radius"]) > _RESOLVED * chip.truth.seeing.fwhm
        apart, which = stars.nearest(np.stack([table["x"], table["y"]], 1)[bright], there)
        called = value[usable[which[apart < 2]]]
        share = 100 * float(np.mean(called == wrong)) if called.size else np.nan
        yield Figure(case, "extendedness", name, share, "%", note=f"of {called.size}")


def cost(chip: Chip, case: str) -> Measured:
    """Yield the time and the memory of the process."""
    yield Figure(case, "cost", "CPU", chip.run.seconds, "s", high=_CPU)
    yield Figure(case, "cost", "memory", chip.run.megabytes, "MB", high=_MEMORY)


MEASURES: dict[str, Callable[[Chip, str], Measured]] = {
    "photometry": photometry,
    "neighbours": neighbours,
    "thirds": thirds,
    "slots": slots,
    "psf": psf,
    "false": detections.false,
    "completeness": detections.completeness,
    "positions": positions,
    "distortion": distortion,
    "rays": rays,
    "extendedness": extendedness,
    "cost": cost,
}
