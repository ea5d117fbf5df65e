"""The two signatures of assemblers and disassemblers, and which one a function has.

Gen2's (gen2-core 1.14) get a record for each component; those of the older proposal, which Gen2's
users wrote from, get the components themselves in a dictionary.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from persistence.errors import PolicyError

RECORDS, OBJECTS = "componentInfo", "componentDict"
_SHOWN = {
    "assembler": f"(dataId, {RECORDS}, cls) or (dataId, {OBJECTS}, classObj)",
    "disassembler": f"(obj, dataId, {RECORDS}) or (obj, dataId, {OBJECTS})",
}
_GIVEN = {"assembler": {"dataId", RECORDS, "cls"}, "disassembler": {"obj", "dataId", RECORDS}}
_NEEDED = {"assembler": {"dataId", OBJECTS, "classObj"}, "disassembler": {"dataId", OBJECTS}}


def takes(
    kind: str, names: Sequence[str], spare: Sequence[str] = (), anything: bool = False
) -> str | None:
    """Say which form parameters of these names fit: `RECORDS` or `OBJECTS`; None if neither.

    Parameters
    ----------
    kind : `str`
        ``assembler`` or ``disassembler``.
    names : sequence of `str`
        The parameters that have to be given, in order.
    spare : sequence of `str`
        Those that have a default.
    anything : `bool`
        Whether any other keyword is taken.
    """
    # The older form's first parameter is called what the object is: exposure, srcCat.
    if OBJECTS in (*names, *spare):
        more = set(names) - _NEEDED[kind]
        return OBJECTS if len(more) <= (kind == "disassembler") else None
    given = _GIVEN[kind]
    fits = set(names) <= given and (anything or given <= {*names, *spare})
    return RECORDS if fits else None


@functools.lru_cache(maxsize=256)
def form_of(kind: str, function: Callable[..., Any], source: str) -> str:
    """Say how a function wants to be called.

    Raises
    ------
    PolicyError
        If it takes neither form; the message shows what it takes.
    """
    import inspect  # slow to import, and only who makes a composite needs it

    try:
        signature = inspect.signature(function)
    except ValueError:  # written in C, without a signature
        return RECORDS
    parameters = signature.parameters.values()
    named = [one for one in parameters if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]
    form = takes(
        kind,
        [one.name for one in named if one.default is one.empty],
        [one.name for one in named if one.default is not one.empty],
        any(one.kind is one.VAR_KEYWORD for one in parameters),
    )
    if form is None:
        raise wrong(kind, f"{getattr(function, '__qualname__', function)}{signature}", source)
    return form


def wrong(kind: str, shown: str, source: str) -> PolicyError:
    """Say what a function takes, and what it would have to take."""
    return PolicyError(f"{source}: {shown} is no {kind}: these are called with {_SHOWN[kind]}")
