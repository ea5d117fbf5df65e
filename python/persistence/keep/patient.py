"""A tree that is examined: one look at its files, and a Butler on each repository in it."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from persistence.butler.butler import Butler
from persistence.butler.repository import Repository
from persistence.errors import PersistenceError
from persistence.files import marks
from persistence.keep.moved import Moved
from persistence.keep.survey import CALIBRATIONS, Survey


@dataclass
class Patient:
    """The tree under examination, as the checks see it.

    Attributes
    ----------
    survey : `Survey`
        What is in the tree.
    moved : `Moved`
        Where moved things are.
    arguments : mapping
        Arguments of `Butler`: the camera of repositories that name none.
    """

    survey: Survey
    moved: Moved
    arguments: Mapping[str, Any] = field(default_factory=dict)
    _opened: dict[str, Butler | PersistenceError] = field(default_factory=dict)
    _calibrated: dict[str, Butler] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """The tree, with all links resolved."""
        return self.survey.root

    def is_inside(self, path: str) -> bool:
        """Return whether a path is in the tree, with all links resolved."""
        real = os.path.realpath(path)
        return real == self.root or real.startswith(f"{self.root}/")

    def opened(self) -> Iterator[tuple[str, Butler | PersistenceError]]:
        """Yield each repository in the tree, with a Butler on it, or the error of opening it."""
        for path in self.survey.repositories():
            if path not in self._opened:
                try:
                    # What it warns of, such as calibrations that were moved, is a finding.
                    with self.silent():
                        self._opened[path] = Butler(path, **self.arguments)
                except PersistenceError as error:
                    self._opened[path] = error
            yield path, self._opened[path]

    def repositories(self) -> Iterator[tuple[Butler, Repository]]:
        """Yield the repositories that can be opened, each with a Butler on it."""
        for path, butler in self.opened():
            if isinstance(butler, Butler):
                for repository in butler.chain.inputs:
                    if os.path.realpath(repository.root) == path:
                        yield butler, repository

    def calibrations(self) -> Iterator[tuple[str, Repository]]:
        """Yield the calibration roots in the tree, each with a repository that uses it.

        Which ones a Butler uses is often only said when it is opened (``calibRoot``): then it is
        the repository around it.
        """
        users = {
            os.path.realpath(repository.calibrations.root): repository
            for _butler, repository in self.repositories()
            if repository.calibrations.registry is not None
        }
        for tree in self.survey.trees:
            if tree in users:
                yield tree, users[tree]
            elif os.path.isfile(os.path.join(tree, CALIBRATIONS)):
                above = marks.nearest(os.path.dirname(tree))
                if above in dict(self.opened()):
                    yield from ((tree, each) for each in self._around(tree, above))

    def _around(self, tree: str, above: str) -> Iterator[Repository]:
        """Yield the repository around a calibration root, opened with it."""
        if tree not in self._calibrated:
            with self.silent(), contextlib.suppress(PersistenceError):  # it is a finding itself
                self._calibrated[tree] = Butler(above, **{**self.arguments, "calibRoot": tree})
        if tree in self._calibrated:
            yield self._calibrated[tree].chain.inputs[0]

    def close(self) -> None:
        """Close the registries, which a fix may need for itself."""
        for _tree, repository in self.calibrations():
            if repository.calibrations.registry is not None:
                repository.calibrations.registry.close()
        for _butler, repository in self.repositories():
            repository.registry.close()

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Hide warnings in the block: their causes are reported as findings."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
