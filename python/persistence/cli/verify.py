"""``persistence verify``: check that the files of a repository are unchanged, by checksums."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from persistence.cli import cameras, output, progress
from persistence.cli.usage import PATH

if TYPE_CHECKING:
    from persistence.keep.states import Verification

REPOSITORY = PATH
WRITES = True
EXAMPLES = {
    "repo": "record checksums; the next time, compare with them",
    "repo --within 30 -j 8": "leave out what was read in the last 30 days; read 8 files at a time",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is read, and what is recorded."""
    parser.description = (
        "Record a checksum of each file of a repository, and the next time compare the files with "
        "it. Nothing but the record, .persistence/manifest, is written. The exit status is 1 if a "
        "file is gone, or has changed without a record of who changed it."
    )
    parser.add_argument(
        "--quick", action="store_true",
        help="read only new files, and those with another size or time; flipped bits are not "
        "found",
    )  # fmt: skip
    parser.add_argument(
        "--within", type=float, default=0.0, metavar="DAYS",
        help="skip files that were read in the last DAYS days and have the same size and time",
    )  # fmt: skip
    parser.add_argument(
        "--accept", action="store_true",
        help="record changed files as they are now, and forget missing ones",
    )  # fmt: skip
    parser.add_argument(
        "-j", "--jobs", type=int, default=0, metavar="N",
        help="the number of files read at the same time; default: the number of processors",
    )  # fmt: skip


def run(root: str, arguments: argparse.Namespace) -> int:
    """Print each file that is not as it was, by its data ID.

    Returns
    -------
    status : `int`
        1 if a file is lost, or differs without a reason; else 0.
    """
    from persistence.keep.verification import verify  # lazy: TAB does without

    verification = verify(
        root,
        quick=arguments.quick,
        within=arguments.within,
        accept=arguments.accept,
        jobs=arguments.jobs,
        dry_run=arguments.dry_run,
        track=lambda tasks: progress.track(tasks, len(tasks), "Reading"),
        **cameras.given(arguments),
    )
    if arguments.format == "table":
        output.lines(_screen(verification, arguments.dry_run))
    else:
        rows = [
            {
                "state": result.state,
                "datasetType": result.dataset and result.dataset.datasetType,
                "dataId": result.dataset and dict(result.dataset.dataId),
                "path": result.path,
                "what": result.what or None,
            }
            for result in verification.results
        ]
        output.write(rows, arguments.format)
    return 0 if verification.is_well or arguments.accept else 1


def _screen(verification: Verification, is_dry: bool) -> Iterator[str]:
    from persistence.cli import inventory  # lazy: TAB needs no index
    from persistence.keep.states import STATES

    for state in STATES:
        some = [result for result in verification.results if result.state == state]
        if some and state != "new":
            yield f"{state} ({len(some)})"
            yield from (f"  {result}" for result in some)
    counts = verification.counts
    counted = [f"{counts[state]} {state}" for state in (*STATES, "skipped") if counts.get(state)]
    yield f"{', '.join(counted) or 'no files'}; {inventory.size(verification.bytes)} read"
    if is_dry:
        yield "no manifest was written"
