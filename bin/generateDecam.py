#!/usr/bin/env python
import sys

from obs_decam.sample import calibraws, calibs, generate, refcat
from obs_decam.sample.realistic import generate as realistic

MAINS = {
    "calibs": calibs.main,
    "calib-raws": calibraws.main,
    "refcat": refcat.main,
    "realistic": realistic.main,
}

if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    sys.exit(MAINS[asked](sys.argv[2:]) if asked in MAINS else generate.main())
