"""Exports of Gen2's repositories, imported and read by a real Gen3 Butler."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler
from persistence.cli import main
from persistence.errors import FileConflict, RepositoryError
from persistence.gen3 import document, export
from tests.gen3.conftest import DETECTORS, SKYMAP, VISITS, imported
from tests.killed import killed_after


def exported(capsys: Any, root: Path, to: Path, *options: str, status: int = 0) -> list[Any]:
    words = ["export-gen3", str(root), str(to), "--calib", "CALIB", "--skymap", SKYMAP, *options]
    assert main.main([*words, "--format", "json"]) == status
    rows: list[Any] = json.loads(capsys.readouterr().out)
    return rows


@pytest.fixture(scope="module")
def plan(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> export.Plan:
    calibs = {"calibRoot": str(repository / "CALIB")}
    butlers = [Butler(repository, **calibs), Butler(repository / "rerun/me", **calibs)]
    to = tmp_path_factory.mktemp("export")
    plan = export.plan(butlers, str(to), export.Options(skymap=SKYMAP))
    export.write(plan)
    return plan


@pytest.fixture(scope="module")
def gen3(plan: export.Plan, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a Gen3 Butler on the imported export."""
    target = tmp_path_factory.mktemp("gen3") / "repo"
    return imported(target, Path(plan.destination), transfer="copy")


@pytest.fixture
def gen2(repository: Path) -> Butler:
    return Butler(repository / "rerun/me", calibRoot=str(repository / "CALIB"))


def test_everything_of_a_small_repository_goes_over(plan: export.Plan) -> None:
    assert not plan.left
    assert not plan.notes
    assert {row.gen3: row.number for row in plan.carried if row.gen3 != "bias"} == {
        "raw": 4, "calexp": 4, "src": 4, "deepCoadd": 1, "gaia": 1, "skyMap": 1,
    }  # fmt: skip
    runs = {row.run for row in plan.carried}
    assert {"DECam/raw/all", "DECam/rerun/me/gen2", "DECam/calib/gen2/2014-02-20"} < runs


@pytest.mark.slow
def test_gen3_reads_the_same_pixels_and_tables(gen3: Any, gen2: Butler) -> None:
    for visit in VISITS:
        for detector in DETECTORS:
            ours = gen2.get("calexp", visit=visit, ccdnum=detector)
            calexp = gen3.get("calexp", visit=visit, detector=detector)
            assert np.array_equal(calexp, ours.image)
            assert calexp.header["CCDNUM"] == detector
            raw = gen3.get("raw", exposure=visit, detector=detector)
            assert np.array_equal(raw, gen2.get("raw", visit=visit, ccdnum=detector).image)
            src = gen3.get("src", visit=visit, detector=detector)
            assert src["flux"].tolist() == [1.5, 2.5 * detector]
    assert gen3.get("gaia", htm7=164001)["ra"].tolist() == [10.0]
    coadd = gen3.get("deepCoadd", tract=0, patch=48, band="r")
    assert np.array_equal(coadd, gen2.get("deepCoadd", tract=0, patch="8,4", filter="r").image)
    assert gen3.get("skyMap")["config"]["raList"] == (186.49,)


@pytest.mark.slow
def test_gen3_finds_the_bias_by_the_visits_date(gen3: Any, gen2: Butler) -> None:
    for visit in VISITS:
        for detector in DETECTORS:
            ours = gen2.get("bias", visit=visit, ccdnum=detector)
            assert np.array_equal(gen3.get("bias", exposure=visit, detector=detector), ours.image)
    begin = gen3.query_dimension_records("exposure", exposure=410877)[0].timespan.begin
    # the generator's DATE-OBS, 2014-02-27T15:45:57.41, is UTC, and TAI was 35 s ahead
    assert begin.tai.isot[:22] == "2014-02-27T15:46:32.41"


@pytest.mark.slow
def test_visits_overlap_patches_both_ways(gen3: Any, gen2: Butler) -> None:
    pairs = {
        (row["visit"], row["detector"], row["patch"])
        for row in gen3.query_data_ids(["visit", "detector", "patch"])
    }
    tract = gen2.sky.map()[0]
    for visit in VISITS:
        wcs, box = (gen2.get(f"calexp_{part}", visit=visit, ccdnum=25) for part in ("wcs", "bbox"))
        x, y = box.x0 + box.width / 2, box.y0 + box.height / 2
        patch = tract.findPatch(wcs.pixel_to_world(x, y))
        assert (visit, 25, patch.sequential_index) in pairs
        back = gen3.query_data_ids(
            ["exposure", "visit", "detector", "patch"], where=f"patch={patch.sequential_index}"
        )
        assert (visit, 25) in {(row["exposure"], row["detector"]) for row in back}
    assert len({patch for _, _, patch in pairs}) < len(tract)


