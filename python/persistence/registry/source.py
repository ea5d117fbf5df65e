"""The registry of a repository: its own or a parent's, which may be created later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from persistence.registry import kinds
from persistence.registry.contract import Registry


class Source:
    """The registry that is used for a directory.

    A directory without a registry looks for one at each query, so that it uses the first one that
    is created; a directory with one keeps it.

    Parameters
    ----------
    root : `str`
        The directory.
    arguments : mapping, optional
        A mapper's arguments; see `kinds.path_of`.
    name : `str`, optional
        ``registry`` for images, ``calibRegistry`` for calibrations.
    parents : sequence of `Source`, optional
        The sources that are used, in order, if the directory has no registry.
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
        """Return the source of the registry: this one or a parent; None if there is none.

        Parameters
        ----------
        known : `dict` [`Source`, `Source` or `None`] or `None`, optional
            Results cached during one query: in a chain without registries, each repository would
            otherwise search all its parents.
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
