"""The focal plane: the images of a visit, each where its detector lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.butler.butler import Butler
from persistence.butler.subset import ButlerDataRef
from persistence.dataids.dataid import text
from persistence.drawing import figures, pixels
from persistence.errors import DataIdError, NoResults
from persistence.types.exposure.detector import Detector

# So many pixels of a picture are along the longer side of each detector, or of all at least.
_FINE, _COARSE = 128, 900


class _Chip(NamedTuple):
    detector: Detector
    image: NDArray[np.float32]
    shape: tuple[int, int]


def mosaic(
    butler: Butler,
    datasetType: str = "calexp",
    dataId: Mapping[str, Any] = {},
    together: bool | None = None,
    labels: bool = True,
    size: float = 9.0,
    **rest: Any,
) -> Any:
    """Return a figure of the focal plane: the images of a visit, in bins, where detectors lie.

    Parameters
    ----------
    butler : `persistence.Butler`
        Reads them, one after the other: a large camera takes its time.
    datasetType : `str`
        What is drawn.
    dataId : mapping, optional
        Which visit, as are the other keywords: ``visit=410877``. Detectors may be named, too.
    together : `bool`, optional
        Whether all images have the same grey levels; if not, each has its own, which raw ones of
        different bias levels need. By default, raw images have their own.
    labels : `bool`
        Whether detectors are named.
    size : `float`
        How wide the figure is (inches).

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        x and y are those of the focal plane (mm). Grey levels follow zscale with an asinh stretch.

    Raises
    ------
    NoResults
        If no such image is there, or no camera knows where detectors lie.
    DataIdError
        If there are several images of a detector: the data ID names no single visit.
    """
    subset = butler.subset(datasetType, dataId=dict(dataId), **rest)
    chips: dict[int, _Chip] = {}
    for chip, reference in _chips(butler, list(subset)):
        if chip.detector.id in chips:
            raise DataIdError(
                f"{datasetType} {text(reference.dataId)}: detector {chip.detector.name} is there "
                "already; a data ID of a single visit belongs here"
            )
        chips[chip.detector.id] = chip
    if not chips:
        reasons = [f"{len(subset)} data IDs match"]
        raise NoResults("No images for a mosaic:", datasetType, {**dataId, **rest}, reasons)
    if together is None:
        together = datasetType != "raw"
    common = text(subset.dataId)
    return _draw(list(chips.values()), f"{datasetType} {common}", together, labels, size)


def _chips(
    butler: Butler, references: list[ButlerDataRef]
) -> Iterator[tuple[_Chip, ButlerDataRef]]:
    """Yield the images that are there, in bins."""
    datasetType = references[0].butlerSubset.datasetType if references else ""
    camera = None
    there: Any = butler.exists(datasetType, references) if references else []
    fine = max(_FINE, _COARSE / max(1, sum(there)) ** 0.5)
    for reference, is_there in zip(references, there, strict=True):
        if not is_there:
            continue
        exposure = reference.get()
        detector = exposure.detector
        if detector is None or not detector.placed:
            camera = butler.get("camera") if camera is None else camera
            key = None if detector is None else detector.id
            if key is None or key not in camera or not camera[key].placed:
                reasons = [f"of {text(reference.dataId)}, detector {key}"]
                raise NoResults("No position in the focal plane:", datasetType, {}, reasons)
            detector = camera[key]
        shape = exposure.image.shape
        step = max(1, round(max(shape) / fine))
        yield _Chip(detector, pixels.binned(exposure.image, step), shape), reference


def _draw(chips: list[_Chip], title: str, together: bool, labels: bool, size: float) -> Any:
    from matplotlib.transforms import Affine2D

    corners = np.concatenate([chip.detector.corners for chip in chips])
    low, high = corners.min(axis=0), corners.max(axis=0)
    across, along = np.maximum(high - low, 1e-6)
    made = figures.figure(size, min(max(size * along / across, 3), 2 * size) + 0.6, title)
    axes = made.subplots()
    every = np.concatenate([chip.image.ravel() for chip in chips])
    limits = pixels.limits(every) if together else None
    for chip in chips:
        own = pixels.limits(chip.image) if limits is None else limits
        rows, columns = chip.shape
        left, right, top = chip.detector.corners[[0, 1, 3]]
        # columns lead from the lower left corner to the lower right one, rows to the upper left one
        (a, b), (c, d) = (right - left) / columns, (top - left) / rows
        placed = Affine2D.from_values(a, b, c, d, *left)
        axes.imshow(
            pixels.stretched(chip.image, *own), origin="lower", extent=(0, columns, 0, rows),
            cmap=figures.GREY, vmin=0, vmax=1, interpolation="nearest",
            transform=placed + axes.transData,
        )  # fmt: skip
        if labels:
            axes.text(
                *chip.detector.corners.mean(axis=0), chip.detector.name, ha="center", va="center",
                fontsize=7, color=figures.COLOURS[1],
            )  # fmt: skip
    room = 0.02 * max(across, along)
    axes.set_xlim(low[0] - room, high[0] + room)
    axes.set_ylim(low[1] - room, high[1] + room)
    axes.set_aspect("equal")
    axes.set_xlabel("focal plane x (mm)")
    axes.set_ylabel("focal plane y (mm)")
    levels = "each image has its own" if limits is None else f"{limits[0]:.4g} to {limits[1]:.4g}"
    number = f"{len(chips)} detector{'' if len(chips) == 1 else 's'}"
    axes.set_title(f"{number}; grey: {levels}", fontsize=9)
    return made
