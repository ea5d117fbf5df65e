"""An archive that grows in a workspace, and goes on after a kill where it was."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from persistence.errors import RepositoryError
from persistence.files import durable, groups, marks, mirrors
from persistence.keep import archive_layout, digests, manifest
from persistence.keep.archive_layout import NS, Form, Member, Slot
from persistence.keep.manifest import Line, Manifest

_CHUNK = 1 << 20
_BLOCK = 512  # bytes: the unit of st_blocks. Source: man 3type stat
_LARGEST = len("4294967295")  # of a sum of 32 bits, as text
Track = Callable[[Sequence[Any]], Iterable[Any]]


class Source(NamedTuple):
    """A file that becomes a member, with the dataset type and the data ID for the manifest."""

    path: str
    member: Member
    datasetType: str = ""
    dataId: Mapping[str, Any] = {}


def member_of(path: str, name: str) -> Member:
    """Return a file as the member of an archive."""
    status = mirrors.stat(path)
    return Member(name, status.st_size, status.st_mtime_ns, stat.S_IMODE(status.st_mode) & 0o777)


class Archive:
    """The archive that grows in a workspace; where each byte of it belongs is known before."""

    def __init__(self, form: Form, workspace: str, sources: Sequence[Source]) -> None:
        self.path = os.path.join(workspace, "archive")
        self._form = form
        # Whole seconds: all of the manifest but its sums is as long in the next run after a kill.
        self._now = float(int(manifest.now()))
        self._notes = Manifest(workspace)  # what a killed run has written
        has_calibrations = any(_tree_of(source.member.name) for source in sources)
        self._trees = ("", marks.CALIB) if has_calibrations else ("",)
        written = int(self._now) * NS
        reserved = [
            Member(os.path.join(tree, manifest.FILE), self._room(tree, sources), written, 0o644)
            for tree in self._trees
        ]
        members = [*reserved, *(source.member for source in sources)]
        self.slots, self._end = archive_layout.layout(form, members)
        self._sources = list(zip(sources, self.slots[len(reserved) :], strict=True))
        self._checksums: dict[str, int] = {}

    def size(self) -> int:
        """Return the size of the whole archive."""
        return self._end + len(self._form.end(self.slots, [0] * len(self.slots), self._end))

    def _room(self, tree: str, sources: Sequence[Source]) -> int:
        """Return how long the manifest of a tree may become: only its sums are not known."""
        length = 0
        for source in sources:
            if _tree_of(source.member.name) == tree:
                sums = digests.count_hdus(source.path)
                text = self._line(source, "0" * 64, [10 ** (_LARGEST - 1)] * sums).text()
                length += len(text.encode()) + 1
        return length

    def _line(self, source: Source, sha256: str, sums: Sequence[int]) -> Line:
        member = source.member
        digest = digests.Digest(member.size, member.mtime, sha256, tuple(sums))
        name = member.name.removeprefix(f"{marks.CALIB}/") if _tree_of(member.name) else member.name
        return Line(name, digest, self._now, source.datasetType, source.dataId)

    def write(self, track: Track) -> int:
        """Write all that is not there yet, and return how many datasets were."""
        written, present = dict[str, Line](), 0
        with open(self.path, "ab"):
            groups.give(self.path, groups.of(self.path))
        stream = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._refuse_lack_of_room()
            os.truncate(stream, self._end)
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                try:
                    act = functools.partial(self._add, stream)
                    tracked = zip(track(self._sources), pool.map(act, self._sources), strict=True)
                    for (source, _slot), (line, was_there) in tracked:
                        written[source.member.name] = line
                        present += was_there and bool(source.datasetType)
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
            for tree, slot in zip(self._trees, self.slots, strict=False):
                lines = [line for name, line in written.items() if _tree_of(name) == tree]
                text = manifest.text_of(lines).encode()
                content = text + b"\n" * (slot.member.size - len(text))
                self._head(stream, slot, self._form.checksum(content, 0))
                _write(stream, content, slot.data)
            checksums = [self._checksums[slot.member.name] for slot in self.slots]
            _write(stream, self._form.end(self.slots, checksums, self._end), self._end)
        finally:
            os.close(stream)
        durable.flush_file(self.path)
        return present

    def _refuse_lack_of_room(self) -> None:
        folder = os.path.dirname(self.path)
        need = self._end - os.stat(self.path).st_blocks * _BLOCK
        free = shutil.disk_usage(folder).free
        if need > free:
            raise RepositoryError(
                f"no room for {self._end} bytes in {os.path.dirname(folder)}: {free} are free"
            )

    def _add(self, stream: int, job: tuple[Source, Slot]) -> tuple[Line, bool]:
        """Write a member, unless it is there; return its line, and whether it was there."""
        source, slot = job
        before = self._notes.lines.get(source.member.name)
        if before is not None and self._is_there(stream, source, slot, before):
            return self._line(source, before.digest.sha256, before.digest.datasums), True
        checksum = 0

        def put(chunk: memoryview, position: int) -> None:
            nonlocal checksum
            if position + len(chunk) > slot.member.size:
                raise digests.ChangedError(f"{source.path} grows while it is bundled")
            checksum = self._form.checksum(chunk, checksum)
            _write(stream, chunk, slot.data + position)

        digest = digests.digest_into(source.path, put)
        if (digest.size, digest.mtime) != (slot.member.size, slot.member.mtime):
            raise digests.ChangedError(f"{source.path} was written while it was bundled")
        self._head(stream, slot, checksum)
        line = self._line(source, digest.sha256, digest.datasums)
        self._notes.note([line._replace(path=source.member.name)])
        return line, False

    def _is_there(self, stream: int, source: Source, slot: Slot, before: Line) -> bool:
        """Return whether a killed run has written a member; if so, write its header anew."""
        if before.digest[:2] != (source.member.size, source.member.mtime):
            return False
        sha, checksum = hashlib.sha256(), 0
        for position in range(0, slot.member.size, _CHUNK):
            size = min(_CHUNK, slot.member.size - position)
            chunk = os.pread(stream, size, slot.data + position)
            sha.update(chunk)
            checksum = self._form.checksum(chunk, checksum)
        if sha.hexdigest() != before.digest.sha256:
            return False
        self._head(stream, slot, checksum)
        return True

    def _head(self, stream: int, slot: Slot, checksum: int) -> None:
        _write(stream, self._form.header(slot.member, checksum), slot.header)
        padding = self._form.padding(slot.member.size)
        _write(stream, bytes(padding), slot.data + slot.member.size)
        self._checksums[slot.member.name] = checksum


def _tree_of(name: str) -> str:
    """Return the tree of a member: that of calibrations, or the repository's own (empty)."""
    return marks.CALIB if name.startswith(f"{marks.CALIB}/") else ""


def _write(stream: int, content: bytes | memoryview, position: int) -> None:
    """Write all of something: one call may write less."""
    view = memoryview(content)
    while view:
        count = os.pwrite(stream, view, position)
        view, position = view[count:], position + count
