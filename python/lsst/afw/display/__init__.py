"""Gen2's name of `persistence.gen2types.afwdisplay`."""

from persistence.gen2types.afwdisplay import *  # noqa: F403
from persistence.gen2types.afwdisplay import __all__ as __all__
