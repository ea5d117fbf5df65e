"""The text of configuration files, parsed as assignments.

The files are Python, but they are never executed.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from persistence.errors import FormatterError, UnsafeContent, told
from persistence.files import hashes
from persistence.types.metadata.config import Config, Made

_ROOTS = ("config", "root")  # the latter before 2015
_LINE = re.compile(r"\r\n|\r|\n")  # ends of lines in Python


def parse(text: str, path: str = "<text>") -> Config:
    """Parse the text of a configuration file.

    Parameters
    ----------
    text : `str`
        The text.
    path : `str`, optional
        The file, for messages.

    Returns
    -------
    `Config`
        The configuration.

    Raises
    ------
    UnsafeContent
        If a statement is more than an import, a check, or the assignment of a literal.
    FormatterError
        If the text is not valid.
    """
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormatterError(f"{path} is not a configuration file: {told(error)}") from error
    found = _Found()
    for statement in statements:
        _take(statement, found, path)
    return Config(found.values, found.class_name, found.notes, _docs(text, statements))


@dataclass
class _Found:
    """The content of the statements that were parsed."""

    values: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    class_name: str | None = None


def _take(statement: ast.stmt, found: _Found, path: str) -> None:
    """Add the content of a statement that is known to be harmless."""
    match statement:
        case ast.Import(names=names) | ast.ImportFrom(names=names) if not any(map(_rebinds, names)):
            return
        case ast.Expr(value=ast.Constant(str())):  # a docstring
            return
        case ast.Assert(
            test=ast.Compare(left=ast.Call(func=ast.Name("type")), comparators=[right]), msg=message
        ) if _is_dotted(right) and _is_text(message):
            found.class_name = ast.unparse(right)
        case ast.Assign(targets=[target], value=value) if (name := _name(target)) is not None:
            try:
                found.values[name] = _value(value)
            except hashes.TooManyAlikeError as error:
                raise FormatterError(f"{path}:{statement.lineno}: {name}: {error}") from error
            except (ValueError, TypeError, IndexError):
                raise _unsafe(path, statement) from None
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=target, attr="retarget"), args=[]) as call
        ) if (name := _name(target)) is not None and all(
            _is_dotted(_looked_up_in(word.value)) for word in call.keywords
        ):
            keywords = ", ".join(f"{word.arg}={ast.unparse(word.value)}" for word in call.keywords)
            found.notes[name] = f"retarget({keywords})"
        case _:
            raise _unsafe(path, statement)


def _rebinds(alias: ast.alias) -> bool:
    """Return whether an import could change the meaning of the statements after it."""
    bound = alias.asname or alias.name.partition(".")[0]
    return bound in (*_ROOTS, "type", "float", "*")


def _docs(text: str, statements: list[ast.stmt]) -> dict[str, str]:
    """Return the comments directly above each assignment."""
    lines, docs, end = _LINE.split(text), {}, 0
    for statement in statements:
        start = first = statement.lineno - 1
        while start > end and lines[start - 1].startswith("#"):
            start -= 1
        name = _name(statement.targets[0]) if isinstance(statement, ast.Assign) else None
        if name and start < first:
            docs[name] = "\n".join(
                line.removeprefix("#").removeprefix(" ") for line in lines[start:first]
            )
        end = statement.end_lineno or statement.lineno
    return docs


def _name(target: ast.expr) -> str | None:
    """Return ``a['b'].c`` for ``config.a['b'].c``.

    None if it does not begin at the configuration.
    """
    root = target
    while isinstance(root, ast.Attribute | ast.Subscript):
        if isinstance(root, ast.Subscript) and not isinstance(root.slice, ast.Constant):
            return None
        root = root.value
    if target is root or not isinstance(root, ast.Name) or root.id not in _ROOTS:
        return None
    return ast.unparse(target).removeprefix(root.id).removeprefix(".")


def _looked_up_in(value: ast.expr) -> ast.expr:
    """Return the registry of ``registry['name']``, or the expression itself."""
    named = isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant)
    return value.value if named and isinstance(value, ast.Subscript) else value


def _is_dotted(value: ast.expr) -> bool:
    while isinstance(value, ast.Attribute):
        value = value.value
    return isinstance(value, ast.Name)


def _is_text(message: ast.expr | None) -> bool:
    """Return whether a message is a text, perhaps with names, that only calls ``type(config)``."""
    calls = [node for node in ast.walk(message or ast.Constant("")) if isinstance(node, ast.Call)]
    return all(ast.unparse(call) in [f"type({root})" for root in _ROOTS] for call in calls)


class _Floats(ast.NodeTransformer):
    """A transformer that replaces ``float('nan')`` by the number everywhere."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Return the number of a call of ``float``; other calls raise ValueError."""
        match node:
            case ast.Call(func=ast.Name("float"), args=[text], keywords=[]):
                return ast.Constant(float(ast.literal_eval(text)))
        raise ValueError("a call")


def _value(value: ast.expr) -> Any:
    """Return a literal, or a placeholder for an object created by a class without arguments.

    Raises
    ------
    ValueError
        If it is neither.
    TypeError
        If it is neither.
    """
    match value:
        case ast.Call(func=made, args=[], keywords=[]) if _is_dotted(made):
            name = ast.unparse(made)
            # PEP 8's mark of a class; a function would be called
            if name.rpartition(".")[2][:1].isupper():
                return Made(name)
    literal = _Floats().visit(value)
    for node in ast.walk(literal):
        if isinstance(node, ast.Dict | ast.Set):
            keys = [*(node.keys if isinstance(node, ast.Dict) else node.elts)]
            if len(keys) > hashes.MOST and all(keys):
                hashes.refuse_bomb(map(ast.literal_eval, filter(None, keys)))
    return ast.literal_eval(literal)


def _unsafe(path: str, statement: ast.stmt) -> UnsafeContent:
    shown = ast.unparse(statement).splitlines()[0][:60]
    return UnsafeContent(
        f"{path}:{statement.lineno}: {shown!r} is not an assignment of a literal; nothing was run"
    )
