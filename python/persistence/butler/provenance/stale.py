"""Find outputs that are out of date: their inputs or configuration have changed."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from persistence.butler.provenance import recorder
from persistence.butler.provenance.lines import Made, Run
from persistence.butler.provenance.trees import Place, Trees
from persistence.butler.provenance.why import changed
from persistence.dataids.dataid import text
from persistence.files import listings

UNRECORDED = "what it was made of is not recorded"
_DEEPEST = 200


class Stale(NamedTuple):
    """An output whose inputs, or configuration, have changed.

    Attributes
    ----------
    datasetType : `str`
        Its type.
    dataId : mapping
        Its data ID.
    root, path : `str`
        Its repository, and its file in it.
    reasons : `tuple` [`str`]
        The changes.
    """

    datasetType: str
    dataId: Mapping[str, Any]
    root: str
    path: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.datasetType} {text(self.dataId)}:  {'; '.join(self.reasons)}"


class Judge:
    """Compare the records of outputs with the present state.

    Parameters
    ----------
    trees : `Trees`
        The journals.

    Attributes
    ----------
    by_size : `int`
        The number of outputs with other modification times than recorded, for example in a tree
        that was copied without them. Of their inputs, only sizes and digests were compared.
    """

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        self._known: dict[str, tuple[str, ...]] = {}
        self._changed = functools.cache(changed)
        self._configs: dict[tuple[str, str], str] = {}
        self.by_size = 0

    def all(self, root: str) -> Iterator[Stale]:
        """Yield the stale outputs of a repository, as far as their files exist."""
        for made in self._trees.store(root).all_last():
            place = Place(root, made.path)
            reasons = self.reasons(place, made) if place.stamp() is not None else ()
            if reasons:
                yield Stale(made.datasetType, made.dataId, root, made.path, reasons)

    def of(self, root: str, paths: Iterable[str]) -> str:
        """Return why one of some outputs is stale; empty if none is.

        Outputs without a record are stale, too.
        """
        store = self._trees.store(root)
        for path in paths:
            made = store.last(path)
            if made is None or made.inputs is None:
                return f"{path}: {UNRECORDED}"
            reasons = self.reasons(Place(root, path), made)
            if reasons:
                return f"{path}: {'; '.join(reasons)}"
        return ""

    def reasons(self, place: Place, made: Made, depth: int = 0) -> tuple[str, ...]:
        """Return the changes since an output was written."""
        known = self._known.get(place.full)
        if known is None:
            # a dataset that is its own input is not stale because of that
            self._known[place.full] = ()
            known = self._known[place.full] = tuple(self._reasons(place, made, depth))
        return known

    def _reasons(self, place: Place, made: Made, depth: int) -> Iterator[str]:
        now = place.stamp()
        by_time = now is None or made.stamp.time is None or now.time == made.stamp.time
        self.by_size += not by_time
        for source in made.inputs or ():
            where = self._trees.find(source, place.root)
            if where.full == place.full:
                continue
            name = " ".join(filter(None, (source.datasetType, text(_shown(source.dataId)))))
            change = self._changed(source.stamp, where, by_time)
            if change:
                yield f"{name}: {change}"
            elif depth < _DEEPEST:
                above = self._trees.store(where.root).last(where.path)
                if above is not None and above.inputs and self.reasons(where, above, depth + 1):
                    yield f"{name} is stale itself"
        # Outputs without inputs are those that a run writes once, such as the configuration itself.
        run = self._trees.store(place.root).run(made.run) if made.inputs else None
        if run is not None:
            key = place.root, run.id
            if key not in self._configs:
                self._configs[key] = _config(place.root, run)
            change = self._configs[key]
            if change:
                yield change


def _shown(data_id: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data_id.items() if key != "hdu"}


def _config(root: str, run: Run) -> str:
    """Return how the stored configuration differs from that of a run; empty if it does not."""
    path, before = run.config.get("f"), run.config.get("sha256")
    if not isinstance(path, str) or not isinstance(before, str):
        return ""
    where = listings.find(root, path)
    if where is None:
        return ""  # its present content is unknown
    try:
        now = recorder.digest(os.path.join(root, where))
    except OSError:
        return ""
    return "" if now == before else f"the configuration {path} is another since"
