"""Regions on the sky: convex polygons, the footprints of images, and a file of both.

``from persistence.sky import Box, Circle, Polygon``: the regions of queries.
"""

from persistence.sky.regions import Box as Box
from persistence.sky.regions import Circle as Circle
from persistence.sky.regions import Polygon as Polygon
