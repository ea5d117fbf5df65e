"""Look-ups in one repository: supply missing keys, and find data IDs that match."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.butler import file_keys
from persistence.butler.repository import Repository
from persistence.calibs import choose
from persistence.cameras.mapper import Mapper
from persistence.dataids.dataid import DataId
from persistence.dataids.request import Request
from persistence.errors import IncompleteDataId, NoTables, UnknownKey, did_you_mean
from persistence.formatters import HDU_KEYS
from persistence.policy import suppliers
from persistence.policy.dataset_type import DatasetType
from persistence.registry import refuse_unknown

if TYPE_CHECKING:
    from persistence.calibs.explain import Explanation

Row = tuple[Any, ...]


def lookup(
    repository: Repository,
    dataset: DatasetType,
    columns: Sequence[str],
    data_id: Mapping[str, Any],
    lenient: bool = False,
) -> list[Row]:
    """Return the distinct values of some keys, from the registry or the file names.

    Keys of the data ID that the supplier does not know do not constrain the answer.

    Parameters
    ----------
    repository : `Repository`
        The repository.
    dataset : `DatasetType`
        The dataset type.
    columns : sequence of `str`
        The keys to return, in this order.
    data_id : mapping
        Values that the rows must have.
    lenient : `bool`
        Return None for keys that no path needs and the supplier does not know.

    Returns
    -------
    rows : `list` of `tuple`
        The values of the columns.

    Raises
    ------
    UnknownKey
        If the supplier knows none of the columns, or none of the data ID's keys.
    IncompleteDataId
        If there is neither a registry nor a path template to look them up in.
    """
    policy = repository.mapper.policy
    shares = suppliers.shares(dataset, policy, columns)
    if "calibrations" in shares:
        source = repository.calibrations_of(dataset)
        return choose.query(dataset, columns, data_id, repository.registry, source)
    fixed: dict[str, tuple[Any, ...]] = {}
    if "policy" in shares:
        fixed |= suppliers.listed(policy, data_id)
    wanted = [column for column in columns if column not in fixed]
    ask = _ask_registry
    if "files" in shares:
        if set(shares["files"]) <= data_id.keys():
            fixed |= {key: (data_id[key],) for key in shares["files"]}
            wanted = [column for column in wanted if column not in fixed]
        else:
            ask = _ask_files
    rows = ask(repository, dataset, wanted, data_id, lenient) if wanted else [()]
    return _joined(columns, wanted, rows, fixed) if fixed else rows


def lists_files(repository: Repository, dataset: DatasetType, keys: Sequence[str]) -> bool:
    """Return whether a look-up of some keys only lists files: other repositories may have more.

    Gen2 used file names as a registry where there was none, and they answered for all repositories.
    """
    policy = repository.mapper.policy
    if suppliers.undecided(dataset, policy, keys):
        return True
    is_of_files = "files" in suppliers.shares(dataset, policy, keys)
    return is_of_files and not repository.registry.lists_files


def _joined(
    columns: Sequence[str],
    wanted: Sequence[str],
    rows: Sequence[Row],
    fixed: Mapping[str, tuple[Any, ...]],
) -> list[Row]:
    """Join the rows of some columns with each combination of the values of the others."""
    others = [key for key in columns if key in fixed]
    joined = []
    for row, values in itertools.product(rows, itertools.product(*(fixed[key] for key in others))):
        whole = dict(zip((*wanted, *others), (*row, *values), strict=True))
        joined.append(tuple(whole[key] for key in columns))
    return joined


def _ask_files(
    repository: Repository,
    dataset: DatasetType,
    wanted: Sequence[str],
    data_id: Mapping[str, Any],
    lenient: bool,
) -> list[Row]:
    """Return values read from the names of existing files."""
    if dataset.template is None:
        reason = f"needs  {', '.join(wanted)}; the policy names neither a table nor a template"
        raise NoTables("Incomplete data ID:", dataset.name, data_id, [reason])
    files = repository.files
    known = files.columns((), dataset.template)
    supplied = [key for key in wanted if key in known] if lenient else list(wanted)
    refuse_unknown(supplied, known, dataset.name, files)
    return _with_nulls(wanted, supplied, file_keys.lookup(repository, dataset, supplied, data_id))


def _ask_registry(
    repository: Repository,
    dataset: DatasetType,
    wanted: Sequence[str],
    data_id: Mapping[str, Any],
    lenient: bool,
) -> list[Row]:
    """Return values from the registry, and None in the columns that it lacks."""
    lacking = absent(repository, dataset, wanted, data_id) if lenient else ()
    supplied = [column for column in wanted if column not in lacking]
    if not supplied:
        return [(None,) * len(wanted)]
    where = conditions(repository, dataset, supplied, data_id)
    if repository.registry.lists_files:
        rows = file_keys.lookup(repository, dataset, supplied, where)
    else:
        rows = repository.registry.lookup(
            supplied, where, dataset.tables, template=dataset.template
        )
    return _with_nulls(wanted, supplied, rows)


def _with_nulls(columns: Sequence[str], supplied: Sequence[str], rows: list[Row]) -> list[Row]:
    """Return rows with None in the columns that were not requested."""
    if len(supplied) == len(columns):
        return rows
    by_name = (dict(zip(supplied, row, strict=True)) for row in rows)
    return [tuple(row.get(column) for column in columns) for row in by_name]


def absent(
    repository: Repository,
    dataset: DatasetType,
    columns: Sequence[str],
    data_id: Mapping[str, Any],
) -> list[str]:
    """Return the columns that the registry lacks, no path needs and no condition uses."""
    existing = repository.registry.columns(dataset.tables, dataset.template)
    if not existing:
        return []
    needed = dataset.template.keys if dataset.template is not None else ()
    return [
        column
        for column in columns
        if column not in existing and column not in needed and column not in data_id
    ]


def conditions(
    repository: Repository,
    dataset: DatasetType,
    wanted: Sequence[str],
    data_id: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the part of a data ID that constrains a look-up of some columns in the registry."""
    known = repository.registry.columns(dataset.tables, dataset.template)
    refuse_unknown(wanted, known, dataset.name, repository.registry)
    where = {
        key: value
        for key, value in data_id.items()
        if key in known and (dataset.columns is None or key in dataset.columns)
    }
    unknown = {} if where else strange(repository, dataset.name, data_id)
    for message in unknown.values():
        raise UnknownKey(message)
    return where


