# PYTHON_ARGCOMPLETE_OK
"""``persistence``: fill a repository, list its contents, and read datasets.

Only the commands that fill or share a repository change it; they have ``--dry-run``.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO, cast

from persistence.cli import cameras, helptext, messages, naming, output, stdout
from persistence.cli.complete import completion
from persistence.cli.usage import NONE, OPEN, PATH, Command, WrongUse
from persistence.errors import (
    AliasError,
    DataIdError,
    ExpressionError,
    MissingKey,
    PersistenceError,
    RepositoryError,
    UnknownDatasetType,
    UnknownKey,
    UsageError,
    for_commands,
    told,
)
from persistence.files import entry_points

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.federation import Federation

_FAILED, _MISTYPED, _INTERRUPTED = 1, 2, 130
_WRONG = (
    WrongUse,
    UsageError,
    UnknownDatasetType,
    UnknownKey,
    DataIdError,
    ExpressionError,
    MissingKey,
    AliasError,
    RepositoryError,
)

# Where packages, and higher floors, announce subcommands: name -> module.
GROUP = "persistence.commands"
# What each subcommand of this package does; a new one is a module of its name, and a line here.
COMMANDS: Mapping[str, str] = {
    "create": "create a repository of a camera in a directory",
    "define": "define a dataset type in a repository",
    "ingest-raws": "bring images into a repository, by links or copies",
    "ingest-calibs": "bring master calibrations into a calibration root",
    "ingest-refcat": "create a reference catalog from tables of sources",
    "ingest-files": "bring files of any dataset type into a repository",
    "quality": "list the quality of processed exposures, and suspicious ones",
    "status": "the contents of a repository and its parents, on one screen",
    "find": "list the existing datasets of a type, by any condition",
    "missing": "the data IDs of one type for which another type is missing",
    "at": "list what lies at a position, or on a patch or an exposure",
    "du": "the sizes of files, by dataset type, repository or any key",
    "tree": "the repository and its parents, with mappers, registries and rows",
    "types": "the dataset types, with storage, Python type, keys and template",
    "query": "values of keys from the registry, one row per line",
    "registry": "visits or calibrations in the registry, or totals by filter",
    "show-data": "the data IDs of existing datasets, or shortest options for them",
    "uri": "the path of each existing dataset, one per line",
    "ids": "the integers of data IDs, and the data IDs of integers",
    "get": "print a summary of a dataset, or write it into a file with -o",
    "calibs": "list calibrations and their validity, and explain which one is chosen",
    "watch": "run a command for new data, once for each",
    "why": "list the inputs of datasets, with configuration, time and user",
    "used-by": "list the datasets that were computed from a dataset, directly or not",
    "stale": "list the outputs whose inputs or configuration have changed",
    "log": "list when each file was written, and by whom",
    "config": "show your defaults and repository nicknames, and where each was set",
    "camera": "check a camera's file on raw files, or draft a new one",
    "doctor": "find what is wrong with a repository, and mend what can be mended",
    "verify": "check that the files of a repository are unchanged, by checksums",
    "copy": "copy datasets, and what they need, into a repository of their own",
    "bundle": "write datasets, and what they need, into one archive",
    "unbundle": "unpack a bundle into a repository, and check each file in it",
    "diff": "compare two repositories by data ID: what is only in one, what differs",
    "remove": "move datasets, or a rerun, into the trash of a repository",
    "trash": "list, restore or delete the files that doctor and remove moved away",
    "export-gen3": "write an export.yaml by which Gen3 imports a repository",
    "import-gen3": "take over what Gen3's butler export wrote",
    "pin": "keep in a repository where some of its dataset types are looked up",
    "tag": "put tags on data IDs, take them away, and list them",
    "note": "write notes on datasets, and list them",
    "share": "allow a group to write into the repository, too",
    "index": "list all files now, and store the index in the repository for others",
}


def command(name: str) -> Command:
    """Return the module of a subcommand: one of this package, or one that a package announces."""
    if name in COMMANDS:
        return cast(Command, importlib.import_module(f"persistence.cli.{name.replace('-', '_')}"))
    announced = entry_points.announced(GROUP)[name]
    others = entry_points.rivals(GROUP, name)
    if others:
        raise WrongUse(f"several packages announce {name!r}: {'; '.join(others)}. Uninstall one")
    try:
        return cast(Command, entry_points.load(announced))
    except Exception as error:  # another package's code
        raise WrongUse(f"{name}: {announced} cannot be imported: {told(error)}") from error


def _summary(name: str) -> str:
    """Return the summary of a subcommand that `COMMANDS` lacks, from its module."""
    try:
        text = (command(name).__doc__ or "").partition("\n")[0]
    except WrongUse as error:
        return str(error)
    return text.partition(": ")[2].removesuffix(".") or text


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Parameters
    ----------
    words : sequence of `str`
        The command line: only the subcommand that it names gets its arguments.

    Returns
    -------
    parser : `argparse.ArgumentParser`
        The parser.
    """
    made = parser_of_all()
    commands = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    named = _named(words)
    texts = dict(COMMANDS)
    for name in entry_points.announced(GROUP) if named not in COMMANDS else ():
        # Only help shows the texts of others; those are imported for it.
        texts.setdefault(name, _summary(name) if named in (None, name) else "")
    lay = _defaults(made, texts)
    for name, text in texts.items():
        under = commands.add_parser(
            name, help=text, description=_sentence(text), formatter_class=made.formatter_class
        )
        if name == named:
            fill(under, name)
            lay(under, name)
    return made


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else text


