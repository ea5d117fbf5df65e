"""Where each byte of an archive belongs: sizes are known before anything is written.

So a killed run goes on wherever it was, and several members can be written at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

NS = 1_000_000_000


class Member(NamedTuple):
    """A file in an archive.

    Attributes
    ----------
    name : `str`
        Its relative path.
    size : `int`
        Its number of bytes.
    mtime : `int`
        Its modification time, in ns since 1970.
    mode : `int`
        Its permissions.
    """

    name: str
    size: int
    mtime: int
    mode: int


class Slot(NamedTuple):
    """A member with the positions of its header and of its data, in bytes."""

    member: Member
    header: int
    data: int


class Form(Protocol):
    """A form of archives: the bytes around their members."""

    def checksum(self, chunk: memoryview | bytes, before: int) -> int:
        """Return the checksum that a header needs, continued."""

    def header(self, member: Member, checksum: int) -> bytes:
        """Return what precedes the data of a member; its length does not depend on the checksum."""

    def padding(self, size: int) -> int:
        """Return how many zeros follow so many bytes of data."""

    def end(self, slots: Sequence[Slot], checksums: Sequence[int], position: int) -> bytes:
        """Return what follows the last member."""


def layout(form: Form, members: Sequence[Member]) -> tuple[list[Slot], int]:
    """Return where all members are, and where the last one ends.

    Parameters
    ----------
    form : `Form`
        The form of the archive.
    members : sequence of `Member`
        The members, in order.
    """
    slots, position = [], 0
    for member in members:
        data = position + len(form.header(member, 0))
        slots.append(Slot(member, position, data))
        position = data + member.size + form.padding(member.size)
    return slots, position
