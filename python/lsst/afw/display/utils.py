"""Gen2's name of `persistence.gen2types.display.overlays`."""

from persistence.gen2types.display.overlays import (
    Mosaic,
    drawBBox,
    drawCoaddInputs,
    drawFootprint,
)

__all__ = ["Mosaic", "drawBBox", "drawCoaddInputs", "drawFootprint"]
