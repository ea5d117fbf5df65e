"""``persistence find``: list the existing datasets of a type, by any condition."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from persistence.cli import asking
from persistence.cli.usage import WrongUse
from persistence.errors import NoResults

if TYPE_CHECKING:
    from persistence.butler.asking.rows import Rows
    from persistence.butler.butler import Butler
    from persistence.dataids.expression import Expression

FEDERATES = True
_PLACE = ("repository", "path")
EXAMPLES = {
    "repo/rerun/night calexp --where 'filter == \"g\" and expTime > 60' --columns "
    "visit,ccdnum,size": "long exposures in g, with the sizes of the files",
    "repo raw --id visit=410877 --short": "the shortest --id options for the raw files of a visit",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, the options that select rows, and ``--paths``."""
    parser.add_argument("type", metavar="TYPE", help="a dataset type: calexp")
    asking.add_arguments(parser)
    parser.add_argument("--distinct", action="store_true", help="show equal rows only once")
    parser.add_argument(
        "--all", action="store_true",
        help="every copy in any repository of the chain; of each dataset, the one written last "
        "comes first",
    )  # fmt: skip
    parser.add_argument(
        "--paths",
        action="store_true",
        help="print only the paths of files, one per line, for other programs",
    )


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the rows as they are found.

    Returns
    -------
    status : `int`
        1 if directories cannot be listed that may have more, else 0.
    """
    name, form, columns = arguments.type, arguments.format, asking.words(arguments.columns)
    if arguments.paths and (columns or arguments.short):
        raise WrongUse("--paths shows paths alone: leave out --columns and --short")
    where = asking.condition(butler, name, arguments)
    if arguments.all:
        rows = _copies(butler, where, arguments)
    else:
        rows = butler.query(
            name,
            where,
            list(_PLACE) if arguments.paths else columns,
            limit=arguments.limit,
            order=asking.order(arguments.order),
            distinct=arguments.distinct or arguments.paths,
            fresh=not arguments.as_indexed,
        )
    if arguments.short:
        count = asking.write_short(rows.columns, rows.tuples(), form)
    elif arguments.paths:
        places = [rows.columns.index(column) for column in _PLACE]
        files = _paths([row[position] for position in places] for row in rows.tuples())
        if form == "table":  # names of files are as they are
            count = asking.write_lines(files)
        else:
            count = asking.write(["path"], ([path] for path in files), form)
    else:
        count = asking.write(rows.columns, rows.tuples(), form)
    status = 0 if arguments.as_indexed else asking.tell_unlisted(butler, [name])
    if not count:
        raise _nothing(butler, arguments)
    return status


def _copies(butler: Butler, where: Expression, arguments: argparse.Namespace) -> Rows:
    """Return every copy, which is shown whole."""
    for option in ("columns", "order", "limit", "distinct", "short"):
        if getattr(arguments, option):
            raise WrongUse(f"--all shows all of each copy: leave out --{option}")
    return butler.index.places(arguments.type, where=where, fresh=not arguments.as_indexed)


def _paths(places: Iterable[Sequence[str | None]]) -> Iterator[str]:
    """Yield paths, each once: of a file that holds many datasets, too."""
    last = None
    for root, path in places:
        if root is not None and path is not None and (root, path) != last:
            yield os.path.join(root, path)
            last = root, path


def _nothing(butler: Butler, arguments: argparse.Namespace) -> NoResults:
    typed = {"where": arguments.where, "id": " ".join(map(" ".join, arguments.id))}
    options = {option: text for option, text in typed.items() if text}
    name = arguments.type
    every = (
        sum(1 for _ in butler.query(name, fresh=not arguments.as_indexed).tuples())
        if options
        else 0
    )
    reason = (
        f"{every} {name} are there, and none of them matches"
        if every
        else (f"no file of {name} is there")
    )
    return NoResults("No datasets for find:", name, options, [reason])
