"""Ingest by the tasks of a camera package in Gen2's manner, whose ``config/ingest.py`` is run."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Butler, CameraNotFound, PolicyError
from persistence.cameras import installed
from persistence.cli import ingest_calibs, ingest_images
from persistence.gen2types.properties import PropertyList
from persistence.pipe import gen2 as _  # noqa: F401  # the names of lsst.pipe.base
from persistence.tasks.gen2ingest.configs import IngestConfig, ParseConfig
from persistence.tasks.gen2ingest.parse import CalibsParseTask, ParseTask
from persistence.tasks.gen2ingest.register import RegisterTask
from persistence.tasks.gen2ingest.task import IngestCalibsTask, IngestError, IngestTask

pytest.importorskip("lsst.pex.config")
PACKAGE = Path(__file__).resolve().parents[1] / "scripts" / "obs_twin"
MAPPER = "lsst.obs.twin.TwinMapper"
CARDS: dict[str, Any] = {
    "EXPNUM": 42, "SIDE": "EAST", "FILTER": "V-2 glass", "EXPTIME": 30.5, "OBJECT": "M31",
    "DATE-OBS": "2020-01-02T03:04:05", "TIMESYS": "UTC", "TELRA": 150.0, "TELDEC": -30.5,
    "AIRMASS": 1.2, "ROTPA": 0.0,
}  # fmt: skip


@pytest.fixture
def _package(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set up the camera package as EUPS would."""
    import lsst.obs  # a namespace: the package's own part of it is found in its directory

    monkeypatch.setattr(installed, "_given", {})
    monkeypatch.setenv("OBS_TWIN_DIR", str(PACKAGE))
    folder = str(PACKAGE / "python" / "lsst" / "obs")
    monkeypatch.setattr(lsst.obs, "__path__", [*lsst.obs.__path__, folder])
    yield
    for name in [name for name in sys.modules if name.startswith("lsst.obs.twin")]:
        del sys.modules[name]


@pytest.fixture
def repo(tmp_path: Path, _package: None) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "_mapper").write_text(f"{MAPPER}\n")
    return root


def raw(path: Path, **cards: Any) -> str:
    cards = {name: value for name, value in (CARDS | cards).items() if value is not None}
    header = fits.Header(cards)
    pixels = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64)
    fits.PrimaryHDU(pixels, header).writeto(path)
    return str(path)


def rows(root: Path, table: str = "raw", name: str = "registry.sqlite3") -> list[tuple[Any, ...]]:
    with sqlite3.connect(root / name) as connection:
        found = connection.execute(f"SELECT * FROM {table}").fetchall()
    connection.close()
    return found


