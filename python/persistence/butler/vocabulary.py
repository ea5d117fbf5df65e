"""The dataset types of a repository: of its camera, of its own files, and of other repositories."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from persistence.cameras.mapper import Mapper
from persistence.policy import in_repository, load
from persistence.policy import refuse_code as foreign
from persistence.policy.dataset_type import DatasetType
from persistence.policy.in_repository import Definition


class Vocabulary:
    """The dataset types that a repository's mapper knows, and where they were defined.

    Parameters
    ----------
    root : `str`
        The repository.
    mapper : `Mapper`
        The camera's mapper.
    trust : collection of `str`
        Dotted names of callables that the repository's definitions may name.

    Attributes
    ----------
    mapper : `Mapper`
        The camera's mapper, with all further definitions.
    definitions : `tuple` [`Definition`]
        The repository's own.
    registered : mapping [`str`, `Definition`]
        Those of other repositories of the chain, by dataset type.
    """

    def __init__(self, root: str, mapper: Mapper, trust: Collection[str]) -> None:
        self.definitions = in_repository.read(root)
        self.registered: dict[str, Definition] = {}
        self.mapper: Mapper = mapper.extended(self.definitions) if self.definitions else mapper
        self._root = root
        self._trust = trust
        # Their authors are unknown: callables that they name are refused when they would be called.
        self._foreign = self.definitions
        self._own: set[str] = set()

    def define(self, definition: Definition) -> None:
        """Add a definition made by this process to those of the camera and the repository."""
        self.definitions = (*self.definitions, definition)
        for name in in_repository.names(definition):
            self.registered.pop(name, None)
        self.mapper = self.mapper.extended((definition,))

    def register(self, definitions: Iterable[tuple[Definition, bool]]) -> bool:
        """Add definitions of other repositories for unknown types; return whether any were added.

        Each definition comes with whether its author is unknown; see `is_foreign`.
        """
        new: dict[str, Definition] = {}
        for whole, is_foreign in definitions:
            for name, definition in in_repository.each(whole).items():
                if name not in self.mapper.types and name not in new:
                    new[name] = definition
                    self._foreign = (*self._foreign, definition) if is_foreign else self._foreign
        if new:
            self.registered.update(new)
            self.mapper = self.mapper.extended(tuple(new.values()))
        return bool(new)

    def mark_own(self, name: str) -> None:
        """Treat a definition of the repository as this process's own: both are the same."""
        self._own.add(name)

    def is_foreign(self, definition: Definition) -> bool:
        """Return whether the author of a definition is unknown."""
        return definition in self._foreign

    def refuse_code(self, dataset: DatasetType, *called: str) -> None:
        """Raise an error if the repository's own definitions name untrusted code.

        Parameters
        ----------
        dataset : `DatasetType`
            The composite.
        *called : `str`
            Its keys that name callables: ``assembler`` and ``python``, or ``disassembler``.

        Raises
        ------
        UnsafeContent
            If they name a callable that is not trusted.
        """
        if self._foreign:
            own = load.keys_said(self.mapper.policy, self._foreign, dataset, self._own)
            foreign.refuse_dataset(dataset, own, called, self._root, self._trust)
