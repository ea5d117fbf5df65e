"""Policies: YAML layers are merged and checked, and become frozen dataset types.

A camera's policy file overrides, key by key, the file that it names as its ``base``, if any; that
overrides the framework's own definitions in ``policy/``; those override the defaults of a section.
The result is checked on loading: errors name file and line.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from persistence.errors import PolicyError, did_you_mean
from persistence.files import yaml_nodes
from persistence.files.yaml_nodes import Node
from persistence.policy import bases, composites, default_templates, flavours, schema
from persistence.policy.bases import Base, Chain
from persistence.policy.dataset_type import DatasetType, words
from persistence.policy.section import FRAMEWORK, SECTIONS, Layer, Section, split_names
from persistence.policy.stand_ins import stands_for

_REPOSITORY = "<the repository's policy>"


class CameraPolicy:
    """The whole policy of a camera; it is shared by all users and never changed.

    Attributes
    ----------
    path : `str`
        The camera's file.
    types : mapping [`str`, `DatasetType`]
        All dataset types by name.
    settings : mapping [`str`, `Any`]
        The other top-level keys, as plain data.
    layers : `tuple`
        The content of each file, lowest first, for `extended`.
    bases : `tuple` [`Base`]
        The cameras that it builds on, the nearest first.
    """

    def __init__(
        self,
        path: str,
        types: Mapping[str, DatasetType],
        settings: Mapping[str, Any],
        layers: Sequence[Layer] = (),
        bases: Sequence[Base] = (),
    ) -> None:
        self.path = path
        self.layers = tuple(layers)
        self.bases = tuple(bases)
        self.types = MappingProxyType(dict(types))
        self.settings = MappingProxyType(dict(settings))

    @functools.cached_property
    def _said(self) -> Layer:
        return bases.merged(self.layers)

    def where(self, *path: str | int) -> str:
        """Return file and line of a setting, or of the nearest one around it: ``camera.yaml:12``.

        Parameters
        ----------
        *path : `str` or `int`
            The keys, and indices of lists, that lead to the setting.
        """
        if path[0] not in self._said:
            return self.path
        return yaml_nodes.where(yaml_nodes.at(self._said, *path))

    @functools.cached_property
    def keys(self) -> Mapping[str, type]:
        """The keys of all templates of the camera, with their types.

        The type is `str`, which accepts any value, where dataset types disagree.
        """
        found: dict[str, type] = {}
        for dataset in self.types.values():
            if dataset.template is not None:
                for key, kind in dataset.template.keys.items():
                    found[key] = kind if found.get(key, kind) is kind else str
        return found

    @functools.cached_property
    def own_keys(self) -> frozenset[str]:
        """The keys in templates of the camera's files, without those of the framework alone."""
        own = (one for one in self.types.values() if not one.source.startswith(FRAMEWORK))
        return frozenset(
            key for one in own if one.template is not None for key in one.template.keys
        )

    @functools.cached_property
    def levels(self) -> Mapping[str, frozenset[str]]:
        """For each level, the keys that it ignores."""
        levels = self.settings.get("levels", {})
        return {level: frozenset(words(dropped)) for level, dropped in levels.items()}

    @functools.cached_property
    def values(self) -> Mapping[str, tuple[Any, ...]]:
        """Values of keys that are the same for all exposures, such as the amplifiers of a chip."""
        return {key: tuple(values) for key, values in self.settings.get("values", {}).items()}

    @functools.cached_property
    def aliases(self) -> Mapping[str, str]:
        """Other names of keys, ``ccd`` -> ``ccdnum``."""
        return dict(self.settings.get("aliases", {}))


def load(path: str, overlay: Mapping[str, Any] | None = None) -> CameraPolicy:
    """Load a camera's policy; cached as long as its file and those of its bases are unchanged.

    Parameters
    ----------
    path : `str`
        The camera's YAML file.
    overlay : mapping or `None`, optional
        Plain data of the same form that override it: a repository's own policy.

    Returns
    -------
    `CameraPolicy`
        The policy.

    Raises
    ------
    PolicyError
        If anything in it, or in the framework's own files, is invalid.
    """
    path = os.path.abspath(path)
    try:
        status = os.stat(path)
    except OSError as error:
        raise PolicyError(f"{path}: {os.strerror(error.errno or 0)}") from error
    key = path, status.st_mtime_ns, status.st_size, yaml_nodes.flow(overlay) if overlay else ""
    loaded = _load(*key)
    if any(base.is_changed for base in loaded.bases):
        _load.cache_clear()
        loaded = _load(*key)
    return loaded