@pytest.mark.slow
def test_identifiers_are_those_that_gen3_makes(gen3: Any) -> None:
    from lsst.daf.butler import DatasetIdFactory, DatasetIdGenEnum

    make, mode = DatasetIdFactory().makeDatasetId, DatasetIdGenEnum.DATAID_TYPE_RUN
    for name in ("raw", "src", "deepCoadd", "gaia", "bias"):
        for ref in gen3.query_datasets(name, "*", find_first=False):
            assert make(ref.run, ref.datasetType, ref.dataId, mode) == ref.id


@pytest.mark.slow
def test_nights_are_those_of_the_metadata_translator(gen3: Any, gen2: Butler) -> None:
    translator = pytest.importorskip("astro_metadata_translator")
    header = gen2.get("raw_md", visit=410877, ccdnum=25)
    observed = translator.ObservationInfo(dict(header), filename="")
    (record,) = gen3.query_dimension_records("exposure", exposure=410877)
    assert record.day_obs == observed.observing_day
    assert record.physical_filter == observed.physical_filter
    assert abs((record.timespan.begin - observed.datetime_begin).sec) < 1e-6


@pytest.mark.slow
def test_one_directory_is_a_repository_of_both(
    copied: Path, gen2: Butler, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.lstat().st_mtime_ns for path in copied.rglob("*") if path.is_file()}
    exported(capsys, copied, copied)
    after = {path: path.lstat().st_mtime_ns for path in copied.rglob("*") if path.is_file()}
    assert set(after) - set(before) == {copied / "export.yaml"}
    assert before.items() <= after.items()
    butler = imported(copied, copied)
    assert Path(butler.getURI("calexp", visit=410877, detector=25).ospath) == Path(
        Butler(copied / "rerun/me").getUri("calexp", visit=410877, ccdnum=25)
    )
    moved = copied.rename(copied.parent / "moved")
    from lsst.daf.butler import Butler as Gen3

    there = Gen3.from_config(str(moved), collections="DECam/rerun/me", instrument="DECam")
    ours = gen2.get("calexp", visit=410877, ccdnum=25)
    assert np.array_equal(there.get("calexp", visit=410877, detector=25), ours.image)


