"""What a policy has called, checked by the text of its module.

Nothing is imported, and nothing is run.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder

from persistence.errors import PolicyError
from persistence.policy.signatures import takes, wrong


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
        # Packages that share a name find their parts wherever Python looks.
        elsewhere = (os.path.join(entry, *spec.name.split(".")) for entry in sys.path)
        places = [*spec.submodule_search_locations, *elsewhere]
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
    """Say whether a module or class may have a name that it does not define.

    Assigned, imported, or made.
    """
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
        raise wrong(kind, f"{name}({ast.unparse(function.args)})", source)
