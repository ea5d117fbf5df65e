"""Flavours: families of dataset types that differ only in how their data were chosen or combined.

``coadd_calexp`` with flavour ``deep`` is ``deepCoadd_calexp``; the types of a family have names
that begin alike. The framework's families are in ``policy/exposures.yaml``, for cameras that have
exposures; those of a camera are under ``flavours`` in its policy.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from persistence.errors import PolicyError, did_you_mean
from persistence.files import yaml_nodes
from persistence.policy.section import Layer, framework


class Policy(Protocol):
    """The part of a camera's policy that families depend on: of `load.CameraPolicy`."""

    @property
    def types(self) -> Mapping[str, Any]:
        """All dataset types by name."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The other top-level keys, as plain data."""

    @property
    def layers(self) -> Sequence[Layer]:
        """The content of each file, lowest first."""

    def __hash__(self) -> int: ...


# Family -> flavour -> the beginning of the names of its dataset types.
Families = Mapping[str, Mapping[str, str]]

# What follows the name of a family, or of its types, in the name of one: `coadd_calexp`.
_ENDS = ("", "_", ".", ":")


def _declared(policy: Policy) -> dict[str, dict[str, str]]:
    """Return the families of the framework and of a camera, whose flavours win."""
    own: Families = policy.settings.get("flavours", {})
    shared: Families = {}
    if any("exposures" in layer for layer in policy.layers):
        node = framework("exposures")["flavours"]
        shared = {name: yaml_nodes.plain(one) for name, one in yaml_nodes.items(node).items()}
    return {name: {**shared.get(name, {}), **own.get(name, {})} for name in {**shared, **own}}


@functools.lru_cache(maxsize=32)
def families(policy: Policy) -> Families:
    """Return the families of a camera, with the flavours of which it has a dataset type."""
    existing = {
        family: {
            flavour: beginning
            for flavour, beginning in flavours.items()
            if _begins_any(policy.types, beginning)
        }
        for family, flavours in _declared(policy).items()
    }
    return {family: flavours for family, flavours in existing.items() if flavours}


def check(said: Layer, types: Collection[str]) -> None:
    """Check that the flavours of a policy are those of dataset types that exist.

    Raises
    ------
    PolicyError
        If the name of no dataset type begins as a flavour says.
    """
    for family, node in yaml_nodes.items(said.get("flavours")).items():
        for flavour, beginning in yaml_nodes.items(node).items():
            if not _begins_any(types, beginning.value):
                raise PolicyError(
                    f"{yaml_nodes.where(beginning)}: flavours.{family}.{flavour}: there is no "
                    f"dataset type {beginning.value!r}, nor one whose name begins with it and '_'"
                    f"{did_you_mean(beginning.value, types)}"
                )


def of(policy: Policy, name: str) -> dict[str, str]:
    """Return the names that a name of a family stands for, by flavour; empty for other names.

    Parameters
    ----------
    policy : `persistence.policy.load.CameraPolicy`
        The camera's policy.
    name : `str`
        The name of a dataset type, a view or a component: ``coadd_calexp.wcs``. That of an existing
        type belongs to no family.
    """
    some = {family: each for family, each in families(policy).items() if begins(name, family)}
    if not some or any(begins(name, known) for known in policy.types):
        return {}
    return {
        flavour: beginning + name[len(family) :]
        for family, each in some.items()
        for flavour, beginning in each.items()
        if any(begins(beginning + name[len(family) :], known) for known in policy.types)
    }


def flavour_of(policy: Policy, name: str) -> str | None:
    """Return the flavour of a dataset type, the longest beginning deciding; None if it has none."""
    matches = {
        beginning: flavour
        for flavours in families(policy).values()
        for flavour, beginning in flavours.items()
        if begins(name, beginning)
    }
    return matches[max(matches, key=len)] if matches else None


def begins(name: str, word: str) -> bool:
    """Return whether a name is a word, or begins with it and a mark: ``coadd_calexp``."""
    return name.startswith(word) and name[len(word) : len(word) + 1] in _ENDS


def _begins_any(types: Collection[str], beginning: str) -> bool:
    return any(begins(known, beginning) for known in types)
