#!/usr/bin/env python
import sys

from persistence.tasks.make_apdb import main

if __name__ == "__main__":
    sys.exit(main())
