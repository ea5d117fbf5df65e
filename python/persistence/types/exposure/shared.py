"""Objects whose parts may be those of other objects, as long as nobody replaces them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Given the name of a part and what makes it, gives the part: one that somebody else has, or a new
# one.
Share = Callable[[str, Callable[[], Any]], Any]


class Sharing:
    """What can be told by whom its parts are shared; a copy of it, or a pickle, is told nothing."""

    _share: Share | None = None

    def share_through(self, share: Share) -> None:
        """Ask ``share`` for parts from now on, before they are made."""
        self._share = share

    def shared(self, name: str, make: Callable[[], Any]) -> Any:
        """Give a part."""
        return make() if self._share is None else self._share(name, make)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_share"}
