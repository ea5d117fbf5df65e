"""Measurement of the LSST stack, which this package does not have.

See `persistence.gen2types.absent`: they can be imported, and raise an error when used.
"""

import pkgutil

from persistence.gen2types import absent

__path__ = pkgutil.extend_path(__path__, __name__)

absent.install()
