"""Gen2's name of `persistence.gen2types.coord`."""

from persistence.gen2types import absent
from persistence.gen2types.coord import *  # noqa: F403
from persistence.gen2types.coord import __all__ as __all__

absent.install()
