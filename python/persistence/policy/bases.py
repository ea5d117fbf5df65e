"""Camera files that build on another camera: ``base: decam``.

A base is a file beside the camera's own, an installed camera by its name, or one of the files in
this package (``lsst.yaml``). Of a camera that is a class, its policy counts, and its ingest files
as far as they are YAML.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from persistence.errors import PolicyError, did_you_mean
from persistence.files import entry_points, yaml_nodes
from persistence.files.yaml_nodes import Node
from persistence.policy import schema
from persistence.policy.section import FRAMEWORK, Layer

_CAMERAS = "persistence.cameras"  # the entry points by which cameras announce themselves
_SUFFIX = ".yaml"
_INCLUDED = os.path.join(FRAMEWORK, "cameras")
# Keys that belong to one camera, and are not inherited.
_OWN = ("base", "mapper")
# Attributes of a camera's class that name files beside its policy -> the sections that these are.
_FILES: Mapping[str, str] = {"ingestFile": "ingest", "ingestCalibsFile": "ingestCalibs"}


class Base(NamedTuple):
    """A camera that others build on.

    Attributes
    ----------
    path : `str`
        The file of its policy.
    camera : `type` or None
        The class of its mapper; None if the camera is a file alone.
    installed : `bool`
        Whether an installed package provides it.
    stamp : `tuple` [`int`, `int`] or None
        Time of change and size of the file when it was read.
    """

    path: str
    camera: Any = None
    installed: bool = False
    stamp: tuple[int, int] | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the file has changed since it was read."""
        return _stamp(self.path) != self.stamp


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:  # reading it raises the error
        return None
    return status.st_mtime_ns, status.st_size


class Chain(NamedTuple):
    """The content of a camera's file, and of the files that it builds on.

    Attributes
    ----------
    layers : `list` of mapping
        The top level of each file, lowest first.
    bases : `tuple` [`Base`]
        The cameras that it builds on, the nearest first.
    """

    layers: list[Layer]
    bases: tuple[Base, ...] = ()


def read(path: str, camera: Any = None) -> Chain:
    """Read a camera's file, and the files that it builds on, recursively.

    Parameters
    ----------
    path : `str`
        The file.
    camera : object, optional
        The class of its mapper, whose ingest files count as sections.

    Returns
    -------
    `Chain`
        The contents of all files.

    Raises
    ------
    PolicyError
        If a base is unknown, or builds on itself; the message has file and line.
    """
    return _read(Base(path, camera), ())


def _read(camera: Base, above: tuple[str, ...]) -> Chain:
    top = yaml_nodes.items(yaml_nodes.compose(camera.path))
    for attribute, section in _FILES.items() if camera.camera is not None else ():
        path = str(getattr(camera.camera, attribute, None))
        if section not in top and path.endswith(_SUFFIX) and path != camera.path:
            node = yaml_nodes.compose(os.path.abspath(path))
            top |= {} if node is None else {section: node}
    if "base" not in top:
        return Chain([top])
    node = top["base"]
    schema.SETTINGS["base"](node, "base")
    said = yaml_nodes.plain(node)
    name, without = (said, []) if isinstance(said, str) else (said["camera"], said["without"])
    base, above = _found(name, node, camera.path), (*above, camera.path)
    base = base._replace(stamp=_stamp(base.path))
    if base.path in above:
        line = " -> ".join([*above[above.index(base.path) :], base.path])
        raise PolicyError(f"{yaml_nodes.where(node)}: base is circular: {line}")
    below = _read(base, above)
    dropped = {*_OWN, *without}
    layers = [_inherited(layer, dropped) for layer in below.layers]
    inherited = {key for layer in layers for key in layer}
    unknown = [name for name in without if not any(name in layer for layer in below.layers)]
    if unknown:
        raise PolicyError(
            f"{yaml_nodes.where(node)}: without: {base.path} has no section "
            f"{unknown[0]!r}{did_you_mean(unknown[0], inherited)}"
        )
    return Chain([*layers, top], (base, *below.bases))


def _inherited(layer: Layer, dropped: Iterable[str]) -> Layer:
    """Return the part of a camera's file that cameras building on it inherit."""
    kept = {key: node for key, node in layer.items() if key not in dropped}
    if "camera" in kept:
        kept["camera"] = _absolute(kept["camera"])
    return kept


def _absolute(node: Node) -> Node:
    """Return a path relative to its file as an absolute path."""
    path = os.path.join(os.path.dirname(yaml_nodes.where(node)), str(node.value))
    return yaml_nodes.text(os.path.normpath(path), node) if os.path.exists(path) else node


