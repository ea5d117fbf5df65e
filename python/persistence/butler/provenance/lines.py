"""The lines of journals with the provenance of datasets, as values; see doc/provenance.rst."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

_NOTHING: Mapping[str, Any] = {}


class Stamp(NamedTuple):
    """The state of a file.

    Attributes
    ----------
    size : `int` or None
        Its size in bytes; None if it could not be read.
    time : `int` or None
        Its modification time, in nanoseconds since 1970 (UTC).
    sha256 : `str` or None
        The digest of its content, if requested.
    """

    size: int | None = None
    time: int | None = None
    sha256: str | None = None


class Input(NamedTuple):
    """A dataset that was read to compute another one.

    Attributes
    ----------
    datasetType : `str`
        Its type.
    dataId : mapping
        Its data ID.
    root : `str`
        Its repository or calibration root: relative to the output's, or absolute.
    path : `str`
        Its file, relative to ``root``.
    stamp : `Stamp`
        The state of the file.
    """

    datasetType: str
    dataId: Mapping[str, Any]
    root: str
    path: str
    stamp: Stamp

    @property
    def place(self) -> str:
        """The file: relative to the output's repository, or absolute."""
        return os.path.normpath(f"{self.root}/{self.path}")


class Run(NamedTuple):
    """The provenance that all datasets of one run of a task, or of one Butler, share.

    Attributes
    ----------
    id : `str`
        Identifies the run.
    task : `str`
        The task, or the script.
    command : `str`
        The command line.
    user, host : `str`
        The user and host.
    time : `float`
        When it began, in seconds since 1970 (UTC).
    config : mapping
        Its configuration: ``f``, the file in the repository; ``sha256``; ``x``, the values that
        differ from the defaults, each with its default. Empty if it has none.
    versions : mapping
        Package -> version.
    versions_sha256 : `str`
        The digest of these.
    """

    id: str
    task: str = ""
    command: str = ""
    user: str = ""
    host: str = ""
    time: float = 0.0
    config: Mapping[str, Any] = _NOTHING
    versions: Mapping[str, str] = _NOTHING
    versions_sha256: str = ""


class Made(NamedTuple):
    """A line that records that a file was written, or removed.

    Attributes
    ----------
    operation, path, time, datasetType, dataId
        As in the journal: the operation and the file; the time in seconds since 1970 (UTC).
    host : `str`
        The host.
    uid : `int` or None
        The user's number.
    run : `str`
        The run's id; empty if none is recorded.
    stamp : `Stamp`
        The state of the file, as far as recorded.
    duration : `float` or None
        Seconds from the start of its target, or of the block, until it was written.
    inputs : `tuple` [`Input`] or None
        Its inputs; None if they were not recorded.
    """

    operation: str
    path: str
    time: float
    datasetType: str
    dataId: Mapping[str, Any]
    host: str
    uid: int | None
    run: str = ""
    stamp: Stamp = Stamp()
    duration: float | None = None
    inputs: tuple[Input, ...] | None = None


def made(fields: Mapping[str, Any], path: str, host: str, uid: int | None) -> Made:
    """Return the content of a line, omitting invalid fields."""
    return Made(
        _text(fields.get("op")),
        path,
        float(fields["t"]),
        _text(fields.get("d")),
        _mapping(fields.get("id")),
        _text(fields.get("h")) or host,  # lines copied from another tree name their host and user
        uid if "w" not in fields else _whole(fields["w"]),
        _text(fields.get("r")),
        Stamp(_whole(fields.get("s")), _whole(fields.get("m"))),
        duration if isinstance(duration := fields.get("u"), float | int) else None,
        tuple(inputs(fields)) if "n" in fields else None,
    )


def inputs(fields: Mapping[str, Any]) -> list[Input]:
    """Return the inputs in a line."""
    roots, listed = fields.get("o"), fields.get("n")
    if not isinstance(roots, list) or not isinstance(listed, list):
        return []
    valid = []
    for item in listed:
        try:
            kind, number, path, data_id, size, time, *rest = item
            root = roots[number]
        except (TypeError, ValueError, IndexError):
            continue
        is_well = all(isinstance(text, str) and "\0" not in text for text in (kind, root, path))
        if is_well and not path.startswith("/") and ".." not in path.split("/"):
            sha256 = _text(rest[0]) if rest else None
            stamp = Stamp(_whole(size), _whole(time), sha256 or None)
            valid.append(Input(kind, _mapping(data_id), root, path, stamp))
    return valid


def run(fields: Mapping[str, Any], host: str) -> Run:
    """Return the content of a run's line."""
    config, versions = _mapping(fields.get("c")), _mapping(fields.get("v"))
    return Run(
        _text(fields.get("r")),
        _text(fields.get("task")),
        _text(fields.get("cmd")),
        _text(fields.get("user")),
        _text(fields.get("h")) or host,
        float(fields["t"]),
        config,
        {name: version for name, version in versions.items() if isinstance(version, str)},
        _text(fields.get("vsha256")),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    return value if type(value) is int else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
