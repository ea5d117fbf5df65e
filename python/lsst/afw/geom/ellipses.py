"""Gen2's name of `persistence.gen2types.ellipses`."""

from persistence.gen2types.ellipses import *  # noqa: F403
from persistence.gen2types.ellipses import __all__ as __all__
