"""Dataset types, and stages, defined while a Butler is in use and recorded in its outputs."""

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
    """Defines dataset types in the repositories of a chain.

    Parameters
    ----------
    chain : `Chain`
        The repositories. Those that are written to learn of a dataset type for good; if there is
        none, all do, as long as the Butler lives.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def define(self, name: str, section: str, keys: Mapping[str, Any]) -> Chain:
        """Define a dataset type, and return a chain that knows it; see `Butler.defineDataset`."""
        keys = {key: _dotted(value) for key, value in keys.items()}
        learning = self._chain.outputs or self._chain.inputs
        made = [(one, in_repository.make(one.root, name, section, keys)) for one in learning]
        for kind in ("assembler", "disassembler"):
            if keys.get(kind) is not None:
                # only composites need it, and it is slow to import
                from persistence.policy.signatures import form_of

                form_of(kind, do_import(stands_for(str(keys[kind])), name), name)
        bare = name.partition("(")[0]
        whole = _evaluated(made[0][0], made[0][1], bare)
        meant = load.anew(whole, bare)  # what it leaves out is no agreement
        for repository in dict.fromkeys((*self._chain.inputs, *self._chain.outputs)):
            if bare in repository.mapper.types:
                in_repository.refuse_other(bare, repository.mapper.types[bare], meant)
                repository.vocabulary.vouch(bare)
        for other in load.needed(whole, bare):
            self.adopt(other)
        return self._teach(
            [
                (one, new)
                for one, new in made
                if bare in one.vocabulary.learned or bare not in one.mapper.types
            ]
        )

    def spread(self) -> Chain:
        """Let every repository know what any of them defines, the first first.

        Gives a chain that knows it.
        """
        every = dict.fromkeys((*self._chain.inputs, *self._chain.outputs))
        found = [
            (definition, one.vocabulary.brings(definition))
            for one in every
            for definition in one.vocabulary.definitions
        ]
        for repository in every if found else ():
            repository.learn(found)
        return self._chain.renewed()

    def adopt(self, name: str) -> None:
        """Record a dataset type of another repository in the outputs that are about to hold it.

        With it go those that it needs: an output can be opened without the other repository.
        """
        learned = [
            (one, one.vocabulary.learned[name])
            for one in self._chain.outputs
            if name in one.vocabulary.learned
        ]
        for repository, definition in learned:
            for one in in_repository.names(definition):
                for other in load.needed(repository.mapper.policy, one):
                    if other not in in_repository.names(definition):
                        self.adopt(other)
        if learned:
            self._teach(
                [
                    (one, in_repository.moved(definition, name, one.root))
                    for one, definition in learned
                ]
            )

    def stage(self, name: str, stage: str) -> Chain:
        """Let a plain name stand for a stage of it; see `Butler.defineStage`."""
        for repository in self._chain.outputs or self._chain.inputs:
            staged = f"{name}:{stage}"
            known = {
                *repository.mapper.types,
                *(key for one in self._chain.inputs for key in one.mapper.types),
            }
            if staged not in known:
                raise UnknownDatasetType(staged, known, f"The policy of {repository.root}")
            stages = {**repository.mapper.policy.settings.get("stages", {}), name: stage}
            self._teach([(repository, in_repository.stage(repository.root, stages))], replace=True)
        return self._chain.renewed()

    def _teach(self, learning: list[tuple[Repository, Definition]], replace: bool = False) -> Chain:
        if learning and self._chain.outputs:
            for repository, _definition in learning:
                write.refuse(repository)
            self._chain.settle()
            for _repository, definition in learning:
                in_repository.record(definition, replace)
        for repository, definition in learning:
            repository.define(definition)
        return self.spread()


def _evaluated(repository: Repository, definition: Definition, name: str) -> CameraPolicy:
    """Give what a repository's policy would be with a definition of a dataset type."""
    shown = Definition(f"<defineDataset({name})>", definition.text)
    return load.extended(repository.mapper.policy, (shown,))


def _dotted(value: Any) -> Any:
    """Give the dotted name of a class or function, by which other processes will find it."""
    if not callable(value):
        return value
    name = f"{value.__module__}.{value.__qualname__}"
    if "<" in name or value.__module__ == "__main__":
        raise PolicyError(
            f"{name} cannot be found by other processes: define it in a module, outside any "
            "function"
        )
    return name
