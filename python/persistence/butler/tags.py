"""Tags of data IDs: named sets of them, in ``.persistence/tags`` of a repository.

A tag is a file that can be deleted at any time. It has the data IDs by dataset type; since these
say which exposures or patches are meant, a tag also holds for other types whose keys include
theirs, or are among theirs.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from persistence.dataids import expression
from persistence.dataids.expression import Expression
from persistence.errors import RepositoryError, did_you_mean
from persistence.files import atomic, links, ownership

if TYPE_CHECKING:
    from persistence.butler.repository import Repository

FOLDER = ".persistence/tags"
_ENDING = ".json"
# Names are file names, and words in a shell.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,99}", re.ASCII)
_VALUES = (int, str, float)


class Tagged(NamedTuple):
    """Data IDs with a tag: those of a dataset type with the same keys."""

    datasetType: str
    keys: tuple[str, ...]
    rows: frozenset[tuple[Any, ...]]


def check(name: Any) -> str:
    """Return the name of a tag.

    Raises
    ------
    RepositoryError
        If it cannot be one.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise RepositoryError(
            f"{name!r} cannot be a tag: it has letters without accents, digits and _ . + -, up to "
            "100 of them, and begins with a letter or a digit"
        )
    return name


def names(root: str) -> list[str]:
    """Return the tags of a repository, sorted."""
    try:
        files = os.listdir(os.path.join(root, FOLDER))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RepositoryError(f"{error.filename}: {error.strerror}") from error
    stems = (file.removesuffix(_ENDING) for file in files if file.endswith(_ENDING))
    return sorted(stem for stem in stems if _NAME.fullmatch(stem))


def read(root: str, name: str) -> list[Tagged]:
    """Return the data IDs with a tag in a repository; none if it has no such tag.

    Raises
    ------
    RepositoryError
        If the file of the tag cannot be read, or is damaged.
    """
    path = _path(root, name)
    try:
        with open(path, encoding="utf-8") as stream:
            return list(_parsed(json.load(stream)))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RepositoryError(f"{path}: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RepositoryError(
            f"{path} is damaged: it does not list data IDs. Without it, the tag is gone, and "
            "nothing else"
        ) from error


def _parsed(content: Any) -> Iterator[Tagged]:
    for group in content["data IDs"]:
        keys, rows = tuple(group["keys"]), [tuple(row) for row in group["rows"]]
        texts = (group["type"], *keys)
        is_well = all(isinstance(text, str) and text for text in texts) and keys
        if not is_well or any(len(row) != len(keys) for row in rows):
            raise ValueError(group)
        if any(type(value) not in _VALUES for row in rows for value in row):
            raise ValueError(group)
        yield Tagged(group["type"], keys, frozenset(rows))


def change(
    root: str,
    name: str,
    datasetType: str,
    data_ids: Iterable[Mapping[str, Any]],
    remove: bool = False,
    dry_run: bool = False,
) -> int:
    """Add data IDs to a tag, or remove them, and return how many changed.

    Other writers wait; the file is complete at any time, and removed with its last data ID.

    Raises
    ------
    RepositoryError
        If the name cannot be a tag, the repository is another user's, or the file is damaged.
    """
    path, reason = _path(root, check(name)), ownership.refusal(root)
    if reason:
        raise RepositoryError(reason)
    by_keys: dict[tuple[str, ...], set[tuple[Any, ...]]] = {}
    for data_id in data_ids:
        keys = tuple(sorted(data_id))
        by_keys.setdefault(keys, set()).add(tuple(data_id[key] for key in keys))
    with atomic.locked(root):
        known = {(each.datasetType, each.keys): each.rows for each in read(root, name)}
        number = 0
        for keys, rows in by_keys.items():
            before = known.get((datasetType, keys), frozenset())
            after = before - rows if remove else before | rows
            number += len(before ^ after)
            known[datasetType, keys] = after
        left = [Tagged(*key, rows) for key, rows in known.items() if rows]
        if number and not dry_run:
            _write(path, left)
    return number


