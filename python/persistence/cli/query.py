"""``persistence query``: values of keys from the registry, one row per line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import output, usage
from persistence.dataids.dataid import DataId
from persistence.errors import NoResults

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

FEDERATES = True
EXAMPLES = {
    "repo raw visit filter --id ccdnum=28": "each visit with its filter",
    "repo raw visit --format csv": "the visits, for another program",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, the keys and ``--id``."""
    usage.add_dataset(parser)
    parser.add_argument("keys", nargs="+", metavar="KEY", help="the keys: visit ccdnum")


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the distinct rows of `Butler.queryMetadata` for all matching data IDs."""
    wanted = usage.data_ids(butler, arguments.type, arguments.id)
    answers = [butler.query_rows(arguments.type, arguments.keys, data_id) for data_id in wanted]
    distinct = dict.fromkeys(row for rows in answers for row in rows)
    output.write(
        [dict(zip(arguments.keys, row, strict=True)) for row in distinct], arguments.format
    )
    if not distinct:
        raise _nothing(butler, arguments.type, wanted[0])
    usage.tell_empty([data_id for data_id, rows in zip(wanted, answers, strict=True) if not rows])
    return 0


def _nothing(butler: Butler, name: str, data_id: DataId) -> NoResults:
    from persistence.butler import nearest  # lazy: only needed for error messages

    if not hasattr(butler, "chain"):
        return NoResults("No rows for query:", name, data_id, ["no instrument has any"])
    request = butler.request(name)
    repositories = butler.chain.asked(request, data_id)
    reasons = dict.fromkeys(
        reason
        for repository in repositories
        for reason in nearest.reasons(repository, request, data_id)
    )
    return NoResults("No rows for query:", name, data_id, list(reasons))
