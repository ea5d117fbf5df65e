"""Record which datasets are read, and write them into the journal with the outputs."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shlex
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.composites import reads
from persistence.dataids.location import Location
from persistence.errors import UnknownArgument
from persistence.files import journal
from persistence.types.metadata import versions as installed


class _Read(NamedTuple):
    location: Location
    size: int | None
    time: int | None
    sha256: str | None


class Recorder:
    """Record the datasets that this process reads, as inputs of those that it writes.

    Parameters
    ----------
    run : `str`
        The run's id.
    every : `bool`
        Whether all datasets read are inputs of each output. Otherwise those are excluded whose
        data ID contradicts the output's.
    digests : `bool`
        Whether the digests of the inputs' contents are recorded, too.
    head : callable, optional
        Returns the line of the run, which is written into each repository before the first output.
    thread : `int`, optional
        The thread whose block it records. Datasets read in blocks of other threads are ignored.
    """

    def __init__(
        self,
        run: str,
        every: bool,
        digests: bool = False,
        head: Callable[[], Mapping[str, Any]] | None = None,
        thread: int | None = None,
    ) -> None:
        self.run, self.thread = run, thread
        self._every, self._digests, self._head = every, digests, head
        self._began: float | None = time.monotonic() if every else None
        # By repository and file, so that repeated reads are one input.
        self._reads: dict[tuple[str, str], _Read] = {}
        self._known: set[str] = set()

    def note(self, location: Location) -> None:
        """Record that a dataset was read; see `persistence.composites.reads`."""
        here = threading.get_ident()
        if self.thread not in (None, here) and any(block.thread == here for block in _blocks):
            return
        path = location.full_path
        try:
            status = os.stat(path)
            sha256 = digest(path) if self._digests else None
        except OSError:  # it was removed while it was read
            self._reads[location.root, location.path] = _Read(location, None, None, None)
            return
        self._reads[location.root, location.path] = _Read(
            location, status.st_size, status.st_mtime_ns, sha256
        )

    def fields(self, location: Location) -> dict[str, Any]:
        """Return the journal fields of a dataset that was written, with its inputs."""
        self._begin(location.root)
        try:
            status = os.stat(location.full_path)
            fields: dict[str, Any] = {"s": status.st_size, "m": status.st_mtime_ns}
        except OSError:
            fields = {}
        if self._began is not None:
            fields["u"] = round(time.monotonic() - self._began, 3)
        roots: dict[str, int] = {}
        listed = []
        for read in list(self._reads.values()):  # other threads may be reading
            source = read.location
            if not self._every and contradicts(source.dataId, location.dataId):
                continue
            number = roots.setdefault(relative(source.root, location.root), len(roots))
            entry = [
                source.datasetType,
                number,
                source.path,
                identity(source),
                read.size,
                read.time,
            ]
            listed.append(entry if read.sha256 is None else [*entry, read.sha256])
        return {"r": self.run, **fields, "o": list(roots), "n": listed}

    def _begin(self, root: str) -> None:
        if self._head is not None and root not in self._known:
            self._known.add(root)
            announce(root, self.run, self._head())


# The open blocks of scripts, of all threads.
_blocks: list[Recorder] = []
# The recorders of tasks, of which the last one is active. They belong to the process, as a task may
# read and write in threads of its own.
_targets: list[Recorder] = []


@contextlib.contextmanager
def target(run: str, digests: bool = False) -> Iterator[Recorder]:
    """Record what all Butlers of this process read and write in a ``with`` block.

    Tasks use it for each target.
    """
    recorder = Recorder(run, True, digests)
    _targets.append(recorder)
    reads.listen(recorder)
    try:
        yield recorder
    finally:
        reads.ignore(recorder)
        _targets.remove(recorder)


@contextlib.contextmanager
def block(record: bool | str) -> Iterator[Recorder]:
    """Record what is read in a block of a script."""
    recorder = of_script(record, threading.get_ident())
    _blocks.append(recorder)
    try:
        yield recorder
    finally:
        _blocks.remove(recorder)
        reads.ignore(recorder)


def innermost(recorders: Sequence[Recorder]) -> Recorder | None:
    """Return the last of a Butler's recorders, preferring those of the current thread."""
    own = [recorder for recorder in recorders if recorder.thread == threading.get_ident()]
    return next(reversed(own or recorders), None)


