"""Which functions can assemble and disassemble, by what they take."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from persistence.errors import PolicyError
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


@pytest.mark.parametrize("line", FORMS)
def test_a_function_says_by_its_parameters_how_it_is_called(line: str) -> None:
    kind, form = FORMS[line]
    space: dict[str, Any] = {}
    exec(f"{line}: ...", space)  # a function of the table above
    function = space.get("f") or space["g"]
    if form is None:
        with pytest.raises(
            PolicyError, match=rf"^p.yaml:3: .*is not an? {kind}: these are called with \("
        ):
            form_of(kind, function, "p.yaml:3")
    else:
        assert form_of(kind, function, "p.yaml:3") == form


def test_a_function_in_c_without_a_signature_is_called_as_gen2_did() -> None:
    assert form_of("assembler", getattr, "p.yaml:3") == RECORDS


@pytest.mark.parametrize("kind", ["assembler", "disassembler"])
def test_what_cannot_be_called_is_refused_with_the_line_that_names_it(kind: str) -> None:
    with pytest.raises(
        PolicyError, match=rf"^p.yaml:3: .* is not an? {kind}: it cannot be called$"
    ):
        form_of(kind, sys, "p.yaml:3")  # type: ignore[arg-type]  # that is the point
