"""What makes copied files a repository that stands alone: rows, definitions, a configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from persistence.butler import repository_cfg
from persistence.butler.butler import Butler
from persistence.butler.repository_cfg import RepositoryCfg
from persistence.cameras.installed import gen2_name
from persistence.files import atomic, marks, sqlite
from persistence.keep import parts
from persistence.keep.selection import File, definition, is_calibration
from persistence.policy import in_repository


def copy_rows(butler: Butler, files: Sequence[File], root: str) -> int:
    """Copy the rows of registries that describe the data IDs of files.

    Parameters
    ----------
    butler : `Butler`
        The source.
    files : sequence of `File`
        The files.
    root : `str`
        The new repository.

    Returns
    -------
    count : `int`
        How many rows were added.
    """
    # A calibration's detector, or filter, would fit the rows of every exposure.
    exposures = [
        data_id
        for file in files
        if not is_calibration(butler, file.datasetType)
        for data_id in file.dataIds
    ]
    first, count = butler.chain.inputs[0], 0
    if not first.registry.lists_files:
        target = os.path.join(root, "registry.sqlite3")
        count += sqlite.add_part(first.registry.path, target, exposures)
    by_table: dict[str, list[Mapping[str, Any]]] = {}
    registries: dict[str, None] = {}
    for file in files:
        dataset = definition(butler, file.datasetType)
        if dataset is not None and dataset.section == "calibrations" and dataset.tables:
            registry = first.calibrations_of(dataset).registry
            if registry is not None:
                registries[registry.path] = None
                for table in dataset.tables:
                    by_table.setdefault(table, []).extend(file.dataIds)
    for path in registries:
        target = os.path.join(root, marks.CALIB, "calibRegistry.sqlite3")
        for table, data_ids in by_table.items():
            count += sqlite.add_part(path, target, data_ids, [table, f"{table}_visit"])
    return count


def configure(butler: Butler, files: Sequence[File], root: str) -> None:
    """Write the definitions of dataset types, and at last the configuration.

    Parameters
    ----------
    butler : `Butler`
        The source.
    files : sequence of `File`
        The files.
    root : `str`
        The new repository. An existing configuration is kept.
    """
    first = butler.chain.inputs[0]
    for repository in reversed(butler.chain.inputs):
        for own in in_repository.read(repository.root):
            target = os.path.join(root, in_repository.FOLDER, os.path.basename(own.path))
            atomic.write_text(target, own.text, replace=True)
    for file in {file.datasetType: file for file in files if file.part}.values():
        whole = definition(butler, file.request.datasetType)
        assert whole is not None  # its datasets were found
        in_repository.record(parts.definition(root, whole, file.part), replace=True)
    if os.path.exists(os.path.join(root, marks.CONFIGURATION)):
        return
    cfg = repository_cfg.read(first.root)
    calib = os.path.join(root, marks.CALIB)
    has_calibrations = any(file.path.startswith(f"{marks.CALIB}/") for file in files)
    arguments = {"calibRoot": calib} if has_calibrations or os.path.isdir(calib) else {}
    policy = None if cfg is None else cfg.policy
    repository_cfg.write(RepositoryCfg(root, root, gen2_name(first.mapper), arguments, (), policy))
