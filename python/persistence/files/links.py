"""Symbolic links: their targets, broken ones, and relative ones, which move with a tree."""

from __future__ import annotations

import os


def relative(source: str, directory: str) -> str:
    """Return the target text of a relative link from a directory to a file.

    Parameters
    ----------
    source : `str`
        The file.
    directory : `str`
        The directory of the link, which has to exist.

    Returns
    -------
    path : `str`
        The relative path. It stays valid when the tree around both is moved. Links on the way to
        the source, inside that tree, are kept.
    """
    source, here = os.path.abspath(source), os.path.realpath(directory)
    above = os.path.dirname(source)
    while os.path.commonpath([here, tree := os.path.realpath(above)]) != tree:
        above = os.path.dirname(above)
    return os.path.normpath(
        os.path.join(os.path.relpath(tree, here), os.path.relpath(source, above))
    )


def lies_in(path: str, directory: str) -> bool:
    """Return whether a path is a directory or inside it, with all links resolved."""
    top = os.path.realpath(directory)
    return os.path.commonpath([top, os.path.realpath(path)]) == top


def fault(path: str) -> str:
    """Return why a path is missing, if a link is the reason; otherwise an empty text.

    Parameters
    ----------
    path : `str`
        The file. It, or a directory on the way to it, may be a link.

    Returns
    -------
    fault : `str`
        Such as ``raw/x.fits is a link to /gone/x.fits, which is not there``.
    """
    reason = problem(path)
    while reason and path and not os.path.lexists(path):
        path = os.path.dirname(path)
    if not reason or not os.path.islink(path) or os.path.exists(path):
        return ""
    return f"{path} is a link to {os.path.realpath(path)}, which {reason}"


def problem(path: str) -> str:
    """Return why a path cannot be reached, as the end of a sentence; empty if it can.

    For example ``is not there``.
    """
    try:
        os.stat(path)
        return ""
    except FileNotFoundError:
        return "is not there"
    except OSError as error:
        return f"cannot be reached ({error.strerror})"
