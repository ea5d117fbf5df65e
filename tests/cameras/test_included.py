"""The cameras that come with the package: what one number tells, and integers that are taken apart."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits

from persistence import Butler
from persistence.cameras import installed
from persistence.errors import DataIdError, PolicyError
from persistence.files import entry_points
from persistence.types.exposure.exposure import Exposure
from persistence.types.pixels.box import Box

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "doc" / "cameras.rst"

# For each camera: how many detectors it has, the last one's number, and a whole data ID of it.
LSST: Mapping[str, Any] = {"visit": 1, "expId": 1, "filter": "i", "run": "r1", "dayObs": "2020-01-01", "seqNum": 1}  # fmt: skip
SUBARU: Mapping[str, Any] = {"visit": 1, "filter": "i", "field": "F", "pointing": 5, "dateObs": "2015-01-01"}  # fmt: skip
CAMERAS: Mapping[str, tuple[int | None, int, Mapping[str, Any]]] = {
    "comCam": (9, 8, {**LSST, "raftName": "R22", "detectorName": "S22"}),
    "decam": (61, 62, {"visit": 1, "filter": "g", "date": "2015-01-01"}),
    "hsc": (112, 111, SUBARU),
    "imsim": (189, 42, {**LSST, "raftName": "R11", "detectorName": "S20"}),
    "latiss": (1, 0, {**LSST, "detectorName": "S00"}),
    "lsstCam": (205, 204, {**LSST, "raftName": "R44", "detectorName": "SW1"}),
    "megacam": (36, 35, {"visit": 1, "filter": "i", "object": "o", "runId": "r", "date": "2015-01-01", "extension": 36, "state": "p"}),
    "phosim": (189, 188, {**LSST, "raftName": "R43", "detectorName": "S22"}),
    "suprimecam": (10, 9, SUBARU),
    "suprimecam-mit": (10, 9, SUBARU),
    "test": (1, 0, {"visit": 1, "filter": "g"}),
    "ts3": (None, 71, {**LSST, "raftName": "R071", "detectorName": "S00"}),
    "ts8": (99, 98, {**LSST, "raftName": "RTM-014", "detectorName": "S22"}),
    "ucd": (3, 2, {**LSST, "raftName": "R02", "detectorName": "S00"}),
}  # fmt: skip
NAMES = ("detector", "sensor", "ccd", "ccdnum")


def repository(root: Path, camera: str, row: Mapping[str, Any]) -> Butler:
    """Return a repository whose registry has one exposure."""
    root.mkdir()
    (root / "_mapper").write_text(f"{camera}\n")
    with sqlite3.connect(root / "registry.sqlite3") as db:
        for table in ("raw", "raw_visit"):
            db.execute(f"CREATE TABLE {table} ({', '.join(row)})")
            db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", [*row.values()])
    db.close()
    return Butler(root)


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_detector_is_found_by_its_number_whatever_it_is_called(
    tmp_path: Path, camera: str
) -> None:
    _, number, data_id = CAMERAS[camera]
    mapper = installed.find(camera)()
    key = mapper.detector_key
    assert key is not None
    butler = repository(tmp_path / "repo", camera, {**data_id, key: number})
    pixels = np.arange(12, dtype=np.float32).reshape(3, 4)
    butler.put(Exposure(pixels, fits.Header()), "calexp", {**data_id, key: number})
    for name in NAMES:
        found = butler.get("calexp", {"visit": 1, name: number})
        assert np.array_equal(found.image, pixels), name
        assert butler.datasetExists("calexp", {"visit": 1, name: number})
        assert not butler.datasetExists("calexp", {"visit": 2, name: number})


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_detector_that_there_is_not_is_refused(tmp_path: Path, camera: str) -> None:
    count, _, _ = CAMERAS[camera]
    mapper = installed.find(camera)()
    assert (mapper.detector_numbers and len(mapper.detector_numbers)) == count
    if mapper.detector_numbers is None:
        return
    wrong = max(mapper.detector_numbers) + 1
    (tmp_path / "_mapper").write_text(f"{camera}\n")
    butler = Butler(tmp_path)
    for number in (wrong, -1):
        with pytest.raises(
            DataIdError, match=rf"the camera has no detector {number} \({mapper.detector_key} is "
        ):
            butler.get("ccdExposureId", visit=1, detector=number)


@pytest.mark.parametrize("camera", [camera for camera in CAMERAS if camera != "test"])
def test_an_integer_of_an_exposure_is_taken_apart_again(camera: str) -> None:
    mapper = installed.find(camera)()
    for number in mapper.detector_numbers or (0, 71):
        for visit in (0, 1, 204595):
            data_id = {"visit": visit, mapper.detector_key: number}
            whole = mapper.exposure_of(mapper._computeCcdExposureId(data_id))
            assert whole == {key: data_id[key] for key in whole}
            assert "visit" in whole
            assert mapper.detector_key in whole or len(mapper.detector_numbers) == 1


@pytest.mark.parametrize("camera", [camera for camera in CAMERAS if camera != "test"])
def test_an_integer_of_a_patch_is_taken_apart_again(camera: str) -> None:
    mapper = installed.find(camera)()
    packer = mapper.coadd_packer
    for label in mapper.translator.filters[: 1 << packer.filter_bits]:
        tract = 9813 % (1 << packer.tract_bits)
        data_id = {"tract": tract, "patch": "4,5", "filter": label.name}
        found = mapper.coadd_of(mapper._computeCoaddExposureId(data_id, True))
        assert found == data_id
        del data_id["filter"]
        assert mapper.coadd_of(mapper._computeCoaddExposureId(data_id, False), False) == data_id


def test_integers_are_those_of_the_original() -> None:
    """From the tests of obs_sdss, and from doc/gen2/gen2-core.md, 6.7."""
    sdss = installed.find("sdss")()
    for data_id, number in (
        ({"run": 6537, "camcol": 3, "filter": "r", "field": 514}, 6537230514),
        ({"run": 4933, "camcol": 3, "filter": "g", "field": 748}, 4933130748),
    ):
        assert sdss._computeCcdExposureId(data_id) == number
        assert sdss.exposure_of(number) == data_id
    assert installed.find("imsim")().exposure_of(204595042) == {"visit": 204595, "detector": 42}
    assert installed.find("hsc")().exposure_of(245649) == {"visit": 1228, "ccd": 49}


def test_arrays_are_taken_apart_too() -> None:
    found = installed.find("hsc")().exposure_of(np.array([245649, 245650]))
    assert found["visit"].tolist() == [1228, 1228]
    assert found["ccd"].tolist() == [49, 50]


@pytest.mark.parametrize(
    ("camera", "number", "message"),
    [
        ("hsc", 1228 * 200 + 112, r"the camera has no detector 112 \(ccd is 0 to 111\)"),
        ("decam", 1 * 100 + 61, r"ccdnum is 1 to 62 without 61"),
        ("sdss", 6537930514, r"filter has no value with the number 9 \(known: 0 \(u\), 1 \(g\)"),
    ],
)
def test_an_integer_of_no_exposure_is_refused(camera: str, number: int, message: str) -> None:
    with pytest.raises(DataIdError, match=message):
        installed.find(camera)().exposure_of(number)


def test_an_integer_of_no_patch_is_refused() -> None:
    hsc = installed.find("hsc")()
    for number in (1 << 32, (1 << 6) - 1):  # a tract, and a filter, that there are not
        with pytest.raises(DataIdError, match=f"^{number} is not the number of a patch of a coadd"):
            hsc.coadd_of(number)


def test_a_camera_that_numbers_nothing_says_so(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text("exposures: {raw: {template: 'r%(visit)d.fits', python: x.Y}}\n")
    mapper = installed.find(str(path), [str(path)])()
    with pytest.raises(PolicyError, match="does not define numbers of the camera's exposures"):
        mapper.exposure_of(1)
    with pytest.raises(PolicyError, match="does not define numbers of the camera's coadds"):
        mapper.coadd_of(1)


def test_numbers_narrow_the_names_that_a_base_lists() -> None:
    lsstcam, imsim = installed.find("lsstCam")(), installed.find("imsim")()
    assert lsstcam.detector_names[189] == "R00_SG0"
    assert 189 not in imsim.detector_names
    assert imsim.detector_names[188] == lsstcam.detector_names[188] == "R43_S22"


def table() -> dict[str, list[str]]:
    """Return the table of doc/cameras.rst: camera -> its four cells."""
    lines = PAGE.read_text().split("Included\n--------\n")[1].splitlines()
    found = [line.split() for line in lines if line.startswith("``") and "test_" in line]
    return {cells[0].strip("`"): cells[1:] for cells in found if len(cells) == 5}


def test_the_table_has_the_cameras_that_are_there_with_what_their_files_say() -> None:
    announced = {name for name in entry_points.announced("persistence.cameras") if "." not in name}
    cells = table()
    assert set(cells) == announced
    for camera, (read, filled, calibrated, _) in cells.items():
        mapper = installed.find(camera)
        assert read != "-"
        assert (filled != "-") == (mapper.ingestFile is not None), camera
        assert (calibrated != "-") == (mapper.ingestCalibsFile is not None), camera
        for cell in cells[camera]:
            assert cell == "-" or (TESTS / cell).is_file(), cell


def own_package(folder: Path) -> Path:
    """Write the package of doc/cameras.rst."""
    page = PAGE.read_text().split("A package of your own\n-----")[1].split("A package of Gen2\n")[0]
    for name, block in re.findall(r"^``([\w./]+)``.*?::\n\n((?:    .*\n|\n)+)", page, re.MULTILINE):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(block))
    return folder


def test_a_package_with_a_camera_and_a_function_of_its_own_is_installed_and_used(
    tmp_path: Path,
) -> None:
    """As doc/cameras.rst has it."""
    pytest.importorskip("setuptools")
    source, site, repo = own_package(tmp_path / "obs"), tmp_path / "site", tmp_path / "repo"
    # What pip has setuptools do; pip itself would fetch the newest setuptools first.
    site.mkdir()
    setup = [sys.executable, "-c", "import setuptools; setuptools.setup()", "--quiet"]
    words = ["build_py", "--build-lib", str(site), "egg_info", "--egg-base", str(site)]
    subprocess.run([*setup, *words], cwd=source, check=True, capture_output=True)
    header = fits.Header({"INSTRUME": "Toy", "DAY": 12, "HOUR": "D", "EXPTIME": 7.5})
    fits.PrimaryHDU(np.ones((2, 3), np.float32), header).writeto(tmp_path / "a.fits")
    header["INSTRUME"] = "Other"
    fits.PrimaryHDU(np.ones((2, 3), np.float32), header).writeto(tmp_path / "b.fits")
    script = """
