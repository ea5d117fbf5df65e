"""The two signatures of assemblers and disassemblers, and their recognition.

Gen2's (doc/gen2/gen2-core.md 1.14) receive a record per component; those of the older proposal,
which Gen2's users followed, receive the components themselves in a dictionary.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from persistence.errors import PolicyError

RECORDS, OBJECTS = "componentInfo", "componentDict"
_SHOWN = {
    "assembler": f"(dataId, {RECORDS}, cls) or (dataId, {OBJECTS}, classObj)",
    "disassembler": f"(obj, dataId, {RECORDS}) or (obj, dataId, {OBJECTS})",
}
_GIVEN = {"assembler": {"dataId", RECORDS, "cls"}, "disassembler": {"obj", "dataId", RECORDS}}
_NEEDED = {"assembler": {"dataId", OBJECTS, "classObj"}, "disassembler": {"dataId", OBJECTS}}


@functools.lru_cache(maxsize=256)
def form_of(kind: str, function: Callable[..., Any], source: str) -> str:
    """Return how a function is called: with `RECORDS` or with `OBJECTS`.

    Parameters
    ----------
    kind : `str`
        ``assembler`` or ``disassembler``.
    function : callable
        The function.
    source : `str`
        The file and line that name it, for messages.

    Raises
    ------
    PolicyError
        If it has neither signature; the message shows its own.
    """
    import inspect  # lazy: only needed for composites

    shown = getattr(function, "__qualname__", function)
    named = f"an {kind}" if kind == "assembler" else f"a {kind}"
    try:
        signature = inspect.signature(function)
    except ValueError:  # written in C, without a signature
        return RECORDS
    except TypeError as error:
        raise PolicyError(f"{source}: {shown} is not {named}: it cannot be called") from error
    parameters = signature.parameters.values()
    plain = [
        item for item in parameters if item.kind not in (item.VAR_KEYWORD, item.VAR_POSITIONAL)
    ]
    form = _form(
        kind,
        needed={item.name for item in plain if item.default is item.empty},
        taken={item.name for item in plain},
        anything=any(item.kind is item.VAR_KEYWORD for item in parameters),
    )
    if form is None:
        raise PolicyError(
            f"{source}: {shown}{signature} is not {named}: these are called with {_SHOWN[kind]}"
        )
    return form


def _form(kind: str, needed: set[str], taken: set[str], anything: bool) -> str | None:
    """Return the form of a hook (`OBJECTS` or `RECORDS`) that has these parameters, or None."""
    # The older form's first parameter has the object's name: exposure, srcCat.
    if OBJECTS in taken:
        more = needed - _NEEDED[kind]
        return OBJECTS if len(more) <= (kind == "disassembler") else None
    given = _GIVEN[kind]
    return RECORDS if needed <= given and (anything or given <= taken) else None
