"""The registry of a repository: its own or a parent's, also one that is made later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from persistence.registry import kinds
from persistence.registry.contract import Registry


class Source:
    """Finds the registry that answers for a directory.

    What has no registry looks for one at each question, so that it has the first one that is made;
    what has one keeps it.

    Parameters
    ----------
    root : `str`
        The directory.
    arguments : mapping
        A mapper's arguments; see `kinds.path_of`.
    name : `str`
        ``registry`` for images, ``calibRegistry`` for calibrations.
    parents : sequence of `Source`
        Those whose registries answer if the directory has none, in order.
    """

    def __init__(
        self,
        root: str,
        arguments: Mapping[str, Any] = {},
        name: str = "registry",
        parents: Sequence[Source] = (),
    ) -> None:
        self.root = root
        self._name = name
        self._parents = parents
        self._own = kinds.open_registry(root, arguments, name)
        self._owner: Source | None = None

    def find(self) -> Registry | None:
        """Return the registry; None as long as there is none."""
        owner = self.owner()
        return None if owner is None else owner._own

    def owner(self, known: dict[Source, Source | None] | None = None) -> Source | None:
        """Return whose registry it is: this directory's, or a parent's; None if there is none.

        Parameters
        ----------
        known : `dict` [`Source`, `Source` or None], optional
            What was found while the same question was answered, and is not looked for again: of a
            chain without a registry, each repository would ask all that are behind it.
        """
        if self._owner is None:
            known = {} if known is None else known
            if self not in known:
                known[self] = self._owner = self._look(known)
            return known[self]
        return self._owner

    def _look(self, known: dict[Source, Source | None]) -> Source | None:
        if self._own is None and kinds.appeared(self.root, self._name):
            self._own = kinds.open_registry(self.root, {}, self._name)
        if self._own is not None:
            return self
        owners = (parent.owner(known) for parent in self._parents)
        return next((owner for owner in owners if owner is not None), None)
