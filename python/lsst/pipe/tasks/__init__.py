"""Gen2's names of the tasks in this package.

For other modules and names, see `persistence.gen2types.absent`.
"""

import pkgutil

from persistence.gen2types import absent

__path__ = pkgutil.extend_path(__path__, __name__)

absent.install()
