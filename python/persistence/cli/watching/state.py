"""What was run for which data, so that nothing is run twice, whoever is killed when."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from persistence.dataids import dataid
from persistence.errors import UsageError
from persistence.files import temporaries

# The stages of a data ID. Known: it was there before, and nothing is to be run for it. Begun, and
# no more: the command was cut off. Refused: a value cannot be a word of a command.
KNOWN, BEGUN, DONE, FAILED, REFUSED = "known", "begun", "done", "failed", "refused"
# The values of --retry -> the stages that are repeated.
RETRIED: Mapping[str, tuple[str, ...]] = {
    "cut": (BEGUN,),
    "failed": (FAILED, REFUSED),
    "all": (BEGUN, FAILED, REFUSED),
}
_VERSION = 1


def default_path(root: str, *parts: str) -> str:
    """Return the default path of the state of a watch.

    Parameters
    ----------
    root : `str`
        The repository.
    *parts : `str`
        What distinguishes watches: the dataset type, the data IDs, the command.

    Returns
    -------
    path : `str`
        The path.

    Notes
    -----
    It is in the directory for the state of programs (XDG Base Directory Specification), not in that
    for caches: emptying a cache may cost time, but must not run anything twice.
    """
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/.local/state")
    real = os.path.realpath(root)
    digest = hashlib.blake2b(json.dumps([real, *parts]).encode(), digest_size=6).hexdigest()
    name = f"{os.path.basename(real)[:100]}-{digest}.jsonl"
    return os.path.join(base, "persistence", "watch", name)


def key(data_id: Mapping[str, Any]) -> str:
    """Return the text by which a data ID is known."""
    return json.dumps({name: dataid.plain(data_id[name]) for name in sorted(data_id)})


def records(path: str) -> Iterator[dict[str, Any]]:
    """Yield the records of a state, oldest first, without a truncated last one.

    Raises
    ------
    UsageError
        If the file is not a state, or of another version.
    """
    with open(path, encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream):
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if not number and (not isinstance(record, dict) or record.get("watch") != _VERSION):
                raise UsageError(f"{path} is not a state that this version of `watch` wrote")
            if isinstance(record, dict):
                yield record


def stages(path: str) -> dict[str, str]:
    """Return the stage of each data ID of a state, by its text; see `key`."""
    return {key(record["id"]): _stage(record) for record in records(path) if "id" in record}


def rows(path: str) -> list[dict[str, Any]]:
    """Return the last record of each data ID, for people: how it ended, and when it began."""
    by_id: dict[str, dict[str, Any]] = {}
    for record in records(path):
        if "id" in record:
            text = key(record["id"])
            began = record.get("time") or by_id.get(text, {}).get("time")
            by_id[text] = {
                **record["id"],
                "stage": _stage(record),
                "status": record.get("status"),
                "time": began,
            }
    return list(by_id.values())


class State:
    """The records of a watch: a file to which lines are appended, each of them JSON.

    Only one process uses it at a time. Commands inherit the open file, and its lock: after a watch
    was killed, the next one waits until its commands have ended.

    Parameters
    ----------
    path : `str`
        The file; it and its directory are created if missing.
    what : mapping
        A description of the watch, for readers of the file; another dataset type than before is an
        error.
    tell : callable
        Called with a message when the process has to wait.

    Attributes
    ----------
    path : `str`
        The file.
    descriptor : `int`
        The open file.
    stages : `dict`
        The stage of each data ID, by its text; see `key`.
    is_new : `bool`
        Whether no watch with it was ever `ready`.

    Raises
    ------
    UsageError
        If another watch uses the file, or it is not a state.
    OSError
        If it cannot be created or read.
    """

    def __init__(
        self, path: str, fields: Mapping[str, Any], tell: Callable[[str], None] = lambda text: None
    ) -> None:
        self.path = os.path.abspath(path)
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._lock(tell)
            if not os.fstat(self.descriptor).st_size:
                self._append({"watch": _VERSION, **fields})
            self.stages: dict[str, str]
            self._read(fields)
            self._append({"process": os.getpid(), "host": temporaries.HOST, "time": _now()})
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Release the file."""
        os.close(self.descriptor)

    def _lock(self, tell: Callable[[str], None]) -> None:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owners = [record for record in records(self.path) if "process" in record]
            process, host = (owners[-1]["process"], owners[-1]["host"]) if owners else (0, "")
            if host != temporaries.HOST or temporaries.is_alive(process):
                raise UsageError(
                    f"another watch, process {process} on {host}, uses {self.path}: end it, or "
                    "pass another file with --state"
                ) from None
            tell(
                f"commands of an earlier watch, which was killed, still run: waiting ({self.path})"
            )
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def _read(self, fields: Mapping[str, Any]) -> None:
        self.stages, self.is_new = {}, True
        for record in records(self.path):
            if "id" in record:
                self.stages[key(record["id"])] = _stage(record)
            self.is_new = self.is_new and "ready" not in record
            if "watch" in record and record.get("type") != fields.get("type"):
                raise UsageError(
                    f"{self.path} is the state of a watch for {record.get('type')}, not for "
                    f"{fields.get('type')}"
                )
        with open(self.path, "rb") as stream:
            stream.seek(-1, os.SEEK_END)
            if stream.read() != b"\n":  # a kill cut the last line in two
                os.write(self.descriptor, b"\n")

    def ready(self, data_ids: Iterable[Mapping[str, Any]]) -> None:
        """Record that nothing is to be run for these data; from now on the state is not new."""
        self._put(KNOWN, data_ids)
        self._append({"ready": _now()})

    def begun(self, data_id: Mapping[str, Any]) -> None:
        """Record, and force to the disk, that a command is about to start."""
        self._put(BEGUN, [data_id])

    def refused(self, data_id: Mapping[str, Any], reason: str) -> None:
        """Record that there is no command for some data."""
        self._put(REFUSED, [data_id], reason=reason)

    def ended(self, data_id: Mapping[str, Any], status: int | None) -> None:
        """Store the status of a command in memory; it is already recorded, see `ending`.

        A command that was killed by a signal has no status.
        """
        if status is not None:
            self.stages[key(data_id)] = DONE if status == 0 else FAILED

    def ending(self, data_id: Mapping[str, Any]) -> tuple[str, str]:
        """Return the text before and after the exit status that is appended at the end."""
        text = json.dumps({"id": data_id, "stage": "ended", "status": 0}, default=dataid.plain)
        before, _, after = text.rpartition("0")
        return before, after

    def retry(self, which: str) -> None:
        """Remove the records of commands that failed, or were interrupted: they are repeated."""
        again = RETRIED[which]
        self.stages = {text: stage for text, stage in self.stages.items() if stage not in again}

    def _put(self, stage: str, data_ids: Iterable[Mapping[str, Any]], **more: Any) -> None:
        every = list(data_ids)
        self._append(*({"id": line, "stage": stage, "time": _now(), **more} for line in every))
        self.stages.update(dict.fromkeys(map(key, every), stage))

    def _append(self, *lines: Mapping[str, Any]) -> None:
        text = "".join(f"{json.dumps(line, default=dataid.plain)}\n" for line in lines)
        whole = text.encode()
        while whole:
            whole = whole[os.write(self.descriptor, whole) :]
        os.fsync(self.descriptor)


def _stage(record: Mapping[str, Any]) -> str:
    if record["stage"] == "ended":
        return FAILED if record["status"] else DONE
    return str(record["stage"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
