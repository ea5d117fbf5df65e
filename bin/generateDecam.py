#!/usr/bin/env python
import sys

from obs_decam import generate, generate_calibs

if __name__ == "__main__":
    if sys.argv[1:2] == ["calibs"]:
        sys.exit(generate_calibs.main(sys.argv[2:]))
    sys.exit(generate.main())
