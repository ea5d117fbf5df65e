"""``persistence trash``: list, restore or delete the files that doctor and remove moved away."""

from __future__ import annotations

import argparse
import os

from persistence.cli import messages, output, places
from persistence.cli.usage import PATH, WrongUse

REPOSITORY = PATH
WRITES = True
EXAMPLES = {
    "repo": "list the sessions, with names, times and sizes",
    "repo --undo SESSION": "move all files of a session back",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--undo`` and ``--purge``."""
    parser.description = (
        "List the sessions in which doctor --fix and remove moved files away; restore or delete "
        "their files. A session has a name, which is printed."
    )
    parser.add_argument("--undo", metavar="SESSION", help="move all files of a session back")
    parser.add_argument(
        "--purge", nargs="?", const="", metavar="SESSION",
        help="delete the files of a session for good; without a name, those of all sessions",
    )  # fmt: skip


def run(root: str, arguments: argparse.Namespace) -> int:
    """Print the sessions, or what was put back or deleted.

    Returns
    -------
    status : `int`
        1 if something could not be put back, because something else is in its place.
    """
    from persistence.cli import inventory  # lazy: TAB does without
    from persistence.keep import trash

    places.refuse_absent(root)
    root = os.path.realpath(root)
    if arguments.undo and arguments.purge is not None:
        raise WrongUse("--undo and --purge: do one after the other")
    would = "would be " if arguments.dry_run else ""
    if arguments.undo:
        restored, blocked, rows = trash.undo(root, arguments.undo, arguments.dry_run)
        states = {"restored": restored, "blocked": blocked}
        listed = [
            {"state": state, "path": path} for state, every in states.items() for path in every
        ]
        if arguments.format == "table":
            also = f", {rows} rows" if rows else ""
            output.lines([f"{would}put back: {len(restored)} files{also}"])
        else:
            output.write(listed, arguments.format)
        for path in blocked:
            messages.problem(f"{path}: not put back, for something else is there now")
        return 1 if blocked else 0
    if arguments.purge is not None:
        sessions = trash.purge(root, arguments.purge or None, arguments.dry_run)
        if arguments.format == "table":
            total = sum(session.bytes for session in sessions)
            count = sum(session.files for session in sessions)
            output.lines([f"{would}deleted: {count} files, {inventory.size(total)}"])
            return 0
    else:
        sessions = trash.sessions(root)
    shown = [{**session._asdict(), "bytes": inventory.size(session.bytes)} for session in sessions]
    output.write([session._asdict() for session in sessions], arguments.format, shown)
    if not sessions and arguments.format == "table":
        output.lines(["the trash is empty"])
    return 0
