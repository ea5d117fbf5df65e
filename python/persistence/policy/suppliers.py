"""Who supplies the keys of a data ID that a person leaves out.

One list for a dataset type, in the order in which they are asked; completion, queries, subsets and
``--id`` ask the same. What the data ID itself says comes before all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

from persistence.policy.dataset_type import DatasetType

# A sky map's keys: no registry has them, for an exposure lies on many patches.
SKYMAP_KEYS = frozenset({"tract", "patch"})


class Listing(Protocol):
    """What lists values of keys that are the same for every exposure: a `CameraPolicy`."""

    @property
    def values(self) -> Mapping[str, tuple[Any, ...]]: ...


class Supplier(NamedTuple):
    """One who supplies keys.

    Attributes
    ----------
    name : `str`
        ``policy``: the camera's policy lists the values, the same for every exposure. ``files``:
        the names of the files that exist have them, as the index of outputs knows.
        ``calibrations``: the registry of calibrations knows what is valid. ``registry``: the
        repository's registry has a row.
    keys : collection of `str` or None
        The keys that it supplies; None is all that those before it leave.
    completes : `bool`
        Whether it says which value is meant, so that `Butler.get` and `Butler.put` may ask it. What
        only lists those that exist does not.
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
    """Return who supplies the keys of a dataset type, in the order in which they are asked."""
    if dataset.section == "calibrations":
        return _CALIBRATIONS
    listed = Supplier("policy", policy.values)
    if dataset.tables:
        return (listed, _SKYMAP, _REGISTRY)
    # A coadd's filter is no exposure's: where no table has it, the files' names alone do. Other
    # keys, of a repository without a registry, may come from them.
    return (listed, _UNTABLED if SKYMAP_KEYS.isdisjoint(dataset.keys) else _FILES)


def shares(
    dataset: DatasetType, policy: Listing, keys: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    """Return which of some keys each supplier of a dataset type supplies, by its name."""
    left, found = list(keys), dict[str, tuple[str, ...]]()
    for supplier in of(dataset, policy):
        its = left if supplier.keys is None else [key for key in left if key in supplier.keys]
        if its:
            found[supplier.name] = tuple(its)
            left = [key for key in left if key not in its]
    return found


def undecided(dataset: DatasetType, policy: Listing, keys: Collection[str]) -> tuple[str, ...]:
    """Return the keys that nobody completes: they have to be given in the data ID."""
    lists = {supplier.name for supplier in of(dataset, policy) if not supplier.completes}
    return tuple(
        key for name, its in shares(dataset, policy, keys).items() if name in lists for key in its
    )


def in_registry(dataset: DatasetType, policy: Listing, keys: Collection[str]) -> bool:
    """Return whether the repository's registry alone supplies some keys."""
    return shares(dataset, policy, keys).keys() <= {"registry"}


def listed(policy: Listing, data_id: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return the values of the keys that the policy lists; a data ID that has one chooses."""
    return {
        key: (data_id[key],) if key in data_id else values for key, values in policy.values.items()
    }
