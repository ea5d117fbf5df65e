"""What is built from the checkout: complete, installed alone, and tested as its users get it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import persistence

TOP = Path(__file__).resolve().parents[1]

# Directories of the checkout, and what they are called in the wheel.
SHIPPED = {"python/": "", "policy/": "persistence_policy/", "obs_decam/": "obs_decam/"}

# What a new user types after `pip install`, in an environment with no extras.
FIRST_LINES = [
    "generateDecam.py raw --visits 1",
    "persistence create repo --camera decam",
    "ingestImages.py repo raw/DECam_00410877.fits.fz",
    "persistence tree repo",
]
FIRST_PYTHON = """
from persistence import Butler
raw = Butler("repo").get("raw", visit=410877, ccdnum=28)
print(raw.image.shape, raw.metadata["FILTER"])
"""


def run(words: list[str], folder: Path, **variables: str) -> str:
    done = subprocess.run(
        words, cwd=folder, env=os.environ | variables, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def tracked() -> list[str]:
    """Return the files that git has, but for those that only git and CI use."""
    names = run(["git", "ls-files"], TOP).split("\n")
    return [name for name in names if name and not name.startswith(".")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build sdist, and a wheel from it, once."""
    if not (TOP / ".git").exists():
        pytest.skip("this is no checkout of git's, so that there is nothing to compare with")
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--outdir", str(folder), "."], TOP)
    return folder


@pytest.fixture(scope="module")
def unpacked(built: Path) -> Path:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as stream:
        # Python 3.11.2 has no filters yet.
        stream.extractall(built, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return built / archive.name.removesuffix(".tar.gz")


def test_the_version_is_that_of_what_is_installed() -> None:
    assert persistence.__version__ == metadata.version("gen2-butler")
    assert "__version__" in dir(persistence)


def test_a_copy_that_is_not_installed_says_that_its_version_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", lost)
    assert persistence.__version__ == "0+unknown"


@pytest.mark.slow
def test_the_sdist_has_all_that_git_has(unpacked: Path) -> None:
    files = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert [name for name in tracked() if name not in files] == []


@pytest.mark.slow
def test_the_wheel_has_all_of_the_packages_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name} - {
        f"{wheel.name.rsplit('-', 3)[0]}.data/scripts/{path.name}" for path in TOP.glob("bin/*")
    }
    ours = {
        new + name.removeprefix(old)
        for name in tracked()
        for old, new in SHIPPED.items()
        if name.startswith(old)
    }
    assert names == ours


@pytest.mark.slow
def test_tests_of_the_sdist_pass_on_the_wheel(unpacked: Path) -> None:
    (wheel,) = unpacked.parent.glob("*.whl")
    target = unpacked.parent / "installed"
    words = ["install", "-q", "--no-deps", "--target", str(target), str(wheel)]
    run([sys.executable, "-m", "pip", *words], unpacked)
    tests = ["tests/policy", "tests/dataids", "tests/test_packaging.py"]
    pytest_words = ["-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *tests]
    printed = run([sys.executable, *pytest_words], unpacked, PYTHONPATH=str(target))
    assert " passed" in printed
    where = run(
        [sys.executable, "-c", "import persistence; print(persistence.__file__)"],
        unpacked,
        PYTHONPATH=str(target),
    )
    assert where.startswith(str(target))


@pytest.mark.slow
def test_the_wheel_alone_takes_a_new_user_from_raw_files_to_pixels(
    built: Path, tmp_path: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    run([str(python), "-m", "pip", "install", "-q", str(wheel)], tmp_path)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    alone = {"PATH": path, "PYTHONPATH": ""}
    for line in FIRST_LINES:
        run(line.split(), tmp_path, **alone)
    assert "(266, 160)" in run([str(python), "-c", FIRST_PYTHON], tmp_path, **alone)
    assert run([str(python), "-m", "persistence", "--help"], tmp_path, **alone)
