"""Check the existence of many datasets of one type by listing directories."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from persistence.butler import patches, selecting, supplying
from persistence.butler.id_table import IdTable, flat, tables
from persistence.butler.plan import SELECTING, Leg, may_refer
from persistence.butler.refusal import warn_strange
from persistence.butler.repository import Repository
from persistence.butler.subset import Asked
from persistence.dataids.dataid import DataId
from persistence.dataids.request import Request
from persistence.dataids.template import Field, PathTemplate, is_suspect, split
from persistence.errors import DataIdError, SourceChanged, UnknownKeyWarning
from persistence.files.listings import Listings, by_directory
from persistence.policy import storages
from persistence.policy.dataset_type import DatasetType

# Characters that no path of a file in a repository contains.
_TAME = re.compile(r"(?!.*\.\.)\w([\w.,+-]*[\w,+-])?", re.ASCII)

# Data IDs -> whether each exists.
_Test = Callable[[IdTable], list[bool]]


class Existence:
    """Check which datasets of a type exist, as `Butler.datasetExists` does.

    The contents of directories are kept: an instance serves one call, or one call in parts.

    Parameters
    ----------
    butler : `Butler`
        The Butler whose repositories are searched.
    name : `str`
        The dataset type, a view or a component.

    Notes
    -----
    Where `Butler.datasetExists` raises an error, a dataset counts as missing: its data ID fits no
    path, or its file refers to a source that is gone or has changed.
    """

    def __init__(self, butler: Asked, name: str) -> None:
        self._butler, self._name = butler, name
        self._listings = Listings()
        if butler.chain.family(name):  # of many types
            self._test: _Test = self._one_by_one
        else:
            self._test = self._test_of(butler.request(name)) or self._one_by_one

    def __call__(self, data_id: Mapping[str, Any]) -> bool:
        """Return whether a dataset exists."""
        return self.of([data_id])[0]

    def of(self, ids: Any) -> list[bool]:
        """Return whether each dataset exists; `id_table.tables` describes the accepted forms."""
        return self.of_tables(*tables(ids))

    def of_tables(self, number: int, every: Sequence[IdTable]) -> list[bool]:
        """Return whether each of a number of datasets exists."""
        flags = [False] * number
        for table in every:
            is_odd = table.tags or not SELECTING.isdisjoint(table.keys)
            answers = (self._one_by_one if is_odd else self._test)(table)
            for position, answer in zip(table.places, answers, strict=True):
                flags[position] = answer
        return flags

    def _test_of(self, request: Request) -> _Test | None:
        """Return a function that tests many data IDs; None if each needs `Butler.datasetExists`."""
        chain = self._butler.chain
        repositories = chain.asked(request, {})
        if not repositories or not all(
            _is_plain(repository, request) for repository in repositories
        ):
            return None
        datasets = [repository.mapper.dataset(request) for repository in repositories]
        parts = datasets[0].composite.values()
        if parts and datasets[0].template is None:
            if any(part.subset for part in parts):
                return None
            needed = [part for part in parts if not part.optional and part.dataIdFrom is None]
            tests = [self._test_of(chain.request(part.datasetType)) for part in needed]
            every = [test for test in tests if test is not None]
            return (lambda table: _all(every, table)) if len(every) == len(tests) else None
        if not all(_has_file(dataset) for dataset in datasets):
            return None
        legs = chain.legs(request, {})
        if any(may_refer(leg, leg.leader.mapper.dataset(request)) for leg in legs):
            return None  # each has to be compared with its source
        return lambda table: self._in_files(request, legs, table)

    def _one_by_one(self, table: IdTable) -> list[bool]:
        """Return whether each dataset exists by asking the Butler, once per distinct data ID."""
        rows = [(_exact(data_id), data_id) for data_id in table.data_ids()]
        known: dict[tuple[Any, ...], bool] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnknownKeyWarning)  # all have the same keys
            for values, data_id in rows:
                if values not in known:
                    known[values] = self._has(data_id)
        return [known[values] for values, _ in rows]

    def _has(self, data_id: DataId) -> bool:
        try:
            return self._butler.datasetExists(self._name, data_id)
        except (DataIdError, SourceChanged):
            return False

    def _in_files(self, request: Request, legs: Sequence[Leg], table: IdTable) -> list[bool]:
        """Search each leg of a chain for the files that earlier legs do not have.

        Data IDs that the registry of a leg does not complete are checked one by one.
        """
        flags = [False] * len(table.places)
        table = left = table._replace(places=range(len(flags)))
        for leg in legs:
            dataset = leg.leader.mapper.dataset(request)
            some = supplying.typed(leg.leader.mapper, dataset, left)
            whole = supplying.completed(leg.leader, dataset, some)
            paths = _paths(dataset, whole)
            existing = self._present(leg, dataset, dict.fromkeys(filter(None, paths)))
            for position, path in zip(whole.places, paths, strict=True):
                if path in existing:
                    flags[position] = True
            odd = set[int]()
            if len(whole.places) < len(some.places):
                odd = set(some.places) - set(whole.places)
                rest = table.chosen(sorted(odd))  # with the values of the data IDs
                for position, flag in zip(rest.places, self._one_by_one(rest), strict=True):
                    flags[position] = flag
            if leg is not legs[-1]:  # those with invalid values are in no other leg either
                positions = [
                    position
                    for position in some.places
                    if not flags[position] and position not in odd
                ]
                left = table.chosen(positions)
        return flags

    def _present(self, leg: Leg, dataset: DatasetType, paths: Iterable[str]) -> set[str]:
        """Return the paths of the files that exist in a repository of a leg."""
        existing = set[str]()
        left, endings = by_directory(paths), storages.endings(dataset.storage or "")
        for repository in leg.members:
            present = self._listings.present(repository.root, left, endings)
            direct = repository.direct
            if direct.is_there or direct.has_appeared():
                for directory, more in direct.present(left).items():
                    present[directory] = [*present.get(directory, ()), *more]
            for directory, its_paths in present.items():
                existing.update(its_paths)
                left[directory] = [path for path in left[directory] if path not in existing]
                if not left[directory]:
                    del left[directory]
        return existing


def _is_plain(repository: Repository, request: Request) -> bool:
    """Return whether templates name all files of a dataset type, in the repository itself."""
    mapper = repository.mapper
    return (
        mapper.dataset(request).section != "calibrations"
        and mapper.hook("map", request.datasetType) is None
        and not mapper.maps_paths
        and not mapper.checks_ids
        and not repository.redirects
    )


def _has_file(dataset: DatasetType) -> bool:
    """Return whether the template names a file, and its storage can be one."""
    return (
        dataset.template is not None
        and dataset.template.file_text[-1:] not in ("", "/")
        and storages.find(dataset.storage or "", dataset.python) is not None
    )


def _all(tests: Sequence[_Test], table: IdTable) -> list[bool]:
    """Return for which data IDs all tests are true."""
    flags = [True] * len(table.places)
    left = table._replace(places=range(len(flags)))
    for test in tests:
        for position, flag in zip(left.places, test(left), strict=True):
            flags[position] = flag
        left = left.chosen(
            [number for number, position in enumerate(left.places) if flags[position]]
        )
    return flags


def _paths(dataset: DatasetType, table: IdTable) -> list[str | None]:
    """Return the path of each data ID with typed values; None if it fits no path."""
    if not table.places:  # it may lack keys, too
        return []
    assert dataset.template is not None
    template = PathTemplate(dataset.template.file_text)
    pieces = split(template.text)
    names = [piece.name for piece in pieces if isinstance(piece, Field)]
    texts = {key for key, kind in template.keys.items() if kind is str}
    columns = dict(zip(table.keys, table.columns, strict=True))
    is_tame = not is_suspect("".join(one if isinstance(one, str) else "x" for one in pieces))
    for key in texts:
        is_tame = is_tame and all(map(_TAME.fullmatch, set(columns[key])))
    if template.is_lossless and is_tame and names:
        form = "".join(
            piece.replace("%", "%%") if isinstance(piece, str) else _unnamed(piece)
            for piece in pieces
        )
        return [*map(form.__mod__, zip(*(columns[name] for name in names), strict=True))]
    return [_path(template, data_id) for data_id in table.data_ids()]


def _exact(data_id: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values of a data ID with their types: 1.0 is formatted differently from 1."""
    return (*data_id.values(), *map(type, data_id.values()))


def _unnamed(field: Field) -> str:
    return field.printf.replace(f"({field.name})", "", 1)


def _path(template: PathTemplate, data_id: Mapping[str, Any]) -> str | None:
    try:
        return template.format(data_id)
    except DataIdError:
        return None


def exists(
    butler: Asked, name: str, ids: Any, rest: Mapping[str, Any]
) -> tuple[list[bool], tuple[int, ...]]:
    """Return whether each dataset exists, with their shape, and warn of keys that are unknown."""
    columns, shape = flat(ids, rest)
    number, every = tables(columns, rest if shape is None else {})
    every = [_named(butler, name, table) for table in every]
    flags = Existence(butler, name).of_tables(number, every)
    return flags, (number,) if shape is None else shape


def _named(butler: Asked, name: str, table: IdTable) -> IdTable:
    """Return data IDs with patches as in paths; warn of unknown keys, refuse unknown flavours."""
    named, first = selecting.selected(butler.chain, name, DataId(next(table.data_ids())))
    table = patches.named_table(butler, named, table)
    warn_strange(butler.chain, butler.request(named), first)
    return table
