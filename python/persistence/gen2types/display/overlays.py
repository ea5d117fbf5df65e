"""Boxes, footprints and mosaics on displays, by the names of ``lsst.afw.display.utils``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Extent2I, Point2I
from persistence.gen2types.display import colors
from persistence.gen2types.display.display import Display
from persistence.gen2types.exceptions import LengthError


def _display(display: Any, frame: Any) -> Display:
    if isinstance(display, str):  # "deferToFrame": afw's word for none
        display = None
    return Display.getDisplay(frame) if display is None else display


def drawBBox(
    bbox: Any,
    borderWidth: float = 0.0,
    origin: Any = None,
    display: Any = None,
    ctype: Any = None,
    bin: int = 1,
    frame: Any = None,
) -> None:
    """Draw a box of pixels.

    Parameters
    ----------
    bbox : `Box2I`
        The box.
    borderWidth : `float`
        The distance of the line from the centres of the outermost pixels; 0.5 is their edges.
    origin : `Point2I`, optional
        What is added to the box.
    display : `Display`, optional
        Where; by default that of the frame.
    ctype : `str`, optional
        The colour.
    bin : `int`
        By how much the image shown is binned.
    frame : optional
        The frame.
    """
    dx, dy = (0, 0) if origin is None else origin
    x0, y0 = bbox.getMinX() + dx - borderWidth, bbox.getMinY() + dy - borderWidth
    x1, y1 = bbox.getMaxX() + dx + borderWidth, bbox.getMaxY() + dy + borderWidth
    corners = [(x0, y0), (x0, y1), (x1, y1), (x1, y0), (x0, y0)]
    _display(display, frame).line([(x / bin, y / bin) for x, y in corners], ctype=ctype)


def drawFootprint(
    foot: Any,
    borderWidth: float = 0.5,
    origin: Any = None,
    XY0: Any = None,
    frame: Any = None,
    ctype: Any = None,
    bin: int = 1,
    peaks: bool = False,
    symb: str = "+",
    size: float = 0.4,
    ctypePeak: Any = None,
    display: Any = None,
) -> None:
    """Draw the spans of a footprint, and perhaps its peaks.

    Parameters
    ----------
    foot : `Footprint`
        What is drawn.
    borderWidth, origin, frame, ctype, bin, display
        As of `drawBBox`.
    XY0 : `Point2I`, optional
        What is subtracted.
    peaks : `bool`
        Whether peaks are drawn, with ``symb``, ``size`` and ``ctypePeak``.
    """
    where = _display(display, frame)
    shift = (0, 0) if origin is None else tuple(origin)
    if XY0 is not None:
        shift = -XY0[0], -XY0[1]
    with where.Buffering():
        for span in foot.getSpans():
            left = Point2I(span.getX0(), span.getY())
            box = Box2I(left, Extent2I(span.getX1() - span.getX0() + 1, 1))
            drawBBox(box, borderWidth, shift, where, ctype, bin)
        for peak in foot.getPeaks() if peaks else ():
            x, y = peak.getIx() + shift[0], peak.getIy() + shift[1]
            where.dot(symb, x / bin, y / bin, size=size, ctype=ctypePeak or ctype)


def drawCoaddInputs(
    exposure: Any,
    frame: Any = None,
    ctype: Any = None,
    bin: int = 1,
    display: Any = None,
) -> None:
    """Draw the outlines of the images that a coadd was made of."""
    where, wcs = _display(display, frame), exposure.getWcs()
    with where.Buffering():
        for record in exposure.getInfo().getCoaddInputs().ccds:
            inner = record.getWcs()
            corners = [inner.pixelToSky(x, y) for x, y in record.getBBox().getCorners()]
            points = [wcs.skyToPixel(corner) for corner in (*corners, corners[0])]
            where.line([(x / bin, y / bin) for x, y in points], ctype=ctype)


class Mosaic:
    """Images side by side in one.

    Parameters
    ----------
    gutter : `int`
        The number of pixels between them.
    background : `float`
        The pixels between them.
    mode : `str`
        ``square``, ``x`` (in a row) or ``y`` (in a column).
    """

    def __init__(self, gutter: int = 3, background: float = 0, mode: str = "square") -> None:
        self.gutter, self.background = gutter, background
        self.setMode(mode)
        self.images: list[Any] = []
        self.labels: list[Any] = []
        self.nImage = 0
        self.xsize = self.ysize = self.nx = self.ny = 0

    def setMode(self, mode: str) -> None:
        if mode not in ("square", "x", "y"):
            raise ValueError(f"mode={mode!r} is not one of square, x, y")
        self.mode = mode

    def setGutter(self, gutter: int) -> None:
        self.gutter = gutter

    def setBackground(self, background: float) -> None:
        self.background = background

    def reset(self) -> None:
        self.images, self.labels = [], []

    def append(self, image: Any, label: Any = None, ctype: Any = None) -> int:
        """Add an image; return its number."""
        self.images.append(image)
        self.labels.append((label, ctype))
        return len(self.images)

    def makeMosaic(
        self,
        images: Sequence[Any] | None = None,
        display: Any = None,
        mode: Any = None,
        nsub: Any = None,
        background: Any = None,
        title: str = "",
        frame: Any = None,
    ) -> Any:
        """Return the mosaic, and show it if a display or a frame is named.

        Raises
        ------
        LengthError
            If there are no images.
        """
        images = list(self.images if images is None else images)
        if not images:
            raise LengthError("no images for a mosaic")
        self.nImage = len(images)
        self.xsize = max(image.getWidth() for image in images)
        self.ysize = max(image.getHeight() for image in images)
        side = {"square": math.ceil(math.sqrt(len(images))), "x": len(images), "y": 1}
        self.nx = side[mode or self.mode]
        self.ny = math.ceil(len(images) / self.nx)
        size = Extent2I(
            self.nx * self.xsize + (self.nx - 1) * self.gutter,
            self.ny * self.ysize + (self.ny - 1) * self.gutter,
        )
        mosaic = images[0].Factory(size)
        mosaic.set(self.background if background is None else background)
        for number, image in enumerate(images):
            box = self.getBBox(number)
            part = Box2I(box.getMin(), image.getDimensions())
            mosaic[part].assign(image)
        if display is not None or frame is not None:
            where = _display(display, frame)
            where.mtv(mosaic, title=title)
            if len(self.labels) == len(images):
                self.drawLabels(display=where)
        return mosaic

    def getBBox(self, ix: int, iy: int | None = None) -> Box2I:
        """Return the box of an image, by its number, or by its column and row."""
        if iy is None:
            iy, ix = divmod(ix, self.nx)
        corner = Point2I(ix * (self.xsize + self.gutter), iy * (self.ysize + self.gutter))
        return Box2I(corner, Extent2I(self.xsize, self.ysize))

    def drawLabels(self, labels: Any = None, display: Any = None, frame: Any = None) -> None:
        """Write the label of each image at its lower left corner."""
        where = _display(display, frame)
        with where.Buffering():
            for number, entry in enumerate(self.labels if labels is None else labels):
                label, color = entry if isinstance(entry, tuple) else (entry, None)
                if label:
                    box = self.getBBox(number)
                    x, y = box.getMinX(), box.getMinY()
                    middle = x + 0.5 * self.xsize
                    where.dot(str(label), middle, y, ctype=color or colors.GREEN)
