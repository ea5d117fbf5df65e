"""The two ways in which assemblers and disassemblers are called, and which of them a function takes.

Gen2's (gen2-core 1.14) get a record for each component; those of the older proposal, which Gen2's users wrote from,
get the components themselves in a dictionary.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

from persistence.errors import PolicyError

RECORDS, OBJECTS = "componentInfo", "componentDict"
_SHOWN = {
    "assembler": f"(dataId, {RECORDS}, cls) or (dataId, {OBJECTS}, classObj)",
    "disassembler": f"(obj, dataId, {RECORDS}) or (obj, dataId, {OBJECTS})",
}
_GIVEN = {"assembler": {"dataId", RECORDS, "cls"}, "disassembler": {"obj", "dataId", RECORDS}}
_NEEDED = {"assembler": {"dataId", OBJECTS, "classObj"}, "disassembler": {"dataId", OBJECTS}}


def takes(kind: str, names: Sequence[str], spare: Sequence[str] = (), anything: bool = False) -> str | None:
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
        raise _wrong(kind, f"{getattr(function, '__qualname__', function)}{signature}", source)
    return form


def check(kind: str, name: str, source: str) -> None:
    """Check what a policy names, by the text of its module: nothing is imported.

    Parameters
    ----------
    kind, name, source : `str`
        ``assembler`` or ``disassembler``; the dotted name; file and line that name it.

    Raises
    ------
    PolicyError
        If there is no such module, it has no such name, or the function takes neither form.
    """
    tree, rest = _parsed(name, source)
    for part in rest:
        found = [node for node in tree.body if getattr(node, "name", None) == part]
        if not found:
            if _may_have(tree, part):
                return
            raise PolicyError(f"{source}: {kind} {name!r} cannot be imported: there is no {part!r}")
        tree = found[-1]  # type: ignore[assignment]  # a class or a function has a body too
    if isinstance(tree, ast.FunctionDef):
        _check_definition(kind, name, tree, source)


def _parsed(name: str, source: str) -> tuple[ast.Module, list[str]]:
    """Parse the module that a dotted name begins with; gives what is left of the name."""
    parts = name.split(".")
    spec = _top(parts[0])
    if spec is None and parts[0] in sys.modules:  # a module that was made by hand
        return ast.parse("from nowhere import *"), parts[1:]
    if spec is None:
        raise PolicyError(f"{source}: {name!r} cannot be imported: there is no module {parts[0]!r}")
    end = 1
    while spec.submodule_search_locations is not None and end < len(parts) - 1:
        # As most packages that share a name do when they are imported.
        places = pkgutil.extend_path(list(spec.submodule_search_locations), spec.name)
        below = PathFinder.find_spec(f"{spec.name}.{parts[end]}", places)
        if below is None:
            break
        spec, end = below, end + 1
    read = getattr(spec.loader, "get_source", None)
    text = read(spec.name) if read is not None else None
    return ast.parse(text if text is not None else "from nowhere import *"), parts[end:]


def _top(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ValueError:  # an empty name, or a module that was made by hand
        return None


def _may_have(tree: ast.AST, name: str) -> bool:
    """Say whether a module or class may have a name that it does not define: assigned, imported, or made."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and (node.asname or node.name.split(".")[0]) in (name, "*"):
            return True
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name:
            return True
        if isinstance(node, ast.FunctionDef) and node.name in ("__getattr__", "__init_subclass__"):
            return True
        if isinstance(node, ast.ClassDef) and (node.bases or node.keywords):
            return True
    return False


def _check_definition(kind: str, name: str, function: ast.FunctionDef, source: str) -> None:
    if function.decorator_list:  # what they make of it only running tells
        return
    every = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    split = len(every) - len(function.args.defaults)
    keywords = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    spare = [*every[split:]]
    needed = every[:split]
    for one, default in keywords:
        (needed if default is None else spare).append(one.arg)
    if takes(kind, needed, spare, function.args.kwarg is not None) is None:
        raise _wrong(kind, f"{name}({ast.unparse(function.args)})", source)


def _wrong(kind: str, shown: str, source: str) -> PolicyError:
    return PolicyError(f"{source}: {shown} is no {kind}: these are called with {_SHOWN[kind]}")
