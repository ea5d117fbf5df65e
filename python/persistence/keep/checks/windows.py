"""Calibrations: rows without files, and windows that overlap, leave holes or are missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from persistence.butler.index import trees
from persistence.butler.repository import Repository
from persistence.calibs import series, validity
from persistence.calibs.series import Series
from persistence.calibs.validity import Overlap
from persistence.dataids import shorthand
from persistence.dataids.dataid import DataId
from persistence.dataids.template import PathTemplate
from persistence.errors import DataIdError, RegistryError
from persistence.keep.finding import Finding
from persistence.keep.fixes import TakeRows
from persistence.keep.patient import Patient
from persistence.policy.dataset_type import DatasetType
from persistence.registry import Registry

_WINDOW = "ingest the calibrations again with --validity, which works all windows out"
_KINDS = {True: ("window-overlap", "are both valid"), False: ("window-hole", "leave a hole")}


def check(patient: Patient) -> Iterator[Finding]:
    """Yield the findings."""
    for _tree, repository in patient.calibrations():
        registry = repository.calibrations.registry
        try:
            with patient.silent():
                yield from () if registry is None else _of_registry(repository, registry)
        except RegistryError:  # `checks.registries` tells
            continue


def _of_registry(repository: Repository, registry: Registry) -> Iterator[Finding]:
    for dataset in series.types(repository.mapper, registry):
        for each in series.of(dataset, registry):
            name = f"{dataset.name} {_shown(each.key)}".rstrip()
            for date in each.broken:
                yield Finding("window-broken", registry.path,
                              f"{name} of {date} has no validity", None, _WINDOW)  # fmt: skip
            for problem in validity.faults(_by_moment(each)):
                kind, verb = _KINDS[isinstance(problem, Overlap)]
                yield Finding(
                    kind, registry.path, f"{name} of {problem.earlier} and of {problem.later} "
                    f"{verb}: {problem.days}", None, _WINDOW,
                )  # fmt: skip
        yield from _without_files(repository, registry, dataset)


def _by_moment(each: Series) -> dict[Any, Any]:
    windows = {}
    for date, window in each.windows.items():
        try:
            windows[validity.moment(date)] = window
        except DataIdError:  # a date that says nothing has no place in a series
            continue
    return windows


def _without_files(
    repository: Repository, registry: Registry, dataset: DatasetType
) -> Iterator[Finding]:
    template = dataset.template
    if template is None:
        return
    if not set(template.keys) <= set(registry.columns(dataset.tables)):
        return
    tree = trees.of(repository, dataset)
    tree.refresh(template)
    own = list(PathTemplate(template.file_text).keys)
    files = {tuple(map(str, row)) for row in tree.rows(template, own)}
    for row in sorted(set(registry.lookup(own, {}, dataset.tables)), key=str):
        if tuple(map(str, row)) not in files:
            key = dict(zip(own, row, strict=True))
            yield Finding(
                "calibration-without-file", registry.path,
                f"has a row of {dataset.name} {_shown(key)}, and {_path(tree.root, template, key)} "
                "is not there", TakeRows(registry.path, tuple(dataset.tables), tuple(key.items())),
                "bring the file back, or ingest it again",
            )  # fmt: skip


def _path(root: str, template: Any, key: dict[str, Any]) -> str:
    return os.path.join(root, template.file_text % key)


def _shown(key: Any) -> str:
    return " ".join(shorthand.typed([DataId(key)])) if key else ""
