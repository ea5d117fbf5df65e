"""Gen2's name of `persistence.gen2types.table.names`."""

from lsst.afw.table import catalogMatches as catalogMatches
from lsst.afw.table import match as match
from lsst.afw.table import multiMatch as multiMatch
from lsst.afw.table import source as source
from persistence.gen2types import absent
from persistence.gen2types.camerageom.systems import ReadoutCorner as ReadoutCorner
from persistence.gen2types.table import names as _names
from persistence.gen2types.table.names import *  # noqa: F403

# Corners of amplifiers, which moved to lsst.afw.cameraGeom in 2019.
LL, LR, UR, UL = ReadoutCorner

__all__ = ["LL", "LR", "UL", "UR", "ReadoutCorner"]
__all__ += _names.__all__

absent.install()
