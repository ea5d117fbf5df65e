"""Gen2's name of `persistence.gen2types.table.names`."""

from persistence.gen2types.table.names import *  # noqa: F403
from persistence.gen2types.table.names import __all__ as __all__
