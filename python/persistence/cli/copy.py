"""``persistence copy``: copy datasets, and what they need, into a repository of their own."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, Any

from persistence.cli import messages, naming, output, progress, usage
from persistence.cli.usage import WrongUse

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

WRITES = True
_TRANSFERS = ("copy", "link", "relsymlink", "hardlink")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the target, the datasets, and how they are brought."""
    parser.add_argument(
        "target", metavar="TARGET", type=naming.repository,
        help="the directory of the new repository, or a copy that was begun before",
    )  # fmt: skip
    parser.add_argument(
        "--type", action="append", default=[], metavar="TYPE,TYPE", required=True,
        help="dataset types: calexp,src; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--where", metavar="CONDITION",
        help="which: 'visit in (1..100) and filter == \"r\"'; has to make sense for each type",
    )  # fmt: skip
    usage.add_id(parser, "which: visit=410877..410879 ccdnum=1^28; may be repeated")
    parser.add_argument(
        "--with-inputs", type=int, default=0, metavar="N",
        help="copy their inputs, too, so many levels deep, as far as the journals tell of them",
    )  # fmt: skip
    parser.add_argument(
        "-t", "--transfer", choices=_TRANSFERS, default="copy",
        help="how files are brought; default: copy",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Copy, and print what was done.

    Returns
    -------
    status : `int`
        1 if recorded inputs are gone, or nothing fits; else 0.
    """
    from persistence.cli import asking, inventory
    from persistence.keep.copying import copy_from

    types = usage.words(arguments.type)
    if arguments.with_inputs < 0:
        raise WrongUse("--with-inputs: a number of levels is not negative")
    copied = copy_from(
        butler,
        arguments.target,
        types,
        {name: asking.condition(butler, name, arguments) for name in types},
        arguments.transfer,
        arguments.with_inputs,
        arguments.dry_run,
        lambda files: progress.track(files, len(files), "Copying"),
    )
    counts = Counter(file.datasetType for file in copied.files)
    if arguments.format == "table":
        lines: list[dict[str, Any]] = [
            {"type": name, "files": number} for name, number in sorted(counts.items())
        ]
        output.write(lines, "table")
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
                {"type": file.datasetType, "source": file.source, "target": file.target}
                for file in copied.files
            ],
            arguments.format,
        )
    for text in copied.missing:
        messages.problem(f"an input is gone: {text}")
    return 1 if copied.missing or not copied.files else 0
