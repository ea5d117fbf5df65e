"""``persistence camera``: check a camera's file, and begin one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

CAMERA = """
filters: [{physical: Bessell V, name: V, band: v}]
detectors: {key: ccd, names: {1: one}}
exposures: {raw: {template: 'raw/%(visit)d.fits', python: lsst.afw.image.DecoratedImageU}}
layouts:
  - {name: one, amplifiers: [A], data: DATASEC, trimmed: CCDSEC, gain: GAIN}
ingest:
  parse:
    translation: {visit: NUM}
    translators: {filter: filter_name}
  register: {columns: {visit: int, filter: text}, unique: [visit], visit: [visit]}
"""
CARDS = {
    "NUM": 3,
    "FILTER": "Bessell V",
    "DATASEC": "[2:3,1:2]",
    "CCDSEC": "[1:2,1:2]",
    "GAIN": 2.5,
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("camera.yaml").write_text(CAMERA)
    for name, cards in (("a.fits", CARDS), ("b.fits", {})):
        fits.PrimaryHDU(np.zeros((2, 3), "u2"), fits.Header(cards)).writeto(name)
    return tmp_path


def test_a_camera_and_its_files_are_shown(place: Path, run: Callable[..., Any]) -> None:
    done = run("camera", "check", "camera.yaml", "--try", "a.fits")
    assert (done.status, done.err) == (0, "")
    words = [line.split() for line in done.out.splitlines()]
    for line in (
        "keys visit int",
        "registry visit int, filter text",
        "filters V (Bessell V)",
        "goes to raw/3.fits",
        "rows visit=3 filter=V",
        "band v",
        "amplifiers name=A trimmed=[0, 0, 2, 2] data=[1, 0, 2, 2] overscan=[0, 0, 0, 0] gain=2.5",
    ):
        assert line.split() in words, done.out
    assert "cards not found  for=headers.visit" in done.out


def test_a_file_that_fails_is_the_exit_status(place: Path, run: Callable[..., Any]) -> None:
    done = run("camera", "check", "camera.yaml", "--try", "*.fits", "--format", "json")
    assert done.status == 1
    camera, good, bad = json.loads(done.out)
    assert (camera["what"], camera["layouts"]) == ("camera", [f"one ({place}/camera.yaml:6): A"])
    assert (good["goes to"], good["rows"]) == ("raw/3.fits", [{"visit": 3, "filter": "V"}])
    assert "the header has no NUM" in bad["problem"]
    assert {"for": "visit", "cards": "NUM"} in bad["cards not found"]


def test_a_camera_that_cannot_be_loaded_says_where(place: Path, run: Callable[..., Any]) -> None:
    Path("wrong.yaml").write_text("filters: 3\n")
    done = run("camera", "check", "wrong.yaml")
    assert done.status == 1
    assert f"{place}/wrong.yaml:1: filters has to be a list" in done.err
    assert run("camera", "check", "none.yaml").status == 2
    assert "there is no camera's file" in run("camera", "check", "none.yaml").err
    assert run("camera", "check").status == 2


@pytest.mark.parametrize("name", ["decam", "hsc", "latiss"])
def test_installed_cameras_are_shown_by_name(run: Callable[..., Any], name: str) -> None:
    done = run("camera", "check", name, "--format", "json")
    assert done.status == 0
    (camera,) = json.loads(done.out)
    assert camera["dataset types"] > 20
    assert "visit" in camera["keys"] or "expId" in camera["keys"]


def test_a_first_file_is_written_once_and_takes_the_files(
    place: Path, run: Callable[..., Any]
) -> None:
    header = fits.Header({"EXPNUM": 4, "DATE-OBS": "2024-03-01T02:03:04", "FILTER": "V", "GAIN": 2})
    fits.PrimaryHDU(np.zeros((2, 3), "u2"), header).writeto("c.fits")
    shown = run("camera", "new", "--from", "c.fits")
    assert shown.status == 0
    done = run("camera", "new", "--from", "c.fits", "-o", "new.yaml")
    assert (done.status, Path("new.yaml").read_text()) == (0, shown.out)
    command = done.out.splitlines()[-1].split()
    assert command == "persistence camera check new.yaml --try c.fits".split()
    assert run(*command[1:]).status == 0
    again = run("camera", "new", "--from", "c.fits", "-o", "new.yaml")
    assert again.status == 2
    assert "new.yaml is there already, and stays" in again.err


def test_files_that_tell_nothing_make_no_file(place: Path, run: Callable[..., Any]) -> None:
    done = run("camera", "new", "--from", "b.fits", "-o", "new.yaml")
    assert done.status == 1
    assert "these files cannot be distinguished" in done.err or "no file has a date" in done.err
    assert not Path("new.yaml").exists()
    assert run("camera", "new").status == 2
