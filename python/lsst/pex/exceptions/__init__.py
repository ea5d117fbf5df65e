"""Gen2's name of `persistence.gen2types.exceptions`."""

from persistence.gen2types import absent
from persistence.gen2types.exceptions import *  # noqa: F403
from persistence.gen2types.exceptions import __all__ as __all__

absent.install()
