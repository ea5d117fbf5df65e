"""``persistence ids``: the integers of data IDs, and the data IDs of integers."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from persistence.cli import output, usage

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

_STDIN = "-"
_INTEGER = "integer"
EXAMPLES = {
    "repo calexp --id visit=410877 ccdnum=28": "the integer of an exposure of one detector",
    "repo src 98521400104452097": "visit, detector and counter in the ID of a source",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, the integers, ``--id`` and ``--counter``."""
    parser.description = (
        "Print the integers of data IDs (--id), or the data IDs of integers: exposures of one "
        "detector, patches of coadds, and the rows of catalogs have one. They are Gen2's numbers."
    )
    usage.add_dataset(parser)
    parser.add_argument(
        "integers", nargs="*", metavar="INTEGER",
        help="an integer whose data ID is printed; - reads integers from standard input",
    )  # fmt: skip
    parser.add_argument(
        "--counter", type=int, metavar="N",
        help="with --id and a catalog such as src: the number of the row",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print a row for each integer: itself, and the keys of its data ID."""
    if bool(arguments.integers) == bool(arguments.id):
        raise usage.WrongUse("pass INTEGERs, whose data IDs are printed, or --id KEY=VALUE")
    rows = _unpacked(butler, arguments) if arguments.integers else _packed(butler, arguments)
    output.write(rows, arguments.format)
    return 0


def _packed(butler: Butler, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    data_ids = [
        reference.dataId for reference in usage.references(butler, arguments.type, arguments.id)
    ]
    counter = {} if arguments.counter is None else {"counter": arguments.counter}
    if not data_ids:
        raise usage.WrongUse(
            f"nothing is known of {' '.join(word for words in arguments.id for word in words)}"
        )
    integers = butler.ids.pack(arguments.type, data_ids, **counter).tolist()
    return [
        {_INTEGER: integer, **data_id, **counter}
        for integer, data_id in zip(integers, data_ids, strict=True)
    ]


def _unpacked(butler: Butler, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    if arguments.counter is not None:
        raise usage.WrongUse("--counter belongs to --id: integers contain it")
    words = [
        word
        for given in arguments.integers
        for word in (sys.stdin.read().split() if given == _STDIN else [given])
    ]
    columns = butler.ids.unpack(words, arguments.type)
    return [
        {_INTEGER: int(word), **data_id}
        for word, data_id in zip(words, columns.data_ids(), strict=True)
    ]
