"""``persistence missing``: the data of one type that have nothing of another type."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from persistence.cli import asking, messages
from persistence.cli.usage import WrongUse
from persistence.errors import NoResults

if TYPE_CHECKING:
    from persistence.butler.asking.rows import Rows
    from persistence.butler.butler import Butler
    from persistence.dataids.expression import Expression


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset types, and what chooses rows."""
    parser.add_argument("type", metavar="TYPE", help="the dataset type that is missing: calexp")
    parser.add_argument(
        "--given", default="raw", metavar="TYPE",
        help="what there is, of which it is made; raw, if not given",
    )  # fmt: skip
    asking.add_arguments(parser)


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the data IDs; that nothing is missing is no failure."""
    if arguments.type == arguments.given:
        raise WrongUse(f"--given {arguments.given}: name another type than the one that is missing")
    where = asking.condition(butler, arguments.given, arguments)
    rows = missing(
        butler,
        arguments.type,
        arguments.given,
        where,
        asking.words(arguments.columns),
        limit=arguments.limit,
        order=asking.order(arguments.order),
        fresh=not arguments.as_indexed,
    )
    show = asking.write_short if arguments.short else asking.write
    if not show(rows.columns, rows.tuples(), arguments.format):
        if not butler.query(arguments.given, where, fresh=False):
            reason = f"there is no such {arguments.given} of which one could be missing"
            raise NoResults("No rows for missing:", arguments.type, {}, [reason])
        messages.note(f"each {arguments.given} has its {arguments.type}")
    return 0


def missing(
    butler: Butler,
    name: str,
    given: str,
    where: Expression | None = None,
    columns: Sequence[str] | None = None,
    **more: Any,
) -> Rows:
    """Return the data of one type that have nothing of another.

    Parameters
    ----------
    butler : `Butler`
        What is asked.
    name : `str`
        The dataset type of which there is nothing.
    given : `str`
        The dataset type of which there is something.
    where : `Expression`, optional
        What has to be true of the rows of the latter.
    columns : sequence of `str`, optional
        What a row has; by default the keys that both types have.
    **more
        As `Butler.query` takes it.
    """
    from persistence.dataids import expression  # lazy: TAB does without

    name = butler.request(name).datasetType
    known = butler.getKeys(name, "") or {}
    common = [key for key in butler.query(given).columns if key in known]
    lacking = expression.parse(f"not `{name}`") & (where or expression.EVERYTHING)
    wanted = common if columns is None else columns
    return butler.query([given, name], lacking, wanted, distinct=True, **more)
