"""Gen2's name of `persistence.gen2types.parquettable`."""

from persistence.gen2types.parquettable import *  # noqa: F403
from persistence.gen2types.parquettable import __all__ as __all__
