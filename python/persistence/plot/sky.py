"""The sky: where the images of a query lie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.butler.subset import ButlerDataRef
from persistence.drawing import figures
from persistence.errors import DataIdError, FormatterError, NoResults
from persistence.types.wcs import sphere


class _Image(NamedTuple):
    label: str
    corners: NDArray[np.float64]  # RA and Dec (deg), shape (4, 2)


def coverage(datasets: Any, by: str = "filter", title: str | None = None, size: float = 8.0) -> Any:
    """Return a figure of where images lie on the sky.

    Parameters
    ----------
    datasets : rows of `Butler.query`, `ButlerSubset`, or iterable of `ButlerDataRef`
        The images; of each, only headers are read.
    by : `str`
        The key of their data IDs that colours them.
    title : `str`, optional
        By default, their dataset type.
    size : `float`
        How wide the figure is (inches).

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        RA and Dec (deg, ICRS), east to the left. Its title says how many have no file or no WCS,
        and are not drawn.

    Raises
    ------
    NoResults
        If there is nothing to be drawn.
    DataIdError
        If these are no datasets.

    Examples
    --------
    All images of a night::

        plot.coverage(butler.query("calexp", "date == '2014-02-27'"))
    """
    references = _references(datasets)
    images: list[_Image] = []
    lost = {"without a file": 0, "without a WCS": 0}
    for reference in references:
        try:
            corners = _corners(reference, reference.butlerSubset.datasetType)
        except NoResults:
            lost["without a file"] += 1
        except FormatterError:
            lost["without a WCS"] += 1
        else:
            images.append(_Image(str(reference.dataId.get(by, "")), corners))
    missing = [f"{number} {why}" for why, number in lost.items() if number]
    if not images:
        name = references[0].butlerSubset.datasetType if references else "datasets"
        raise NoResults("No images on the sky:", name, {}, missing or ["nothing matches"])
    types = dict.fromkeys(reference.butlerSubset.datasetType for reference in references)
    return _draw(images, ", ".join(types) if title is None else title, by, missing, size)


def _corners(reference: ButlerDataRef, datasetType: str) -> NDArray[np.float64]:
    """Return RA and Dec (deg) of the corners of an image, by its header if that has a WCS."""
    box = reference.get(f"{datasetType}_bbox")
    wcs = reference.get(f"{datasetType}_header_wcs")
    x, y = 0, 0  # a header counts the file's own pixels
    if wcs is None or not wcs.has_celestial:
        wcs, x, y = reference.get(f"{datasetType}_wcs"), box.x0, box.y0
    if wcs is None:
        raise FormatterError(f"{datasetType} {dict(reference.dataId)} has no WCS")
    columns = x - 0.5 + np.array([0, box.width, box.width, 0])
    rows = y - 0.5 + np.array([0, 0, box.height, box.height])
    return np.stack(sphere.of_pixels(wcs, columns, rows), axis=-1)


def _references(datasets: Any) -> list[ButlerDataRef]:
    refs = getattr(datasets, "refs", None)
    references = refs() if callable(refs) else datasets
    if isinstance(references, ButlerDataRef):
        references = [references]
    references = list(references) if isinstance(references, Iterable) else [references]
    for reference in references:
        if not hasattr(reference, "butlerSubset"):
            raise DataIdError(
                "references to datasets belong here, such as butler.query('calexp') or "
                f"butler.subset('calexp'), not {reference!r}"
            )
    return references


def _draw(images: list[_Image], title: str, by: str, missing: list[str], size: float) -> Any:
    figure = figures.figure(size + 1.5, size, title)
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    axes = figure.subplots()
    corners = np.stack([image.corners for image in images])
    middle = _middle(corners[..., 0])
    corners[..., 0] = (corners[..., 0] - middle + 180) % 360 - 180 + middle
    dec = float(np.clip(corners[..., 1].mean(), -85, 85))
    labels = sorted({image.label for image in images})
    colours = dict(zip(labels, figures.COLOURS * (1 + len(labels) // 8), strict=False))
    for label in labels:
        rows = [place for place, image in enumerate(images) if image.label == label]
        axes.add_collection(
            PolyCollection(
                list(corners[rows]), facecolors=colours[label], edgecolors=colours[label],
                alpha=min(0.35, max(0.05, 6 / len(rows))), linewidths=0.7,
            )
        )  # fmt: skip
    (left, bottom), (right, top) = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    room = 0.05 * max((right - left) * np.cos(np.radians(dec)), top - bottom)
    across = room / np.cos(np.radians(dec))
    axes.set_xlim(right + across, left - across)  # east is to the left
    axes.set_ylim(bottom - room, top + room)
    axes.set_aspect(1 / np.cos(np.radians(dec)))
    axes.ticklabel_format(useOffset=False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value % 360:.6g}")
    axes.set_xlabel("RA (deg)")
    axes.set_ylabel("Dec (deg)")
    axes.grid(alpha=0.3)
    number = f"{len(images)} image{'' if len(images) == 1 else 's'}"
    axes.set_title("; ".join([number, *missing]), fontsize=9)
    if labels != [""]:
        patches = [
            Patch(color=colours[label], alpha=0.5, label=label or "none") for label in labels
        ]
        figure.legend(handles=patches, loc="outside right upper", title=by, frameon=False)
    return figure


def _middle(ra: NDArray[np.float64]) -> float:
    """Return the right ascension in the middle of several (deg), across 0 too."""
    angles = np.radians(ra)
    return float(np.degrees(np.arctan2(np.sin(angles).mean(), np.cos(angles).mean())) % 360)
