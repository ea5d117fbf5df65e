"""The site of doc/: its pages are reachable and complete; a slow test builds it, and runs its notebooks."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import persistence
from persistence import errors
from persistence.policy import schema
from persistence.policy.dataset_type import FIELDS
from persistence.policy.section import SECTIONS

TOP = Path(__file__).resolve().parents[1]
DOC = TOP / "doc"
# Written when the site is built.
GENERATED = ("reference/commands/", "reference/api/", "_build/")
_LINK = re.compile(r":doc:`(?:[^`<]*<)?([^`>]+)>?`|\{doc\}`(?:[^`<]*<)?([^`>]+)>?`")
_TOCTREE = re.compile(r"(?:\.\. toctree::|```\{toctree\})\n((?:[ :].*\n|\n|(?!```)\S+\n)*)")
_PICTURE = re.compile(r"^ *\.\. (?:image|figure):: (\S+)", re.M)


def names() -> list[str]:
    """Return each page that is checked in, from doc/ on, without its ending."""
    files = [path for ending in ("rst", "md") for path in DOC.rglob(f"*.{ending}")]
    pages = [path.relative_to(DOC).with_suffix("").as_posix() for path in files]
    return sorted(name for name in pages if not name.startswith((*GENERATED, "_")))


def text_of(name: str) -> str:
    (path,) = (path for path in (DOC / f"{name}.rst", DOC / f"{name}.md") if path.is_file())
    return path.read_text()


def led_to(name: str, target: str) -> str:
    """Return the page that a link of another means."""
    whole = target.lstrip("/") if target.startswith("/") else (DOC / name).parent / target
    return (DOC / whole).resolve().relative_to(DOC).as_posix()


def entries(name: str) -> Iterator[str]:
    for body in _TOCTREE.findall(text_of(name)):
        for line in body.splitlines():
            if line.strip() and not line.strip().startswith(":"):
                yield led_to(name, line.strip())


def test_every_page_is_in_a_table_of_contents_once() -> None:
    listed = [entry for name in names() for entry in entries(name)]
    there = [entry for entry in listed if not entry.startswith(GENERATED)]
    assert sorted(there) == [name for name in names() if name != "index"]


@pytest.mark.parametrize("name", names())
def test_what_a_page_leads_to_is_there(name: str) -> None:
    text, known = text_of(name), names()
    for groups in _LINK.findall(text):
        target = led_to(name, "".join(groups))
        assert target in known or target.startswith(GENERATED), target
    for picture in _PICTURE.findall(text):
        assert ((DOC / name).parent / picture).is_file(), picture
    left = re.findall(r"``doc/\w+\.rst``", text)
    assert left == [], "say :doc:`...`, so that it is a link"


def test_every_public_name_has_a_place_in_the_reference() -> None:
    listed = re.findall(r"^   (\w+)$|``(\w+)``", text_of("reference/api"), re.M)
    found = {"".join(pair) for pair in listed}
    assert {name for name in persistence.__all__ if name not in found} == set()


def test_every_error_is_explained() -> None:
    page = text_of("reference/errors")
    known = [
        name
        for name, one in vars(errors).items()
        if isinstance(one, type)
        and issubclass(one, Exception)
        and one.__module__ == errors.__name__
    ]
    assert len(known) > 40
    assert [name for name in known if f"``{name}``" not in page] == []
    explained = re.findall(r"^``(\w+)`` \(also (``.*``)\)$", page, re.M)
    assert len(explained) > 30
    for name, others in explained:
        cls: Any = getattr(errors, name)
        ancestry = {f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__}
        for other in re.findall(r"``([\w.]+)``", others):
            assert any(base == other or base.endswith(f".{other}") for base in ancestry), name


def test_every_key_of_a_policy_is_explained() -> None:
    types, whole = text_of("reference/policy").split("Keys of the whole file")
    assert set(re.findall(r"^``(\w+)``", types, re.M)) == set(FIELDS)
    assert set(re.findall(r"^``(\w+)``", whole, re.M)) == {*schema.SETTINGS, *SECTIONS}


def test_every_command_has_a_page() -> None:
    """The pages come from the parsers themselves."""
    sys.path.insert(0, str(DOC / "_ext"))
    try:
        import commands  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(DOC / "_ext"))
    from persistence.cli.main import COMMANDS

    assert set(commands.scripts()) == {
        path.name for path in (TOP / "bin").iterdir()
    } - {"persistence", "bootstrap"}  # fmt: skip
    page = commands.page(commands.subcommand("find"), summary=COMMANDS["find"])
    assert ".. option:: --where CONDITION\n" in page
    parser, task = commands.captured("processCcd.py")
    page = commands.page(parser, task)
    assert ".. option:: --rerun [IN:]OUT\n" in page
    assert "   * - ``calibrate.refCat``\n" in page


def test_the_architecture_shows_every_package_on_its_floor() -> None:
    """The floors are those of import-linter; the picture leaves out two small packages."""
    with open(TOP / "pyproject.toml", "rb") as stream:
        contracts = tomllib.load(stream)["tool"]["importlinter"]["contracts"]
    floors = [re.findall(r"(?<!\()\b\w+\b(?!\))", line) for line in contracts[0]["layers"]]
    names = {name for floor in floors for name in floor} - {"__main__"}
    assert {"tasks", "butler", "errors"} <= names
    page, drawn = text_of("explanation/architecture"), (DOC / "explanation/floors.svg").read_text()
    assert {name for name in names if f"``{name}``" not in page} == {"gen2", "testing"}
    assert {name for name in names if f">{name}<" not in drawn} == {"drawing", "notebook"}


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    for module, package in (("sphinx", "sphinx"), ("myst_nb", "myst-nb"), ("numpydoc", "numpydoc")):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{package} is not installed: python3 bin/bootstrap docs")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d",
         str(tmp_path / "doctrees"), str(DOC), str(tmp_path / "html")],
        cwd=TOP, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "calibrate.refCat" in (tmp_path / "html/reference/commands/processCcd.html").read_text()
