"""Modules that are not part of this package: they can be imported, and not used."""

from __future__ import annotations

import copy
import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence.errors import NotPartOfThisPackage
from persistence.gen2types import absent

absent.install()

# Imports of scripts for Gen2, each of which has to pass.
IMPORTS = [
    "from lsst.meas.algorithms import SourceDetectionTask, LoadIndexedReferenceObjectsTask",
    "from lsst.meas.algorithms.installGaussianPsf import InstallGaussianPsfTask",
    "import lsst.meas.base as measBase",
    "import lsst.meas.extensions.photometryKron",
    "import lsst.meas.astrom",
    "from lsst.meas.deblender import SourceDeblendTask",
    "import lsst.ip.diffim as ipDiffim",
    "from lsst.ip.isr import IsrTask",
    "from lsst.ip import isr",
    "import lsst.jointcal",
    "import lsst.shapelet.tests",
    "import lsst.display.firefly",
    "from lsst.pipe.tasks.multiBand import MergeDetectionsTask",
    "from lsst.pipe.tasks.makeCoaddTempExp import MakeCoaddTempExpTask",
    "from lsst.coadd.utils import CoaddDataIdContainer, setCoaddEdgeBits",
    "from lsst.obs.lsstSim import LsstSimMapper",
    "from lsst.obs.lsst.cameraTransforms import LsstCameraTransforms",
    "from lsst.obs.hsc.hscFilters import HSC_FILTER_DEFINITIONS",
    "from lsst.obs.decam.crosstalk import DecamCrosstalkTask",
    "import lsst.obs.base.gen3",
    "from lsst.dax.ppdb import Ppdb",
    "import lsst.ctrl.events as events",
    "import lsst.verify, lsst.validate.drp, lsst.cp.pipe, lsst.ap.association, lsst.fgcmcal, lsst.faro",
]


@pytest.mark.parametrize("statement", IMPORTS)
def test_the_import_passes(statement: str) -> None:
    exec(statement, {})


@pytest.fixture
def task() -> Any:
    from lsst.meas.algorithms import SourceDetectionTask

    return SourceDetectionTask


def _subclass(task: Any) -> None:
    class Own(task):  # type: ignore[misc]
        pass


def _with(task: Any) -> None:
    with task:
        pass


USES: dict[str, Callable[[Any], Any]] = {
    "called": lambda task: task(schema=None),
    "asked for an attribute": lambda task: task.ConfigClass,
    "given an attribute": lambda task: setattr(task, "x", 1),
    "subclassed": _subclass,
    "an index": lambda task: task["x"],
    "iterated": list,
    "searched": lambda task: 5 in task,
    "a class of something": lambda task: isinstance(5, task),
    "entered": _with,
}


@pytest.mark.parametrize("use", USES)
def test_a_name_that_is_used_says_that_it_is_not_here(task: Any, use: str) -> None:
    with pytest.raises(
        NotPartOfThisPackage,
        match=r"^lsst.meas.algorithms.SourceDetectionTask: algorithms of the LSST stack are not part of",
    ):
        USES[use](task)


def test_a_name_that_is_only_looked_at_does_no_harm(task: Any) -> None:
    assert "SourceDetectionTask: algorithms" in repr(task)
    assert task
    assert copy.copy([task])[0] is task
    assert not hasattr(task, "_repr_html_")
    assert callable(task)
    assert task.__name__ == "SourceDetectionTask"
    assert not hasattr(sys.modules["lsst.meas.algorithms"], "__wrapped__")


@pytest.mark.parametrize(
    ("module", "name"), [("lsst.afw.geom", "NoSuchName"), ("lsst.meas", "mosaic")]
)
def test_a_name_that_is_imported_as_a_module_says_so_too(module: str, name: str) -> None:
    names: dict[str, Any] = {}
    exec(f"from {module} import {name}", names)
    with pytest.raises(NotPartOfThisPackage, match=rf"^{module}\.{name}: "):
        names[name]()
    with pytest.raises(NotPartOfThisPackage):
        _subclass(names[name])


def test_a_camera_that_is_not_installed_is_not_found_though_it_can_be_imported(
    tmp_path: Path,
) -> None:
    from lsst.obs.lsstSim import LsstSimMapper

    from persistence import Butler
    from persistence.errors import CameraNotFound

    name = "lsst.obs.lsstSim.LsstSimMapper"
    for mapper in (name, LsstSimMapper):
        with pytest.raises(CameraNotFound, match=name):
            Butler(inputs={"root": str(tmp_path), "mapper": mapper})


