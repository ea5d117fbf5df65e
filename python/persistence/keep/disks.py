"""The kinds of disks that files lie on."""

from __future__ import annotations

import os
import re

MOUNTS = "/proc/mounts"  # Linux; without it, nothing is known
# File systems of several hosts. Source: man 5 filesystems, and the names that their modules use.
_NETWORK = frozenset(
    "nfs nfs4 cifs smb3 smbfs afs ceph lustre gpfs beegfs glusterfs orangefs pvfs2 9p ocfs2 gfs2 "
    "fuse.sshfs fuse.glusterfs fuse.ceph fuse.s3fs fuse.rclone".split()
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def network(path: str) -> str:
    """Return the type of the file system of a path if several hosts share it; else an empty text.

    Parameters
    ----------
    path : `str`
        The file or directory.
    """
    try:
        with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as stream:
            lines = [line.split(" ") for line in stream]
    except OSError:
        return ""
    real, best = os.path.realpath(path), ("", "")
    for _device, place, kind, *_ in lines:
        place = _OCTAL.sub(lambda match: chr(int(match[1], 8)), place)
        is_above = real == place or real.startswith(f"{place.rstrip('/')}/")
        if is_above and len(place) >= len(best[0]):  # a later mount hides an earlier one
            best = place, kind
    return best[1] if best[1] in _NETWORK else ""