def remove(root: str, name: str, dry_run: bool = False) -> int:
    """Delete the file of a tag, and return how many data IDs it had; 0 if it was damaged."""
    path, reason = _path(root, name), ownership.refusal(root)
    if reason:
        raise RepositoryError(reason)
    with atomic.locked(root):
        try:
            number = sum(len(each.rows) for each in read(root, name))
        except RepositoryError:
            number = 0
        if not dry_run:
            _write(path, ())
    return number


def summary(roots: Sequence[str]) -> list[dict[str, Any]]:
    """Return how many data IDs of each dataset type have each tag, in each repository."""
    return [
        {"tag": name, "type": each.datasetType, "data IDs": len(each.rows), "repository": root}
        for root in roots
        for name in names(root)
        for each in read(root, name)
    ]


def _write(path: str, tagged: Sequence[Tagged]) -> None:
    try:
        if not tagged:
            os.unlink(path)
            return
        groups = [
            {"type": each.datasetType, "keys": each.keys, "rows": sorted(each.rows, key=repr)}
            for each in sorted(tagged)
        ]
        atomic.write_text(path, json.dumps({"data IDs": groups}) + "\n", replace=True)
    except OSError as error:
        raise RepositoryError(f"{error.filename or path}: {error.strerror or error}") from error


def _path(root: str, name: str) -> str:
    path = os.path.join(root, FOLDER, f"{check(name)}{_ENDING}")
    if not links.lies_in(path, root):
        raise RepositoryError(f"{path} leads out of {root}")
    return path


def condition(
    repositories: Sequence[Repository],
    tags: Sequence[str],
    datasetType: str,
    keys: Sequence[str],
    where: str | Expression | None = None,
) -> Expression:
    """Return the condition that a dataset has one of some tags, in any of some repositories.

    Parameters
    ----------
    repositories : sequence of `Repository`
        The repositories.
    tags : sequence of `str`
        The tags.
    datasetType : `str`
        The dataset type that the condition is for.
    keys : sequence of `str`
        The keys of its data IDs.
    where : `str` or `Expression`, optional
        A further condition.

    Raises
    ------
    RepositoryError
        If no repository has such a tag, or its data IDs say nothing about the dataset type.
    """
    roots = [repository.root for repository in repositories]
    wanted: list[dict[str, Any]] = []
    for tag in tags:
        every = [each for root in roots for each in read(root, tag)]
        if not every:
            known = list(dict.fromkeys(known for root in roots for known in names(root)))
            raise RepositoryError(
                f"there is no tag {tag!r}{did_you_mean(tag, known)} (known: "
                f"{', '.join(known) or 'none'}, in {', '.join(roots)})"
            )
        fitting = [each for each in every if _holds(each, datasetType, keys)]
        if not fitting:
            types = ", ".join(sorted({each.datasetType for each in every}))
            raise RepositoryError(
                f"the tag {tag!r} is one of {types}, whose keys say nothing about {datasetType} "
                f"({', '.join(keys)})"
            )
        wanted += (one for each in fitting for one in _grouped(each, keys))
    further = where if isinstance(where, Expression) else expression.parse(where or "")
    return expression.every([expression.of_data_ids(wanted), further])


def _holds(tagged: Tagged, datasetType: str, keys: Sequence[str]) -> bool:
    """Return whether tagged data IDs say anything about a dataset type with some keys."""
    mine, its = set(keys), set(tagged.keys)
    related = its <= mine or mine <= its
    return bool(mine & its) and (related or tagged.datasetType == datasetType)


def _grouped(tagged: Tagged, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield data IDs with the common keys, of which the last has a list of values."""
    *first, last = (key for key in tagged.keys if key in keys)
    positions = [tagged.keys.index(key) for key in first]
    grouped: dict[tuple[Any, ...], dict[Any, None]] = {}
    for row in sorted(tagged.rows, key=repr):
        head = tuple(row[position] for position in positions)
        grouped.setdefault(head, {})[row[tagged.keys.index(last)]] = None
    for head, values in grouped.items():
        yield {**dict(zip(first, head, strict=True)), last: list(values)}
