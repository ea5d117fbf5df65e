"""A first file of a camera, guessed from headers: it has to load, and to take the very files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits

from persistence import FormatterError
from persistence.cameras.yaml_camera import mapper_class
from persistence.ingest import guess, trial

AMATEUR = {"FILTER": "V", "DATE-OBS": "2024-03-01T02:03:04", "EXPTIME": 30.0}


def night(folder: Path, *headers: dict[str, Any], name: str = "light_{:03d}.fits") -> list[str]:
    paths = []
    for number, cards in enumerate(headers, 1):
        path = folder / name.format(number)
        fits.PrimaryHDU(np.zeros((4, 6), "u2"), fits.Header({**AMATEUR, **cards})).writeto(path)
        paths.append(str(path))
    return paths


def tried(folder: Path, paths: list[str]) -> list[trial.Tried]:
    """Try the guessed file on the files that it was guessed from."""
    text = guess.camera(paths)
    (folder / "new.yaml").write_text(text)
    found = [*trial.files(mapper_class(str(folder / "new.yaml")), paths)]
    assert [each.problem for each in found] == [""] * len(paths), text
    return found


@pytest.mark.parametrize(
    ("headers", "visits", "told"),
    [
        ([{"EXPNUM": 7}, {"EXPNUM": 9}], [7, 9], "EXPNUM differs in all 2 files"),
        ([{"EXPNUM": 7, "RUN": 1}, {"EXPNUM": 7, "RUN": 2}], [1, 2], "RUN differs"),
        ([{"FRAMEID": "SUPA003"}, {"FRAMEID": "SUPA014"}], [3, 14], "last number of FRAMEID"),
        ([{}, {}], [1, 2], "the last number of the file's name differs in all 2 files; no card"),
        ([{"IMAGEID": 3}], [3], "IMAGEID is a whole number in all files"),
    ],
)
def test_a_visit_is_what_tells_the_files_apart(
    tmp_path: Path, headers: Any, visits: list[int], told: str
) -> None:
    paths = night(tmp_path, *headers)
    assert [each.rows[0]["visit"] for each in tried(tmp_path, paths)] == visits
    assert f"# guess: {told}" in " ".join(guess.camera(paths).split("the last ")).replace(
        "# guess: number", "# guess: the last number"
    ) or told in guess.camera(paths)


def test_filters_times_and_nights_are_guessed_and_marked(tmp_path: Path) -> None:
    paths = night(
        tmp_path,
        {"EXPNUM": 1, "FILTER": "Bessell V", "LONGITUD": -70.8, "OBJECT": "M31", "SECZ": 1.2},
        {"EXPNUM": 2, "FILTER": "r", "LONGITUD": -70.8, "OBJECT": "M33", "SECZ": 1.3},
    )
    text = guess.camera(paths)
    rows = [each.rows[0] for each in tried(tmp_path, paths)]
    assert [(row["filter"], row["date"], row["object"]) for row in rows] == [
        ("Bessell", "2024-02-29", "M31"),
        ("r", "2024-02-29", "M33"),
    ]
    said = yaml.safe_load(text)
    assert said["filters"] == [
        {"physical": "Bessell V", "name": "Bessell"},
        {"physical": "r", "name": "r"},
    ]
    assert said["headers"]["visit"] == {
        "exposure_id": "EXPNUM", "airmass": "SECZ", "longitude": "LONGITUD",
    }  # fmt: skip
    for line in text.splitlines():
        if any(word in line for word in ("SECZ", "LONGITUD", "EXPNUM")):
            assert "guess" in line or "translation:" in line or "longitude: LONG" in line


def test_filters_that_begin_alike_have_names_of_their_own(tmp_path: Path) -> None:
    paths = night(
        tmp_path,
        {"EXPNUM": 1, "FILTER": "Bessell V"},
        {"EXPNUM": 2, "FILTER": "Bessell R"},
    )
    rows = [each.rows[0] for each in tried(tmp_path, paths)]
    assert [row["filter"] for row in rows] == ["Bessell_V", "Bessell_R"]


def test_a_file_with_an_overscan_is_one_amplifier(tmp_path: Path) -> None:
    sections = {"BIASSEC": "[1:2,1:4]", "TRIMSEC": "[3:6,1:4]", "EGAIN": 1.25, "READNOIS": 6.0}
    (found,) = tried(tmp_path, night(tmp_path, {"EXPNUM": 1, **sections}))
    assert found.exposure is not None
    assert found.exposure.detector is not None
    (amplifier,) = found.exposure.detector.amplifiers
    assert (amplifier.gain, amplifier.read_noise, amplifier.overscan.width) == (1.25, 6.0, 2)


def test_many_detectors_are_told_by_the_card_that_differs(tmp_path: Path, raws: list[str]) -> None:
    """DECam's own camera tells what is right."""
    from obs_decam import DecamMapper

    (found,) = tried(tmp_path, raws[:1])
    (theirs,) = trial.files(DecamMapper, raws[:1])
    own = {row["ccd"]: row["hdu"] for row in found.rows}
    assert {row["ccdnum"]: row["hdu"] for row in theirs.rows}.items() <= own.items()
    assert {row["visit"] for row in found.rows} == {row["visit"] for row in theirs.rows}


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", [
    "imsim/raw/204595/R11/00204595-R11-S20-det042.fits",
    pytest.param("latiss/raw/2018-09-20/3018092000065-det000.fits", marks=pytest.mark.slow),
])  # fmt: skip
def test_a_real_raw_of_sixteen_amplifiers_is_one_detector(
    real: Path, tmp_path: Path, path: str
) -> None:
    shutil.copy(real / "gen2_repos" / path, tmp_path / "raw.fits")
    (found,) = tried(tmp_path, [str(tmp_path / "raw.fits")])
    assert found.exposure is not None
    assert found.exposure.detector is not None
    assert len(found.exposure.detector.amplifiers) == 16
    box = found.exposure.detector.bbox
    assert box is not None
    assert (box.width, box.height) == (4072, 4000)