def _found(name: str, node: Node, source: str) -> Base:
    """Return the camera of a name: a file beside another, an installed or an included camera."""
    path = os.path.normpath(os.path.join(os.path.dirname(source), name))
    if os.path.isfile(path):
        return Base(path)
    target = entry_points.announced(_CAMERAS).get(name)
    if target is not None:
        return _announced(name, target, node)
    stem = name.removesuffix(_SUFFIX)
    included = os.path.join(_INCLUDED, stem + _SUFFIX)
    if os.sep not in stem and os.path.isfile(included):
        return Base(included, installed=True)
    known = sorted(known_names())
    raise PolicyError(
        f"{yaml_nodes.where(node)}: base {name!r} is neither a file ({path}) nor a known camera "
        f"({', '.join(known)}){did_you_mean(stem, known)}"
    )


def known_names() -> set[str]:
    """Return the short names of the cameras that others can build on."""
    included = (name for name in os.listdir(_INCLUDED) if name.endswith(_SUFFIX))
    announced = (name for name in entry_points.announced(_CAMERAS) if "." not in name)
    return {*(name.removesuffix(_SUFFIX) for name in included), *announced}


def _announced(name: str, target: str, node: Node) -> Base:
    rivals = entry_points.rivals(_CAMERAS, name)
    if rivals:
        raise PolicyError(
            f"{yaml_nodes.where(node)}: several packages announce a camera {name!r}: "
            f"{'; '.join(rivals)}"
        )
    camera = entry_points.load(target)
    if isinstance(camera, str):
        return Base(camera, installed=True)
    path = getattr(camera, "policyFile", None)
    if not isinstance(path, str) or not path.endswith(_SUFFIX):
        raise PolicyError(
            f"{yaml_nodes.where(node)}: base {name!r} is {target}, which names no policyFile in "
            "YAML: only what is YAML can be built on"
        )
    return Base(os.path.abspath(path), camera, installed=True)


# How deep the sections of a file are merged with those of its base: the number of keys above a
# value that is replaced as a whole. Other sections are replaced as a whole.
_DEPTHS: Mapping[str, int] = {
    **dict.fromkeys(
        (
            "aliases", "defaultSubLevels", "detectors", "focalPlane", "identifiers", "levels",
            "readout", "shown", "stages", "values",
        ),
        1,
    ),
    "headers": 2,  # headers.visit.ra
    "ingest": 3,  # ingest.parse.translators.date
    "ingestCalibs": 4,  # ingestCalibs.curated.parse.translation.filter
}  # fmt: skip
# Within these, mappings are single values at any depth.
_RULES = ("translators",)
# A property has one source: a file's entry in one of these removes the base's entry in the other.
_EITHER = ("translation", "translators")


def merged(layers: Iterable[Layer]) -> Layer:
    """Return layers merged into one, each overriding those below.

    Dataset types are not merged here: see `persistence.policy.section`.
    """
    whole: dict[str, Node] = {}
    for layer in layers:
        for key, node in layer.items():
            if key in whole and key == "filters":
                node = _filters(whole[key], node)
            elif key in whole and key in _DEPTHS:
                node = _laid_over(whole[key], node, _DEPTHS[key])
            whole[key] = node
    return whole


def _laid_over(below: Node, above: Node, depth: int) -> Node:
    if not depth or not (yaml_nodes.is_mapping(below) and yaml_nodes.is_mapping(above)):
        return above
    old, new = yaml_nodes.items(below), yaml_nodes.items(above)
    if any(key in new for key in _EITHER):
        said = {name for key in _EITHER for name in yaml_nodes.items(new.get(key))}
        for key in _EITHER:
            if key in old:
                left = yaml_nodes.items(old[key]).items()
                kept = {name: node for name, node in left if name not in said}
                old[key] = yaml_nodes.mapping(kept, old[key])
    laid = {
        key: _laid_over(old[key], node, 1 if key in _RULES else depth - 1) if key in old else node
        for key, node in new.items()
    }
    return yaml_nodes.mapping(old | laid, above)


def _filters(below: Node, above: Node) -> Node:
    """Return a list of filters updated with those of another: in place, or appended.

    The order is that of their numbers.
    """
    if not (yaml_nodes.is_list(below) and yaml_nodes.is_list(above)):
        return above

    def glass(entry: Node) -> Any:
        named = yaml_nodes.items(entry).get("physical") if yaml_nodes.is_mapping(entry) else None
        return id(entry) if named is None else named.value

    whole = {glass(entry): entry for entry in (*below.value, *above.value)}
    return yaml_nodes.sequence(list(whole.values()), above)
