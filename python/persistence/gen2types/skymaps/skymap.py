"""`BaseSkyMap` and its kinds, by the names of ``lsst.skymap``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from persistence import skymap as kinds
from persistence.gen2types.angle import degrees
from persistence.gen2types.face import Face
from persistence.gen2types.skymaps import config as configs
from persistence.gen2types.skymaps.config import Config
from persistence.gen2types.skymaps.positions import coordinates
from persistence.gen2types.skymaps.tract import PatchInfo, TractInfo
from persistence.gen2types.spherepoint import SpherePoint
from persistence.skymap.base import Found, SkyMap
from persistence.skymap.config import SkyMapConfig


class BaseSkyMap(Face[SkyMap]):
    """The sky cut into tracts. Iteration yields them by number.

    Parameters
    ----------
    config : `Config`
        What the map is made of; see ``ConfigClass``.
    """

    _kind: ClassVar[Any] = None  # the class of ours

    def __init__(self, config: Any = None) -> None:
        if self._kind is None:
            raise TypeError(
                "BaseSkyMap is an abstract class; create a subclass, such as RingsSkyMap"
            )
        created = config.made() if isinstance(config, Config) else config
        self._ours = self._kind(self._kind.config_class() if created is None else created)

    @classmethod
    def ConfigClass(cls, **values: Any) -> Config:
        """Return a configuration of this kind, with defaults."""
        return Config(cls._kind.config_class if cls._kind else SkyMapConfig, **values)

    @property
    def config(self) -> Config:
        """The configuration; changing it does not change the map."""
        return configs.of(self._ours.config)

    # -- tracts
    def __len__(self) -> int:
        return len(self._ours)

    def __getitem__(self, number: Any) -> TractInfo:
        """Return a tract by its number; `IndexError` if there is none."""
        return TractInfo.of(self._ours[number])

    def __iter__(self) -> Iterator[TractInfo]:
        return (TractInfo.of(tract) for tract in self._ours)

    def generateTract(self, index: int) -> TractInfo:
        return TractInfo.of(self._ours.generateTract(index))

    def findTract(self, coord: Any) -> TractInfo:
        """Return the tract that a position belongs to: that of the nearest centre."""
        if not isinstance(coord, SpherePoint):
            return TractInfo.of(self._ours.findTract(coordinates(coord)))
        ra, dec = coord.getPosition(degrees)
        return self[int(self._ours.findTractIdArray(ra, dec, degrees=True))]

    def findTractIdArray(self, ra: Any, dec: Any, degrees: bool = False) -> Any:
        """Return the numbers of the tracts of arrays of positions (rad, or deg)."""
        return self._ours.findTractIdArray(np.asarray(ra), np.asarray(dec), degrees=degrees)

    def findAllTracts(self, coord: Any) -> list[TractInfo]:
        """Return all tracts whose boxes hold a position."""
        find: Callable[[Any], Any] | None = getattr(self._ours, "findAllTracts", None)
        position = coordinates(coord)
        if find is not None:
            return [TractInfo.of(tract) for tract in find(position)]
        return [TractInfo.of(tract) for tract in self._ours if tract.contains(position)]

    def findTractPatchList(self, coordList: Any) -> list[tuple[TractInfo, tuple[PatchInfo, ...]]]:
        """Return all tracts and patches that some positions, or the box about them, may touch."""
        return _faces(self._ours.findTractPatchList(_several(coordList)))

    def findClosestTractPatchList(
        self, coordList: Any
    ) -> list[tuple[TractInfo, tuple[PatchInfo, ...]]]:
        """Return the tracts of some positions, and the patches that the box about them touches."""
        return _faces(self._ours.findClosestTractPatchList(_several(coordList)))

    def getSha1(self) -> bytes:
        return self._ours.getSha1()

    def logSkyMapInfo(self, log: Any) -> None:
        """Log how many tracts there are, and where."""
        log.info("sky map has %d tracts", len(self))
        for tract in self:
            log.info("tract %d has %s patches", tract.getId(), tract.getNumPatches())

    def __getstate__(self) -> dict[str, Any]:
        return {"_ours": self._ours}

    def __hash__(self) -> int:
        return hash(self._ours)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._ours.config!r})"


def _several(coords: Any) -> Any:
    return coordinates([coords] if isinstance(coords, SpherePoint) else list(coords))


def _faces(overlaps: Found) -> list[tuple[TractInfo, tuple[PatchInfo, ...]]]:
    return [
        (TractInfo.of(tract), tuple(PatchInfo.of(patch) for patch in patches))
        for tract, patches in overlaps
    ]


class CachingSkyMap(BaseSkyMap):
    """A sky map that creates its tracts when they are first accessed, as all do here."""


class RingsSkyMap(CachingSkyMap):
    """Tracts in rings of constant declination."""

    _kind = kinds.RingsSkyMap


class DodecaSkyMap(BaseSkyMap):
    """Twelve tracts, on the faces of a dodecahedron."""

    _kind = kinds.DodecaSkyMap


class DiscreteSkyMap(CachingSkyMap):
    """Tracts at arbitrary positions."""

    _kind = kinds.DiscreteSkyMap


class EquatSkyMap(BaseSkyMap):
    """Tracts of a belt along the equator."""

    _kind = kinds.EquatSkyMap


class HealpixSkyMap(CachingSkyMap):
    """Tracts on the pixels of HEALPix."""

    _kind = kinds.HealpixSkyMap


# By the names that configurations call them by.
skyMapRegistry = {  # noqa: N816  # Gen2's name
    cls._kind.kind: cls
    for cls in (DodecaSkyMap, EquatSkyMap, DiscreteSkyMap, RingsSkyMap, HealpixSkyMap)
}


__all__ = [
    "BaseSkyMap",
    "CachingSkyMap",
    "DiscreteSkyMap",
    "DodecaSkyMap",
    "EquatSkyMap",
    "HealpixSkyMap",
    "PatchInfo",
    "RingsSkyMap",
    "TractInfo",
    "skyMapRegistry",
]
