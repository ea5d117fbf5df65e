"""The dataset types that a repository knows.

Its camera's, those that its own files define, and its relatives'.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from persistence.cameras.mapper import Mapper
from persistence.policy import in_repository, load
from persistence.policy import refuse_code as foreign
from persistence.policy.dataset_type import DatasetType
from persistence.policy.in_repository import Definition


class Vocabulary:
    """What a repository's mapper knows, and who said it.

    Parameters
    ----------
    root : `str`
        The repository.
    mapper : `Mapper`
        The camera's mapper.
    trust : collection of `str`
        Dotted names of what the repository's definitions may have called.

    Attributes
    ----------
    mapper : `Mapper`
        The camera's mapper, with all that is defined besides.
    definitions : `tuple` [`Definition`]
        The repository's own.
    learned : mapping [`str`, `Definition`]
        Those of the other repositories of a chain, by dataset type.
    """

    def __init__(self, root: str, mapper: Mapper, trust: Collection[str]) -> None:
        self.definitions = in_repository.read(root)
        self.learned: dict[str, Definition] = {}
        self.mapper: Mapper = mapper.extended(self.definitions) if self.definitions else mapper
        self._root = root
        self._trust = trust
        # Who made them is not known; what they have called is refused when it would be.
        self._brought = self.definitions
        self._vouched: set[str] = set()

    def define(self, definition: Definition) -> None:
        """Lay a definition made by this process over those of the camera and the repository."""
        self.definitions = (*self.definitions, definition)
        for name in in_repository.names(definition):
            self.learned.pop(name, None)
        self.mapper = self.mapper.extended((definition,))

    def learn(self, found: Iterable[tuple[Definition, bool]]) -> bool:
        """Add other repositories' definitions of what is unknown here; return whether any were.

        With each goes whether nobody knows who made it: see `brings`.
        """
        new: dict[str, Definition] = {}
        for whole, brought in found:
            for name, definition in in_repository.each(whole).items():
                if name not in self.mapper.types and name not in new:
                    new[name] = definition
                    self._brought = (*self._brought, definition) if brought else self._brought
        if new:
            self.learned.update(new)
            self.mapper = self.mapper.extended(tuple(new.values()))
        return bool(new)

    def vouch(self, name: str) -> None:
        """Let a definition of the repository count as this process's own: it makes the same."""
        self._vouched.add(name)

    def brings(self, definition: Definition) -> bool:
        """Say whether nobody knows who made a definition."""
        return definition in self._brought

    def refuse_code(self, dataset: DatasetType, *called: str) -> None:
        """Refuse to assemble or disassemble by code named in the repository's own definitions.

        Parameters
        ----------
        dataset : `DatasetType`
            The composite.
        *called : `str`
            The keys of it that name what is called: ``assembler`` and ``python``, or
            ``disassembler``.

        Raises
        ------
        UnsafeContent
            If they name any that nobody trusts.
        """
        if self._brought:
            own = load.keys_said(self.mapper.policy, self._brought, dataset, self._vouched)
            foreign.refuse_dataset(dataset, own, called, self._root, self._trust)
