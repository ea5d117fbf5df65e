"""``persistence tree``: the repository and its parents, with mappers, registries and rows."""

from __future__ import annotations

import argparse
import fnmatch
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.cli import cameras, messages, output, places
from persistence.errors import NoResults, RegistryError
from persistence.files import links, marks, mirrors

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.repository import Repository


_CALIBRATIONS = "calibRegistry"
_SHOWN = 8
EXAMPLES = {
    "repo 'rerun/*'": "the repository, and all its reruns",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the pattern of directories in the repository."""
    parser.add_argument(
        "pattern", nargs="?", metavar="GLOB",
        help="reruns and calibrations in the repository:  '*', 'rerun/me/*', CALIB",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print each repository of the chain once, or the directories in the repository.

    In the table, parents are indented under their children.
    """
    if arguments.pattern is None:
        return _write([butler], [], arguments)
    root = butler.chain.inputs[0].root
    inner = [name for name in _inner(root) if fnmatch.fnmatchcase(name, arguments.pattern)]
    if not inner:
        known = ", ".join(list(_inner(root))[:_SHOWN]) or "none"
        raise NoResults(
            "No repository or calibrations match", arguments.pattern, {}, [f"in {root}: {known}"]
        )
    paths = [os.path.join(root, name) for name in inner]
    calibrations = [_of_calibrations(path) for path in paths if _has_calibrations(path)]
    butlers = [_opened(path, arguments) for path in paths if marks.is_repository(path)]
    return _write(butlers, calibrations, arguments)


def _opened(path: str, arguments: argparse.Namespace) -> Butler:
    from persistence.butler.butler import Butler

    return Butler(path, **cameras.given(arguments))


def _inner(root: str) -> Iterator[str]:
    """Yield the reruns and top-level directories in a repository, by their relative paths."""
    with os.scandir(root) as entries:
        directories = sorted(entry.name for entry in entries if entry.is_dir())
    for name in directories:
        path = os.path.join(root, name)
        if marks.is_repository(path) or _has_calibrations(path):
            yield name
    yield from (os.path.join("rerun", name) for name in sorted(places.reruns(root)))


def _has_calibrations(path: str) -> bool:
    from persistence.registry import path_of  # lazy: TAB does without

    return os.path.exists(path_of(path, {}, _CALIBRATIONS))


def _of_calibrations(path: str) -> dict[str, Any]:
    """Return the row of a calibration root: how many of each type it has."""
    from persistence.registry import open as open_registry

    registry = open_registry(path, {}, _CALIBRATIONS)
    assert registry is not None
    tables = [table for table in registry.tables() if not table.endswith("_visit")]
    counts = {table: registry.count(table) for table in tables}
    return {
        "root": path,
        "mapper": None,
        "mode": "rw" if os.access(path, os.W_OK) else "r",
        "tags": [],
        "registry": registry.path,
        "registry_of": path,
        "rows": {table: number for table, number in counts.items() if number},
        "calibrations": registry.path,
        "parents": [],
        "pins": {},
    }


def _write(
    butlers: Sequence[Butler], calibrations: Sequence[dict[str, Any]], arguments: argparse.Namespace
) -> int:
    """Write the trees of some repositories, then calibration roots."""
    rows, shown, problems = list[Any](), list[Any](), list[str]()
    for butler in butlers:
        described, faults = _found(butler)
        rows += [row for row in described.values() if row not in rows]
        above: list[Repository] = []
        for repository in butler.chain.read:  # the first, with its parents, then pinned ones
            if repository not in above:
                shown += _shown(repository, described, above)
        problems += faults
    rows += calibrations
    for row in calibrations:
        registry = os.path.basename(row["registry"])
        shown.append({"root": row["root"], "mode": row["mode"], "registry": registry,
                      "rows": _counted(row)})  # fmt: skip
    output.write(rows, arguments.format, shown)
    for message in problems:
        messages.problem(message)
    return 1 if problems else 0


def _counted(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{table} {number}" for table, number in row["rows"].items())


def _found(butler: Butler) -> tuple[dict[Repository, dict[str, Any]], list[str]]:
    """Return each repository of a chain with its description and its problems."""
    from persistence.registry import path_of  # lazy: TAB does without

    described: dict[Repository, dict[str, Any]] = {}
    problems: list[str] = []
    for repository in butler.chain.read:
        counts, problem = _counts(repository)
        described[repository] = {
            **_described(repository, counts, repository in butler.chain.outputs),
            "pins": _pins(butler, repository),
        }
        problems += problem
        registries = (
            path_of(repository.root),
            path_of(repository.calibrations.root, {}, "calibRegistry"),
        )
        problems += filter(None, map(links.fault, registries))
    return described, problems


def _pins(butler: Butler, repository: Repository) -> dict[str, list[str]]:
    """Return the pins that a repository keeps: the repositories by dataset type."""
    pins = (pinned.pin for pinned in butler.chain.pins.kept.get(repository, ()))
    return {pin.pattern: list(pin.roots) for pin in pins}


def _counts(repository: Repository) -> tuple[dict[str, int], list[str]]:
    """Return the number of rows of each table in a repository's own registry, and the problems."""
    registry = repository.registry
    if _owner(repository) != repository.root:
        return {}, []
    try:
        return {table: registry.count(table) for table in registry.tables()}, []
    except RegistryError as error:  # the rest of the tree is worth seeing, now more than ever
        return {}, [str(error)]


def _owner(repository: Repository) -> str | None:
    """Return the root of the repository whose registry is used; None if file names are."""
    registry = repository.registry
    return None if registry.lists_files else os.path.dirname(registry.path)


def _described(
    repository: Repository, counts: Mapping[str, int], is_output: bool
) -> dict[str, Any]:
    from persistence.cameras.installed import gen2_name  # lazy: TAB does without

    owner = _owner(repository)
    return {
        "root": repository.root,
        "mapper": gen2_name(repository.mapper),
        "mode": "rw" if is_output and _may_write(repository.root) else "r",
        "tags": sorted(map(str, repository.tags)),
        "registry": None if owner is None else repository.registry.path,
        "registry_of": owner,
        "rows": dict(counts),
        "calibrations": None
        if repository.calibrations.registry is None
        else repository.calibrations.registry.path,
        "parents": [parent.root for parent in repository.parents],
    }


def _may_write(root: str) -> bool:
    return mirrors.of(root) is None and os.access(root, os.W_OK)


def _shown(
    repository: Repository,
    described: Mapping[Repository, Mapping[str, Any]],
    above: list[Repository],
    depth: int = 0,
) -> Iterator[dict[str, Any]]:
    """Yield the lines of the tree: a parent of several children is described under the first."""
    indented = "  " * depth + mirrors.shown(repository.root)
    if repository in above:
        yield {"root": indented, "mapper": "(see above)"}
        return
    above.append(repository)
    row = described[repository]
    # Columns that most chains do not need.
    tags = (
        {"tags": " ".join(row["tags"])}
        if any(fields["tags"] for fields in described.values())
        else {}
    )
    calibrations = (
        {"calibrations": row["calibrations"] and mirrors.shown(row["calibrations"])}
        if any(fields["calibrations"] for fields in described.values())
        else {}
    )
    pins = (
        {"pins": _shown_pins(row)} if any(fields["pins"] for fields in described.values()) else {}
    )
    yield {
        "root": indented,
        "mapper": row["mapper"],
        "mode": row["mode"],
        **tags,
        "registry": _registry(row),
        "rows": _counted(row),
        **calibrations,
        **pins,
    }
    for parent in repository.parents:
        yield from _shown(parent, described, above, depth + 1)


def _shown_pins(row: Mapping[str, Any]) -> str:
    """Return the pins of a repository on one line, with paths relative to it."""
    return " ".join(
        f"{name}={','.join(os.path.relpath(root, row['root']) for root in roots)}"
        for name, roots in row["pins"].items()
    )


def _registry(row: Mapping[str, Any]) -> str:
    if row["registry"] is None:
        return "file names"
    own = row["registry_of"] == row["root"]
    return os.path.basename(row["registry"]) if own else f"of {mirrors.shown(row['registry_of'])}"
