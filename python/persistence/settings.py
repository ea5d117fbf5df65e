"""What may stand under a policy's top-level keys that are no dataset types; doc/cameras.rst says what it means.

A camera's file is written by hand: what it says is checked when it is loaded, where its line is still known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from persistence import yamlfile
from persistence.errors import PolicyError, did_you_mean
from persistence.yamlfile import Node


class One(NamedTuple):
    """A number or a text."""

    number: bool = False


class Many(NamedTuple):
    """A list; if ``alone``, one thing without the list will do."""

    of: Any
    alone: bool = False


class Keys(NamedTuple):
    """A mapping with these keys; some are ``needed``."""

    known: Mapping[str, Any]
    needed: tuple[str, ...] = ()


class Table(NamedTuple):
    """A mapping with keys of the camera's own, perhaps numbers."""

    of: Any
    numbered: bool = False


_TEXT, _NUMBER = One(), One(number=True)
_WORDS = Many(_TEXT, alone=True)
_FILTER = Keys(
    {"physical": _TEXT, "name": _TEXT, "band": _TEXT, "alias": Many(_TEXT), "variant": _TEXT}, needed=("physical",)
)
_TIMES_AND_PLACES = ("exposure_id", "exposure_time", "dark_time", "date_begin", "ra", "dec", "airmass")
_BITS = ("tract", "patch", "filter")

SHAPES: Mapping[str, Any] = {
    "aliases": Table(_TEXT),
    "defaultSubLevels": Table(_TEXT),
    "levels": Table(_WORDS),
    "values": Table(Many(_TEXT)),
    "filters": Many(_FILTER),
    "detectors": Keys({"key": _TEXT, "name": _TEXT, "names": Table(_TEXT, numbered=True)}, needed=("key",)),
    "headers": Keys(
        {
            "visit": Keys(dict.fromkeys(_TIMES_AND_PLACES, _TEXT)),
            "zeroPoint": _TEXT,
            "filter": _TEXT,
            "detector": _TEXT,
        }
    ),
    "identifiers": Keys(
        {
            "exposure": Many(Table(_NUMBER), alone=True),
            "exposureBits": _NUMBER,
            "coadd": Keys(dict.fromkeys(_BITS, _NUMBER), needed=_BITS),
            "coaddBits": _NUMBER,
            "defaults": Table(_TEXT),
            "codes": Table(Table(_NUMBER)),
        }
    ),
}


def check(name: str, node: Node) -> None:
    """Refuse what a setting cannot mean.

    Parameters
    ----------
    name : `str`
        The top-level key; one that `SHAPES` lacks may hold anything.
    node : `Node`
        What stands there.

    Raises
    ------
    PolicyError
        If it is not of its shape.
    """
    if name in SHAPES:
        _check(name, node, SHAPES[name])


def _check(name: str, node: Node, shape: Any) -> None:
    if isinstance(shape, One):
        _check_one(name, node, shape)
    elif isinstance(shape, Many):
        for child in _listed(name, node, shape.alone):
            _check(name, child, shape.of)
    elif isinstance(shape, Keys):
        _check_keys(name, node, shape)
    else:
        for key, child in yamlfile.items(node).items():
            if shape.numbered and not key.isdecimal():
                raise PolicyError(f"{yamlfile.where(child)}: the keys of {name} are numbers, not {key!r}")
            _check(f"{name} {key}", child, shape.of)


def _check_one(name: str, node: Node, shape: One) -> None:
    if not yamlfile.is_scalar(node, "int" if shape.number else None):
        wanted = "a whole number" if shape.number else "a text or a number"
        raise PolicyError(f"{yamlfile.where(node)}: {name} has to be {wanted}")


def _listed(name: str, node: Node, alone: bool) -> list[Node]:
    children = yamlfile.listed(node)
    if children is None and not alone:
        raise PolicyError(f"{yamlfile.where(node)}: {name} has to be a list: [...]")
    return [node] if children is None else children


def _check_keys(name: str, node: Node, shape: Keys) -> None:
    there = yamlfile.items(node)
    for key, child in there.items():
        if key not in shape.known:
            hint = did_you_mean(key, shape.known)
            raise PolicyError(
                f"{yamlfile.where(child)}: {name} has no key {key!r}{hint} (known: {', '.join(shape.known)})"
            )
        _check(f"{name} {key}", child, shape.known[key])
    for key in shape.needed:
        if key not in there:
            raise PolicyError(f"{yamlfile.where(node)}: {name} needs the key {key!r}")
