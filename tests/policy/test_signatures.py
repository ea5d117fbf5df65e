"""Which functions can assemble and disassemble, by what they take."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence.errors import PolicyError
from persistence.policy.check_code import check
from persistence.policy.signatures import OBJECTS, RECORDS, form_of

FORMS = {
    "def f(dataId, componentInfo, cls)": ("assembler", RECORDS),
    "def f(cls, dataId, componentInfo)": ("assembler", RECORDS),
    "def f(dataId, componentInfo, cls, more=1)": ("assembler", RECORDS),
    "def f(*, dataId, componentInfo, cls)": ("assembler", RECORDS),
    "def f(dataId, **rest)": ("assembler", RECORDS),
    "def f(dataId, componentDict, classObj)": ("assembler", OBJECTS),
    "def f(dataId, componentDict, classObj=None)": ("assembler", OBJECTS),
    "def f(dataId, componentDict, other)": ("assembler", None),
    "def f(dataId, componentInfo)": ("assembler", None),
    "def f(dataId, componentInfo, cls, other)": ("assembler", None),
    "def f()": ("assembler", None),
    "def g(obj, dataId, componentInfo)": ("disassembler", RECORDS),
    "def g(obj, dataId, componentDict)": ("disassembler", OBJECTS),
    "def g(exposure, dataId, componentDict)": ("disassembler", OBJECTS),
    "def g(exposure, dataId, componentInfo)": ("disassembler", None),
    "def g(one, two, dataId, componentDict)": ("disassembler", None),
    "def g(obj)": ("disassembler", None),
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Give a function that makes a module of some text, and gives its name."""

    def make(text: str) -> str:
        name = f"persistence_test_signatures_{abs(hash(text))}"
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        return name

    return make


@pytest.mark.parametrize("line", FORMS)
def test_a_function_says_by_its_parameters_how_it_is_called(line: str) -> None:
    kind, form = FORMS[line]
    space: dict[str, Any] = {}
    exec(f"{line}: ...", space)  # a function of the table above
    function = space.get("f") or space["g"]
    if form is None:
        with pytest.raises(
            PolicyError, match=rf"^p.yaml:3: .*is no {kind}: these are called with \("
        ):
            form_of(kind, function, "p.yaml:3")
    else:
        assert form_of(kind, function, "p.yaml:3") == form


@pytest.mark.parametrize("line", FORMS)
def test_its_text_says_the_same_without_being_run(line: str, module: Callable[[str], str]) -> None:
    kind, form = FORMS[line]
    name = module(f"{line}: ...\nraise SystemExit\n")
    dotted = f"{name}.{line[4]}"
    if form is None:
        with pytest.raises(
            PolicyError, match=rf"^p.yaml:3: {name}.*is no {kind}: these are called with \("
        ):
            check(kind, dotted, "p.yaml:3")
    else:
        check(kind, dotted, "p.yaml:3")
    assert name not in sys.modules


def test_a_module_in_c_is_left_to_the_call() -> None:
    check("assembler", "math.hypot", "p.yaml:3")


@pytest.mark.parametrize(
    "text",
    [
        "from json import loads as make",
        "from json import *",
        "make = print",
        "def __getattr__(name): ...",
        "class Made:\n    @staticmethod\n    def make(dataId, componentInfo, cls): ...",
        "import functools\n@functools.cache\ndef make(anything): ...",
    ],
)
def test_what_the_text_does_not_tell_is_left_to_the_call(
    text: str, module: Callable[[str], str]
) -> None:
    name = module(text)
    check("assembler", f"{name}.Made.make" if "class" in text else f"{name}.make", "p.yaml:3")


@pytest.mark.parametrize(
    "name",
    ["", "nodots", "nosuchmodule.thing", "persistence.cli.nothing.make", "json.nothing_of_it"],
)
def test_a_name_of_nothing_is_refused_with_the_line_that_names_it(name: str) -> None:
    with pytest.raises(
        PolicyError, match=rf"^p.yaml:3: .*{name!r} cannot be imported: there is no "
    ):
        check("assembler", name, "p.yaml:3")
