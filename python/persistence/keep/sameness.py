"""``persistence.keep.same``: whether repositories, files or objects hold the same data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from persistence.errors import UsageError
from persistence.keep.comparison import compare
from persistence.keep.filediff import file_differences
from persistence.keep.values import IGNORED, How, differences


def same(
    one: Any,
    other: Any,
    rtol: float = 0.0,
    atol: float = 0.0,
    ignore: Sequence[str] = IGNORED,
    **arguments: Any,
) -> bool:
    """Return whether two repositories, two files or two objects hold the same data.

    Parameters
    ----------
    one, other : path, or object
        Two directories of repositories, two files, or two objects, such as a Butler returns.
    rtol, atol : `float`, optional
        Numbers may differ by ``atol + rtol * abs(other)``.
    ignore : sequence of `str`, optional
        Patterns of FITS cards, and of entries of mappings, that are not compared.
    **arguments
        Further arguments of `persistence.keep.diff`.

    Raises
    ------
    UsageError
        If one is a directory and the other is not.
    """
    how = How(rtol, atol, tuple(ignore))
    is_path = [isinstance(each, str | os.PathLike) for each in (one, other)]
    paths = [os.fspath(one) if is_path[0] else "", os.fspath(other) if is_path[1] else ""]
    kinds = [os.path.isdir(path) for path in paths]
    if all(kinds):
        return compare(paths[0], paths[1], rtol=rtol, atol=atol, ignore=ignore, **arguments).is_same
    if all(os.path.isfile(path) for path in paths):
        return not file_differences(paths[0], paths[1], how)
    if any(kinds):
        raise UsageError(f"{one} and {other}: one is a repository, and the other is not")
    return next(differences(one, other, how), None) is None
