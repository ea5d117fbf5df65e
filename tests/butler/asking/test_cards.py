"""Cards of headers that a camera's file lists as indexed; astropy writes the files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Butler, PolicyError
from persistence.errors import ExpressionError, MissingPartWarning, UnknownKey
from persistence.files import fits_headers

POLICY = """
base: decam
index:
  calexp: [AIRMASS, {OBJECT: str, NCOMBINE: int}]
  raw: {DATE-OBS: str}
"""
CALEXP = "%(visit)07d/calexp/calexp-%(visit)07d_%(ccdnum)02d.fits"


def write(path: Path, in_extension: bool = False, **cards: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    hdus = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 2)))])
    hdus[1 if in_extension else 0].header.update(cards)
    hdus.writeto(path, overwrite=True)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = tmp_path / "repo"
    cards: dict[int, dict[str, Any]] = {
        1: {"AIRMASS": 1.25, "OBJECT": "COSMOS", "NCOMBINE": 3},
        2: {"AIRMASS": 2, "OBJECT": "", "NCOMBINE": 2.5},
        3: {"AIRMASS": "1.5"},
        4: {"AIRMASS": "unknown", "OBJECT": "Blind'15", "NCOMBINE": True},
    }
    for ccd, its in cards.items():
        write(repo / (CALEXP % {"visit": 7, "ccdnum": ccd}), ccd == 3, **its)
    (tmp_path / "camera.yaml").write_text(POLICY)
    return repo


@pytest.fixture
def butler(repo: Path) -> Butler:
    return Butler(str(repo), mapper=str(repo.parent / "camera.yaml"))


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files whose headers are read."""
    names: list[str] = []
    original = fits_headers.scan

    def scan(path: str) -> Any:
        names.append(os.path.basename(path))
        return original(path)

    monkeypatch.setattr(fits_headers, "scan", scan)
    return names


def test_cards_are_columns_of_their_types_and_null_where_a_header_has_none(butler: Butler) -> None:
    rows = butler.query("calexp", columns=["ccdnum", "AIRMASS", "OBJECT", "NCOMBINE"])
    assert list(rows.tuples()) == [
        (1, 1.25, "COSMOS", 3),
        (2, 2.0, None, None),
        (3, 1.5, None, None),
        (4, None, "Blind'15", None),
    ]
    assert butler.query("calexp", "AIRMASS between 1.4 and 2")["ccdnum"] == [2, 3]
    assert butler.query("calexp", "OBJECT == 'Blind''15' or NCOMBINE > 2")["ccdnum"] == [1, 4]
    assert butler.query("calexp", "AIRMASS is null", order="-AIRMASS")["ccdnum"] == [4]
    assert butler.query("calexp", AIRMASS=[1.25, 2])["ccdnum"] == [1, 2]
    assert butler.query("calexp").columns == ("visit", "ccdnum")


def test_a_header_is_read_once_and_only_if_it_matters(
    butler: Butler, repo: Path, scanned: list[str]
) -> None:
    assert butler.query("calexp", "AIRMASS > 1 and ccdnum < 3")["ccdnum"] == [1, 2]
    assert scanned == ["calexp-0000007_01.fits", "calexp-0000007_02.fits"]
    scanned.clear()
    assert butler.query("calexp", "AIRMASS > 1")["ccdnum"] == [1, 2, 3]
    assert scanned == ["calexp-0000007_03.fits", "calexp-0000007_04.fits"]
    scanned.clear()
    assert butler.query("calexp", "OBJECT is not null")["ccdnum"] == [1, 4]  # all were read
    assert scanned == []
    write(repo / (CALEXP % {"visit": 7, "ccdnum": 1}), AIRMASS=3.0, MORE="so that it is larger")
    os.utime(
        repo / (CALEXP % {"visit": 7, "ccdnum": 1}), (5, 5)
    )  # in place: the directory is as it was
    assert butler.query("calexp", "AIRMASS > 1.9")["ccdnum"] == [1, 2]
    assert scanned == ["calexp-0000007_01.fits"]


