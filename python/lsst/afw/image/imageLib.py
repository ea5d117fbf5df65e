"""Gen2's older name of `lsst.afw.image`."""

from persistence.gen2types.afwimage import *  # noqa: F403
from persistence.gen2types.afwimage import __all__ as __all__
