"""Packages that look for modules of Gen2's names, which they find here, go on working beside us."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(sys.executable).parent


def run(*words: str | Path, code: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *words] if code else [*words]
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        env={**os.environ, "DAF_BUTLER_REPOSITORY_INDEX": ""},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_every_name_is_found_beside_those_of_others() -> None:
    """Also in an editable install, where `lsst` and `lsst.pex` are regular packages of others."""
    pytest.importorskip("lsst.daf.butler", reason="lsst-daf-butler is not installed")
    code = """
import lsst.daf.butler, lsst.pex.config, lsst.utils, lsst.sphgeom
import lsst.daf.persistence, lsst.daf.base, lsst.pex.exceptions, lsst.geom, lsst.log, lsst.afw.fits
print(lsst.daf.persistence.Butler.__module__, lsst.daf.butler.Butler.__module__)
"""
    assert run(code=code).stdout == "persistence.gen2types.butler lsst.daf.butler._butler\n"


@pytest.mark.slow
def test_the_command_line_of_the_newer_butler_runs(tmp_path: Path) -> None:
    """It asks for lsst.log, and configures it."""
    pytest.importorskip("lsst.daf.butler", reason="lsst-daf-butler is not installed")
    command = SCRIPTS / "butler"
    assert "Usage: butler" in run(command, "--help").stdout
    run(command, "--log-level", "DEBUG", "create", tmp_path / "repo")
    assert (tmp_path / "repo" / "butler.yaml").is_file()


def test_its_log_is_set_up_and_taken_back(tmp_path: Path) -> None:
    pytest.importorskip("lsst.daf.butler", reason="lsst-daf-butler is not installed")
    code = """
import logging, lsst.log
from lsst.daf.butler.cli.cliLog import CliLog
CliLog.initLog(longlog=False)
CliLog.setLogLevels([(None, "DEBUG")])
log = lsst.log.Log.getLogger("lsst.my.package")
assert log.getEffectiveLevel() == lsst.log.DEBUG
log.debug("one line")
logging.getLogger("other").info("no")
CliLog.resetLog()
assert not lsst.log.Log.UsePythonLogging
"""
    done = run(code=code)
    assert done.stdout == ""
    assert done.stderr.splitlines() == ["lsst.my.package DEBUG: one line"]


def test_configurations_become_properties() -> None:
    """lsst-pex-config asks for lsst.daf.base."""
    pytest.importorskip("lsst.pex.config", reason="lsst-pex-config is not installed")
    code = """
import lsst.pex.config as pexConfig
from lsst.pex.config.convert import makePropertySet
class Inner(pexConfig.Config):
    y = pexConfig.Field(dtype=float, default=2.5, doc="y")
class Outer(pexConfig.Config):
    x = pexConfig.Field(dtype=int, default=1, doc="x")
    inner = pexConfig.ConfigField(dtype=Inner, doc="inner")
properties = makePropertySet(Outer())
print(properties.getAsInt("x"), properties.get("inner.y"))
"""
    assert run(code=code).stdout == "1 2.5\n"


@pytest.mark.real
def test_headers_are_translated(real: Path) -> None:
    """astro-metadata-translator asks for lsst.daf.base, and reads headers by lsst.afw.fits."""
    pytest.importorskip("astro_metadata_translator")
    code = """
import sys
from astro_metadata_translator import ObservationInfo
from astro_metadata_translator.file_helpers import have_afw, read_basic_metadata_from_file
header = read_basic_metadata_from_file(sys.argv[1], 1)
info = ObservationInfo(header, pedantic=True)
print(have_afw, type(header).__module__, info.instrument, info.visit_id, info.exposure_time.value)
"""
    from astropy.io import fits

    path = real / "decam_instcal" / "instcal" / "c4d_180908_000426_ooi_g_ls9.N10.fits"
    theirs = fits.getheader(path)
    words = run(path, code=code).stdout.split()
    assert words[:2] == ["True", "persistence.gen2types.properties"]
    assert words[2:] == ["DECam", str(theirs["EXPNUM"]), str(float(theirs["EXPTIME"]))]
    done = run(SCRIPTS / "astrometadata", "translate", path)
    assert "DECam" in done.stdout + done.stderr
