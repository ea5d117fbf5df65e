"""``persistence.keep.pin``: keep in a repository where its dataset types are looked up."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from persistence.butler import pins as butler_pins
from persistence.butler.butler import Butler
from persistence.errors import RepositoryError, UnknownDatasetType
from persistence.files import atomic, ownership, settings

Paths = Mapping[str, tuple[str, ...]]


def pin(
    root: str | os.PathLike[str],
    pins: Mapping[str, Any] = {},
    remove: Iterable[str] = (),
    mapper: Any = None,
    trust: Iterable[str] = (),
    dry_run: bool = False,
) -> dict[str, tuple[str, ...]]:
    """Change the pins that a repository keeps in ``.persistence/settings.yaml``, and return them.

    Parameters
    ----------
    root : path
        The repository.
    pins : mapping [`str`, path or sequence of paths], optional
        For dataset types, or shell patterns of some, the repositories in which they are looked up,
        in order. A relative path is in the repository or in the current directory; ``.`` is the
        repository itself.
    remove : iterable of `str`, optional
        The pins to remove, by their dataset types or patterns.
    mapper, trust : optional
        As for `Butler`.
    dry_run : `bool`, optional
        Whether to change nothing.

    Returns
    -------
    pins : `dict` [`str`, `tuple` [`str`]]
        All pins of the repository afterwards; the paths are relative to it.

    Raises
    ------
    UnknownDatasetType
        If no camera has a dataset type, or one to remove has no pin.
    RepositoryError
        If the repository is another user's, its settings are invalid, or a pinned directory is no
        repository of its camera.
    """
    root = os.path.realpath(root)
    if not (pins or remove):
        return dict(settings.pins(root))
    reason = ownership.refusal(root)
    if reason:
        raise RepositoryError(reason)
    given = {
        found.pattern: [_absolute(root, path) for path in _as_given(pins[found.pattern])]
        for found in butler_pins.of_caller(pins)
    }
    if given:  # raises an error for pins that a Butler refuses
        Butler(root, mapper=mapper, trust=trust, pins=given, mode="r")
    new = {name: tuple(_relative(root, path) for path in paths) for name, paths in given.items()}
    if dry_run:
        return _changed(root, new, remove)
    with atomic.locked(root):
        changed = _changed(root, new, remove)
        text = settings.changed(root, pins=changed)
        atomic.write_text(os.path.join(root, settings.FILE), text, replace=True)
    return changed


def _changed(root: str, new: Paths, remove: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the pins of a repository with some added, and some removed."""
    known = dict(settings.read(root).pins)
    for name in remove:
        if name not in known:
            raise UnknownDatasetType(name, known, root, "pin of")
        del known[name]
    return {**known, **new}


def _as_given(value: Any) -> list[str]:
    return [
        os.fspath(path) for path in ([value] if isinstance(value, str | os.PathLike) else value)
    ]


def _absolute(root: str, path: str) -> str:
    """Return the directory that a relative path means: in the repository, or in the current one.

    Raises
    ------
    RepositoryError
        If there are two such directories.
    """
    if path == os.curdir:
        return root
    candidates = [os.path.join(os.path.realpath(base), path) for base in (root, os.curdir)]
    existing = [candidate for candidate in candidates if os.path.isdir(candidate)]
    if len({os.path.realpath(candidate) for candidate in existing}) > 1:
        raise RepositoryError(
            f"{path} is both {' and '.join(map(os.path.normpath, existing))}: pass an absolute path"
        )
    # of none, Butler says what is known; a name of the user's configuration is one, too
    return os.path.normpath(existing[0]) if existing else path


def _relative(root: str, path: str) -> str:
    """Return a path relative to a repository; a name that is a link stays one."""
    (found,) = butler_pins.of_caller({"": path})
    directory, name = os.path.split(found.roots[0])
    return os.path.relpath(os.path.join(os.path.realpath(directory), name), root)
