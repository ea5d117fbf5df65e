"""``persistence tree``: the repository and its parents, with mappers, registries and rows."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from persistence.butler.repository import Repository
from persistence.cameras.installed import gen2_name
from persistence.cli import messages, output
from persistence.errors import RegistryError
from persistence.files import links
from persistence.registry import path_of

if TYPE_CHECKING:
    from persistence.butler.butler import Butler


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the repository is enough."""


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print each repository of the chain once.

    In the table, parents are indented under their children.
    """
    found, problems = {}, []
    for repository in butler.chain.inputs:
        counts, problem = _counts(repository)
        found[repository] = _described(repository, counts, repository in butler.chain.outputs)
        problems += problem
        registries = (
            path_of(repository.root),
            path_of(repository.calibrations.root, {}, "calibRegistry"),
        )
        problems += filter(None, map(links.fault, registries))
    output.write(
        list(found.values()), arguments.format, list(_shown(butler.chain.inputs[0], found, []))
    )
    for message in problems:
        messages.problem(message)
    return 1 if problems else 0


def _counts(repository: Repository) -> tuple[dict[str, int], list[str]]:
    """Count the rows of each table of a repository's own registry, and say what went wrong."""
    registry = repository.registry
    if _owner(repository) != repository.root:
        return {}, []
    try:
        return {table: registry.count(table) for table in registry.tables()}, []
    except RegistryError as error:  # the rest of the tree is worth seeing, now more than ever
        return {}, [str(error)]


def _owner(repository: Repository) -> str | None:
    """Give the root of the repository whose registry is asked; None if file names are."""
    registry = repository.registry
    return None if registry.lists_files else os.path.dirname(registry.path)


def _described(
    repository: Repository, counts: Mapping[str, int], is_output: bool
) -> dict[str, Any]:
    owner = _owner(repository)
    return {
        "root": repository.root,
        "mapper": gen2_name(repository.mapper),
        "mode": "rw" if is_output and os.access(repository.root, os.W_OK) else "r",
        "tags": sorted(map(str, repository.tags)),
        "registry": None if owner is None else repository.registry.path,
        "registry_of": owner,
        "rows": dict(counts),
        "calibrations": None
        if repository.calibrations.registry is None
        else repository.calibrations.registry.path,
        "parents": [parent.root for parent in repository.parents],
    }


def _shown(
    repository: Repository,
    found: Mapping[Repository, Mapping[str, Any]],
    above: list[Repository],
    depth: int = 0,
) -> Iterator[dict[str, Any]]:
    """Give the lines of the tree: a parent of several children is described under the first."""
    indented = "  " * depth + repository.root
    if repository in above:
        yield {"root": indented, "mapper": "(see above)"}
        return
    above.append(repository)
    row = found[repository]
    # Columns that most chains do not need.
    tags = {"tags": " ".join(row["tags"])} if any(one["tags"] for one in found.values()) else {}
    calibrations = (
        {"calibrations": row["calibrations"]}
        if any(one["calibrations"] for one in found.values())
        else {}
    )
    yield {
        "root": indented,
        "mapper": row["mapper"],
        "mode": row["mode"],
        **tags,
        "registry": _registry(row),
        "rows": ", ".join(f"{table} {number}" for table, number in row["rows"].items()),
        **calibrations,
    }
    for parent in repository.parents:
        yield from _shown(parent, found, above, depth + 1)


def _registry(row: Mapping[str, Any]) -> str:
    if row["registry"] is None:
        return "file names"
    own = row["registry_of"] == row["root"]
    return os.path.basename(row["registry"]) if own else f"of {row['registry_of']}"
