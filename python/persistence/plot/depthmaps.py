"""The depth of a survey: maps of the sky, and the exposures on a tract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.butler.butler import Butler
from persistence.butler.sky import shapes
from persistence.butler.sky.shapes import Shape
from persistence.dataids.expression import Expression
from persistence.drawing import figures
from persistence.errors import NoResults
from persistence.sky import depth as depths
from persistence.sky.depth import Depth
from persistence.types.wcs import sphere

# Wider surveys (deg) are drawn on the whole sky.
_WIDE = 60.0
# Pixels of a picture across the sky, and pixels of the map across it, at least.
_ACROSS, _CELLS = 480, 160
# Rows of the map of the whole sky: smaller cells would be less than a pixel of the figure.
_ROWS = 180
_FINEST = 18
# The map of a survey has so many pixels at most; more take long, and are not seen.
_MOST = 2e6


def depth(
    butler: Butler,
    datasetType: str = "calexp",
    where: str | Expression | None = None,
    by: str | None = "filter",
    weight: str | None = None,
    whole_sky: bool | None = None,
    order: int | None = None,
    title: str | None = None,
    size: float = 4.5,
    dataId: Mapping[str, Any] = {},
    **rest: Any,
) -> Any:
    """Return a figure of the depth of a survey: how many images there are at each position.

    Parameters
    ----------
    butler : `persistence.Butler`
        The Butler; of images, only headers are read.
    datasetType : `str`
        The type of the images.
    where : `str` or `Expression`, optional
        A condition, as for `Butler.query`.
    by : `str` or `None`
        The column of which each value has a map; None for a single one.
    weight : `str`, optional
        A column that is added up instead of the number, such as the exposure time.
    whole_sky : `bool`, optional
        Whether the whole sky is shown, in Aitoff's projection; by default only if the survey is
        wider than 60 deg. Otherwise the projection has equal areas, around the survey's middle.
    order : `int`, optional
        The order of the HEALPix pixels; by default they are as fine as the figure.
    title : `str`, optional
        By default, the dataset type.
    size : `float`
        The width of each map (inches).
    dataId : mapping, optional
        Required values of columns; they may also be passed as keywords.
    **rest
        Further values, as in ``dataId``.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Maps of RA and Dec (ICRS), east to the left, with a scale of colours for all.

    Raises
    ------
    NoResults
        If there are no images, or none has a region.

    Examples
    --------
    ::

        plot.depth(butler, "calexp", "visit in (1..5)", by=None)
    """
    columns = [name for name in (by, weight) if name is not None]
    every = butler.sky.regions(datasetType, where, columns, dataId=dataId, **rest)
    placed = [shape for shape in every if shape.regions]
    if not placed:
        reasons = [f"{len(every)} match, none with a region" if every else "nothing matches"]
        raise NoResults("No images on the sky:", datasetType, {**dataId, **rest}, reasons)
    groups: dict[str, list[Shape]] = {}
    for shape in placed:
        groups.setdefault("" if by is None else str(shape.dataId[by]), []).append(shape)
    vertices = np.concatenate([one.vertices() for shape in placed for one in shape.regions])
    middle, radius = _circle(vertices)
    is_whole = radius * 2 > _WIDE if whole_sky is None else whole_sky
    finest = _order(placed, 180.0 if is_whole else 2 * radius) if order is None else order
    maps = {name: shapes.depth(groups[name], finest, weight) for name in sorted(groups)}
    top = max((float(one.values.max()) for one in maps.values() if len(one.values)), default=1.0)
    figure, panels = _panels(
        maps, None if is_whole else (middle, radius), size, datasetType if title is None else title
    )
    norm, colours = _scale(top, weight is None)
    for axes, (name, one) in zip(panels, maps.items(), strict=True):
        drawn = (_aitoff if is_whole else _zoomed)(axes, one, norm, colours)
        words = [f"{by} {name}" if name else "", f"{len(groups[name])} images"]
        words += [f"{one.area:.3g} deg$^2$"]
        axes.set_title("; ".join(filter(None, words)), fontsize=9)
    label = f"number of {datasetType}" if weight is None else f"sum of {weight}"
    bar = figure.colorbar(drawn, ax=panels, label=label, shrink=0.8)
    if weight is None and top <= 8:
        bar.set_ticks(range(1, int(top) + 1))
    if len(placed) < len(every):
        figure.supxlabel(f"not drawn: {len(every) - len(placed)} without a region", fontsize=9)
    return figure


def _circle(vertices: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the middle of positions, a unit vector, and the largest distance from it (deg)."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    middle = low + high
    length = float(np.linalg.norm(middle))
    middle = middle / length if length > 1e-9 else np.array([1.0, 0.0, 0.0])
    return middle, float(sphere.separation(vertices, middle).max())


def _order(placed: Sequence[Shape], across: float) -> int:
    """Return the order of pixels that are as fine as the picture."""
    cell = np.degrees(np.sqrt(np.pi / 3))  # of order 0
    order = int(np.clip(np.ceil(np.log2(cell / (across / _CELLS))), 3, _FINEST))
    outlines = [one.vertices() for shape in placed for one in shape.regions]
    radii = [float(np.linalg.norm(one - one.mean(axis=0), axis=1).max()) for one in outlines[:1000]]
    number = 2 * float(np.mean(np.square(radii))) * len(outlines) / (np.pi / 3)  # of order 0
    # cells without an image's middle would hide small images
    order = max(
        order, int(np.clip(np.ceil(np.log2(3 * cell / np.degrees(min(radii)))), 3, _FINEST))
    )
    return max(3, min(order, int(np.log2(max(_MOST / max(number, 1e-12), 1)) / 2)))


def _panels(maps: Mapping[str, Depth], zoom: Any, size: float, title: str) -> tuple[Any, list[Any]]:
    """Return a figure with axes for each map."""
    columns = min(len(maps), 2 if zoom is None else 3)
    rows = -(-len(maps) // columns)
    height = size * (0.62 if zoom is None else 0.95)
    figure = figures.figure(columns * size + 1.0, rows * height + 0.4, title)
    projection: Any = "aitoff" if zoom is None else _wcs(*zoom)
    panels = [
        figure.add_subplot(rows, columns, number + 1, projection=projection)
        for number in range(len(maps))
    ]
    return figure, panels


def _scale(top: float, is_number: bool) -> tuple[Any, Any]:
    """Return the scale of colours: steps for small numbers."""
    import matplotlib as mpl
    from matplotlib.colors import BoundaryNorm, Normalize

    colours = mpl.colormaps[figures.LEVELS]
    if is_number and top <= 8:
        return BoundaryNorm(np.arange(0.5, top + 1), colours.N), colours
    return Normalize(0, top), colours


def _wcs(middle: NDArray[np.float64], radius: float) -> Any:
    """Return the WCS of a picture around a position, in an equal-area projection."""
    from astropy.wcs import WCS

    ra, dec = sphere.angles(middle)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---ZEA", "DEC--ZEA"]
    wcs.wcs.crval = [float(ra), float(dec)]
    wcs.wcs.crpix = [(_ACROSS + 1) / 2] * 2
    step = 2.1 * radius / _ACROSS
    wcs.wcs.cdelt = [-step, step]
    wcs.wcs.set()
    return wcs


def _zoomed(axes: Any, one: Depth, norm: Any, colours: Any) -> Any:
    """Draw a map around the middle of a survey."""
    x, y = np.meshgrid(np.arange(_ACROSS), np.arange(_ACROSS))
    ra, dec = axes.wcs.all_pix2world(x.ravel(), y.ravel(), 0)
    values = np.full(x.shape, np.nan)
    known = np.isfinite(ra) & np.isfinite(dec)
    values.ravel()[known] = one.at(sphere.vector(ra[known], dec[known]))
    values = np.nan_to_num(values)
    places = axes.wcs.all_world2pix(*sphere.angles(depths.centres(one.pixels, one.order)), 0)
    _raise(values, np.round(places[1]), np.round(places[0]), one)
    drawn = axes.imshow(
        np.ma.masked_equal(values, 0), origin="lower", norm=norm, cmap=colours,
        interpolation="nearest",
    )  # fmt: skip
    sky_axes(axes)
    return drawn


def _raise(values: NDArray[np.float64], rows: Any, columns: Any, one: Depth) -> None:
    """Raise cells of a picture to the largest value in them, so that small images are seen."""
    row, column = np.floor(rows).astype(int), np.floor(columns).astype(int)
    inside = (row >= 0) & (row < values.shape[0]) & (column >= 0) & (column < values.shape[1])
    np.maximum.at(values, (row[inside], column[inside]), one.values[inside])


def sky_axes(axes: Any) -> None:
    """Label axes of the sky in degrees."""
    for coordinate, name in zip(axes.coords, ("RA (deg)", "Dec (deg)"), strict=True):
        coordinate.set_axislabel(name)
        coordinate.set_format_unit("deg", decimal=True, show_decimal_unit=False)
        coordinate.set_major_formatter("d.ddd" if _is_small(axes) else "d.d")
        coordinate.set_ticks(number=4)
        coordinate.set_ticklabel(exclude_overlapping=True, size=9)
    axes.coords.grid(color="0.5", alpha=0.4, linewidth=0.5)


def _is_small(axes: Any) -> bool:
    left, right = axes.get_xlim()
    return bool(abs(right - left) * abs(axes.wcs.proj_plane_pixel_scales()[0].to_value("deg")) < 1)


def _aitoff(axes: Any, one: Depth, norm: Any, colours: Any) -> Any:
    """Draw a map of the whole sky, RA 180 deg in the middle and east to the left."""
    ra, dec = np.linspace(0, 360, 2 * _ROWS + 1), np.linspace(-90, 90, _ROWS + 1)
    middles = np.meshgrid((ra[1:] + ra[:-1]) / 2, (dec[1:] + dec[:-1]) / 2)
    values = one.at(sphere.vector(*middles))
    longitudes, latitudes = sphere.angles(depths.centres(one.pixels, one.order))
    _raise(values, (latitudes + 90) * _ROWS / 180, longitudes * _ROWS / 180, one)
    values = np.ma.masked_equal(values, 0)
    drawn = axes.pcolormesh(
        np.radians(180 - ra), np.radians(dec), values, norm=norm, cmap=colours, rasterized=True
    )
    axes.grid(alpha=0.4, linewidth=0.5)
    ticks = np.arange(60, 360, 60)
    axes.set_xticks(np.radians(180 - ticks), [f"{tick}" for tick in ticks], fontsize=8)
    axes.set_yticks(np.radians([-60, -30, 0, 30, 60]))
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("RA (deg)")
    axes.set_ylabel("Dec (deg)")
    return drawn
