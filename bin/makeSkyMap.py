#!/usr/bin/env python
import sys

from persistence.cli.make_sky_map import main

if __name__ == "__main__":
    sys.exit(main())
