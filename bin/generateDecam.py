#!/usr/bin/env python
import sys

from obs_decam import generate, generate_calibs, generate_refcat

MAINS = {"calibs": generate_calibs.main, "refcat": generate_refcat.main}

if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    sys.exit(MAINS[asked](sys.argv[2:]) if asked in MAINS else generate.main())
