"""Components of composite dataset types, checked when the policy that defines them is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from persistence.errors import PolicyError, did_you_mean
from persistence.policy.dataset_type import Component, DatasetType
from persistence.policy.suppliers import SKYMAP_KEYS


def checked(types: Mapping[str, DatasetType]) -> dict[str, DatasetType]:
    """Return the dataset types after a check of each composite.

    Composites without a file get the keys and tables of their components.

    Raises
    ------
    PolicyError
        If a component's type does not exist, contains the composite itself, or needs a key that the
        composite's data ID cannot supply.
    """
    found = dict(types)
    for name, dataset in types.items():
        if dataset.composite:
            _check(dataset, types, ())
            found[name] = _completed(dataset, types)
    return found


def is_keyless_aggregate(dataset: DatasetType) -> bool:
    """Return whether a dataset type needs no keys: it is composed of whatever a data ID matches.

    It has no file, and neither its definition nor a component has required keys.
    """
    return dataset.template is None and bool(dataset.composite) and not dataset.keys


def possible_keys(dataset: DatasetType, types: Mapping[str, DatasetType]) -> Mapping[str, type]:
    """Return the keys that a data ID of a dataset type may have, with their types.

    They are those of a complete data ID, or, for an aggregate without required keys, those of its
    parts.
    """
    if not is_keyless_aggregate(dataset):
        return dataset.keys
    parts = [
        types[component.datasetType]
        for component in dataset.composite.values()
        if not component.dataIdFrom
    ]
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
            raise PolicyError(f"{told} is circular: {' -> '.join([*line, part.datasetType])}")
        _check_source(told, name, part, dataset)
        if not its_own_file:
            _check(types[part.datasetType], types, line)
    if dataset.keys and dataset.template is None:
        _check_keys(dataset, types)


def _check_source(told: str, name: str, part: Component, dataset: DatasetType) -> None:
    """Check that a component's data IDs come from another component, which is read before."""
    if part.dataIdFrom is None:
        return
    source = part.dataIdFrom.partition(".")[0]
    others = [
        one for one, other in dataset.composite.items() if one != name and other.dataIdFrom is None
    ]
    if source not in others:
        hint = did_you_mean(source, others)
        raise PolicyError(
            f"{told} has its data ID from {source!r}, which is not a component with one of its "
            f"own{hint}"
        )


def _check_keys(dataset: DatasetType, types: Mapping[str, DatasetType]) -> None:
    """Check that the declared keys of a composite are enough for its components."""
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
    """Return a composite without a file with the keys and tables of its components."""
    if dataset.template is not None:
        return dataset
    needed = [types[part.datasetType] for part in _own(dataset)]
    inner = [
        _completed(component, types) if component.composite else component for component in needed
    ]
    keys = dataset.keys or {
        key: kind for component in inner for key, kind in component.keys.items()
    }
    tables = dataset.tables or next(
        (component.tables for component in inner if component.tables), ()
    )
    return dataset._replace(keys=keys, tables=tables)


def _own(dataset: DatasetType) -> Iterator[Component]:
    """Return the components that are found by the composite's own data ID."""
    return (part for part in dataset.composite.values() if not part.subset and not part.dataIdFrom)
