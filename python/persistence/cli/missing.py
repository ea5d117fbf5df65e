"""``persistence missing``: the data IDs of one type for which another type is missing."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from persistence.cli import asking, messages, usage
from persistence.cli.usage import WrongUse
from persistence.errors import NoResults

if TYPE_CHECKING:
    from persistence.butler.asking.rows import Rows
    from persistence.butler.butler import Butler

# A value of --given other than a dataset type: the patches of the sky map, with or without files.
_PATCHES = "patches"
_OF_ROWS = ("columns", "order", "limit", "where")
EXAMPLES = {
    "repo/rerun/night calexp --short": (
        "the --id options of all raws without a calexp, to process them"
    ),
    "repo/rerun/night src --given calexp --where 'filter == \"g\"'": (
        "the calexps in g without a catalog"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset types, and the options that select rows."""
    parser.add_argument("type", metavar="TYPE", help="the dataset type that is missing: calexp")
    parser.add_argument(
        "--given", default="raw", metavar="TYPE",
        help="the dataset type that exists (default: raw); 'patches': each "
        "patch of the sky map, with --id tract=0 filter=g",
    )  # fmt: skip
    asking.add_arguments(parser)


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the data IDs; if nothing is missing, that is not a failure.

    Returns
    -------
    status : `int`
        1 if directories cannot be listed, so that the result may be wrong; else 0.
    """
    if arguments.type == arguments.given:
        raise WrongUse(f"--given {arguments.given}: must differ from the type that is missing")
    is_sky = arguments.given == _PATCHES
    rows = (_of_patches if is_sky else _of_datasets)(butler, arguments)
    show = asking.write_short if arguments.short else asking.write
    if not show(rows.columns, rows.tuples(), arguments.format):
        if not is_sky:
            _refuse_nothing(butler, arguments)
        present = "patch" if is_sky else arguments.given
        messages.note(f"nothing is missing: each {present} has its {arguments.type}")
    types = [arguments.type] if is_sky else [arguments.type, arguments.given]
    return 0 if arguments.as_indexed else asking.tell_unlisted(butler, types)


def _of_datasets(butler: Butler, arguments: argparse.Namespace) -> Rows:
    from persistence.dataids import expression  # lazy: TAB does without

    target = butler.request(arguments.type).datasetType
    where = asking.condition(butler, arguments.given, arguments)
    columns = asking.words(arguments.columns)
    if columns is None:
        columns = list(butler.index.missing(target, arguments.given).columns)
    return butler.query(
        [arguments.given, target],
        expression.every([where, expression.unless([target])]),
        columns,
        limit=arguments.limit,
        order=asking.order(arguments.order),
        distinct=True,
        fresh=not arguments.as_indexed,
    )


def _of_patches(butler: Butler, arguments: argparse.Namespace) -> Rows:
    for option in _OF_ROWS:
        if getattr(arguments, option):
            raise WrongUse(f"--given {_PATCHES} goes with --id, and without --{option}")
    skymap = butler.sky.map()
    patches: list[dict[str, Any]] = [
        {**patch, **data_id}
        for data_id in usage.data_ids(butler, arguments.type, arguments.id)
        for patch in skymap.patches(data_id.get("tract"))
        if data_id.get("patch", patch["patch"]) == patch["patch"]
    ]
    return butler.index.missing(arguments.type, patches, fresh=not arguments.as_indexed)


def _refuse_nothing(butler: Butler, arguments: argparse.Namespace) -> None:
    """Raise an error if there is nothing of which anything could be missing."""
    where = asking.condition(butler, arguments.given, arguments)
    if not butler.query(arguments.given, where, limit=1, fresh=not arguments.as_indexed):
        reason = f"there is no such {arguments.given} of which one could be missing"
        raise NoResults("No rows for missing:", arguments.type, {}, [reason])
