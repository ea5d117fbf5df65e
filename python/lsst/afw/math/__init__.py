"""Gen2's name of `persistence.gen2types.afwmath`."""

from persistence.gen2types import absent
from persistence.gen2types.afwmath import *  # noqa: F403
from persistence.gen2types.afwmath import __all__ as __all__

absent.install()
