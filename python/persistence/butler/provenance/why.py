"""Follow the journals of all trees: from a dataset to its inputs, and to its outputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from persistence.butler import lookup
from persistence.butler.chain import Chain
from persistence.butler.provenance import recorder, trees
from persistence.butler.provenance.lines import Input, Made, Stamp
from persistence.butler.provenance.origin import Origin
from persistence.butler.provenance.render import moment
from persistence.butler.provenance.trees import Place, Trees
from persistence.dataids.dataid import DataId
from persistence.dataids.location import Location
from persistence.errors import PersistenceError
from persistence.files import journal

_DEEPEST = 200  # generations: journals may be wrong, or malicious
_UNRECORDED = "what it was made of was not recorded: tasks, and Butlers with record=True, do that"


class Why:
    """Follow the journals upwards: from a dataset to its inputs, and to theirs.

    Parameters
    ----------
    trees : `Trees`
        The journals.
    """

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        self._done: dict[tuple[str, Stamp | None], Origin] = {}
        self._reasons: dict[tuple[str, str], tuple[str, str | None]] = {}

    def __call__(self, location: Location) -> Origin:
        """Return the provenance of a dataset."""
        place = Place(location.root, location.path)
        known = (location.datasetType, recorder.identity(location))
        return self._origin(place, place.stamp(), known, [])

    def _origin(
        self,
        place: Place,
        stamp: Stamp | None,
        known: tuple[str, Mapping[str, Any]],
        above: list[str],
    ) -> Origin:
        """Return the provenance of a file in a certain state."""
        key = place.full, stamp
        if key in self._done:
            return self._done[key]
        store = self._trees.store(place.root)
        size, time = (None, None) if stamp is None else stamp[:2]
        made = store.last(place.path, size, time)
        run = store.run(made.run) if made is not None and made.run else None
        inputs: list[Origin] = []
        notes = _notes(place, made, stamp, store.is_empty)
        if made is not None and made.inputs is not None:
            if place.full in above or len(above) > _DEEPEST:
                notes.append("its inputs are not followed any further: they lead back to itself")
            else:
                inputs = [
                    self._input(one, made, place, [*above, place.full]) for one in made.inputs
                ]
        origin = Origin(
            *known, place.root, place.path, made, run, tuple(inputs), notes=tuple(notes)
        )
        if place.full not in above:
            self._done[key] = origin
        return origin

    def _input(self, source: Input, made: Made, output: Place, above: list[str]) -> Origin:
        place = self._trees.find(source, output.root)
        origin = self._origin(place, source.stamp, (source.datasetType, source.dataId), above)
        because, now = self._reason(source, made)
        if now is not None and now != source.path:
            because += f"; now {now} would be chosen"
        return Origin(
            origin.datasetType,
            origin.dataId,
            origin.root,
            origin.path,
            origin.made,
            origin.run,
            origin.inputs,
            because=because,
            changed="" if place.full == output.full else changed(source.stamp, place),
            notes=origin.notes,
        )

    def _reason(self, source: Input, made: Made) -> tuple[str, str | None]:
        """Return why a calibration was chosen, and which one would be chosen now."""
        key = source.datasetType, str(dict(made.dataId))
        if key not in self._reasons:
            self._reasons[key] = _reason(self._trees.chain, source.datasetType, made.dataId)
        return self._reasons[key]


def _reason(chain: Chain, name: str, data_id: Mapping[str, Any]) -> tuple[str, str | None]:
    try:
        request = chain.request(name)
        for repository in chain.asked(request, data_id):
            dataset = repository.mapper.dataset(request)
            if dataset.section != "calibrations" or not dataset.validRange:
                return "", None
            explanation = lookup.explained(repository, request, DataId(data_id))
            # A calibration requested by its date was not chosen among others.
            if explanation.chosen and explanation.criteria and explanation.criteria.time:
                row = explanation.chosen[0].row
                start, end = (row.get(key) for key in ("validStart", "validEnd"))
                why = f"{explanation.criteria.time} is in its validity, {start} to {end}"
                return why, explanation.chosen[0].path
    except PersistenceError:  # the exposure is unknown here
        return "", None
    return "", None


def _notes(place: Place, made: Made | None, stamp: Stamp | None, is_empty: bool) -> list[str]:
    """Return what is unknown about a file, and why."""
    if made is None:
        closed = [path for path in journal.files(place.root) if not os.access(path, os.R_OK)]
        if closed:
            return [f"not recorded in what may be read: {', '.join(closed)} may not"]
        if is_empty:
            return [f"not recorded: {place.root} has no {journal.FOLDER} with anything in it"]
        return [f"not recorded: the journals of {place.root} have no line of it"]
    is_gone = stamp is None and place.stamp() is None
    notes = ["it is not there any more"] if is_gone else []
    if made.inputs is None and made.operation == "put":
        notes.append(_UNRECORDED)
    is_known = made.stamp.size is not None and stamp is not None
    if is_known and stamp is not None and made.stamp.size != stamp.size:
        notes.append(
            f"it is another file than the recorded one ({made.stamp.size} bytes): something wrote "
            "it that left no line"
        )
    return notes


def changed(before: Stamp, place: Place, by_time: bool = True) -> str:
    """Return how a file differs from a former state; empty if it does not.

    Parameters
    ----------
    before : `Stamp`
        The former state.
    place : `Place`
        The file.
    by_time : `bool`
        Whether modification times are compared where there is no digest.

    Returns
    -------
    difference : `str`
        The description.
    """
    now = place.stamp()
    if now is None:
        return f"{place.full} is missing"
    if before.size is None or before[:2] == now[:2]:
        return ""
    if before.size != now.size:
        return f"it has {now.size} bytes, and had {before.size}"
    if before.sha256 is not None:
        try:
            return "" if recorder.digest(place.full) == before.sha256 else "its content is another"
        except OSError as error:
            return f"{place.full} cannot be read: {error.strerror}"
    return f"it was written again {moment((now.time or 0) / 1e9)}" if by_time else ""


class UsedBy:
    """Follow the journals downwards: from a dataset to its outputs, and to theirs.

    Parameters
    ----------
    trees : `Trees`
        The journals.
    """

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        self._roots = trees.below()
        self._done: dict[str, Origin] = {}

    def __call__(self, location: Location) -> Origin:
        """Return the outputs of a dataset."""
        place = Place(location.root, location.path)
        known = (location.datasetType, recorder.identity(location))
        made = self._trees.store(place.root).last(place.path)
        return self._origin(place, known, made, [])

    def _origin(
        self,
        place: Place,
        known: tuple[str, Mapping[str, Any]],
        made: Made | None,
        above: list[str],
    ) -> Origin:
        if place.full in self._done:
            return self._done[place.full]
        outputs: list[Origin] = []
        if place.full not in above and len(above) <= _DEEPEST:
            for root in self._roots:
                outputs += self._outputs(place, known[1], root, [*above, place.full])
        run = self._trees.store(place.root).run(made.run) if made is not None else None
        changes = "" if place.stamp() is not None else f"{place.full} is missing"
        origin = Origin(
            *known, place.root, place.path, made, run, outputs=tuple(outputs), changed=changes
        )
        if place.full not in above:
            self._done[place.full] = origin
        return origin

    def _outputs(
        self, place: Place, data_id: Mapping[str, Any], root: str, above: list[str]
    ) -> list[Origin]:
        store = self._trees.store(root)
        names = trees.names(place, root)
        # Only the last line of a file that was rewritten counts. A file may hold several datasets,
        # such as a raw with those of all detectors.
        lines = {
            line.path: line
            for line in store.using(names)
            if line == store.last(line.path)
            and any(
                source.place in names and not recorder.contradicts(source.dataId, data_id)
                for source in line.inputs or ()
            )
        }
        return [
            self._origin(Place(root, path), (line.datasetType, line.dataId), line, above)
            for path, line in sorted(lines.items())
            if Place(root, path).full != place.full
        ]
