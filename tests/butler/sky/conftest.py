"""A survey of three dithered visits and two tracts, written by astropy alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from persistence import Butler
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap

pytest.importorskip("lsst.sphgeom")
# The middle of each visit, RA and Dec (deg), in a survey around RA 0.
VISITS: Mapping[int, tuple[float, float]] = {1: (359.99, 0.0), 2: (0.01, 0.01), 3: (0.19, 0.0)}
SCALE = 1 / 3600  # deg a pixel
SIZE = 60  # pixels


def write(path: Path, ra: float, dec: float, wcs: bool = True, scale: float = SCALE) -> None:
    """Write an image around a position, with a header by hand."""
    image = fits.ImageHDU(np.zeros((SIZE, SIZE), np.float32))
    if wcs:
        middle = (SIZE + 1) / 2
        cards = {
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec,
            "CRPIX1": middle, "CRPIX2": middle, "CD1_1": -scale, "CD1_2": 0.0, "CD2_1": 0.0,
            "CD2_2": scale, "RADESYS": "ICRS",
        }  # fmt: skip
        image.header.update(cards)
    image.header["CCDNUM"] = 1
    path.parent.mkdir(parents=True, exist_ok=True)
    primary = fits.PrimaryHDU()
    primary.header["EXPNUM"] = 1
    fits.HDUList([primary, image]).writeto(path, overwrite=True)


def calexp(root: Path, visit: int, ccdnum: int = 1) -> Path:
    """Return the path of a calexp in Gen2's layout of DECam."""
    return root / f"{visit:07d}" / "calexp" / f"calexp-{visit:07d}_{ccdnum:02d}.fits"


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    """Return a repository with the raws of three visits, and a rerun with a sky map."""
    root = tmp_path / "repo"
    root.mkdir()
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    with sqlite3.connect(root / "registry.sqlite3") as connection:
        connection.execute(
            "CREATE TABLE raw (visit int, ccdnum int, hdu int, date text, filter text, object text)"
        )
        for visit, place in VISITS.items():
            band = "g" if visit == 3 else "r"
            row = (visit, 1, 1, "2026-01-01", band, "survey")
            connection.execute("INSERT INTO raw VALUES (?, ?, ?, ?, ?, ?)", row)
            write(root / f"2026-01-01/{band}/decam{visit:07d}.fits.fz", *place)
    connection.close()
    rerun = root / "rerun" / "me"
    rerun.mkdir(parents=True)
    (rerun / "repositoryCfg.yaml").write_text(
        "!RepositoryCfg_v1\n_mapper: lsst.obs.decam.DecamMapper\n_mapperArgs: {}\n_parents: [../..]\n"
        "_policy: null\n_root: null\ndirty: false\n"
    )
    config = DiscreteConfig(
        raList=(0.0, 0.2), decList=(0.0, 0.0), radiusList=(0.05, 0.05),
        patchInnerDimensions=(100, 100), patchBorder=10, pixelScale=1.0,
        tractOverlap=0.0,
    )  # fmt: skip
    Butler(str(rerun)).put(DiscreteSkyMap(config), "deepCoadd_skyMap")
    return rerun
