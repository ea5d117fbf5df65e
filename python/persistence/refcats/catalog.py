"""Reference catalogs.

Directories of shards by trixel, of which only those are read that a region touches.

Source: afw-files 3.6 and 4.
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
    """What a person wants to know of a catalog before reading it.

    Attributes
    ----------
    name : `str`
        What its configuration calls it.
    path : `str`
        Its directory.
    depth : `int`
        Of the mesh of its shards.
    format_version : `int`
        0 (files with fluxes in Jy) or 1 (nJy); what is read is in nJy.
    shards : `int`
        How many there are.
    columns : `tuple` [`str`]
        Of the tables that are read.
    """

    name: str
    path: str
    depth: int
    format_version: int
    shards: int
    columns: tuple[str, ...]


class ReferenceCatalog:
    """A catalog: a directory such as ``ref_cats/gaia``.

    Parameters
    ----------
    path : `str` or path
        The directory, with ``config.py`` and the shards ``<trixel>.fits``.

    Attributes
    ----------
    name : `str`
        What the configuration calls it.
    depth : `int`
        Of the mesh.

    Raises
    ------
    FormatterError
        If there is no such catalog, its shards are not by trixel, or their names are not of the
        depth that its configuration says.

    Notes
    -----
    A shard that is missing means that the catalog has no source there. One that cannot be read is
    an error.
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
        """Find a catalog in a Butler's repositories.

        Raises
        ------
        NoResults
            If none of them has it.
        """
        return cls(os.path.dirname(butler.getUri("ref_cat_config", name=name)))

    def _config(self) -> Any:
        try:
            config = formatter("ConfigStorage").read(
                self._location("config.py", "ConfigStorage", "ref_cat_config")
            )
        except FileNotFoundError as error:
            raise FormatterError(
                f"{self.path} is no reference catalog: it has no config.py"
            ) from error
        self._note("config.py", "ref_cat_config")
        return config

    def _note(self, name: str, kind: str, **keys: str) -> None:
        """Tell that a file was read, as a dataset of the repository in which the catalog lies."""
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
        """The trixels of which there are files."""
        names = [os.path.splitext(name) for name in os.listdir(self.path)]
        found = frozenset(
            int(stem) for stem, ending in names if ending == ".fits" and stem.isdecimal()
        )
        first = 8 * 4**self.depth
        wrong = [number for number in found if not first <= number < 2 * first]
        if wrong:
            raise FormatterError(
                f"{self.path}/{min(wrong)}.fits is no trixel of depth {self.depth}, which "
                "config.py says that all are"
            )
        return found

    @property
    def columns(self) -> list[str]:
        """The columns of what is read."""
        return list(self._empty().colnames)

    def info(self) -> CatalogInfo:
        """Give a summary."""
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
            Where the sources are at that time, by their proper motions; by default where the
            catalog has them.

        Returns
        -------
        sources : `~astropy.table.Table`
            With ``coord_ra`` and ``coord_dec`` in radians and fluxes in nJy, by trixel.

        Notes
        -----
        Sources are moved before they are chosen. One that comes in from a shard that the region
        does not touch is not found.
        """
        ra, dec = sphere.radec(centre)
        if ra.ndim:
            raise DataIdError("the centre of a cone is one position")
        reach, middle = _degrees(radius), sphere.vector(ra, dec)

        def holds(ra: Any, dec: Any) -> NDArray[np.bool_]:
            return np.asarray(sphere.separation(sphere.vector(ra, dec), middle) <= reach)

        return self._select(htm.cone(float(ra), float(dec), reach, self.depth), holds, epoch)

    def box(self, ra: tuple[Any, Any], dec: tuple[Any, Any], epoch: Time | None = None) -> Table:
        """Read the sources in ranges of RA, eastward from the first, and Dec (deg); see `cone`.

        From 350 to 10 goes over 0.
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
        """Read the sources in a convex polygon, of three or more corners in either order.

        See `cone`.
        """
        corners = sphere.radec(vertices)
        convex = htm.convex(*corners)
        return self._select(
            htm.polygon(*corners, self.depth),
            lambda ra, dec: htm.in_polygon(ra, dec, convex),
            epoch,
        )

    def _select(self, trixels: Iterable[int], holds: _Holds, epoch: Time | None) -> Table:
        """Read those trixels that there are, and keep the sources that a region holds."""
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
        """Give the columns without sources, by the catalog's own schema or a shard's."""
        try:
            return self._read(_SCHEMA)[:0]
        except FileNotFoundError:
            if not self.shards:
                raise FormatterError(f"{self.path} has no {_SCHEMA}, and no shards") from None
            return self._read(f"{min(self.shards)}.fits")[:0]


def versions(directory: str | os.PathLike[str]) -> list[CatalogInfo]:
    """List the catalogs of a directory such as ``ref_cats``, by name.

    Each directory with a ``config.py`` is one.
    """
    with os.scandir(directory) as entries:
        paths = sorted(
            entry.path for entry in entries if os.path.exists(os.path.join(entry.path, "config.py"))
        )
    return [ReferenceCatalog(path).info() for path in paths]


def _degrees(angle: Any) -> float:
    from astropy import units

    return float(units.Quantity(angle, units.deg).value)
