"""Gen2's older name of `lsst.afw.math`."""

from persistence.gen2types.afwmath import *  # noqa: F403
from persistence.gen2types.afwmath import __all__ as __all__
