"""How wide, how round and how good the PSF of an exposure is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.tasks import robust

Floats = NDArray[np.float64]
# The model is looked at in a grid of so many positions along each side.
_GRID = 3
# Of so many stars the medians of residuals are known well enough.
_STARS = 60
# Pixels are parted into so many along each side to find out how wide the peak is.
_FINER = 21


def of_model(psf: Any, box: Any) -> dict[str, Any]:
    """Return the columns of a PSF's model, and ``psfFwhm`` (pixels); none without a model.

    Parameters
    ----------
    psf : `~persistence.types.psf.psfimage.Psf` or None
    box : `~persistence.types.pixels.box.Box`
        The exposure's pixels.
    """
    if psf is None:
        return {}
    x, y = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
    image = psf.kernel_image(x, y).array
    (xx, xy), (_, yy) = psf.moments(x, y)
    return {
        "psfSigma": float((xx * yy - xy**2) ** 0.25),
        "psfArea": float(image.sum() ** 2 / (image**2).sum()),
        "psfIxx": float(xx),
        "psfIyy": float(yy),
        "psfIxy": float(xy),
        "e1": float((xx - yy) / (xx + yy)),
        "e2": float(2 * xy / (xx + yy)),
        "psfFwhm": width_at_half(image),
        "psfTraceRadiusDelta": _change(psf, box),
    }


def width_at_half(image: Any) -> float:
    """Return the diameter of a disk as large as the part of an image above half its peak (pixels).

    The image is that of a point in the middle of a pixel: of a Gaussian it is 2.355 sigma, and of
    other profiles their full width at half maximum, as pixels see them.
    """
    values: Any = np.asarray(image, float)
    for side in values.shape:  # one axis after the other, by the sampling theorem
        places = (np.arange(side * _FINER) + 0.5) / _FINER - 0.5
        values = np.sinc(places[:, np.newaxis] - np.arange(side)) @ values
        values = values.T
    return float(2 * np.sqrt(np.count_nonzero(values > values.max() / 2) / np.pi) / _FINER)


def _change(psf: Any, box: Any) -> float | None:
    """Return the largest less the smallest trace radius in a grid over the image (pixels)."""
    x, y = (
        start + (np.arange(_GRID) + 0.5) * size / _GRID
        for start, size in ((box.x0, box.width), (box.y0, box.height))
    )
    try:
        traces = [np.trace(psf.moments(float(column), float(row))) for row in y for column in x]
    except FormatterError:  # a model that has no peak at some position
        return None
    radii = np.sqrt(np.array(traces) / 2)
    return float(radii.max() - radii.min())


def of_stars(sources: Any, psf: Any) -> dict[str, Any]:
    """Return the columns of the stars that the PSF was measured of: how they differ from it.

    Parameters
    ----------
    sources : `~persistence.types.table.catalog.Catalog`
        With ``slot_Shape``, ``slot_Centroid`` and ``calib_psf_used``.
    psf : `~persistence.types.psf.psfimage.Psf` or None
    """
    used = np.flatnonzero(np.asarray(sources["calib_psf_used"]))
    row: dict[str, Any] = {"nPsfStar": used.size}
    some = used[:: -(-used.size // _STARS) or 1]
    if psf is None or not some.size:
        return row
    stars = _moments(sources, "slot_Shape", some)
    model = _of_model(sources, psf, some)
    good = np.isfinite(stars).all(axis=0) & np.isfinite(model).all(axis=0)
    if not good.any():
        return row
    round_stars, round_psf = _round(stars[:, good]), _round(model[:, good])
    for name, measured, expected in zip(("Size", "E1", "E2"), round_stars, round_psf, strict=True):
        values = measured - expected
        average = robust.average(values)
        row |= {
            f"psfStarDelta{name}Median": float(np.median(values)),
            f"psfStarDelta{name}Scatter": average.scatter,
        }
    typical = float(np.median(round_stars[0]))
    row["psfStarScaledDeltaSizeScatter"] = row["psfStarDeltaSizeScatter"] / typical**2
    return row


def _moments(sources: Any, name: str, rows: Any) -> Floats:
    return np.stack(
        [np.asarray(sources[f"{name}_{part}"], float)[rows] for part in ("xx", "yy", "xy")]
    )


def _of_model(sources: Any, psf: Any, rows: Any) -> Floats:
    x, y = (np.asarray(sources[f"slot_Centroid_{axis}"], float)[rows] for axis in "xy")
    values = np.full((3, rows.size), np.nan)
    for star, (column, row) in enumerate(zip(x, y, strict=True)):
        try:
            (xx, xy), (_, yy) = psf.moments(float(column), float(row))
        except FormatterError:  # without a peak there, it has no moments
            continue
        values[:, star] = xx, yy, xy
    return values


def _round(moments: Floats) -> tuple[Floats, Floats, Floats]:
    """Return trace radii and ellipticities of second moments."""
    xx, yy, xy = moments
    total = xx + yy
    return np.sqrt(total / 2), (xx - yy) / total, 2 * xy / total
