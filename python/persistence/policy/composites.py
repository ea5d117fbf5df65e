"""Components of composite dataset types, checked when the policy that defines them loads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from persistence.errors import PolicyError, did_you_mean
from persistence.policy.dataset_type import Component, DatasetType
from persistence.policy.suppliers import SKYMAP_KEYS


def checked(types: Mapping[str, DatasetType]) -> dict[str, DatasetType]:
    """Check each composite.

    Gives the types, composites with the keys and tables of their components.

    Raises
    ------
    PolicyError
        If a component is of no type that there is, contains the composite itself, or needs a key
        that the composite's data ID cannot supply.
    """
    found = dict(types)
    for name, dataset in types.items():
        if dataset.composite:
            _check(dataset, types, ())
            found[name] = _completed(dataset, types)
    return found


def is_keyless_aggregate(dataset: DatasetType) -> bool:
    """Check whether a dataset type is made of whatever a data ID matches, and so needs no keys.

    It has no file, and neither its definition nor a component names keys that are required.
    """
    return dataset.template is None and bool(dataset.composite) and not dataset.keys


def possible_keys(dataset: DatasetType, types: Mapping[str, DatasetType]) -> Mapping[str, type]:
    """Return the keys that a data ID of a dataset type may have, with their types.

    They are those of a complete data ID, or of an aggregate that needs none, the keys of its parts.
    """
    if not is_keyless_aggregate(dataset):
        return dataset.keys
    parts = [types[one.datasetType] for one in dataset.composite.values() if not one.dataIdFrom]
    return {key: kind for part in parts for key, kind in possible_keys(part, types).items()}


def _check(dataset: DatasetType, types: Mapping[str, DatasetType], line: tuple[str, ...]) -> None:
    line = (*line, dataset.name)
    for name, part in dataset.composite.items():
        told = f"{dataset.source}: component {name!r} of {dataset.name}"
        if part.datasetType not in types:
            hint = did_you_mean(part.datasetType, types)
            raise PolicyError(
                f"{told} is of dataset type {part.datasetType!r}, which does not exist{hint}"
            )
        its_own_file = part.datasetType == dataset.name and dataset.template is not None
        if part.datasetType in line and not its_own_file:
            raise PolicyError(f"{told} leads in a circle: {' -> '.join([*line, part.datasetType])}")
        _check_source(told, name, part, dataset)
        if not its_own_file:
            _check(types[part.datasetType], types, line)
    if dataset.keys and dataset.template is None:
        _check_keys(dataset, types)


def _check_source(told: str, name: str, part: Component, dataset: DatasetType) -> None:
    """Check what says where a component's data IDs are: another component, which is read before."""
    if part.dataIdFrom is None:
        return
    source = part.dataIdFrom.partition(".")[0]
    others = [
        one for one, other in dataset.composite.items() if one != name and other.dataIdFrom is None
    ]
    if source not in others:
        hint = did_you_mean(source, others)
        raise PolicyError(
            f"{told} has its data ID from {source!r}, which is no component with one of its "
            f"own{hint}"
        )


def _check_keys(dataset: DatasetType, types: Mapping[str, DatasetType]) -> None:
    """Check that the keys that a composite declares are enough for its components."""
    for name, part in dataset.composite.items():
        component = types[part.datasetType]
        can_be_found = part.subset or part.dataIdFrom or component.section == "calibrations"
        missing = [key for key in component.keys if key not in dataset.keys]
        lost = [key for key in missing if not component.tables or key in SKYMAP_KEYS]
        if lost and not can_be_found:
            raise PolicyError(
                f"{dataset.source}: component {name!r} of {dataset.name} needs {', '.join(lost)}, "
                "which no registry table supplies, and which are not among the keys of "
                f"{dataset.name} ({', '.join(dataset.keys)})"
            )


def _completed(dataset: DatasetType, types: Mapping[str, DatasetType]) -> DatasetType:
    """Give a composite without a file of its own what its components need to be found."""
    if dataset.template is not None:
        return dataset
    needed = [types[part.datasetType] for part in _own(dataset)]
    inner = [_completed(one, types) if one.composite else one for one in needed]
    keys = dataset.keys or {key: kind for one in inner for key, kind in one.keys.items()}
    tables = dataset.tables or next((one.tables for one in inner if one.tables), ())
    return dataset._replace(keys=keys, tables=tables)


def _own(dataset: DatasetType) -> Iterator[Component]:
    """Give the components that are found by the composite's own data ID."""
    return (part for part in dataset.composite.values() if not part.subset and not part.dataIdFrom)
