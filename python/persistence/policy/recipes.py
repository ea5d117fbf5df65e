"""Write recipes: the compression of the planes of an exposure."""

from __future__ import annotations

import functools
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import persistence_policy

from persistence.errors import PolicyError, did_you_mean
from persistence.files import yaml_nodes

_ALGORITHMS = ("NONE", "GZIP", "GZIP_SHUFFLE", "RICE", "PLIO")
_SCALINGS = ("NONE", "RANGE", "STDEV_POSITIVE", "STDEV_NEGATIVE", "STDEV_BOTH", "MANUAL")
_FILE = os.path.join(
    os.path.dirname(os.path.abspath(persistence_policy.__file__)), "writeRecipes.yaml"
)


@dataclass(frozen=True, slots=True)
class Compression:
    """The compression of a plane, in tiles of ``rows`` x ``columns`` (0: the whole width)."""

    algorithm: str = "NONE"
    rows: int = 1
    columns: int = 0
    quantizeLevel: float = 0.0


@dataclass(frozen=True, slots=True)
class Scaling:
    """The conversion of a plane's pixels to integers, in steps of noise / ``quantizeLevel``."""

    algorithm: str = "NONE"
    bitpix: int = 0
    maskPlanes: tuple[str, ...] = ("NO_DATA",)
    seed: int = 0
    quantizeLevel: float = 4.0
    quantizePad: float = 5.0
    fuzz: bool = True
    bscale: float = 1.0
    bzero: float = 0.0


@dataclass(frozen=True, slots=True)
class Plane:
    """The compression and scaling of one plane."""

    compression: Compression = field(default_factory=Compression)
    scaling: Scaling = field(default_factory=Scaling)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The compression and scaling of an exposure."""

    image: Plane
    mask: Plane
    variance: Plane


def load(supplement: str | None = None) -> Mapping[str, Recipe]:
    """Load the framework's recipes for ``FitsStorage``, and a camera's own.

    Parameters
    ----------
    supplement : `str` or `None`, optional
        A camera's ``writeRecipes.yaml``; it may add recipes, but not change the framework's.

    Raises
    ------
    PolicyError
        If a recipe has an unknown entry, or redefines one of the framework's.
    """
    recipes = dict(_load(_FILE))
    if supplement is not None and os.path.exists(supplement):
        for name, recipe in _load(supplement).items():
            if name in recipes:
                raise PolicyError(
                    f"{supplement}: recipe {name!r} is the framework's; choose another name"
                )
            recipes[name] = recipe
    return recipes


def find(name: str, dataset_type: str, supplement: str | None = None) -> Recipe:
    """Return the recipe that a dataset type names."""
    recipes = load(supplement)
    if name not in recipes:
        hint = did_you_mean(name, recipes)
        raise PolicyError(
            f"{dataset_type} names write recipe {name!r}{hint} (known: {', '.join(recipes)})"
        )
    return recipes[name]


def seed(data_id: Mapping[str, Any]) -> int:
    """Return the dither seed of a data ID, from 1 to 10,000, as FITS requires.

    The same data ID has the same seed.
    """
    return zlib.crc32(repr(sorted(data_id.items())).encode()) % 10000 + 1


@functools.cache
def _load(path: str) -> Mapping[str, Recipe]:
    entries = _mapping(path, yaml_nodes.load(path).get("FitsStorage", {}))
    return {name: _recipe(path, name, planes) for name, planes in entries.items()}


def _recipe(path: str, name: str, planes: Mapping[str, Any]) -> Recipe:
    if set(_mapping(f"{path}: recipe {name!r}", planes)) != {"image", "mask", "variance"}:
        raise PolicyError(
            f"{path}: recipe {name!r} has to have image, mask and variance, and nothing else"
        )
    made = {}
    for plane, entry in planes.items():
        place = f"{path}: recipe {name!r}, {plane}"
        unknown = set(_mapping(place, entry)) - {"compression", "scaling"}
        if unknown:
            raise PolicyError(f"{place}: unknown entry {unknown.pop()!r}")
        compression = _fill(place, Compression, entry.get("compression", {}), _ALGORITHMS)
        scaling = _fill(place, Scaling, entry.get("scaling", {}), _SCALINGS)
        made[plane] = Plane(compression, scaling)
    return Recipe(**made)


def _fill(place: str, cls: Any, entry: Mapping[str, Any], algorithms: tuple[str, ...]) -> Any:
    names = [one.name for one in fields(cls)]
    for key in _mapping(place, entry):
        if key not in names:
            raise PolicyError(f"{place}: unknown entry {key!r}{did_you_mean(key, names)}")
    made = cls(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    )
    for key in entry:
        default = getattr(cls(), key)
        kind = (int, float) if isinstance(default, float) else type(default)
        if not isinstance(getattr(made, key), kind):
            raise PolicyError(f"{place}: {key} cannot be {entry[key]!r}")
    if made.algorithm not in algorithms:
        raise PolicyError(
            f"{place}: unknown algorithm {made.algorithm!r} (known: {', '.join(algorithms)})"
        )
    return made


def _mapping(place: str, entry: Any) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise PolicyError(f"{place}: expected a mapping (key: value), not {entry!r}")
    return entry
