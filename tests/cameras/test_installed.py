"""The cameras that are installed: what packages announce, and nothing else."""

from __future__ import annotations

import sys

import pytest

from obs_decam.mapper import DecamMapper
from persistence import Butler
from persistence.cameras import installed
from persistence.errors import CameraNotFound
from persistence.files import yaml_nodes

TOY = "[persistence.cameras]\ntoy = toycamera:ToyMapper\n"
MODULE = """
from persistence.cameras.camera_mapper import CameraMapper

class ToyMapper(CameraMapper):
    pass
"""


@pytest.mark.parametrize(
    "name", ["decam", "lsst.obs.decam.DecamMapper", "lsst.obs.decam.decamMapper.DecamMapper"]
)
def test_decam_answers_to_each_of_its_names(name):
    assert installed.find(name) is DecamMapper


def test_an_installed_camera_is_found_by_its_name(site):
    site(TOY, toycamera=MODULE)
    assert installed.find("toy").__name__ == "ToyMapper"
    assert installed.find("decam") is DecamMapper


def test_nothing_is_imported_before_it_is_asked_for(site):
    site(TOY, toycamera=MODULE)
    assert "toy" in installed.announced()
    assert "toycamera" not in sys.modules
    installed.find("toy")
    assert "toycamera" in sys.modules


@pytest.mark.parametrize("name", ["decam", "lsst.obs.decam.DecamMapper"])
def test_two_cameras_of_one_name_are_refused_with_both_packages(site, name, monkeypatch):
    monkeypatch.setattr(installed, "_given", {})  # other tests give it
    site(f"[persistence.cameras]\n{name} = toycamera:ToyMapper\n", toycamera=MODULE)
    with pytest.raises(CameraNotFound, match=r"toycamera:ToyMapper \(.*; obs_decam.mapper:Decam"):
        installed.find(name)


@pytest.mark.parametrize("name", ["decam", "hsc"])
def test_a_repository_names_its_camera_as_gen2_did(tmp_path, name):
    Butler(outputs={"root": str(tmp_path / "new"), "mapper": name, "mode": "rw"})
    said = yaml_nodes.compose(str(tmp_path / "new/repositoryCfg.yaml"))
    gen2 = {"decam": "lsst.obs.decam.DecamMapper", "hsc": "lsst.obs.hsc.HscMapper"}[name]
    assert yaml_nodes.items(said)["_mapper"].value == gen2
    (tmp_path / "old").mkdir()
    (tmp_path / "old/_mapper").write_text(f"{name}\n")
    classes = {type(Butler(tmp_path / root).chain.inputs[0].mapper) for root in ("new", "old")}
    assert classes == {installed.find(name)}


def test_a_module_that_is_not_announced_is_not_a_camera(site):
    site("[other.group]\ntoy = toycamera:ToyMapper\n", toycamera=MODULE)
    for name in ("toy", "toycamera.ToyMapper", "toycamera:ToyMapper", "os.system", ""):
        with pytest.raises(CameraNotFound, match="no installed camera is called"):
            installed.find(name)


def test_a_misspelt_camera_is_told_its_neighbour_and_what_is_known():
    with pytest.raises(CameraNotFound, match=r"'decm'; did you mean 'decam'.*known: .*decam"):
        installed.find("decm")
