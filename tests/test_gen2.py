"""Gen2's names of what tasks are made of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import persistence.gen2
import lsst.pex.config as pexConfig
import lsst.pipe.base as pipeBase
import lsst.daf.persistence as dafPersist
from lsst.pipe.base.timer import timeMethod

class StepConfig(pexConfig.Config):
    factor = pexConfig.Field(dtype=int, default=2, doc="a factor")

class StepTask(pipeBase.Task):
    ConfigClass = StepConfig
    _DefaultName = "step"
    @timeMethod
    def run(self, value):
        return pipeBase.Struct(value=value * self.config.factor)

class NightConfig(pexConfig.Config):
    step = pexConfig.ConfigurableField(target=StepTask, doc="a step")

class NightTask(pipeBase.CmdLineTask):
    ConfigClass = NightConfig
    _DefaultName = "characterizeImage"
    RunnerClass = pipeBase.ButlerInitializedTaskRunner
    def __init__(self, butler=None, **kwargs):
        pipeBase.CmdLineTask.__init__(self, **kwargs)
        self.makeSubtask("step")
    @classmethod
    def _makeArgumentParser(cls):
        parser = pipeBase.ArgumentParser(name=cls._DefaultName)
        parser.add_id_argument(name="--id", datasetType="raw", help="data ID, e.g. --id visit=1 ccdnum=2")
        return parser
    def runDataRef(self, sensorRef):
        self.log.info("Processing %s" % (sensorRef.dataId,))
        return self.step.run(sensorRef.dataId["ccdnum"])

NightTask.parseAndRun()
"""


def run(code: str, *words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env=environment
    )


def test_a_script_of_gen2_runs_with_one_line_more(filled: Path, tmp_path: Path) -> None:
    place = tmp_path / "night.py"
    place.write_text(SCRIPT)
    words = [
        str(filled),
        "--output",
        str(tmp_path / "out"),
        "--id",
        "visit=410877",
        "ccdnum=1^2",
        "-j",
        "2",
    ]
    done = subprocess.run([sys.executable, str(place), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "characterizeImage: 2 done, of 2" in done.stdout
    (metadata,) = (tmp_path / "out").glob("**/metadata-*_02.yaml")
    assert "characterizeImage:step" in metadata.read_text()


def test_the_names_are_ours_where_nothing_has_them() -> None:
    code = """
import persistence.gen2, sys
assert not [name for name in sys.modules if name.startswith(("numpy", "astropy", "lsst.pex"))]
for module, texts in persistence.gen2.MODULES.items():
    lent = __import__(module, fromlist=["x"])
    for name in lent.__all__:
        assert getattr(lent, name).__name__ == name
try:
    from lsst.pipe.base import PipelineTask
except ImportError:
    print("well")
"""
    done = run(code)
    assert (done.stdout, done.stderr) == ("well\n", "")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a package ``lsst.pipe.base`` as its newer generation is: with a Task, but no CmdLineTask."""
    base = tmp_path / "installed" / "lsst" / "pipe" / "base"
    base.mkdir(parents=True)
    for folder in (base.parent.parent, base.parent):
        (folder / "__init__.py").write_text(
            "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)\n"
        )
    (base / "__init__.py").write_text("class Task:\n    own = True\n")
    return tmp_path / "installed"


def test_what_is_installed_keeps_its_names_and_gets_those_it_lacks(installed: Path) -> None:
    code = "import persistence.gen2, lsst.pipe.base as base; print(base.Task.own, base.CmdLineTask.__module__)"
    done = run(code, path=installed)
    assert (done.stdout, done.stderr) == ("True persistence.pipe.gen2\n", "")


def test_who_asks_whether_a_lent_module_is_there_finds_it() -> None:
    code = "import persistence.gen2, importlib.util; print(importlib.util.find_spec('lsst.pipe.base.task').name)"
    assert run(code).stdout == "lsst.pipe.base.task\n"


SHORT = """
import sys
import lsst.pipe.base as pipeBase
import lsst.meas.algorithms as measAlg
from lsst.utils import getPackageDir
from lsst.pipe.base.configOverrides import ConfigOverrides
from neighbour import WORD
print(pipeBase.Struct(a=1).a, __name__, sys.argv, WORD, getPackageDir("obs_decam").endswith("obs_decam"))
sys.exit(int(sys.argv[1]))
"""


def test_a_script_of_gen2_runs_as_it_is(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SHORT)
    (tmp_path / "neighbour.py").write_text("WORD = 'here'\n")
    done = subprocess.run(
        [sys.executable, "-m", "persistence.gen2", str(script), "3", "-x"],
        capture_output=True,
        text=True,
        env={**os.environ, "OBS_DECAM_DIR": "/stack/obs_decam"},
    )
    assert done.stdout == f"1 __main__ {[str(script), '3', '-x']} here True\n", done.stderr
    assert done.returncode == 3


@pytest.mark.parametrize(("words", "text"), [([], "usage: "), (["no.py"], "no script 'no.py'")])
def test_without_a_script_it_says_how(words: list[str], text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "persistence.gen2", *words], capture_output=True, text=True
    )
    assert text in done.stderr
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_notebook_loads_it_as_an_extension() -> None:
    code = """
import importlib
importlib.import_module("persistence.gen2").load_ipython_extension(None)  # as %load_ext does
import lsst.pipe.base
print(lsst.pipe.base.CmdLineTask.__name__)
"""
    assert run(code).stdout == "CmdLineTask\n"


def test_utilities_are_lent_where_they_are_not_installed() -> None:
    code = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == "lsst.utils":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
import persistence.gen2
for module in persistence.gen2.UTILITIES:
    lent = __import__(module, fromlist=["x"])
    for name in lent.__all__:
        assert getattr(lent, name).__name__ == name, name
import lsst.utils.tests
from lsst.utils import getPackageDir
print(getPackageDir("obs_decam"), getPackageDir("daf_persistence"))
try:
    getPackageDir("obs_nowhere")
except LookupError as error:
    print(error)
"""
    lines = run(code).stdout.splitlines()
    assert len(lines) == 2, lines
    first, second = lines[0].split()
    assert first.endswith("obs_decam")
    assert second.endswith("lsst/daf/persistence")
    assert lines[1].startswith("there is no package 'obs_nowhere': $OBS_NOWHERE_DIR is not set")


def test_its_tasks_run_in_several_processes_without_a_line_more(
    filled: Path, tmp_path: Path
) -> None:
    script = tmp_path / "night.py"
    script.write_text(SCRIPT.replace("import persistence.gen2\n", ""))
    words = [str(filled), "--output", str(tmp_path / "out"), "--id", "visit=410877", "ccdnum=1^2"]
    done = subprocess.run(
        [sys.executable, "-m", "persistence.gen2", str(script), *words, "-j", "2"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "characterizeImage: 2 done, of 2" in done.stdout
