"""Gen2's name of `persistence.gen2types.polygon`."""

from persistence.gen2types.polygon import Polygon, SinglePolygonException

__all__ = ["Polygon", "SinglePolygonException"]
