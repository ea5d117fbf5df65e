"""The differences between two mappings, one line per entry; nothing is omitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from persistence import notebook
from persistence.notebook import Html


class _Missing:
    """A placeholder for the value that one side lacks."""

    def __repr__(self) -> str:
        return "missing"


MISSING: Any = _Missing()


class Difference(NamedTuple):
    """One entry that differs.

    Attributes
    ----------
    name : `str`
        Its name.
    mine, theirs : object
        The values; ``MISSING`` where one side has none.
    """

    name: str
    mine: Any
    theirs: Any

    def __str__(self) -> str:
        return f"{self.name}: {self.mine!r} != {self.theirs!r}"


class Differences(tuple[Difference, ...]):
    """All entries that differ, by name; ``str`` has one line each, and is empty without any."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def __repr__(self) -> str:
        return str(self) or "no differences"

    def html(self, theirs: str = "the other") -> Html:
        """Return a table, as HTML; ``theirs`` is what the other side is called."""
        if not self:
            return notebook.escape("no differences")
        rows = [(notebook.tag("b", one.name), repr(one.mine), repr(one.theirs)) for one in self]
        return notebook.table(rows, ["entry", "this one", theirs])

    _repr_html_ = notebook.shows(html)


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Differences:
    """Return the differences between two mappings in types and values; NaN equals itself."""
    found = (
        Difference(name, mine.get(name, MISSING), theirs.get(name, MISSING))
        for name in sorted({*mine, *theirs})
    )
    return Differences(pair for pair in found if not _same(pair.mine, pair.theirs))


def _same(mine: Any, theirs: Any) -> bool:
    return (type(mine) is type(theirs) and bool(mine == theirs)) or repr(mine) == repr(theirs)
