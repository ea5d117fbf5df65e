"""Copy the provenance of files that are copied into another tree."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from persistence.butler.provenance import recorder
from persistence.butler.provenance.store import Store
from persistence.files import journal


def of(root: str, paths: Iterable[str]) -> list[dict[str, Any]]:
    """Return the journal lines about some files, for `add`.

    Parameters
    ----------
    root : `str`
        The tree with the files.
    paths : iterable of `str`
        The files, relative to it; files without a record are skipped.

    Returns
    -------
    lines : `list` [`dict`]
        The lines; those of runs first. Repositories of inputs are absolute paths.
    """
    store = Store(root)
    try:
        runs: dict[str, dict[str, Any]] = {}
        lines = []
        for path in paths:
            fields = store.fields(path)
            if fields is None:
                continue
            roots = fields.get("o")
            if isinstance(roots, list):
                fields["o"] = [
                    os.path.normpath(os.path.join(store.root, str(folder))) for folder in roots
                ]
            lines.append(fields)
            run = fields.get("r")
            if isinstance(run, str) and run not in runs:
                head = store.run_fields(run)
                if head is not None:
                    runs[run] = head
        return [*runs.values(), *lines]
    finally:
        store.close()


def add(root: str, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write copied lines into the journal of the tree where the files are now.

    The author, host and time of each line are kept.

    Parameters
    ----------
    root : `str`
        The tree; its files have the same paths.
    lines : iterable of mapping
        The result of `of`.
    """
    written = []
    for line in lines:
        fields = dict(line)
        roots = fields.get("o")
        if isinstance(roots, list):
            fields["o"] = [
                recorder.relative(folder, root) if os.path.isabs(folder) else folder
                for folder in roots
            ]
        path = fields.get("f")
        if path and "m" in fields:
            try:
                fields["m"] = os.stat(os.path.join(root, path)).st_mtime_ns
            except OSError:
                continue  # it was not copied
        written.append(fields)
    journal.append_lines(root, written)
