"""``persistence watch``: run a command for new data, once for each."""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from persistence.cli import messages, output, usage
from persistence.cli.usage import WrongUse
from persistence.errors import DataIdError

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.cli.watching.command import Command
    from persistence.cli.watching.data import Data
    from persistence.cli.watching.loop import DataId, Datum
    from persistence.cli.watching.state import State

WRITES = True
_NOW = "now"
_EPILOG = """\
The command is not given to a shell: its words, and the values of data IDs,
are taken as they are, whatever is in them. {id} becomes key=value for each
key that identifies the data; {visit}, or {visit:07d}, the value of a key;
{path}, {type} and {repo} the file, the dataset type and the repository. For
pipes and redirections write --exec 'sh -c "grep x \\"$1\\" >>log" sh {path}'.

What is begun is recorded first, and is not begun again, whatever is killed.
What failed, or was cut off, is run again with --retry."""
EXAMPLES = {
    "repo --exec 'processCcd.py repo --rerun night --id {id}' -j 4": (
        "process each new raw, four at a time"
    ),
    "repo calexp --by visit --exec 'echo {visit}' --once": (
        "print each visit that has a calexp now, and end"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, the command, and when it is run."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "type", nargs="?", default="raw", metavar="TYPE",
        help="the dataset type of the new data; default: raw",
    )  # fmt: skip
    usage.add_id(parser, "only for these: filter=g ccdnum=1..62; may be repeated")
    parser.add_argument(
        "--where", metavar="CONDITION",
        help="only where this is true of keys of the data ID: 'filter in (\"g\", \"r\")'",
    )  # fmt: skip
    parser.add_argument(
        "--exec", dest="execute", metavar="COMMAND",
        help="the command: 'processCcd.py repo --rerun night --id {id}'",
    )  # fmt: skip
    parser.add_argument(
        "--by", type=_names, metavar="KEY,KEY",
        help="run it once for each new value of these keys, such as visit; by default once for "
        "each dataset",
    )  # fmt: skip
    parser.add_argument(
        "-j", "--processes", type=_positive(int), default=1, metavar="N",
        help="the number of commands that run at once; default: 1",
    )  # fmt: skip
    parser.add_argument("--once", action="store_true", help="stop after the data that exist now")
    parser.add_argument(
        "--since", metavar="TIME",
        help="only for files written since then (2026-11-30T18:00, in UTC); 'now': only for what "
        "comes after the first start",
    )  # fmt: skip
    parser.add_argument(
        "--retry", choices=("cut", "failed", "all"),
        help="repeat commands of an earlier watch: those that were interrupted (killed, or a "
             "power cut), those that failed, or both",
    )  # fmt: skip
    parser.add_argument(
        "--interval", type=_positive(float), default=10.0, metavar="SECONDS",
        help="the time between two checks, in addition to changes that the operating system "
             "reports; default: 10",
    )  # fmt: skip
    parser.add_argument(
        "--poll", action="store_true", help="do not use the operating system's notices of changes"
    )
    parser.add_argument(
        "--state", metavar="FILE",
        help="the record of commands that were run; default: in ~/.local/state/persistence/watch",
    )  # fmt: skip
    parser.add_argument(
        "--list",
        action="store_true",
        help="list the commands that were run, with their status; run nothing",
    )


def _names(text: str) -> list[str]:
    """Read a list of names, parted by commas or blanks."""
    return text.replace(",", " ").split()


def _positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a function that reads a number above zero."""

    def read(text: str) -> Any:
        value = kind(text)
        if not value > 0:
            raise ValueError(text)
        return value

    read.__name__ = f"{kind.__name__} above 0"  # argparse shows it
    return read


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Watch until the user ends it, or with ``--once`` until all is done.

    Returns
    -------
    status : `int`
        1 if a command failed, else 0.
    """
    from persistence.cli.watching import state  # lazy: completion does without
    from persistence.cli.watching.data import Data
    from persistence.dataids import expression

    wanted = usage.data_ids(butler, arguments.type, arguments.id)
    if arguments.execute is None and not (arguments.list and arguments.state):
        raise WrongUse("--exec is missing: write the command that is to be run")
    path = arguments.state or state.default_path(
        arguments.root,
        arguments.type,
        *map(shlex.join, arguments.id),
        f"--where {arguments.where}",
        f"--by {arguments.by}",
        arguments.execute,
    )
    if arguments.list:
        if not os.path.exists(path):
            raise WrongUse(f"there is no {path}: no watch like this was started")
        output.write(state.rows(path), arguments.format)
        return 0
    where = expression.parse(arguments.where or "")
    since = _since(arguments.since)
    data = Data(butler, arguments.type, wanted, arguments.by, since, where)
    words = functools.partial(_words, arguments, _command(arguments, data), data)
    if arguments.dry_run:
        return _dry_run(path, arguments, data, words)
    described = {
        "repository": os.path.realpath(arguments.root),
        "type": arguments.type,
        "by": arguments.by,
        "command": arguments.execute,
    }
    with contextlib.closing(state.State(path, described, messages.note)) as records:
        _begin(arguments, records, data)
        return _watch(arguments, records, data, words)


def _since(text: str | None) -> float | None:
    """Return a time as seconds since 1970; None if there is none, or for the first start."""
    if text is None or text == _NOW:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUse(
            f"--since {text}: write a date or a time, 2026-11-30 or 2026-11-30T18:00 (UTC), or "
            f"'{_NOW}'"
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _command(arguments: argparse.Namespace, data: Data) -> Command:
    from persistence.cli.watching.command import Command

    keys = data.keys if arguments.by is None else {key: data.keys[key] for key in arguments.by}
    files = {"path": str} if arguments.by is None else {}  # there may be many
    command = Command(arguments.execute, {"type": str, "repo": str, **files, **keys})
    if not arguments.dry_run:
        command.check_program()
    return command


def _words(arguments: argparse.Namespace, command: Command, data: Data, datum: Datum) -> list[str]:
    others: dict[str, Any] = {"type": arguments.type, "repo": arguments.root, **datum.full}
    if "path" in command.uses:
        others.setdefault("path", data.path(datum.full))
    return command.words(datum.data_id, others)


def _dry_run(
    path: str, arguments: argparse.Namespace, data: Data, words: Callable[[Datum], list[str]]
) -> int:
    """Print the commands that would be run now."""
    from persistence.cli.watching import state

    again = state.RETRIED.get(arguments.retry, ())
    stages = state.stages(path) if os.path.exists(path) else {}
    known = {text for text, stage in stages.items() if stage not in again}
    rows, status = [], 0
    for datum in data.look(lambda data_id: state.key(data_id) in known):
        known.add(state.key(datum.data_id))
        try:
            rows.append({**datum.data_id, "command": shlex.join(words(datum))})
        except DataIdError as error:
            messages.problem(str(error))
            status = 1
    if arguments.format == "table":
        output.lines(row["command"] for row in rows)
    else:
        output.write(rows, arguments.format)
    return status


def _begin(arguments: argparse.Namespace, records: State, data: Data) -> None:
    """Record the data for which nothing is run, and print what is not repeated."""
    from persistence.cli.watching import state

    if arguments.retry:
        records.retry(arguments.retry)
    if records.is_new:
        present = data.look(lambda _: False) if arguments.since == _NOW else ()
        records.ready({state.key(datum.data_id): datum.data_id for datum in present}.values())
    stages = list(records.stages.values())
    failed, cut = stages.count(state.FAILED), stages.count(state.BEGUN)
    if failed or cut:
        messages.note(
            f"of what earlier watches ran, {failed} failed and {cut} were cut off: these are not "
            "run again (see --list, --retry)"
        )


def _watch(
    arguments: argparse.Namespace,
    records: State,
    data: Data,
    words: Callable[[Datum], list[str]],
) -> int:
    from persistence.cli.watching import commands, loop, notices

    events = notices.Events()

    def ended(data_id: DataId, status: int | None) -> None:
        events.put(loop.Ended(data_id, status))

    watch = loop.Watch(
        data.look,
        words,
        commands.Running(records, ended),
        records,
        events.next,
        width=arguments.processes,
        interval=arguments.interval,
        is_once=arguments.once,
        tell=messages.problem,
        note=messages.note,
    )
    with notices.signals(events.put), contextlib.ExitStack() as stack:
        if not arguments.once:
            how = f"looking for new {arguments.type} every {arguments.interval:g} s"
            if not arguments.poll:
                telling = notices.changes(*data.directories(), events.put, messages.note)
                how += _HOW[stack.enter_context(telling)]
            messages.note(how)
        watch.run()
    waiting = f", {watch.waiting} not begun" if watch.waiting else ""
    messages.note(f"{watch.done} done, {watch.failed} failed{waiting}")
    return 1 if watch.failed else 0


_HOW: Mapping[bool, str] = {
    True: ", and when the operating system tells of a change",
    False: "; pip install 'gen2-butler[watch]' lets the operating system tell of changes",
}
