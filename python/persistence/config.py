"""What a repository's own files say of it."""

from __future__ import annotations

import os

from persistence.errors import RepositoryError


def mapper_name(root: str) -> str:
    """Read which mapper a repository was made for: the first line of ``_mapper``.

    Parameters
    ----------
    root : `str`
        The repository's root.

    Raises
    ------
    RepositoryError
        If there is no such directory, no such file in it, or no dotted name in the file.
    """
    if not os.path.isdir(root):
        raise RepositoryError(f"there is no directory {root}")
    path = os.path.join(root, "_mapper")
    try:
        with open(path, encoding="utf-8") as stream:
            name = stream.readline().strip()
    except FileNotFoundError:
        raise RepositoryError(
            f"{root} is no repository: it has no _mapper. Write the camera's mapper into it "
            f"(echo lsst.obs.decam.DecamMapper > {path}), or give mapper="
        ) from None
    if "." not in name:
        raise RepositoryError(f"Unqualified mapper name {name!r} in {path}: it has to be a dotted name")
    return name
