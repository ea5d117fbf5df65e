"""Policies: YAML layers -> merged -> checked -> frozen dataset types.

A camera's policy file overrides, key by key, the file that it names as its ``base``, if any; that overrides the
framework's own definitions in ``policy/``; those override what holds for a whole section. The result is checked
when it is loaded: an error names file and line.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import persistence_policy

from persistence import datasettype, shapes, yamlfile
from persistence.datasettype import DatasetType, words
from persistence.errors import PolicyError, did_you_mean
from persistence.yamlfile import Node

SECTIONS = ("images", "exposures", "calibrations", "datasets")
_FRAMEWORK = os.path.dirname(os.path.abspath(persistence_policy.__file__))

# Top-level keys. Those of the second line are ours (doc/cameras.rst); Gen2 itself ignored the last in the end.
_SETTINGS = frozenset(
    "camera defaultLevel defaultSubLevels levels needCalibRegistry calibRoot registryPath calibRegistryPath "
    "mapper package base kinds aliases filters identifiers detectors headers values ingest ingestCalibs "
    "skytiles defects registries".split()
)


class CameraPolicy:
    """A camera's whole policy. It is shared by all who load it, and is not changed.

    Attributes
    ----------
    path : `str`
        The camera's file.
    types : mapping [`str`, `DatasetType`]
        Every dataset type by name.
    settings : mapping [`str`, `Any`]
        The other top-level keys, as plain data.
    """

    def __init__(self, path: str, types: Mapping[str, DatasetType], settings: Mapping[str, Any]) -> None:
        self.path = path
        self.types = MappingProxyType(dict(types))
        self.settings = MappingProxyType(dict(settings))

    @functools.cached_property
    def keys(self) -> Mapping[str, type]:
        """Each key that a template of the camera uses, with its type."""
        found: dict[str, type] = {}
        for dataset in self.types.values():
            if dataset.template is not None:
                found.update(dataset.template.keys)
        return found

    @functools.cached_property
    def levels(self) -> Mapping[str, frozenset[str]]:
        """For each level, the keys that do not count at it."""
        levels = self.settings.get("levels", {})
        return {level: frozenset(words(dropped)) for level, dropped in levels.items()}

    @functools.cached_property
    def values(self) -> Mapping[str, tuple[Any, ...]]:
        """The values of those keys that are the same for every exposure, such as a chip's amplifiers."""
        return {key: tuple(values) for key, values in self.settings.get("values", {}).items()}

    @functools.cached_property
    def aliases(self) -> Mapping[str, str]:
        """Other names of keys, ``ccd`` -> ``ccdnum``."""
        return dict(self.settings.get("aliases", {}))


def load(path: str, overlay: Mapping[str, Any] | None = None) -> CameraPolicy:
    """Load a camera's policy, once a process as long as its file does not change.

    Parameters
    ----------
    path : `str`
        The camera's YAML file.
    overlay : mapping, optional
        Plain data of the same form that is laid over it: a repository's own policy.

    Raises
    ------
    PolicyError
        If anything in it, or in the framework's own files, cannot be meant.
    """
    path = os.path.abspath(path)
    try:
        status = os.stat(path)
    except OSError as error:
        raise PolicyError(f"{path}: {os.strerror(error.errno or 0)}") from error
    return _load(path, status.st_mtime_ns, status.st_size, yamlfile.flow(overlay) if overlay else "")


def of(said: Mapping[str, Any], name: str, overlay: Mapping[str, Any] | None = None) -> CameraPolicy:
    """Make a policy of plain data, of the form that a camera's file has.

    Parameters
    ----------
    said : mapping
        The data.
    name : `str`
        What stands for the file in messages.
    overlay : mapping, optional
        See `load`.

    Raises
    ------
    PolicyError
        See `load`.
    """
    return _merged(name, [_of_text(yamlfile.flow(said), name)], yamlfile.flow(overlay) if overlay else "")


@functools.lru_cache(maxsize=32)
def _load(path: str, _modified: int, _size: int, overlay: str) -> CameraPolicy:
    return _merged(path, _with_base(path, []), overlay)


def _of_text(text: str, name: str) -> dict[str, Node]:
    return yamlfile.items(yamlfile.compose_text(text, name))


def _merged(path: str, layers: list[dict[str, Node]], overlay: str) -> CameraPolicy:
    if overlay:
        layers.append(_of_text(overlay, "<the repository's policy>"))
    for layer in layers:
        _check_keys(layer)
    types: dict[str, DatasetType] = {}
    for section in SECTIONS:
        named = [yamlfile.items(layer[section]) for layer in layers if section in layer]
        for dataset in _section(section, named) if named else ():
            if dataset.name in types:
                raise PolicyError(
                    f"{dataset.source}: dataset type {dataset.name!r} is defined in "
                    f"{types[dataset.name].section} already ({types[dataset.name].source})"
                )
            types[dataset.name] = dataset
    for dataset in types.values():
        _check_components(dataset, types)
    said = {key: node for layer in layers for key, node in layer.items()}
    settings = {key: yamlfile.plain(node) for key, node in said.items() if key in _SETTINGS and key != "kinds"}
    return CameraPolicy(path, types, settings)


def _with_base(path: str, line: list[str]) -> list[dict[str, Node]]:
    """Read a camera's file, behind the file that it builds on, behind that one's, ..."""
    if path in line:
        raise PolicyError(f"{path}: base leads in a circle: {' -> '.join([*line, path])}")
    top = yamlfile.items(yamlfile.compose(path))
    if "base" not in top:
        return [top]
    below = os.path.normpath(os.path.join(os.path.dirname(path), str(yamlfile.plain(top["base"]))))
    return [*_with_base(below, [*line, path]), top]


def _check_keys(layer: Mapping[str, Node]) -> None:
    for key, node in layer.items():
        if key not in SECTIONS and key not in _SETTINGS:
            hint = did_you_mean(key, [*SECTIONS, *_SETTINGS])
            raise PolicyError(f"{yamlfile.where(node)}: unknown key {key!r}{hint}")
    shapes.check(layer)


@functools.cache
def _central(section: str) -> tuple[Mapping[str, Node], Mapping[str, Node]]:
    """Give the framework's defaults for a section, and its dataset types."""
    top = yamlfile.items(yamlfile.compose(os.path.join(_FRAMEWORK, f"{section}.yaml")))
    return yamlfile.items(top.get("defaults")), yamlfile.items(top[section])


def _section(section: str, named: Sequence[Mapping[str, Node]]) -> Iterator[DatasetType]:
    defaults, central = _central(section)
    layers = (central, *named)
    for name in dict.fromkeys(name for layer in layers for name in layer):
        nodes = [layer[name] for layer in layers if name in layer]
        stacked: dict[str, tuple[Node, ...]] = {}
        for layer in (defaults, *map(yamlfile.items, nodes)):
            for key, node in layer.items():
                stacked[key] = (*stacked.get(key, ()), node)
        source = yamlfile.where(nodes[-1])
        yield datasettype.make(name, section, source, stacked)


def _check_components(dataset: DatasetType, types: Mapping[str, DatasetType]) -> None:
    for name, part in dataset.composite.items():
        if part.datasetType not in types:
            raise PolicyError(
                f"{dataset.source}: component {name!r} of {dataset.name} is of dataset type "
                f"{part.datasetType!r}, which does not exist{did_you_mean(part.datasetType, types)}"
            )


EMPTY = CameraPolicy("<no policy>", {}, {})
