"""Repositories that cannot be opened; composites half written, templates that collide, indexes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from persistence.butler.butler import Butler
from persistence.butler.index import home, trees
from persistence.butler.repository import Repository
from persistence.dataids import shorthand
from persistence.dataids.dataid import DataId
from persistence.dataids.template import PathTemplate
from persistence.errors import PersistenceError
from persistence.keep.finding import Finding
from persistence.keep.fixes import MoveAway
from persistence.keep.patient import Patient
from persistence.policy.dataset_type import DatasetType


def check(patient: Patient) -> Iterator[Finding]:
    """Yield the findings."""
    for path, butler in patient.opened():
        if isinstance(butler, PersistenceError):
            yield Finding("cannot-open", path, f"cannot be opened: {butler}")
    for butler, repository in patient.repositories():
        with patient.silent():
            yield from _composites(butler, repository)
            yield from _collisions(repository)
    for tree in patient.survey.trees:
        path = os.path.join(tree, home.FILE)
        reason = home.staleness(tree) if os.path.isfile(path) else ""
        if reason:
            yield Finding("stale-index", path, reason, MoveAway(path),
                          "persistence index writes a new one")  # fmt: skip


def _composites(butler: Butler, repository: Repository) -> Iterator[Finding]:
    """Yield composites of which this repository has parts, and the chain not all."""
    types = repository.mapper.types
    for dataset in types.values():
        parts = _needed(dataset, types)
        if len(parts) < 2:
            continue
        keys = list(parts[0].keys)
        present = {part.name: _rows(repository, part, keys) for part in parts}
        here = set().union(*present.values())
        for row in sorted(here, key=str):
            data_id = dict(zip(keys, row, strict=True))
            absent = [
                part.name
                for part in parts
                if row not in present[part.name] and not butler.datasetExists(part.name, data_id)
            ]
            if absent:
                (typed,) = shorthand.typed([DataId(data_id)])
                yield Finding(
                    "composite-half", repository.root,
                    f"has {dataset.name} {typed} without its {', '.join(absent)}", None,
                    "write it again",
                )  # fmt: skip


def _needed(dataset: DatasetType, types: Any) -> list[DatasetType]:
    """Return the types of the parts that a composite is written as; none if they differ in keys."""
    parts = [part for part in dataset.composite.values() if not part.subset and not part.dataIdFrom]
    if not parts or any(part.inputOnly for part in parts):
        return []
    needed = [types[part.datasetType] for part in parts if not part.optional]
    alike = {tuple(sorted(part.keys)) for part in needed}
    is_plain = all(part.template is not None and _own(part) == set(part.keys) for part in needed)
    return needed if len(alike) == 1 and is_plain else []


def _own(dataset: DatasetType) -> set[str]:
    """Return the keys in the name of a type's file."""
    template = dataset.template
    return set() if template is None else set(PathTemplate(template.file_text).keys)


def _rows(repository: Repository, dataset: DatasetType, keys: list[str]) -> set[tuple[Any, ...]]:
    assert dataset.template is not None
    tree = trees.of(repository, dataset)
    tree.refresh(dataset.template)
    return set(tree.rows(dataset.template, keys))


def _collisions(repository: Repository) -> Iterator[Finding]:
    """Yield the types, of which one is this repository's own, that write the same files."""
    by_template: dict[tuple[str, str], list[DatasetType]] = {}
    for dataset in repository.mapper.types.values():
        if dataset.template is not None and dataset.storage:
            key = (trees.shape(dataset.template.text), repository.root_of(dataset))
            by_template.setdefault(key, []).append(dataset)
    for same in by_template.values():
        own = [dataset for dataset in same if dataset.source.startswith(f"{repository.root}/")]
        for dataset in own:
            others = [other.name for other in same if other.storage != dataset.storage]
            if others:
                assert dataset.template is not None
                yield Finding(
                    "template-collision", dataset.source,
                    f"{dataset.name} has the template of {', '.join(others)}, in another format: "
                    f"{dataset.template.text}", None, "give it a template of its own",
                )  # fmt: skip
