"""The sky maps of a Butler: by the name of a coadd, or of a dataset type."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from persistence.cameras import faces
from persistence.dataids.dataid import DataId
from persistence.errors import DataIdError, NoResults
from persistence.files import mirrors

if TYPE_CHECKING:
    from persistence.butler.chain import Chain
    from persistence.butler.sky.asked import Queried
    from persistence.skymap.base import SkyMap

_ENDING = "_skyMap"
_FIRST = "deepCoadd"


def get(butler: Queried, coadd: str | None = None) -> SkyMap:
    """Return a sky map; see `Sky.map`."""
    if not isinstance(coadd, str | None):
        raise DataIdError(f"coaddName: expected the name of a coadd, not {coadd!r}")
    if coadd is not None:
        name = coadd if coadd.endswith("Coadd") else f"{coadd}Coadd"
        return _read(butler, f"{name}{_ENDING}")
    known = existing(butler)
    chosen = [name for name in known if name == f"{_FIRST}{_ENDING}"] or known
    if len(chosen) > 1:
        reasons = [f"there are  {', '.join(known)}: name one, map('goodSeeing')"]
        raise NoResults("No single sky map:", _ENDING[1:], {}, reasons)
    return _read(butler, chosen[0] if chosen else f"{_FIRST}{_ENDING}")


def of_type(butler: Queried, name: str) -> SkyMap:
    """Return the sky map of a dataset type: of ``deepCoadd_calexp``, that of deepCoadd."""
    coadd = name.partition("_")[0]
    its = f"{coadd}{_ENDING}"
    is_there = its in _names(butler) and butler.datasetExists(its)
    return get(butler, coadd if is_there else None)


def existing(butler: Queried) -> list[str]:
    """Return the dataset types of the sky maps that exist."""
    return [name for name in _names(butler) if butler.datasetExists(name)]


# The sky maps that were read, with the state of their files: one with 10^4 patches takes 7 ms, and
# the outlines of its patches, which are kept with it, more.
_read_before: weakref.WeakKeyDictionary[Chain, dict[str, tuple[Any, SkyMap]]] = (
    weakref.WeakKeyDictionary()
)


def _read(butler: Queried, name: str) -> SkyMap:
    stamp = _stamp(butler, name)
    known = _read_before.setdefault(butler.chain, {})
    if stamp is None or name not in known or known[name][0] != stamp:
        known[name] = stamp, faces.unwrap(butler.get(name))
    return known[name][1]


def _stamp(butler: Queried, name: str) -> Any:
    """Return the state of the file of a sky map; None if it is unknown."""
    location = butler.chain.locate(butler.request(name), DataId())
    try:
        status = None if location is None else mirrors.stat(location.full_path)
    except OSError:
        return None
    if location is None or status is None:
        return None
    return location.full_path, status.st_ino, status.st_mtime_ns, status.st_size


def _names(butler: Queried) -> list[str]:
    every = {
        name
        for repository in butler.chain.inputs
        for name in repository.mapper.types
        if name.endswith(_ENDING)
    }
    return sorted(every)
