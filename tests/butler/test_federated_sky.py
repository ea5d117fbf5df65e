"""The sky of several cameras: what each one's Butler says, joined."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence import Butler, Federation
from persistence.cli import main
from persistence.errors import DataIdError, UnknownDatasetType, UnknownKey
from persistence.sky import Circle
from tests.butler.sky.conftest import VISITS, calexp, survey, write  # noqa: F401  # a fixture

TOY = """
aliases: {detector: chip}
exposures:
  raw: {template: 'raw/%(visit)d_%(chip)02d.fits', python: lsst.afw.image.ExposureF, tables: raw}
  calexp: {template: 'calexp/%(visit)d_%(chip)02d.fits', tables: raw}
"""


@pytest.fixture
def both(survey: Path, tmp_path: Path) -> Federation:  # noqa: F811
    """Return DECam's survey, and a camera whose exposures 7 and 8 lie on its two tracts."""
    toy = tmp_path / "toy"
    toy.mkdir()
    (toy / "toy.yaml").write_text(TOY)
    (toy / "_mapper").write_text("toy.yaml\n")
    write(toy / "calexp" / "7_02.fits", 0.0, 0.0)
    write(toy / "calexp" / "8_02.fits", 0.2, 0.0)
    write(calexp(survey, 1), *VISITS[1])
    (tmp_path / "both.yaml").write_text(f"decam: {survey}\ntoy: {{root: toy}}\n")
    return Federation(tmp_path / "both.yaml")


def names(rows: object) -> list[tuple[str, int]]:
    return [(row["instrument"], row["visit"]) for row in rows]  # type: ignore[attr-defined]


def test_a_position_lists_all_cameras(both: Federation) -> None:
    answers = both.sky.at(359.995, 0.0, radius=0.02, types="calexp")
    assert names(answers["calexp"]) == [("decam", 1), ("toy", 7)]
    assert answers["calexp"].columns == ("instrument", "visit", "detector")
    assert [row["detector"] for row in answers["calexp"]] == [1, 2]
    every = both.sky.at(359.995, 0.0, radius=0.02)
    assert names(every["raw"]) == [("decam", 1), ("decam", 2)]
    assert names(both.sky.at(0, 0, 180, "calexp", instrument="toy")["calexp"]) == [
        ("toy", 7),
        ("toy", 8),
    ]
    assert names(both.sky.at(0, 0, 180, "calexp", detector=1)["calexp"]) == [("decam", 1)]


def test_a_tract_of_one_camera_has_the_exposures_of_all(both: Federation) -> None:
    rows = both.sky.overlaps("calexp", tract=0)
    assert names(rows) == [("decam", 1), ("toy", 7)]
    assert rows.columns == ("instrument", "visit", "detector", "covered")
    alone = Butler(both["decam"].chain.inputs[0].root).sky.overlaps("calexp", tract=0)
    assert rows[0]["covered"] == alone[0]["covered"]
    assert rows[1]["covered"] == pytest.approx(rows[0]["covered"], rel=1e-3)
    assert names(both.sky.overlaps("calexp", tract=1)) == [("toy", 8)]


def test_an_exposure_of_one_camera_lies_on_those_of_others(both: Federation) -> None:
    rows = both.sky.overlaps("calexp", instrument="decam", visit=1)
    assert names(rows) == [("toy", 7)]
    assert 0.3 < rows[0]["covered"] < 0.5  # 36 arcsec apart, of 60
    assert names(both.sky.overlaps("calexp", region=Circle(0.2, 0))) == [("toy", 8)]


def test_the_shell_asks_a_federation_too(
    both: Federation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["at", str(tmp_path / "both.yaml"), "0.2", "0", "--type", "calexp"]) == 0
    assert capsys.readouterr().out.split() == ["instrument", "visit", "detector", "toy", "8", "2"]
    words = ["--overlaps", "tract=0", "--type", "calexp"]
    assert main.main(["at", str(tmp_path / "both.yaml"), *words]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["decam", "1"],
        ["toy", "7"],
    ]


def test_headers_are_read_for_all_and_what_has_no_region_is_listed(
    both: Federation, tmp_path: Path
) -> None:
    write(tmp_path / "toy" / "calexp" / "9_02.fits", 0, 0, wcs=False)
    counts = both.sky.refresh()
    assert counts["toy"] == {"calexp": {"with": 2, "without": 1}}
    assert counts["decam"]["calexp"] == {"with": 1, "without": 0}
    (row,) = both.sky.without_region()
    assert (row["instrument"], row["type"]) == ("toy", "calexp")


def test_what_cannot_be_meant_is_refused(both: Federation) -> None:
    with pytest.raises(DataIdError, match="instrument is missing"):
        both.sky.overlaps("calexp", visit=1)
    with pytest.raises(DataIdError, match="decam"):
        both.sky.at(0, 0, instrument="decm")
    with pytest.raises(UnknownDatasetType):
        both.sky.at(0, 0, types="calxep")
    with pytest.raises(UnknownKey, match="filtre"):
        both.sky.at(0, 0, types="calexp", filtre="r")
