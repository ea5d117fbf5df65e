"""The page doc/conventions.rst: it has a line for every type that doc/objects.rst says one gets."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

from persistence import types

DOC = Path(__file__).parents[1] / "doc"


def classes() -> set[str]:
    """Return the names of the classes of `persistence.types`."""
    found: set[str] = set()
    for module in pkgutil.walk_packages(types.__path__, "persistence.types."):
        items = vars(importlib.import_module(module.name)).items()
        found |= {
            name for name, item in items if inspect.isclass(item) and item.__module__ == module.name
        }
    return found


def test_each_type_that_one_gets_has_its_conventions() -> None:
    code = re.findall(r"``([^`]+)``", (DOC / "objects.rst").read_text())
    got = {name for text in code for name in re.findall(r"\b[A-Z]\w+\b", text)} & classes()
    table = (DOC / "conventions.rst").read_text().split("Type by type\n", 1)[1]
    assert len(got) > 20
    assert {name for name in got if f"``{name}``" not in table} == set()
