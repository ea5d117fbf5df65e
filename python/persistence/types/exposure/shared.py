"""Objects whose parts may be shared with other objects until they are replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# A function of a part's name and a function that creates it; returns a shared part, or a new one.
Share = Callable[[str, Callable[[], Any]], Any]


class Sharing:
    """A class whose instances can share parts; copies and unpickled instances do not."""

    _share: Share | None = None

    def share_through(self, share: Share) -> None:
        """Use a function for all parts from now on.

        Parameters
        ----------
        share : `Share`
            A function of a part's name and a function that creates it, which returns the part.
        """
        self._share = share

    def shared(self, name: str, make: Callable[[], Any]) -> Any:
        """Return a part, shared or new.

        Parameters
        ----------
        name : `str`
            The part's name.
        make : callable
            A function that creates it.

        Returns
        -------
        object
            The part.
        """
        return make() if self._share is None else self._share(name, make)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_share"}
