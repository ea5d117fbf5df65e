"""What a camera's file makes of files: tried where nothing is left behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam import DecamMapper
from persistence import Butler, PolicyError
from persistence.cameras.yaml_camera import mapper_class
from persistence.ingest import trial

CAMERA = """
headers: {visit: {exposure_id: NUM, ra: [RA, TELRA]}}
exposures: {raw: {template: 'raw/%(visit)d.fits', python: lsst.afw.image.DecoratedImageU}}
ingest:
  parse:
    translation: {visit: NUM}
    translators: {field: {key: [FIELD, OBJECT], table: {M31: andromeda}}, filter: filter_name}
  register: {columns: {visit: int, field: text, filter: text}, unique: [visit], visit: [visit]}
"""


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "camera.yaml").write_text(CAMERA)
    return mapper_class(str(tmp_path / "camera.yaml"))


def write(folder: Path, name: str, **cards: Any) -> str:
    path = folder / name
    fits.PrimaryHDU(np.zeros((2, 3), "u2"), fits.Header(cards)).writeto(path)
    return str(path)


def test_a_file_is_told_with_its_place_row_and_cards_that_are_missing(
    tmp_path: Path, camera: Any
) -> None:
    path = write(tmp_path, "a.fits", NUM=3, OBJECT="M31", FILTER="V", TELRA=1.0)
    (tried,) = trial.files(camera, [path])
    assert (tried.file, tried.problem, tried.path) == (path, "", "raw/3.fits")
    assert tried.rows == ({"visit": 3, "field": "andromeda", "filter": "V"},)
    assert tried.exposure is not None
    assert tried.exposure.filter is not None
    assert tried.exposure.filter.name == "V"
    # OBJECT and TELRA are the second that is looked for; no card has a declination.
    assert tried.vain["headers.visit.dec"] == ("DEC",)
    assert tried.vain["headers.visit.date_middle"] == ("DATE-AVG", "MJD-AVG")
    assert not {"visit", "field", "headers.visit.ra", "headers.filter"} & {*tried.vain}
    assert os.listdir(tmp_path / "temporary") == []
    assert sorted(os.listdir(tmp_path)) == ["a.fits", "camera.yaml", "temporary"]


def test_a_card_that_cannot_be_what_it_is_for_is_told(tmp_path: Path, camera: Any) -> None:
    cards = {"OBSGEO-L": "+11 00 00", "AIRMASS": 0.5, "OBSGEO-B": 48.0}
    path = write(tmp_path, "a.fits", NUM=3, OBJECT="M31", FILTER="V", **cards)
    (tried,) = trial.files(camera, [path])
    assert tried.unread == {"longitude": "OBSGEO-L='+11 00 00'", "airmass": "AIRMASS=0.5"}


def test_what_fails_is_told_beside_what_does_not(tmp_path: Path, camera: Any) -> None:
    good = write(tmp_path, "a.fits", NUM=3, OBJECT="M31", FILTER="V")
    wrong = write(tmp_path, "b.fits", NUM=4, OBJECT="M33", FILTER="V")
    empty = write(tmp_path, "c.fits", FILTER="V")
    tried = {each.file: each for each in trial.files(camera, [good, wrong, empty, "none.fits"])}
    assert tried[good].problem == ""
    assert "camera.yaml:7: OBJECT='M33' is not in the table (M31)" in tried[wrong].problem
    assert "the header has no NUM (for visit), FIELD (for field)" in tried[empty].problem
    assert tried[empty].vain["visit"] == ("NUM",)
    assert tried[empty].vain["field"] == ("FIELD", "OBJECT")
    assert tried["none.fits"].problem == "no such file"


def test_a_file_that_can_be_ingested_and_not_read_is_told(tmp_path: Path, camera: Any) -> None:
    text = CAMERA + "layouts:\n  - {amplifiers: [A, B], hdu: AMP%(amp)s}\n"
    (tmp_path / "mef.yaml").write_text(text)
    path = write(tmp_path, "a.fits", NUM=3, OBJECT="M31", FILTER="V")
    (tried,) = trial.files(mapper_class(str(tmp_path / "mef.yaml")), [path])
    assert tried.problem.startswith(
        "it can be ingested, and not read: raw/3.fits: it has none of the layouts"
    )
    assert tried.path == "raw/3.fits"


def test_a_camera_of_a_class_is_tried_as_it_ingests(filled: Path, raws: list[str]) -> None:
    """The registry that the ingest wrote tells what is right."""
    tried = [*trial.files(DecamMapper, raws)]
    keys = ["visit", "ccdnum", "hdu", "filter", "date"]
    known = Butler(filled).queryMetadata("raw", keys)
    assert sorted(tuple(row[key] for key in keys) for each in tried for row in each.rows) == sorted(
        known
    )
    assert [each.path for each in tried] == [
        os.path.relpath(Butler(filled).getUri("raw", visit=each.rows[0]["visit"], ccdnum=25), filled).partition("[")[0]
        for each in tried
    ]  # fmt: skip


def test_a_camera_that_is_read_only_cannot_be_tried(tmp_path: Path) -> None:
    (tmp_path / "bare.yaml").write_text("exposures: {raw: {template: 'raw/%(visit)d.fits'}}\n")
    with pytest.raises(PolicyError, match="has no section ingest: it is for reading only"):
        next(trial.files(mapper_class(str(tmp_path / "bare.yaml")), ["a.fits"]))
