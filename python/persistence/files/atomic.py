"""Files as files: written whole or not at all, delivered, found. Knows no format."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Callable, Iterator
from typing import Literal

from persistence.errors import FileConflict, RepositoryError
from persistence.files.durable import flush, flush_file, make_directories

Mode = Literal["link", "copy", "move", "skip"]
COMPRESSED = (".gz", ".fz")
HOST = os.uname().nodename
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
    temporary = beside(target)
    try:
        yield temporary
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
    temporary = beside(target)
    with open(temporary, "x", encoding="utf-8") as stream:
        stream.write(text)
    try:
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


def beside(target: str, mark: str = "part") -> str:
    """Return a temporary name in a target's directory, which ends like the target's."""
    directory, name = os.path.split(target)
    return os.path.join(directory, f"{_begin(mark)}{name}")


def _begin(mark: str) -> str:
    """Return how a temporary name begins.

    Hidden, with the process that owns it, so that its litter can be known.
    """
    return f".{mark}-{HOST}-{os.getpid()}-{os.urandom(4).hex()}-"


def sweep(directory: str, mark: str = "part") -> None:
    """Remove the temporary files in a directory that killed processes of this host left."""
    prefix = f".{mark}-{HOST}-"
    with contextlib.suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(prefix):
                owner = entry.name[len(prefix) :].split("-", 1)[0]
                if owner.isdigit() and not is_alive(int(owner)):
                    os.unlink(entry.path)


# Once is enough: what this process leaves, it removes.
sweep_once = functools.lru_cache(maxsize=None)(sweep)


def is_alive(process: int) -> bool:
    """Check whether a process of this host runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
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
            inside = os.open(
                os.path.join(directory, ".persistence-lock"), os.O_RDWR | os.O_CREAT, 0o666
            )
            os.close(descriptor)
            descriptor = inside
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # which unlocks


def find(root: str, path: str) -> str | None:
    """Find a file in a repository: as it is called, or compressed.

    Parameters
    ----------
    root, path : `str`
        The repository and the path in it. The path is literal: ``*`` and ``[`` mean themselves.

    Returns
    -------
    found : `str` or None
        The path, perhaps with ``.gz`` or ``.fz`` behind it; None if there is no such file.
    """
    # Asked of each repository of a chain: `os.access` costs half of what `os.path.exists` does
    # where there is none.
    full = f"{root}/{path}"
    if os.access(full, os.F_OK):
        return path
    for ending in COMPRESSED:
        if not path.endswith(ending) and os.access(full + ending, os.F_OK):
            return path + ending
    return None


def same(source: str, target: str) -> bool:
    """Say whether the target is the source: a link to it, or a file of the same bytes."""
    if not os.path.exists(target):
        # A link whose source is gone, or is this very (missing) source.
        return os.path.islink(target) and os.readlink(target) == os.path.abspath(source)
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
        ``link`` (an absolute symbolic link), ``copy``, ``move`` or ``skip`` (nothing is done). A
        move only puts the file in its new place here; `remove_source` ends it, when the file is on
        record.
    replace : `bool`
        Whether another file there may be replaced.

    Raises
    ------
    FileConflict
        If something stands at the target.
    """
    if mode == "skip":
        return
    directory = os.path.dirname(target) or "."
    os.makedirs(directory, exist_ok=True)
    if mode == "link":
        _place(lambda path: os.symlink(os.path.abspath(source), path), target, replace)
        return
    sweep_once(directory)
    if (
        mode == "move"
        and os.stat(source).st_dev == os.stat(directory).st_dev
        and _links_work(directory)
    ):
        real = os.path.realpath(source)
        _place(lambda path: os.link(real, path), target, replace)
        return
    _copy(source, target, replace)


def remove_source(source: str, target: str) -> None:
    """End a move: the source goes, now that the target holds the file.

    A source stays where the target is a link, to it or to another file: the repository does not
    hold it then.
    """
    if os.path.islink(target):
        return
    elsewhere = os.path.realpath(source) != os.path.realpath(target)
    if elsewhere or os.path.islink(source):
        os.unlink(source)


def _copy(source: str, target: str, replace: bool) -> None:
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
        shutil.copy2(source, temporary)
        _place(lambda path: make(temporary, path), target, replace)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


@functools.lru_cache
def _links_work(directory: str) -> bool:
    """Find out whether a directory's file system has hard links (FAT, some network ones do not)."""
    probe = os.path.join(directory, f"{_begin('part')}probe")
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
            raise FileConflict(
                f"another file stands at {target}; -c clobber=True replaces it", pathname=target
            ) from None
    temporary = beside(target)
    make(temporary)
    if not os.path.islink(temporary):
        flush_file(temporary)  # before what stood there goes
    os.replace(temporary, target)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)  # a rename between two names of one file does nothing


def owner(path: str) -> str:
    """Give the name of the user that a file or directory belongs to.

    The number, if he has none here.
    """
    import pwd  # not on Windows, and asked only for a message

    number = os.stat(path).st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
