"""The generator: its files are DECam's in all but the sky, and the same each time."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam.headers import DecamHeaders
from obs_decam.sample import demo, generate
from obs_decam.sample.facts import Chip
from obs_decam.sample.sky import Attitude


@pytest.fixture(scope="module")
def hdus() -> Any:
    return generate.exposure(410877, "g", "tiny")


def test_the_extensions_are_those_of_a_real_raw_and_the_guide_chips(hdus: Any) -> None:
    names = [hdu.name for hdu in hdus[1:]]
    assert len(names) == 62 + 8 + 4
    assert names[:4] == ["S1", "S2", "S3", "N1"]
    assert names[62:] == [
        "FS1",
        "FS2",
        "FS3",
        "FS4",
        "FN1",
        "FN2",
        "FN3",
        "FN4",
        "GS1",
        "GS2",
        "GN1",
        "GN2",
    ]
    assert len({hdu.header["CCDNUM"] for hdu in hdus[1:]}) == 74


@pytest.mark.parametrize("size", ["tiny", "small", "full"])
@pytest.mark.parametrize("name", ["S1", "N1"])
def test_the_sections_of_an_amplifier_fit_its_image(size: str, name: str) -> None:
    layout = generate.LAYOUTS[size]
    number, place = {"S1": (25, (-16.8, -191.2)), "N1": (32, (16.9, -191.3))}[name]
    header = fits.Header(
        list(generate.chip_cards(Chip(number, name, place), layout, Attitude(0.0, 0.0)))
    )
    detector = DecamHeaders().detector(header)
    assert detector is not None
    covered = np.zeros(layout.shape, dtype=int)
    for amplifier in detector.amplifiers:
        for box in (amplifier.data, amplifier.overscan, amplifier.prescan, amplifier.postscan):
            part = covered[box.slices]
            assert part.shape == (box.height, box.width)
            part += 1
        assert (amplifier.data.width, amplifier.data.height) == (
            amplifier.trimmed.width,
            amplifier.trimmed.height,
        )
    assert covered.max() == 1


def test_a_full_size_detector_has_the_real_sections() -> None:
    cards = {
        key: value
        for key, value, _ in generate.chip_cards(
            Chip(25, "S1", (0.0, 0.0)), generate.LAYOUTS["full"], Attitude(0.0, 0.0)
        )
    }
    # As in the real headers (tests of headers.py).
    assert cards["DATASECA"] == "[1081:2104,51:4146]"
    assert cards["BIASSECA"] == "[2105:2154,51:4146]"
    assert cards["PRESECB"] == "[1:6,51:4146]"
    assert cards["POSTSECB"] == "[57:1080,1:50]"
    assert generate.LAYOUTS["full"].shape == (4146, 2160)


def test_it_makes_the_same_file_each_time(tmp_path: Path) -> None:
    make = "exposure(7, 'r', 'tiny', extensions=3).writeto(sys.argv[1])"
    code = f"import sys; from obs_decam.sample.generate import exposure; {make}"
    sums = set()
    for name in ("a", "b"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True)
        sums.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(sums) == 1


def test_visits_differ(hdus: Any) -> None:
    other = generate.exposure(410878, "g", "tiny", extensions=1)
    assert not np.array_equal(other[1].data, hdus[1].data)
    assert other[0].header["DATE-OBS"] != hdus[0].header["DATE-OBS"]


def test_compressed_and_plain_files_hold_the_same_pixels() -> None:
    compressed, plain = (
        generate.exposure(7, "g", "tiny", compress, extensions=2) for compress in (True, False)
    )
    assert isinstance(compressed[1], fits.CompImageHDU)
    assert isinstance(plain[1], fits.ImageHDU)
    assert np.array_equal(compressed[1].data, plain[1].data)
    assert plain[1].data.dtype == np.uint16


def test_neighbouring_detectors_lie_beside_each_other_on_the_sky(hdus: Any) -> None:
    from astropy.coordinates import SkyCoord

    from persistence.types.exposure.exposure import wcs_of

    middle = [wcs_of(hdu.header).pixel_to_world(14, 18) for hdu in hdus[1:3]]  # type: ignore[union-attr]
    assert all(isinstance(place, SkyCoord) for place in middle)
    assert middle[0].separation(middle[1]).deg == pytest.approx(63.7 / 0.015 * 7.286e-5, rel=0.1)


def test_the_command_writes_what_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        str(tmp_path),
        "--visits",
        "1",
        "--first",
        "9",
        "--filters",
        "Y",
        "--size",
        "tiny",
        "--plain",
    ]
    assert generate.main(words) == 0
    (path,) = tmp_path.iterdir()
    assert capsys.readouterr().out == f"{path}\n"
    assert fits.getheader(path)["FILTER"].startswith("Y DECam")


def test_the_demonstration_shows_rows_an_exposure_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for told in ("2 new, 0 already there, 0 failed", "0 new, 2 already there, 0 failed"):
        assert demo.main([str(tmp_path / "demo")]) == 0
        out = capsys.readouterr().out
        assert told in out
        assert "  410877  g  2014-02-27  90.0" in out
        assert "filter         g (g DECam SDSS c0001 4720.0 1520.0)" in out
        assert "calibDate=2014-02-20 validStart=2013-02-20 validEnd=2014-03-02:  chosen" in out
        (zeros,) = re.findall(r"zero point ([\d.]+) mag, the truth is ([\d.]+)", out)
        assert float(zeros[0]) == pytest.approx(float(zeros[1]), abs=0.005)
    assert (tmp_path / "demo" / "raw-410877-28.png").read_bytes().startswith(b"\x89PNG")
