"""``persistence uri``: the path of each existing dataset, one per line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.butler.subset import ButlerDataRef
from persistence.cli import messages, output, usage

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
EXAMPLES = {
    "repo calexp --id visit=410877 ccdnum=28": "the path of one calexp",
    "repo src --id visit=410877 --write": "where catalogs of a visit would be written",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, ``--id`` and ``--write``."""
    usage.add_dataset(parser)
    parser.add_argument(
        "--write",
        action="store_true",
        help="the paths to which datasets would be written, whether they exist or not",
    )


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the paths; as JSON and CSV, with the data IDs."""
    from persistence.butler import refusal  # lazy: only needed for error messages

    references = list(usage.references(butler, arguments.type, arguments.id))
    uris = [_uri(butler, arguments.type, reference, arguments.write) for reference in references]
    rows = [
        {**reference.dataId, "uri": uri}
        for reference, uri in zip(references, uris, strict=True)
        if uri is not None
    ]
    if arguments.format == "table":
        output.lines(row["uri"] for row in rows)
    else:
        output.write(rows, arguments.format)
    if not rows:
        first = (
            references[0].dataId
            if references
            else usage.data_ids(butler, arguments.type, arguments.id)[0]
        )
        request, first = usage.selected(butler, arguments.type, first)
        raise refusal.refuse(butler.chain, "uri", request, first)
    if len(rows) < len(references):
        absent = [
            reference.dataId for reference, uri in zip(references, uris, strict=True) if uri is None
        ]
        usage.tell_dangling(butler, usage.selected(butler, arguments.type, absent[0])[0], absent)
        messages.note(f"{len(rows)} of {len(references)} {arguments.type} exist")
    return 0


def _uri(butler: Butler, name: str, reference: ButlerDataRef, write: bool) -> str | None:
    if write:
        return reference.getUri(write=True)
    location = butler.chain.locate(*usage.selected(butler, name, reference.dataId))
    return None if location is None else location.uri
