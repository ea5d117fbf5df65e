"""``persistence query``: values of keys from the registry, a row on each line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import output, usage
from persistence.dataids.dataid import DataId
from persistence.errors import NoResults

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

FEDERATES = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, the keys and ``--id``."""
    usage.add_dataset(parser)
    parser.add_argument("keys", nargs="+", metavar="KEY", help="what is wanted: visit ccdnum")


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print what `Butler.queryMetadata` gives: distinct rows, over all that ``--id`` stands for."""
    wanted = usage.data_ids(butler, arguments.type, arguments.id)
    answers = [butler.query_rows(arguments.type, arguments.keys, one) for one in wanted]
    found = dict.fromkeys(row for rows in answers for row in rows)
    output.write([dict(zip(arguments.keys, row, strict=True)) for row in found], arguments.format)
    if not found:
        raise _nothing(butler, arguments.type, wanted[0])
    usage.tell_empty([one for one, rows in zip(wanted, answers, strict=True) if not rows])
    return 0


def _nothing(butler: Butler, name: str, data_id: DataId) -> NoResults:
    from persistence.butler import nearest  # only who finds nothing needs it

    if not hasattr(butler, "chain"):
        return NoResults("No rows for query:", name, data_id, ["no instrument has any"])
    request = butler.request(name)
    asked = butler.chain.asked(request, data_id)
    reasons = dict.fromkeys(
        reason for one in asked for reason in nearest.reasons(one, request, data_id)
    )
    return NoResults("No rows for query:", name, data_id, list(reasons))
