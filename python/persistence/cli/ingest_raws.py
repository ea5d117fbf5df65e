"""``persistence ingest-raws``: bring images into a repository, by links or copies."""

from __future__ import annotations

import argparse

from persistence.cli import ingest_options
from persistence.cli.usage import PATH

REPOSITORY, WRITES = PATH, True
EXAMPLES = {
    "repo 'night/DECam_*.fits.fz'": "link all raw files of a directory into the repository",
    "repo 'night/*.fits.fz' --transfer copy --badId ccdnum=61 --dry-run": (
        "print what would be copied, without one detector"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, and how they come there."""
    parser.description = (
        "Bring images into a repository: each file is linked (or copied, or moved) to its path, "
        "and its data IDs are registered, as ingestImages.py does. Files already ingested are "
        "kept; ingesting twice does nothing."
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="file names, or patterns in quotes"
    )
    ingest_options.add_transfer(parser)
    ingest_options.add_own(parser)
    ingest_options.add_bad(parser)
    parser.add_argument(
        "--filetype", default="raw", help="raw (default), or another that the camera has: instcal"
    )


def run(repository: str, arguments: argparse.Namespace) -> int:
    """Ingest the files, and print the report."""
    from persistence.cli import ingest_images, ingesting  # slow: not for --help

    arguments.mode = ingest_options.TRANSFERS[arguments.transfer]
    if arguments.calib is None:
        del arguments.calib  # camera packages of Gen2 expect it
    return ingesting.perform(arguments, lambda: ingest_images.task(arguments))
