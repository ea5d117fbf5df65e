"""Export repositories of Gen2 to Gen3: plan all files and records, then write."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from persistence.butler.repository import Repository
from persistence.cameras import faces
from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import DataIdError, FileConflict, PersistenceError, RepositoryError
from persistence.files import atomic, durable, links, marks, temporaries
from persistence.gen3 import certify, contents, dataids, document, names, records, storages
from persistence.gen3.certify import Master
from persistence.gen3.contents import Group
from persistence.gen3.dataids import CALIBRATION, RAW, REFCAT, SKYMAP, Sky, Translation
from persistence.gen3.document import Block
from persistence.gen3.names import Instrument
from persistence.gen3.observations import Observation, Observer, Track
from persistence.gen3.storages import Storage

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

NAME = "export.yaml"
UNIVERSES = (5, 6)
Transfer = Literal["link", "relsymlink", "hardlink", "copy", "direct"]
_REFCATS, _SKYMAPS = "refcats", "skymaps"


class Options(NamedTuple):
    """The options of an export.

    Attributes
    ----------
    universe : `int`
        The version of Gen3's dimensions.
    is_full : `bool`
        Whether the target has the full stack: storage classes are the stack's.
    transfer : `str`
        How files come to the destination, if that is another directory.
    skymap : `str` or None
        Gen3's name of the sky map; by default made of its kind and digest.
    with_regions : `bool`
        Whether regions on the sky are computed, which reads the header of each detector.
    """

    universe: int = UNIVERSES[-1]
    is_full: bool = False
    transfer: Transfer = "relsymlink"
    skymap: str | None = None
    with_regions: bool = True


_DEFAULTS = Options()


class Carried(NamedTuple):
    """Datasets of a type that go over into a run."""

    datasetType: str
    gen3: str
    storageClass: str
    run: str
    number: int


class Left(NamedTuple):
    """Datasets of a type that do not go over, or not wholly, and why."""

    datasetType: str
    number: int
    reason: str


class Plan(NamedTuple):
    """An export before it is written.

    Attributes
    ----------
    destination : `str`
        The directory of ``export.yaml``.
    blocks : sequence of mapping
        Its content.
    files : mapping
        The target of each file that has to come to the destination -> its source.
    carried, left : sequence
        What goes over, and what does not.
    notes : sequence of `str`
        Remarks: exposures without a time or a region.
    options : `Options`
        The options.
    """

    destination: str
    blocks: Sequence[Block]
    files: Mapping[str, str]
    carried: Sequence[Carried]
    left: Sequence[Left]
    notes: Sequence[str]
    options: Options


def plan(
    butlers: Sequence[Butler],
    destination: str,
    options: Options = _DEFAULTS,
    track: Track = lambda items, total, noun: items,
) -> Plan:
    """Describe an export without writing anything.

    Parameters
    ----------
    butlers : sequence of `Butler`
        The repositories of one camera, each with its parents.
    destination : `str`
        The directory of the export. If it is the repository itself, files stay where they are.
    options : `Options`, optional
        The options.
    track : callable, optional
        Shows the progress: called with items, their number and a noun.

    Returns
    -------
    plan : `Plan`
        The plan.

    Raises
    ------
    PolicyError
        If the camera has no numbered detectors.
    RepositoryError
        If the repositories are of several cameras.
    """
    return _Planner(butlers, destination, options).plan(track)


def write(plan: Plan, track: Track = lambda items, total, noun: items) -> None:
    """Write an export: its files, and, when all are there, ``export.yaml``.

    Files that an interrupted export delivered are kept.

    Raises
    ------
    FileConflict
        If another file is at a target, or another ``export.yaml`` is there.
    """
    path = os.path.join(plan.destination, NAME)
    text = document.text(plan.blocks, plan.options.universe)
    if _differs(path, text):
        raise FileConflict(
            f"{path} is another export: move it away, or export to another directory"
        )
    for target, source in track(plan.files.items(), len(plan.files), "Exporting"):
        if os.path.lexists(target) and atomic.same(source, target):
            temporaries.sweep_once(os.path.dirname(target))  # of an export that was killed
            continue
        atomic.deliver(source, target, plan.options.transfer, atomic.is_lost(target))
    files = [target for target in plan.files if not os.path.islink(target)]
    if plan.files:
        durable.flush(files, durable.ancestors(list(plan.files), plan.destination))
    atomic.write_text(path, text, replace=False)


def _differs(path: str, text: str) -> bool:
    if not os.path.lexists(path):
        return False
    with open(path, encoding="utf-8") as stream:
        return stream.read() != text


class _Planner:
    """The state of planning an export."""

    def __init__(self, butlers: Sequence[Butler], destination: str, options: Options) -> None:
        self._butlers, self._options = butlers, options
        self._destination = os.path.realpath(destination)
        self._repository: Repository = butlers[0].chain.inputs[0]
        self._mapper = _mapper(butlers)
        self._instrument: Instrument = names.instrument(self._mapper)
        self._base = contents.base(self._repository)
        self._in_place = self._destination == self._base
        self._carried: list[Carried] = []
        self._left: dict[tuple[str, str], int] = {}
        self._files: dict[str, str] = {}
        self._trees: dict[str, str] = {}
        self._runs: dict[str, None] = {}
        self._types: dict[str, Block] = {}
        self._datasets: list[Block] = []
        self._masters: list[tuple[Group, list[Master]]] = []
        self._detectors: set[int] = set()
        self._tracts: set[int] = set()
        self._outputs: dict[str, list[str]] = {}

    def plan(self, track: Track) -> Plan:
        groups = list(contents.groups(self._butlers))
        self._sky = self._sky_map()
        self._observer = Observer(self._mapper)
        self._translator = dataids.Translator(self._mapper, self._instrument, self._sky)
        self._registered = self._registered_columns()
        for group in groups:
            self._add(group)
        observations = self._observer.observations(track, self._options.with_regions)
        blocks = [*self._dimensions(observations), *self._collections(), *self._types.values()]
        blocks += [*self._datasets, *self._certified(observations), *self._chains()]
        left = [Left(name, count, reason) for (name, reason), count in self._left.items()]
        return Plan(
            self._destination, blocks, self._files, self._carried, sorted(left),
            self._observer.notes, self._options,
        )  # fmt: skip

    # -- datasets

    def _add(self, group: Group) -> None:
        """Add the datasets of a group, as far as Gen3 can hold them."""
        dataset = group.dataset
        if storages.is_header(dataset):
            return
        how = dataids.translation(dataset, self._instrument, self._registered)
        if isinstance(how, str):
            self._leave(dataset.name, how, len(group.rows))
            return
        raw = self._instrument.raw_formatter if dataset.name == RAW else ""
        storage = storages.storage(dataset, self._options.is_full, raw)
        if storage is None:
            reason = storages.why_not(dataset, self._options.is_full)
            self._leave(dataset.name, reason, len(group.rows))
            return
        by_run: dict[tuple[str, str], dict[str, list[tuple[UUID, dict[str, Any]]]]] = {}
        masters: list[Master] = []
        for row in group.rows:
            try:
                data_id = self._translator.gen3(row, how)
                path = self._path(group, row["path"])
            except DataIdError as error:
                self._leave(dataset.name, str(error), 1)
                continue
            name, run = self._name(group, how, row), self._run(group, how, row)
            identifier = document.dataset_id(name, run, data_id)
            if how.kind == CALIBRATION:
                masters.append(Master(identifier, data_id, row))
            by_run.setdefault((name, run), {}).setdefault(path, []).append((identifier, data_id))
            self._observe(group, how, data_id, row)
        if masters:
            self._masters.append((group, masters))
        for (name, run), files in by_run.items():
            self._add_records(group, how, storage, name, run, files)

    def _observe(
        self, group: Group, how: Translation, data_id: Mapping[str, Any], row: Mapping[str, Any]
    ) -> None:
        if "detector" in data_id:
            self._detectors.add(data_id["detector"])
        if "tract" in data_id:
            self._tracts.add(data_id["tract"])
        self._observer.add(group, how, data_id, row)

    def _add_records(
        self,
        group: Group,
        how: Translation,
        storage: Storage,
        name: str,
        run: str,
        files: Mapping[str, Sequence[tuple[UUID, dict[str, Any]]]],
    ) -> None:
        self._runs[run] = None
        self._types.setdefault(
            name,
            {
                "type": "dataset_type",
                "name": name,
                "dimensions": list(how.dimensions),
                "storage_class": storage.storage_class,
                "is_calibration": how.kind == CALIBRATION,
            },
        )
        entries = [
            {
                "dataset_id": [identifier for identifier, _ in some],
                "data_id": [data_id for _, data_id in some],
                "path": path,
                "formatter": storage.formatter,
            }
            for path, some in files.items()
        ]
        block = {"type": "dataset", "dataset_type": name, "run": run, "records": entries}
        self._datasets.append(block)
        count = sum(map(len, files.values()))
        self._carried.append(Carried(group.dataset.name, name, storage.storage_class, run, count))

    def _name(self, group: Group, how: Translation, row: Mapping[str, Any]) -> str:
        """Return Gen3's dataset type: of reference catalogs, the catalog's name."""
        if how.kind == REFCAT:
            return str(row.get("name", group.dataset.name))
        return "skyMap" if how.kind == SKYMAP else group.dataset.name

    def _run(self, group: Group, how: Translation, row: Mapping[str, Any]) -> str:
        """Return the run of a dataset."""
        instrument, tree = self._instrument.name, self._tree(group.root)
        if how.kind in (REFCAT, SKYMAP):
            return "/".join(word for word in (_FIXED[how.kind], "gen2", tree) if word)
        if how.kind == RAW:
            return f"{instrument}/raw/{tree or 'all'}"
        if how.kind == CALIBRATION:
            date = str(row.get("calibDate", "undated"))
            parts = (instrument, "calib/gen2", "" if tree == marks.CALIB else tree, date)
            return "/".join(part for part in parts if part)
        run = "/".join(part for part in (instrument, tree, "gen2") if part)
        self._outputs.setdefault(group.root, [])
        if run not in self._outputs[group.root]:
            self._outputs[group.root].append(run)
        return run

    def _tree(self, root: str) -> str:
        """Return the name of a tree: its path in the repository, or one of its own."""
        if root not in self._trees:
            inside = os.path.relpath(root, self._base)
            if inside == os.curdir:
                inside = ""
            elif inside.startswith(os.pardir):
                inside = os.path.basename(root)
                while inside in self._trees.values():
                    inside += "_"
            self._trees[root] = inside
        return self._trees[root]

    def _path(self, group: Group, path: str) -> str:
        """Return the path of a file in the export; plan its delivery."""
        source = os.path.join(group.root, path)
        if self._options.transfer == "direct" and not self._in_place:
            return source
        if self._in_place:
            if not links.lies_in(group.root, self._destination) or os.path.isabs(path):
                raise DataIdError(
                    f"it lies in {group.root}, outside of {self._destination}: export to another "
                    "directory"
                )
            return os.path.relpath(source, self._destination)
        inside = os.path.join(self._tree(group.root), path.lstrip(os.sep))
        self._files[os.path.join(self._destination, inside)] = source
        return inside

    def _leave(self, name: str, reason: str, count: int) -> None:
        self._left[name, reason] = self._left.get((name, reason), 0) + count

    # -- blocks

    def _dimensions(self, observations: Sequence[Observation]) -> Iterator[Block]:
        yield from records.of_camera(self._mapper, self._instrument, self._detectors, observations)
        yield from records.of_observations(observations, self._instrument, self._options.universe)
        if self._sky is not None:
            tracts = self._tracts | set(_covered(self._sky, observations))
            yield from records.of_sky(self._sky, tracts)

    def _collections(self) -> Iterator[Block]:
        for run in self._runs:
            ends = {"host": None, "timespan_begin": None, "timespan_end": None}
            yield {"type": "collection", "collection_type": "RUN", "name": run, **ends}

    def _certified(self, observations: Sequence[Observation]) -> Iterator[Block]:
        collection = f"{self._instrument.name}/calib"
        ranges: dict[Any, list[UUID]] = {}
        for group, masters in self._masters:
            how = certify.clock(group, observations, self._instrument.day_offset)
            certified = certify.certify(group, masters, how)
            for span, identifiers in certified.ranges.items():
                ranges.setdefault(span, []).extend(identifiers)
            for reason, count in certified.problems:
                self._leave(group.dataset.name, reason, count)
        self._calibs = [collection] if ranges else []
        if ranges:
            doc = "The calibration registry of a Gen2 repository"
            kind = {"collection_type": "CALIBRATION"}
            yield {"type": "collection", **kind, "name": collection, "doc": doc}
            yield {
                "type": "associations",
                "collection": collection,
                **kind,
                "validity_ranges": [
                    {"timespan": span, "dataset_ids": identifiers}
                    for span, identifiers in ranges.items()
                ],
            }

    def _chains(self) -> Iterator[Block]:
        """Yield a chain of all that is no output, and for each rerun one with its parents."""
        instrument = self._instrument.name
        shared = [
            run
            for run in self._runs
            if run.startswith((f"{instrument}/raw/", f"{_REFCATS}/", f"{_SKYMAPS}/"))
        ]
        defaults = f"{instrument}/defaults"
        yield _chain(defaults, [*shared, *self._calibs], "What a Gen2 repository had at its top")
        for butler in self._butlers:
            own, *parents = [os.path.realpath(each.root) for each in butler.chain.inputs]
            runs = [run for root in (own, *parents) for run in self._outputs.get(root, [])]
            tree = self._tree(own)
            if runs and tree:
                doc = f"The Gen2 rerun {tree}, and its parents"
                yield _chain(f"{instrument}/{tree}", [*runs, defaults], doc)

    def _sky_map(self) -> Sky | None:
        for butler in self._butlers:
            try:
                found = faces.unwrap(butler.sky.map())
            except PersistenceError:
                continue
            name = self._options.skymap or f"{found.kind}_{found.getSha1().hex()[:8]}"
            return Sky(name, found)
        return None

    def _registered_columns(self) -> set[str]:
        columns: set[str] = set()
        for butler in self._butlers:
            for each in butler.chain.inputs:
                dataset = each.mapper.types.get(RAW)
                if dataset is None:
                    continue
                columns |= set(dataset.keys)
                if dataset.tables and not each.registry.lists_files:
                    columns |= set(each.registry.columns(dataset.tables))
        return columns


_FIXED: Mapping[str, str] = {REFCAT: _REFCATS, SKYMAP: _SKYMAPS}


def _mapper(butlers: Sequence[Butler]) -> CameraMapper:
    """Return the mapper of the camera that some Butlers have in common."""
    mappers = {type(each.mapper): each.mapper for b in butlers for each in b.chain.inputs}
    if len(mappers) > 1:
        several = ", ".join(kind.__name__ for kind in mappers)
        raise RepositoryError(f"repositories of several cameras cannot be exported: {several}")
    mapper = next(iter(mappers.values()))
    names.instrument(mapper)  # raises an error for other mappers
    assert isinstance(mapper, CameraMapper)  # which `instrument` checks
    return mapper


def _chain(name: str, children: Iterable[str], doc: str) -> Block:
    kind = {"collection_type": "CHAINED", "name": name, "doc": doc}
    return {"type": "collection", **kind, "children": list(children)}


def _covered(sky: Sky, observations: Sequence[Observation]) -> Iterator[int]:
    """Yield the tracts that detectors of visits may overlap, once or more."""
    import numpy as np
    from astropy.coordinates import SkyCoord

    for each in observations:
        if each.corners:
            x, y, z = np.concatenate(list(each.corners.values())).T
            ra, dec = np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(z))
            found = sky.map.findTractPatchList(SkyCoord(ra, dec, unit="deg"))
            yield from (tract.tract_id for tract, _ in found)
