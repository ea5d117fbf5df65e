"""Sequential numbers of patches in data IDs: they become Gen2's ``"x,y"`` by the sky map."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from persistence.butler.id_table import IdTable
from persistence.cameras import faces
from persistence.dataids.dataid import DataId, cast
from persistence.errors import DataIdError

if TYPE_CHECKING:
    from persistence.butler.subset import Asked
    from persistence.skymap.base import SkyMap

_NUMBER = re.compile(r"\d+", re.ASCII)
_FAMILY = re.compile(r"\w+?Coadd")
_ENDING = "_skyMap"
_PATCH, _TRACT = "patch", "tract"


def named(butler: Asked, name: str, data_id: DataId) -> DataId:
    """Return a data ID with the patch as in paths; others unchanged.

    Parameters
    ----------
    butler : `Butler`
        Knows the sky map.
    name : `str`
        The dataset type.
    data_id : `DataId`
        The data ID, whose ``patch`` may be the sequential number of a patch in its tract.

    Returns
    -------
    data_id : `DataId`
        The same, or a copy with a patch ``"x,y"``.

    Raises
    ------
    NotInSkyMap
        If the tract has no such patch.
    DataIdError
        If the number needs a tract, or belongs to one of several sky maps.
    """
    patch = data_id.get(_PATCH)
    if not _is_number(patch):
        return data_id
    skymap = _sky_map(butler, name, patch)
    if skymap is None:
        return data_id
    copy = data_id.copy()
    copy[_PATCH] = _text(skymap, data_id.get(_TRACT), patch)
    return copy


def named_table(butler: Asked, name: str, table: IdTable) -> IdTable:
    """Return data IDs with the patches as in paths; see `named`."""
    if not {_TRACT, _PATCH} <= set(table.keys):
        return table
    columns = dict(zip(table.keys, table.columns, strict=True))
    pairs = dict.fromkeys(zip(columns[_TRACT], columns[_PATCH], strict=True))
    numbers = [pair for pair in pairs if _is_number(pair[1])]
    skymap = _sky_map(butler, name, numbers[0][1]) if numbers else None
    if skymap is None:
        return table
    texts = {pair: _text(skymap, *pair) for pair in numbers}
    patches = [
        texts.get(pair, pair[1]) for pair in zip(columns[_TRACT], columns[_PATCH], strict=True)
    ]
    return table.extended({_PATCH: patches})


def _is_number(patch: Any) -> bool:
    """Return whether a patch is a sequential number, as such or as it is typed in a shell."""
    return type(patch) is int or (isinstance(patch, str) and _NUMBER.fullmatch(patch) is not None)


def _text(skymap: SkyMap, tract: Any, patch: Any) -> str:
    if tract is None:
        raise DataIdError(
            f"patch={patch} is the number of a patch in a tract: pass tract, too, or patch='x,y'"
        )
    return skymap[cast(_TRACT, tract, int)][int(patch)].name


def _sky_map(butler: Asked, name: str, patch: Any) -> SkyMap | None:
    """Return the sky map of a dataset type; None if there is none, or patches are no text."""
    request = butler.request(name)
    mapper = butler.chain.knowing(request).mapper
    family = _FAMILY.match(request.datasetType)
    own = f"{family[0] if family else 'deepCoadd'}{_ENDING}"
    kind = mapper.dataset(request).keys.get(_PATCH)
    maps = sorted(known for known in mapper.types if known.endswith(_ENDING))
    existing = [known for known in maps if butler.datasetExists(known)] if kind is str else []
    chosen = [known for known in existing if known == own] or existing
    if len(chosen) > 1:
        raise DataIdError(
            f"patch={patch} is ambiguous: there are {', '.join(existing)}, but no {own}; "
            "pass patch='x,y'"
        )
    skymap: SkyMap | None = faces.unwrap(butler.get(chosen[0])) if chosen else None
    return skymap
