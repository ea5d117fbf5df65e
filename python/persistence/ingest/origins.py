"""Copy the provenance of files that come from a repository into another tree."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from persistence.butler.provenance import carry
from persistence.files import journal


class Origins:
    """Copy lines of journals; see `persistence.butler.provenance.carry`.

    Parameters
    ----------
    root : `str`
        The tree into which files are ingested.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._runs: set[str] = set()
        # Many files come from one directory: each directory is examined once.
        self._trees: dict[str, str | None] = {}

    def take(self, source: str, path: str) -> None:
        """Copy the journal lines about a file from its own tree, if there are any.

        Parameters
        ----------
        source : `str`
            The original file, which still exists.
        path : `str`
            The new file, relative to the tree.
        """
        source = os.path.abspath(source)
        folder = os.path.dirname(source)
        if folder not in self._trees:
            self._trees[folder] = tree(source)
        above = self._trees[folder]
        if above is None or os.path.realpath(above) == os.path.realpath(self._root):
            return
        target = os.path.join(self._root, path)
        lines = []
        for line in carry.of(above, [os.path.relpath(source, above)]):
            if line.get("op") == "run":
                if line.get("r") not in self._runs:
                    self._runs.add(str(line.get("r")))
                    lines.append(line)
            elif isinstance(line.get("n"), list):  # its inputs are recorded
                lines.append(_moved(line, path, target))
        carry.add(self._root, lines)


def _moved(line: Mapping[str, Any], path: str, target: str) -> dict[str, Any]:
    """Return a line with the file's new path and size, as it may have been rewritten."""
    return {**line, "f": path, "s": os.path.getsize(target)}


def tree(path: str) -> str | None:
    """Return the nearest directory above a file that has journals; None if there is none."""
    folder = os.path.dirname(os.path.abspath(path))
    while not journal.files(folder):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder
