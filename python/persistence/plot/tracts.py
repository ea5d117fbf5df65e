"""The exposures on a tract: their outlines over those of its patches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.butler.butler import Butler
from persistence.butler.sky import patches
from persistence.dataids.expression import Expression
from persistence.drawing import figures
from persistence.errors import NoResults
from persistence.plot.depthmaps import sky_axes
from persistence.sky import polygon
from persistence.sky.polygon import Vectors
from persistence.sky.regions import Outline
from persistence.skymap.tract import Tract
from persistence.types.wcs import sphere

# Points of an edge, which is a curve in the tract's projection.
_POINTS = 12
# Values with a place in the legend.
_NAMED = 12


def tract(
    butler: Butler,
    number: int,
    datasetType: str = "calexp",
    where: str | Expression | None = None,
    by: str = "visit",
    coaddName: str | None = None,
    names: bool = True,
    title: str | None = None,
    size: float = 6.5,
    dataId: Mapping[str, Any] = {},
    **rest: Any,
) -> Any:
    """Return a figure of the images on a tract, over its patches.

    Parameters
    ----------
    butler : `persistence.Butler`
        The Butler; of images, only headers are read.
    number : `int`
        The tract.
    datasetType : `str`
        The type of the images.
    where : `str` or `Expression`, optional
        A condition, as for `Butler.query`.
    by : `str`
        The column of which each value has a colour.
    coaddName : `str`, optional
        The coadd whose sky map counts; see `Sky.map`.
    names : `bool`
        Whether patches are named.
    title : `str`, optional
        By default, the dataset type and the tract.
    size : `float`
        The width of the map (inches).
    dataId : mapping, optional
        Required values of columns; they may also be passed as keywords.
    **rest
        Further values, as in ``dataId``.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        In the projection of the tract; patches without their borders.

    Raises
    ------
    NoResults
        If no image is on the tract.
    NotInSkyMap
        If there is no such tract.
    """
    its = butler.sky.map(coaddName)[number]
    region = Outline(polygon.to_bytes(patches.outline(its)))
    every = butler.sky.regions(datasetType, where, [by], dataId=dataId, region=region, **rest)
    shapes = [shape for shape in every if shape.regions]
    if not shapes:
        raise NoResults("No images on the tract:", datasetType, {"tract": number, **dataId, **rest})
    figure = figures.figure(size + 1.4, size, title or f"{datasetType} on tract {number}")
    axes = figure.add_subplot(projection=its.wcs)
    _draw_patches(axes, its, names)
    groups: dict[str, list[Any]] = {}
    for shape in shapes:
        outlines = [_pixels(its, one.vertices()) for one in shape.regions]
        groups.setdefault(str(shape.dataId[by]), []).extend(outlines)
    _draw_images(figure, axes, groups, by)
    everything = np.concatenate([one for group in groups.values() for one in group])
    corners = np.array([[-0.5, -0.5], [its.bbox.width - 0.5, its.bbox.height - 0.5]])
    low = np.minimum(everything.min(axis=0), corners[0])
    high = np.maximum(everything.max(axis=0), corners[1])
    room = 0.02 * (high - low)
    axes.set_xlim(low[0] - room[0], high[0] + room[0])
    axes.set_ylim(low[1] - room[1], high[1] + room[1])
    axes.set_aspect("equal")
    sky_axes(axes)
    axes.set_title(f"{len(shapes)} images; {len(its)} patches", fontsize=9)
    return figure


def _pixels(its: Tract, vertices: Vectors) -> NDArray[np.float64]:
    """Return the outline of a polygon in a tract's pixels, of shape (points, 2)."""
    along = np.linspace(0, 1, _POINTS, endpoint=False)[:, None]
    following = np.roll(vertices, -1, axis=0)
    points = vertices[:, None] * (1 - along) + following[:, None] * along
    return np.stack(sphere.to_pixels(its.wcs, *sphere.angles(points.reshape(-1, 3))), axis=-1)


def _draw_patches(axes: Any, its: Tract, names: bool) -> None:
    from matplotlib.patches import Rectangle

    for patch in its:
        box = patch.inner_bbox
        left, low = box.x0 - 0.5, box.y0 - 0.5
        axes.add_patch(
            Rectangle(
                (left, low), box.width, box.height, fill=False, edgecolor="0.6", linewidth=0.6
            )
        )
        if names:
            axes.text(
                left + box.width / 2, low + box.height / 2, patch.name, ha="center", va="center",
                fontsize=8, color="0.35", clip_on=True,
            )  # fmt: skip


def _draw_images(figure: Any, axes: Any, groups: Mapping[str, list[Any]], by: str) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Patch

    handles = []
    for place, label in enumerate(sorted(groups)):
        colour = figures.COLOURS[place % len(figures.COLOURS)]
        axes.add_collection(
            PolyCollection(
                groups[label], facecolors=to_rgba(colour, 0.12), edgecolors=colour, linewidths=1.1
            )
        )
        handles.append(Patch(facecolor=to_rgba(colour, 0.2), edgecolor=colour, label=label))
    if len(handles) <= _NAMED:
        figure.legend(handles=handles, loc="outside right upper", title=by, frameon=False)
