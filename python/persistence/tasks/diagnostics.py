"""Pictures of how well the steps of `ProcessCcdTask` went: ``doPlot``.

Each picture is a dataset, and a function that draws it of the exposure, its catalogs and its
background: of nothing that the tasks keep to themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.drawing import image
from persistence.drawing.figures import Sides
from persistence.plot import calibration, stars
from persistence.tasks import matched, psf_stacks
from persistence.tasks.matched import Matched
from persistence.types.wcs import sphere

if TYPE_CHECKING:
    from persistence.pipe.task import Task
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.table.catalog import Catalog

_ARCSEC = 1000.0  # mas
# Of so many pixels along each side the level of the sky is drawn.
_FINE = 400


@dataclass(frozen=True, eq=False)
class Shown:
    """The data of diagnostic pictures; None if unknown.

    Attributes
    ----------
    title : `str`
        The data ID.
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The exposure.
    sources : `~persistence.types.table.catalog.Catalog` or None
        With the flag ``calib_psf_used``.
    background : `~persistence.types.fields.background.BackgroundList` or None
        The subtracted background.
    matched : `~persistence.tasks.matched.Matched` or None
        The sources matched with reference stars.
    """

    title: str
    exposure: Exposure
    sources: Catalog | None = None
    background: Any = None
    matched: Matched | None = None

    @property
    def sides(self) -> Sides:
        """The positions of the sides of the exposure (pixels of the parent image)."""
        box = self.exposure.bbox
        left, bottom = box.x0 - 0.5, box.y0 - 0.5
        return Sides(left, left + box.width, bottom, bottom + box.height)


def _psf(shown: Shown) -> Any:
    psf, sources = shown.exposure.psf, shown.sources
    grid = psf_stacks.grid(shown.exposure, sources, psf)
    return stars.residuals(grid, f"PSF: {shown.title}")


def _sky(shown: Shown) -> Any:
    layers = list(shown.background or ())
    if not layers:
        return None
    level, box = shown.background.image(), layers[0].bbox
    step = max(1, max(level.shape) // _FINE)
    noise = np.sqrt(np.where(layers[0].variance > 0, layers[0].variance, np.nan))
    sides = Sides(box.x0 - 0.5, box.x0 + box.width - 0.5, box.y0 - 0.5, box.y0 + box.height - 0.5)
    unit = str(shown.exposure.unit or "counts")
    return image.sky(level[::step, ::step], noise, sides, unit, f"Sky: {shown.title}")


def _mask(shown: Shown) -> Any:
    mask = shown.exposure.mask
    if mask is None:
        return None
    planes = {name: mask.planes[name] for name in mask.counts()}
    title = f"Mask: {shown.title}"
    return image.exposure(shown.exposure.image, mask.array, planes, shown.sides, title)


def _zero_point(shown: Shown) -> Any:
    pairs, calib = shown.matched, shown.exposure.photo_calib
    if pairs is None or calib is None:
        return None
    magnitude, error = calib.to_magnitude(pairs.flux, pairs.flux_error, pairs.x, pairs.y)
    return calibration.zero_point(
        pairs.x,
        pairs.y,
        pairs.magnitude,
        magnitude - pairs.magnitude,
        error,
        pairs.used("photometry"),
        shown.sides,
        f"Zero point {calib.zero_point:.3f} mag: {shown.title}",
    )


def _astrometry(shown: Shown) -> Any:
    pairs = shown.matched
    if pairs is None:
        return None
    return calibration.astrometry(
        pairs.x,
        pairs.y,
        _ARCSEC * pairs.east,
        _ARCSEC * pairs.north,
        pairs.used("astrometry"),
        _axes(shown.exposure),
        shown.sides,
        f"Stars less references: {shown.title}",
    )


def _axes(exposure: Exposure) -> Any:
    """Return where columns and rows lead to on the sky: unit vectors, (east, north), as columns."""
    box = exposure.bbox
    x, y = box.x0 + box.width / 2, box.y0 + box.height / 2
    ra, dec = sphere.of_pixels(exposure.wcs, x + np.array([0, 1, 0]), y + np.array([0, 0, 1]))
    east = ((ra[1:] - ra[0] + 180) % 360 - 180) * np.cos(np.radians(dec[0]))
    steps = np.stack([east, dec[1:] - dec[0]])
    return steps / np.hypot(*steps)


# Dataset type -> the function that draws it; it returns None if a step was skipped.
PICTURES: Mapping[str, Callable[[Shown], Any]] = {
    "charImage_plotPsf": _psf,
    "charImage_plotSky": _sky,
    "charImage_plotMask": _mask,
    "calibrate_plotZeroPoint": _zero_point,
    "calibrate_plotAstrometry": _astrometry,
}


def title(dataRef: Any) -> str:
    """Return the data ID of an exposure as a title, with the filter if it is known."""
    data_id = dict(dataRef.dataId)
    keys = [key for key in dataRef.getButler().getKeys("calexp") or () if key in data_id]
    keys += [key for key in ("filter",) if key in data_id and key not in keys]
    return " ".join(f"{key}={data_id[key]}" for key in keys)


def draw(task: Task, dataRef: Any, step: str, result: Any) -> None:
    """Draw the pictures of a step, and write them.

    Parameters
    ----------
    task : `~persistence.pipe.task.Task`
        The task, for its log.
    dataRef : `~persistence.butler.subset.ButlerDataRef`
        The reference with which they are written.
    step : `str`
        ``charImage`` or ``calibrate``: the prefix of their names.
    result : `~persistence.pipe.struct.Struct`
        The result of the step.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    """
    shown = Shown(
        title(dataRef),
        result.exposure,
        result.sourceCat,
        getattr(result, "background", None),
        matched.of_result(result) if hasattr(result, "matches") else None,
    )
    for name, picture in PICTURES.items():
        if not name.startswith(f"{step}_"):
            continue
        figure = picture(shown)
        if figure is None:
            task.log.info("%s is not drawn: there is nothing to show", name)
            continue
        dataRef.put(figure, name)
        figure.clear()