@pytest.mark.real
@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("decam_headers/fitsheader-decam.yaml", ("DATASEC", "BIASSEC", "CCDSEC")),
        ("camera_headers/fitsheader-megaprime.yaml", ("DSEC", "BSEC", "CSEC")),
    ],
)
def test_amplifiers_of_one_image_are_those_that_real_headers_tell_of(
    real: Path, tmp_path: Path, path: str, keys: tuple[str, str, str]
) -> None:
    slices = pytest.importorskip("ccdproc.utils.slices")
    text = (real / path).read_text()
    if text.startswith("!<lsst"):
        cards = {card[0]: card[2] for card in yaml.safe_load(text.split("\n", 1)[1])}
    else:
        cards = yaml.safe_load(text)
    kept = ("EXPNUM", "FILTER", "GAIN", "RDNOISE", "SATURAT", "OBJECT", *keys)
    header = fits.Header({key: cards[key] for key in cards if key.startswith(kept)})
    header["DATE-OBS"] = cards["DATE-OBS"][:10]
    image = np.zeros((cards["NAXIS2"], cards.get("ZNAXIS1", 2112)), "u1")
    fits.PrimaryHDU(image, header).writeto(tmp_path / "raw.fits")
    (found,) = tried(tmp_path, [str(tmp_path / "raw.fits")])
    assert found.exposure is not None
    assert found.exposure.detector is not None
    amplifiers = found.exposure.detector.amplifiers
    assert [each.name for each in amplifiers] == ["A", "B"]
    for each in amplifiers:
        areas = (each.data, each.overscan, each.trimmed)
        for key, area in zip(keys, areas, strict=True):
            section = slices.slice_from_string(cards[key + each.name], fits_convention=True)
            assert area.slices == section
        assert (each.gain, each.read_noise) == (
            cards[f"GAIN{each.name}"],
            cards[f"RDNOISE{each.name}"],
        )


def test_what_cannot_be_guessed_is_refused(tmp_path: Path) -> None:
    same = night(tmp_path, {}, name="light.fits")
    same += night(tmp_path, {}, name="dark.fits")
    with pytest.raises(FormatterError, match="these files cannot be distinguished"):
        guess.camera(same)
    with pytest.raises(FormatterError, match=r"there is no file .*none\*\.fits"):
        guess.camera([str(tmp_path / "none*.fits")])
    path = tmp_path / "bare3.fits"
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(path)
    with pytest.raises(FormatterError, match="no file has a date: none of DATE-OBS"):
        guess.camera([str(path)])
