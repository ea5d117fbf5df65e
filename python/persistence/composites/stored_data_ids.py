"""Data IDs stored in an object: for example, a coadd contains the exposures it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.dataids.dataid import DataId, cast, plain
from persistence.errors import DataIdError, did_you_mean


def data_ids(obj: Any, path: str, keys: Mapping[str, type], name: str) -> DataId | list[DataId]:
    """Return the data IDs in an object.

    Parameters
    ----------
    obj : object
        The object.
    path : `str`
        The path to them in the object, separated by dots: attributes, or keys of mappings; empty
        for the object itself.
    keys : mapping of `str` to `type`
        The keys of the dataset type that they are for; other fields of a row are ignored.
    name : `str`
        The name of the path in messages.

    Returns
    -------
    found : `DataId` or `list` of `DataId`
        One for a mapping or a text such as ``visit=1 ccdnum=2``; a list for a sequence of these, or
        for a table with columns for keys.

    Raises
    ------
    DataIdError
        If the path does not exist, or does not lead to a data ID.
    """
    for step in path.split(".") if path else ():
        obj = _step(obj, step, name)
    found = _one(obj, keys)
    if found is not None:
        return found
    columns = getattr(obj, "colnames", None) or getattr(getattr(obj, "dtype", None), "names", None)
    known = [key for key in columns or () if key in keys]
    if known:
        return [_typed({key: row[key] for key in known}, keys) for row in obj]
    if isinstance(obj, list | tuple):
        every = [_one(item, keys) for item in obj]
        if None not in every:
            return [one for one in every if one is not None]
    raise DataIdError(f"{name} does not lead to a data ID, but to {obj!r:.80}")


def _step(obj: Any, step: str, name: str) -> Any:
    if hasattr(obj, "keys") and step in obj:
        # All cards of a keyword in a header are its values; a mapping returns only one.
        many = getattr(obj, "count", None)
        if many is not None and hasattr(obj, "cards") and obj.count(step) > 1:
            return [card.value for card in obj.cards if card.keyword == step]
        return obj[step]
    if hasattr(obj, step):
        return getattr(obj, step)
    known = (
        [str(key) for key in obj]
        if isinstance(obj, Mapping)
        else [one for one in dir(obj) if one[0] != "_"]
    )
    raise DataIdError(
        f"{name} does not exist: {type(obj).__name__} has no {step!r}{did_you_mean(step, known)}"
    )


def _one(item: Any, keys: Mapping[str, type]) -> DataId | None:
    if isinstance(item, str):
        pairs = [word.partition("=") for word in item.split()]
        if not pairs or not all(key and equals for key, equals, _ in pairs):
            return None
        item = {key: value for key, _, value in pairs}
    return _typed(item, keys) if isinstance(item, Mapping) and not hasattr(item, "cards") else None


def _typed(item: Mapping[str, Any], keys: Mapping[str, type]) -> DataId:
    return DataId(
        {
            key: cast(key, plain(value), keys[key]) if key in keys else value
            for key, value in item.items()
        }
    )