def test_what_this_package_has_of_a_module_is_there() -> None:
    from lsst.coadd.utils import CoaddDataIdContainer
    from lsst.pipe.tasks import processCcd

    assert CoaddDataIdContainer.__module__ == "persistence.pipe.cmdline.coaddcontainers"
    assert processCcd.ProcessCcdTask._DefaultName == "processCcd"
    assert "ProcessCcdTask" in dir(processCcd)


INNER = [
    ("lsst.afw.geom.skyWcs", "makeSkyWcs"),
    ("lsst.afw.cameraGeom.detector.detector", "Detector"),
    ("lsst.geom.angle", "degrees"),
    ("lsst.daf.base.dateTime", "DateTime"),
    ("lsst.daf.base.propertyContainer", "PropertyList"),
    ("lsst.pex.exceptions.wrappers", "LengthError"),
    ("lsst.log.log", "Log"),
]


@pytest.mark.parametrize(("module", "name"), INNER)
def test_an_inner_module_has_the_names_of_its_package(module: str, name: str) -> None:
    found = getattr(importlib.import_module(module), name)
    above = importlib.import_module(".".join(module.split(".")[: module.count(".")]))
    assert not isinstance(found, absent.Name)
    assert found is getattr(above, name)
    nothing = getattr(sys.modules[module], "NoSuchName")  # noqa: B009
    with pytest.raises(NotPartOfThisPackage, match="NoSuchName: this package has no such name"):
        nothing()


@pytest.mark.parametrize(
    ("module", "name"), [("lsst.obs.hsc", "HscMapper"), ("lsst.obs.lsst.imsim", "ImsimMapper")]
)
def test_a_cameras_package_has_the_mappers_that_are_installed(module: str, name: str) -> None:
    from persistence.cameras import installed

    camera = getattr(importlib.import_module(module), name)
    assert camera is installed.find(f"{module}.{name}")
    with pytest.raises(NotPartOfThisPackage, match="the package of this camera is not installed"):
        getattr(sys.modules[module], "NoSuchMapper")()  # noqa: B009
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("lsst.obs.nowhere")


def test_what_modules_are_in_can_be_imported_though_it_is_empty() -> None:
    import lsst.ctrl.pool.parallel

    assert isinstance(lsst.ctrl.pool.parallel.BatchCmdLineTask, absent.Name)
    assert not hasattr(lsst.ctrl, "nothing")


def test_what_has_left_the_stack_says_so() -> None:
    import lsst.pex.logging

    with pytest.raises(NotPartOfThisPackage, match=r"it has left the LSST stack: see lsst\.log"):
        lsst.pex.logging.Log.getDefaultLog()


def test_what_is_installed_comes_first(tmp_path: Path) -> None:
    """Wherever it is on the path: before us, or behind."""
    folder = tmp_path / "lsst" / "meas" / "base"
    folder.mkdir(parents=True)
    for place in (folder.parent.parent, folder.parent):
        (place / "__init__.py").write_text(
            "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)\n"
        )
    (folder / "__init__.py").write_text("REAL = True\n")
    code = """
import persistence.gen2, lsst.meas.base, lsst.meas.astrom
print(lsst.meas.base.REAL, lsst.meas.astrom.X)
"""
    for place in (f"insert(0, {str(tmp_path)!r})", f"append({str(tmp_path)!r})"):
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.{place}{code}"],
            capture_output=True,
            text=True,
        )
        assert done.stdout.startswith("True <lsst.meas.astrom.X"), done.stderr


def test_exceptions_are_the_real_ones_where_another_package_has_lsst_pex_too() -> None:
    """Which is so where pex_config is installed, and this package is a checkout."""
    done = subprocess.run(
        [sys.executable, "-c", "import lsst.geom, lsst.pex.exceptions as e; print(e.LengthError)"],
        capture_output=True,
        text=True,
    )
    assert "persistence.gen2types.exceptions.LengthError" in done.stdout, done.stderr


@pytest.mark.skipif(
    any((Path(place) / "lsst" / "pipe" / "base").exists() for place in sys.path),
    reason="lsst-pipe-base is installed",
)
def test_what_gen2_lends_is_missed_with_a_word_on_how_to_have_it() -> None:
    code = "import lsst.geom\n{}import lsst.pipe.base; print(lsst.pipe.base.Struct)"
    for first, said in (
        ("", "'import persistence.gen2' lends it"),
        ("import persistence.gen2\n", ""),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code.format(first)], capture_output=True, text=True
        )
        assert said in done.stderr
        assert bool(done.returncode) is bool(said), done.stderr


def test_a_module_that_nobody_knows_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError):
        __import__("lsst.nothing.of.this")
    assert absent.is_absent("lsst.meas.astrom")
    assert not absent.is_absent("lsst.geom")
