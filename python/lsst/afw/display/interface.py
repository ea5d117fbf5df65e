"""Gen2's older name of `lsst.afw.display`; images are shown by the default backend."""

from persistence.gen2types.afwdisplay import *  # noqa: F403
from persistence.gen2types.afwdisplay import __all__ as __all__
