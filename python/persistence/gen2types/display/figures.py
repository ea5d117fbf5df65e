"""Displays drawn with matplotlib."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.files import extras
from persistence.gen2types.display import colors, stretch
from persistence.gen2types.display.device import Device

# Lines of symbols, in units of their size.
_SYMBOLS: Mapping[str, tuple[tuple[tuple[float, float], tuple[float, float]], ...]] = {
    "+": (((-1, 0), (1, 0)), ((0, -1), (0, 1))),
    "x": (((-1, -1), (1, 1)), ((-1, 1), (1, -1))),
    "*": (
        ((-0.5, 0), (0.5, 0)),
        ((0, -0.5), (0, 0.5)),
        ((-0.35, -0.35), (0.35, 0.35)),
        ((-0.35, 0.35), (0.35, -0.35)),
    ),
}


def pyplot() -> Any:
    """Import matplotlib.

    Raises
    ------
    MissingExtra
        If it is not installed.
    """
    with extras.needed("matplotlib", "lsst.afw.display"):
        from matplotlib import pyplot
    return pyplot


class Figures(Device):
    """A figure of matplotlib, in whose current axes the image is drawn.

    Columns and rows are those of the parent image.

    Parameters
    ----------
    display : `Display`
        Its ``frame`` is the number or the name of the figure, or the figure itself.
    verbose : `bool`, optional
        Ignored; accepted for compatibility with afw.
    dpi : `float`, optional
        The figure's resolution.
    reopenPlot : `bool`, optional
        Whether a figure that is there is closed first.
    **settings
        Ignored; accepted for compatibility with afw.
    """

    def __init__(
        self,
        display: Any,
        verbose: bool = False,
        dpi: float | None = None,
        reopenPlot: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(display, verbose, **settings)
        plt, frame = pyplot(), display.frame
        if hasattr(frame, "savefig"):
            self.figure: Any = frame
        else:
            if reopenPlot:
                plt.close(frame)
            self.figure = plt.figure(frame, dpi=dpi)
        self._drawn: list[Any] = []
        self._image: Any = None
        self._mask: Any = None
        self._shown: dict[str, Any] = {}
        self._scale: tuple[Any, ...] = ("linear", "minmax", None, None, {})
        self._colormap: Any = "gray"
        self._colors: Mapping[str, str] = {}
        self._transparencies: Mapping[str | None, float] = {}
        self._centre: tuple[float, float] | None = None
        self._zoom: float | None = None

    @property
    def axes(self) -> Any:
        """Where the image is drawn: the axes that were current at the last `mtv`."""
        return self._shown.get("axes") or self.figure.gca()

    # -- image and mask
    def mtv(self, image: Any, mask: Any, wcs: Any, title: str) -> None:
        self._image, self._mask = image, mask
        axes = self.figure.gca()
        axes.cla()
        self._drawn.clear()
        self._shown = {"axes": axes}
        box = (image if image is not None else mask).getBBox()
        left, bottom = box.getMinX() - 0.5, box.getMinY() - 0.5
        extent = (left, left + box.getWidth(), bottom, bottom + box.getHeight())
        settings = {"origin": "lower", "interpolation": "nearest", "extent": extent}
        if image is not None:
            pixels = np.ma.masked_invalid(image.array)
            self._shown["image"] = axes.imshow(
                pixels, cmap=self._colormap, norm=self._normalisation(), **settings
            )
        if mask is not None:
            self._shown["mask"] = axes.imshow(self._overlay(), **settings)
        axes.set_title(title)
        axes.format_coord = _describing(image, mask, wcs)
        if self._zoom is None:
            axes.set_xlim(extent[:2])
            axes.set_ylim(extent[2:])
        else:
            self.zoom(self._zoom)
        self.flush()

    def _normalisation(self) -> Any:
        algorithm, low, high, unit, options = self._scale
        ends = stretch.limits(self._image.array, low, high, unit)
        return stretch.normalisation(algorithm, ends, **options)

    def _overlay(self) -> NDArray[np.uint8]:
        """Return the mask as colours: planes of higher bits are above those of lower ones."""
        from matplotlib.colors import to_rgb

        flags = self._mask.array
        overlay = np.zeros((*flags.shape, 4), np.uint8)
        planes = sorted(self._mask.getMaskPlaneDict().items(), key=lambda plane: plane[1])
        for name, bit in planes:
            color = self._colors.get(name, colors.IGNORE)
            if color.lower() == colors.IGNORE:
                continue
            flagged = (flags >> bit & 1).astype(bool)
            if flagged.any():
                alpha = 1 - self._transparency(name) / 100
                overlay[flagged] = np.rint(255 * np.array([*to_rgb(color.lower()), alpha]))
        return overlay

    def _transparency(self, name: str) -> float:
        percent = self._transparencies.get(name)
        return self._transparencies[None] if percent is None else percent

    def set_planes(
        self, colors: Mapping[str, str], transparencies: Mapping[str | None, float]
    ) -> None:
        self._colors, self._transparencies = colors, transparencies
        if "mask" in self._shown:
            self._shown["mask"].set_data(self._overlay())
            self.flush()

    def set_colormap(self, name: Any) -> None:
        self._colormap = name
        if "image" in self._shown:
            self._shown["image"].set_cmap(name)
            self.flush()

    def scale(self, algorithm: str, low: Any, high: Any, unit: str | None, **options: Any) -> None:
        stretch.check(algorithm, low, high, unit)
        self._scale = (algorithm, low, high, unit, options)
        if "image" in self._shown:
            self._shown["image"].set_norm(self._normalisation())
            self.flush()

    # -- what is drawn over it
    def erase(self) -> None:
        for artist in self._drawn:
            artist.remove()
        self._drawn.clear()
        self.flush()

    def dot(
        self,
        symbol: Any,
        x: float,
        y: float,
        size: float,
        color: Any,
        fontFamily: str = "helvetica",
        textAngle: float | None = None,
        **_: Any,
    ) -> None:
        axes, color = self.axes, _color(color)
        if not isinstance(symbol, str):
            self._drawn.append(axes.add_patch(_ellipse(symbol, x, y, color)))
        elif symbol in _SYMBOLS:
            for (x1, y1), (x2, y2) in _SYMBOLS[symbol]:
                ends = (x + size * x1, x + size * x2), (y + size * y1, y + size * y2)
                self._drawn += axes.plot(*ends, color=color, scalex=False, scaley=False)
        elif symbol == "o":
            from matplotlib.patches import Circle

            circle = Circle((x, y), size, edgecolor=color, fill=False)
            self._drawn.append(axes.add_patch(circle))
        else:
            words = {"ha": "center", "va": "center", "rotation": textAngle or 0, "clip_on": True}
            family = fontFamily.split(":")[0]
            if family != "helvetica":  # which few machines have
                words["family"] = family
            self._drawn.append(axes.text(x, y, symbol, color=color, **words))
        self.flush()

    def line(self, points: Sequence[tuple[float, float]], color: Any, **_: Any) -> None:
        columns, rows = zip(*points, strict=True)
        drawn = self.axes.plot(columns, rows, color=_color(color), scalex=False, scaley=False)
        self._drawn += drawn
        self.flush()

    # -- which part is seen
    def zoom(self, factor: float) -> None:
        self._zoom = factor
        shown = self._image if self._image is not None else self._mask
        if shown is None:
            return
        box = shown.getBBox()
        half = max(min(box.getWidth(), box.getHeight()) / factor, 1.0)
        x, y = self._centre or (box.getCenterX(), box.getCenterY())
        self._look(x, y, half, half)

    def pan(self, x: float, y: float) -> None:
        self._centre = (x, y)
        if self._zoom is not None:
            self.zoom(self._zoom)
            return
        (left, right), (bottom, top) = self.axes.get_xlim(), self.axes.get_ylim()
        self._look(x, y, (right - left) / 2, (top - bottom) / 2)

    def _look(self, x: float, y: float, half_width: float, half_height: float) -> None:
        self.axes.set_xlim(x - half_width, x + half_width)
        self.axes.set_ylim(y - half_height, y + half_height)
        self.flush()

    # -- the figure
    def flush(self) -> None:
        if not self.display.is_buffering:
            self.figure.canvas.draw_idle()

    def show(self) -> None:
        with contextlib.suppress(AttributeError), warnings.catch_warnings():
            # a figure without a window, or not of pyplot, cannot be shown, and need not
            warnings.simplefilter("ignore", UserWarning)
            self.figure.show()

    def close(self) -> None:
        pyplot().close(self.figure)

    # -- further methods of afw's device for matplotlib
    def savefig(self, *words: Any, **named: Any) -> None:
        """Write the figure to a file."""
        self.figure.savefig(*words, **named)

    def show_colorbar(
        self, show: bool = True, where: str = "right", axSize: str = "5%", pad: float = 0.05
    ) -> None:
        """Show, or remove, the bar of colours beside the image."""
        bar = self._shown.pop("bar", None)
        if bar is not None:
            bar.remove()
        if show and "image" in self._shown:
            self._shown["bar"] = self.figure.colorbar(
                self._shown["image"], ax=self.axes, location=where
            )

    show_color_bar = show_colorbar


def _color(color: Any) -> Any:
    """Return a colour by matplotlib's name; green if there is none, as ds9 draws."""
    return color.lower() if isinstance(color, str) else color or colors.GREEN


