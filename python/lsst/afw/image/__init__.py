"""Gen2's name of `persistence.gen2types.afwimage`."""

# Scripts use this module without importing it.
from lsst.afw.image import utils as utils
from persistence.gen2types import absent
from persistence.gen2types.afwimage import *  # noqa: F403
from persistence.gen2types.afwimage import __all__ as __all__

absent.install()
