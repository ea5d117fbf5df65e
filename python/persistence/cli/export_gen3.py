"""``persistence export-gen3``: write an export.yaml by which Gen3 imports a repository."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from persistence.cli import messages, output, progress
from persistence.cli.usage import INCOMPLETE
from persistence.files import marks

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.gen3.export import Plan

WRITES = True
_TRANSFERS = {
    "symlink": "relsymlink", "link": "link", "hardlink": "hardlink", "copy": "copy",
    "direct": "direct",
}  # fmt: skip
EXAMPLES = {
    "repo repo --dry-run": "list what Gen3 can take over, and what not",
    "repo for-gen3 --calib repo/CALIB --transfer hardlink": (
        "write for-gen3/export.yaml, with files beside it"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the destination, and what the export is to be like."""
    parser.description = (
        "Write an export.yaml by which Gen3's `butler import` takes over a repository, its "
        "parents, and the reruns below it. If DEST is the repository, files stay where they are, "
        "and it becomes a repository of both. What Gen3 cannot hold is listed with the reason, and "
        f"the exit status is {INCOMPLETE} then."
    )
    parser.add_argument(
        "destination", metavar="DEST", help="the directory for export.yaml; the repository itself "
        "for an export in place",
    )  # fmt: skip
    parser.add_argument(
        "--transfer", choices=list(_TRANSFERS), default="symlink",
        help="how files come to another DEST: by relative (symlink, the default) or absolute "
        "(link) symbolic links, hardlink, copy; or not at all (direct): export.yaml has their "
        "paths",
    )  # fmt: skip
    parser.add_argument(
        "--universe", type=int, choices=[5, 6], default=6,
        help="the version of Gen3's dimensions, 6 by default; 5 for older repositories",
    )  # fmt: skip
    parser.add_argument(
        "--full-stack", action="store_true",
        help="use storage classes and formatters of the LSST stack (ExposureF), where Gen3 runs in "
        "it; otherwise Gen3 reads files by persistence.gen3.formatters",
    )  # fmt: skip
    parser.add_argument("--skymap", metavar="NAME", help="the name of the sky map in Gen3")
    parser.add_argument(
        "--no-reruns", action="store_true", help="leave out the reruns below the repository"
    )
    parser.add_argument(
        "--no-regions", action="store_true",
        help="do not read the WCS of each detector: Gen3 will not know which patches a visit "
        "overlaps",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Write the export, and print what goes over and what does not.

    Returns
    -------
    status : `int`
        0 if everything goes over, else 3.
    """
    from persistence.gen3 import contents, export

    butlers = [butler]
    if not arguments.no_reruns:
        butlers += _reruns(butler, contents.reruns(butler.chain.inputs[0].root), arguments)
    options = export.Options(
        arguments.universe,
        arguments.full_stack,
        _TRANSFERS[arguments.transfer],  # type: ignore[arg-type]  # one of the choices
        arguments.skymap,
        not arguments.no_regions,
    )
    plan = export.plan(butlers, arguments.destination, options, progress.track)
    if not arguments.dry_run:
        export.write(plan, progress.track)
    if arguments.format == "table":
        output.lines(_lines(plan, arguments.dry_run))
    else:
        output.write(_rows(plan), arguments.format)
    for note in (*plan.notes, *_unnamed_calibrations(butler)):
        messages.note(note)
    return INCOMPLETE if plan.left else 0


def _reruns(butler: Butler, roots: Any, arguments: argparse.Namespace) -> list[Butler]:
    from persistence.butler.butler import Butler
    from persistence.cli import cameras, places

    calib = arguments.calib and places.where_calibrations_lie(arguments.calib, arguments.root)
    mapper_args: dict[str, Any] = {"calibRoot": calib} if calib else {}
    known = {os.path.realpath(each.root) for each in butler.chain.inputs}
    return [
        Butler(root, **cameras.given(arguments), **mapper_args)
        for root in roots
        if os.path.realpath(root) not in known
    ]


def _unnamed_calibrations(butler: Butler) -> Iterator[str]:
    """Yield a note if calibrations lie in the repository that nobody named."""
    for repository in butler.chain.inputs:
        there = os.path.join(repository.root, marks.CALIB, "calibRegistry.sqlite3")
        if repository.calibrations.registry is None and os.path.isfile(there):
            yield (
                f"{there} belongs to no repository of the chain: --calib {marks.CALIB} exports it, "
                "too"
            )


def _rows(plan: Plan) -> list[dict[str, Any]]:
    carried = [{**row._asdict(), "status": "exported", "reason": None} for row in plan.carried]
    empty = {"gen3": None, "storageClass": None, "run": None}
    left = [{**empty, **row._asdict(), "status": "left"} for row in plan.left]
    return carried + left


def _lines(plan: Plan, is_dry: bool) -> list[str]:
    rows = [
        {"dataset type": row.datasetType, "count": row.number, "in Gen3": row.gen3,
         "as": row.storageClass, "run": row.run}
        for row in plan.carried
    ]  # fmt: skip
    lines = list(output.table(rows)) if rows else []
    if plan.left:
        lines += ["", "not, or not wholly, in Gen3:"]
        lines += [f"  {row.datasetType} ({row.number}): {row.reason}" for row in plan.left]
    path = os.path.join(plan.destination, "export.yaml")
    count = sum(row.number for row in plan.carried)
    verb = "would be" if is_dry else "are"
    lines += ["", f"{count} datasets {verb} in {path}"]
    return lines
