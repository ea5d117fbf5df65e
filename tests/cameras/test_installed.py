"""The cameras that are installed: what packages announce, and nothing else."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from obs_decam.mapper import DecamMapper
from persistence.cameras import installed
from persistence.errors import CameraNotFound

TOY = """
from persistence.cameras.camera_mapper import CameraMapper

class ToyMapper(CameraMapper):
    pass
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Give a function that installs a package which announces cameras."""
    monkeypatch.syspath_prepend(tmp_path)
    installed.announced.cache_clear()

    def install(text: str, name: str = "toy-1.0.dist-info") -> None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "entry_points.txt").write_text(text)
        (tmp_path / "obs_toy_camera.py").write_text(TOY)
        installed.announced.cache_clear()

    yield install
    sys.modules.pop("obs_toy_camera", None)
    installed.announced.cache_clear()


@pytest.mark.parametrize(
    "name", ["decam", "lsst.obs.decam.DecamMapper", "lsst.obs.decam.decamMapper.DecamMapper"]
)
def test_decam_answers_to_each_of_its_names(name):
    assert installed.find(name) is DecamMapper


def test_what_is_announced_is_what_python_itself_knows():
    known = {
        entry.name: entry.value for entry in importlib.metadata.entry_points(group=installed.GROUP)
    }
    assert known
    assert installed.announced() == known


@pytest.mark.parametrize(
    "text",
    [
        "[persistence.cameras]\ntoy = obs_toy_camera:ToyMapper\n",
        "[console_scripts]\ntoy = other:main\n\n[persistence.cameras]\ntoy=obs_toy_camera:ToyMapper\n",
        "[persistence.cameras]\ntoy = obs_toy_camera:ToyMapper\n[other]\ntoy = other:Thing\n",
        "[persistence.cameras]\n\n# a comment\ntoy   =   obs_toy_camera:ToyMapper   \n",
    ],
)
@pytest.mark.parametrize("folder", ["toy-1.0.dist-info", "toy.egg-info"])
def test_an_installed_camera_is_found_by_its_name(site, text, folder):
    site(text, folder)
    assert installed.find("toy").__name__ == "ToyMapper"
    assert installed.find("decam") is DecamMapper


def test_nothing_is_imported_before_it_is_asked_for(site):
    site("[persistence.cameras]\ntoy = obs_toy_camera:ToyMapper\n")
    assert "toy" in installed.announced()
    assert "obs_toy_camera" not in sys.modules
    installed.find("toy")
    assert "obs_toy_camera" in sys.modules


def test_what_comes_first_on_the_path_wins(site):
    site("[persistence.cameras]\ndecam = obs_toy_camera:ToyMapper\n")
    assert installed.find("decam").__name__ == "ToyMapper"


def test_a_module_that_is_not_announced_is_not_a_camera(site):
    site("[other.group]\ntoy = obs_toy_camera:ToyMapper\n")
    for name in ("toy", "obs_toy_camera.ToyMapper", "obs_toy_camera:ToyMapper", "os.system", ""):
        with pytest.raises(CameraNotFound, match="no installed camera is called"):
            installed.find(name)


def test_a_misspelt_camera_is_told_its_neighbour_and_what_is_known():
    with pytest.raises(CameraNotFound, match=r"'decm'; did you mean 'decam'.*known: .*decam"):
        installed.find("decm")


def test_folders_that_are_gone_are_passed_over(site, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(tmp_path / "gone"))
    (tmp_path / "half-1.0.dist-info").mkdir()
    site("[persistence.cameras]\ntoy = obs_toy_camera:ToyMapper\n")
    assert "toy" in installed.announced()


def test_an_announcement_may_name_extras(site):
    site("[persistence.cameras]\ntoy = obs_toy_camera:ToyMapper [tables]\n")
    assert installed.find("toy").__name__ == "ToyMapper"
