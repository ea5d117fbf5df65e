"""``persistence types``: the dataset types, with storage, Python type, keys and template."""

from __future__ import annotations

import argparse
import fnmatch
from typing import TYPE_CHECKING, Any

from persistence.cli import output
from persistence.errors import PersistenceError, did_you_mean

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.repository import Repository
    from persistence.dataids.request import Request
EXAMPLES = {
    "repo 'deep*_src'": "the dataset types of a pattern, with their templates",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the pattern and ``--views``."""
    parser.add_argument(
        "pattern",
        nargs="?",
        default="*",
        metavar="PATTERN",
        help="'deep*_src', or a part of a name",
    )
    parser.add_argument(
        "--views", action="store_true", help="list the views too: calexp_md, calexp_wcs"
    )


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the dataset types that the pattern fits, by name."""
    known = _known(butler, arguments.views)
    chosen = sorted(name for name in known if _fits(name, arguments.pattern))
    rows = [described(known[name], name) for name in chosen]
    shown = [
        {**row, "keys": " ".join(f"{key}:{kind}" for key, kind in row["keys"].items())}
        for row in rows
    ]
    output.write(rows, arguments.format, shown)
    if not chosen:
        hint = did_you_mean(arguments.pattern, known)
        raise PersistenceError(
            f"no dataset type fits {arguments.pattern!r}{hint} ({len(known)} are known)"
        )
    return 0


def _known(butler: Butler, views: bool) -> dict[str, Repository]:
    """Yield each name with the first repository that has it."""
    known: dict[str, Repository] = {}
    for repository in butler.chain.inputs:
        for name in repository.mapper.getDatasetTypes():
            if views or repository.mapper.request(name).view is None:
                known.setdefault(name, repository)
    return known


def _fits(name: str, pattern: str) -> bool:
    if any(character in pattern for character in "*?["):
        return fnmatch.fnmatchcase(name, pattern)
    return pattern in name


def described(repository: Repository, name: str) -> dict[str, Any]:
    """Return the definition of a dataset type in a repository, as a row."""
    request: Request = repository.mapper.request(name)
    dataset = repository.mapper.dataset(request)
    return {
        "name": name,
        "section": dataset.section,
        "storage": dataset.storage,
        "python": dataset.python,
        "keys": {key: kind.__name__ for key, kind in repository.mapper.getKeys(name).items()},
        "template": dataset.template.text if dataset.template else None,
    }
