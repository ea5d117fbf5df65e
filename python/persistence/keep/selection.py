"""The files of a query's datasets, and of what they need: what is copied or bundled."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from persistence.butler.butler import Butler
from persistence.butler.provenance.origin import Origin
from persistence.dataids.request import Request
from persistence.files import marks, mirrors
from persistence.keep import parts
from persistence.policy.dataset_type import DatasetType

_OWN = ("repository", "path")


class File(NamedTuple):
    """A file to copy.

    Attributes
    ----------
    source : `str`
        Where it is.
    path : `str`
        Where it will be, relative to the new repository.
    datasetType : `str`
        The dataset type.
    dataIds : `list`
        The data IDs of the datasets in it.
    part : `str`
        The component that is cut out of the source; empty if all of the file is copied.
    """

    source: str
    path: str
    datasetType: str
    dataIds: list[Mapping[str, Any]]
    part: str = ""

    @property
    def request(self) -> Request:
        """The dataset that is copied, or of which a part is."""
        if not self.part:
            return Request(self.datasetType)
        return Request(self.datasetType.removesuffix(f"_{self.part}"), self.part)


@dataclass
class Selection:
    """The files to copy, each once.

    Attributes
    ----------
    files : `list` [`File`]
        All files.
    missing : `list` [`str`]
        Inputs that are recorded, and are gone.
    """

    files: list[File] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def select(
    butler: Butler, types: Collection[str], where: Mapping[str, Any], with_inputs: int
) -> Selection:
    """Return the files of the datasets of a query, of their inputs, and of what has no keys.

    Parameters
    ----------
    butler : `Butler`
        The source; its parents are searched, too.
    types : collection of `str`
        The dataset types.
    where : mapping
        The condition for each type that has one.
    with_inputs : `int`
        How many levels of inputs are included.

    Raises
    ------
    UsageError
        If a type is a view, or a component that cannot be brought alone.
    """
    files = _Files(butler)
    for name in types:
        files.add_query(name, where.get(name))
    missing = list(files.add_inputs(with_inputs)) if with_inputs else []
    if files.by_path:
        files.add_keyless()
    return Selection(list(files.by_path.values()), missing)


class _Files:
    """Files by their paths in the new repository."""

    def __init__(self, butler: Butler) -> None:
        self._butler = butler
        self.by_path: dict[str, File] = {}

    def add_query(self, name: str, where: Any) -> None:
        request = self._butler.request(name)
        part = request.view or ""
        if part:
            parts.check(request)
        whole = request.datasetType
        keys = list(self._butler.getKeys(whole, "") or ())
        rows = self._butler.query(whole, where, columns=[*keys, *_OWN])
        for values in rows.tuples():
            *own, root, path = values
            self._add(whole, dict(zip(keys, own, strict=True)), root, path, part)

    def add_inputs(self, levels: int) -> Iterator[str]:
        """Add the recorded inputs of all files, and yield those that are gone."""
        for file in list(self.by_path.values()):
            for data_id in file.dataIds:
                origin = self._butler.why(file.request.datasetType, data_id)
                for each in _inputs(origin, levels):
                    if not (os.path.exists(each.file) or mirrors.lists(each.file)):
                        yield f"{each.datasetType} {dict(each.dataId)}: {each.file}"
                    elif each.datasetType:
                        self._add(each.datasetType, each.dataId, each.root, each.path)

    def add_keyless(self) -> None:
        """Add sky maps, configurations, schemas and versions: what has no keys."""
        seen = set[str]()
        for repository in self._butler.chain.inputs:
            for dataset in repository.mapper.types.values():
                template = dataset.template
                if template is None or template.keys or template.file_text in seen:
                    continue
                root = repository.root_of(dataset)
                path = os.path.join(root, template.file_text)
                if os.path.isfile(path) or mirrors.lists(path):
                    seen.add(template.file_text)
                    self._add(dataset.name, {}, root, template.file_text)

    def _add(
        self, name: str, data_id: Mapping[str, Any], root: str, path: str, part: str = ""
    ) -> None:
        own = os.path.join(marks.CALIB, path) if is_calibration(self._butler, name) else path
        if part:
            own, name = parts.path_of(own, part), parts.type_of(Request(name, part))
        file = File(os.path.join(root, path), own, name, [], part)
        self.by_path.setdefault(own, file).dataIds.append(dict(data_id))


def definition(butler: Butler, name: str) -> DatasetType | None:
    """Return the definition of a dataset type in the first repository that has one."""
    for repository in butler.chain.inputs:
        if name in repository.mapper.types:
            return repository.mapper.types[name]
    return None


def is_calibration(butler: Butler, name: str) -> bool:
    """Return whether a dataset type is one of calibrations."""
    dataset = definition(butler, name)
    return dataset is not None and dataset.section == "calibrations"


def _inputs(origin: Origin, levels: int) -> Iterator[Origin]:
    for each in origin.inputs if levels else ():
        yield each
        yield from _inputs(each, levels - 1)
