"""Exports of Gen3 taken over by repositories of Gen2."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler
from persistence.cli import main
from persistence.gen3 import export
from tests.gen3.conftest import DETECTORS, SKYMAP, VISITS, imported


@pytest.fixture(scope="module")
def ours(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an export of our own."""
    to = tmp_path_factory.mktemp("export")
    calibs = {"calibRoot": str(repository / "CALIB")}
    butlers = [Butler(repository, **calibs), Butler(repository / "rerun/me", **calibs)]
    options = export.Options(skymap=SKYMAP)
    export.write(export.plan(butlers, str(to), options))
    return to


def ids() -> list[tuple[str, str, dict[str, Any]]]:
    """Return the datasets of the repository: the tree, the type and the data ID."""
    found: list[tuple[str, str, dict[str, Any]]] = [
        ("", "deepCoadd_skyMap", {}),
        ("", "ref_cat", {"name": "gaia", "pixel_id": "164001"}),
        ("rerun/me", "deepCoadd", {"tract": 0, "patch": "8,4", "filter": "r"}),
    ]
    for visit in VISITS:
        for ccdnum in DETECTORS:
            data_id = {"visit": visit, "ccdnum": ccdnum}
            found += [("rerun/me", name, data_id) for name in ("raw", "calexp", "src", "bias")]
    return found


def same(one: Path, other: Path) -> None:
    """Check that each dataset has the same bytes in two repositories."""
    for tree, name, data_id in ids():
        paths = [
            Butler(root / tree, calibRoot=str(root / "CALIB")).getUri(name, data_id)
            for root in (one, other)
        ]
        first, second = (Path(path.partition("[")[0]).read_bytes() for path in paths)
        assert first == second, (name, data_id)


def test_what_was_exported_comes_back_byte_for_byte(
    repository: Path, ours: Path, tmp_path: Path
) -> None:
    target = tmp_path / "repo"
    words = ["import-gen3", str(ours / "export.yaml"), str(target)]
    assert main.main(words) == 0
    same(repository, target)
    assert main.main(words) == 0  # again: nothing to do
    same(repository, target)


@pytest.mark.slow
def test_an_export_by_gen3_itself_is_taken_over(
    repository: Path, ours: Path, tmp_path: Path
) -> None:
    gen3 = imported(tmp_path / "gen3", ours, transfer="copy")
    # Gen3 itself fails to copy a file with several detectors: it copies it for each
    (tmp_path / "out").mkdir()
    with gen3.export(
        directory=str(tmp_path / "out"), filename=str(tmp_path / "out.yaml"), transfer="direct"
    ) as out:
        for name in ("raw", "src", "calexp", "deepCoadd", "gaia", "bias", "skyMap"):
            refs = gen3.query_datasets(name, "*", find_first=False, with_dimension_records=True)
            out.saveDatasets(refs)
        out.saveCollection("DECam/calib")
        out.saveCollection("DECam/rerun/me")
    shutil.move(tmp_path / "out.yaml", tmp_path / "out/export.yaml")
    target = tmp_path / "repo"
    assert main.main(["import-gen3", str(tmp_path / "out/export.yaml"), str(target)]) == 0
    same(repository, target)


def test_what_gen2_cannot_hold_is_listed_with_the_reason(
    ours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ours / "export.yaml").read_text()
    text = text.replace("00:00:35.000000000", "07:00:35.000000000", 2)
    text = text.replace("src-0410877_25.fits", "src-0410877_25.parq")
    text = text.replace("dataset_type: deepCoadd\n", "dataset_type: objectTable_of_mine\n")
    changed = tmp_path / "in"
    shutil.copytree(ours, changed)
    (changed / "export.yaml").write_text(text)
    folder = changed / "rerun/me/0410877/src"
    shutil.copy(folder / "src-0410877_25.fits", folder / "src-0410877_25.parq")
    words = ["import-gen3", str(changed / "export.yaml"), str(tmp_path / "repo")]
    assert main.main([*words, "--format", "json"]) == 3
    rows = json.loads(capsys.readouterr().out)
    left = {row["gen3"]: row["reason"] for row in rows if row["status"] == "left"}
    assert "files of src are .fits" in left["src"]
    assert "no dataset type 'objectTable_of_mine'" in left["objectTable_of_mine"]
    assert "--round-days takes the nearest midnights" in left["bias"]
    rounded = [*words, "--format", "json", "--round-days"]
    assert main.main(rounded) == 3
    rows = json.loads(capsys.readouterr().out)
    assert "bias" not in {row["gen3"] for row in rows if row["status"] == "left"}


def test_gen2_chooses_the_bias_that_the_timespans_say(ours: Path, tmp_path: Path) -> None:
    target = tmp_path / "repo"
    assert main.main(["import-gen3", str(ours / "export.yaml"), str(target)]) == 0
    butler = Butler(target, calibRoot=str(target / "CALIB"))
    rows = butler.query("bias", columns=["calibDate", "validStart", "validEnd"]).to_table()
    # by hand: 365 days around 2014-02-20 and 2014-03-10, which meet in the middle
    assert sorted({tuple(row) for row in rows}) == [
        ("2014-02-20", "2013-02-20", "2014-03-01"), ("2014-03-10", "2014-03-02", "2015-03-10"),
    ]  # fmt: skip
    bias = butler.get("bias", visit=410877, ccdnum=25)
    assert np.array_equal(bias.image, np.full((2, 3), 25, np.float32))
