"""Registries that cannot be read, and rows and files that do not belong together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from persistence.butler.index import trees
from persistence.butler.repository import Repository
from persistence.dataids import shorthand
from persistence.dataids.dataid import DataId
from persistence.dataids.template import PathTemplate
from persistence.errors import RegistryError
from persistence.files import sqlite
from persistence.keep import disks, registered
from persistence.keep.finding import Finding
from persistence.keep.fixes import NoLog, TakeRows
from persistence.keep.patient import Patient
from persistence.policy.dataset_type import DatasetType
from persistence.registry import Registry

_NAMES = ("registry.sqlite3", "calibRegistry.sqlite3")
# Bytes 18 and 19 of a file in WAL mode. Source: https://sqlite.org/fileformat2.html, 1.3.3.
_VERSIONS, _WAL = slice(18, 20), b"\2\2"
_ADVICE = "bring the files back, or ingest into a new registry"


def check(patient: Patient) -> Iterator[Finding]:
    """Yield the findings."""
    damaged = set[str]()
    for tree in patient.survey.trees:
        for name in _NAMES:
            path = os.path.join(tree, name)
            if os.path.exists(path) and os.path.getsize(path):
                for finding in _of_file(path):
                    damaged.add(path if finding.kind == "registry-unreadable" else "")
                    yield finding
    for _butler, repository in patient.repositories():
        registry = repository.registry
        own = not registry.lists_files and os.path.dirname(registry.path) == repository.root
        if own and registry.path not in damaged:
            with patient.silent():
                yield from _exposures(repository, registry)


def _of_file(path: str) -> Iterator[Finding]:
    try:
        problem = sqlite.damage(path)
        problem = problem and f"is damaged: {problem}"
    except RegistryError as error:
        problem = str(error)
    if problem:
        yield Finding("registry-unreadable", path, problem, None,
                      "bring it back from a copy, or ingest into a new one")  # fmt: skip
        return
    with open(path, "rb") as stream:
        is_wal = stream.read(20)[_VERSIONS] == _WAL
    disk = disks.network(path) if is_wal else ""
    if disk:
        what = f"has a write-ahead log, and lies on a disk of type {disk}"
        yield Finding("registry-wal", path, what, NoLog(path))


def _exposures(repository: Repository, registry: Registry) -> Iterator[Finding]:
    """Compare the rows of exposures with the files that ingest delivers."""
    known = set(registry.tables())
    sources = [
        dataset
        for dataset in registered.delivered(repository)
        if known.issuperset(dataset.tables)
        and set(_keys(dataset)) <= set(registry.columns(dataset.tables))
    ]
    if not sources:
        return
    columns = list(dict.fromkeys(key for dataset in sources for key in _keys(dataset)))
    rows = [
        dict(zip(columns, map(str, row), strict=True))
        for row in registry.lookup(columns, {}, sources[0].tables)
    ]
    lost = {tuple(row.items()): row for row in rows}
    present = {dataset.name: _files(repository, dataset) for dataset in sources}
    if not any(present.values()):  # a copy of products: its rows complete their data IDs
        lost.clear()
    for dataset in sources:
        files = present[dataset.name]
        for row in rows:
            identity = tuple(row[key] for key in _keys(dataset))
            if files.pop(identity, None) or identity in files:
                files[identity] = ""  # it has a row
                lost.pop(tuple(row.items()), None)
        for path in sorted(filter(None, files.values())):
            yield Finding(
                "file-without-row", path, f"is a {dataset.name} that {registry.path} has no row "
                "of", None, "ingest it with --mode skip, which registers files where they are",
            )  # fmt: skip
    broken = {os.path.basename(path) for path in _dangling(repository, sources)}
    names = " or ".join(dataset.name for dataset in sources)
    for row in lost.values():
        if not broken.intersection(_expected(dataset, row) for dataset in sources):
            (typed,) = shorthand.typed([DataId(row)])
            what = f"has rows of {typed}, and there is no file of {names}"
            fix = TakeRows(registry.path, tuple(sources[0].tables), tuple(row.items()))
            yield Finding("row-without-file", registry.path, what, fix, _ADVICE)


def _keys(dataset: DatasetType) -> list[str]:
    """Return the keys that a file's name has."""
    assert dataset.template is not None
    return list(PathTemplate(dataset.template.file_text).keys)


def _files(repository: Repository, dataset: DatasetType) -> dict[tuple[str, ...], str]:
    """Return the files of a type, by the values of their keys as texts."""
    template = dataset.template
    assert template is not None
    tree = trees.of(repository, dataset)
    tree.refresh(template)
    return {
        tuple(map(str, row[:-1])): os.path.join(tree.root, tree.path(template, row[:-1], row[-1]))
        for row in tree.rows(template, [*_keys(dataset), "_ending"])
    }


def _dangling(repository: Repository, sources: Iterable[DatasetType]) -> set[str]:
    """Return the links to nothing in the trees of some types, which are findings themselves."""
    known = {tree.root: tree for tree in (trees.of(repository, dataset) for dataset in sources)}
    return {path for tree in known.values() for path in tree.dangling()}


def _expected(dataset: DatasetType, row: Mapping[str, str]) -> str:
    """Return the name that the file of a row has."""
    assert dataset.template is not None
    values = {key: dataset.keys[key](row[key]) for key in _keys(dataset)}
    return os.path.basename(dataset.template.file_text % values)
