"""The shell's command for positions, and the regions in the index, on a survey."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from persistence.butler.sky import home
from persistence.cli import main

from .conftest import VISITS, calexp, write


def lines(capsys: pytest.CaptureFixture[str], *words: str) -> list[list[str]]:
    """Return the words of each line that a command prints."""
    assert main.main(list(words)) == 0
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_a_position_lists_what_is_there(survey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *rest = lines(
        capsys, "at", str(survey), "359.99", "0", "--radius", "10s", "--type", "raw"
    )
    assert "visit" in first
    assert [row[first.index("visit")] for row in rest] == ["1"]


def test_a_patch_selects_raws_for_tasks(survey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = lines(capsys, "at", str(survey), "--overlaps", "tract=0", "--id", "filter=r", "--short")
    assert "--id" in rows[0]
    assert "visit=1^2" in [word.strip("'") for row in rows for word in row], rows


def test_the_index_has_regions_for_others(survey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = survey.parents[1]
    assert main.main(["index", str(root), "--regions", "-j", "2"]) == 0
    assert "raw: 3 with a region, 0 without" in capsys.readouterr().err
    assert (root / home.FILE).is_file()


def test_a_cutout_is_written_by_position(survey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Across RA 0, of the visit's detector that has the position; astropy reads the file."""
    write(calexp(survey, 1), *VISITS[1])
    words = ["get", str(survey), "calexp", "--id", "visit=1", "--at", "359.99", "0.002"]
    target = survey.parents[2] / "cutout.fits"
    assert main.main([*words, "--size", "20s", "-o", str(target)]) == 0
    with fits.open(target) as hdus:
        (image,) = (hdu for hdu in hdus if hdu.is_image and hdu.data is not None)
        x, y = WCS(image.header).world_to_pixel(SkyCoord(359.99, 0.002, unit="deg"))
        assert image.shape == (20, 20)
        assert abs(x - 9.5) <= 1
        assert abs(y - 9.5) <= 1
    capsys.readouterr()
    assert main.main([*words, "--size", "61", "--mode", "strict"]) == 1
    assert "Not all pixels of a cutout in: calexp" in capsys.readouterr().err
    for wrong, message in (
        (["--size", "0.5"], "invalid size value: '0.5'"),
        (["--bbox", "0", "0", "2", "2"], "--at or --bbox, not both"),
    ):
        try:
            status = main.main([*words, *wrong])
        except SystemExit as stop:
            status = int(stop.code or 0)
        assert status == 2
        assert message in capsys.readouterr().err