def test_without_a_cache_headers_are_read_again(
    butler: Butler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scanned: list[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "cache"))
    for _ in range(2):
        assert butler.query("calexp", "AIRMASS > 1.9")["ccdnum"] == [2]
    assert len(scanned) == 8


def test_a_damaged_cache_is_begun_anew(
    butler: Butler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert butler.query("calexp", "AIRMASS > 1.9")["ccdnum"] == [2]
    (kept,) = (tmp_path / "cache").rglob("*.cards")
    kept.write_bytes(b"not a database" * 100)
    assert butler.query("calexp", "AIRMASS > 1.9")["ccdnum"] == [2]


def test_a_file_that_is_not_fits_has_no_cards_and_is_told(butler: Butler, repo: Path) -> None:
    for ccd in (5, 6):
        (repo / (CALEXP % {"visit": 7, "ccdnum": ccd})).write_text("no header")
    with pytest.warns(MissingPartWarning, match=r"no cards of .*_05\.fits: .* \(and 1 more\)"):
        rows = butler.query("calexp", columns=["ccdnum", "AIRMASS"])["AIRMASS"]
    assert rows == [1.25, 2.0, 1.5, None, None, None]


def test_a_list_is_of_all_exposures(repo: Path) -> None:
    camera = repo.parent / "camera.yaml"
    camera.write_text("base: decam\nindex: [AIRMASS, {OBJECT: str}]\n")
    butler = Butler(str(repo), mapper=str(camera))
    assert butler.query("calexp", "AIRMASS > 1.9")["ccdnum"] == [2]
    butler.query("icExp", "OBJECT == 'x'")
    with pytest.raises(UnknownKey, match="unknown key 'AIRMASS'"):
        butler.query("src", "AIRMASS > 1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("index: {calxep: [AIRMASS]}", "no dataset type 'calxep'; did you mean 'calexp'"),
        ("index: {calexp: [3]}", "index.calexp has to be text, not 3"),
        ("index: {calexp: {AIRMASS: double}}", "AIRMASS is int, float or str, not 'double'"),
        ("index: [{AIRMASS: 3}]", "AIRMASS is int, float or str, not 3"),
        ("index: AIRMASS", "index has to be a mapping, not 'AIRMASS'"),
        ("index: {calexp: AIRMASS}", "index.calexp has to be a mapping, not 'AIRMASS'"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_the_camera_is_loaded(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "camera.yaml").write_text(f"base: decam\n{text}\n")
    with pytest.raises(PolicyError, match=rf"camera\.yaml:2: .*{message}"):
        Butler(str(tmp_path), mapper=str(tmp_path / "camera.yaml"))


def test_types_of_cards_are_checked(butler: Butler) -> None:
    with pytest.raises(ExpressionError, match="OBJECT is a text, but 3 is a whole number"):
        butler.query("calexp", "OBJECT == 3")
    assert butler.query("raw", "`DATE-OBS` > 2014-02-20").columns  # a key that is no word


@pytest.mark.real
def test_real_calexps_have_the_cards_that_astropy_reads(real: Path, tmp_path: Path) -> None:
    (source,) = (real / "gen2_repos" / "obs_test").rglob("example-calexp.fits.gz")
    repo = tmp_path / "repo"
    (repo / "0000001" / "calexp").mkdir(parents=True)
    shutil.copy(source, repo / "0000001" / "calexp" / "calexp-0000001_01.fits.gz")
    header = fits.getheader(source)
    cards = [card for card in header if isinstance(header[card], float)][:3]
    assert cards
    (tmp_path / "camera.yaml").write_text(f"base: decam\nindex: {{calexp: {cards}}}\n")
    butler = Butler(str(repo), mapper=str(tmp_path / "camera.yaml"))
    (row,) = butler.query("calexp", columns=cards)
    assert row == {card: header[card] for card in cards}
