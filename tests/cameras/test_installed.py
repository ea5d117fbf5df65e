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
        with pytest.raises(CameraNotFound, match="no installed camera has the name"):
            installed.find(name)


def test_a_misspelt_camera_is_told_its_neighbour_and_what_is_known():
    with pytest.raises(
        CameraNotFound, match=r"'decm'; did you mean 'decam'.*known: .*decam"
    ) as caught:
        installed.find("decm")
    assert "lsst.obs" not in str(caught.value)  # a dozen names are enough


PACKAGE = """
open({marker!r}, "w").close()
from persistence.cameras.camera_mapper import CameraMapper

class OwnMapper(CameraMapper):
    pass

class Thing:
    pass
"""


@pytest.fixture
def own_camera(site, tmp_path, monkeypatch):
    """Add a module to Python's path that nobody announces, and that records its import."""
    monkeypatch.setattr(installed, "_given", {})
    site("", owncamera=PACKAGE.format(marker=str(tmp_path / "imported")))
    return (tmp_path / "imported").exists


def test_what_only_a_repository_names_is_not_imported(own_camera):
    with pytest.raises(CameraNotFound, match=r"'owncamera\.OwnMapper'.*trust=\['owncamera\.OwnM"):
        installed.find("owncamera.OwnMapper", trust=["other.OwnMapper"])
    assert not own_camera()


def test_what_the_caller_names_or_trusts_is_imported(own_camera):
    assert installed.find("owncamera.OwnMapper", ["owncamera.OwnMapper"]).__name__ == "OwnMapper"
    assert installed.camera("owncamera.OwnMapper").__module__ == "owncamera"
    with pytest.raises(CameraNotFound, match="no installed camera"):  # only that once
        installed.find("owncamera.OwnMapper")


def test_what_the_caller_gave_is_known_by_all_its_names(own_camera, site):
    site("", "more.dist-info", facade="from owncamera import OwnMapper as Other\n")
    installed.remember("owncamera.OwnMapper")
    with pytest.raises(CameraNotFound, match="no installed camera"):
        installed.find("facade.Other")
    assert "facade" not in sys.modules
    installed.remember("facade.Other")
    cls = sys.modules["owncamera"].OwnMapper
    assert installed.find("facade.Other") is installed.find("owncamera.OwnMapper") is cls
    assert installed.names_of_given({cls}) == ["owncamera.OwnMapper", "facade.Other"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("owncamera.Thing", "Thing'> is not a mapper"),
        ("owncamera.Nothing", "cannot be imported: AttributeError: .* has no attribute 'Nothing'"),
        ("nowhere.OwnMapper", "cannot be imported: ModuleNotFoundError: .*'nowhere'"),
        ("broken.OwnMapper", "cannot be imported: ZeroDivisionError"),
        ("OwnMapper", "no installed camera has the name 'OwnMapper'"),
        ("", "no installed camera has the name ''"),
        ("lsst.obs.decm.DecamMapper", "did you mean 'lsst.obs.decam.DecamMapper'"),
    ],
)
def test_a_name_of_the_caller_that_leads_to_no_mapper_is_told(own_camera, site, name, message):
    site("", "more.dist-info", broken="1 / 0\n")
    with pytest.raises(CameraNotFound, match=message):
        installed.camera(name)