def note_put(locations: Sequence[Location], own: Recorder | None) -> None:
    """Write the locations of written datasets into the journals of their trees.

    Parameters
    ----------
    locations : sequence of `Location`
        The locations.
    own : `Recorder` or None
        The Butler's recorder; that of a task takes precedence.
    """
    recorder = _targets[-1] if _targets else own
    for location in locations:
        more = {} if recorder is None else recorder.fields(location)
        journal.append(
            location.root,
            "put",
            location.path,
            d=location.datasetType,
            id=identity(location),
            **more,
        )


def announce(root: str, run: str, line: Mapping[str, Any]) -> None:
    """Write the line of a run into a repository's journal; see `head`."""
    journal.append(root, "run", "", r=run, **line)


def identity(location: Location) -> Mapping[str, Any]:
    """Return the part of a data ID with the keys of the dataset type."""
    mapper = location.options.get("mapper")
    dataset = None if mapper is None else mapper.types.get(location.datasetType)
    data_id = location.dataId
    if dataset is None:
        return dict(data_id)
    return {key: data_id[key] for key in dataset.keys if key in data_id}


@functools.lru_cache(maxsize=4096)
def relative(root: str, output: str) -> str:
    """Return a directory relative to another one; absolute, if they have nothing in common."""
    real, other = os.path.realpath(root), os.path.realpath(output)
    return real if os.path.commonpath((real, other)) == os.sep else os.path.relpath(real, other)


def digest(path: str) -> str:
    """Return the SHA-256 digest of a file's content."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def head(
    task: str,
    command: str,
    versions: Mapping[str, str],
    config: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the line of a run, without its id.

    Parameters
    ----------
    task, command : `str`
        The task or script, and its command line.
    versions : mapping
        Package -> version; see `packages`.
    config : mapping, optional
        The description of the configuration; see `lines.Run`.

    Returns
    -------
    fields : `dict`
        The fields of the line.
    """
    line: dict[str, Any] = {"task": task, "cmd": command, "user": _user(os.geteuid())}
    if config:
        line["c"] = config
    if versions:
        text = "\n".join(f"{name}={version}" for name, version in sorted(versions.items()))
        line |= {"v": dict(versions), "vsha256": hashlib.sha256(text.encode()).hexdigest()}
    return line


def of_script(record: bool | str, thread: int | None = None) -> Recorder:
    """Return the recorder of a Butler in a script, which knows the program and its arguments.

    Parameters
    ----------
    record : `bool` or `str`
        The Butler's argument.
    thread : `int`, optional
        The thread of a block in which all datasets read count.

    Returns
    -------
    recorder : `Recorder`
        The recorder.

    Raises
    ------
    UnknownArgument
        If ``record`` is neither a boolean nor ``"digest"``.
    """
    if record not in (True, "digest"):
        raise UnknownArgument(f"record={record!r}: it is True, False or 'digest'")
    recorder = Recorder(new_run(), thread is not None, record == "digest", _script, thread)
    reads.listen(recorder)
    return recorder


def packages() -> Mapping[str, str]:
    """Return the versions of packages; empty if this package is used without being installed."""
    try:
        return installed.current()
    except ModuleNotFoundError:  # importlib.metadata.PackageNotFoundError is an ImportError
        return {}


def _script() -> dict[str, Any]:
    # Code typed at a prompt, or after -c, has no file name.
    has_file = sys.argv and sys.argv[0] not in ("", "-c", "-m")
    words = sys.argv if has_file else [sys.executable]
    return head(os.path.basename(words[0]), shlex.join(words), packages())


def new_run() -> str:
    """Return the id of a new run."""
    return uuid.uuid4().hex


def _user(number: int) -> str:
    import pwd  # not on Windows

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"


def contradicts(data_id: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Check whether two data IDs have different values for a key."""
    return any(key in other and other[key] != value for key, value in data_id.items())
