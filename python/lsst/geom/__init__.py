"""Gen2's name of `persistence.gen2types.geom`."""

import sys

from persistence.gen2types import absent

# By name only: they hide Python's own.
from persistence.gen2types.coordinates import all as all  # noqa: A004
from persistence.gen2types.coordinates import any as any  # noqa: A004
from persistence.gen2types.geom import *  # noqa: F403
from persistence.gen2types.geom import __all__ as __all__

absent.install()

# Tests of Gen2 have assertions about geometry from here without asking.
if "lsst.utils.tests" in sys.modules:
    from lsst.geom import testUtils as testUtils
