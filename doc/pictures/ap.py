"""Draw the pictures of doc/ap.rst: python doc/pictures/ap.py DIRECTORY, which gets the data.

They are checked in. The first is the demonstration's; the others are what the tutorial's own lines
draw of two visits of the same field.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from small import shrink

import lsst.ap.pipe
from obs_decam.sample import demo, tutorial
from obs_decam.sample.evaluate import association
from persistence.tasks.ap_pipe import ApPipeTask
from persistence.tasks.process_ccd import ProcessCcdTask

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "ap.rst"
SEED = 5
COLOURS = 96


def code() -> list[str]:
    """Return the page's block of the tutorial's code, in its cells."""
    block = re.search(r"\n    # Open and read all data.*?\n\n[^ \n]", PAGE.read_text(), re.DOTALL)
    assert block is not None
    lines = [line[4:] for line in block.group().splitlines()[1:-1]]
    return "\n".join(lines).split("\n# Plot")


def main(folder: str) -> None:
    """Make what the pictures are of, and draw them."""
    demo.main(["--transients", os.path.join(folder, "demo")])
    shutil.copy(os.path.join(folder, "demo", "transients.png"), HERE / "ap.png")
    shrink(HERE / "ap.png", COLOURS)

    place = os.path.join(folder, "pair")
    os.makedirs(os.path.join(place, "apdb"))
    tutorial.write(place, SEED, "window", association.VISITS)
    os.chdir(place)
    words = ["repo", "--calib", "repo/calibs", "--id"]
    ProcessCcdTask.parseAndRun([*words, "visit=234567", "ccdnum=42", "--rerun", "templates"])
    config = os.path.join(os.path.dirname(lsst.ap.pipe.__file__), "config", "calexpTemplates.py")
    more = ["--rerun", "processed", "-C", config, "--template", "repo/rerun/templates"]
    more += ["-c", "diaPipe.apdb.db_url=sqlite:///apdb/association.db"]
    visits = "visit=123456^123457"
    ApPipeTask.parseAndRun(
        [*words, visits, "ccdnum=42", "filter=g", *more, "--templateId", "visit=234567"]
    )
    names: dict[str, Any] = {}
    exec("import os, sqlite3\nimport numpy as np\nimport pandas as pd\n", names)  # noqa: S102  # the page's own code
    names["plt"] = plt
    first, *cells = code()
    exec(first, names)  # noqa: S102  # the page's own code
    figure = plt.figure(figsize=(9, 3.6), layout="constrained", dpi=100)
    for number, cell in enumerate(cells, start=1):
        figure.add_subplot(1, 2, number)
        exec(f"# Plot{cell}", names)  # noqa: S102  # the page's own code
    figure.savefig(HERE / "ap-objects.png")
    shrink(HERE / "ap-objects.png", COLOURS)


if __name__ == "__main__":
    main(sys.argv[1])
