"""``persistence stale``: list the outputs whose inputs or configuration have changed."""

from __future__ import annotations

import argparse
import contextlib
import os
from typing import TYPE_CHECKING

from persistence.cli import messages, output

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
EXAMPLES = {
    "repo/rerun/night calexp src": "the calexps and catalogs that should be made anew",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset types, which are optional."""
    parser.add_argument("types", nargs="*", metavar="TYPE", help="only outputs of these types")


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print each with the reasons; those of the repository itself, not of its parents.

    Returns
    -------
    status : `int`
        0 whether or not there are any; 1 if nothing is recorded.
    """
    from persistence.butler.provenance.stale import Judge
    from persistence.butler.provenance.trees import Trees

    types = {butler.request(name).datasetType for name in arguments.types}
    root = os.path.realpath(butler.chain.inputs[0].root)
    with contextlib.closing(Trees(butler.chain)) as trees:
        judge = Judge(trees)
        outputs = [each for each in judge.all(root) if not types or each.datasetType in types]
        recorded = next(trees.store(root).all_last(), None) is not None
    rows = [
        {
            "datasetType": each.datasetType,
            "dataId": dict(each.dataId),
            "path": each.path,
            "reasons": list(each.reasons),
        }
        for each in outputs
    ]
    if arguments.format == "table":
        output.lines(str(each) for each in outputs)
    else:
        output.write(rows, arguments.format)
    if not recorded:
        messages.problem(f"{root}: its journals do not tell what anything was made of")
        return 1
    if judge.by_size:
        messages.note(
            f"{judge.by_size} outputs have other times than were recorded, as in a tree that was "
            "copied without them: what they were made of was compared by size alone, or digest"
        )
    return 0
