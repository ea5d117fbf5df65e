"""Optional libraries: what needs one that is missing says what installs it."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from persistence.errors import MissingExtra
from persistence.files import extras
from persistence.files.extras import EXTRAS

TOP = Path(__file__).resolve().parents[2]
PACKAGE = TOP / "python" / "persistence"
# Where an optional library is imported without `needed`: packages with a guard; and modules that
# get on without it, or are only reached with an object of it in hand.
GUARDED = ("tasks.", "apdb.")
EXCUSED = {
    "calibs.timeline": "figures.figure comes first",
    "cli.progress": "without rich, there are no bars",
    "cli.terminal": "without rich, tables are plain",
    "cli.watching.notices": "without watchfiles, directories are listed",
    "cli.complete.completion": "without argcomplete, there is no TAB",
    "drawing.image": "figures.figure comes first",
    "gen2types.display.figures": "its figure comes first",
    "gen2types.spherepoint": "without sphgeom, there is no sphere of its own",
    "pipe.cmdline.overrides": "the configuration is of pex_config",
    "pipe.cmdline.show": "the configuration is of pex_config",
    "pipe.executors.dask": "its cluster comes first",
    "pipe.executors.processes": "its pool comes first",
    "pipe.task": "the configuration is of pex_config",
    "plot.depthmaps": "figures.figure comes first",
    "plot.focalplane": "figures.figure comes first",
    "plot.quality": "figures.figure comes first",
    "plot.sky": "figures.figure comes first",
    "plot.stars": "figures.figure comes first",
    "plot.tracts": "figures.figure comes first",
    "refcats.htm": "without sphgeom, ours is slower",
}


def imports(tree: ast.AST, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield each module that is imported at run time, and whether it stands in a block of `needed`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", inside) for alias in node.names)
        is_needed = isinstance(node, ast.With) and "extras.needed(" in ast.unparse(node.items[0])
        yield from imports(node, inside or is_needed)


def test_every_import_of_an_optional_library_says_what_installs_it() -> None:
    bare = set()
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for module, is_needed in imports(ast.parse(path.read_text())):
            is_optional = any(f"{module}.".startswith(f"{library}.") for library in EXTRAS)
            if is_optional and not is_needed and not name.startswith(GUARDED):
                bare.add(name)
    assert bare - EXCUSED.keys() == set()


def test_each_extra_installs_its_library() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    for library, extra in EXTRAS.items():
        wanted = project["optional-dependencies"][extra.name]
        assert any(one.lower().startswith(extra.library.lower()) for one in wanted), library


@pytest.mark.parametrize("library", EXTRAS)
def test_a_library_that_is_missing_is_named_with_its_extra(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    extra = EXTRAS[library]
    with (
        pytest.raises(
            MissingExtra, match=rf"A test needs {extra.library}: pip install 'gen2-"
        ) as caught,
        extras.needed(library, "A test"),
    ):
        __import__(library)
    assert str(caught.value).endswith(f"'gen2-butler[{extra.name}]'")


def test_another_module_that_is_missing_is_its_own_error() -> None:
    with (
        pytest.raises(ModuleNotFoundError, match="no_such_module"),
        extras.needed("pandas", "A test"),
    ):
        import no_such_module  # noqa: F401


# As in an environment in which some libraries were never installed.
ABSENT = """
import importlib, importlib.machinery, importlib.util, sys
absent = sys.argv[1].split(",")
find = importlib.machinery.PathFinder.find_spec
importlib.machinery.PathFinder.find_spec = staticmethod(
    lambda name, path=None, target=None: None if name in absent else find(name, path, target)
)
for name in sys.argv[2:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(type(error).__name__, error)
try:
    import scipy
except ImportError as error:
    print(type(error).__name__)
print(importlib.util.find_spec("sep"))
"""


def test_tasks_without_their_extra_say_what_to_install() -> None:
    modules = ("persistence.tasks.isr_config", "lsst.pipe.tasks.calibrate", "persistence.tasks.sky")
    modules += (
        "persistence.tasks.matching",
        "persistence.apdb.config",
        "persistence.apdb.association",
    )
    done = subprocess.run(
        [sys.executable, "-c", ABSENT, "lsst.pex.config,scipy,sep", *modules],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    *lines, others, spec = done.stdout.splitlines()
    assert lines
    for line in lines:
        assert line.startswith("MissingExtra ")
        assert line.endswith(": pip install 'gen2-butler[tasks]'")
    # somebody else who tries to import one gets what Python has for it
    assert (others, spec) == ("ModuleNotFoundError", "None")
