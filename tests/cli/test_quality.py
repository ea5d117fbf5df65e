"""``persistence quality``: the table over a rerun, its bounds and its pictures."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler
from persistence.cli import main
from persistence.plot import quality as pictures
from persistence.quality.catalogs import catalog
from persistence.quality.columns import arrays
from persistence.tasks.consolidate_visit_summary import consolidated

CAMERA = """\
exposures: {raw: {template: 'raw/%(visit)d-%(ccd)d.fits'}}
levels: {visit: [ccd]}
detectors: {key: ccd}
"""


def some(visit: int, ccd: int) -> dict[str, Any]:
    """Return a row: of detector 3, the zero point is off, of 5, nothing was calibrated."""
    column, row = ccd % 3, ccd // 3
    ra, dec = 10 - 0.2 * column, 20 + 0.1 * row
    return {
        "id": ccd, "visit": visit, "band": "r", "detectorName": f"S{ccd}",
        "expMidptMJD": 57000 + 0.01 * visit, "seeing": 1.0 + 0.01 * ccd, "psfSigma": 1.7,
        "e1": 0.03, "e2": 0.04, "skyBg": 700.0 + ccd, "skyNoise": 27.0, "pixelScale": 0.26,
        "zeroPoint": None if ccd == 5 else 29.0 if (visit, ccd) == (1, 3) else 30.0,
        "magLim": None if ccd == 5 else 23.8, "nSource": 1000, "fractionMasked": 0.01,
        "raCorners": [ra + 0.09, ra - 0.09, ra - 0.09, ra + 0.09],
        "decCorners": [dec - 0.04, dec - 0.04, dec + 0.04, dec + 0.04],
    }  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a repository with a rerun of two visits of six detectors."""
    folder = tmp_path_factory.mktemp("quality") / "repo"
    folder.mkdir()
    (folder / "camera.yaml").write_text(CAMERA)
    (folder / "_mapper").write_text("camera.yaml\n")
    butler = Butler(inputs=str(folder), outputs={"root": str(folder / "rerun/a"), "mode": "rw"})
    for visit in (1, 2):
        for ccd in range(6):
            butler.put(catalog([some(visit, ccd)]), "ccdSummary", visit=visit, ccd=ccd)
    return str(folder)


def run(*words: str) -> int:
    return main.main(["quality", *words])


def test_the_table_shows_medians_and_suspicious_exposures_first(root: str, capsys: Any) -> None:
    assert run(root, "--rerun", "a") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "12 exposures of 2 visits; 1 is suspicious"
    assert lines[2] == "medians"
    medians = lines[4].split()
    assert medians == "1 r 6 1 1.02 0.050 702 27.0 30.000 23.80 - 1000 - - 1.00".split()
    assert lines[7].split()[:4] == ["visit", "detector", "name", "band"]
    assert lines[8].startswith("    1         3  S3    r")
    assert lines[8].endswith("zeroPoint 29 < 29.9 (visit 30)")
    uncalibrated = next(line.split() for line in lines[9:] if line.split()[:2] == ["1", "5"])
    assert uncalibrated[8:10] == ["-", "-"]
    assert len(lines) == 20


def test_json_and_csv_have_every_column_and_the_keys(root: str, capsys: Any) -> None:
    assert run(f"{root}/rerun/a", "--format", "json", "--id", "visit=1", "ccd=3^5") == 0
    odd, uncalibrated = json.loads(capsys.readouterr().out)
    assert (odd["visit"], odd["ccd"], odd["suspicious"]) == (1, 3, False)  # of two, none is odd
    assert uncalibrated["zeroPoint"] is None
    assert odd["raCorners"] == pytest.approx([10.09, 9.91, 9.91, 10.09])
    assert run(f"{root}/rerun/a", "--format", "csv", "--where", "ccd < 4 or visit == 2") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 10
    assert (rows[0]["ccd"], rows[0]["zeroPoint"]) == ("0", "30.0")


@pytest.mark.parametrize(
    ("words", "status", "suspicious"),
    [
        ([], 0, 1),
        (["--strict"], 3, 1),
        (["--strict", "--bound", "zeroPoint:none"], 0, 0),
        (["--strict", "--bound", "seeing:max=1.035"], 3, 5),
        (["--strict", "--bounds", "{file}"], 3, 12),
        (["--strict", "--bounds", "{file}", "--bound", "skyBg:none"], 0, 0),
    ],
)
def test_bounds_decide_what_is_suspicious(
    root: str, tmp_path: Path, capsys: Any, words: list[str], status: int, suspicious: int
) -> None:
    file = tmp_path / "bounds.yaml"
    file.write_text("zeroPoint: null\nskyBg: {max: 100}\n")
    typed = [word.format(file=file) for word in words]
    assert run(root, "--rerun", "a", "--format", "json", *typed) == status
    rows = json.loads(capsys.readouterr().out)
    assert sum(row["suspicious"] for row in rows) == suspicious
    assert all(row["suspicious"] == bool(row["reasons"]) for row in rows)


