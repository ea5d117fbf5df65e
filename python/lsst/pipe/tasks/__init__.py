"""Tasks by Gen2's names: what this package has of them.

Of other modules below, and other names, see `persistence.gen2types.absent`.
"""

import pkgutil

from persistence.gen2types import absent

__path__ = pkgutil.extend_path(__path__, __name__)

absent.install()
