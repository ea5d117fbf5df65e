"""The options of commands that ingest files; the tasks themselves are imported when they run."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from persistence.cli import cameras, messages, settings
from persistence.files import atomic

# How files come to their places, for the help of --mode.
MODES = (
    "link makes absolute symbolic links; relsymlink relative ones, for files that are moved "
    "together with the repository; hardlink gives a file a second name, on one file system; skip "
    "registers files that lie in their places"
)
# What the subcommands of `persistence` call a mode, after --transfer.
TRANSFERS: Mapping[str, atomic.Mode] = {
    "symlink": "link",
    **{mode: mode for mode in atomic.MODES if mode != "link"},
}
_TRANSFERS_HELP = (
    "symlink creates absolute links; relsymlink relative ones, for files that are moved together "
    "with the repository; hardlink a second name of the same file, on one file system; copy and "
    "move copy or move it"
)
_SKIP = "; skip registers files that are at their paths already"
DIRECT = (
    "; direct registers files where they are, without a link in the repository: Gen2 does not find "
    "them"
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every script has."""
    cameras.add_options(parser)
    parser.add_argument(
        "-n", "--dry-run", action="store_true", help="print files, paths and rows; change nothing"
    )
    add_own(parser)
    parser.add_argument(
        "-L",
        "--loglevel",
        nargs="*",
        default=["WARN"],
        metavar="LEVEL",
        help="INFO lists each file, as does -v",
    )
    messages.add_options(parser, messages.DEFAULTS)


def add_own(parser: argparse.ArgumentParser) -> None:
    """Add the options that scripts and subcommands have, but that not all subcommands have."""
    parser.add_argument(
        "--create",
        action="store_true",
        help="replace all rows of the tables concerned by the rows of these files",
    )
    parser.add_argument(
        "--ignore-ingested",
        action="store_true",
        help="skip registered files without a message",
    )
    add_settings(parser, "; strictFilters=True refuses filters that the camera does not list")
    add_processes(parser)
    add_force(parser)


def add_settings(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Add ``-c`` and ``-C``, with additional help."""
    settings.add_options(
        parser,
        "clobber=True replaces existing files; allowError=True tolerates failed files" + more,
        "files of such settings: config.clobber = True",
    )


def add_bad(parser: argparse.ArgumentParser) -> None:
    """Add the options that select files to skip."""
    parser.add_argument(
        "--badId",
        nargs="+",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="skip matching files",
    )
    parser.add_argument(
        "--badFile",
        nargs="*",
        default=[],
        metavar="PATTERN",
        help="skip files with these names (without directories)",
    )


def add_processes(parser: argparse.ArgumentParser) -> None:
    """Add ``-j``."""
    parser.add_argument(
        "-j", "--processes", type=_count, default=1, help="how many processes read headers"
    )


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add ``--force``."""
    parser.add_argument(
        "--force", action="store_true", help="write into a repository that belongs to another user"
    )


def add_transfer(
    parser: argparse.ArgumentParser,
    default: str = "symlink",
    direct: bool = True,
    skip: bool = True,
) -> None:
    """Add ``--transfer``: how files are delivered, by the names of subcommands.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        The subcommand's parser.
    default : `str`
        The default.
    direct : `bool`
        Whether files may stay where they are.
    skip : `bool`
        Whether files that are already in place have to be registered.
    """
    known = [
        name for name in TRANSFERS if (direct or name != "direct") and (skip or name != "skip")
    ]
    parser.add_argument(
        "-t", "--transfer", choices=known, default=default,
        help=f"default: {default}; {_TRANSFERS_HELP}{_SKIP if skip else ''}"
             f"{DIRECT if direct else ''}",
    )  # fmt: skip


def add_calib(parser: argparse.ArgumentParser) -> None:
    """Add the options for the calibration root of a script."""
    parser.add_argument(
        "--calib", metavar="DIR",
        help=("the calibration root, which has to be there; by default the directory "
             "PIPE_CALIB_ROOT, or --output"),
    )  # fmt: skip
    # where Gen2 went without --calib
    parser.add_argument("--output", metavar="DIR", help=argparse.SUPPRESS)


def add_recompute(parser: argparse.ArgumentParser) -> None:
    """Add ``--recompute``."""
    parser.add_argument(
        "--recompute", action="store_true",
        help="also recompute the validity ranges of earlier runs, so that a series is consistent "
             "as a whole; Gen2 always did",
    )  # fmt: skip


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_count.__name__ = "number of processes"  # argparse shows it
