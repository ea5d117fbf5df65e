"""Sky maps: the sky cut into tracts, and these into patches. Source: afw-files 7, gen2-cli 6."""

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
    """Give the class of a kind of sky map.

    Raises
    ------
    PolicyError
        If there is no such kind.
    """
    if name not in KINDS:
        raise PolicyError(
            f"{name!r} is no kind of sky map ({', '.join(KINDS)}){did_you_mean(name, KINDS)}"
        )
    return KINDS[name]


def make(kind: str, **values: Any) -> SkyMap:
    """Make a sky map: ``make("rings", numRings=120, projection="TAN")``.

    Parameters
    ----------
    kind : `str`
        One of `KINDS`.
    **values
        What differs from the kind's defaults; see `persistence.skymap.config`.

    Raises
    ------
    PolicyError
        If the kind, or a name, is unknown, a value missing, or one that cannot be meant.
    """
    cls = kind_of(kind)
    return cls(cls.config_class.of(values))
