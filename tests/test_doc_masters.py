"""The page doc/masters.rst: its commands are run in order, and its cells print what it shows."""

from __future__ import annotations

import contextlib
import glob
import io
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from obs_decam.sample import calibraws, generate
from persistence import Butler
from persistence.cli import ingest_calibs, ingest_curated, ingest_images
from persistence.cli.main import main as persistence
from persistence.tasks.construct_bias import BiasTask
from persistence.tasks.construct_defects import DefectsTask
from persistence.tasks.construct_flat import FlatTask
from persistence.tasks.process_ccd import ProcessCcdTask

from .pages import blocks

PAGE = Path(__file__).resolve().parents[1] / "doc" / "masters.rst"


def _generate(words: list[str]) -> int:
    if words[0] == "calib-raws":
        return calibraws.main(words[1:])
    # No more of the chips of the sky than are worked on: it takes its time.
    Path(words[0]).mkdir()
    hdus = generate.exposure(410877, "g", "small", compress=False, extensions=2)
    hdus.writeto(f"{words[0]}/DECam_00410877.fits")
    return 0


def _task(task: Any) -> Callable[[list[str]], int]:
    def run(words: list[str]) -> int:
        task.parseAndRun(words)
        return 0

    return run


PROGRAMS: Mapping[str, Callable[[list[str]], int]] = {
    "generateDecam.py": _generate,
    "persistence": persistence,
    "ingestImages.py": ingest_images.main,
    "ingestCalibs.py": ingest_calibs.main,
    "ingestDefects.py": ingest_curated.main,
    "constructBias.py": _task(BiasTask),
    "constructFlat.py": _task(FlatTask),
    "constructDefects.py": _task(DefectsTask),
    "processCcd.py": _task(ProcessCcdTask),
    "mkdir": lambda words: Path(words[0]).mkdir(),  # type: ignore[func-returns-value]
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run all cells; return what is printed beside what is shown, in the directory of the work."""
    for needed in ("lsst.pex.config", "sep"):
        pytest.importorskip(needed, reason="pip install '.[tasks]'")
    folder = tmp_path_factory.mktemp("masters")
    names: dict[str, Any] = {"__name__": "page"}
    pairs, printed = [], ""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for kind, text in blocks("doc/masters.rst"):
            if kind == "sh":
                for line in text.splitlines():
                    name, *words = shlex.split(line)
                    assert not PROGRAMS[name](words), line
            elif kind == "python":
                with contextlib.redirect_stdout(io.StringIO()) as stream:
                    exec(compile(text, PAGE.name, "exec"), names)
                printed = stream.getvalue()
            else:
                pairs.append((printed, text))
        yield folder, pairs


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def test_the_page_shows_what_its_cells_print(page: Any) -> None:
    for printed, shown in page[1]:
        assert plain(printed) == plain(shown)


def test_the_sky_is_processed_with_the_masters(page: Any) -> None:
    folder, _pairs = page
    butler = Butler(str(folder / "repo/rerun/sky"))
    calexp = butler.get("calexp", visit=410877, ccdnum=25)
    truth = generate.truth(410877, "g", 25)
    level = butler.get("calexpBackground", visit=410877, ccdnum=25).image()
    # In electrons of a chip whose flat is 1 where all of them are, on the average.
    assert np.median(level) == pytest.approx(truth.seen.sky, rel=0.05)
    good = ~(calexp.mask["BAD"] | calexp.mask["SAT"] | calexp.mask["DETECTED"])
    pulls = calexp.image[good] / np.sqrt(calexp.variance[good])
    assert 1.4826 * np.median(np.abs(pulls)) == pytest.approx(1.0, abs=0.05)
    used = butler.why("calexp", visit=410877, ccdnum=25)
    masters = {one.datasetType: one for one in used.inputs}
    assert [len(masters[kind].inputs) for kind in ("bias", "flat", "defects")] == [5, 6, 8]


def test_patterns_of_the_page_name_files(page: Any) -> None:
    patterns = re.findall(r"'(repo/rerun\S*\*\S*)'", PAGE.read_text())
    assert len(patterns) == 2
    assert all(glob.glob(str(page[0] / pattern)) for pattern in patterns)
