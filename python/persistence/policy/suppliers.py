"""The suppliers of keys that a data ID lacks.

A dataset type has one list of them, in order of priority; completion, queries, subsets and ``--id``
use the same. Keys in the data ID itself precede all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

from persistence.policy.dataset_type import DatasetType

# A sky map's keys: no registry has them, because an exposure covers many patches.
SKYMAP_KEYS = frozenset({"tract", "patch"})


class Listing(Protocol):
    """A list of the values of keys that are the same for every exposure: a `CameraPolicy`."""

    @property
    def values(self) -> Mapping[str, tuple[Any, ...]]: ...


class Supplier(NamedTuple):
    """A supplier of keys.

    Attributes
    ----------
    name : `str`
        ``policy``: the camera's policy lists the values, the same for every exposure. ``files``:
        the names of existing files contain them, according to the index of outputs.
        ``calibrations``: the registry of calibrations has the valid ones. ``registry``: the
        repository's registry has a row.
    keys : collection of `str` or None
        The keys that it supplies; None for all that earlier ones leave.
    completes : `bool`
        Whether it determines the value that is meant, so that `Butler.get` and `Butler.put` may use
        it. Suppliers that only list existing values do not.
    """

    name: str
    keys: Collection[str] | None
    completes: bool = True


_CALIBRATIONS = (Supplier("calibrations", None),)
_SKYMAP = Supplier("files", SKYMAP_KEYS, completes=False)
_FILES = Supplier("files", None, completes=False)
_UNTABLED = Supplier("files", None)
_REGISTRY = Supplier("registry", None)


def of(dataset: DatasetType, policy: Listing) -> tuple[Supplier, ...]:
    """Return the suppliers of a dataset type's keys, in order of priority."""
    if dataset.section == "calibrations":
        return _CALIBRATIONS
    listed = Supplier("policy", policy.values)
    if dataset.tables:
        return (listed, _SKYMAP, _REGISTRY)
    # A coadd's filter is not an exposure's: without a table, only the files' names have it. Other
    # keys, in a repository without a registry, may come from them, too.
    return (listed, _UNTABLED if SKYMAP_KEYS.isdisjoint(dataset.keys) else _FILES)


def shares(
    dataset: DatasetType, policy: Listing, keys: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    """Return which of some keys each supplier of a dataset type supplies, by its name."""
    left, supplied = list(keys), dict[str, tuple[str, ...]]()
    for supplier in of(dataset, policy):
        its = left if supplier.keys is None else [key for key in left if key in supplier.keys]
        if its:
            supplied[supplier.name] = tuple(its)
            left = [key for key in left if key not in its]
    return supplied


def undecided(dataset: DatasetType, policy: Listing, keys: Collection[str]) -> tuple[str, ...]:
    """Return the keys that no supplier completes: they have to be in the data ID."""
    lists = {supplier.name for supplier in of(dataset, policy) if not supplier.completes}
    return tuple(
        key for name, its in shares(dataset, policy, keys).items() if name in lists for key in its
    )


def in_registry(dataset: DatasetType, policy: Listing, keys: Collection[str]) -> bool:
    """Return whether the repository's registry alone supplies some keys."""
    return shares(dataset, policy, keys).keys() <= {"registry"}


def listed(policy: Listing, data_id: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return the values of the keys that the policy lists, limited to those of a data ID."""
    return {
        key: (data_id[key],) if key in data_id else values for key, values in policy.values.items()
    }