def strange(repository: Repository, name: str, data_id: Mapping[str, Any]) -> dict[str, str]:
    """Return the unknown keys of a data ID, with a message for each.

    They are misspelt, and constrain nothing. A mapper without a policy may know any key.

    Parameters
    ----------
    repository : `Repository`
        The repository whose camera and registry may know them.
    name : `str`
        The dataset type; a mapper may list its keys itself.
    data_id : mapping
        The data ID.

    Returns
    -------
    messages : `dict` [`str`, `str`]
        Unknown key to message.
    """
    policy = repository.mapper.policy
    unknown = [
        key
        for key in data_id
        if key not in policy.keys and key not in policy.aliases and key not in HDU_KEYS.values()
    ]
    own = type(repository.mapper).getKeys is not Mapper.getKeys
    if not unknown or not (policy.keys or own):
        return {}
    registry = repository.registry
    known = {*registry.columns(registry.tables()), *policy.keys, *policy.aliases}
    known |= {key for dataset in repository.mapper.types.values() for key in dataset.keys}
    if own:
        known |= set(repository.mapper.getKeys(name, None) or ())
    nowhere = f"is known to no dataset type and no registry of {repository.root}"
    return {
        key: f"data ID key {key!r} {nowhere}{did_you_mean(key, known)}"
        for key in unknown
        if key not in known
    }


def complete(repository: Repository, dataset: DatasetType, data_id: Mapping[str, Any]) -> DataId:
    """Return a data ID with the missing keys supplied.

    Raises
    ------
    IncompleteDataId
        If they are unknown, or only the user can supply them.
    AmbiguousDataId, MultipleResults
        If several values match.
    """
    mapper = repository.mapper
    try:
        if dataset.section == "calibrations":
            full_id = mapper.typed(dataset, data_id)
            source = repository.calibrations_of(dataset)
            supplied = choose.complete(dataset, full_id, mapper, repository.registry, source)
            dict.update(full_id, supplied)  # values from a registry are plain
            return full_id
        return mapper.complete(dataset, data_id, functools.partial(supply, repository))
    except UnknownKey as error:
        missing = [key for key in dataset.keys if key not in data_id]
        reason = f"needs  {', '.join(missing)}"
        raise IncompleteDataId(
            "Incomplete data ID:", dataset.name, data_id, [reason, str(error)]
        ) from error


def supply(
    repository: Repository,
    dataset: DatasetType,
    columns: Sequence[str],
    data_id: Mapping[str, Any],
) -> list[Row]:
    """Return the possible values of the keys that a data ID lacks.

    Raises
    ------
    IncompleteDataId
        If only the user can supply one, or the registry has the row, but not what the path needs.
    """
    mapper = repository.mapper
    undecided = suppliers.undecided(dataset, mapper.policy, columns)
    if undecided:
        names = ", ".join(undecided)
        reason = f"needs  {names}, which cannot be looked up: give it in the data ID"
        raise IncompleteDataId("Incomplete data ID:", dataset.name, data_id, [reason])
    if not dataset.tables and not repository.registry.lists_files:
        names = ", ".join(columns)
        reason = f"needs  {names}; the policy names no registry table that could supply them"
        raise NoTables("Incomplete data ID:", dataset.name, data_id, [reason])
    rows = lookup(repository, dataset, columns, data_id, lenient=True)
    if len(rows) == 1 and None in rows[0]:
        known = zip(columns, rows[0], strict=True)
        full_id = {**data_id, **{key: value for key, value in known if value is not None}}
        missing = mapper.needs(dataset, full_id)
        if missing:
            reason = f"needs  {', '.join(missing)}, which is NULL in {repository.registry.path}"
            raise IncompleteDataId("Incomplete data ID:", dataset.name, data_id, [reason])
    return rows


def explained(repository: Repository, request: Request, data_id: Mapping[str, Any]) -> Explanation:
    """Explain which calibration of a repository matches a data ID, and why others do not."""
    from persistence.calibs import explain  # lazy: only needed for explanations

    mapper = repository.mapper
    dataset = mapper.dataset(request)
    full_id = mapper.typed(dataset, data_id)
    source = repository.calibrations_of(dataset)
    return explain.explain(dataset, full_id, mapper, repository.registry, source)