def test_a_packages_settings_are_run_where_the_caller_names_the_camera(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [raw(tmp_path / "e.fits"), raw(tmp_path / "w.fits", SIDE="WEST", OBJECT=None)]
    assert ingest_images.main([str(repo), *files, "--mapper", MAPPER]) == 0
    assert "2 new" in capsys.readouterr().out
    assert rows(repo) == [
        (1, 42, "1,1", "e", "V-2", "M31", "2020-01-02", "2020-01-02T03:04:05", 30.5),
        (2, 42, "2,2", "w", "V-2", "UNKNOWN", "2020-01-02", "2020-01-02T03:04:05", 30.5),
    ]
    assert rows(repo, "raw_visit") == [(42, "M31", "2020-01-02", "V-2")]
    butler = Butler(str(repo), mapper=MAPPER)
    assert butler.getUri("raw", visit=42, side="2,2").endswith("raw/2020-01-02/v000042_s22.fits")
    assert ingest_images.main([str(repo), *files, "--mapper", MAPPER]) == 0
    assert "0 new, 2 already there" in capsys.readouterr().out


def test_what_only_a_repository_names_is_not_run(repo: Path, tmp_path: Path) -> None:
    path = raw(tmp_path / "e.fits")
    before = set(sys.modules)
    assert ingest_images.main([str(repo), path]) == 2
    assert not any(name.startswith("lsst.obs.twin") for name in set(sys.modules) - before)
    with pytest.raises(CameraNotFound):
        Butler(str(repo))


def test_the_task_itself_is_run_by_its_class(repo: Path, tmp_path: Path) -> None:
    path = raw(tmp_path / "e.fits")
    words = [str(repo), path, "--mapper", MAPPER, "--mode", "copy", "-c", "register.table=other"]
    IngestTask.parseAndRun(words)
    assert len(rows(repo, "other")) == 1
    task = IngestTask.prepareTask(str(repo), mode="move", mapper=MAPPER)
    moved = raw(tmp_path / "w.fits", SIDE="WEST")
    task.ingestFiles(moved)
    assert not Path(moved).exists()
    assert len(rows(repo)) == 1
    bad = raw(tmp_path / "bad.fits", EXPNUM="no number")
    with pytest.raises(IngestError, match=r"bad\.fits: the header lacks visit") as caught:
        task.ingestFiles([bad])
    assert (caught.value.pathname, caught.value.position) == (bad, 0)
    with pytest.raises(RuntimeError, match="prepareTask"):
        IngestTask(config=IngestConfig()).ingestFiles([bad])


def test_calibrations_come_into_their_root(repo: Path, tmp_path: Path) -> None:
    root = tmp_path / "calib"
    root.mkdir()
    header = fits.Header({"OBSTYPE": "bias", "CALIB_ID": "side=1,1 calibDate=2020-01-01"})
    fits.PrimaryHDU(np.ones((48, 64), np.float32), header).writeto(tmp_path / "b.fits")
    words = [str(repo), str(tmp_path / "b.fits"), "--mapper", MAPPER, "--calib", str(root)]
    assert ingest_calibs.main([*words, "--validity", "30", "--mode", "copy"]) == 0
    (row,) = rows(root, "bias", "calibRegistry.sqlite3")
    assert row[1:] == ("1,1", "NONE", "2020-01-01", "2019-12-02", "2020-01-31")
    assert (root / "BIAS" / "2020-01-01" / "BIAS-s11.fits").exists()
    ingest_images.main([str(repo), raw(tmp_path / "e.fits"), "--mapper", MAPPER])
    butler = Butler(str(repo), mapper=MAPPER, calibRoot=str(root))
    assert butler.get("bias", visit=42, side="1,1").image.sum() == 48 * 64
    IngestCalibsTask.parseAndRun([*words, "--validity", "30", "--mode", "copy"])


class Own(ParseTask):
    """A task with translators of its own."""

    def translate_visit(self, md: Any) -> Any:
        return md.getScalar("EXPNUM")

    def translate_nothing(self, md: Any) -> None:
        return None

    def translate_wrong(self, md: Any) -> Any:
        return md.getScalar("NOT-THERE")


def test_properties_are_copied_computed_and_filled_in() -> None:
    config = ParseConfig()
    config.translation = {"object": "OBJECT", "night": "NIGHT", "lost": "LOST"}
    config.defaults = {"night": "0"}
    config.translators = {
        "visit": "translate_visit", "date": "translate_date", "filter": "translate_filter",
        "object2": "translate_nothing", "object3": "translate_wrong",
    }  # fmt: skip
    task = Own(config=config, name="parse")
    info = task.getInfoFromMetadata(PropertyList.from_mapping({**CARDS, "OBJECT": " M31 "}))
    assert info == {
        "object": "M31", "night": "0", "visit": 42, "date": "2020-01-02", "filter": "V-2",
    }  # fmt: skip
    assert task.getInfoFromMetadata(PropertyList(), {"a": 1}) == {"a": 1, "night": "0"}


def test_extensions_get_a_row_each_and_hdu_counts_from_the_primary(tmp_path: Path) -> None:
    hdus = [fits.PrimaryHDU(header=fits.Header(CARDS))]
    hdus += [fits.ImageHDU(np.zeros((2, 2)), name=name) for name in ("A", "B", "C")]
    fits.HDUList(hdus).writeto(tmp_path / "x.fits")
    config = ParseConfig()
    config.translation = {"visit": "EXPNUM"}
    config.hdu = 0
    config.extnames = ["C", "A"]
    task = ParseTask(config=config, name="parse")
    info, infos = task.getInfo(str(tmp_path / "x.fits"))
    assert info == {"visit": 42}
    assert [one["hdu"] for one in infos] == [1, 3]


def test_the_type_of_a_calibration_is_by_its_header(tmp_path: Path) -> None:
    for name, word, kind in (("a", "Dome Flat", "flat"), ("b", "zero", "bias")):
        fits.PrimaryHDU(header=fits.Header({"OBSTYPE": word})).writeto(tmp_path / name)
        task = CalibsParseTask(config=ParseConfig(), name="parse")
        assert task.getCalibType(str(tmp_path / name)) == kind


def test_the_registers_methods_write_what_the_original_did(tmp_path: Path) -> None:
    task = RegisterTask(name="register")
    row = {**dict.fromkeys(task.config.columns, "1"), "visit": "7", "extra": None}
    with task.openRegistry(str(tmp_path)) as registry:
        assert not task.check(registry, row)
        task.addRow(registry, row)
        assert task.check(registry, row)
    assert rows(tmp_path) == [(1, "1", 7, 1, "1", "1", "1", 1.0)]
    assert rows(tmp_path, "raw_visit") == [(7, "1", "1", "1")]
    with task.openRegistry(str(tmp_path), dryrun=True) as registry:
        assert registry is None


def test_a_register_that_writes_in_its_own_way_is_refused(repo: Path, tmp_path: Path) -> None:
    class Other(RegisterTask):
        def addRow(self, *args: Any, **named: Any) -> None:
            raise AssertionError

    task = IngestTask.prepareTask(str(repo), mapper=MAPPER)
    task.register = Other(name="register")
    with pytest.raises(PolicyError, match=r"Other\.addRow"):
        task.ingestFiles(raw(tmp_path / "e.fits"))
