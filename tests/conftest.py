"""What many tests need: repositories with invented exposures, and the real files where they lie."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from obs_decam import generate
from persistence import Butler
from persistence.cli import ingest_images

# Beside the project's checkout; a user's has none.
SHARED = Path(os.environ.get("PERSISTENCE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
MAPPER = "lsst.obs.decam.DecamMapper"


@pytest.fixture(scope="session")
def real() -> Path:
    """Give the folder of real files."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the real files are not there: {SHARED / 'data'}")
    return SHARED / "data"


@pytest.fixture(scope="session")
def vectors() -> Any:
    """Give a function that reads what the original computes, for one camera."""
    if not (SHARED / "vectors").is_dir():
        pytest.skip(f"the original's answers are not there: {SHARED / 'vectors'}")
    return lambda name: json.loads((SHARED / "vectors" / f"{name}.json").read_text())


@pytest.fixture(scope="session")
def raws(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Make two small raw exposures, once: 410877 in g and 410878 in r."""
    folder = tmp_path_factory.mktemp("raw")
    return generate.write(str(folder), [(410877, "g"), (410878, "r")], size="tiny")


def make_root(folder: Path) -> Path:
    """Make an empty DECam repository."""
    folder.mkdir(parents=True)
    (folder / "_mapper").write_text(f"{MAPPER}\n")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give an empty DECam repository."""
    return make_root(tmp_path / "repo")


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, raws: list[str]) -> Path:
    """Give a repository with the two raw exposures. It is shared: do not change it."""
    folder = make_root(tmp_path_factory.mktemp("filled") / "repo")
    assert ingest_images.main([str(folder), *raws]) == 0
    return folder


@pytest.fixture
def own(filled: Path, tmp_path: Path) -> Path:
    """Give a copy of the repository with the two raw exposures, to be changed."""
    return Path(shutil.copytree(filled, tmp_path / "own", symlinks=True))


@pytest.fixture
def butler(filled: Path) -> Butler:
    """Give a Butler on the shared repository."""
    return Butler(filled)
