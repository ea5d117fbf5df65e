"""The page doc/sky.rst: its lines run, on a survey with a sky map."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Butler
from persistence.cli import main
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap
from persistence.types.table.catalog import Catalog

from .pages import TOP, blocks

pytest.importorskip("lsst.sphgeom")
pytest.importorskip("mocpy")
pytest.importorskip("matplotlib")
PAGE = "doc/sky.rst"


@pytest.fixture
def survey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the repositories of the page, and a calexp written by astropy."""
    monkeypatch.chdir(tmp_path)
    rerun = tmp_path / "repo" / "rerun" / "processed"
    rerun.mkdir(parents=True)
    (tmp_path / "repo" / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    (rerun / "repositoryCfg.yaml").write_text(
        "!RepositoryCfg_v1\n_mapper: lsst.obs.decam.DecamMapper\n_mapperArgs: {}\n"
        "_parents: [../..]\n_policy: null\n_root: null\ndirty: false\n"
    )
    with sqlite3.connect(tmp_path / "repo" / "registry.sqlite3") as connection:
        connection.execute(
            "CREATE TABLE raw (visit int, ccdnum int, hdu int, date text, filter text, object text)"
        )
        row = (123456, 42, 1, "2026-01-01", "r", "survey")
        connection.execute("INSERT INTO raw VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.close()
    image = fits.ImageHDU(np.zeros((40, 20), np.float32))
    image.header.update(
        {
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.1, "CRVAL2": 2.2,
            "CRPIX1": 10.0, "CRPIX2": 20.0, "CDELT1": -0.001, "CDELT2": 0.001,
        }
    )  # fmt: skip
    path = rerun / "0123456/calexp/calexp-0123456_42.fits"
    path.parent.mkdir(parents=True)
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    config = DiscreteConfig(
        raList=(150.1,), decList=(2.2,), radiusList=(0.02,), patchInnerDimensions=(50, 50),
        pixelScale=1.0, tractOverlap=0.0,
    )  # fmt: skip
    butler = Butler(str(rerun))
    butler.put(DiscreteSkyMap(config), "deepCoadd_skyMap")
    sources = Catalog({"coord_ra": [150.1, 150.11, 150.1], "coord_dec": [2.2, 2.2, 2.21]})
    for name in sources.colnames:
        sources[name].unit = "deg"
    butler.put(sources, "src", visit=123456, ccdnum=42)
    return tmp_path


def test_the_lines_in_python_run(survey: Path) -> None:
    code, *others = [body for language, body in blocks(PAGE) if language == "python"]
    names: dict[str, Any] = {}
    exec(compile(code, PAGE, "exec"), names)  # our own page
    (survey / "cameras.yaml").write_text("decam: repo/rerun/processed\n")
    for other in others:
        exec(compile(other, PAGE, "exec"), names)  # and this
    lines = re.findall(r"^butler\.sky\.overlaps\(\"deepCoadd\".*\)", code, re.M)
    assert lines
    assert all(row["covered"] for row in eval(lines[0], names))  # our own page
    stack = names["stack"]
    assert stack.image.shape == (1, 21, 21)
    there = np.array(stack.wcs[0].world_to_pixel(names["position"]))
    assert np.abs(there - 10).max() < 0.51
    assert names["depth"].values.max() == 1
    assert names["moc"].contains_skycoords(names["position"])
    assert (survey / "calexp-r.fits").is_file()


def test_the_lines_in_the_shell_run(survey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for language, body in blocks(PAGE):
        if language == "bash":
            for line in body.splitlines():
                words = line.split()
                assert words[0] == "persistence"
                assert main.main(words[1:]) in (0, 1), line
    assert "No such" not in capsys.readouterr().err
    with fits.open(survey / "cutout.fits") as hdus:  # 8 pixels of 3.6 arcsec
        assert any(hdu.is_image and hdu.shape == (8, 8) for hdu in hdus)


def test_the_pictures_of_the_page_are_there() -> None:
    pictures = re.findall(r"image:: (\S+)", (TOP / PAGE).read_text())
    assert pictures
    assert [name for name in pictures if not (TOP / "doc" / name).is_file()] == []
