"""Repositories that Gen2 wrote, as they lie: opened, listed and read from a copy that nobody may write to."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, RepositoryError
from persistence.errors import MissingKey

pytestmark = pytest.mark.real
# Repository: what it has to be told, and what it holds.
OPENED: dict[str, dict[str, Any]] = {
    "latiss": {"calibRoot": "CALIB"},
    "imsim": {"calibRoot": "CALIB"},
    "obs_test/input": {},
    "obs_test/policyInRepo": {},
    "obs_test/policyInRepo1/a": {},
    "obs_test/policyInRepo1/b": {},
    "obs_test/policyInRepo2/a": {},
    "obs_test/policyInRepo2/b": {},
    "obs_test/policyInRepo2/c": {},
    "obs_test/calexpMetadataObjectsTest": {},
    "min_camera": {"mapper": "test"},
}
RAWS = {"latiss": 1, "imsim": 1, "obs_test/input": 3, "min_camera": 3}
# Repository: calibration registry; the keys that complete its rows are its own columns.
CALIBRATIONS = {"latiss": "CALIB/calibRegistry.sqlite3", "imsim": "CALIB/calibRegistry.sqlite3"}
NO_MAPPER_YAML = (
    "datasets: {foo: {template: 'foo-%(ccd)02d-%(filter)s.fits', storage: FitsStorage}}\n"
)


def state(top: Path) -> dict[str, tuple[int, int, int]]:
    """Take down each file and directory with its mode, size and time."""
    found = {}
    for path in [top, *top.rglob("*")]:
        status = path.lstat()
        found[str(path)] = (status.st_mode, status.st_size, status.st_mtime_ns)
    return found


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a copy of the repositories that cannot be written to, and see that nothing in it was changed."""
    shared = Path(
        os.environ.get("PERSISTENCE_SHARED", Path(__file__).resolve().parents[2] / "shared")
    )
    if not (shared / "data" / "gen2_repos").is_dir():
        pytest.skip(f"the real files are not there: {shared / 'data'}")
    top = tmp_path_factory.mktemp("gen2")
    shutil.copytree(shared / "data" / "gen2_repos", top / "repos", symlinks=True)
    for path in [top / "repos", *(top / "repos").rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = state(top / "repos")
    yield top / "repos"
    assert state(top / "repos") == before
    for path in [top / "repos", *(top / "repos").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def opened(copies: Path, name: str) -> Butler:
    return Butler(copies / name, **OPENED[name])


@pytest.mark.parametrize("name", OPENED)
def test_it_opens_and_lists_its_types(copies: Path, name: str) -> None:
    types = opened(copies, name).getDatasetTypes()
    assert {"raw", "raw_md", "calexp", "calexp_wcs", "src"} <= types


@pytest.mark.parametrize("name", [pytest.param("latiss", marks=pytest.mark.slow), *list(RAWS)[1:]])
def test_every_registered_raw_is_found_and_read(copies: Path, name: str) -> None:
    butler = opened(copies, name)
    subset = butler.subset("raw")
    assert len(subset) == RAWS[name]
    for reference in subset:
        assert reference.datasetExists()
        raw = reference.get()
        assert min(raw.image.shape) >= 1026
        assert reference.get("raw_md")["BITPIX"] in (8, 16)
        assert raw.visit_info.exposure_time in (0.0, 15.0, 27.0, 30.0)


@pytest.mark.parametrize(("name", "detectors"), [("latiss", 1), ("imsim", 1000)])
def test_an_exposure_is_numbered_by_any_of_its_keys(
    copies: Path, name: str, detectors: int
) -> None:
    """The registry tells which visit an exposure is; data IDs of a subset have its number alone."""
    butler = opened(copies, name)
    ((visit, detector),) = butler.queryMetadata("raw", ["visit", "detector"])
    expected = visit * detectors + detector
    assert butler.get("ccdExposureId", visit=visit, detector=detector) == expected
    for reference in butler.subset("raw"):
        assert reference.get("ccdExposureId") == expected
    with pytest.raises(MissingKey, match="an identifier needs 'visit' or 'expId'"):
        butler.get("ccdExposureId", detector=detector, filter="r")


@pytest.mark.slow  # a real raw of 4096 x 4608 pixels is unpacked
def test_a_raw_named_fits_may_be_gzip_and_its_visit_beyond_32_bits(copies: Path) -> None:
    raw = opened(copies, "latiss").get("raw", visit=3018092000065)
    assert (copies / "latiss/raw/2018-09-20/3018092000065-det000.fits").read_bytes()[
        :2
    ] == b"\x1f\x8b"
    assert raw.image.shape == (4096, 4608)
    assert raw.header["DAYOBS"] == "20180920"


def test_a_raw_of_many_amplifiers_is_one_image_and_each_can_be_had_alone(copies: Path) -> None:
    butler = opened(copies, "imsim")
    amplifiers = list(butler.subset("raw_amp", visit=204595))
    assert [reference.dataId["channel"] for reference in amplifiers] == list(range(1, 17))
    assert amplifiers[2].get().header["EXTNAME"] == "Segment12"
    assert butler.get("raw_amp", visit=204595, channel=9).image.shape == (2048, 544)
    assert butler.get("raw", raftName="R11", detectorName="S20").filter.physical == "i_sim_1.4"


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_every_registered_calibration_on_disk_is_found_and_read(copies: Path, name: str) -> None:
    butler, read = opened(copies, name), 0
    registry = sqlite3.connect(
        f"file:{copies / name / CALIBRATIONS[name]}?mode=ro&immutable=1", uri=True
    )
    registry.row_factory = sqlite3.Row
    for kind in ("bias", "dark", "flat"):
        for row in registry.execute(f"SELECT * FROM {kind}"):  # the names stand above
            data_id = {key: row[key] for key in butler.getKeys(kind) or {}}
            assert butler.getUri(kind, data_id).startswith(
                os.path.realpath(copies / name / "CALIB")
            )
            assert butler.get(kind, data_id).image.shape == (4000, 4072)
            read += 1
    registry.close()
    assert read == {"latiss": 1, "imsim": 3}[name]


@pytest.mark.parametrize(
    ("name", "kind", "data_id", "date"),
    [
        ("latiss", "bias", {"visit": 3018092000065, "detector": 0}, "2018-09-21"),
        ("imsim", "bias", {"visit": 204595, "detector": 42}, "2022-01-01"),
        ("imsim", "flat", {"visit": 204595, "detector": 42}, "2022-08-06"),
        (
            "imsim",
            "dark",
            {"expId": 204595, "raftName": "R11", "detectorName": "S20"},
            "2022-01-01",
        ),
    ],
)
def test_a_calibration_is_chosen_for_an_exposure(
    copies: Path, name: str, kind: str, data_id: dict[str, Any], date: str
) -> None:
    butler = opened(copies, name)
    assert os.path.isfile(butler.getUri(kind, data_id))
    (chosen,) = butler.explain(kind, data_id).chosen
    assert chosen.row["calibDate"] == date


def test_the_calibrations_of_the_test_camera_are_read(copies: Path) -> None:
    assert len(opened(copies, "obs_test/input").get("defects")) == 504


def test_parents_by_link_text_are_followed_to_the_mapper(copies: Path) -> None:
    butler = opened(copies, "obs_test/policyInRepo2/a")
    assert [os.path.basename(one.root) for one in butler._chain.inputs] == ["a", "b", "c"]
    found = Butler.getMapperClass(copies / "obs_test/policyInRepo2/a")
    assert found is not None
    assert found.getCameraName() == "test"


def test_a_calexp_that_afw_wrote_is_read(copies: Path) -> None:
    calexp = opened(copies, "obs_test/calexpMetadataObjectsTest").get("calexp")
    assert calexp.image.shape == (4, 8)
    assert calexp.mask.planes["EDGE"] == 4


@pytest.mark.parametrize("name", ["latiss", "imsim"])
def test_a_parent_of_another_machine_is_named_with_a_guess(copies: Path, name: str) -> None:
    guess = os.path.realpath(copies / name)
    with pytest.raises(
        RepositoryError,
        match=rf"the parent /Users/timj/.*/{name} of .* is gone; is it {guess} now\?",
    ):
        Butler(copies / name / "CALIB")


def test_a_directory_without_registry_is_read_by_its_file_names(
    copies: Path, tmp_path: Path
) -> None:
    camera = tmp_path / "foo.yaml"
    camera.write_text(NO_MAPPER_YAML)
    butler = Butler(copies / "no_registry", mapper=str(camera))
    assert sorted((one.dataId["ccd"], one.dataId["filter"]) for one in butler.subset("foo")) == [
        (1, "g"), (1, "h"), (2, "g"), (2, "h"), (3, "i"),
    ]  # fmt: skip
    assert butler.queryMetadata("foo", "filter", ccd=3) == ["i"]
    assert butler.datasetExists("foo", ccd=3)
