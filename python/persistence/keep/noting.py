"""``persistence.keep.note``: write notes on datasets of a repository, and read them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from persistence.butler import notes as note_files
from persistence.butler.butler import Butler
from persistence.butler.notes import Note
from persistence.errors import DataIdError, NoResults, UsageError


def note(
    root: str | os.PathLike[str],
    datasetType: str,
    text: str,
    dataId: Mapping[str, Any] = {},
    dry_run: bool = False,
    **arguments: Any,
) -> Note:
    """Write a note on a dataset, or on all that a partial data ID matches.

    Parameters
    ----------
    root : path
        The repository that keeps it, in ``.persistence/notes``; the dataset may be in a parent.
    datasetType : `str`
        The dataset type.
    text : `str`
        The note; an empty one withdraws earlier notes on the same type and data ID.
    dataId : mapping, optional
        The data ID.
    dry_run : `bool`, optional
        Whether to write nothing.
    **arguments
        Further arguments of `Butler`.

    Returns
    -------
    note : `persistence.butler.notes.Note`
        The note.

    Raises
    ------
    NoResults
        If there is no such dataset.
    RepositoryError
        If the repository is another user's.
    """
    return note_from(Butler(root, **arguments), datasetType, text, dataId, dry_run)


def note_from(
    butler: Butler,
    datasetType: str,
    text: str,
    dataId: Mapping[str, Any] = {},
    dry_run: bool = False,
) -> Note:
    """Write a note into the first repository of a Butler; see `note`."""
    flavours = butler.chain.family(datasetType)
    if flavours:
        raise DataIdError(f"{datasetType}: write on one of {', '.join(flavours.values())}")
    type_, root = butler.request(datasetType).datasetType, butler.chain.inputs[0].root
    for key, value in dataId.items():
        if isinstance(value, list | tuple | range):
            raise UsageError(f"{key}={value}: a note is on one data ID, which may be partial")
    rows = list(butler.query(type_, dataId=dataId, limit=2))
    if not rows and text:
        raise NoResults("No dataset to note:", type_, dict(dataId), ["no file of it is there"])
    keys = butler.getKeys(type_) or {}
    whole = {key: rows[0][key] for key in keys if key in rows[0]} if len(rows) == 1 else {}
    data_id = {**whole, **dataId}
    if text and not dry_run:
        note_files.add(root, type_, data_id, text)
    elif not dry_run:
        for each in note_files.read([root]):
            if each.datasetType == type_ and each.dataId in (data_id, dict(dataId)):
                note_files.add(root, type_, each.dataId, "")
    return Note(0.0, "", type_, data_id, text, root)


def notes(
    root: str | os.PathLike[str],
    datasetType: str | None = None,
    dataId: Mapping[str, Any] = {},
    **arguments: Any,
) -> list[Note]:
    """Return the notes in a repository and its parents, by time.

    Parameters
    ----------
    root : path
        The repository.
    datasetType : `str`, optional
        Only those on a dataset type.
    dataId : mapping, optional
        Only those on this data ID, and on what it is a part of.
    **arguments
        Further arguments of `Butler`.

    Returns
    -------
    notes : `list` [`persistence.butler.notes.Note`]
        The notes.
    """
    return notes_from(Butler(root, **arguments), datasetType, dataId)


def notes_from(
    butler: Butler, datasetType: str | None = None, dataId: Mapping[str, Any] = {}
) -> list[Note]:
    """Return the notes in the repositories of a Butler; see `notes`."""
    every = note_files.read([repository.root for repository in butler.chain.read])
    if datasetType is not None:
        type_ = butler.request(datasetType).datasetType
        every = [each for each in every if each.datasetType == type_]
    return [
        each
        for each in every
        if all(each.dataId.get(key, value) == value for key, value in dataId.items())
    ]