def _ellipse(core: Any, x: float, y: float, color: Any) -> Any:
    """Return an ellipse of second moments: afw's object, or its numbers xx, xy, yy."""
    from matplotlib.patches import Ellipse

    if isinstance(core, Sequence):
        xx, xy, yy = core
    else:
        moments = core if hasattr(core, "getIxx") else _quadrupole(core)
        xx, xy, yy = moments.getIxx(), moments.getIxy(), moments.getIyy()
    middle, radius = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    major, minor = (2 * math.sqrt(max(middle + sign * radius, 0.0)) for sign in (1, -1))
    angle = math.degrees(0.5 * math.atan2(2 * xy, xx - yy))
    return Ellipse((x, y), major, minor, angle=angle, edgecolor=color, fill=False)


def _quadrupole(core: Any) -> Any:
    from persistence.gen2types.ellipses import Quadrupole

    return Quadrupole(core)


def _describing(image: Any, mask: Any, wcs: Any) -> Any:
    """Return a function that describes a position for the status line."""

    def describe(x: float, y: float) -> str:
        words = [f"({x:.2f}, {y:.2f})"]
        box = (image if image is not None else mask).getBBox()
        column, row = round(x) - box.getMinX(), round(y) - box.getMinY()
        if 0 <= column < box.getWidth() and 0 <= row < box.getHeight():
            if image is not None:
                words.append(f"{image.array[row, column]:g}")
            if mask is not None:
                words.append(f"[{mask.getAsString(column, row)}]")
        if wcs is not None:
            sky = wcs.pixelToSky(x, y)
            words.append(f"RA {sky.getRa().asDegrees():.5f} Dec {sky.getDec().asDegrees():+.5f}")
        return " ".join(words)

    return describe
