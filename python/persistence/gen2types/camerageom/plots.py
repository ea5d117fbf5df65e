"""Plots of a focal plane, by the name of afw's cameraGeom.utils."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from persistence.gen2types.camerageom.camera import Camera
from persistence.gen2types.camerageom.systems import FIELD_ANGLE, FOCAL_PLANE, DetectorType
from persistence.gen2types.coordinates import Point2D
from persistence.gen2types.display.figures import pyplot

# Colours by what detectors are for.
_COLORS = {
    DetectorType.SCIENCE: "b",
    DetectorType.FOCUS: "y",
    DetectorType.GUIDER: "g",
    DetectorType.WAVEFRONT: "r",
}


def plotFocalPlane(
    camera: Camera,
    fieldSizeDeg_x: float = 0,
    fieldSizeDeg_y: float | None = None,
    dx: float = 0.1,
    dy: float = 0.1,
    figsize: tuple[float, float] = (10.0, 10.0),
    useIds: bool = False,
    showFig: bool = True,
    savePath: str | None = None,
) -> Any:
    """Draw the detectors of a camera at their positions in the focal plane (mm).

    Parameters
    ----------
    camera : `Camera`
        The camera.
    fieldSizeDeg_x, fieldSizeDeg_y : `float`, optional
        The size (deg) of a grid of field angles that is drawn, too; 0 for none.
    dx, dy : `float`, optional
        The steps of that grid (deg).
    figsize : `tuple` [`float`, `float`], optional
        The size of the figure (inches).
    useIds : `bool`, optional
        Whether to write the numbers of detectors, not their names.
    showFig : `bool`, optional
        Whether to show the figure.
    savePath : `str`, optional
        The file to save it to.

    Returns
    -------
    figure : `matplotlib.figure.Figure`

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    """
    plt = pyplot()
    figure = plt.figure(figsize=figsize)
    axes = figure.gca()
    for detector in camera:
        if not detector.astropy.placed:
            continue
        corners = [tuple(corner) for corner in detector.getCorners(FOCAL_PLANE)]
        axes.add_patch(plt.Polygon(corners, alpha=0.6, facecolor=_COLORS[detector.getType()],
                                   edgecolor="k"))  # fmt: skip
        text = str(detector.getId()) if useIds else detector.getName()
        x, y = detector.getCenter(FOCAL_PLANE)
        axes.text(x, y, text, ha="center", va="center", size=6)
    grid = _grid(camera, fieldSizeDeg_x, fieldSizeDeg_y, dx, dy)
    if grid:
        axes.plot(*np.array([tuple(point) for point in grid]).T, ",k")
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set_xlabel("Focal Plane X (mm)")
    axes.set_ylabel("Focal Plane Y (mm)")
    axes.set_title(camera.getName())
    if savePath is not None:
        figure.savefig(savePath)
    # Backends that show nothing would warn.
    if showFig and plt.get_backend().lower() not in ("agg", "pdf", "svg", "ps"):
        plt.show()
    return figure


def _grid(camera: Camera, width: float, height: float | None, dx: float, dy: float) -> list[Any]:
    """Return the points (mm) of a grid of field angles."""
    sides = (width, width if height is None else height)
    if not all(sides):
        return []
    axes = [
        np.radians(np.arange(-side / 2, side / 2 + step / 2, step))
        for side, step in zip(sides, (dx, dy), strict=True)
    ]
    angles = [Point2D(float(x), float(y)) for x, y in itertools.product(*axes)]
    points: list[Any] = camera.transform(angles, FIELD_ANGLE, FOCAL_PLANE)
    return points
