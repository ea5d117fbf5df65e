"""The stack's own classes, where they are installed: here, modules of these names that are made for the test."""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler, Exposure, FormatterError, RepositoryError


class Real:
    """Stands for a class of afw."""

    def __init__(self, *told: Any) -> None:
        self.told = told

    @classmethod
    def readFits(cls, path: str, hdu: int | None = None) -> Real:
        return cls(Path(path).name, hdu)

    def writeFits(self, path: str) -> None:
        Path(path).write_text("written by itself")


POLICY = """
exposures:
  calexp: {template: 'c%(visit)d.fits', python: lsst.afw.image.ExposureF, storage: FitsStorage}
  second: {template: 'c%(visit)d.fits[%(hdu)d]', python: lsst.afw.image.ExposureF, storage: FitsStorage}
  other: {template: 'c%(visit)d.fits', python: lsst.afw.image.NoSuch, storage: FitsStorage}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a repository with an exposure, on a machine that has the stack's images, and nothing else of it."""
    (tmp_path / "camera.yaml").write_text(POLICY)
    camera = str(tmp_path / "camera.yaml")
    butler = Butler(outputs={"root": str(tmp_path / "repo"), "mapper": camera, "mode": "rw"})
    butler.put(np.zeros((3, 4), np.float32), "calexp", visit=1)
    for name in ("lsst.afw", "lsst.afw.image"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setattr(sys.modules["lsst.afw.image"], "ExposureF", Real, raising=False)
    from persistence.composites.assemble import do_import

    do_import.cache_clear()
    return str(tmp_path / "repo")


def test_ours_are_given_unless_the_stacks_are_preferred(root: str) -> None:
    assert isinstance(Butler(root).get("calexp", visit=1), Exposure)
    assert Butler(root, types="afw").get("calexp", visit=1).told == ("c1.fits", None)


def test_the_hdu_is_told(root: str) -> None:
    assert Butler(root, types="afw").get("second", visit=1, hdu=1).told == ("c1.fits", 1)


def test_ours_read_what_the_stack_has_no_class_for_and_parts(root: str) -> None:
    butler = Butler(root, types="afw")
    assert isinstance(butler.get("other", visit=1), Exposure)
    assert isinstance(butler.get("calexp_sub", visit=1, bbox=(0, 0, 2, 2)), Exposure)
    assert butler.get("calexp_bbox", visit=1).width == 4


def test_the_stacks_objects_write_themselves(root: str) -> None:
    butler = Butler(root, types="afw")
    butler.put(butler.get("calexp", visit=1), "calexp", visit=2)
    assert Path(root, "c2.fits").read_text() == "written by itself"


def test_the_preference_travels_with_a_butler(root: str) -> None:
    assert pickle.loads(pickle.dumps(Butler(root, types="afw"))).get("calexp", visit=1).told == (
        "c1.fits",
        None,
    )


def test_what_the_stack_raises_is_told_with_the_name_of_the_file(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unspeakable(Exception):
        __str__ = None  # type: ignore[assignment]

    def fail(path: str) -> None:
        raise Unspeakable

    monkeypatch.setattr(Real, "readFits", fail)
    with pytest.raises(
        FormatterError, match=r"c1\.fits cannot be read as .*: Unspeakable: its text"
    ):
        Butler(root, types="afw").get("calexp", visit=1)


def test_another_preference_is_refused(root: str) -> None:
    with pytest.raises(
        RepositoryError, match=r"types='afv'; did you mean 'afw'\?: known are astropy, afw, gen2"
    ):
        Butler(root, types="afv")


def test_our_own_names_of_afws_classes_are_not_the_stacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from persistence.composites.assemble import do_import
    from persistence.dataids.location import Location
    from persistence.formatters import stack_classes

    do_import.cache_clear()
    for python in ("lsst.afw.image.ExposureF", "lsst.meas.algorithms.Nothing"):
        location = Location(str(tmp_path), "a.fits", None, "FitsStorage", python, "a", {})
        assert stack_classes.reader(location) is None
