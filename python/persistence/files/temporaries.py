"""Names of temporary files, by which those of dead writers are known, and removed.

A name is hidden and says which process of which host writes the file. It ends like the name of the
file that is to come, since some writers choose a format by the ending.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import time

HOST = os.uname().nodename
PATIENCE = 86400.0  # seconds after which a writer on another host is taken for dead
NAME_MAX = 255  # bytes of a file's name. Source: limits.h of Linux; of macOS, too
_WRITER = re.compile(r"-(\d+)-[0-9a-f]{8}-")


def beside(target: str, mark: str = "part") -> str:
    """Return a temporary name in a target's directory, which ends like the target's.

    Of a long name it is only the end.
    """
    directory, name = os.path.split(target)
    return os.path.join(directory, ending(begin(mark), name))


def begin(mark: str = "part") -> str:
    """Return how a new temporary name of this process begins."""
    return f".{mark}-{HOST}-{os.getpid()}-{os.urandom(4).hex()}-"


def ending(start: str, name: str) -> str:
    """Return a start and, behind it, as much of a name's end as a file's name can hold."""
    room = NAME_MAX - len(os.fsencode(start))
    end = os.fsencode(name)[-room:]
    while end and end[0] & 0xC0 == 0x80:  # the rest of a character in UTF-8
        end = end[1:]
    return start + os.fsdecode(end)


def abandoned(directory: str, mark: str = "part") -> list[str]:
    """Return the temporary files in a directory whose writers are dead.

    Of other hosts it is only known how old a file is. What cannot be seen is left alone.
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
    # Not the time of the content, which may be that of a copied source.
    return time.time() - entry.stat(follow_symlinks=False).st_ctime > PATIENCE


def sweep(directory: str, mark: str = "part") -> None:
    """Remove the temporary files in a directory that dead writers left, as far as that is allowed.

    Others write on all the same.
    """
    for path in abandoned(directory, mark):
        with contextlib.suppress(OSError):
            os.unlink(path)


# Once is enough: what this process leaves, it removes.
sweep_once = functools.cache(sweep)


def is_alive(process: int) -> bool:
    """Check whether a process of this host runs."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
