"""Which keys a data ID may have on the command line, their types, and their other names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from persistence.butler.butler import Butler


def known(butler: Any, name: str, names: Iterable[str]) -> tuple[dict[str, type], dict[str, str]]:
    """Return the possible keys of a dataset type's data IDs, their types, and their aliases.

    Parameters
    ----------
    butler : `Butler` or `Federation`
        The Butler.
    name : `str`
        The dataset type, or a view of one.
    names : iterable of `str`
        The keys of the command line. The columns of registries are read only if the camera lacks
        one of them.

    Raises
    ------
    UnknownDatasetType
        If there is no such dataset type.
    """
    if not hasattr(butler, "chain"):
        federated: tuple[dict[str, type], dict[str, str]] = butler.known_keys(name)
        return federated
    keys, others = _camera_keys(butler, name), aliases(butler)
    if any(key not in keys and key not in others for key in names):
        keys = {**_registry_keys(butler), **keys}
    return keys, others


def _camera_keys(butler: Butler, name: str) -> dict[str, type]:
    """Return the keys in the policies; those of the dataset type come first."""
    known = dict(butler.getKeys(name) or {})
    for repository in butler.chain.inputs:
        for key, kind in repository.mapper.policy.keys.items():
            known.setdefault(key, kind)
    return known


def aliases(butler: Butler) -> dict[str, str]:
    """Return the other names of keys, ``ccd`` for ``ccdnum``.

    A name that an earlier camera of the chain has as a key is not an alias.
    """
    known: dict[str, str] = {}
    for repository in butler.chain.inputs:
        policy = repository.mapper.policy
        for name, key in (*zip(policy.keys, policy.keys, strict=True), *policy.aliases.items()):
            known.setdefault(name, key)
    return {name: key for name, key in known.items() if name != key}


def _registry_keys(butler: Butler) -> dict[str, type]:
    """Return the columns of the registries, which can select rows, too."""
    known: dict[str, type] = {}
    for registry in dict.fromkeys(repository.registry for repository in butler.chain.inputs):
        for column, declared in registry.columns(registry.tables()).items():
            known.setdefault(column, _kind(declared.upper()))
    return known


def _kind(declared: str) -> type:
    """Return the type that SQLite gives a column (https://sqlite.org/datatype3.html, 3.1)."""
    if "INT" in declared:
        return int
    return float if any(word in declared for word in ("REAL", "FLOA", "DOUB")) else str
