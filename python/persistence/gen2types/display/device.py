"""What a display draws on. This one draws nothing; others are derived from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Device:
    """A device that shows nothing, with which scripts run to the end.

    Parameters
    ----------
    display : `Display`
        The display.
    verbose : `bool`, optional
        Ignored; accepted for compatibility with afw.
    **settings
        Settings of other devices.
    """

    def __init__(self, display: Any, verbose: bool = False, **settings: Any) -> None:
        self.display, self.verbose, self.settings = display, verbose, settings

    def close(self) -> None:
        """Close the device."""

    def show(self) -> None:
        """Show the image with everything drawn."""

    def flush(self) -> None:
        """Draw everything that has not been drawn yet."""

    def mtv(self, image: Any, mask: Any, wcs: Any, title: str) -> None:
        """Show an image, flags of its pixels, or both.

        Parameters
        ----------
        image : `Image` or None
        mask : `Mask` or None
        wcs : `SkyWcs` or None
            For positions in the sky.
        title : `str`
        """

    def set_planes(
        self, colors: Mapping[str, str], transparencies: Mapping[str | None, float]
    ) -> None:
        """Set colours and transparencies (percent) of mask planes, and redraw the mask."""

    def set_colormap(self, name: Any) -> None:
        """Set the colour map of images, by its name."""

    def scale(self, algorithm: str, low: Any, high: Any, unit: str | None, **options: Any) -> None:
        """Set the mapping of values to brightness."""

    def erase(self) -> None:
        """Remove everything drawn over the image."""

    def dot(self, symbol: Any, x: float, y: float, size: float, color: Any, **options: Any) -> None:
        """Draw a symbol, an ellipse or text at a position of the parent image."""

    def line(self, points: Sequence[tuple[float, float]], color: Any, **options: Any) -> None:
        """Draw lines between positions of the parent image."""

    def zoom(self, factor: float) -> None:
        """Show a part of the image."""

    def pan(self, x: float, y: float) -> None:
        """Show the image around a position."""
