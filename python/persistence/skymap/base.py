"""Sky maps: the sky divided into tracts."""

from __future__ import annotations

import hashlib
import operator
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from persistence.errors import DataIdError, NotInSkyMap
from persistence.skymap.config import SkyMapConfig
from persistence.skymap.patch import Patch
from persistence.skymap.tract import Tract
from persistence.types.wcs import sphere
from persistence.types.wcs.sphere import Floats

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

# Centres whose distances differ by less than 0.2 microarcsec (a chord) are equally near: the first
# tract counts.
_TIE = 1e-12
Found = list[tuple[Tract, tuple[Patch, ...]]]


class SkyMap(ABC):
    """A sequence of tracts, each created on first access.

    Gen2's class is ``lsst.skymap.BaseSkyMap``; see doc/gen2/afw-files.md 7.

    Parameters
    ----------
    config : `SkyMapConfig`
        The configuration.
    version : `int` or `tuple`, optional
        The version of the numbering; only that of `RingsSkyMap` ever changed.

    Attributes
    ----------
    kind : `str`
        The name of the kind in configurations.
    config_class : `type`
        The class of the configuration.
    versions : `tuple`
        The existing versions; new maps have the last one.

    Examples
    --------
    >>> from persistence import skymap
    >>> from astropy.coordinates import SkyCoord
    >>> rings = skymap.make("rings", numRings=120)
    >>> tract = rings.findTract(SkyCoord(150.0, 2.2, unit="deg"))
    >>> tract.tract_id
    9813
    """

    kind: ClassVar[str]
    config_class: ClassVar[type[SkyMapConfig]]
    versions: ClassVar[tuple[Any, ...]] = (0,)

    def __init__(self, config: Any, version: Any = None) -> None:
        if not isinstance(config, self.config_class):
            raise DataIdError(
                f"{type(self).__name__} needs a {self.config_class.__name__}, not {config!r}"
            )
        self.config: Any = config
        self.version = self.versions[-1] if version is None else version
        if self.version not in self.versions:
            known = " or ".join(map(repr, self.versions))
            raise DataIdError(f"a {type(self).__name__} has version {known}, not {version!r}")
        self._tracts: dict[int, Tract] = {}

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of tracts."""

    @abstractmethod
    def _make(self, index: int) -> Tract:
        """Return a new tract of the map."""

    def __getitem__(self, index: Any) -> Tract:
        """Return a tract by its number.

        Raises
        ------
        NotInSkyMap
            If the map has no such tract; negative numbers do not count from the end.
        """
        try:
            number = operator.index(index)
        except TypeError:
            raise NotInSkyMap(f"{index!r} is not the number of a tract") from None
        if not 0 <= number < len(self):
            raise NotInSkyMap(
                f"there is no tract {number}: this {self.kind} sky map has 0 to {len(self) - 1}"
            )
        if number not in self._tracts:
            self._tracts[number] = self._make(number)
        return self._tracts[number]

    def __iter__(self) -> Iterator[Tract]:
        return (self[index] for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SkyMap):
            return NotImplemented
        return (type(self), self.config, self.version) == (type(other), other.config, other.version)

    def __hash__(self) -> int:
        return hash((type(self), self.config, self.version))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.config, self.version)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.config!r}, version={self.version!r})"

    def patches(self, tract: int | Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        """Return an iterator over the data IDs of patches, row by row.

        Parameters
        ----------
        tract : `int`, iterable of `int` or `None`, optional
            The tracts; by default all.

        Returns
        -------
        iterator of `dict` [`str`, object]
            Data IDs with the keys ``tract`` and ``patch``: ``{'tract': 0, 'patch': '1,2'}``.

        Raises
        ------
        NotInSkyMap
            If there is no such tract.
        """
        numbers = range(len(self)) if tract is None else tract
        numbers = numbers if isinstance(numbers, Iterable) else (numbers,)
        tracts = [self[number] for number in numbers]
        return (
            {"tract": one.tract_id, "patch": patch.name} for one in tracts for patch in one.patches
        )

    # -- from the sky to tracts
    # ----------------------------------------------------------------------------

    def _nearest(self, ra: Floats, dec: Floats) -> NDArray[np.int64]:
        """Return the numbers of the tracts with the nearest centres to positions (deg)."""
        if not len(self):
            raise NotInSkyMap("the sky map has no tracts")
        centres = sphere.vector(*np.transpose([self[index].middle for index in range(len(self))]))
        # Chords resolve smaller distances than scalar products.
        chords = np.linalg.norm(sphere.vector(ra, dec)[..., np.newaxis, :] - centres, axis=-1)
        nearest = chords.min(axis=-1, keepdims=True)
        return np.asarray(np.argmax(chords <= nearest + _TIE, axis=-1))

    def tract_ids(self, coords: Any) -> NDArray[np.int64]:
        """Return the number of the tract of each position.

        Parameters
        ----------
        coords : object
            Positions (`~astropy.coordinates.SkyCoord`) of any shape.

        Returns
        -------
        tracts : array of int64
            Numbers, of the same shape.
        """
        return self._nearest(*sphere.finite(*sphere.radec(coords)))

    def findTract(self, coord: SkyCoord) -> Tract:
        """Return the tract of a position; see `tract_ids` for many positions.

        A map that does not cover the whole sky returns the tract with the nearest centre.

        Parameters
        ----------
        coord : `SkyCoord`
            One position.

        Returns
        -------
        `Tract`
            The tract.

        Raises
        ------
        DataIdError
            If there are several positions.
        """
        found = self.tract_ids(coord)
        if found.ndim:
            raise DataIdError("findTract accepts one position; tract_ids accepts many")
        return self[int(found)]

    def findTractPatchList(self, coords: Any) -> Found:
        """Return all tracts and patches that may overlap the bounding box of positions.

        Some of them may not overlap it.

        Parameters
        ----------
        coords : object
            Positions (`~astropy.coordinates.SkyCoord`).

        Returns
        -------
        `list` [`tuple` [`Tract`, `tuple` [`Patch`, ...]]]
            Each tract with its patches.
        """
        sphere.finite(*sphere.radec(coords))
        return with_patches(self, coords)

    def findClosestTractPatchList(self, coords: Any) -> Found:
        """Return the tracts of positions, with the patches that may overlap their bounding box.

        Parameters
        ----------
        coords : object
            Positions (`~astropy.coordinates.SkyCoord`).

        Returns
        -------
        `list` [`tuple` [`Tract`, `tuple` [`Patch`, ...]]]
            Each tract with its patches.
        """
        numbers = np.ravel(self.tract_ids(coords)).tolist()
        return with_patches((self[number] for number in dict.fromkeys(numbers)), coords)

    # -- identity
    # ------------------------------------------------------------------------------------------

    def getSha1(self) -> bytes:
        """Return the digest of the configuration, the same as in Gen2, without the version.

        Source: doc/gen2/afw-files.md 7.6.
        """
        config = self.config
        common = struct.pack(
            "<iiidd3sd",
            *config.patchInnerDimensions,
            config.patchBorder,
            config.tractOverlap,
            config.pixelScale,
            config.projection.encode("ascii"),
            config.rotation,
        )
        return hashlib.sha1(
            type(self).__name__.encode() + common + self._packed(), usedforsecurity=False
        ).digest()

    @abstractmethod
    def _packed(self) -> bytes:
        """Return the bytes of the values that only this kind has."""

    # lsst.skymap's names, for scripts written for it
    def generateTract(self, index: int) -> Tract:
        return self._make(index)

    def findTractIdArray(self, ra: Any, dec: Any, degrees: bool = False) -> NDArray[np.int64]:
        turn = (lambda angle: np.asarray(angle, float)) if degrees else np.degrees
        return self._nearest(*sphere.finite(turn(ra), turn(dec)))


def with_patches(tracts: Iterable[Tract], coords: Any) -> Found:
    """Return the tracts that have patches near positions, with these patches."""
    found = ((tract, tract.findPatchList(coords)) for tract in tracts)
    return [(tract, patches) for tract, patches in found if patches]


def made_by_radius(
    number: int, config: SkyMapConfig, centre: tuple[float, float], radius: float
) -> Tract:
    """Return a new tract whose box extends to a radius (deg) plus the overlap (afw-files 7.3)."""
    outline = sphere.away(*centre, np.arange(4) * 90.0, radius + config.tractOverlap)
    return Tract(number, config, centre, centre, outline)


def made_of_vertices(
    number: int,
    config: SkyMapConfig,
    centre: tuple[float, float],
    vertices: tuple[Floats, Floats],
    tangent: tuple[float, float] | None = None,
) -> Tract:
    """Return a new tract whose box contains vertices (deg) and half the overlap (afw-files 7.3)."""
    outline = vertices
    if config.tractOverlap:
        bearings = np.arange(24) * 15.0
        rings = [
            sphere.away(*vertex, bearings, config.tractOverlap / 2)
            for vertex in zip(*vertices, strict=True)
        ]
        outline = np.concatenate([ra for ra, _ in rings]), np.concatenate([dec for _, dec in rings])
    return Tract(number, config, centre, tangent or centre, outline, vertices)
