r"""Draw the pictures of doc/sky.rst: python doc/pictures/sky.py DIRECTORY, which gets the data.

The survey is calexps of DECam with few pixels: the pictures are of their headers, with the camera's
distortion. Needs matplotlib, with the Pillow that comes with it; the pictures are checked in.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits
from small import shrink

from obs_decam.sample import sky
from obs_decam.sample.facts import LAYOUTS, chips
from obs_decam.sample.sky import Attitude
from persistence import Butler, plot
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap

HERE = Path(__file__).resolve().parent
Pointing = tuple[float, float, str]
# RA, Dec (deg) and filter of each visit: a dither of five in g, three in r.
FIELD: Sequence[Pointing] = [
    (150.1, 2.2, "g"), (150.5, 2.45, "g"), (149.7, 2.45, "g"), (149.7, 1.95, "g"),
    (150.5, 1.95, "g"), (150.1, 2.2, "r"), (150.9, 2.4, "r"), (149.6, 1.4, "r"),
]  # fmt: skip


def write(root: Path, pointings: Sequence[Pointing]) -> Butler:
    """Write a repository with the calexps of a survey, and return its Butler."""
    layout = LAYOUTS["tiny"]
    rerun = root / "rerun" / "processed"
    rerun.mkdir(parents=True)
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    (rerun / "repositoryCfg.yaml").write_text(
        "!RepositoryCfg_v1\n_mapper: lsst.obs.decam.DecamMapper\n_mapperArgs: {}\n"
        "_parents: [../..]\n_policy: null\n_root: null\ndirty: false\n"
    )
    with sqlite3.connect(root / "registry.sqlite3") as registry:
        registry.execute(
            "CREATE TABLE raw (visit int, ccdnum int, hdu int, date text, filter text, object text)"
        )
        for visit, (ra, dec, band) in enumerate(pointings, start=1):
            for chip in chips():
                if not 1 <= chip.number <= 62:
                    continue
                row = (visit, chip.number, chip.number, "2026-12-01", band, "survey")
                registry.execute("INSERT INTO raw VALUES (?, ?, ?, ?, ?, ?)", row)
                cards = sky.attitude_cards(Attitude(ra, dec), chip.name, chip.place, layout)
                header = fits.Header(list(cards))
                for axis, first in enumerate(sky.origin(chip.name, layout), start=1):
                    header[f"CRPIX{axis}"] -= first
                image = np.zeros((layout.rows, 2 * layout.columns), np.uint8)
                path = rerun / f"{visit:07d}/calexp/calexp-{visit:07d}_{chip.number:02d}.fits"
                path.parent.mkdir(parents=True, exist_ok=True)
                hdus = [fits.PrimaryHDU(), fits.ImageHDU(image, header)]
                fits.HDUList(hdus).writeto(path)
    return Butler(str(rerun))


def save(figure: object, name: str) -> None:
    """Write a figure."""
    figure.savefig(HERE / name)  # type: ignore[attr-defined]  # a figure of matplotlib
    shrink(HERE / name)


def main(folder: str) -> None:
    """Write the survey, and draw the pictures."""
    field = write(Path(folder) / "field", FIELD)
    config = DiscreteConfig(
        raList=(150.1,), decList=(2.2,), radiusList=(1.1,), patchInnerDimensions=(4000, 4000),
        patchBorder=100, pixelScale=0.333, tractOverlap=0.0,
    )  # fmt: skip
    field.put(DiscreteSkyMap(config), "deepCoadd_skyMap")
    save(plot.depth(field, "calexp", size=4.0), "sky-depth.png")
    save(plot.tract(field, 0, "calexp", filter="r", size=6.0), "sky-tract.png")


if __name__ == "__main__":
    os.environ.setdefault("XDG_CACHE_HOME", os.path.join(sys.argv[1], "cache"))
    main(sys.argv[1])
