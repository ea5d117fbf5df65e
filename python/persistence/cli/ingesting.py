"""What the commands that ingest have in common: options, settings, and how they end."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from persistence.butler.open import open_one
from persistence.butler.repository import Repository
from persistence.cameras.camera_mapper import CameraMapper
from persistence.cli import cameras, places, progress, settings, stdout
from persistence.errors import PersistenceError, PolicyError, for_commands
from persistence.ingest import config as ingest_config
from persistence.ingest.config import Config
from persistence.ingest.report import Report

# How files come to their places, for the help of --mode.
MODES = (
    "link makes absolute symbolic links; relsymlink relative ones, for files that are moved "
    "together with the repository; hardlink gives a file a second name, on one file system; skip "
    "registers files that lie in their places"
)
FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130


class Task(Protocol):
    """What ingests files."""

    @property
    def report(self) -> Report: ...
    def run(self, patterns: Sequence[str], /) -> Report: ...


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every such command has."""
    cameras.add_options(parser)
    parser.add_argument(
        "-n", "--dry-run", action="store_true", help="tell files, places and rows; change nothing"
    )
    parser.add_argument(
        "--create",
        action="store_true",
        help="replace all rows of the tables that get some by those of these files",
    )
    parser.add_argument(
        "--ignore-ingested",
        action="store_true",
        help="pass silently over files that are registered",
    )
    settings.add_options(
        parser,
        "clobber=True replaces files in the way; allowError=True makes failed files no failure; "
        "strictFilters=True refuses filters that the camera does not list",
        "files of such settings: config.clobber = True",
    )
    parser.add_argument(
        "-j", "--processes", type=_count, default=1, help="how many processes read headers"
    )
    parser.add_argument(
        "--force", action="store_true", help="write into a repository that belongs to another user"
    )
    parser.add_argument(
        "-L",
        "--loglevel",
        nargs="*",
        default=["WARN"],
        metavar="LEVEL",
        help="INFO tells each file",
    )


def add_calib(parser: argparse.ArgumentParser, recompute: bool = True) -> None:
    """Add the options that say where calibrations go, and perhaps ``--recompute``."""
    parser.add_argument(
        "--calib", metavar="DIR",
        help=("the calibration root, which has to be there; by default the directory "
             "PIPE_CALIB_ROOT, or --output"),
    )  # fmt: skip
    # where Gen2 went without --calib
    parser.add_argument("--output", metavar="DIR", help=argparse.SUPPRESS)
    if not recompute:
        return
    parser.add_argument(
        "--recompute", action="store_true",
        help="also give new windows to what earlier runs registered, so that a series is shared "
             "out as a whole; Gen2 always did",
    )  # fmt: skip


def opened(root: str, arguments: argparse.Namespace) -> Repository:
    """Open the repository, with messages of the level wished for."""
    level = _level(arguments.loglevel)
    logging.basicConfig(format="%(name)s %(levelname)s: %(message)s", level=level)
    places.refuse_absent(root)
    (repository, *_) = open_one(root, **cameras.given(arguments), arguments={}).inputs
    return repository


def of_package(
    name: str, arguments: argparse.Namespace, repository: Repository
) -> tuple[Task, bool] | None:
    """Return the work that a camera package of Gen2's sets up by its ``config/<name>.py``.

    None if it has none, or is no such package.
    """
    mapper = repository.mapper
    if mapper.objects != "gen2" or not isinstance(mapper, CameraMapper):
        return None
    try:
        path = os.path.join(mapper.getPackageDir(), "config", f"{name}.py")
    except PersistenceError:  # there is no package, but a mapper
        return None
    if not os.path.isfile(path):
        return None
    # by name: tasks are further up
    module = importlib.import_module("persistence.tasks.gen2ingest.task")
    made: tuple[Task, bool] = module.work(name, arguments, repository)
    return made


def configured(config: Config, words: Sequence[str], paths: Sequence[str]) -> Config:
    """Lay settings of files, then those of the command line, over the camera's."""
    for path in paths:
        for name, value in settings.stored(path).items():
            config = ingest_config.override(config, name, value)
    for name, text in settings.typed(words):
        config = ingest_config.override(config, name, text)
    return config


def calib_root(root: str, calib: str | None, output: str | None) -> str:
    """Return where calibrations go: ``--calib``, see `places.where_calibrations_lie`.

    Else ``--output``.

    Raises
    ------
    PolicyError
        If nothing says it. (Gen2 let a TypeError through; it never took the repository itself.)
    """
    where = places.where_calibrations_lie(calib, root, has_to_be_there=False) or places.output(
        output
    )
    if where is None:
        raise PolicyError("where do calibrations go? Say --calib DIR (or set PIPE_CALIB_ROOT)")
    return where


def common(arguments: argparse.Namespace) -> dict[str, Any]:
    """Give what the options of `add_options` tell a task."""
    return {
        "dry_run": arguments.dry_run,
        "create": arguments.create,
        "ignore_ingested": arguments.ignore_ingested,
        "processes": arguments.processes,
        "force": arguments.force,
        "progress": progress.track,
    }


def start(prog: str, made: Callable[[], tuple[Task, bool]], paths: Sequence[str]) -> int:
    """Make a task, with the word whether files may fail, and run it.

    Returns
    -------
    status : `int`
        2 if it cannot be made of what was typed; else see `run`.
    """
    with for_commands():
        try:
            task, allow_errors = made()
        except PersistenceError as error:
            print(f"{prog}: {error}", file=sys.stderr)
            return WRONG_USE
        return run(prog, task, paths, allow_errors)


def run(prog: str, task: Task, paths: Sequence[str], allow_errors: bool) -> int:
    """Run a task.

    Returns
    -------
    status : `int`
        0 if all is in its place, 1 if a file failed (unless that is allowed), 130 if it was
        interrupted.
    """
    try:
        print(task.run(paths), flush=True)
    except BrokenPipeError:  # the reader, perhaps `head`, has seen enough
        stdout.let_go()
    except PersistenceError as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"{task.report}\n{prog}: interrupted; run it again to do the rest", file=sys.stderr)
        return INTERRUPTED
    return FAILED if task.report.failed and not allow_errors else 0


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _level(words: Sequence[str]) -> int:
    names = logging.getLevelNamesMapping()
    for word in words:
        level = word.rsplit("=", 1)[-1].upper()
        if level not in names:
            raise PolicyError(f"unknown log level {word!r} (known: {', '.join(names)})")
        return names[level]
    return logging.WARNING
