"""``persistence bundle``: write datasets, and what they need, into one archive."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import choosing, messages, output, progress

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

WRITES = True
EXAMPLES = {
    "repo/rerun/night mine.zip --type calexp,src --where 'visit == 410877'": (
        "the results of one visit in one file"
    ),
    "repo/rerun/night mine.tar --type src --with-inputs 2 --dry-run": (
        "count catalogs, their inputs, and the inputs of those"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the archive and the datasets."""
    parser.description = (
        "Write datasets, and what they need, into an archive that is a repository: the files that "
        "`persistence copy` would bring, not compressed, with their checksums. `persistence "
        "unbundle` unpacks it."
    )
    parser.add_argument("target", metavar="ARCHIVE", help="the archive, a new .zip or .tar")
    choosing.add(parser, "bundle")


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Write the archive, and print what is in it.

    Returns
    -------
    status : `int`
        1 if recorded inputs are gone, or nothing fits; else 0.
    """
    from persistence.cli import inventory
    from persistence.keep.bundling import bundle_from

    types, where = choosing.chosen(butler, arguments)
    bundled = bundle_from(
        butler,
        arguments.target,
        types,
        where,
        arguments.with_inputs,
        arguments.dry_run,
        lambda files: progress.track(files, len(files), "Bundling"),
    )
    if arguments.format == "table":
        choosing.show_types(file.datasetType for file in bundled.files)
        verb = "would be bundled" if arguments.dry_run else "bundled"
        rows = "" if arguments.dry_run else f", {bundled.rows} rows"
        counts = f"{len(bundled.files)} files, {inventory.size(bundled.bytes)}{rows}"
        went_on = f"; {bundled.present} were there" if bundled.present else ""
        output.lines([f"{verb} into {bundled.archive}: {counts}{went_on}"])
    else:
        members = [
            {"type": file.datasetType, "source": file.source, "member": file.path}
            for file in bundled.files
        ]
        output.write(members, arguments.format)
    for text in bundled.missing:
        messages.problem(f"an input is gone: {text}")
    return 1 if bundled.missing or not bundled.files else 0
