"""Gen2's name of `persistence.gen2types.logs`."""

from persistence.gen2types import absent
from persistence.gen2types.logs import *  # noqa: F403
from persistence.gen2types.logs import __all__ as __all__

absent.install()