def _defaults(
    parser: argparse.ArgumentParser, commands: Collection[str]
) -> Callable[[argparse.ArgumentParser, str], None]:
    """Set the user's defaults of the options of all subcommands.

    Returns
    -------
    lay : callable
        Sets those of one subcommand, by its parser and its name.
    """
    if completion.wanted():  # values that nobody uses
        return lambda under, name: None
    from persistence.cli import defaults  # lazy: completion does without

    config = defaults.read()
    defaults.refuse_unknown(config, commands)
    defaults.lay(parser, None, config)
    return lambda under, name: defaults.lay(under, name, config)


def parser_of_all() -> argparse.ArgumentParser:
    """Return a parser of the options that all subcommands have, and ``--version``."""
    formatter = completion.PlainHelp if completion.wanted() else helptext.Formatter
    description = _sentence((__doc__ or "").partition(": ")[2].strip(" .\n").replace("``", ""))
    common = argparse.ArgumentParser(
        prog="persistence", description=description, formatter_class=formatter
    )
    common.add_argument(
        "--version", action=_Version, nargs=0, default=argparse.SUPPRESS,
        help="print the version, and exit",
    )  # fmt: skip
    _add_common(common, _DEFAULTS)
    return common


def fill(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments of a subcommand to a parser."""
    module = command(name)
    if _repository(module) != NONE:
        parser.add_argument(
            "root", metavar="REPO", type=naming.repository,
            help="the repository: a path, or its name in your configuration file",
        )  # fmt: skip
    module.arguments(parser)
    if getattr(module, "WRITES", False):
        parser.add_argument("-n", "--dry-run", action="store_true", help="print what would be done")
    # The options may also follow the subcommand; those before it hold unless they are repeated.
    _add_common(parser, {})
    if not completion.wanted():
        helptext.set_up(parser, getattr(module, "EXAMPLES", {}))


class _Version(argparse.Action):
    """``--version``, which is determined only when needed."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        import platform  # lazy: completion does without

        import persistence

        output.lines(
            [f"persistence {persistence.__version__} (Python {platform.python_version()})"]
        )
        parser.exit()


def _named(words: Sequence[str]) -> str | None:
    """Return the subcommand: the first word that is not an option or its value."""
    first = argparse.ArgumentParser(
        add_help=False, exit_on_error=False, formatter_class=completion.PlainHelp
    )
    _add_common(first, {})
    first.add_argument("command", nargs="?")
    first.add_argument("others", nargs=argparse.REMAINDER)
    try:
        name: str | None = first.parse_known_args(words)[0].command
        return name
    except argparse.ArgumentError:  # the complete parser will raise the error
        return None


_DEFAULTS: Mapping[str, Any] = {
    "format": "table",
    "cameras": None,
    "calib": None,
    "traceback": False,
    **messages.DEFAULTS,
}


def _add_common(parser: argparse.ArgumentParser, defaults: Mapping[str, Any]) -> None:
    group = parser.add_argument_group(helptext.COMMON)
    suppressed = argparse.SUPPRESS
    group.add_argument(
        "--format", choices=list(output.FORMS), default=defaults.get("format", suppressed),
        help="the form of the result; default: table",
    )  # fmt: skip
    messages.add_options(group, defaults)
    cameras.add_options(group, default=defaults.get("cameras", suppressed))
    group.add_argument(
        "--calib", metavar="DIRECTORY", default=defaults.get("calib", suppressed),
        help="the directory of calibrations, with their calibRegistry.sqlite3",
    )  # fmt: skip
    group.add_argument(
        "--traceback", action="store_true", default=defaults.get("traceback", suppressed),
        help="if something fails, show where in the code",
    )  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    status : `int`
        0 if all is well, 1 if nothing was found or something failed, 2 if the command was mistyped,
        130 if it was interrupted.
    """
    words = sys.argv[1:] if argv is None else argv
    if completion.wanted():
        completion.complete(parser(completion.words()[1:]))
    if sys.stdout is None:  # closed by the parent process
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # to the end
    try:
        try:
            arguments = parser(words).parse_args(words, argparse.Namespace(words=words))
        finally:
            sys.stdout.flush()  # the reader of --help may be gone
        return _run(arguments)
    except BrokenPipeError:
        stdout.let_go()  # the reader, perhaps `head`, has seen enough
        return 0
    except WrongUse as error:  # a subcommand that cannot be imported
        return _told(str(error), _MISTYPED)
    except OSError as error:  # help, onto a disk that is full
        stdout.let_go()
        return _told(_message(error), _FAILED)
    except KeyboardInterrupt:
        return _told("interrupted", _INTERRUPTED)


def _run(arguments: argparse.Namespace) -> int:
    with for_commands(), warnings.catch_warnings(), messages.shown(arguments) as log:
        warnings.showwarning = _show_warning
        log.info("%s", shlex.join(("persistence", *arguments.words)))
        try:
            module = command(arguments.command)
            repository = _OPENERS[_repository(module)](arguments)
            status = module.run(repository, arguments)
            sys.stdout.flush()
            return status
        except KeyboardInterrupt:
            log.error("interrupted")
            return _INTERRUPTED
        # Any error of a camera's code or a library is printed; its traceback only on request.
        except Exception as error:
            if arguments.traceback or isinstance(error, BrokenPipeError):
                raise
            stdout.let_go()
            log.error("%s", _message(error))
            return _MISTYPED if isinstance(error, _WRONG) else _FAILED


def _repository(module: Command) -> str:
    return getattr(module, "REPOSITORY", OPEN)


def _federated(arguments: argparse.Namespace) -> Federation:
    """Return the federation of a file, for subcommands that accept several cameras."""
    from persistence.butler.federation import Federation

    if not getattr(command(arguments.command), "FEDERATES", False):
        raise WrongUse(
            f"{arguments.root} is a file, and {arguments.command} accepts one repository; find "
            "and query accept a federation's file"
        )
    if arguments.mapper or arguments.calib or arguments.trust:
        raise WrongUse(f"{arguments.root} is a federation's file: set mapper and calibRoot there")
    return Federation(arguments.root)


def _opened(arguments: argparse.Namespace) -> Butler | Federation:
    from persistence.butler.butler import Butler
    from persistence.cli import places

    if os.path.isfile(arguments.root) and arguments.root.endswith(".yaml"):
        return _federated(arguments)
    root = places.of_rerun(arguments.root, getattr(arguments, "rerun", None))
    places.refuse_absent(root)
    calib = arguments.calib and places.where_calibrations_lie(arguments.calib, arguments.root)
    mapper_args: dict[str, Any] = {"calibRoot": calib} if calib else {}
    return Butler(root, **cameras.given(arguments), **mapper_args)


# The first argument of a subcommand's function, by its `REPOSITORY`.
_OPENERS: Mapping[str, Callable[[argparse.Namespace], Any]] = {
    OPEN: _opened,
    PATH: lambda arguments: arguments.root,
    NONE: lambda arguments: None,
}


def _message(error: Exception) -> str:
    if isinstance(error, PersistenceError):
        return str(error)
    if isinstance(error, OSError):
        return ": ".join(
            str(part) for part in (error.filename, error.strerror or error) if part is not None
        )
    return f"{told(error)} (--traceback shows where)"


def _told(message: str, status: int) -> int:
    print(f"persistence: {message}", file=sys.stderr)
    return status


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    messages.note(f"warning: {message}")


if __name__ == "__main__":
    sys.exit(main())