@functools.cache
def of_base(base: Base) -> CameraPolicy:
    """Load the policy of a camera that another builds on, with everything that is inherited.

    Raises
    ------
    PolicyError
        See `load`.
    """
    return _merged(base.path, bases.read(base.path, base.camera), "")


def of(
    said: Mapping[str, Any], name: str, overlay: Mapping[str, Any] | None = None
) -> CameraPolicy:
    """Return a policy from plain data in the form of a camera's file.

    Parameters
    ----------
    said : mapping
        The data.
    name : `str`
        The name in messages instead of a file.
    overlay : mapping or `None`, optional
        See `load`.

    Raises
    ------
    PolicyError
        See `load`.
    """
    chain = bases.Chain([_of_text(yaml_nodes.flow(said), name)])
    return _merged(name, chain, yaml_nodes.flow(overlay) if overlay else "")


@functools.lru_cache(maxsize=32)
def _load(path: str, _modified: int, _size: int, overlay: str) -> CameraPolicy:
    return _merged(path, bases.read(path), overlay)


def _of_text(text: str, name: str) -> Layer:
    return yaml_nodes.items(yaml_nodes.compose_text(text, name))


def _merged(path: str, chain: Chain, overlay: str) -> CameraPolicy:
    layers = chain.layers
    if overlay:
        layers.append(_of_text(overlay, _REPOSITORY))
    said = bases.merged(layers)
    schema.check(said)
    types: dict[str, DatasetType] = {}
    present = {name for layer in layers for name in layer}
    for name in SECTIONS:
        # Tasks need the types of their configurations, schemas and metadata with any camera.
        if name in present or (name == "datasets" and "exposures" in present):
            section = Section(name, layers)
            _add(types, (section.make(one) for one in section.names()))
    _check_code(types.values())
    _check_indexed(said.get("index"), types)
    flavours.check(said, types)
    whole = _with_defaults(types, _settings(said))
    return CameraPolicy(path, whole, _settings(said), layers, chain.bases)


def _check_code(types: Iterable[DatasetType]) -> None:
    """Check that the packages of the functions that assemble composites exist.

    Functions named by a repository are refused later, unless they are trusted.

    Raises
    ------
    PolicyError
        If a package does not exist.
    """
    for dataset in types:
        if dataset.composite and not dataset.source.startswith(_REPOSITORY):
            for kind in ("assembler", "disassembler"):
                name = getattr(dataset, kind)
                if name is not None and not _exists(stands_for(name).partition(".")[0]):
                    raise PolicyError(
                        f"{dataset.source}: {kind} {name!r} cannot be imported: its package is not "
                        "installed"
                    )


def _check_indexed(node: Node | None, types: Collection[str]) -> None:
    """Check that cards are indexed only for existing dataset types."""
    if node is None or not isinstance(yaml_nodes.plain(node), dict):
        return
    for name, its in yaml_nodes.items(node).items():
        if name not in types:
            raise PolicyError(
                f"{yaml_nodes.where(its)}: index: there is no dataset type "
                f"{name!r}{did_you_mean(name, types)}"
            )


def _exists(package: str) -> bool:
    import importlib.util  # lazy: only needed for composites

    # For a dotted name `find_spec` would import the parents, but reading a policy runs no code. The
    # rest is checked when a composite is first used. Modules created by hand have no spec.
    return bool(package) and (
        package in sys.modules or importlib.util.find_spec(package) is not None
    )


def _add(types: dict[str, DatasetType], found: Iterable[DatasetType]) -> None:
    """Add dataset types to others; no type may be defined in two sections."""
    for dataset in found:
        there = types.get(dataset.name)
        if there is not None and there.section != dataset.section:
            raise PolicyError(
                f"{dataset.source}: dataset type {dataset.name!r} is defined in {there.section} "
                f"already ({there.source})"
            )
        types[dataset.name] = dataset


