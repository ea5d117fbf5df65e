"""What the project holds itself to: its imports, its public names, its packaging."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = "{'numpy', 'astropy', 'sqlite_utils'}"
    code = f"import sys; from persistence import Butler; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_module_is_there_without_its_import() -> None:
    code = "import persistence; print(persistence.errors.NoResults is persistence.NoResults)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_every_public_name_is_there() -> None:
    import persistence

    assert [name for name in persistence.__all__ if not hasattr(persistence, name)] == []
    assert persistence.__all__ == sorted(persistence.__all__)
    assert set(persistence.__all__) <= set(dir(persistence))
    with pytest.raises(AttributeError, match="no attribute 'Butlr'"):
        _ = persistence.Butlr


def test_the_stub_says_which_names_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TOP / "tests" / "code")
    stub = importlib.import_module("stub")
    assert stub.STUB.read_text() == stub.stub(), "run python tests/code/stub.py"


def test_type_checkers_know_the_dataset_types_of_the_cameras(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(TOP / "tests" / "code")
    stub = importlib.import_module("stub")
    assert stub.MODULE.read_text() == stub.names(), "run python tests/code/stub.py"


def test_the_old_names_are_the_new_ones() -> None:
    import lsst.daf.persistence as old
    import persistence
    from lsst.obs.base import CameraMapper
    from lsst.obs.decam import DecamMapper

    assert issubclass(old.Butler, persistence.Butler)
    assert old.Exposure is persistence.Exposure
    assert issubclass(DecamMapper, CameraMapper)


def test_every_package_of_gen2s_names_is_typed() -> None:
    packages = [path.parent for path in (TOP / "python" / "lsst").rglob("__init__.py")]
    assert [folder for folder in packages if not (folder / "py.typed").is_file()] == []


@pytest.mark.parametrize(
    "name", ["lsst", "lsst.afw", "lsst.daf", "lsst.obs", "lsst.pex", "lsst.pipe"]
)
def test_what_others_have_too_is_no_package_of_ours(name: str) -> None:
    """A regular package in an editable install would hide, or be hidden by, what others install."""
    assert not (TOP / "python" / Path(*name.split(".")) / "__init__.py").exists()
