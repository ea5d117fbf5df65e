"""Gen2's name of `persistence.gen2types.afwgeom`."""

from lsst.afw.geom import ellipses as ellipses
from lsst.afw.geom import polygon as polygon
from persistence.gen2types import absent
from persistence.gen2types.afwgeom import *  # noqa: F403
from persistence.gen2types.afwgeom import __all__ as __all__

absent.install()
