"""``ConfigStorage``: configuration files, parsed as assignments. They are Python, but are never run."""

from __future__ import annotations

import ast
from typing import Any

from persistence.errors import FormatterError, UnsafeContent
from persistence.location import Location
from persistence.types.config import Config

_ROOTS = ("config", "root")  # the latter before 2015


def read(location: Location) -> Config:
    """Read a configuration as a tree of values."""
    path = location.full_path
    with open(path, "rb") as stream:
        content = stream.read()
    try:
        return parse(content.decode(), path)
    except UnicodeDecodeError as error:
        raise FormatterError(f"{path} is no configuration file: {error}") from error


def parse(text: str, path: str = "<text>") -> Config:
    """Parse the text of a configuration file.

    Raises
    ------
    UnsafeContent
        If a statement is more than an import, a check, or the assignment of a literal.
    """
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormatterError(f"{path} is no configuration file: {error}") from error
    values: dict[str, Any] = {}
    notes: dict[str, str] = {}
    class_name = None
    for statement in statements:
        match statement:
            case ast.Import() | ast.ImportFrom():
                continue
            case ast.Assert(
                test=ast.Compare(left=ast.Call(func=ast.Name("type")), comparators=[right]), msg=message
            ) if _is_dotted(right) and _is_text(message):
                class_name = ast.unparse(right)
            case ast.Assign(targets=[target], value=value) if (name := _name(target)) is not None:
                try:
                    values[name] = _literal(value)
                except (ValueError, TypeError, IndexError):
                    raise _unsafe(path, statement) from None
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=target, attr="retarget"), args=[]) as call) if (
                name := _name(target)
            ) is not None and all(_is_dotted(word.value) for word in call.keywords):
                keywords = ", ".join(f"{word.arg}={ast.unparse(word.value)}" for word in call.keywords)
                notes[name] = f"retarget({keywords})"
            case _:
                raise _unsafe(path, statement)
    return Config(values, class_name, notes)


def write(obj: Any, path: str, location: Location) -> None:
    """Write a `Config`, a mapping of dotted names, or anything with ``save(path)``, as ``pex_config`` has."""
    if hasattr(obj, "save"):
        obj.save(path)
        return
    if isinstance(obj, dict):
        obj = Config(obj)
    if not isinstance(obj, Config):
        raise FormatterError(f"{location.datasetType}: ConfigStorage holds a configuration, not {type(obj)}")
    text = obj.text()
    if parse(text, location.datasetType) != obj:
        raise FormatterError(
            f"{location.datasetType}: the configuration could not be read back as it is: {text[:200]}"
        )
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def _name(target: ast.expr) -> str | None:
    """Give ``a['b'].c`` for ``config.a['b'].c``; None if the chain does not begin at the configuration."""
    root = target
    while isinstance(root, ast.Attribute | ast.Subscript):
        if isinstance(root, ast.Subscript) and not isinstance(root.slice, ast.Constant):
            return None
        root = root.value
    if target is root or not isinstance(root, ast.Name) or root.id not in _ROOTS:
        return None
    return ast.unparse(target).removeprefix(root.id).removeprefix(".")


def _is_dotted(value: ast.expr) -> bool:
    while isinstance(value, ast.Attribute):
        value = value.value
    return isinstance(value, ast.Name)


def _is_text(message: ast.expr | None) -> bool:
    """Say whether a message is text, or text with names in it, and calls nothing but ``type(config)``."""
    calls = [node for node in ast.walk(message or ast.Constant("")) if isinstance(node, ast.Call)]
    return all(ast.unparse(call) in [f"type({root})" for root in _ROOTS] for call in calls)


def _literal(value: ast.expr) -> Any:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "float":
        return float(ast.literal_eval(value.args[0]))
    return ast.literal_eval(value)


def _unsafe(path: str, statement: ast.stmt) -> UnsafeContent:
    shown = ast.unparse(statement).splitlines()[0][:60]
    return UnsafeContent(f"{path}:{statement.lineno}: {shown!r} is no assignment of a literal; nothing was run")
