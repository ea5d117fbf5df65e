"""The sky maps of a Butler: by the name of a coadd, or of a dataset type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.cameras import faces
from persistence.errors import DataIdError, NoResults

if TYPE_CHECKING:
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


def _read(butler: Queried, name: str) -> SkyMap:
    skymap: SkyMap = faces.unwrap(butler.get(name))
    return skymap


def _names(butler: Queried) -> list[str]:
    every = {
        name
        for repository in butler.chain.inputs
        for name in repository.mapper.types
        if name.endswith(_ENDING)
    }
    return sorted(every)
