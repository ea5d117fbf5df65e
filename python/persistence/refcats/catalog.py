"""Reference catalogs: directories of shards by trixel, read only where a region touches them.

Source: doc/gen2/afw-files.md 3.6 and 4.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.composites import reads
from persistence.dataids.location import Location
from persistence.errors import DataIdError, FormatterError, warn_caller
from persistence.files import marks
from persistence.formatters import formatter
from persistence.refcats import htm
from persistence.types.table import refcat
from persistence.types.wcs import sphere

if TYPE_CHECKING:
    from astropy.table import Table
    from astropy.time import Time

    from persistence.butler.butler import Butler

_DEFAULT_DEPTH = 7
_SCHEMA = "master_schema.fits"
_Holds = Callable[[Any, Any], NDArray[np.bool_]]


@dataclass(frozen=True)
class CatalogInfo:
    """A summary of a catalog.

    Parameters
    ----------
    name : `str`
        Its name in its configuration.
    path : `str`
        Its directory.
    depth : `int`
        The depth of its mesh.
    format_version : `int`
        0 (fluxes in Jy in the files) or 1 (nJy); tables that are read have nJy.
    shards : `int`
        The number of shards.
    columns : `tuple` [`str`, ...]
        The columns of tables that are read.
    """

    name: str
    path: str
    depth: int
    format_version: int
    shards: int
    columns: tuple[str, ...]


class ReferenceCatalog:
    """A reference catalog: a directory such as ``ref_cats/gaia``.

    Parameters
    ----------
    path : `str` or `os.PathLike` [`str`]
        The directory, with ``config.py`` and the shards ``<trixel>.fits``.

    Attributes
    ----------
    name : `str`
        Its name in its configuration.
    depth : `int`
        The depth of its mesh.

    Raises
    ------
    FormatterError
        If there is no such catalog, its shards are not by trixel, or their numbers do not have the
        depth of its configuration.

    Notes
    -----
    A missing shard means that the catalog has no sources there. A shard that cannot be read is an
    error.

    Gen2's task is ``LoadIndexedReferenceObjectsTask`` of ``lsst.meas.algorithms``
    (doc/gen2/afw-files.md 3.6).

    Examples
    --------
    >>> from persistence.refcats.catalog import ReferenceCatalog
    >>> catalog = ReferenceCatalog("repo/ref_cats/gaia")  # doctest: +SKIP
    >>> catalog.cone(SkyCoord(150.1, 2.2, unit="deg"), 0.1)  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        config = self._config()
        indexer = config.get("indexer.name", "HTM")
        if indexer != "HTM":
            raise FormatterError(f"{self.path} is indexed by {indexer}; only HTM is known")
        self.name: str = config.get(
            "ref_dataset_name", os.path.basename(os.path.abspath(self.path))
        )
        self.depth: int = config.get("indexer['HTM'].depth", _DEFAULT_DEPTH)
        self._version: int = config.get("format_version", 0)

    @classmethod
    def of(cls, butler: Butler, name: str) -> ReferenceCatalog:
        """Return a catalog in a Butler's repositories.

        Parameters
        ----------
        butler : `Butler`
            The Butler.
        name : `str`
            The catalog's name, ``gaia``.

        Returns
        -------
        `ReferenceCatalog`
            The catalog.

        Raises
        ------
        NoResults
            If no repository has it.
        """
        return cls(os.path.dirname(butler.getUri("ref_cat_config", name=name)))

    def _config(self) -> Any:
        try:
            config = formatter("ConfigStorage").read(
                self._location("config.py", "ConfigStorage", "ref_cat_config")
            )
        except FileNotFoundError as error:
            raise FormatterError(
                f"{self.path} is not a reference catalog: it has no config.py"
            ) from error
        self._note("config.py", "ref_cat_config")
        return config

    def _note(self, name: str, kind: str, **keys: str) -> None:
        """Report that a file was read, as a dataset of the repository that contains the catalog."""
        full = os.path.abspath(self.path)
        root = marks.nearest(full) or full
        path = os.path.relpath(os.path.join(full, name), root)
        data_id = {"name": os.path.basename(full), **keys}
        reads.note(self._location(name, kind=kind)._replace(root=root, path=path, dataId=data_id))

    def _location(
        self, name: str, storage: str = "FitsCatalogStorage", kind: str = "ref_cat"
    ) -> Location:
        return Location(self.path, name, None, storage, None, kind, {})

    @functools.cached_property
    def shards(self) -> frozenset[int]:
        """The numbers of the trixels that have files."""
        names = [os.path.splitext(name) for name in os.listdir(self.path)]
        found = frozenset(
            int(stem) for stem, ending in names if ending == ".fits" and stem.isdecimal()
        )
        first = 8 * 4**self.depth
        wrong = [number for number in found if not first <= number < 2 * first]
        if wrong:
            raise FormatterError(
                f"{self.path}/{min(wrong)}.fits is not a trixel of depth {self.depth}, the depth "
                "in config.py"
            )
        return found

    @property
    def columns(self) -> list[str]:
        """The columns of tables that are read."""
        return list(self._empty().colnames)

    def info(self) -> CatalogInfo:
        """Return a summary."""
        empty = self._empty()
        columns = tuple(empty.colnames)
        return CatalogInfo(
            self.name,
            self.path,
            self.depth,
            empty.meta["format_version"],
            len(self.shards),
            columns,
        )

    # -- sources in a region
    # -------------------------------------------------------------------------------

    def cone(self, centre: Any, radius: Any, epoch: Time | None = None) -> Table:
        """Read the sources in a circle on the sky.

        Parameters
        ----------
        centre : `~astropy.coordinates.SkyCoord`
            One position.
        radius : `~astropy.units.Quantity` or `float`
            An angle; a number is in degrees.
        epoch : `~astropy.time.Time`, optional
            The time to which positions are moved by proper motion; by default they are as in the
            catalog.

        Returns
        -------
        sources : `~astropy.table.Table`
            With ``coord_ra`` and ``coord_dec`` in radians (ICRS) and fluxes in nJy, in the order of
            trixels.

        Notes
        -----
        Sources are moved before they are selected. A source that moves in from a shard outside of
        the region is not found.
        """
        ra, dec = sphere.radec(centre)
        if ra.ndim:
            raise DataIdError("the centre of a cone is one position")
        reach, middle = _degrees(radius), sphere.vector(ra, dec)

        def holds(ra: Any, dec: Any) -> NDArray[np.bool_]:
            return np.asarray(sphere.separation(sphere.vector(ra, dec), middle) <= reach)

        return self._select(htm.cone(float(ra), float(dec), reach, self.depth), holds, epoch)

    def box(self, ra: tuple[Any, Any], dec: tuple[Any, Any], epoch: Time | None = None) -> Table:
        """Read the sources in ranges of right ascension and declination; see `cone`.

        Parameters
        ----------
        ra : `tuple` [object, object]
            The western and eastern limits (deg); from 350 to 10 crosses 0.
        dec : `tuple` [object, object]
            The southern and northern limits (deg).
        epoch : `Time` or `None`, optional
            As for `cone`.

        Returns
        -------
        `~astropy.table.Table`
            As for `cone`.

        Raises
        ------
        DataIdError
            If the declinations are not from -90 to 90, the lower first.
        """
        west, east, south, north = (_degrees(angle) for angle in (*ra, *dec))
        if not -90 <= south <= north <= 90:
            raise DataIdError(
                f"declinations are from -90 to 90, the lower first, not {south:g}, {north:g}"
            )
        wide = htm.width(west, east)

        def holds(ra: Any, dec: Any) -> NDArray[np.bool_]:
            return np.asarray(((ra - west) % 360.0 <= wide) & (dec >= south) & (dec <= north))

        return self._select(htm.box((west, east), (south, north), self.depth), holds, epoch)

    def polygon(self, vertices: Any, epoch: Time | None = None) -> Table:
        """Read the sources in a convex polygon; see `cone`.

        Parameters
        ----------
        vertices : object
            Three or more corners (`~astropy.coordinates.SkyCoord`), in either order.
        epoch : `Time` or `None`, optional
            As for `cone`.

        Returns
        -------
        `~astropy.table.Table`
            As for `cone`.

        Raises
        ------
        DataIdError
            If the polygon is not convex.
        """
        corners = sphere.radec(vertices)
        convex = htm.convex(*corners)
        return self._select(
            htm.polygon(*corners, self.depth),
            lambda ra, dec: htm.in_polygon(ra, dec, convex),
            epoch,
        )

    def _select(self, trixels: Iterable[int], holds: _Holds, epoch: Time | None) -> Table:
        """Read the existing ones of some trixels, and return the sources in a region."""
        from astropy.table import vstack

        parts = []
        for number in sorted(self.shards.intersection(trixels)):
            table = self._read(f"{number}.fits", epoch)
            parts.append(table[holds(*refcat.positions(table))])
        filled = [part for part in parts if len(part)] or parts[:1] or [self._empty()]
        return vstack(filled, metadata_conflicts="silent") if len(filled) > 1 else filled[0]

    def _read(self, name: str, epoch: Time | None = None) -> Table:
        table = formatter("FitsCatalogStorage").read(self._location(name))
        self._note(name, "ref_cat", pixel_id=name.removesuffix(".fits"))
        try:
            table = refcat.normalised(table, self._version)
        except FormatterError as error:
            raise FormatterError(f"{self.path}/{name}: {error}") from error
        if epoch is None:
            return table
        if not refcat.has_proper_motions(table):
            message = (
                f"{self.path} has no proper motions that could be applied; its positions are as "
                "they are"
            )
            warn_caller(message, UserWarning)
            return table
        return refcat.moved(table, epoch)

    def _empty(self) -> Table:
        """Return the columns without sources, from the catalog's schema or a shard."""
        try:
            return self._read(_SCHEMA)[:0]
        except FileNotFoundError:
            if not self.shards:
                raise FormatterError(f"{self.path} has no {_SCHEMA}, and no shards") from None
            return self._read(f"{min(self.shards)}.fits")[:0]


def versions(directory: str | os.PathLike[str]) -> list[CatalogInfo]:
    """Return summaries of the catalogs in a directory such as ``ref_cats``, by name.

    Each subdirectory with a ``config.py`` is a catalog.
    """
    with os.scandir(directory) as entries:
        paths = sorted(
            entry.path for entry in entries if os.path.exists(os.path.join(entry.path, "config.py"))
        )
    return [ReferenceCatalog(path).info() for path in paths]


def _degrees(angle: Any) -> float:
    from astropy import units

    return float(units.Quantity(angle, units.deg).value)
