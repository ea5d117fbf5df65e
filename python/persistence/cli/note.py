"""``persistence note``: write notes on datasets, and list them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from persistence.cli import output, usage
from persistence.cli.usage import WrongUse
from persistence.dataids.dataid import DataId

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

EXAMPLES = {
    "repo 'a satellite' --type calexp --id visit=410877 ccdnum=28": "write a note on a calexp",
    "repo": "list the notes",
    "repo --type calexp --id visit=410877 ccdnum=28 --remove": "withdraw those on it",
}
WRITES = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the text, the dataset, and ``--remove``."""
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="the note; without it, notes are listed"
    )
    parser.add_argument("--type", metavar="TYPE", help="the dataset type: calexp")
    usage.add_id(parser, "the data ID, which may be partial: visit=410877 ccdnum=28")
    parser.add_argument(
        "--remove", action="store_true", help="withdraw the notes on this type and data ID"
    )


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the note, or all notes.

    Returns
    -------
    status : `int`
        1 if there are no notes.
    """
    from persistence.butler.provenance.render import moment  # lazy: TAB does without
    from persistence.dataids.dataid import text as id_text
    from persistence.keep import noting

    text = arguments.text
    if text is None and arguments.id and arguments.id[-1] and "=" not in arguments.id[-1][-1]:
        text = arguments.id[-1].pop()  # --id visit=1 "the text"
    if arguments.type is None and (text is not None or arguments.id or arguments.remove):
        raise WrongUse("note: pass --type, the type of the dataset")
    ids = usage.data_ids(butler, arguments.type, arguments.id) if arguments.type else [DataId()]
    if len(ids) > 1:
        raise WrongUse("note: a note is on one data ID, which may be partial")
    data_id = ids[0]
    if text is not None or arguments.remove:
        if text is not None and (arguments.remove or not text.strip()):
            raise WrongUse("note: pass either a text or --remove")
        note = noting.note_from(butler, arguments.type, text or "", data_id, arguments.dry_run)
        would = "would be " if arguments.dry_run else ""
        verb = f"{would}noted on" if text else f"{would}withdrawn: notes on"
        if arguments.format == "table":
            output.lines([f"{verb} {note.name}"])
        else:
            output.write([{"type": note.datasetType, "id": dict(note.dataId)}], arguments.format)
        return 0
    rows: list[dict[str, Any]] = [
        {
            "type": note.datasetType,
            "id": dict(note.dataId),
            "by": note.user,
            "written": moment(note.time),
            "text": note.text,
            "repository": note.root,
        }
        for note in noting.notes_from(butler, arguments.type, data_id)
    ]
    shown = [{**row, "id": id_text(row["id"])} for row in rows]
    output.write(rows, arguments.format, shown)
    if not rows and arguments.format == "table":
        output.lines(["no notes"])
    return 0 if rows else 1
