"""``persistence.keep.tag``: put tags on data IDs of a repository, and take them away."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from persistence.butler import tags
from persistence.butler.butler import Butler
from persistence.errors import DataIdError, RepositoryError, did_you_mean


def tag(
    root: str | os.PathLike[str],
    name: str,
    datasetType: str,
    where: Any = None,
    dataId: Mapping[str, Any] = {},
    remove: bool = False,
    dry_run: bool = False,
    **arguments: Any,
) -> int:
    """Put a tag on the data IDs of existing datasets, or take it from them.

    Parameters
    ----------
    root : path
        The repository, which keeps the tag in ``.persistence/tags``.
    name : `str`
        The tag.
    datasetType : `str`
        The type of the datasets.
    where, dataId : optional
        Which of them, as of `Butler.query`.
    remove : `bool`, optional
        Whether to take the tag away.
    dry_run : `bool`, optional
        Whether to change nothing.
    **arguments
        Further arguments of `Butler`.

    Returns
    -------
    number : `int`
        How many data IDs have the tag now that had it not, or the other way round.

    Raises
    ------
    RepositoryError
        If the name cannot be a tag, or the repository is another user's.
    DataIdError
        If the datasets have no keys.
    """
    butler = Butler(root, **arguments)
    return tag_from(butler, name, datasetType, where, dataId, remove, dry_run)


def tag_from(
    butler: Butler,
    name: str,
    datasetType: str,
    where: Any = None,
    dataId: Mapping[str, Any] = {},
    remove: bool = False,
    dry_run: bool = False,
) -> int:
    """Put a tag on data IDs in the first repository of a Butler; see `tag`."""
    tags.check(name)
    flavours = butler.chain.family(datasetType)
    if flavours:
        raise DataIdError(f"{datasetType}: tag one of {', '.join(flavours.values())}")
    type_ = butler.request(datasetType).datasetType
    keys = butler.getKeys(type_) or {}
    rows = butler.query(type_, where, dataId=dataId)
    if not keys or not set(keys) & set(rows.columns):
        raise DataIdError(f"{type_} has no keys: a tag is put on data IDs")
    ids = [{key: row[key] for key in keys if row.get(key) is not None} for row in rows]
    root = butler.chain.inputs[0].root
    return tags.change(root, name, type_, ids, remove, dry_run)


def untag(root: str | os.PathLike[str], name: str, dry_run: bool = False) -> int:
    """Remove a tag from a repository, whatever its file contains.

    Parameters
    ----------
    root : path
        The repository.
    name : `str`
        The tag.
    dry_run : `bool`, optional
        Whether to change nothing.

    Returns
    -------
    number : `int`
        How many data IDs had it; 0 if its file was damaged.

    Raises
    ------
    RepositoryError
        If there is no such tag, or the repository is another user's.
    """
    root, known = os.fspath(root), tags.names(os.fspath(root))
    if tags.check(name) not in known:
        raise RepositoryError(
            f"{root} has no tag {name!r}{did_you_mean(name, known)} (known: "
            f"{', '.join(known) or 'none'})"
        )
    return tags.remove(root, name, dry_run)
