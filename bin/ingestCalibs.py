#!/usr/bin/env python
import sys

from persistence.cli.ingest_calibs import main

if __name__ == "__main__":
    sys.exit(main())
