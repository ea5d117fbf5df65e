"""A new repository: what is written, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from obs_decam.mapper import DecamMapper
from persistence import Butler, CameraNotFound, RepositoryError
from persistence.butler.create import create

LATISS = "lsst.obs.lsst.latiss.LatissMapper"


@pytest.mark.parametrize(
    ("camera", "written"),
    [
        ("latiss", LATISS),
        ("LATISS", LATISS),
        (LATISS, LATISS),
        ("lsst.obs.lsst.LatissMapper", LATISS),
        ("lsst.obs.lsst.Latiss", LATISS),
        ("lsst.obs.lsst.LsstCamImSim", "lsst.obs.lsst.imsim.ImsimMapper"),
        ("lsst.obs.subaru.HyperSuprimeCam", "lsst.obs.hsc.HscMapper"),
        ("HSC", "lsst.obs.hsc.HscMapper"),
        ("LSSTCam", "lsst.obs.lsst.lsstCamMapper.LsstCamMapper"),
        ("lsst.obs.cfht.MegaPrime", "lsst.obs.cfht.MegacamMapper"),
        ("lsst.obs.decam.DarkEnergyCamera", "lsst.obs.decam.DecamMapper"),
        (DecamMapper, "lsst.obs.decam.DecamMapper"),
    ],
)
def test_a_new_repository_names_the_camera_as_gen2_does(
    tmp_path: Path, camera: object, written: str
) -> None:
    root = tmp_path / "new" / "repo"
    assert create(str(root), camera, dry_run=True) == (str(root), written, "new")
    assert not root.parent.exists()
    assert create(str(root), camera) == (str(root), written, "new")
    assert [path.name for path in root.iterdir()] == ["_mapper"]
    assert (root / "_mapper").read_text() == f"{written}\n"
    before = (root / "_mapper").stat()
    assert create(str(root), camera) == (str(root), written, "same")
    assert (root / "_mapper").stat() == before
    assert Butler(root).getDatasetTypes()


def test_a_repository_by_another_name_of_its_camera_is_there_already(tmp_path: Path) -> None:
    (tmp_path / "_mapper").write_text("lsst.obs.lsst.Latiss\n")
    assert create(str(tmp_path), "latiss").status == "same"
    assert Butler(tmp_path).getKeys("raw")


def test_a_camera_that_is_a_file_is_named_relative_to_the_repository(tmp_path: Path) -> None:
    (tmp_path / "cameras").mkdir()
    file = tmp_path / "cameras" / "toy.yaml"
    file.write_text("exposures: {raw: {template: 'raw/%(visit)d.fits'}}\n")
    create(str(tmp_path / "a" / "repo"), str(file))
    assert (tmp_path / "a" / "repo" / "_mapper").read_text() == "../../cameras/toy.yaml\n"
    moved = tmp_path.rename(tmp_path.parent / f"{tmp_path.name}-moved")
    assert Butler(moved / "a" / "repo").getKeys("raw") == {"visit": int}


def test_a_directory_with_files_becomes_a_repository(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    create(str(tmp_path), "decam")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_is_a_repository_of_another_camera_stays(tmp_path: Path) -> None:
    create(str(tmp_path), "decam")
    with pytest.raises(
        RepositoryError, match=r"of another camera: lsst\.obs\.decam\.DecamMapper, not lsst.*Latiss"
    ):
        create(str(tmp_path), "latiss")
    assert (tmp_path / "_mapper").read_text() == "lsst.obs.decam.DecamMapper\n"
    (tmp_path / "_mapper").write_text("lsst.obs.nowhere.Mapper\n")
    with pytest.raises(RepositoryError, match=r"of another camera: lsst\.obs\.nowhere\.Mapper"):
        create(str(tmp_path), "decam")


def test_what_is_no_directory_or_no_camera_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RepositoryError, match="file is not a directory"):
        create(str(tmp_path / "file"), "decam")
    with pytest.raises(CameraNotFound, match="'ltiss'; did you mean 'latiss'"):
        create(str(tmp_path / "new"), "ltiss")
    with pytest.raises(CameraNotFound, match="'decm'; did you mean 'decam'"):
        create(str(tmp_path / "new"), "decm")
    assert not (tmp_path / "new").exists()
