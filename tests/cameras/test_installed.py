"""The cameras that are installed: what packages announce, and nothing else."""

from __future__ import annotations

import sys

import pytest

from obs_decam.mapper import DecamMapper
from persistence.cameras import installed
from persistence.errors import CameraNotFound

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


def test_what_comes_first_on_the_path_wins(site):
    site("[persistence.cameras]\ndecam = toycamera:ToyMapper\n", toycamera=MODULE)
    assert installed.find("decam").__name__ == "ToyMapper"


def test_a_module_that_is_not_announced_is_not_a_camera(site):
    site("[other.group]\ntoy = toycamera:ToyMapper\n", toycamera=MODULE)
    for name in ("toy", "toycamera.ToyMapper", "toycamera:ToyMapper", "os.system", ""):
        with pytest.raises(CameraNotFound, match="no installed camera is called"):
            installed.find(name)


def test_a_misspelt_camera_is_told_its_neighbour_and_what_is_known():
    with pytest.raises(CameraNotFound, match=r"'decm'; did you mean 'decam'.*known: .*decam"):
        installed.find("decm")
