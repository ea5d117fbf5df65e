"""What completion has to know of a repository.

Its dataset types, their keys, and where its registry is.

Opening a repository takes longer than a person waits for TAB. So it is opened once, and what counts
is kept (`persistence.cli.complete.memory`) until a file that says how the repository is set up, or
a policy, changes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from persistence.files import user_cache

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

# What tells a repository.
MARKS = ("repositoryCfg.yaml", "_mapper", "_parent")


class Outline(NamedTuple):
    """A chain of repositories in short.

    Attributes
    ----------
    types : mapping
        The keys of each dataset type.
    views : sequence of `str`
        The names of the views: ``calexp_md``.
    keys : sequence of `str`
        The keys that the cameras' policies know.
    aliases : mapping
        Other names of keys.
    values : mapping
        The values of those keys that are the same for every exposure.
    registries : sequence of `str`
        Where a registry may be; the first one that is there counts.
    templates : mapping
        How the files of each dataset type are called.
    listed : mapping
        Keys of dataset types that no registry has, but the names of their files.
    roots : sequence of `str`
        The repositories.
    """

    types: Mapping[str, list[str]]
    views: list[str]
    keys: list[str]
    aliases: Mapping[str, str]
    values: Mapping[str, list[str]]
    registries: list[str]
    templates: Mapping[str, str]
    listed: Mapping[str, list[str]]
    roots: list[str]

    def registry(self) -> str | None:
        """Give the path of the registry; None if there is none."""
        return next(filter(os.path.exists, self.registries), None)

    def keys_of(self, name: str) -> list[str]:
        """Give the keys of a dataset type, or of what one is a view or a component of."""
        return self.types.get(self._whole(name), self.keys)

    def template_of(self, name: str, key: str) -> str | None:
        """Return how files are called whose names have the values of a key; None if others do."""
        name = self._whole(name)
        is_listed = self.registry() is None or key in self.listed.get(name, ())
        return self.templates.get(name) if is_listed else None

    def _whole(self, name: str) -> str:
        while name and name not in self.types:
            name = max(name.rpartition("_")[0], name.rpartition(".")[0], key=len)
        return name


def of(root: str, mapper: str | None = None, trust: tuple[str, ...] = ()) -> Outline:
    """Give the outline of a repository.

    Parameters
    ----------
    root : `str`
        The repository.
    mapper : `str`, optional
        The camera, if the repository names none.
    trust : `tuple` of `str`
        Mappers that it may name, though no package announces them.

    Raises
    ------
    PersistenceError, OSError
        If it cannot be opened.
    """
    root = os.path.realpath(root)
    name = "\n".join((root, mapper or "", *trust))
    kept = user_cache.recall(name)
    if kept is None:
        if not os.path.isdir(root):
            raise FileNotFoundError(root)
        from persistence.butler.butler import Butler  # slow: not every time

        butler = Butler(root, mapper=mapper, trust=trust)
        kept = _drawn(butler)._asdict()
        user_cache.keep(name, dict.fromkeys(_files(root, butler)), kept)
    return Outline(**kept)


def _drawn(butler: Butler) -> Outline:
    from persistence.cli.keys import aliases  # not every time
    from persistence.policy import suppliers
    from persistence.registry import path_of

    types: dict[str, list[str]] = {}
    views: dict[str, None] = {}
    known: dict[str, None] = {}
    values: dict[str, list[str]] = {}
    templates: dict[str, str] = {}
    listed: dict[str, list[str]] = {}
    for repository in butler.chain.inputs:
        mapper = repository.mapper
        types = {name: list(mapper.getKeys(name)) for name in mapper.types} | types
        views |= dict.fromkeys(name for name in mapper.getDatasetTypes() if name not in types)
        known |= dict.fromkeys(mapper.policy.keys)
        for dataset in mapper.types.values():
            if dataset.template is not None and dataset.template.keys:
                templates.setdefault(dataset.name, dataset.template.file_text)
                shares = suppliers.shares(dataset, mapper.policy, list(dataset.keys))
                listed.setdefault(dataset.name, list(shares.get("files", ())))
        values = {
            **{key: list(map(str, some)) for key, some in mapper.policy.values.items()},
            **values,
        }
    registries = dict.fromkeys(
        path_of(one.root, one.mapper.mapperArgs) for one in butler.chain.inputs
    )
    roots = [repository.root for repository in butler.chain.inputs]
    return Outline(
        types, list(views), list(known), aliases(butler), values, list(registries),
        templates, {name: keys for name, keys in listed.items() if keys}, roots,
    )  # fmt: skip


def _files(root: str, butler: Butler) -> Iterator[str]:
    """Return the files that decide what is known of a repository, and where more may come."""
    import persistence_policy

    from persistence.policy import in_repository

    yield os.path.abspath(__file__)  # another version may tell more
    framework = os.path.dirname(os.path.abspath(persistence_policy.__file__))
    yield from (
        os.path.join(framework, name) for name in os.listdir(framework) if name.endswith(".yaml")
    )
    for place in (root, *(repository.root for repository in butler.chain.inputs)):
        yield from (os.path.join(place, mark) for mark in MARKS)
        yield os.path.join(place, in_repository.FOLDER)
        yield from (definition.path for definition in in_repository.read(place))
    for repository in butler.chain.inputs:
        for layer in repository.mapper.policy.layers:
            yield from (node.start_mark.name for node in layer.values())
