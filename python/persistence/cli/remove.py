"""``persistence remove``: move datasets, or a rerun, into the trash of a repository."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import messages, output, usage
from persistence.cli.usage import WrongUse

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.keep.removal import Removed

WRITES = True
# Dependents that are shown.
_SHOWN = 20
EXAMPLES = {
    "repo/rerun/night --type src --where 'visit == 410877' --dry-run": (
        "print what would be moved into the trash, and what depends on it"
    ),
    "repo --whole-rerun night": "move repo/rerun/night into the trash",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is removed, and ``--force``."""
    parser.description = (
        "Move datasets, or a whole rerun, into the trash of the repository, "
        ".persistence/trash. If other datasets were made of them, these are listed, and nothing is "
        "moved without --force. 'persistence trash' restores or deletes what was moved."
    )
    which = parser.add_argument_group("what is removed")
    which.add_argument(
        "--type", action="append", default=[], metavar="TYPE,TYPE",
        help="datasets of these types in REPO itself, with their rows: calexp,src; may be "
        "repeated",
    )  # fmt: skip
    which.add_argument(
        "--where", metavar="CONDITION",
        help="only where this is true: 'visit in (1..100) and ccdnum < 20'",
    )  # fmt: skip
    usage.add_id(which, "only these: visit=410877..410879 ccdnum=1^28; may be repeated")
    which.add_argument(
        "--whole-rerun", metavar="NAME", help="instead of --type: all of REPO/rerun/NAME"
    )
    parser.add_argument(
        "--force", action="store_true",
        help="move them although other datasets or reruns depend on them",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print what depends on the datasets, and what was moved.

    Returns
    -------
    status : `int`
        0 if all that was chosen was moved; 1 if something stays, or nothing was chosen.
    """
    from persistence.cli import asking
    from persistence.keep import removal

    types = usage.words(arguments.type)
    root, force, dry_run = butler.chain.inputs[0].root, arguments.force, arguments.dry_run
    if bool(types) == bool(arguments.whole_rerun):
        raise WrongUse("remove: pass either --type or --whole-rerun")
    if arguments.whole_rerun:
        removed = removal.remove_rerun(root, arguments.whole_rerun, force, dry_run)
    else:
        where = {name: asking.condition(butler, name, arguments) for name in types}
        removed = removal.remove_from(butler, types, where, force, dry_run)
    if arguments.format == "table":
        _show(root, removed, arguments)
    else:
        rows = [{"state": "removed", "path": path, "of": None} for path in removed.paths]
        rows += [
            {"state": "depends", "path": each.path, "of": each.of} for each in removed.dependents
        ]
        output.write(rows, arguments.format)
    for text in removed.refused:
        messages.problem(f"not removed: {text}")
    return 0 if removed.paths and not removed.refused else 1


def _show(root: str, removed: Removed, arguments: argparse.Namespace) -> None:
    from persistence.cli import inventory

    lines = []
    if removed.dependents:
        lines.append(f"{len(removed.dependents)} depend on them, and stay:")
        lines += [
            f"  {each.name}  {each.path}  of {each.of}" for each in removed.dependents[:_SHOWN]
        ]
        if not arguments.force:
            lines.append("nothing was moved; --force moves them all the same")
    if removed.paths:
        verb = "would be moved" if arguments.dry_run else "moved"
        size = inventory.size(removed.bytes)
        rows = f", {removed.rows} rows" if removed.rows else ""
        lines.append(f"{verb} into the trash: {len(removed.paths)}, {size}{rows}")
    elif not removed.dependents:
        lines.append("nothing fits")
    if removed.trash:
        lines.append(f"to bring it back: persistence trash {root} --undo {removed.trash}")
    output.lines(lines)
