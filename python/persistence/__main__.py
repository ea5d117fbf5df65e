"""``python -m persistence``: the command ``persistence``."""

from __future__ import annotations

import sys

from persistence.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
