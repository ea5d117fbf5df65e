"""The joint calibration of the LSST stack, which this package does not have.

See `persistence.gen2types.absent`: it can be imported, and raises an error when used.
"""

import pkgutil
from typing import Any

from persistence.gen2types import absent

__path__ = pkgutil.extend_path(__path__, __name__)

absent.install()


def __getattr__(name: str) -> Any:
    return absent.named(__name__, name)
