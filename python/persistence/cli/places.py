"""Where a command reads and writes.

``PIPE_*_ROOT``, ``--output`` and ``--rerun`` (doc/gen2/gen2-cli.md, 3.3, 3.4).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from persistence.cli import cameras
from persistence.errors import (
    PersistenceError,
    PolicyError,
    RepositoryError,
    UsageError,
    did_you_mean,
)
from persistence.files import mirrors, user_config

INPUT, CALIB, OUTPUT = "PIPE_INPUT_ROOT", "PIPE_CALIB_ROOT", "PIPE_OUTPUT_ROOT"
_RERUN = "rerun"
# Reruns are looked for so far down, when one is not found: user/topic/name.
_DEEPEST = 3


class Places(NamedTuple):
    """The directories of a command.

    Attributes
    ----------
    input : `str`
        The input.
    calib, output : `str` or None
        The calibration root; the output.
    rerun : `list` [`str`] or None
        The parts of ``--rerun``.
    """

    input: str
    calib: str | None
    output: str | None
    rerun: list[str] | None


def under(variable: str, given: str | None) -> str | None:
    """Return an absolute directory: below that of an environment variable, if it is set.

    Without a directory, the variable's; None if neither is set.
    """
    root = os.environ.get(variable)
    if root:
        return os.path.abspath(os.path.join(root, given or ""))
    return os.path.abspath(given) if given else None


def where_calibrations_lie(
    given: str | None, root: str, has_to_be_there: bool = True
) -> str | None:
    """Return the absolute directory of ``--calib``: below ``PIPE_CALIB_ROOT`` if that is set.

    Otherwise it is searched in the current directory and in the repository, as `Butler`'s
    ``calibRoot``. If it need not exist, the default is that in the current directory.

    Raises
    ------
    UsageError
        If it is in both, or in neither.
    """
    if not given or os.environ.get(CALIB):
        return under(CALIB, given)
    from persistence.calibs import roots  # lazy: few commands have calibrations

    bases = os.curdir, root
    try:
        if has_to_be_there:
            return roots.directory(given, bases, "--calib")
        return roots.find(given, bases, "--calib")[0]
    except PersistenceError as error:
        raise UsageError(str(error)) from error


def refuse_absent(root: str) -> None:
    """Raise an error if a repository does not exist: with a mapper, a Butler would create it.

    Raises
    ------
    RepositoryError
        If there is no such directory.
    """
    if not os.path.isdir(root):
        from persistence.files import links  # lazy: only needed for error messages

        hint = did_you_mean(root, user_config.names())
        raise RepositoryError(links.fault(root) or f"there is no directory {root}{hint}")


def add_rerun(parser: argparse.ArgumentParser) -> None:
    """Add ``--rerun``, of commands that read one."""
    parser.add_argument("--rerun", metavar="NAME", help="use REPO/rerun/NAME instead of REPO")


def of_rerun(root: str, name: str | None) -> str:
    """Return the directory of a rerun of a repository; the repository itself if none is named.

    Raises
    ------
    UsageError
        If there is no such rerun.
    """
    if name is None:
        return root
    path = _rerun(root, name)
    if not os.path.isdir(path):
        raise _no_rerun(root, name)
    return path


def output(given: str | None) -> str | None:
    """Return the absolute directory of ``--output``; the variable alone requests no output."""
    return under(OUTPUT, given) if given else None


def resolved(
    given: str,
    calib: str | None = None,
    written: str | None = None,
    rerun: str | None = None,
    mapper: str | None = None,
    trust: tuple[str, ...] = (),
) -> Places:
    """Return the directories of a command.

    Parameters
    ----------
    given : `str`
        The input repository, as typed.
    calib, written, rerun : `str`, optional
        The values of ``--calib``, ``--output`` and ``--rerun``.
    mapper, trust : optional
        The camera; see `persistence.cli.cameras.given`.

    Returns
    -------
    places : `Places`
        The directories.

    Raises
    ------
    UsageError
        If they contradict each other, or the rerun to read does not exist or is of another
        camera.
    """
    root = under(INPUT, given) or os.path.abspath(given)
    if not os.path.lexists(root):
        try:
            named = mirrors.directory(given)
        except PolicyError as error:
            raise UsageError(str(error)) from error
        root = root if named == given else os.path.abspath(named)
    calib = where_calibrations_lie(calib, root)
    if rerun is None:
        return Places(root, calib, output(written), None)
    if written is not None:
        raise UsageError("--output and --rerun both name the output: pass one of them")
    parts = rerun.split(":")
    if len(parts) > 2 or not all(parts):
        raise UsageError(f"--rerun {rerun}: write --rerun OUT or --rerun IN:OUT")
    for part in parts:
        if not os.path.isabs(part) and os.path.normpath(part).split(os.sep)[0] in (
            os.pardir,
            os.curdir,
        ):
            raise UsageError(f"--rerun {part} leads out of {os.path.join(root, _RERUN)}")
    paths = [_rerun(root, part) for part in parts]
    if len(parts) > 1:
        _refuse_unfit(root, *parts)
        _refuse_other_camera(root, paths[0], mapper, trust)
        return Places(paths[0], calib, paths[1], parts)
    parent = _old_parent(paths[0])
    if parent is not None:
        _refuse_other_camera(root, parent, mapper, trust)
    return Places(parent or root, calib, paths[0], parts)


def _rerun(root: str, name: str) -> str:
    return os.path.abspath(os.path.join(root, _RERUN, name))


def _old_parent(path: str) -> str | None:
    """Return the parent of a rerun of the older kind, which records it nowhere else."""
    from persistence.butler import repository_cfg  # lazy: TAB does without

    try:
        return (
            repository_cfg.old_parent(path)
            if not os.path.exists(os.path.join(path, repository_cfg.FILE))
            else None
        )
    except PersistenceError as error:
        raise UsageError(str(error)) from error


def _refuse_unfit(root: str, read: str, written: str) -> None:
    path = _rerun(root, read)
    if os.path.realpath(path) == os.path.realpath(_rerun(root, written)):
        raise UsageError(
            f"--rerun {read}:{written} reads what it writes: --rerun {written} goes on with it"
        )
    if not _is_repository(path):
        raise _no_rerun(root, read)


def _no_rerun(root: str, name: str) -> UsageError:
    known = sorted(reruns(root))
    names = ", ".join(known) or "none"
    return UsageError(
        f"--rerun: there is no rerun {name!r} in {root}{did_you_mean(name, known)} (known: {names})"
    )


def _refuse_other_camera(root: str, path: str, *given: Any) -> None:
    try:
        classes = [cameras.of_repository(directory, *given) for directory in (root, path)]
    except PersistenceError as error:
        raise UsageError(str(error)) from error
    if classes[0] is not classes[1]:
        names = [getattr(mapper_, "__name__", "none") for mapper_ in classes]
        raise UsageError(
            f"--rerun: {path} is of another camera ({names[1]}) than {root} ({names[0]})"
        )


def _is_repository(path: str) -> bool:
    from persistence.butler import repository_cfg  # lazy: TAB does without

    try:
        return repository_cfg.read(path) is not None
    except PersistenceError:  # it is a repository, but broken: opening it raises the error
        return True


def reruns(root: str) -> Iterator[str]:
    """Return the names of the reruns of a repository; ``user/topic`` for nested ones."""
    top = os.path.join(root, _RERUN)
    for folder, inner, _ in os.walk(top):
        name = os.path.relpath(folder, top)
        if folder != top and _is_repository(folder):
            yield name
            inner.clear()  # directories in a repository are its data
        elif name.count(os.sep) + 1 >= _DEEPEST:
            inner.clear()


def beside(path: str) -> Sequence[str]:
    """Return the names of the siblings of a missing directory, for suggestions."""
    try:
        with os.scandir(os.path.dirname(path)) as entries:
            return [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return []
