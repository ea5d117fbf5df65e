"""Configuration, schemas and versions: written into an output once, and then compared.

Source: doc/gen2/gen2-cli.md, 3.13.

Several processes may start at once on one output: the first one writes, while the others wait, and
then compare.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from persistence.butler import locate
from persistence.butler.provenance import recorder
from persistence.butler.repository import Repository
from persistence.errors import FormatterError, UnknownDatasetType
from persistence.files import atomic
from persistence.formatters import config as config_files
from persistence.pipe.task import TaskError
from persistence.types.metadata import versions
from persistence.types.metadata.config import Config
from persistence.types.metadata.difference import MISSING, Difference
from persistence.types.metadata.packages import Packages

_NEAR = 1e-8  # relative tolerance of floats that were written and read
_ENTRY = re.compile(r"\['([^']*)'\]")
_SHOWN = 20


def define(
    butler: Any, config: str | None, metadata: str | None, data_id: Mapping[str, Any] | None
) -> None:
    """Define the dataset types of a task's configuration and metadata if no policy does.

    In Gen2, users added them to the camera's policy.

    Parameters
    ----------
    butler : `~persistence.Butler`
        The Butler.
    config, metadata : `str` or None
        The dataset types, such as ``myTask_config``.
    data_id : mapping or None
        The data ID of a target; without it, metadata cannot be defined.
    """
    if config is not None and not _is_known(butler, config):
        butler.defineDataset(config, f"config/{config.removesuffix('_config')}.py", "ConfigStorage")
    if metadata is not None and data_id and not _is_known(butler, metadata):
        keys = "-".join(
            f"%({key}){'d' if type(value) is int else 's'}" for key, value in data_id.items()
        )
        path = f"metadata/{metadata.removesuffix('_metadata')}/{keys}.yaml"
        butler.defineDataset(metadata, path, "YamlStorage", "lsst.daf.base.PropertySet")


def _is_known(butler: Any, name: str) -> bool:
    try:
        butler.request(name)
    except UnknownDatasetType:
        return False
    return True


def write_config(config: Any, butler: Any, name: str, clobber: bool, backup: bool) -> None:
    """Write a configuration, or compare it with the existing one.

    Parameters
    ----------
    config
        The configuration: a `lsst.pex.config.Config`, or an object that can be stored as one.
    butler : `~persistence.Butler`
        The Butler.
    name : `str`
        The dataset type.
    clobber, backup : `bool`
        Whether to replace an existing one, and whether to keep a copy of it.

    Raises
    ------
    TaskError
        If another one exists, or the existing one cannot be read.
    """
    with _output(butler):
        if clobber or not butler.datasetExists(name, write=True):
            butler.put(config, name, doBackup=backup)
            return
        mine, stored = tree(config), _read(butler, name, "--clobber-config")
        differences = [difference for difference in mine.diff(stored) if not _is_near(difference)]
        ignored = (_unselected(mine), _unselected(stored))
        _refuse(
            butler,
            name,
            [
                difference
                for difference in differences
                if not any(ignore(difference.name) for ignore in ignored)
            ],
            "config",
        )


def tree(config: Any) -> Config:
    """Return a configuration of pex_config as the tree of values in which it is stored."""
    if isinstance(config, Config):
        return config
    stream = io.StringIO()
    config.saveToStream(stream)
    return config_files.parse(stream.getvalue(), type(config).__name__)


def _is_near(difference: Difference) -> bool:
    both = (difference.mine, difference.theirs)
    return all(type(value) is float for value in both) and math.isclose(
        *both, rel_tol=_NEAR, abs_tol=_NEAR
    )


def _unselected(config: Config) -> Callable[[str], bool]:
    """Return a test whether an entry belongs to a registry choice that is not selected."""

    def test(name: str) -> bool:
        for match in _ENTRY.finditer(name):
            above = name[: match.start()]
            taken = config.get(f"{above}.name", config.get(f"{above}.names", MISSING))
            if taken is not MISSING and match[1] not in (
                [taken] if isinstance(taken, str) else taken or ()
            ):
                return True
        return False

    return test


def write_schemas(catalogs: Mapping[str, Any], butler: Any, clobber: bool, backup: bool) -> None:
    """Write the schema of each catalog, or compare it with the existing one.

    All are compared before one is written.

    Raises
    ------
    TaskError
        If one differs.
    """
    if not catalogs:
        return
    named = {f"{name}_schema": catalog for name, catalog in catalogs.items()}
    with _output(butler):
        there = [name for name in named if not clobber and butler.datasetExists(name, write=True)]
        for name in there:
            stored = _read(butler, name, "--clobber-config")
            _refuse(butler, name, _schema_differences(named[name], stored), "config")
        for name in named:
            if name not in there:
                butler.put(named[name], name, doBackup=backup)


def _schema_differences(mine: Any, theirs: Any) -> list[Difference]:
    """Compare fields by type, shape, unit and doc; if these are equal, by order."""
    ours, others = (
        {name: _field(catalog[name]) for name in catalog.colnames} for catalog in (mine, theirs)
    )
    differences = [
        Difference(name, ours.get(name, MISSING), others.get(name, MISSING))
        for name in {**ours, **others}
    ]
    differ = [difference for difference in differences if difference.mine != difference.theirs]
    return differ or [Difference("order", list(ours), list(others))] * (list(ours) != list(others))


def _field(column: Any) -> str:
    """Describe a column: ``float64(2,) pix, its doc``. Byte order is ignored."""
    shape = tuple(column.shape[1:])
    unit = "" if getattr(column, "unit", None) is None else f" {column.unit}"
    return (
        f"{column.dtype.newbyteorder('=').name}{shape or ''}{unit}, {column.info.description or ''}"
    )


def write_packages(butler: Any, name: str, clobber: bool, backup: bool) -> None:
    """Write the versions of packages, or compare them with the stored ones.

    New packages are added.

    Raises
    ------
    TaskError
        If the version of a package has changed.
    """
    now = versions.current()
    with _output(butler):
        if clobber or not butler.datasetExists(name, write=True):
            butler.put(now, name, doBackup=backup)
            return
        stored = _read(butler, name, "--clobber-versions")
        other = [Difference(package, *both) for package, both in now.difference(stored).items()]
        _refuse(butler, name, other, "versions")
        if now.keys() - stored.keys():
            butler.put(Packages({**stored, **now}), name, doBackup=backup)


def announce(butler: Any, run: str, task: Any, config: Any, name: str | None) -> None:
    """Write the description of a run into the journals of the outputs.

    Parameters
    ----------
    butler : `~persistence.Butler`
        The Butler.
    run : `str`
        The run's id.
    task : `type`
        The task's class.
    config
        Its configuration.
    name : `str` or None
        The dataset type of the stored configuration; None if it is not stored.
    """
    label, command = task._DefaultName or task.__name__, shlex.join(sys.argv)
    for repository in butler.chain.outputs:
        description = {} if name is None else _configured(butler, repository, task, config, name)
        line = recorder.head(label, command, recorder.packages(), description)
        recorder.announce(repository.root, run, line)


def _configured(
    butler: Any, repository: Repository, task: Any, config: Any, name: str
) -> dict[str, Any]:
    """Return the journal's description of a stored configuration; empty if none is stored."""
    request = butler.request(name)
    if not repository.knows(request):
        return {}
    location = locate.expected(repository, request, {}, write=True)
    if not os.path.exists(location.full_path):  # the task stores it in its own way
        return {}
    description = {"d": name, "f": location.path, "sha256": recorder.digest(location.full_path)}
    if not isinstance(config, task.ConfigClass):
        return description
    changed = {
        difference.name: [difference.mine, difference.theirs]
        for difference in tree(config).diff(tree(type(config)()))
    }
    return {**description, "x": changed}


