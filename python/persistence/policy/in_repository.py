"""Dataset types that a repository defines itself, in files of its directory ``policy``.

Gen2 ignores the directory. Each file has the form of a camera's policy, and overrides it.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from persistence.errors import DataIdError, PolicyError, RepositoryError
from persistence.files import atomic, yaml_nodes
from persistence.policy.dataset_type import DatasetType
from persistence.policy.section import SECTIONS, split_names

FOLDER = "policy"
_STAGES = "stages"
# name:stage(base); a dot would begin a component.
_NAME = re.compile(r"([a-z_][\w-]*(?::[\w-]+)?)(?:\([\w:-]+\))?", re.ASCII | re.IGNORECASE)


class Definition(NamedTuple):
    """The path and the text of a definition's file."""

    path: str
    text: str


def read(root: str) -> tuple[Definition, ...]:
    """Read the definitions of a repository, ordered by file name.

    Raises
    ------
    RepositoryError
        If one cannot be read.
    """
    folder = os.path.join(root, FOLDER)
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise RepositoryError(f"{folder} cannot be listed: {error.strerror}") from error
    paths = [
        os.path.join(folder, name)
        for name in sorted(names)
        if name.endswith(".yaml") and name[0] != "."
    ]
    return tuple(Definition(path, _text(path)) for path in paths)


# Cached: each repository of a chain parses a definition whenever one is opened.
@functools.lru_cache(maxsize=256)
def names(definition: Definition) -> frozenset[str]:
    """Return the names of the dataset types in a definition."""
    top = yaml_nodes.items(yaml_nodes.compose_text(definition.text, definition.path))
    return frozenset(name for section in SECTIONS for name in split_names(top.get(section)))


@functools.lru_cache(maxsize=256)
def each(definition: Definition) -> Mapping[str, Definition]:
    """Split a definition into those of single dataset types, by name.

    A definition of a single type is returned unchanged.
    """
    said = names(definition)
    if len(said) < 2:
        return MappingProxyType(dict.fromkeys(said, definition))
    top = yaml_nodes.items(yaml_nodes.compose_text(definition.text, definition.path))
    found: dict[str, Definition] = {}
    for section in SECTIONS:
        for key, node in yaml_nodes.items(top.get(section)).items():
            text = yaml_nodes.block({section: {key: yaml_nodes.plain(node)}})
            found[key.partition("(")[0].strip()] = Definition(definition.path, text)
    return MappingProxyType(found)


def make(root: str, name: str, section: str, keys: Mapping[str, Any]) -> Definition:
    """Return a definition of one dataset type, which `record` writes into a repository.

    Parameters
    ----------
    root : `str`
        The repository.
    name : `str`
        The dataset type, perhaps with a stage (``calexp:jointcal``), and the type it builds on
        (``blue(src)``).
    section : `str`
        Its section of the policy.
    keys : mapping
        Its policy keys; those that are None are left out.

    Raises
    ------
    DataIdError
        If the name is invalid.
    """
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None or match.group(1) == _STAGES:
        raise DataIdError(
            f"{name!r} is not a name of a dataset type: letters, digits, _ and - are allowed, "
            "but not 'stages'; "
            "name:stage is a stage of a type, and new(old) builds on another"
        )
    text = yaml_nodes.block(
        {section: {name: {key: value for key, value in keys.items() if value is not None}}}
    )
    return Definition(os.path.join(root, FOLDER, f"{match.group(1)}.yaml"), text)


def moved(definition: Definition, name: str, root: str) -> Definition:
    """Return the definition of one dataset type for another repository."""
    return Definition(os.path.join(root, FOLDER, f"{name}.yaml"), definition.text)


def stage(root: str, stages: Mapping[str, str]) -> Definition:
    """Return the definition of the stages to which plain names refer in a repository."""
    return Definition(
        os.path.join(root, FOLDER, f"{_STAGES}.yaml"), yaml_nodes.block({_STAGES: dict(stages)})
    )


def record(definition: Definition, replace: bool = False) -> None:
    """Write a definition into its repository, unless the same one is there already.

    Raises
    ------
    PolicyError
        If a different one is there; the message shows both.
    RepositoryError
        If it cannot be written.
    """
    try:
        written = atomic.write_text(definition.path, definition.text, replace)
    except OSError as error:
        raise RepositoryError(
            f"cannot write {definition.path}: {error.strerror or error}"
        ) from error
    there = definition.text if written else _text(definition.path)
    if there != definition.text:
        raise PolicyError(
            f"{definition.path} has another "
            f"definition:\n{_indented(there)}\nnot\n{_indented(definition.text)}"
        )


def refuse_other(name: str, there: DatasetType, new: DatasetType) -> None:
    """Raise an error if a dataset type has a different definition already.

    Raises
    ------
    PolicyError
        If the two differ in anything; the message shows both.
    """
    if shown(there) != shown(new):
        raise PolicyError(
            f"dataset type {name!r} already has a different definition:\n"
            f"  there  {shown(there)}  ({there.source})\n"
            f"  new    {shown(new)}"
        )


def shown(dataset: DatasetType) -> str:
    """Return the whole definition of a dataset type on one line."""
    told: dict[str, Any] = {"section": dataset.section}
    for key, default in DatasetType._field_defaults.items():
        value = getattr(dataset, key)
        if value != default:
            told[key] = _plain(value)
    return yaml_nodes.flow(told)


def _plain(value: Any) -> Any:
    if hasattr(value, "text"):
        return value.text
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if hasattr(value, "_asdict"):  # a component
        return {key: one for key, one in value._asdict().items() if one not in (None, False)}
    return list(value) if isinstance(value, tuple) else value


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise RepositoryError(f"{path} cannot be read: {error}") from error


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines()).rstrip()