@pytest.mark.slow
@pytest.mark.parametrize("transfer", ["copy", "link", "hardlink", "direct"])
def test_files_come_to_another_directory(
    repository: Path, tmp_path: Path, transfer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(capsys, repository, tmp_path / "export", "--transfer", transfer)
    butler = imported(tmp_path / "repo", tmp_path / "export", transfer="direct")
    assert butler.get("src", visit=410877, detector=25)["flux"].tolist() == [1.5, 62.5]


@pytest.mark.slow
def test_the_command_of_gen3_lists_an_older_universe_too(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import subprocess
    import sys

    pytest.importorskip("lsst.daf.butler", reason="lsst-daf-butler is not installed")
    exported(capsys, repository, tmp_path, "--universe", "5")
    target, command = str(tmp_path / "gen3"), str(Path(sys.executable).parent / "butler")
    for words in (
        ["create", target],
        ["import", target, str(tmp_path), "--export-file", f"{tmp_path}/export.yaml", "-t", "copy"],
    ):
        subprocess.run([command, *words], check=True, capture_output=True)
    listed = subprocess.run(
        [command, "query-datasets", target, "src", "--collections", "DECam/rerun/me"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert listed.stdout.count("DECam/rerun/me/gen2") == 4


def test_a_dry_run_writes_nothing(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = exported(capsys, repository, tmp_path / "export", "--dry-run", "--no-regions")
    assert {row["status"] for row in rows} == {"exported"}
    assert not (tmp_path / "export").exists()


def test_an_export_is_repeated_and_another_one_is_not_replaced(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(capsys, repository, tmp_path, "--no-regions")
    exported(capsys, repository, tmp_path, "--no-regions")
    (tmp_path / "export.yaml").write_text("somebody's")
    plan = export.plan([Butler(repository)], str(tmp_path), export.Options(with_regions=False))
    with pytest.raises(FileConflict, match=r"export\.yaml is another export"):
        export.write(plan)
    assert (tmp_path / "export.yaml").read_text() == "somebody's"


def test_what_cannot_go_over_is_listed_with_the_reason(
    copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied / "ref_cats/gaia/1.fits").write_bytes(
        (copied / "ref_cats/gaia/164001.fits").read_bytes()
    )
    (copied / "rerun/me/0410877/bkgd").mkdir()
    shutil.copy(
        copied / "ref_cats/gaia/164001.fits", copied / "rerun/me/0410877/bkgd/bkgd-0410877_25.fits"
    )
    rows = exported(capsys, copied, tmp_path, "--no-regions", status=3)
    left = {row["datasetType"]: row["reason"] for row in rows if row["status"] == "left"}
    assert "trixel of depth 7" in left["ref_cat"]
    assert "--full-stack exports it as Background" in left["calexpBackground"]
    rows = exported(capsys, copied, tmp_path / "full", "--no-regions", "--full-stack", status=3)
    classes = {row["gen3"]: row["storageClass"] for row in rows}
    assert classes["calexpBackground"] == "Background"
    assert classes["src"] == "SourceCatalog"
    assert classes["calexp"] == "ExposureF"


def test_calibrations_that_nobody_named_are_noted(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["export-gen3", str(repository), str(tmp_path), "--no-regions"]) == 0
    assert "--calib CALIB exports it" in capsys.readouterr().err


def test_repositories_of_two_cameras_are_refused(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "hsc").mkdir()
    (tmp_path / "hsc" / "_mapper").write_text("lsst.obs.hsc.HscMapper\n")
    butlers = [Butler(repository), Butler(tmp_path / "hsc")]
    with pytest.raises(RepositoryError, match="several cameras"):
        export.plan(butlers, str(tmp_path))


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(("name", "exposure"), [("latiss", 3018092000065), ("imsim", 204595)])
def test_real_repositories_of_gen2_go_over(
    real: Path, name: str, exposure: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    butler = pytest.importorskip("lsst.daf.butler", reason="lsst-daf-butler is not installed")
    root = Path(shutil.copytree(real / "gen2_repos" / name, tmp_path / "repo", symlinks=True))
    words = ["export-gen3", str(root), str(tmp_path / "export"), "--calib", "CALIB"]
    assert main.main([*words, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"raw", "bias"} <= {row["gen3"] for row in rows}
    butler.Butler.makeRepo(str(tmp_path / "gen3"))
    into = butler.Butler.from_config(str(tmp_path / "gen3"), writeable=True)
    into.import_(
        directory=str(tmp_path / "export"), filename=str(tmp_path / "export/export.yaml"),
        transfer="copy",
    )  # fmt: skip
    instrument = {"latiss": "LATISS", "imsim": "LSSTCam-imSim"}[name]
    gen3 = butler.Butler.from_config(
        str(tmp_path / "gen3"), collections=f"{instrument}/defaults", instrument=instrument
    )
    (ref,) = gen3.query_datasets("raw")
    assert ref.dataId["exposure"] == exposure
    (bias,) = gen3.query_datasets("bias", collections="*", find_first=False)
    gen2 = Butler(root, calibRoot=str(root / "CALIB"))
    ours = gen2.get("bias", detector=bias.dataId["detector"], calibDate=bias.run.split("/")[-1])
    assert np.array_equal(gen3.get(bias), ours.image)


def test_the_text_is_what_a_safe_loader_of_gen3_reads(plan: export.Plan) -> None:
    read = document.read(f"{plan.destination}/export.yaml")
    assert read.universe == 6
    assert [row["id"] for row in read.records("exposure")] == list(VISITS)
    (block,) = read.of("associations")
    spans = sorted(each["timespan"] for each in block["validity_ranges"])
    assert [span.begin for span in spans] == [
        "2013-02-20 00:00:35.000000000", "2014-03-02 00:00:35.000000000",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("transfer", ["copy", "relsymlink"])
def test_an_export_that_is_killed_at_any_call_goes_on(
    repository: Path, tmp_path: Path, transfer: Any
) -> None:
    def act(to: Path) -> None:
        calibs = {"calibRoot": str(repository / "CALIB")}
        options = export.Options(transfer=transfer, skymap=SKYMAP, with_regions=False)
        export.write(export.plan([Butler(repository, **calibs)], str(to), options))

    def contents(root: Path) -> dict[str, Any]:
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }

    act(tmp_path / "whole")
    expected = contents(tmp_path / "whole")
    killed, number = True, 0
    while killed:
        to = tmp_path / f"{number}"
        killed = killed_after(number, lambda to=to: act(to))
        if (to / export.NAME).exists():  # it is the last
            assert set(contents(to)) >= set(expected), number
        act(to)
        assert contents(to) == expected, number
        number += 1
    assert number > 20