def test_rows_are_sorted_by_any_column(root: str, capsys: Any) -> None:
    for sort, expected in (("seeing-", 5), ("seeing", 0), ("detectorName-", 5), ("ellipticity", 0)):
        assert run(root, "--rerun", "a", "--sort", sort, "--format", "json") == 0
        assert json.loads(capsys.readouterr().out)[0]["ccd"] == expected


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--rerun", "b"], 2, "there is no rerun 'b' in .*known: a"),
        ([], 1, "No summaries: ccdSummary or visitSummary"),
        (["--rerun", "a", "--id", "visit=9"], 1, "No summaries"),
        (["--rerun", "a", "--id", "vizit=9"], 2, "vizit"),
        (["--rerun", "a", "--sort", "seing"], 2, "no column 'seing'.*seeing"),
        (["--rerun", "a", "--bound", "seing:max=1"], 2, "there is no quantity 'seing'.*seeing"),
        (["--rerun", "a", "--bound", "seeing<1"], 2, "is not a bound, such as seeing:max=2"),
        (["--rerun", "a", "--plot", "q.txt"], 2, "no picture is written as 'txt'"),
        (["--rerun", "a", "--bounds", "absent.yaml"], 1, "absent.yaml"),
    ],
)
def test_what_goes_wrong_is_told(
    root: str, caplog: Any, words: list[str], status: int, message: str
) -> None:
    assert run(root, *words) == status
    import re

    assert re.search(message, caplog.text, re.S), caplog.text


def test_summaries_of_visits_are_read_where_there_are_no_others(
    root: str, tmp_path: Path, capsys: Any
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "camera.yaml").write_text(CAMERA)
    (other / "_mapper").write_text("camera.yaml\n")
    rows = consolidated([catalog([some(1, ccd)]) for ccd in range(6)])
    Butler(str(other)).put(rows, "visitSummary", visit=1)
    assert run(str(other), "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in found] == [3, 0, 1, 2, 4, 5]
    assert found[0]["reasons"] == "zeroPoint 29 < 29.9 (visit 30)"


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ([], b"\x89PNG"),
        (["--id", "visit=2"], b"\x89PNG"),
        (["--over", "focal-plane"], b"\x89PNG"),
    ],
)
def test_pictures_are_drawn(root: str, tmp_path: Path, words: list[str], first: bytes) -> None:
    path = tmp_path / "q.png"
    assert run(root, "--rerun", "a", "-q", "--plot", str(path), *words) == 0
    assert path.read_bytes().startswith(first)


def table(*rows: dict[str, Any]) -> Any:
    return arrays(list(rows))


def test_over_time_points_are_where_their_exposures_are() -> None:
    every = table(*(some(visit, ccd) for visit in (1, 2) for ccd in range(6)))
    marked = np.arange(12) == 3
    figure = pictures.time(every, marked)
    seeing, zero, _sky, depth = figure.axes
    points = seeing.lines[0].get_xydata()
    assert np.allclose(points[:, 0], [24 * 0.01] * 6 + [24 * 0.02] * 6, atol=1e-6)
    assert np.allclose(points[:6, 1], 1 + 0.01 * np.arange(6), atol=1e-6)
    assert zero.lines[1].get_xydata()[:, 1].tolist() == [29.0]
    assert depth.get_xlabel() == "hours after MJD 57000 (TAI)"
    assert figure.get_suptitle() == "12 exposures of 2 visits (r), 1 suspicious"


def test_in_the_focal_plane_east_is_to_the_left_and_detectors_keep_their_size() -> None:
    every = table(*(some(1, ccd) for ccd in range(6)))
    figure = pictures.focal_plane(every, np.arange(6) == 3)
    axes = figure.axes[0]
    left, right = axes.get_xlim()
    assert left > right
    shapes = [path.vertices[:4] for path in axes.collections[0].get_paths()]
    widths = [np.ptp(shape[:, 0]) for shape in shapes]
    assert widths == pytest.approx([0.18 * 60 * np.cos(np.radians(20))] * 6, rel=0.01)
    assert shapes[0][:, 0].mean() > shapes[1][:, 0].mean()  # the first lies in the east
    assert axes.collections[0].get_array()[2] == pytest.approx(1.02)
    assert len(axes.patches) == 1


def test_what_is_not_known_is_said() -> None:
    nothing = table({"visit": 1, "id": 2}, {"visit": 2, "id": 2})
    for draw in (pictures.time, pictures.focal_plane):
        figure = draw(nothing, np.zeros(2, bool))
        assert {"not known", "no positions are known"} & {
            text.get_text() for axes in figure.axes for text in axes.texts
        }
        figure.draw_without_rendering()
