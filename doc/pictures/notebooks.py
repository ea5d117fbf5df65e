r"""Draw the pictures of doc/notebooks.rst.

    python doc/pictures/notebooks.py REPO/rerun/processed RAWS doc/pictures

The first repository has a calexp with its sources, as doc/processing.rst makes them; the second has
two raw exposures of ``generateDecam.py raw --visits 2 --size tiny``. Needs matplotlib, with the
Pillow that comes with it, and chromium for what a notebook shows; the pictures are checked in.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from small import shrink

from persistence import Butler, plot

_PAGE = '<!doctype html><meta charset="utf-8"><body style="font:13px sans-serif">{}</body>'


def draw(processed: str, raws: str, folder: str) -> None:
    """Draw all pictures into a directory."""
    butler, raw = Butler(processed, mode="r"), Butler(raws, mode="r")
    where = dict(next(iter(butler.query("calexp"))))
    calexp, sources = butler.get("calexp", where), butler.get("src", where)
    visit = min(raw.queryMetadata("raw", "visit"))
    out = Path(folder)
    screen(calexp._repr_html_(), out / "notebook-calexp.png", (760, 560))
    save(calexp.plot(sources=sources, size=6.0), out / "notebook-plot.png")
    save(plot.mosaic(raw, "raw", visit=visit, size=6.5), out / "notebook-mosaic.png")
    save(plot.coverage(raw.query("raw"), size=5.5), out / "notebook-coverage.png")


def save(figure: Any, path: Path) -> None:
    """Write a figure."""
    figure.savefig(path)
    shrink(path)


def screen(page: str, path: Path, size: tuple[int, int]) -> None:
    """Draw what a notebook shows, in a browser."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        file.write_text(_PAGE.format(page))
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        words = [f"--screenshot={os.path.abspath(path)}", f"--window-size={size[0]},{size[1]}"]
        subprocess.run(["chromium", *options, *words, file.as_uri()], check=True)  # noqa: S603, S607
    shrink(path)


if __name__ == "__main__":
    draw(*sys.argv[1:4])