import sys
from persistence import Butler
from persistence.cli import ingest_images, main
repo, a, b = sys.argv[1:]
assert main.main(["create", repo, "--camera", "toy"]) == 0
assert ingest_images.main([repo, "--mode", "copy", a]) == 0
assert ingest_images.main([repo, "--mode", "copy", b]) == 1
raw = Butler(repo).get("raw", visit=123)
assert raw.visit_info.exposure_time == 7.5, raw.visit_info
print(Butler(repo).queryMetadata("raw", ["visit", "expTime"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(repo), str(tmp_path / "a.fits"), str(tmp_path / "b.fits")],
        env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("[(123, 7.5)]\n")
    assert "it is from another camera: INSTRUME is 'Other', not Toy" in done.stdout
    assert (repo / "_mapper").read_text() == "toy\n"
    assert (repo / "raw/000123.fits").is_file()


@pytest.mark.real
def test_megacam_s_detectors_lie_where_a_real_header_has_them(real: Path, tmp_path: Path) -> None:
    text = (real / "camera_headers" / "fitsheader-megaprime.yaml").read_text()
    cards = {card[0]: card[2] for card in yaml.safe_load(text.split("\n", 1)[1])}
    (tmp_path / "_mapper").write_text("megacam\n")
    camera = Butler(tmp_path).get("camera")
    assert len(camera) == 36
    detector = camera[cards["EXTNAME"]]
    assert detector.id == 2
    # The middle of the detector from the axis, in degrees to the east and north, by the linear WCS.
    middle = np.array(detector.reference) + 1 - [cards["CRPIX1"], cards["CRPIX2"]]
    sky = middle * [cards["CD1_1"], cards["CD2_2"]]
    # x of the focal plane is to the west.
    ours = np.array(detector.position) * [-1, 1] * 13.7 / 3600
    assert np.allclose(ours, sky, rtol=0.03)
    # A pixel's step has the direction and the length of the header's.
    assert detector.orientation[0] == 180.0
    assert detector.pixel_size[0] * 13.7 / 3600 == pytest.approx(abs(cards["CD1_1"]), rel=0.02)
    for letter, amplifier in zip("AB", detector.amplifiers, strict=True):
        assert amplifier.name == letter
        assert amplifier.data == Box.from_section(cards[f"DSEC{letter}"])
        assert amplifier.trimmed == Box.from_section(cards[f"CSEC{letter}"])
    # No two lie on each other.
    corners = [(detector.position[0], detector.position[1]) for detector in camera]
    for number, (x, y) in enumerate(corners):
        for other_x, other_y in corners[:number]:
            assert abs(x - other_x) > 2048 * 0.0135 or abs(y - other_y) > 4612 * 0.0135
