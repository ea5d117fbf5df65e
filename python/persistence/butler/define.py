"""Define dataset types and stages while a Butler is in use, and record them in its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.butler import write
from persistence.butler.chain import Chain
from persistence.butler.repository import Repository
from persistence.composites.assemble import do_import
from persistence.errors import PolicyError, UnknownDatasetType
from persistence.policy import in_repository, load
from persistence.policy.in_repository import Definition
from persistence.policy.load import CameraPolicy
from persistence.policy.stand_ins import stands_for


class Definer:
    """Define dataset types in the repositories of a chain.

    Parameters
    ----------
    chain : `Chain`
        The repositories. Definitions are recorded in the outputs; without outputs, they hold for
        all repositories as long as the Butler exists.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def define(self, name: str, section: str, keys: Mapping[str, Any]) -> Chain:
        """Define a dataset type, and return a chain that knows it; see `Butler.defineDataset`."""
        keys = {key: _dotted(value) for key, value in keys.items()}
        targets = self._chain.outputs or self._chain.inputs
        definitions = [
            (target, in_repository.make(target.root, name, section, keys)) for target in targets
        ]
        for kind in ("assembler", "disassembler"):
            if keys.get(kind) is not None:
                # lazy: only needed for composites, and slow to import
                from persistence.policy.signatures import form_of

                form_of(kind, do_import(stands_for(str(keys[kind])), name), name)
        bare = name.partition("(")[0]
        whole = _evaluated(definitions[0][0], definitions[0][1], bare)
        # omitted keys have their defaults here, not the values of an earlier definition
        meant = load.anew(whole, bare)
        for repository in self._chain.every:
            if bare in repository.mapper.types:
                in_repository.refuse_other(bare, repository.mapper.types[bare], meant)
                repository.vocabulary.mark_own(bare)
        for other in load.needed(whole, bare):
            self.register_in_outputs(other)
        return self._register(
            [
                (target, new)
                for target, new in definitions
                if bare in target.vocabulary.registered or bare not in target.mapper.types
            ]
        )

    def register_all(self) -> Chain:
        """Register the definitions of each repository in all others, the first definition first.

        Returns
        -------
        chain : `Chain`
            The chain that knows them.
        """
        every = self._chain.every
        matching = [
            (definition, one.vocabulary.is_foreign(definition))
            for one in every
            for definition in one.vocabulary.definitions
        ]
        for repository in every if matching else ():
            repository.register(matching)
        return self._chain.renewed()

    def register_in_outputs(self, name: str) -> None:
        """Record a dataset type of another repository in the outputs that are about to hold it.

        The dataset types that it depends on are recorded, too: an output can then be opened without
        the other repository.
        """
        registered = [
            (one, one.vocabulary.registered[name])
            for one in self._chain.outputs
            if name in one.vocabulary.registered
        ]
        for repository, definition in registered:
            for one in in_repository.names(definition):
                for other in load.needed(repository.mapper.policy, one):
                    if other not in in_repository.names(definition):
                        self.register_in_outputs(other)
        if registered:
            self._register(
                [
                    (one, in_repository.moved(definition, name, one.root))
                    for one, definition in registered
                ]
            )

    def stage(self, name: str, stage: str) -> Chain:
        """Define which stage a plain name refers to; see `Butler.defineStage`."""
        for repository in self._chain.outputs or self._chain.inputs:
            staged = f"{name}:{stage}"
            known = {
                *repository.mapper.types,
                *(key for one in self._chain.inputs for key in one.mapper.types),
            }
            if staged not in known:
                raise UnknownDatasetType(staged, known, f"The policy of {repository.root}")
            stages = {**repository.mapper.policy.settings.get("stages", {}), name: stage}
            self._register(
                [(repository, in_repository.stage(repository.root, stages))], replace=True
            )
        return self._chain.renewed()

    def _register(
        self, targets: list[tuple[Repository, Definition]], replace: bool = False
    ) -> Chain:
        """Record definitions in the outputs, or in memory if there are none; return a new chain."""
        if targets and self._chain.outputs:
            for repository, _definition in targets:
                write.refuse(repository)
            self._chain.settle()
            for _repository, definition in targets:
                in_repository.record(definition, replace)
        for repository, definition in targets:
            repository.define(definition)
        return self.register_all()


def _evaluated(repository: Repository, definition: Definition, name: str) -> CameraPolicy:
    """Return the policy of a repository with the definition of a dataset type added."""
    shown = Definition(f"<defineDataset({name})>", definition.text)
    return load.extended(repository.mapper.policy, (shown,))


def _dotted(value: Any) -> Any:
    """Return the dotted name of a class or function, by which other processes can import it."""
    if not callable(value):
        return value
    name = f"{value.__module__}.{value.__qualname__}"
    if "<" in name or value.__module__ == "__main__":
        raise PolicyError(
            f"{name} cannot be found by other processes: define it in a module, outside any "
            "function"
        )
    return name
