"""Gen2's name of `persistence.gen2types.afwdisplay`."""

# Scripts use these modules without importing them.
from lsst.afw.display import rgb as rgb
from lsst.afw.display import utils as utils
from persistence.gen2types import absent
from persistence.gen2types.afwdisplay import *  # noqa: F403
from persistence.gen2types.afwdisplay import __all__ as __all__

absent.install()
