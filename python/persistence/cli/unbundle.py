"""``persistence unbundle``: unpack a bundle into a repository, and check each file in it."""

from __future__ import annotations

import argparse

from persistence.cli import choosing, naming, output, progress
from persistence.cli.usage import NONE

REPOSITORY, WRITES = NONE, True
EXAMPLES = {
    "mine.zip mine": "create a repository from a bundle, and check each file",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the archive, and the directory."""
    parser.add_argument(
        "archive", metavar="ARCHIVE", help="what `persistence bundle` wrote: a .zip or a .tar"
    )
    parser.add_argument(
        "target", metavar="TARGET", type=naming.repository,
        help="the directory of the new repository",
    )  # fmt: skip


def run(nothing: None, arguments: argparse.Namespace) -> int:
    """Unpack, and print what is there.

    Returns
    -------
    status : `int`
        0; what cannot be unpacked completely is an error.
    """
    from persistence.cli import inventory
    from persistence.keep.unbundling import unbundle

    unbundled = unbundle(
        arguments.archive,
        arguments.target,
        arguments.dry_run,
        lambda files: progress.track(files, len(files), "Unpacking"),
    )
    if arguments.format == "table":
        choosing.show_types(line.datasetType or "(other files)" for line in unbundled.files)
        verb = "would be unpacked" if arguments.dry_run else "unpacked"
        counts = f"{len(unbundled.files)} files, {inventory.size(unbundled.bytes)}"
        went_on = f"; {unbundled.present} were there" if unbundled.present else ""
        output.lines([f"{verb} into {unbundled.root}: {counts}{went_on}"])
    else:
        rows = [
            {
                "type": line.datasetType or None,
                "dataId": dict(line.dataId),
                "path": line.path,
                "bytes": line.digest.size,
                "sha256": line.digest.sha256,
            }
            for line in unbundled.files
        ]
        output.write(rows, arguments.format)
    return 0
