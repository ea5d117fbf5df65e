"""The names of ``lsst.afw.display``, in one list."""

from __future__ import annotations

from typing import Any

from persistence.gen2types.display.colors import (
    BLACK,
    BLUE,
    CYAN,
    GRAY,
    GREEN,
    IGNORE,
    MAGENTA,
    ORANGE,
    RED,
    WHITE,
    YELLOW,
)
from persistence.gen2types.display.display import Display, UnknownDevice

__all__ = [
    "BLACK",
    "BLUE",
    "CYAN",
    "GRAY",
    "GREEN",
    "IGNORE",
    "MAGENTA",
    "ORANGE",
    "RED",
    "WHITE",
    "YELLOW",
    "Buffering",
    "Display",
    "UnknownDevice",
    "delAllDisplays",
    "dot",
    "erase",
    "getDefaultBackend",
    "getDefaultFrame",
    "getDisplay",
    "getMaskPlaneColor",
    "getMaskTransparency",
    "incrDefaultFrame",
    "line",
    "mtv",
    "pan",
    "scale",
    "setDefaultBackend",
    "setDefaultFrame",
    "setDefaultImageColormap",
    "setDefaultMaskPlaneColor",
    "setDefaultMaskTransparency",
    "setMaskPlaneColor",
    "setMaskTransparency",
    "show",
    "zoom",
]

getDisplay = Display.getDisplay
delAllDisplays = Display.delAllDisplays
setDefaultBackend, getDefaultBackend = Display.setDefaultBackend, Display.getDefaultBackend
setDefaultFrame, getDefaultFrame = Display.setDefaultFrame, Display.getDefaultFrame
incrDefaultFrame = Display.incrDefaultFrame
setDefaultImageColormap = Display.setDefaultImageColormap
setDefaultMaskPlaneColor = Display.setDefaultMaskPlaneColor
setDefaultMaskTransparency = Display.setDefaultMaskTransparency


def mtv(data: Any, frame: Any = None, title: str = "", wcs: Any = None, **_: Any) -> None:
    """Show an image; see `Display.mtv`."""
    getDisplay(frame).mtv(data, title, wcs)


def dot(symb: Any, c: float, r: float, *words: Any, frame: Any = None, **named: Any) -> None:
    """Draw a symbol; see `Display.dot`."""
    getDisplay(frame).dot(symb, c, r, *words, **named)


def line(points: Any, *words: Any, frame: Any = None, **named: Any) -> None:
    """Draw lines; see `Display.line`."""
    getDisplay(frame).line(points, *words, **named)


def erase(frame: Any = None) -> None:
    """Remove everything drawn over the image."""
    getDisplay(frame).erase()


def show(frame: Any = None) -> None:
    """Show the display of a frame."""
    getDisplay(frame).show()


def scale(
    algorithm: str,
    min: Any,
    max: Any = None,
    unit: str | None = None,
    frame: Any = None,
    **options: Any,
) -> None:
    """Choose how numbers become brightness; see `Display.scale`."""
    getDisplay(frame).scale(algorithm, min, max, unit, **options)


def zoom(
    zoomfac: Any = None, colc: Any = None, rowc: Any = None, frame: Any = None, **named: Any
) -> None:
    """Show a part of the image; see `Display.zoom`."""
    getDisplay(frame).zoom(zoomfac, colc, rowc, **named)


def pan(colc: Any = None, rowc: Any = None, frame: Any = None, **named: Any) -> None:
    """Show the image around a position; see `Display.pan`."""
    getDisplay(frame).pan(colc, rowc, **named)


def Buffering(frame: Any = None) -> Any:
    """Draw only at the end of a block."""
    return getDisplay(frame).Buffering()


def setMaskPlaneColor(name: Any, color: Any = None, frame: Any = None) -> None:
    """Set the colour of a mask plane; see `Display.setMaskPlaneColor`."""
    getDisplay(frame).setMaskPlaneColor(name, color)


def getMaskPlaneColor(name: Any = None, frame: Any = None) -> Any:
    """Return the colour of a mask plane."""
    return getDisplay(frame).getMaskPlaneColor(name)


def setMaskTransparency(transparency: float, name: Any = None, frame: Any = None) -> None:
    """Set how transparent mask planes are; see `Display.setMaskTransparency`."""
    getDisplay(frame).setMaskTransparency(transparency, name)


def getMaskTransparency(name: Any = None, frame: Any = None) -> float:
    """Return how transparent a mask plane is (percent)."""
    return getDisplay(frame).getMaskTransparency(name)
