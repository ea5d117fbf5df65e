"""Read keys from file names: which data IDs of a dataset type a repository has.

Where few names have to be read for an answer, the directories are read directly, which is faster
than opening the index. All other questions are answered by the index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from persistence.butler.index import trees
from persistence.butler.repository import Repository
from persistence.dataids.template import PathTemplate
from persistence.policy import storages
from persistence.policy.dataset_type import DatasetType
from persistence.registry import filesystem

# About as many names can be read in the time in which the index is opened.
_FEW = 4000
# Queries that turned out to take longer; cleared when there are too many.
_long: set[tuple[str, str, frozenset[str]]] = set()
_ENOUGH = 10_000


def lookup(
    repository: Repository,
    dataset: DatasetType,
    columns: Sequence[str],
    known: Mapping[str, Any],
) -> list[tuple[Any, ...]]:
    """Return the distinct values of some keys in the file names of a dataset type.

    Parameters
    ----------
    repository : `Repository`
        The repository.
    dataset : `DatasetType`
        The dataset type.
    columns : sequence of `str`
        Keys of its template. The number of an HDU is in no file name: it is None unless known.
    known : mapping
        Required values of keys, of the keys' types; keys that the template lacks are ignored.

    Returns
    -------
    rows : `list` of `tuple`
        The values of the columns, sorted, each combination once.
    """
    rows: dict[tuple[Any, ...], None] = {}
    for data_id in data_ids(repository, dataset, known, columns):
        rows[tuple([data_id.get(column) for column in columns])] = None
    return list(rows)


def data_ids(
    repository: Repository,
    dataset: DatasetType,
    known: Mapping[str, Any],
    columns: Collection[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the data ID of each file of a dataset type with the required values, sorted by them.

    If a name can be read in several ways, only the first one with these values counts.

    Parameters
    ----------
    repository, dataset, known
        As for `lookup`.
    columns : collection of `str`, optional
        The keys that matter; others may be missing.
    """
    template = dataset.template
    if template is None:
        return iter(())
    endings = storages.endings(dataset.storage or "")
    question = repository.root, template.file_text, frozenset(known)
    # Only the index knows of files registered outside the repository.
    has_direct = repository.direct.is_there or repository.direct.has_appeared()
    if not has_direct and question not in _long:
        try:
            return iter([*filesystem.scan(repository.root, template, known, endings, _FEW)])
        except filesystem.TooLong:
            if len(_long) >= _ENOUGH:
                _long.clear()
            _long.add(question)
    return _indexed(repository, dataset, template, known, columns)


def _indexed(
    repository: Repository,
    dataset: DatasetType,
    template: PathTemplate,
    known: Mapping[str, Any],
    columns: Collection[str] | None,
) -> Iterator[dict[str, Any]]:
    """Yield data IDs from the index."""
    in_file = PathTemplate(template.file_text)
    fixed = {key: value for key, value in known.items() if key in in_file.keys}
    outside = {key: known[key] for key in template.keys if key in known}
    if any(map(_is_in_no_index, fixed.values())):
        return
    tree = trees.of(repository, dataset)
    tree.refresh(in_file, fixed)
    keys = list(in_file.keys)
    if columns is not None and filesystem.is_unique(in_file):
        keys = [key for key in keys if key in columns]
    rows = tree.rows(in_file, keys, known=fixed)
    records = (dict(zip(keys, row, strict=True)) for row in rows)
    for data_id in filesystem.once(in_file, fixed, records):
        yield outside | data_id


def _is_in_no_index(value: Any) -> bool:
    """Return whether SQLite cannot hold a value that a file name can."""
    if isinstance(value, int):
        return not -(2**63) <= value < 2**63
    return isinstance(value, str) and not value.isascii() and not _is_encodable(value)


def _is_encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
