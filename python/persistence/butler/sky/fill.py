"""Bring the regions of a chain of repositories up to date: read the headers of changed files."""

from __future__ import annotations

import datetime
import itertools
import json
import pickle
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

from persistence.butler.sky import changes, measure
from persistence.butler.sky import layers as its_layers
from persistence.butler.sky.home import Footprints, Known, Stamp
from persistence.sky import polygon
from persistence.sky.store import Entry, Store

if TYPE_CHECKING:
    from persistence.butler.sky.asked import Queried
    from persistence.butler.sky.changes import Scope
    from persistence.butler.sky.layers import Layers

# Number of files whose regions are read, and stored, at once.
_ENOUGH = 200
# Number of files that a process reads at once.
_PART = 100
_FILE = ("repository", "path", "size", "written")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

Progress = Callable[[int, int, int], None]
Row = dict[str, Any]


def fill(
    butler: Queried,
    store: Store,
    layers: Layers,
    progress: Progress | None = None,
    jobs: int = 1,
    fresh: bool = True,
) -> None:
    """Update the regions of all types.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    store : `Store`
        The regions.
    layers : `Layers`
        The types.
    progress : callable, optional
        Called with the numbers of finished files, of all files, and of headers read.
    jobs : `int`
        The number of processes that read headers.
    fresh : `bool`
        False to use the index as it is, without comparing it with the directories.
    """
    store.keep_only(layers.questions)
    for name, question in layers.questions.items():
        its = changes.state(question, layers, fresh)
        if its.trees and its == (store.stamp(name), store.rest(name)):
            continue
        listings = changes.listings(question)
        scope = changes.scope(question, store, its, listings)
        _fill_type(butler, store, layers, name, scope, progress, jobs, fresh)
        with store.transaction():
            store.set_state(name, its.trees, its.rest, listings)


def _fill_type(
    butler: Queried,
    store: Store,
    layers: Layers,
    name: str,
    scope: Scope,
    progress: Progress | None,
    jobs: int,
    fresh: bool,
) -> None:
    question = layers.questions[name]
    columns = its_layers.shown(question)
    rows = butler.query(name, scope.where, [*columns, *_FILE], fresh=fresh)
    current: dict[str, tuple[Row, str, str, Stamp]] = {}
    for values in rows.tuples():
        row = dict(zip((*columns, *_FILE), values, strict=True))
        root, path, size, written = (row.pop(key) for key in _FILE)
        keys = json.dumps(row, default=str, sort_keys=True)
        current[keys] = row, root or "", path or "", (size, _microseconds(written))
    entries = store.entries(name, current, scope.directories)
    known = {one.keys: (one.root, one.path, (one.size, one.time)) for one in entries}
    changed = {keys: one for keys, one in current.items() if known.get(keys) != one[1:]}
    gone = [keys for keys in known if keys not in current]
    read = 0
    with store.transaction():
        store.remove(name, gone)
    measured = _measured(butler, name, changed, jobs)
    done = len(current) - len(changed)
    while batch := list(itertools.islice(measured, _ENOUGH)):
        entries = [_entry(layers, name, keys, changed[keys], its) for keys, its, _ in batch]
        boxes = [
            None if one.polygon is None else polygon.bounds(polygon.from_bytes(one.polygon))
            for one in entries
        ]
        with store.transaction():
            store.remove(name, [one.keys for one in entries])
            store.add(entries, boxes)
        done, read = done + len(batch), read + sum(is_read for _, _, is_read in batch)
        if progress is not None:
            progress(done, len(current), read)


def _entry(
    layers: Layers,
    name: str,
    keys: str,
    its: tuple[Row, str, str, Stamp],
    measured: measure.Measured,
) -> Entry:
    row, root, path, (size, time) = its
    content, problem = measured
    exposure = layers.exposure(row)
    if exposure is None:
        content, problem = None, f"its {' or '.join(layers.identity)} is unknown"
    tract = row.get("tract")
    return Entry(
        name, keys, json.dumps(exposure, default=str), tract if isinstance(tract, int) else None,
        layers.rank(name), root, path, size, time, content, problem,
    )  # fmt: skip


def _microseconds(written: datetime.datetime | None) -> int | None:
    if written is None:
        return None
    return (written - _EPOCH) // datetime.timedelta(microseconds=1)


# -- measuring
# ----------------------------------------------------------------------------


def _measured(
    butler: Queried, name: str, changed: Mapping[str, tuple[Row, str, str, Stamp]], jobs: int
) -> Iterator[tuple[str, measure.Measured, bool]]:
    """Yield the regions of datasets, and whether their headers were read now."""
    trees: dict[str, Footprints] = {}
    keys, keys_of = iter(changed), frozenset(butler.getKeys(name, "") or ())
    with _Pool(butler, jobs) as run:
        while batch := list(itertools.islice(keys, _ENOUGH * max(1, jobs))):
            unknown = list[str]()
            for root in dict.fromkeys(changed[key][1] for key in batch):
                if root not in trees:
                    trees[root] = Footprints(root)
                its = [key for key in batch if changed[key][1] == root]
                known = trees[root].known(changed[key][2] for key in its)
                for key in its:
                    stamp, content, problem = known.get(
                        (changed[key][2], f"{name} {key}"), ((None, None), None, "")
                    )
                    if stamp == changed[key][3] and None not in stamp:
                        yield key, (content, problem), False
                    else:
                        unknown.append(key)
            answers = run(name, [_data_id(changed[key][0], keys_of) for key in unknown])
            new: dict[str, dict[tuple[str, str], Known]] = {}
            for key, measured in zip(unknown, answers, strict=True):
                _, root, path, stamp = changed[key]
                new.setdefault(root, {})[path, f"{name} {key}"] = stamp, *measured
                yield key, measured, True
            for root, rows in new.items():
                trees[root].keep(rows)


def _data_id(row: Row, keys: Collection[str]) -> Row:
    return {key: value for key, value in row.items() if key in keys and value is not None}


class _Pool:
    """Read regions in this process, or in several."""

    def __init__(self, butler: Queried, jobs: int) -> None:
        self._butler = butler
        self._executor = (
            ProcessPoolExecutor(jobs, initializer=measure.begin, initargs=(pickle.dumps(butler),))
            if jobs > 1
            else None
        )

    def __enter__(self) -> Callable[[str, Sequence[Row]], Sequence[measure.Measured]]:
        return self._run

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def _run(self, name: str, data_ids: Sequence[Row]) -> Sequence[measure.Measured]:
        if self._executor is None or len(data_ids) < 2:
            return measure.regions(self._butler, name, data_ids)
        parts = [data_ids[start : start + _PART] for start in range(0, len(data_ids), _PART)]
        answers = self._executor.map(measure.regions_here, itertools.repeat(name), parts)
        return [one for part in answers for one in part]
