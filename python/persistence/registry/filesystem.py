"""A registry for repositories without one: it parses data IDs from the names of files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from persistence.dataids.inversion import Inverter, Part
from persistence.dataids.template import PathTemplate
from persistence.errors import RegistryError
from persistence.files import mirrors
from persistence.files.content import COMPRESSED
from persistence.files.listings import find
from persistence.files.marks import is_repository
from persistence.registry.contract import Between, Registry, Rows

# The beginning of the names of temporary files.
_TEMPORARY = ".part-"


class FilesystemRegistry(Registry):
    """A registry that matches the files of a repository with a path template.

    Parameters
    ----------
    path : `str`
        The repository's root.

    Notes
    -----
    Directories are read one level of the template at a time, and only where they match the known
    keys. Values that contain a slash are not found.
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
        """Return the keys in the template of the files, with their types."""
        words = {int: "int", float: "double", str: "text"}
        return {key: words[kind] for key, kind in template.keys.items()} if template else {}

    def tables(self) -> Sequence[str]:
        """Return an empty tuple: there are no tables."""
        return ()

    def count(self, table: str) -> int:
        """Raise an error: there is no table whose rows could be counted."""
        raise RegistryError(f"{self.path} has no registry, and so no table {table!r}")

    def close(self) -> None:
        """Skip closing: no file is open."""


class TooLong(Exception):
    """The limit on the number of names to read was exceeded."""


def scan(
    root: str,
    template: PathTemplate,
    known: Mapping[str, Any],
    endings: tuple[str, ...] = ("", *COMPRESSED),
    enough: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Return an iterator over the data IDs of a template's files that have the known values.

    Parameters
    ----------
    root : `str`
        The tree.
    template : `PathTemplate`
        The template. Keys that are only in its HDU brackets have to be in ``known``.
    known : mapping
        Values of keys.
    endings : `tuple` [`str`, ...], optional
        Endings that may follow the name of a file.
    enough : `int` or `None`, optional
        The most names to read.

    Raises
    ------
    TooLong
        If more names would have to be read.
    """
    file_template = PathTemplate(template.file_text)
    fixed = {key: value for key, value in known.items() if key in file_template.keys}
    outside = {
        key: known[key] for key in template.keys if key not in file_template.keys and key in known
    }
    walk = _Walk(root, file_template, fixed, endings, enough)
    return (data_id | outside for data_id in once(file_template, fixed, walk.data_ids()))


def once(
    template: PathTemplate, known: Mapping[str, Any], data_ids: Iterable[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield one data ID per file: the first reading of its path with the known values.

    Parameters
    ----------
    template : `PathTemplate`
        The template, without an HDU.
    known : mapping
        Values of keys.
    data_ids : iterable of `dict` [`str`, object]
        All readings of all paths with these values.
    """
    if is_unique(template):
        yield from data_ids
        return
    seen = set[str]()
    for data_id in data_ids:
        path = template.format(data_id)
        if path not in seen:
            seen.add(path)
            yield next(
                reading
                for reading in template.candidates(path)
                if all(reading[key] == value for key, value in known.items())
            )


class _Walk:
    """A search for the files of one template, in directories that match known values."""

    def __init__(
        self,
        root: str,
        template: PathTemplate,
        known: Mapping[str, Any],
        endings: tuple[str, ...],
        enough: int | None,
    ) -> None:
        self._root, self._known, self._endings, self._left = root, known, endings, enough
        self._keys = tuple(template.keys)
        *parts, self._name = template.file_text.split("/")
        self._parts: list[Part] = []
        before = set[str]()
        for text in parts:
            self._parts.append(Part(text, before))
            before.update(self._parts[-1].keys)
        self._inverter = Inverter([template], [endings])

    def data_ids(self) -> Iterator[dict[str, Any]]:
        """Return an iterator over the data IDs of all files."""
        return self._below("", {}, 0)

    def _below(self, path: str, values: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
        """Yield the data IDs of files below a directory that has some values."""
        if depth == len(self._parts):
            yield from self._files(path, values)
            return
        part = self._parts[depth]
        names = self._named(part.text, part.keys, values)
        readings = (
            (name, values | dict(zip(part.keys, read, strict=True)))
            for name in (self._names(path) if names is None else names)
            for read in part.match(name, values)
        )
        for name, full in sorted(readings, key=lambda one: tuple(one[1].values())):
            below = f"{path}/{name}" if path else name
            if self._fits(full) and not self._is_foreign(part, below):
                yield from self._below(below, full, depth + 1)

    def _files(self, path: str, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the data IDs of files in a directory."""
        names = self._named(self._name, set(self._keys) - values.keys(), values)
        start = f"{path}/" if path else ""
        if names is None:
            names = self._names(path)
        else:
            names = [name for name in names if find(self._root, start + name, self._endings)]
        rows = self._inverter.directory(path).rows(names)
        for row in sorted({row[2] for row in rows}):
            full = dict(zip(self._keys, row, strict=True))
            if self._fits(full):
                yield full

    def _named(
        self, text: str, keys: Iterable[str], values: Mapping[str, Any]
    ) -> Sequence[str] | None:
        """Return the only possible name of a component, or none; None if keys are unknown."""
        if not self._known.keys() >= set(keys):
            return None
        try:
            name = text % {**self._known, **values}
            os.fsencode(name)
        except (TypeError, ValueError):  # a value of another type, or one that cannot be in a name
            return []
        return [] if "/" in name or "\0" in name or name in (".", "..") else [name]

    def _fits(self, values: Mapping[str, Any]) -> bool:
        return all(values[key] == value for key, value in self._known.items() if key in values)

    def _is_foreign(self, part: Part, path: str) -> bool:
        """Return whether a directory is another repository that only a free text field matches."""
        is_bare = part.is_bare and part.keys[0] not in self._known
        return is_bare and is_repository(f"{self._root}/{path}")

    def _names(self, path: str) -> list[str]:
        """Return the names in a directory, without temporary files and broken links."""
        names = []
        try:
            with mirrors.scandir(f"{self._root}/{path}") as entries:
                for entry in entries:
                    if self._left is not None:
                        self._left -= 1
                        if self._left < 0:
                            raise TooLong
                    if not entry.name.startswith(_TEMPORARY) and (
                        not entry.is_symlink() or os.access(entry.path, os.F_OK)
                    ):
                        names.append(entry.name)
        except OSError:
            return []
        return names


def is_unique(template: PathTemplate) -> bool:
    """Return whether each path has at most one reading by a template."""
    before = set[str]()
    for text in template.file_text.split("/"):
        part = Part(text, before)
        before.update(part.keys)
        if not part.is_unique:
            return False
    return True
