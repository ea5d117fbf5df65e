"""``persistence copy``: copy datasets, and what they need, into a repository of their own."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import choosing, messages, naming, output, progress

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

WRITES = True
_TRANSFERS = ("copy", "link", "relsymlink", "hardlink")
EXAMPLES = {
    "repo/rerun/night mine --type calexp,src --where 'visit == 410877'": (
        "a small repository with the results of one visit"
    ),
    "repo/rerun/night mine --type src --with-inputs 2 --transfer hardlink --dry-run": (
        "count catalogs, their inputs, and the inputs of those"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the target, the datasets, and how they are brought."""
    parser.description = (
        "Copy datasets into a repository of their own, with the rows of the registry, the "
        "definitions and the configuration that they need. It has no parents, and can be moved "
        "anywhere."
    )
    parser.add_argument(
        "target", metavar="TARGET", type=naming.repository,
        help="the directory of the new repository, or a copy that was begun before",
    )  # fmt: skip
    choosing.add(parser, "copy")
    parser.add_argument(
        "-t", "--transfer", choices=_TRANSFERS, default="copy",
        help="copy (the default), absolute (link) or relative (relsymlink) symbolic links, or "
        "hardlink",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Copy, and print what was done.

    Returns
    -------
    status : `int`
        1 if recorded inputs are gone, or nothing fits; else 0.
    """
    from persistence.cli import inventory
    from persistence.keep.copying import copy_from

    types, where = choosing.chosen(butler, arguments)
    copied = copy_from(
        butler,
        arguments.target,
        types,
        where,
        arguments.transfer,
        arguments.with_inputs,
        arguments.dry_run,
        lambda files: progress.track(files, len(files), "Copying"),
    )
    if arguments.format == "table":
        choosing.show_types(file.datasetType for file in copied.files)
        verb = "would be copied" if arguments.dry_run else "copied"
        new = len(copied.files) - copied.present
        rows = "" if arguments.dry_run else f", {copied.rows} rows"
        output.lines(
            [
                f"{verb} to {copied.root}: {new} files, {inventory.size(copied.bytes)}{rows}; "
                f"{copied.present} were there"
            ]
        )
    else:
        output.write(
            [
                {"type": file.datasetType, "source": file.source, "target": copied.target(file)}
                for file in copied.files
            ],
            arguments.format,
        )
    for text in copied.missing:
        messages.problem(f"an input is gone: {text}")
    return 1 if copied.missing or not copied.files else 0
