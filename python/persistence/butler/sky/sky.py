"""``butler.sky``: positions on the sky, regions and overlaps."""

from __future__ import annotations

import dataclasses
import functools
import json
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.butler.asking import answer, ask
from persistence.butler.asking.rows import Rows
from persistence.butler.sky import cutouts, fill, home, maps, naming, overlaps, pairs, shapes
from persistence.butler.sky import layers as its_layers
from persistence.butler.sky.cutouts import Cutouts
from persistence.butler.sky.overlaps import Overlapping
from persistence.cameras import faces
from persistence.dataids import expression
from persistence.dataids.dataid import as_given
from persistence.errors import DataIdError, PolicyError, UnknownDatasetType
from persistence.sky import polygon
from persistence.sky.regions import Box, Circle, Outline, Polygon

if TYPE_CHECKING:
    from mocpy import MOC

    from persistence.butler.get import Reader
    from persistence.butler.sky.asked import Queried
    from persistence.butler.sky.fill import Progress
    from persistence.butler.sky.layers import Layers
    from persistence.butler.sky.shapes import Shape
    from persistence.dataids.expression import Expression
    from persistence.sky.depth import Depth
    from persistence.sky.regions import Region
    from persistence.sky.store import Store
    from persistence.skymap.base import SkyMap
    from persistence.types.exposure.exposure import Exposure

_REGIONS = (Circle, Box, Polygon, Outline)
# What `at` lists if no types are named, where the camera has them.
_TYPES = ("raw", "calexp", "src", "deepCoadd", "deepCoadd_calexp", "ref_cat")
_WITHOUT = {"exposure": str, "type": str, "path": str, "problem": str}


