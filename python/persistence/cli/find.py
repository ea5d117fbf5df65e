"""``persistence find``: the datasets of a type whose files are there, by any condition."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from persistence.cli import asking
from persistence.cli.usage import WrongUse
from persistence.errors import NoResults

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

_PLACE = ("repository", "path")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, what chooses rows, and ``--paths``."""
    parser.add_argument("type", metavar="TYPE", help="a dataset type: calexp")
    asking.add_arguments(parser)
    parser.add_argument("--distinct", action="store_true", help="of rows that are equal, show one")
    parser.add_argument(
        "--paths", action="store_true", help="the files alone, one a line, for other programs"
    )


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the rows as they are found."""
    name, form, columns = arguments.type, arguments.format, asking.words(arguments.columns)
    if arguments.paths and (columns or arguments.short):
        raise WrongUse("--paths shows paths alone: leave out --columns and --short")
    rows = butler.query(
        name,
        asking.condition(butler, name, arguments),
        list(_PLACE) if arguments.paths else columns,
        limit=arguments.limit,
        order=asking.order(arguments.order),
        distinct=arguments.distinct or arguments.paths,
        fresh=not arguments.as_indexed,
    )
    if arguments.short:
        count = asking.write_short(rows.columns, rows.tuples(), form)
    elif arguments.paths:
        files = (os.path.join(*row) for row in rows.tuples() if None not in row)
        if form == "table":  # names of files are as they are
            count = asking.write_lines(files)
        else:
            count = asking.write(["path"], ([path] for path in files), form)
    else:
        count = asking.write(rows.columns, rows.tuples(), form)
    if not count:
        raise _nothing(butler, arguments)
    return 0


def _nothing(butler: Butler, arguments: argparse.Namespace) -> NoResults:
    typed = {"where": arguments.where, "id": " ".join(map(" ".join, arguments.id))}
    asked = {option: text for option, text in typed.items() if text}
    name = arguments.type
    every = sum(1 for _ in butler.query(name, fresh=False).tuples()) if asked else 0
    reason = (
        f"{every} {name} are there, and none of them matches"
        if every
        else (f"no file of {name} is there")
    )
    return NoResults("No datasets for find:", name, asked, [reason])
