"""Gen2's name of `persistence.gen2types.table.names`."""

from lsst.afw.table import catalogMatches as catalogMatches
from lsst.afw.table import match as match
from lsst.afw.table import multiMatch as multiMatch
from lsst.afw.table import source as source
from persistence.gen2types import absent
from persistence.gen2types.table.names import *  # noqa: F403
from persistence.gen2types.table.names import __all__ as __all__

absent.install()
