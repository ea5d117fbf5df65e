"""``butler.sky``: positions on the sky, regions and overlaps."""

from __future__ import annotations

import functools
import json
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.butler.asking import answer, ask
from persistence.butler.asking.rows import Rows
from persistence.butler.sky import fill, home, overlaps
from persistence.butler.sky import layers as its_layers
from persistence.butler.sky.overlaps import Overlapping
from persistence.cameras import faces
from persistence.dataids import expression
from persistence.dataids.dataid import as_given
from persistence.errors import DataIdError, NoResults, UnknownDatasetType, did_you_mean
from persistence.sky import polygon
from persistence.sky.regions import Box, Circle, Outline, Polygon

if TYPE_CHECKING:
    from persistence.butler.get import Reader
    from persistence.butler.sky.asked import Queried
    from persistence.butler.sky.fill import Progress
    from persistence.butler.sky.layers import Layers
    from persistence.dataids.expression import Expression
    from persistence.sky.regions import Region
    from persistence.sky.store import Store
    from persistence.skymap.base import SkyMap

_ENDING = "_skyMap"
_FIRST = "deepCoadd"
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
        if not isinstance(coaddName, str | None):
            raise DataIdError(f"coaddName: expected the name of a coadd, not {coaddName!r}")
        if coaddName is not None:
            name = coaddName if coaddName.endswith("Coadd") else f"{coaddName}Coadd"
            return self._get(f"{name}{_ENDING}")
        existing = [name for name in self._names() if self._butler.datasetExists(name)]
        chosen = [name for name in existing if name == f"{_FIRST}{_ENDING}"] or existing
        if len(chosen) > 1:
            reasons = [f"there are  {', '.join(existing)}: name one, map('goodSeeing')"]
            raise NoResults("No single sky map:", _ENDING[1:], {}, reasons)
        return self._get(chosen[0] if chosen else f"{_FIRST}{_ENDING}")

    def _get(self, name: str) -> SkyMap:
        skymap: SkyMap = faces.unwrap(self._butler.get(name))
        return skymap

    def _names(self) -> Iterable[str]:
        return sorted(
            {
                name
                for repository in self._butler.chain.inputs
                for name in repository.mapper.types
                if name.endswith(_ENDING)
            }
        )

    # -- regions
    # ---------------------------------------------------------------------------

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

        Returns
        -------
        paths : `list` [`str`]
            The files that were written.
        """
        root = self._butler.chain.inputs[0].root
        return [home.Footprints(root).write()]

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
        region: Region | None = None,
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
        region : `Circle`, `Box` or `Polygon`, optional
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
        keys = answer.keys(question)
        is_on_map = "tract" in keys and not {its_layers.renamed(key) for key in keys} & set(
            layers.identity
        )
        where = as_given(dataId, rest)
        if region is None:
            regions, rest, without = self._asked(store, layers, where, at, is_on_map)
        else:
            regions, rest, without = [_checked(region)], dict(where), frozenset()
        tract = None if is_on_map or region is not None else where.get("tract")
        return Overlapping(
            self._butler, store, layers, question, regions, rest, self._highest(layers, at),
            tract, without, fresh,
        ).rows(functools.partial(self._map_of, datasetType))  # fmt: skip

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
        for name in self._positioned() if names is None else names:
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
        return found.existing(functools.partial(self._map_of, datasetType))

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
        ids = found.selected(functools.partial(self._map_of, datasetType)).data_ids()
        if not isinstance(where, expression.Expression):
            where = expression.parse("" if where is None else where)
        return where & expression.of_data_ids(ids)

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

    def _highest(self, layers: Layers, at: str | None) -> int:
        return len(its_layers.STAGES) if at is None else layers.check(at)

    def _positioned(self) -> list[str]:
        """Return the types that `at` lists: of coadds only where there is a sky map."""
        has_map = any(self._butler.datasetExists(name) for name in self._names())
        names = []
        for name in _TYPES:
            try:
                question = self._question(name, False)
            except (UnknownDatasetType, DataIdError):
                continue
            if has_map or "tract" not in answer.keys(question):
                names.append(name)
        return names

    def _map_of(self, name: str) -> SkyMap:
        """Return the sky map of a dataset type: of ``deepCoadd_calexp``, that of deepCoadd."""
        coadd = name.partition("_")[0]
        its = f"{coadd}{_ENDING}"
        is_there = its in self._names() and self._butler.datasetExists(its)
        return self.map(coadd) if is_there else self.map()

    def _asked(
        self,
        store: Store,
        layers: Layers,
        where: Mapping[str, Any],
        at: str | None,
        is_on_map: bool,
    ) -> tuple[list[Region], dict[str, Any], frozenset[str]]:
        """Return the regions that keywords name, the further conditions, and what is left out."""
        patch, exposure, rest = overlaps.data_id_parts(where, layers, is_on_map)
        if patch and not exposure:
            return [Outline(overlaps.of_map(self.map(), patch))], rest, frozenset()
        if not exposure:
            names = " or ".join(layers.identity) or "visit"
            raise DataIdError(f"no region is named: expected tract and patch, {names}, or region=")
        highest = self._highest(layers, at)
        its = _exposures(store, layers, exposure)
        best = store.of_exposures(its, 0, highest, patch.get("tract"))
        if not best:
            reasons = sorted({problem for one in its for problem in store.problems(one)})
            reasons = reasons or [did_you_mean(str(exposure), []) or "it is not known"]
            raise NoResults("No region of:", "exposure", dict(exposure), reasons)
        return [Outline(content) for content, _ in best.values()], rest, frozenset(its)


_stores: weakref.WeakKeyDictionary[Any, tuple[Store, Layers]] = weakref.WeakKeyDictionary()


def _opened(butler: Queried, reader: Reader) -> tuple[Store, Layers]:
    """Return the file of regions of a Butler's chain, which is opened once."""
    chain = butler.chain
    if chain not in _stores:
        layers = its_layers.of(butler, reader)
        roots = [repository.root for repository in chain.inputs]
        _stores[chain] = home.open_store(roots), layers
    return _stores[chain]


def _exposures(store: Store, layers: Layers, exposure: Mapping[str, Any]) -> list[str]:
    """Return the exposures, as JSON, that a data ID matches."""
    values = {its_layers.renamed(key): value for key, value in exposure.items()}
    names = layers.identity
    if set(values) == set(names):
        full = json.dumps([_plain(values[name]) for name in names])
        return [full]
    conditions = " AND ".join(
        f"json_extract(exposure, '$[{names.index(name)}]') = ?" for name in values
    )
    rows = store.connection.execute(
        f"SELECT DISTINCT exposure FROM regions WHERE {conditions} ORDER BY exposure",  # noqa: S608
        [_plain(value) for value in values.values()],
    )
    return [text for (text,) in rows]


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


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