def _with_defaults(
    types: Mapping[str, DatasetType], settings: Mapping[str, Any]
) -> dict[str, DatasetType]:
    """Return checked dataset types, with templates for those that the camera's files leave open."""
    levels, register = (settings.get("levels", {}), settings.get("ingest", {}).get("register", {}))
    of_detectors = {settings.get("detectors", {}).get("key"), *words(levels.get("visit"))} - {None}
    if not of_detectors and "visit" in register:
        # of the columns of images, those that differ between detectors
        of_detectors = {*register.get("columns", ())} - {*words(register["visit"])}
    return default_templates.filled(composites.checked(types), of_detectors)


def _settings(said: Layer) -> dict[str, Any]:
    return {
        key: yaml_nodes.plain(node)
        for key, node in said.items()
        if key in schema.SETTINGS and key != "kinds"
    }


@functools.lru_cache(maxsize=32)
def extended(below: CameraPolicy, definitions: tuple[tuple[str, str], ...]) -> CameraPolicy:
    """Return a loaded policy with definitions that override it.

    Only the dataset types that they touch are created again.

    Parameters
    ----------
    below : `CameraPolicy`
        The policy.
    definitions : `tuple` [`tuple` [`str`, `str`], ...]
        Names, for messages, and texts in the form of a camera's file.

    Raises
    ------
    PolicyError
        See `load`.
    """
    added = [_of_text(text, name) for name, text in definitions]
    layers = [*below.layers, *added]
    said = bases.merged(layers)
    schema.check(said)
    types = dict(below.types)
    for name in SECTIONS:
        touched = {key for layer in added for key in split_names(layer.get(name))}
        if touched:
            section = Section(name, layers)
            _add(
                types,
                (
                    section.make(one)
                    for one in section.names()
                    if not touched.isdisjoint(section.line(one))
                ),
            )
    whole = _with_defaults(types, _settings(said))
    return CameraPolicy(below.path, whole, _settings(said), layers, below.bases)


def anew(whole: CameraPolicy, name: str) -> DatasetType:
    """Return a dataset type as defined by the last layer alone."""
    dataset = Section(whole.types[name].section, whole.layers, name).make(name)
    return composites.checked({**whole.types, name: dataset})[name]


def needed(whole: CameraPolicy, name: str) -> list[str]:
    """Return the dataset types that a type depends on: those it builds on, and its components'."""
    dataset = whole.types[name]
    line = Section(dataset.section, whole.layers).line(name)
    parts = [part.datasetType for part in dataset.composite.values()]
    return [one for one in dict.fromkeys([*line, *parts]) if one != name]


def keys_said(
    whole: CameraPolicy,
    definitions: tuple[tuple[str, str], ...],
    dataset: DatasetType,
    but: Collection[str] = (),
) -> set[str]:
    """Return the keys of a dataset type that some layers of its policy set.

    Parameters
    ----------
    whole : `CameraPolicy`
        The policy, with all its layers.
    definitions : `tuple` [`tuple` [`str`, `str`], ...]
        The layers: see `extended`.
    dataset : `DatasetType`
        The dataset type. Keys of the types that it builds on count, too.
    but : collection of `str`, optional
        Dataset types whose keys do not count.
    """
    section, said = _said(whole, definitions, dataset.section)
    return {
        key for name in section.line(dataset.name) if name not in but for key in said.get(name, ())
    }


@functools.lru_cache(maxsize=64)
def _said(
    whole: CameraPolicy, definitions: tuple[tuple[str, str], ...], section: str
) -> tuple[Section, Mapping[str, set[str]]]:
    said: dict[str, set[str]] = {}
    for name, text in definitions:
        for key, (node, _base) in split_names(_of_text(text, name).get(section)).items():
            said.setdefault(key, set()).update(yaml_nodes.items(node))
    return Section(section, whole.layers), said


EMPTY = CameraPolicy("<no policy>", {}, {})
