"""Gen2's name of `persistence.gen2types.geomtests`; `lsst.utils.tests.TestCase` gets them, too."""

from persistence.gen2types import geomtests
from persistence.gen2types.geomtests import (
    assertAnglesAlmostEqual,
    assertBoxesAlmostEqual,
    assertPairListsAlmostEqual,
    assertPairsAlmostEqual,
    assertSpherePointListsAlmostEqual,
    assertSpherePointsAlmostEqual,
)

__all__ = [
    "assertAnglesAlmostEqual",
    "assertBoxesAlmostEqual",
    "assertPairListsAlmostEqual",
    "assertPairsAlmostEqual",
    "assertSpherePointListsAlmostEqual",
    "assertSpherePointsAlmostEqual",
]

try:
    from lsst.utils import tests
except ImportError:  # it is somebody else's, and may be missing
    pass
else:
    geomtests.register(tests.TestCase)
