"""``persistence log``: list when each file was written, and by whom."""

from __future__ import annotations

import argparse
import contextlib
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from persistence.cli import messages, output, places, usage
from persistence.errors import did_you_mean
from persistence.files import journal

if TYPE_CHECKING:
    from persistence.butler.provenance.lines import Made
    from persistence.butler.provenance.store import Store

REPOSITORY = usage.PATH
_SHOWN = 50
EXAMPLES = {
    "repo/rerun/night calexp --since 2026-11-30 -N 0": "all calexps that were written since a date",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset types, ``-N``, ``--since`` and ``--by``."""
    parser.add_argument("types", nargs="*", metavar="TYPE", help="only of these dataset types")
    parser.add_argument(
        "-N", "--number", type=int, default=_SHOWN, metavar="N",
        help=f"how many, the newest first ({_SHOWN}); 0 for all",
    )  # fmt: skip
    parser.add_argument("--since", metavar="TIME", help="2026-11-30, or 2026-11-30T14:00 (UTC)")
    parser.add_argument("--by", metavar="USER", help="a user's name or number")


def run(root: str, arguments: argparse.Namespace) -> int:
    """Print the journal lines of a repository, or of a calibration root, without those of parents.

    Returns
    -------
    status : `int`
        0, or 1 if there is no journal, or no line matches.
    """
    from persistence.butler.provenance.store import Store

    places.refuse_absent(root)
    since = None if arguments.since is None else _time(arguments.since)
    with contextlib.closing(Store(root)) as store:
        if store.is_empty:
            messages.problem(f"{store.root} has no {journal.FOLDER} with anything in it")
            return 1
        rows = (
            row
            for line in store.newest(since)
            if not arguments.types or line.datasetType in arguments.types
            if (row := _row(line, store)) and arguments.by in (None, row["user"], str(line.uid))
        )
        shown = list(itertools.islice(rows, arguments.number or None))
        more = next(rows, None) is not None
        if not shown:
            messages.problem(f"no line of {store.root} matches{_hint(arguments.types, store)}")
            return 1
    output.write(shown, arguments.format)
    if more:
        messages.note(f"these are the newest {len(shown)}; -N 0 shows all")
    return 0


def _hint(types: Sequence[str], store: Store) -> str:
    """Return the dataset types in the journals similar to the requested ones."""
    known = sorted({line.datasetType for line in store.newest()})
    return "".join(did_you_mean(name, known) for name in types if name not in known)


def _time(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise usage.WrongUse(
            f"--since {text}: {error}; write 2026-11-30, or 2026-11-30T14:00"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _row(line: Made, store: Store) -> dict[str, Any]:
    from persistence.butler.provenance import render
    from persistence.dataids.dataid import text
    from persistence.files import ownership

    run = store.run(line.run) if line.run else None
    user = "" if line.uid is None else ownership.user(line.uid).partition(" (")[0]
    return {
        "time": render.moment(line.time),
        "user": user,
        "host": line.host,
        "what": line.operation,
        "type": line.datasetType,
        "id": text(line.dataId),
        "task": "" if run is None else run.task,
        "path": line.path,
    }
