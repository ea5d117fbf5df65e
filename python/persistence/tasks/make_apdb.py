"""``make_apdb.py``: create the tables of an alert production database."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from persistence.cli import helptext, messages
from persistence.errors import PersistenceError, UsageError, for_commands
from persistence.pipe.cmdline import overridefiles, overrides

_FAILED, _MISTYPED = 1, 2
# Settings may also have the names of ap_pipe.py.
_PREFIXES = ("diaPipe.apdb.", "apdb.")

EXAMPLES = {
    "-c db_url=sqlite:///apdb/association.db": "create a database in a file",
    "-c db_url=postgresql://me@server/alerts namespace=night": "create one in a schema of a server",
}


def parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Create the tables and views of an alert production database, as far as it "
        "lacks them.",
    )
    parser.add_argument(
        "-c", "--config", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
        help="settings of the database: db_url, isolation_level, dia_object_index, prefix, "
        "namespace, htm_level ...; or with the names of ap_pipe.py, diaPipe.apdb.db_url",
    )  # fmt: skip
    parser.add_argument(
        "-C", "--configfile", action="append", default=[], metavar="FILE",
        help="a file of settings, config.db_url='...'; read before -c",
    )  # fmt: skip
    parser.add_argument(
        "--drop", action="store_true", help="remove everything in the database first"
    )
    messages.add_options(parser, messages.DEFAULTS)
    helptext.set_up(parser, EXAMPLES)
    return parser


def main(argv: Sequence[str] | None = None, prog: str = "make_apdb.py") -> int:
    """Run the command.

    Returns
    -------
    status : `int`
        0; 1 if the database could not be used, 2 if a setting was mistyped.
    """
    arguments = parser(prog).parse_args(argv)
    try:
        with messages.of_script(arguments, prog):
            return _run(arguments)
    except UsageError as error:  # a log file that cannot be written
        print(f"{prog}: error: {error}", file=sys.stderr)
        return _MISTYPED


def _run(arguments: argparse.Namespace) -> int:
    try:
        with for_commands():
            config = configured(arguments.config, arguments.configfile)
    except PersistenceError as error:
        messages.problem(f"error: {error}")
        return _MISTYPED
    try:
        from persistence.apdb import backends  # lazy: not needed to report invalid settings

        apdb = backends.create(config)
        created = apdb.makeSchema(drop=arguments.drop)
    except PersistenceError as error:
        messages.problem(f"error: {error}")
        return _FAILED
    print(
        f"{apdb.address.text}: created {', '.join(created)}"
        if created
        else f"{apdb.address.text} has all tables and views already"
    )
    return 0


def configured(words: Sequence[str], files: Sequence[str] = ()) -> Any:
    """Return a configuration with settings.

    Parameters
    ----------
    words : sequence of `str`
        ``NAME=VALUE``, also with ``diaPipe.apdb.`` before the name.
    files : sequence of `str`
        Files of settings, which are applied first.

    Raises
    ------
    UsageError
        If there is no such setting, or it does not accept the value.
    """
    from persistence.apdb.config import ApdbConfig

    config = ApdbConfig()
    for path in files:
        overridefiles.load(config, path)
    for word in words:
        prefix = next((candidate for candidate in _PREFIXES if word.startswith(candidate)), "")
        overrides.assign(config, word.removeprefix(prefix))
    return config


if __name__ == "__main__":
    sys.exit(main())
