"""A registry for repositories that have none: it reads the data IDs off the names of the files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from persistence.dataids.template import Field, PathTemplate, Piece
from persistence.errors import RegistryError
from persistence.files.content import COMPRESSED
from persistence.registry.contract import Between, Registry, Rows


class FilesystemRegistry(Registry):
    """Looks data IDs up by matching the files of a repository with a path template.

    Parameters
    ----------
    path : `str`
        The repository's root.

    Notes
    -----
    Directories are read one level of the template at a time, and only those that the known keys
    leave. A value that holds a slash is not found.
    """

    lists_files = True

    def __init__(self, path: str) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"FilesystemRegistry({self.path!r})"

    def lookup(
        self,
        columns: Sequence[str],
        where: Mapping[str, Any],
        tables: Sequence[str] = (),
        between: Between | None = None,
        template: PathTemplate | None = None,
        limit: int | None = None,
    ) -> Rows:
        """Return the distinct values of some columns; see `Registry.lookup`."""
        if between is not None:
            raise RegistryError(
                f"{self.path} has no registry: a validity range cannot be looked up"
            )
        if template is None or not set(columns) <= set(template.keys):
            return []
        found: dict[tuple[Any, ...], None] = {}
        for data_id in scan(self.path, template, where):
            found[tuple(data_id[column] for column in columns)] = None
            if limit is not None and len(found) >= limit:
                break
        return list(found)

    def columns(
        self, tables: Sequence[str], template: PathTemplate | None = None
    ) -> Mapping[str, str]:
        """Return the keys that the names of the files hold."""
        words = {int: "int", float: "double", str: "text"}
        return {key: words[kind] for key, kind in template.keys.items()} if template else {}

    def tables(self) -> Sequence[str]:
        """Return no table: there is none."""
        return ()

    def count(self, table: str) -> int:
        """Refuse: there is no table whose rows could be counted."""
        raise RegistryError(f"{self.path} has no registry, and so no table {table!r}")

    def close(self) -> None:
        """Do nothing: no file is held."""


def scan(root: str, template: PathTemplate, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the data ID of each file of a template that has the known values.

    The HDU in brackets at a template's end is in no file's name: its key is left to the caller's
    ``known``.
    """
    file_template = PathTemplate(template.file_text)
    fixed = {key: value for key, value in known.items() if key in file_template.keys}
    outside = {
        key: known[key] for key in template.keys if key not in file_template.keys and key in known
    }
    for path in _walk(root, "", file_template.components, fixed):
        for candidate in file_template.candidates(path):
            if all(candidate[key] == value for key, value in fixed.items()):
                yield candidate | outside
                break


def _walk(
    root: str, path: str, parts: Sequence[tuple[Piece, ...]], known: Mapping[str, Any]
) -> Iterator[str]:
    """Yield each path below ``root`` that may match a template's parts, sorted at each level."""
    if not parts:
        yield path[1:]
        return
    head, rest = parts[0], parts[1:]
    for name in _names(root + path, head, known, last=not rest):
        yield from _walk(root, f"{path}/{name}", rest, known)


def _names(
    directory: str, part: tuple[Piece, ...], known: Mapping[str, Any], last: bool
) -> Iterator[str]:
    if all(isinstance(piece, str) or piece.name in known for piece in part):
        literal = "".join(
            piece if isinstance(piece, str) else piece.show(known[piece.name]) for piece in part
        )
        endings = ("", *COMPRESSED) if last else ("",)
        if any(os.path.exists(os.path.join(directory, literal + ending)) for ending in endings):
            yield literal
        return
    pattern = "".join(_pattern(piece, known) for piece in part)
    regex = re.compile(f"({pattern}){_ENDINGS if last else ''}")
    try:
        names = sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return
    matches = (regex.fullmatch(name) for name in names if not name.startswith(".part-"))
    yield from dict.fromkeys(match.group(1) for match in matches if match is not None)


_ENDINGS = "(?:" + "|".join(re.escape(ending) for ending in COMPRESSED) + ")?"


def _pattern(piece: Piece, known: Mapping[str, Any]) -> str:
    if isinstance(piece, Field):
        return re.escape(piece.show(known[piece.name])) if piece.name in known else ".*?"
    return re.escape(piece)
