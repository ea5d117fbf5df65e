"""Files as files: written whole or not at all, delivered, found. Knows no format."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from persistence.errors import FileConflict, RepositoryError
from persistence.files import groups, links
from persistence.files.content import COMPRESSED
from persistence.files.durable import flush, flush_file, make_directories
from persistence.files.temporaries import begin, beside, sweep_once

Mode = Literal["link", "relsymlink", "hardlink", "copy", "move", "direct", "skip"]
MODES: tuple[Mode, ...] = get_args(Mode)
# What a symbolic link to a source holds, in a directory.
_LINKS: Mapping[str, Callable[[str, str], str]] = {
    "link": lambda source, directory: os.path.abspath(source),
    "relsymlink": links.relative,
}
# Why a hard link cannot be made, however often it is tried.
_NO_HARD_LINKS: Mapping[int | None, str] = {
    errno.EXDEV: "they are on different file systems",
    errno.EPERM: "the file system has none, or does not let you make one to another user's file",
    errno.ENOTSUP: "the file system has none",
    errno.EMLINK: "the file has as many names as it can have",
}
# What gzip.compress begins with (RFC 1952), around the four bytes of the time; FITS has tiles of
# it.
_GZIP = re.compile(rb"(\x1f\x8b\x08\x00)....(\x02\xff)", re.DOTALL)


@contextlib.contextmanager
def atomic_write(target: str, durable: bool = True) -> Iterator[str]:
    """Yield a temporary path beside the target, and rename it when the block ends well.

    Parameters
    ----------
    target : `str`
        Where the file is to stand; its directory is made if need be. The temporary name ends like
        the target's, for some writers choose a format by it.
    durable : `bool`
        Whether the file is to be on the disk at the end, so that a power cut does not lose it.

    Notes
    -----
    If the block fails, or the process is killed inside it, the target is as it was. After a power
    cut inside it, too.
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
    except BaseException:  # an interrupt too must leave nothing behind
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if durable:
        flush((), (directory, *changed))


def write_text(target: str, text: str, replace: bool, durable: bool = True) -> bool:
    """Write a small file whole, and to the disk if it is ``durable``.

    Its directory is made if need be.

    Returns
    -------
    written : `bool`
        False if it was not to ``replace`` another, and one was there first.
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
    """Keep a file as ``path~1``; what was that becomes ``path~2``, and so on.

    A missing file is no matter.
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
    """Keep out other processes, of this host or another, that lock the same directory.

    Nothing is left in it, but where directories cannot be locked, as on NFS: there an empty hidden
    file is.
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


def find(root: str, path: str, endings: Sequence[str] = ("", *COMPRESSED)) -> str | None:
    """Find a file in a repository: as it is called, or compressed.

    Parameters
    ----------
    root, path : `str`
        The repository and the path in it. The path is literal: ``*`` and ``[`` mean themselves.
    endings : sequence of `str`
        What may follow the name, in the order of the search.

    Returns
    -------
    found : `str` or None
        The path, perhaps with ``.gz`` or ``.fz`` behind it; None if there is no such file.
    """
    # Asked of each repository of a chain: `os.access` costs half of what `os.path.exists` does
    # where there is none.
    full = f"{root}/{path}"
    for ending in endings:
        is_new = not ending or not path.endswith(ending)
        if is_new and os.access(full + ending, os.F_OK):
            return path + ending
    return None


def same(source: str, target: str) -> bool:
    """Say whether the target is the source: a link to it, or a file of the same bytes."""
    if not os.path.exists(target):
        # A link whose source is gone, or is this very (missing) source.
        return os.path.islink(target) and os.path.realpath(target) == os.path.realpath(source)
    if os.path.samefile(source, target):
        return True
    import filecmp  # only here, for it is slow to import

    # every byte: raws of a night are all of one size
    return filecmp.cmp(source, target, shallow=False)


def is_lost(path: str) -> bool:
    """Check whether a file is empty: a power cut took the content of what was not yet flushed."""
    return os.path.isfile(path) and not os.path.getsize(path)


def alike(one: str, other: str) -> bool:
    """Return whether two files hold the same, but for when parts of them were compressed."""
    import filecmp  # only here, for it is slow to import

    if filecmp.cmp(one, other, shallow=False):
        return True
    return os.path.getsize(one) == os.path.getsize(other) and _timeless(one) == _timeless(other)


def _timeless(path: str) -> bytes:
    with open(path, "rb") as stream:
        return _GZIP.sub(rb"\1\2", stream.read())


def deliver(source: str, target: str, mode: Mode, replace: bool = False) -> None:
    """Bring a file to its place.

    It is not forced to the disk: `durable.flush` does that for many files at once.

    Parameters
    ----------
    source, target : `str`
        From where, to where; the target's directory is made if need be.
    mode : `str`
        ``link`` (an absolute symbolic link), ``relsymlink`` (a relative one), ``hardlink``
        (another name of the file), ``copy``, ``move``, or ``direct`` or ``skip`` (nothing is
        done). A move only puts the file in its new place here; `remove_source` ends it, when the
        file is on record.
    replace : `bool`
        Whether another file there may be replaced.

    Raises
    ------
    FileConflict
        If something stands at the target.
    RepositoryError
        If there can be no hard link, or no room is left for a copy.
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
    """Refuse a hard link that cannot be made, as far as that is known beforehand.

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
    """End a move: the source goes, now that the target holds the file.

    A source stays where the target is a link, to it or to another file, or not there, for it is
    registered where it lies: the repository does not hold it then.
    """
    if os.path.islink(target) or not os.path.exists(target):
        return
    groups.give(target, groups.of(target))
    elsewhere = os.path.realpath(source) != os.path.realpath(target)
    if elsewhere or os.path.islink(source):
        os.unlink(source)


def _copy(source: str, target: str, replace: bool, is_move: bool) -> None:
    import shutil  # only here, for it is slow to import

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
    """Copy a file with its times, and its permissions less what the umask takes, as ``cp`` does."""
    import shutil  # only here, for it is slow to import

    shutil.copyfile(source, target)
    allowed = os.stat(target).st_mode  # what the umask leaves of 0666
    shutil.copystat(source, target)
    os.chmod(target, stat.S_IMODE(os.stat(source).st_mode & allowed))


@functools.lru_cache
def _links_work(directory: str) -> bool:
    """Find out whether a directory's file system has hard links (FAT, some network ones do not)."""
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
    """Make a directory entry at the target, in one step; replace another only if told to."""
    try:
        if os.path.lexists(target):  # a rename would not ask
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
            flush_file(temporary)  # before what stood there goes
        os.replace(temporary, target)
    finally:  # also because a rename between two names of one file does nothing
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def in_the_way(target: str, pathname: str) -> FileConflict:
    """Return the error for a file, or a link to nothing, that stands where another is to go."""
    what = links.fault(target) or f"another file stands at {target}"
    return FileConflict(f"{what}; -c clobber=True replaces it", pathname=pathname)
