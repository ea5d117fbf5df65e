"""Names of temporary files, by which those of dead writers are recognized and removed.

A name is hidden and contains the writer's host and process. It has the ending of the final file's
name, since some writers choose a format by it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import time

HOST = os.uname().nodename
PATIENCE = 86400.0  # seconds after which a writer on another host is considered dead
NAME_MAX = 255  # bytes of a file's name. Source: limits.h of Linux; of macOS, too
_WRITER = re.compile(r"-(\d+)-[0-9a-f]{8}-")


def beside(target: str, mark: str = "part") -> str:
    """Return a temporary name in a target's directory, with the target's ending.

    Of a long name, only the end is used.
    """
    directory, name = os.path.split(target)
    return os.path.join(directory, ending(begin(mark), name))


def begin(mark: str = "part") -> str:
    """Return the beginning of a new temporary name of this process."""
    return f".{mark}-{HOST}-{os.getpid()}-{os.urandom(4).hex()}-"


def ending(start: str, name: str) -> str:
    """Return a beginning followed by as much of a name's end as a file name can have."""
    room = NAME_MAX - len(os.fsencode(start))
    end = os.fsencode(name)[-room:]
    while end and end[0] & 0xC0 == 0x80:  # continuation bytes of a character in UTF-8
        end = end[1:]
    return start + os.fsdecode(end)


def abandoned(directory: str, mark: str = "part") -> list[str]:
    """Return the temporary files in a directory whose writers are dead.

    For writers on other hosts only the file's age is known. Invisible files are ignored.
    """
    found = []
    with contextlib.suppress(OSError), os.scandir(directory or os.curdir) as entries:
        for entry in entries:
            writer = _WRITER.search(entry.name) if entry.name.startswith(f".{mark}-") else None
            if writer and _is_dead(entry, int(writer[1]), mark):
                found.append(entry.path)
    return found


def _is_dead(entry: os.DirEntry[str], process: int, mark: str) -> bool:
    if entry.name.startswith(f".{mark}-{HOST}-{process}-"):
        return not is_alive(process)
    # Not the modification time, which may be that of a copied source.
    return time.time() - entry.stat(follow_symlinks=False).st_ctime > PATIENCE


def sweep(directory: str, mark: str = "part") -> None:
    """Remove the temporary files of dead writers in a directory, as far as permitted."""
    for path in abandoned(directory, mark):
        with contextlib.suppress(OSError):
            os.unlink(path)


# Once is enough: this process removes its own files.
sweep_once = functools.cache(sweep)


def is_alive(process: int) -> bool:
    """Return whether a process of this host is running."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
