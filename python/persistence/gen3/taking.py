"""Plan what a repository of Gen2 takes over of an export of Gen3, and what it cannot hold."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from persistence.calibs import validity
from persistence.calibs.validity import Window
from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import DataIdError, did_you_mean
from persistence.files.content import COMPRESSED
from persistence.gen3 import names, spans
from persistence.gen3.dataids import RAW
from persistence.gen3.document import Export
from persistence.gen3.names import EXPOSURE_KEYS, Instrument
from persistence.gen3.spans import Span
from persistence.policy.dataset_type import DatasetType

_RERUN = "rerun"
_OWN = "gen2"  # the last word of the runs of our own exports
_SKYMAP = "deepCoadd_skyMap"
_REFCAT = "ref_cat"


class Item(NamedTuple):
    """A dataset to be taken over.

    Attributes
    ----------
    gen3, datasetType : `str`
        The dataset type in Gen3, and in Gen2.
    dataId : mapping
        Gen2's data ID, as far as Gen3 knows it.
    source : `str`
        The file.
    tree : `str`
        The rerun, relative to the repository; empty for the repository itself.
    window : `Window` or None
        The validity of a calibration.
    """

    gen3: str
    datasetType: str
    dataId: Mapping[str, Any]
    source: str
    tree: str
    window: Window | None = None


class Refused(NamedTuple):
    """Datasets of a type that Gen2 cannot hold, and why."""

    datasetType: str
    number: int
    reason: str


class Taking(NamedTuple):
    """The parts taken over from an export.

    Attributes
    ----------
    raws : sequence of `str`
        Files to be ingested as raws: their headers say what they are.
    items : sequence of `Item`
        All other datasets.
    parents : mapping
        Rerun -> the reruns that are its parents, by the chains of the export.
    refused : sequence of `Refused`
        What is not taken over.
    """

    raws: Sequence[str]
    items: Sequence[Item]
    parents: Mapping[str, Sequence[str]]
    refused: Sequence[Refused]


class Days(NamedTuple):
    """How windows are kept.

    Attributes
    ----------
    scale : `str`
        The time scale of the camera's headers.
    by_day : `bool`
        Whether the camera knows exposures by their day only.
    is_rounded : `bool`
        Whether ends are rounded to days if so.
    """

    scale: str = "utc"
    by_day: bool = False
    is_rounded: bool = False


def plan(export: Export, mapper: CameraMapper, days: Days, collection: str | None = None) -> Taking:
    """Describe the import of an export; nothing is written.

    Parameters
    ----------
    export : `Export`
        The export.
    mapper : `CameraMapper`
        The camera's mapper.
    days : `Days`
        How windows are kept.
    collection : `str`, optional
        The CALIBRATION collection whose validity counts, if there are several.

    Returns
    -------
    taking : `Taking`
        The plan.
    """
    return _Planner(export, mapper, days, collection).plan()


class _Planner:
    """The state of planning an import."""

    def __init__(
        self, export: Export, mapper: CameraMapper, days: Days, collection: str | None
    ) -> None:
        self._export, self._mapper, self._days = export, mapper, days
        self._instrument: Instrument = names.instrument(mapper)
        self._folder = os.path.dirname(os.path.abspath(export.path))
        self._spans = self._validity(collection)
        self._patches = {
            (row["skymap"], row["tract"], row["id"]): f"{row['cell_x']},{row['cell_y']}"
            for row in export.records("patch")
        }
        self._refused: dict[tuple[str, str], int] = {}

    def plan(self) -> Taking:
        raws: dict[str, None] = {}
        items: list[Item] = []
        for block in self._export.of("dataset"):
            name, run = block["dataset_type"], block["run"]
            for record in block["records"]:
                source = self._source(record["path"])
                for identifier, data_id in zip(
                    record["dataset_id"], record["data_id"], strict=True
                ):
                    try:
                        item = self._item(name, run, source, identifier, data_id)
                    except DataIdError as error:
                        key = (name, str(error))
                        self._refused[key] = self._refused.get(key, 0) + 1
                        continue
                    if item.datasetType == RAW:
                        raws[source] = None
                    else:
                        items.append(item)
        refused = [Refused(name, count, why) for (name, why), count in self._refused.items()]
        return Taking(list(raws), items, self._parents(), sorted(refused))

    def _source(self, path: str) -> str:
        parts = urllib.parse.urlsplit(path)
        if parts.scheme == "file":
            return urllib.parse.unquote(parts.path)
        return os.path.join(self._folder, path)

    # -- one dataset

    def _item(
        self, name: str, run: str, source: str, identifier: Any, data_id: Mapping[str, Any]
    ) -> Item:
        """Return how a dataset is taken over.

        Raises
        ------
        DataIdError
            If Gen2 cannot hold it.
        """
        instrument = data_id.get("instrument", self._instrument.name)
        if instrument != self._instrument.name:
            raise DataIdError(f"it is of {instrument}, and the camera is {self._instrument.name}")
        dataset = self._dataset(name, data_id)
        if not os.path.isfile(source):
            raise DataIdError(f"the file is missing: {source}")
        if dataset.name == RAW:
            return Item(name, RAW, {}, source, "")
        _check_format(dataset, source)
        keys = self._keys(dataset, name, data_id)
        window = None
        if dataset.section == "calibrations":
            window = self._window(identifier)
            keys |= {"calibDate": self._date(run, window)} if "calibDate" in dataset.keys else {}
        is_top = window is not None or dataset.name in (_REFCAT, _SKYMAP)
        return Item(name, dataset.name, keys, source, "" if is_top else self._tree(run), window)

    def _dataset(self, name: str, data_id: Mapping[str, Any]) -> DatasetType:
        gen2 = _REFCAT if set(data_id) == {"htm7"} else _SKYMAP if name == "skyMap" else name
        types = self._mapper.types
        dataset = types.get(gen2)
        if dataset is None or dataset.template is None:
            raise DataIdError(
                f"{type(self._mapper).__name__} has no dataset type {gen2!r}"
                f"{did_you_mean(gen2, types)}; `persistence define` defines one"
            )
        return dataset

    def _keys(self, dataset: DatasetType, name: str, data_id: Mapping[str, Any]) -> dict[str, Any]:
        """Return Gen2's data ID, as far as Gen3 knows it."""
        keys: dict[str, Any] = {}
        for dimension, value in data_id.items():
            if dimension in ("exposure", "visit"):
                exposures = [key for key in EXPOSURE_KEYS if key in dataset.keys]
                keys[exposures[0] if exposures else "visit"] = value
            elif dimension == "detector":
                keys[self._instrument.detector_key] = value
            elif dimension in ("physical_filter", "band"):
                keys["filter"] = names.label(self._mapper, str(value)).name
            elif dimension == "patch":
                keys["patch"] = self._patch(data_id)
            elif dimension == "htm7":
                keys |= {"name": name, "pixel_id": str(value)}
            elif dimension == "tract":
                keys["tract"] = value
            elif dimension not in ("instrument", "skymap"):
                raise DataIdError(f"Gen2 has no key for the dimension {dimension}")
        return keys

    def _patch(self, data_id: Mapping[str, Any]) -> str:
        patch = self._patches.get((data_id["skymap"], data_id["tract"], data_id["patch"]))
        if patch is None:
            raise DataIdError("the export has no record of its patch: column and row are unknown")
        return patch

    # -- calibrations

    def _validity(self, collection: str | None) -> Mapping[Any, set[Span]]:
        """Return the time spans of each calibration, by its ID."""
        found: dict[Any, set[Span]] = {}
        for block in self._export.of("associations"):
            if collection in (None, block["collection"]):
                for each in block.get("validity_ranges", ()):
                    for identifier in each["dataset_ids"]:
                        found.setdefault(identifier, set()).add(each["timespan"])
        return found

    def _window(self, identifier: Any) -> Window:
        certified = self._spans.get(identifier, set())
        if not certified:
            raise DataIdError("it is certified in no CALIBRATION collection: it has no window")
        if len(certified) > 1:
            raise DataIdError(
                f"it is valid in {len(certified)} stretches of time, and Gen2's registry holds one "
                "window; --collection chooses a collection"
            )
        window = spans.window(next(iter(certified)), self._days.scale)
        if not self._days.by_day or not (window.begins or window.ends):
            return window
        if not self._days.is_rounded:
            raise DataIdError(
                f"it is valid {window} ({self._days.scale}), and the camera's registry knows days "
                "only; --round-days takes the nearest midnights"
            )
        return spans.rounded(window)

    @staticmethod
    def _date(run: str, window: Window) -> str:
        """Return the date of a calibration: the last word of its run, or when it begins."""
        date = run.rpartition("/")[2]
        try:
            validity.moment(date)
        except DataIdError:
            return str(window.start)
        return date

    # -- reruns

    def _tree(self, run: str) -> str:
        """Return the rerun of a run, relative to the repository."""
        words = [word for word in run.split("/") if word not in ("", os.curdir, os.pardir)]
        if words[:1] == [self._instrument.name]:
            words = words[1:]
        if words[-1:] == [_OWN]:
            words = words[:-1]
        return "/".join([*([] if words[:1] in ([], [_RERUN]) else [_RERUN]), *words])

    def _parents(self) -> Mapping[str, Sequence[str]]:
        """Return the parents of each rerun: what follows its run in a chain."""
        runs = {block["run"] for block in self._export.of("dataset")}
        parents: dict[str, Sequence[str]] = {}
        for block in self._export.of("collection"):
            trees = [self._tree(child) for child in block.get("children", ()) if child in runs]
            if trees and trees[0]:
                parents.setdefault(trees[0], [tree for tree in trees[1:] if tree != trees[0]])
        return parents


def _check_format(dataset: DatasetType, source: str) -> None:
    """Raise an error if a file is of another format than Gen2's files of its type."""
    text = dataset.template.file_text if dataset.template else ""
    wanted, given = _ending(text), _ending(source)
    if wanted != given:
        raise DataIdError(
            f"it is a {given or 'file without an ending'}, and files of {dataset.name} are {wanted}"
        )


def _ending(path: str) -> str:
    for compressed in COMPRESSED:
        path = path.removesuffix(compressed)
    return os.path.splitext(path)[1]