class Sky:
    """The sky of a Butler: ``butler.sky``.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    reader : `Reader`
        Its reader.

    Notes
    -----
    The regions of exposures are read from their headers when they are first needed, and kept in
    the user's cache; files that changed are read again. No repository is changed, except by
    `write`.
    """

    def __init__(self, butler: Queried, reader: Reader) -> None:
        self._butler, self._reader = butler, reader

    def __repr__(self) -> str:
        return f"<sky of {self._butler!r}>"

    def map(self, coaddName: str | None = None) -> SkyMap:
        """Return the sky map: its tracts by number, and ``patches(tract=0)``, data IDs.

        Parameters
        ----------
        coaddName : `str`, optional
            The name of the coadd, ``deep`` or ``deepCoadd``. Default: deepCoadd, or the only one
            that exists.

        Returns
        -------
        skymap : `SkyMap`
            The sky map.

        Raises
        ------
        DataIdError
            If the name is not a string.
        NoResults
            If there is no sky map, or there are several and no name is passed.
        """
        return maps.get(self._butler, coaddName)

    def refresh(
        self, jobs: int = 1, progress: Progress | None = None, fresh: bool = True
    ) -> dict[str, dict[str, int]]:
        """Read the headers of all exposures that are new or have changed.

        Queries do so themselves; for a large repository it is faster with several processes.

        Parameters
        ----------
        jobs : `int`
            The number of processes.
        progress : callable, optional
            Called with the numbers of finished exposures, of all exposures of a type, and of
            headers read.
        fresh : `bool`
            False to use the index as it is, without comparing it with the directories.

        Returns
        -------
        counts : `dict`
            For each type, the numbers of datasets ``with`` and ``without`` a region.
        """
        if not isinstance(jobs, int) or jobs < 1:
            raise DataIdError(f"jobs={jobs!r}: expected a number of processes, 1 or more")
        store, layers = self._filled(fresh, jobs, progress)
        query = (
            "SELECT type, sum(polygon IS NOT NULL), sum(polygon IS NULL) FROM regions GROUP BY type"
        )
        counts = {name: its for name, *its in store.connection.execute(query)}
        names = [name for name in layers.questions if name in counts]
        return {name: dict(zip(("with", "without"), counts[name], strict=True)) for name in names}

    def write(self) -> list[str]:
        """Write the regions into the repositories of the chain that are yours, for others.

        Repositories without exposures, of other users, and those that you cannot write are skipped.

        Returns
        -------
        paths : `list` [`str`]
            The files that were written.

        Raises
        ------
        RepositoryError
            If none can be written, with the reasons, or writing fails.
        """
        return home.write(self._butler.chain.inputs)

    def without_region(self, fresh: bool = True) -> Rows:
        """Return the datasets whose region is unknown, with the reason.

        Parameters
        ----------
        fresh : `bool`
            False to use the index as it is, without comparing it with the directories.

        Returns
        -------
        rows : `Rows`
            The ``type``, the ``exposure``, the ``path``, and the ``problem``.
        """
        store, layers = self._filled(fresh)
        query = "SELECT exposure, type, path, problem FROM regions WHERE polygon IS NULL ORDER BY 1"

        def rows() -> Any:
            for exposure, *rest in store.connection.execute(query).fetchall():
                values = json.loads(exposure) or ["?"] * len(layers.identity)
                yield (
                    " ".join(f"{k}={v}" for k, v in zip(layers.identity, values, strict=True)),
                    *rest,
                )

        return Rows("without a region", _WITHOUT, rows)

    def region(
        self, dataId: Mapping[str, Any] = {}, at: str | None = None, fresh: bool = True, **rest: Any
    ) -> Polygon:
        """Return the region of an exposure, a patch or a tract.

        Parameters
        ----------
        dataId : mapping, optional
            The data ID; its keys may also be passed as keywords.
        at : `str`, optional
            The stage of an exposure's region: ``raw``, ``calexp``. Default: the best one.
        fresh : `bool`
            False to use the index as it is, without comparing it with the directories.
        **rest
            Keys of the data ID.

        Returns
        -------
        region : `Polygon`
            The region.

        Raises
        ------
        NoResults
            If it is unknown.
        DataIdError
            If the data ID matches several exposures.
        """
        store, layers = self._filled(fresh)
        regions, _, _ = self._asked(store, layers, as_given(dataId, rest), at, False)
        if len(regions) != 1:
            raise DataIdError(f"{dict(as_given(dataId, rest))} has {len(regions)} regions, not one")
        vertices = regions[0].vertices()
        assert vertices is not None  # they are outlines
        ra, dec = polygon.radec(vertices)
        return Polygon(list(zip(ra.tolist(), dec.tolist(), strict=True)))

    def overlaps(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] = {},
        region: Region | list[Region] | None = None,
        at: str | None = None,
        fresh: bool = True,
        **rest: Any,
    ) -> Rows:
        """Return the datasets of a type that lie on a patch, a tract, an exposure or a region.

        Parameters
        ----------
        datasetType : `str`
            The dataset type. Of types with tracts and patches, such as ``deepCoadd``, patches of
            the sky map are returned, with a column ``exists``.
        dataId : mapping, optional
            The region: ``tract`` and ``patch``, ``tract``, or a visit, with or without a detector;
            further keys and columns are conditions. For a type with tracts, ``tract`` is a
            condition.
        region : `Circle`, `Box` or `Polygon`, or a `list` of them, optional
            The region, instead.
        at : `str`, optional
            The stage whose WCS counts, ``raw`` or ``calexp``. Default: of each exposure the best
            one that exists.
        fresh : `bool`
            False to use the index as it is, without comparing it with the directories.
        **rest
            Further keys, as in ``dataId``.

        Returns
        -------
        rows : `Rows`
            The data IDs, and ``covered``, the fraction of the region that the dataset covers (None
            for circles and boxes). A dataset that only touches the region covers 0.

        Raises
        ------
        UnknownDatasetType, UnknownKey
            If there is no such type, or no such column.
        DataIdError
            If no region is named, or the type has no position on the sky.
        NoResults
            If the exposure that is named has no region.

        Examples
        --------
        ::

            butler.sky.overlaps("calexp", tract=0, patch="1,1", filter="r")
            butler.sky.overlaps("deepCoadd", visit=123456, ccdnum=28)
        """
        store, layers = self._filled(fresh)
        question = self._question(datasetType, fresh)
        is_on_map = self._is_on_map(layers, answer.keys(question))
        where = as_given(dataId, rest)
        if region is None:
            regions, rest, without = self._asked(store, layers, where, at, is_on_map)
        else:
            several = region if isinstance(region, list) else [region]
            regions, rest, without = list(map(_checked, several)), dict(where), frozenset()
        tract = None if is_on_map or region is not None else where.get("tract")
        return Overlapping(
            self._butler, store, layers, question, regions, rest, self._highest(layers, at),
            tract, without, fresh,
        ).rows(self._map_of(datasetType))  # fmt: skip

    def pairs(
        self,
        datasetType: str,
        tract: int,
        at: str | None = None,
        fresh: bool = True,
        **where: Any,
    ) -> Rows:
        """Return all pairs of a patch of a tract and a dataset that lies on it.

        Parameters
        ----------
        datasetType : `str`
            The dataset type: an exposure, or another file of a single detector, such as ``src``.
        tract : `int`
            The tract.
        at : `str`, optional
            The stage whose WCS counts; see `overlaps`.
        fresh : `bool`
            False to use the index as it is, without comparing it with the directories.
        **where
            Further conditions, as for `overlaps`.

        Returns
        -------
        rows : `Rows`
            ``tract`` and ``patch``, the data ID, and ``covered``, the fraction of the patch that
            the dataset covers. They are sorted by patch, row by row, and are those of `overlaps`
            for each patch, in much less time.

        Raises
        ------
        DataIdError
            If data IDs of the type do not name single exposures.
        """
        store, layers = self._filled(fresh)
        skymap = maps.of_type(self._butler, datasetType)
        whole = [Outline(overlaps.of_map(skymap, {"tract": tract}))]
        rows = Overlapping(
            self._butler, store, layers, self._question(datasetType, fresh), whole, where,
            self._highest(layers, at), tract, frozenset(), fresh,
        ).rows(self._map_of(datasetType))  # fmt: skip
        names = [name for name in rows.columns if name != overlaps.COVERED]
        if not {its_layers.renamed(name) for name in names} >= set(layers.identity):
            raise DataIdError(
                f"{datasetType} has no pairs: its data ID ({', '.join(names)}) is not that of an "
                f"exposure ({', '.join(layers.identity)})"
            )
        kinds = {name: rows.kinds[name] for name in names if name not in ("tract", "patch")}

        def ask() -> Iterator[tuple[Any, ...]]:
            its: dict[str, list[tuple[Any, ...]]] = {}
            for row in rows:
                exposure = json.dumps(layers.exposure(row), default=str)
                its.setdefault(exposure, []).append(tuple(row[name] for name in kinds))
            known = store.of_exposures(list(its), 0, self._highest(layers, at), tract)
            contents = {name: content for name, (content, _) in known.items()}
            for patch, covered in pairs.of_tract(skymap[tract], contents):
                for exposure, fraction in covered.items():
                    for data_id in its[exposure]:
                        yield tract, patch, *data_id, fraction

        columns = {"tract": int, "patch": str, **kinds, overlaps.COVERED: float}
        return Rows(f"{datasetType} on patches", columns, ask)

    def at(
        self,
        ra: Any,
        dec: Any = None,
        radius: Any = 0.0,
        types: str | Sequence[str] | None = None,
        at: str | None = None,
        fresh: bool = True,
        **where: Any,
    ) -> dict[str, Rows]:
        """Return all datasets at a position.

        Parameters
        ----------
        ra, dec : `float`, `~astropy.units.Quantity` or `~astropy.coordinates.SkyCoord`
            The position (deg, ICRS); a `SkyCoord` takes the place of both.
        radius : `float` or `~astropy.units.Quantity`
            The distance (deg) within which datasets count: 0 to 180.
        types : `str` or sequence of `str`, optional
            The dataset types. Default: raws, calexps, catalogs, coadds and reference catalogs, as
            far as they exist there.
        at : `str`, optional
            The stage whose WCS counts; see `overlaps`.
        fresh : `bool`
            False to use the index as it is, without comparing it with the directories.
        **where
            Further conditions, for all types.

        Returns
        -------
        rows : `dict` [`str`, `Rows`]
            For each type, the data IDs of its existing datasets; without ``types``, only those with
            any.

        Raises
        ------
        DataIdError
            If the position is not finite, or the radius out of range.
        """
        circle = circle_of(ra, dec, radius)
        names = [types] if isinstance(types, str) else types
        answers = {}
        for name in self.types() if names is None else names:
            rows = self.query(name, circle, where, at, fresh)
            if names is not None or rows:
                answers[name] = rows
        return answers

    def query(
        self,
        datasetType: str,
        region: Region,
        where: Mapping[str, Any] = {},
        at: str | None = None,
        fresh: bool = True,
    ) -> Rows:
        """Return the existing datasets of a type on a region; see `overlaps` and `at`."""
        store, layers = self._filled(fresh)
        question = self._question(datasetType, fresh)
        found = Overlapping(
            self._butler, store, layers, question, [_checked(region)], where,
            self._highest(layers, at), None, frozenset(), fresh,
        )  # fmt: skip
        return found.existing(self._map_of(datasetType))

    def condition(
        self,
        datasetType: str,
        region: Region,
        where: str | Expression | None = None,
        fresh: bool = True,
    ) -> Expression:
        """Return a condition with which `Butler.query` selects the datasets on a region.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        region : `Circle`, `Box` or `Polygon`
            The region.
        where : `str` or `Expression`, optional
            A further condition.
        fresh : `bool`
            False to use the index as it is, without comparing it with the directories.
        """
        store, layers = self._filled(fresh)
        question = self._question(datasetType, fresh)
        highest = self._highest(layers, None)
        found = Overlapping(self._butler, store, layers, question, [_checked(region)], {}, highest)
        chosen = found.selected(self._map_of(datasetType))
        if not isinstance(where, expression.Expression):
            where = expression.parse("" if where is None else where)
        return where & expression.of_rows(chosen.keys, chosen.fractions)

    def named(
        self, datasetType: str, where: Mapping[str, Any], at: str | None = None, fresh: bool = True
    ) -> tuple[list[Region], dict[str, Any]]:
        """Return the regions that keywords of `overlaps` name, and its further conditions.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        where : mapping
            The keywords.
        at, fresh
            As for `overlaps`.

        Returns
        -------
        regions : `tuple`
            The regions, for ``region`` of `overlaps`, and the conditions.
        """
        store, layers = self._filled(fresh)
        is_on_map = self._is_on_map(layers, answer.keys(self._question(datasetType, fresh)))
        regions, conditions, _ = self._asked(store, layers, where, at, is_on_map)
        return regions, conditions

    # -- cutouts
    # ---------------------------------------------------------------------------

    def cutout(
        self,
        datasetType: str,
        position: Any,
        size: Any,
        mode: str = "trim",
        dataId: Mapping[str, Any] = {},
        fresh: bool = True,
        **rest: Any,
    ) -> Exposure:
        """Read the pixels of an image around a position, and no others.

        Parameters
        ----------
        datasetType : `str`
            The dataset type of an image: ``calexp``, ``deepCoadd_calexp``.
        position : `~astropy.coordinates.SkyCoord` or `tuple` [`float`, `float`]
            The position, or RA and Dec (deg, ICRS).
        size : `int`, `~astropy.units.Quantity`, or two of them
            Pixels, or an angle with a unit; one for a square, or ``(height, width)``.
        mode : `str`
            What happens at the edge of an image, as for `astropy.nddata.Cutout2D`: ``trim`` returns
            the pixels that there are, ``partial`` the whole box, in which other pixels are NaN and
            have the flag ``NO_DATA``, and ``strict`` is an error.
        dataId : mapping, optional
            The data ID; its keys may also be passed as keywords. If it lacks a detector, or tract
            and patch, that image is read in which the position is farthest from the edges.
        fresh : `bool`
            False to use the index as it is, without comparing it with the directories.
        **rest
            Keys of the data ID.

        Returns
        -------
        cutout : `Exposure`
            Image, mask and variance; ``bbox`` and ``wcs`` are in pixels of the parent image,
            ``local_wcs`` counts from the first pixel of the cutout. Nothing is resampled.

        Raises
        ------
        NoResults
            If there is no image, or it has no pixel there.
        AmbiguousDataId
            If there are images of several exposures or filters.
        DataIdError
            If the position, the size or the mode is invalid.

        Examples
        --------
        ::

            butler.sky.cutout("calexp", (150.1, 2.2), 30 * units.arcsec, visit=123456)
        """
        asked = cutouts.wanted(_position(position), size, mode)
        cutouts.check(self._butler, datasetType)
        given = as_given(dataId, rest)
        if set(self._butler.getKeys(datasetType, "") or {}) <= set(given):
            data_id = dict(given)
        else:
            ids = self._there(datasetType, asked.circle, None, given, fresh)
            _, layers = self._filled(False)
            places = {"tract", "patch", *layers.identity} - {"visit"}
            data_id = cutouts.chosen(self._butler, datasetType, ids, asked, places, given)
        place = cutouts.located(self._butler, datasetType, data_id, asked)
        return cutouts.read(self._butler, datasetType, data_id, asked, place)

    def cutouts(
        self,
        datasetType: str,
        position: Any,
        size: Any,
        where: str | Expression | None = None,
        mode: str = "partial",
        radius: Any = 0.0,
        jobs: int = 1,
        progress: Callable[[int, int], None] | None = None,
        dataId: Mapping[str, Any] = {},
        fresh: bool = True,
        **rest: Any,
    ) -> Cutouts:
        """Return the cutouts of all images that contain a position.

        Parameters
        ----------
        datasetType, position, size, dataId, fresh, **rest
            As for `cutout`.
        where : `str` or `Expression`, optional
            A condition, as for `Butler.query`: ``"filter == 'r'"``.
        mode : `str`
            As for `cutout`; by default ``partial``, so that all have the same size.
        radius : `float` or `~astropy.units.Quantity`
            Images this near to the position (deg) count, too.
        jobs : `int`
            The number of processes that read.
        progress : callable, optional
            Called with the numbers of images that are done, and of all.

        Returns
        -------
        cutouts : `Cutouts`
            An iterable of `Exposure`, each with its ``dataId`` and ``local_wcs``, read when it is
            reached; ``stack()`` returns all of them as arrays.

        Raises
        ------
        DataIdError
            If the position, the size, the mode or the radius is invalid.
        """
        if not isinstance(jobs, int) or jobs < 1:
            raise DataIdError(f"jobs={jobs!r}: expected a number of processes, 1 or more")
        circle = dataclasses.replace(_position(position), radius=radius)
        asked = cutouts.wanted(circle, size, mode)
        cutouts.check(self._butler, datasetType)
        ids = self._there(datasetType, circle, where, as_given(dataId, rest), fresh)
        return Cutouts(self._butler, datasetType, ids, asked, jobs, progress)

    def _there(
        self,
        name: str,
        circle: Circle,
        where: str | Expression | None,
        data_id: Mapping[str, Any],
        fresh: bool,
    ) -> list[dict[str, Any]]:
        """Return the data IDs of the datasets on a circle."""
        keys = list(self._butler.getKeys(name, "") or {})
        rows = self._butler.query(name, where, keys, data_id, fresh=fresh, region=circle)
        return [{key: value for key, value in row.items() if value is not None} for row in rows]

    # -- shapes
    # ---------------------------------------------------------------------------

    def regions(
        self,
        datasetType: str,
        where: str | Expression | None = None,
        columns: str | Sequence[str] = (),
        region: Region | None = None,
        at: str | None = None,
        dataId: Mapping[str, Any] = {},
        fresh: bool = True,
        **rest: Any,
    ) -> list[Shape]:
        """Return the regions of all existing datasets of a type.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        where : `str` or `Expression`, optional
            A condition, as for `Butler.query`: ``"filter == 'r'"``.
        columns : `str` or sequence of `str`
            Further columns, beside the keys of the data ID.
        region : `Circle`, `Box` or `Polygon`, optional
            Only datasets that have a position in common with it.
        at : `str`, optional
            The stage whose WCS counts; see `overlaps`.
        dataId : mapping, optional
            Required values of columns; they may also be passed as keywords.
        fresh : `bool`
            False to use the index as it is, without comparing it with the directories.
        **rest
            Further values, as in ``dataId``.

        Returns
        -------
        shapes : `list` [`Shape`]
            Of each dataset its ``dataId`` and ``regions``: one, or those of all exposures of a
            visit, or none if it is unknown.

        Raises
        ------
        DataIdError
            If the type has no position on the sky.
        """
        store, layers = self._filled(fresh)
        keys = list(self._butler.getKeys(datasetType, "") or {})
        more = [columns] if isinstance(columns, str) else list(columns)
        rows = self._butler.query(
            datasetType, where, list(dict.fromkeys([*keys, *more])), as_given(dataId, rest),
            fresh=fresh, region=region,
        )  # fmt: skip
        skymap, highest = self._map_of(datasetType), self._highest(layers, at)
        return list(shapes.shapes(datasetType, keys, rows, store, layers, highest, skymap))

    def depth(
        self,
        datasetType: str,
        where: str | Expression | None = None,
        order: int = 12,
        weight: str | None = None,
        dataId: Mapping[str, Any] = {},
        fresh: bool = True,
        **rest: Any,
    ) -> Depth:
        """Return a map of how many datasets there are at each position.

        Parameters
        ----------
        datasetType, where, dataId, fresh, **rest
            As for `regions`.
        order : `int`
            The order of the HEALPix pixels: ``nside`` is 2**order; those of 12 are 51 arcsec wide.
        weight : `str`, optional
            A column that is added up instead, such as the exposure time.

        Returns
        -------
        depth : `Depth`
            The covered ``pixels`` (nested), and their ``values``: numbers, or sums of the column.

        Raises
        ------
        DataIdError
            If the type has no position on the sky, or the column is no number.
        """
        more = [] if weight is None else [weight]
        every = self.regions(datasetType, where, more, dataId=dataId, fresh=fresh, **rest)
        return shapes.depth(every, order, weight)

    def moc(
        self,
        datasetType: str,
        where: str | Expression | None = None,
        order: int = 12,
        dataId: Mapping[str, Any] = {},
        fresh: bool = True,
        **rest: Any,
    ) -> MOC:
        """Return the part of the sky that the datasets of a type cover, as a MOC.

        Parameters
        ----------
        datasetType, where, dataId, fresh, **rest
            As for `regions`.
        order : `int`
            The order of the smallest cells, 0 to 29: those of 12 are 51 arcsec wide.

        Returns
        -------
        moc : `mocpy.MOC`
            All cells that have a position in common with a dataset: at the edges it is larger, by
            a cell at most.

        Raises
        ------
        DataIdError
            If the type has no position on the sky, or the order is invalid.
        MissingExtra
            If mocpy is not installed.
        """
        return shapes.moc(
            self.regions(datasetType, where, dataId=dataId, fresh=fresh, **rest), order
        )

    def hull(self, datasetType: str, dataId: Mapping[str, Any] = {}, **rest: Any) -> Polygon:
        """Return the convex hull of the positions in a catalog, which is read.

        Parameters
        ----------
        datasetType : `str`
            The dataset type of a catalog: ``src``, ``ref_cat``.
        dataId : mapping, optional
            The data ID; its keys may also be passed as keywords.
        **rest
            Keys of the data ID.

        Returns
        -------
        hull : `Polygon`
            The smallest convex polygon with all positions that are finite. `region` is that of the
            catalog's image.

        Raises
        ------
        NoResults
            If there is no such catalog, or fewer than three positions.
        DataIdError
            If it has no positions, or they are not within a hemisphere.
        """
        given = as_given(dataId, rest)
        return shapes.hull(datasetType, given, faces.unwrap(self._butler.get(datasetType, given)))

    # -- internals
    # ---------------------------------------------------------------------------

    def _filled(
        self, fresh: bool, jobs: int = 1, progress: Progress | None = None
    ) -> tuple[Store, Layers]:
        """Return the regions, which are up to date."""
        store, layers = _opened(self._butler, self._reader)
        if fresh or not store.stamps():
            fill.fill(self._butler, store, layers, progress, jobs, fresh)
        return store, layers

    def _question(self, name: str, fresh: bool) -> Any:
        return ask.question(self._butler.chain, self._reader, name, fresh=fresh)

    @staticmethod
    def _is_on_map(layers: Layers, keys: Iterable[str]) -> bool:
        """Return whether a dataset type with some keys has tracts, and no exposures."""
        its = set(keys)
        return "tract" in its and not set(map(its_layers.renamed, its)) & set(layers.identity)

    def _highest(self, layers: Layers, at: str | None) -> int:
        return len(its_layers.STAGES) if at is None else layers.check(at)

    def types(self) -> list[str]:
        """Return the dataset types that `at` lists: of coadds only where there is a sky map.

        Returns
        -------
        names : `list` [`str`]
            The types.
        """
        has_map = bool(maps.existing(self._butler))
        names = []
        for name in _TYPES:
            try:
                question = self._question(name, False)
            except (UnknownDatasetType, DataIdError, PolicyError):  # this camera has no such files
                continue
            if has_map or "tract" not in answer.keys(question):
                names.append(name)
        return names

    def _map_of(self, name: str) -> Callable[[], SkyMap]:
        return functools.partial(maps.of_type, self._butler, name)

    def _asked(
        self,
        store: Store,
        layers: Layers,
        where: Mapping[str, Any],
        at: str | None,
        is_on_map: bool,
    ) -> naming.Named:
        return naming.regions(store, layers, where, self._highest(layers, at), is_on_map, self.map)


