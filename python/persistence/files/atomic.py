"""Files of any format: atomic writes, and deliveries."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, get_args

from persistence.errors import FileConflict, RepositoryError
from persistence.files import groups, links
from persistence.files.durable import flush, flush_file, make_directories
from persistence.files.temporaries import begin, beside, sweep_once

Mode = Literal["link", "relsymlink", "hardlink", "copy", "move", "direct", "skip"]
MODES: tuple[Mode, ...] = get_args(Mode)
# Mode -> the target of a symbolic link to a source, from a directory.
_LINKS: Mapping[str, Callable[[str, str], str]] = {
    "link": lambda source, directory: os.path.abspath(source),
    "relsymlink": links.relative,
}
# Permanent reasons for the failure of a hard link.
_NO_HARD_LINKS: Mapping[int | None, str] = {
    errno.EXDEV: "they are on different file systems",
    errno.EPERM: "the file system has none, or forbids one to another user's file",
    errno.ENOTSUP: "the file system has none",
    errno.EMLINK: "the file has the most names that it can have",
}
# The beginning of gzip.compress's output (RFC 1952), around the four bytes of its time; compressed
# tiles of FITS images are such output.
_GZIP = re.compile(rb"(\x1f\x8b\x08\x00)....(\x02\xff)", re.DOTALL)


@contextlib.contextmanager
def atomic_write(target: str, durable: bool = True) -> Iterator[str]:
    """Yield a temporary path beside the target, and rename it when the block succeeds.

    Parameters
    ----------
    target : `str`
        The path of the file; its directory is created if necessary. The temporary name has the
        target's ending, because some writers choose a format by it.
    durable : `bool`, optional
        Whether to flush the file to disk, so that a power cut does not lose it.

    Yields
    ------
    `str`
        The temporary path to write to.

    Notes
    -----
    If the block fails, or the process is killed inside it, the target is unchanged; also after a
    power cut inside it.
    """
    directory = os.path.dirname(target)
    changed = make_directories(directory)
    sweep_once(directory)
    temporary, group = beside(target), groups.of(target)
    try:
        yield temporary
        groups.give(temporary, group)
        if durable:
            flush_file(temporary)
        os.replace(temporary, target)
    except BaseException:  # also after an interrupt, nothing may remain
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if durable:
        flush((), (directory, *changed))


def write_text(target: str, text: str, replace: bool, durable: bool = True) -> bool:
    """Write a small file atomically; its directory is created if necessary.

    Parameters
    ----------
    target : `str`
        The path of the file.
    text : `str`
        Its content, written as UTF-8.
    replace : `bool`
        Whether to replace an existing file.
    durable : `bool`, optional
        Whether to flush the file to disk.

    Returns
    -------
    written : `bool`
        False if a file was already there, and was not to be replaced.
    """
    directory = os.path.dirname(target)
    changed = make_directories(directory)
    sweep_once(directory)
    temporary, group = beside(target), groups.of(target)
    try:
        with open(temporary, "x", encoding="utf-8") as stream:
            stream.write(text)
        groups.give(temporary, group)
        if durable:
            flush_file(temporary)
        if replace:
            os.replace(temporary, target)
        else:
            os.link(temporary, target)
    except FileExistsError:
        return False
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    if durable:
        flush((), (directory, *changed))
    return True


def back_up(path: str) -> None:
    """Copy a file to ``path~1``, after renaming an older ``path~1`` to ``path~2``, and so on.

    A missing file is ignored.
    """
    import shutil

    number = 0
    while os.path.lexists(f"{path}~{number + 1}"):
        number += 1
    for old in range(number, 0, -1):
        os.replace(f"{path}~{old}", f"{path}~{old + 1}")
    if os.path.exists(path):
        with atomic_write(f"{path}~1") as temporary:
            shutil.copy2(path, temporary)


@contextlib.contextmanager
def locked(directory: str) -> Iterator[None]:
    """Lock a directory against other processes of this and other hosts inside the block.

    Nothing remains in the directory, except where directories cannot be locked, as on NFS: an empty
    hidden file stays there.
    """
    import fcntl  # not on Windows

    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            path = os.path.join(directory, ".persistence-lock")
            inside = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            groups.give(path, groups.of(path))
            os.close(descriptor)
            descriptor = inside
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # which unlocks


def same(source: str, target: str) -> bool:
    """Return whether the target is the source: a link to it, or a file with the same bytes."""
    if not os.path.exists(target):
        # The source is missing: both names have to lead to the same missing file.
        return os.path.islink(target) and os.path.realpath(target) == os.path.realpath(source)
    if os.path.samefile(source, target):
        return True
    import filecmp  # lazy: slow to import

    # compare bytes: the raws of a night all have the same size
    return filecmp.cmp(source, target, shallow=False)


def is_lost(path: str) -> bool:
    """Return whether a file is empty: a power cut loses content that was not yet flushed."""
    return os.path.isfile(path) and not os.path.getsize(path)


def alike(one: str, other: str) -> bool:
    """Return whether two files have the same content, apart from times in compressed parts."""
    import filecmp  # lazy: slow to import

    if filecmp.cmp(one, other, shallow=False):
        return True
    return os.path.getsize(one) == os.path.getsize(other) and _timeless(one) == _timeless(other)


def _timeless(path: str) -> bytes:
    with open(path, "rb") as stream:
        return _GZIP.sub(rb"\1\2", stream.read())


def deliver(source: str, target: str, mode: Mode, replace: bool = False) -> None:
    """Link, copy or move a file to its target.

    The target is not flushed to disk: `durable.flush` does that for many files at once.

    Parameters
    ----------
    source, target : `str`
        The paths of the file and of its target, whose directory is created if necessary.
    mode : `Mode`
        ``link`` (an absolute symbolic link), ``relsymlink`` (a relative one), ``hardlink`` (another
        name of the file), ``copy``, ``move``, or ``direct`` or ``skip`` (nothing is done). ``move``
        only creates the target; `remove_source` completes it, after the file is registered.
    replace : `bool`, optional
        Whether to replace another file at the target.

    Raises
    ------
    FileConflict
        If something exists at the target.
    RepositoryError
        If a hard link is impossible, or there is no space for a copy.
    """
    if mode in ("direct", "skip"):
        return
    directory = os.path.dirname(target) or "."
    make_directories(directory)
    sweep_once(directory)
    if mode in _LINKS:
        content = _LINKS[mode](source, directory)
        _place(lambda path: os.symlink(content, path), target, replace)
        return
    if mode == "hardlink":
        real = os.path.realpath(source)
        try:
            _place(lambda path: os.link(real, path), target, replace)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            raise _no_hard_link(source, target, error.errno) from error
        return
    if (
        mode == "move"
        and os.stat(source).st_dev == os.stat(directory).st_dev
        and _links_work(directory)
    ):
        real = os.path.realpath(source)
        _place(lambda path: os.link(real, path), target, replace)
        return
    _copy(source, target, replace, is_move=mode == "move")


def check_hard_link(source: str, target: str) -> None:
    """Raise an error if a hard link is known to be impossible.

    Raises
    ------
    RepositoryError
        If source and target are on different file systems.
    """
    directory = os.path.dirname(os.path.abspath(target))
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    if os.stat(source).st_dev != os.stat(directory).st_dev:
        raise _no_hard_link(source, target, errno.EXDEV)


def _no_hard_link(source: str, target: str, number: int | None) -> RepositoryError:
    return RepositoryError(
        f"no hard link at {target} to {source}: {_NO_HARD_LINKS[number]}; --mode copy makes a "
        "file of its own there, --mode link a symbolic link"
    )


def remove_source(source: str, target: str) -> None:
    """Delete the source of a move, after its target was written.

    The source is kept if the target is a link or is missing, because the repository does not hold
    the file then.
    """
    if os.path.islink(target) or not os.path.exists(target):
        return
    groups.give(target, groups.of(target))
    elsewhere = os.path.realpath(source) != os.path.realpath(target)
    if elsewhere or os.path.islink(source):
        os.unlink(source)


def _copy(source: str, target: str, replace: bool, is_move: bool) -> None:
    import shutil  # lazy: slow to import

    directory = os.path.dirname(target)
    need, free = os.stat(source).st_size, shutil.disk_usage(directory or ".").free
    if need > free:
        raise RepositoryError(
            f"no room for {source} ({need} bytes) in {directory}: {free} bytes are free"
        )
    temporary = beside(target)
    make = os.link if _links_work(directory or ".") else os.rename
    try:
        (shutil.copy2 if is_move else copy)(source, temporary)
        groups.give(temporary, groups.of(target))
        _place(lambda path: make(temporary, path), target, replace)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def copy(source: str, target: str) -> None:
    """Copy a file with its times, and with its permissions limited by the umask, as ``cp`` does."""
    import shutil  # lazy: slow to import

    shutil.copyfile(source, target)
    allowed = os.stat(target).st_mode  # 0666 limited by the umask
    shutil.copystat(source, target)
    os.chmod(target, stat.S_IMODE(os.stat(source).st_mode & allowed))


@functools.lru_cache
def _links_work(directory: str) -> bool:
    """Return whether a directory's file system has hard links; FAT and some network ones do not."""
    probe = os.path.join(directory, f"{begin()}probe")
    with open(probe, "xb"):
        pass
    try:
        os.link(probe, f"{probe}-link")
        os.unlink(f"{probe}-link")
        return True
    except OSError:
        return False
    finally:
        os.unlink(probe)


def _place(make: Callable[[str], None], target: str, replace: bool) -> None:
    """Create a directory entry at the target in one step; replace another only if ``replace``."""
    try:
        if os.path.lexists(target):  # a rename would replace it
            raise FileExistsError(target)
        make(target)
        return
    except FileExistsError:
        if not replace:
            raise in_the_way(target, target) from None
    temporary = beside(target)
    try:
        make(temporary)
        if not os.path.islink(temporary):
            flush_file(temporary)  # before the old file is replaced
        os.replace(temporary, target)
    finally:  # a rename between two names of one file does nothing
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def in_the_way(target: str, pathname: str) -> FileConflict:
    """Return the error for a file, or a broken link, at the target of another."""
    what = links.fault(target) or f"another file exists at {target}"
    return FileConflict(f"{what}; -c clobber=True replaces it", pathname=pathname)