def _output(butler: Any) -> contextlib.AbstractContextManager[None]:
    """Lock the output against other processes."""
    return atomic.locked(butler.chain.outputs[0].root)


def _read(butler: Any, name: str, option: str) -> Any:
    """Read the existing dataset; the error for an unreadable one names the option to replace it."""
    try:
        return butler.get(name)
    except (FormatterError, OSError) as error:
        path = butler.getUri(name, write=True)
        raise TaskError(f"{path} cannot be read: {error}\n  {option} replaces it") from error


def _refuse(butler: Any, name: str, differences: Iterable[Difference], title: str) -> None:
    """Raise an error with the differences, and what can be done about them."""
    lines = [
        f"  {difference.name}: {difference.mine!r} now, {difference.theirs!r} there"
        for difference in differences
    ]
    if not lines:
        return
    more = [f"  ... and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    advice = f"  {_elsewhere(butler.chain.outputs[0].root)}--clobber-{title} replaces what is there"
    uri = butler.getUri(name, write=True)
    raise TaskError(
        "\n".join([f"{uri} is of another run, which differs:", *lines[:_SHOWN], *more, advice])
    )


def _elsewhere(root: str) -> str:
    """Return the name of a new rerun that could be used; empty if the output is not a rerun."""
    _above, marker, rerun = root.rpartition(f"{os.sep}rerun{os.sep}")
    if not marker:
        return "another --output keeps both; "
    number = 2
    while os.path.lexists(f"{root}-{number}"):
        number += 1
    return f"--rerun {rerun}-{number} keeps both; "
