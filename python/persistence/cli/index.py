"""``persistence index``: list all files now, and store the index in the repository for others.

It is optional: a query lists what it needs, and keeps that in the user's cache. It saves each user
of a large repository the first complete listing.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import messages, output, progress

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.index.tree import Tree

WRITES = True
EXAMPLES = {
    "repo --sizes --regions -j 8": "store sizes and regions on the sky, too, with 8 processes",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--sizes``, ``--regions`` and ``-j``."""
    parser.add_argument(
        "--sizes",
        action="store_true",
        help="also read the size and time of each file, and check the targets of links",
    )
    parser.add_argument(
        "--regions",
        action="store_true",
        help="also read from headers where exposures lie on the sky (doc/sky.rst)",
    )
    parser.add_argument(
        "-j", "--jobs", type=int, default=1, metavar="N",
        help="this many processes read headers, for --regions",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """List the repository and its calibrations, and write its own tree's index into it."""
    from persistence.butler import write
    from persistence.butler.index import trees  # lazy: TAB needs no index

    repository = butler.chain.inputs[0]
    write.refuse(repository)
    shown = []
    for tree in trees.all_of(repository):
        with progress.directories() as report:
            tree.build(report, arguments.sizes)
        path = tree.file
        if tree.root == repository.root and not arguments.dry_run:
            path = tree.write()
        shown.append(_shown(tree, path))
        for directory, problem in tree.problems().items():
            messages.note(f"warning: {tree.root}/{directory} cannot be listed: {problem}")
    if arguments.regions:
        with progress.directories("Reading headers") as report:
            counts = butler.sky.refresh(arguments.jobs, report)
        for name, its in counts.items():
            messages.note(f"{name}: {its['with']} with a region, {its['without']} without")
        if not arguments.dry_run:
            for path in butler.sky.write():
                messages.note(f"regions: {path}")
    output.write(shown, arguments.format)
    return 0


def _shown(tree: Tree, path: str) -> output.Row:
    totals = tree.summary().values()
    sizes = [its.bytes for its in totals if its.bytes is not None]
    return {
        "tree": tree.root,
        "datasets": sum(its.n for its in totals),
        "bytes": sum(sizes) if len(sizes) == len(totals) else None,
        "others": sum(1 for _ in tree.foreign()),
        "dangling": len(tree.dangling()),
        "index": path,
    }
