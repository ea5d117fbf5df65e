"""Who is told of what is read, and for how long."""

from __future__ import annotations

import gc

from persistence.composites import reads
from persistence.dataids.location import Location

HERE = Location("/repo", "a.fits", None, "FitsStorage", None, "raw", {"visit": 1})


class Listener:
    def __init__(self) -> None:
        self.heard: list[Location] = []

    def note(self, location: Location) -> None:
        self.heard.append(location)


def test_each_listener_is_told_until_it_ends() -> None:
    one, other = Listener(), Listener()
    reads.listen(one)
    reads.note(HERE)
    reads.listen(other)
    reads.note(HERE)
    reads.ignore(one)
    reads.ignore(one)
    reads.note(HERE)
    assert (one.heard, other.heard) == ([HERE] * 2, [HERE] * 2)


def test_a_listener_that_is_forgotten_is_told_no_more() -> None:
    before = len(reads._listeners)
    listener = Listener()
    reads.listen(listener)
    assert len(reads._listeners) == before + 1
    del listener
    gc.collect()
    reads.note(HERE)
    assert len(reads._listeners) == before
