"""Sky maps: the sky divided into tracts, and these into patches.

Sources: doc/gen2/afw-files.md 7, doc/gen2/gen2-cli.md 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.errors import PolicyError, did_you_mean
from persistence.skymap.base import SkyMap
from persistence.skymap.discrete import DiscreteSkyMap
from persistence.skymap.dodeca import DodecaSkyMap
from persistence.skymap.equat import EquatSkyMap
from persistence.skymap.healpix import HealpixSkyMap
from persistence.skymap.patch import Patch
from persistence.skymap.rings import RingsSkyMap
from persistence.skymap.tract import Tract

__all__ = [
    "KINDS",
    "DiscreteSkyMap",
    "DodecaSkyMap",
    "EquatSkyMap",
    "HealpixSkyMap",
    "Patch",
    "RingsSkyMap",
    "SkyMap",
    "Tract",
    "kind_of",
    "make",
]

KINDS: Mapping[str, type[SkyMap]] = {
    cls.kind: cls for cls in (DodecaSkyMap, EquatSkyMap, DiscreteSkyMap, RingsSkyMap, HealpixSkyMap)
}


def kind_of(name: str) -> type[SkyMap]:
    """Return the class of a kind of sky map.

    Parameters
    ----------
    name : `str`
        One of `KINDS`: ``rings``, ``dodeca``, ``discrete``, ``equat``, ``healpix``.

    Returns
    -------
    `type` [`SkyMap`]
        The class.

    Raises
    ------
    PolicyError
        If there is no such kind.
    """
    if name not in KINDS:
        raise PolicyError(
            f"{name!r} is not a kind of sky map ({', '.join(KINDS)}){did_you_mean(name, KINDS)}"
        )
    return KINDS[name]


def make(kind: str, **values: Any) -> SkyMap:
    """Return a new sky map: ``make("rings", numRings=120, projection="TAN")``.

    Parameters
    ----------
    kind : `str`
        One of `KINDS`.
    **values : object
        Values that differ from the kind's defaults; see `persistence.skymap.config`.

    Returns
    -------
    `SkyMap`
        The sky map.

    Raises
    ------
    PolicyError
        If the kind or a name is unknown, or a value is missing or invalid.
    """
    cls = kind_of(kind)
    return cls(cls.config_class.of(values))
