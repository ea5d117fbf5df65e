"""Which versions of software do the work."""

from __future__ import annotations

import platform
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from persistence.types.metadata import versions


def test_python_and_the_imported_libraries_are_there() -> None:
    found = versions.current()
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["persistence"]
    assert "json" not in found  # the standard library's are Python's


@pytest.mark.parametrize("version", [None, 3, ("1", "2")])
def test_a_module_without_a_version_is_left_out(
    monkeypatch: pytest.MonkeyPatch, version: object
) -> None:
    module = ModuleType("odd")
    module.__version__ = version  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "odd", module)
    assert "odd" not in versions.current()


def test_what_is_imported_late_is_there_in_any_case_and_what_only_tests_is_not() -> None:
    code = "from persistence.types.metadata.versions import current; print(*current())"
    names = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"astropy", "numpy", "scipy", "sep", "persistence"} <= set(names)
    assert not {"pytest", "ruff", "rich"} & set(names)