_stores: weakref.WeakKeyDictionary[Any, tuple[Store, Layers]] = weakref.WeakKeyDictionary()


def _opened(butler: Queried, reader: Reader) -> tuple[Store, Layers]:
    """Return the file of regions of a Butler's chain, which is opened once."""
    chain = butler.chain
    if chain not in _stores:
        layers = its_layers.of(butler, reader)
        roots = [repository.root for repository in chain.inputs]
        _stores[chain] = home.open_store(roots, str(chain.pins)), layers
    return _stores[chain]


def _checked(region: Any) -> Region:
    if not isinstance(region, _REGIONS):
        raise DataIdError(f"region={region!r}: expected a Circle, a Box or a Polygon")
    return region


def circle_of(ra: Any, dec: Any = None, radius: Any = 0.0) -> Circle:
    """Return a circle around a position; see `Sky.at`."""
    if dec is None:
        if not hasattr(ra, "icrs"):
            raise DataIdError(f"expected ra and dec (deg), or a SkyCoord, not {ra!r}")
        if not ra.isscalar:
            raise DataIdError(f"expected one position, not {ra.size}")
        ra, dec = float(ra.icrs.ra.deg), float(ra.icrs.dec.deg)
    return Circle(ra, dec, radius)


def _position(position: Any) -> Circle:
    """Return a position that a user passes: a `SkyCoord`, or RA and Dec (deg)."""
    if not isinstance(position, tuple | list):
        return circle_of(position)
    if len(position) != 2:
        raise DataIdError(f"position={position!r}: expected a SkyCoord, or (ra, dec) in degrees")
    return circle_of(*position)
