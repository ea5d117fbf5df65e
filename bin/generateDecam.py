#!/usr/bin/env python
import sys

from obs_decam.generate import main

if __name__ == "__main__":
    sys.exit(main())
