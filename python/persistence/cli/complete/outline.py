"""The outline of a repository for completion: dataset types, their keys, and its registry.

Opening a repository is too slow for TAB. It is opened once, and the outline is stored
(`persistence.cli.complete.memory`) until a configuration file of the repository, or a policy,
changes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from persistence.files import marks, user_cache

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

# The files that configure a repository.
MARKS = ("repositoryCfg.yaml", "_mapper", "_parent")


class Outline(NamedTuple):
    """A summary of a chain of repositories.

    Attributes
    ----------
    types : mapping
        The keys of each dataset type.
    views : sequence of `str`
        The names of the views: ``calexp_md``.
    keys : sequence of `str`
        The keys in the cameras' policies.
    aliases : mapping
        Other names of keys.
    values : mapping
        The values of keys that are the same for every exposure.
    registries : sequence of `str`
        Possible paths of the registry; the first one that exists is used.
    templates : mapping
        The path templates of the dataset types.
    listed : mapping
        Keys of dataset types that are in file names, but in no registry.
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
        """Return the path of the registry; None if there is none."""
        return next(filter(os.path.exists, self.registries), None)

    def keys_of(self, name: str) -> list[str]:
        """Return the keys of a dataset type, a view or a component."""
        return self.types.get(self._whole(name), self.keys)

    def template_of(self, name: str, key: str) -> str | None:
        """Return the template of files with the values of a key in their names, or None."""
        name = self._whole(name)
        is_listed = self.registry() is None or key in self.listed.get(name, ())
        return self.templates.get(name) if is_listed else None

    def _whole(self, name: str) -> str:
        while name and name not in self.types:
            name = max(name.rpartition("_")[0], name.rpartition(".")[0], key=len)
        return name


def of(root: str, mapper: str | None = None, trust: tuple[str, ...] = ()) -> Outline:
    """Return the outline of a repository.

    Parameters
    ----------
    root : `str`
        The repository.
    mapper : `str`, optional
        The camera, if the repository names none.
    trust : `tuple` of `str`
        Mappers that it may name although no package announces them.

    Returns
    -------
    outline : `Outline`
        The outline.

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
    for repository in butler.chain.read:
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
        path_of(member.root, member.mapper.mapperArgs) for member in butler.chain.read
    )
    roots = [repository.root for repository in butler.chain.read]
    return Outline(
        types, list(views), list(known), aliases(butler), values, list(registries),
        templates, {name: keys for name, keys in listed.items() if keys}, roots,
    )  # fmt: skip


def _files(root: str, butler: Butler) -> Iterator[str]:
    """Return the files on which the outline depends, including ones that may be created."""
    import persistence_policy

    from persistence.policy import in_repository

    yield os.path.abspath(__file__)  # another version may store more
    framework = os.path.dirname(os.path.abspath(persistence_policy.__file__))
    yield from (
        os.path.join(framework, name) for name in os.listdir(framework) if name.endswith(".yaml")
    )
    for root_ in (root, *(repository.root for repository in butler.chain.read)):
        yield from (os.path.join(root_, mark) for mark in (*MARKS, marks.SETTINGS))
        yield os.path.join(root_, in_repository.FOLDER)
        yield from (definition.path for definition in in_repository.read(root_))
    for repository in butler.chain.read:
        for layer in repository.mapper.policy.layers:
            yield from (node.start_mark.name for node in layer.values())
