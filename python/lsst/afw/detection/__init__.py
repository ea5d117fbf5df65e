"""Gen2's name of `persistence.gen2types.detection.names`."""

from persistence.gen2types import absent
from persistence.gen2types.detection.names import *  # noqa: F403
from persistence.gen2types.detection.names import __all__ as __all__

absent.install()
