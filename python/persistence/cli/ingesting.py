"""What the commands that ingest have in common: settings, and how they end."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from persistence.butler.open import open_one
from persistence.butler.repository import Repository
from persistence.cameras.camera_mapper import CameraMapper
from persistence.cli import cameras, messages, output, places, progress, settings, stdout
from persistence.cli.usage import WrongUse
from persistence.errors import PersistenceError, PolicyError, UsageError, for_commands
from persistence.ingest import config as ingest_config
from persistence.ingest.config import Config
from persistence.ingest.report import Report

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130


class Task(Protocol):
    """A task that ingests files."""

    @property
    def report(self) -> Report: ...
    def run(self, patterns: Sequence[str], /) -> Report: ...


def opened(root: str, arguments: argparse.Namespace) -> Repository:
    """Open the repository."""
    places.refuse_absent(root)
    (repository, *_) = open_one(root, **cameras.given(arguments), arguments={}).inputs
    return repository


def of_package(
    name: str, arguments: argparse.Namespace, repository: Repository
) -> tuple[Task, bool] | None:
    """Return the task configured by ``config/<name>.py`` of a camera package of Gen2, or None."""
    mapper = repository.mapper
    if mapper.objects != "gen2" or not isinstance(mapper, CameraMapper):
        return None
    try:
        path = os.path.join(mapper.getPackageDir(), "config", f"{name}.py")
    except PersistenceError:  # there is no package, only a mapper
        return None
    if not os.path.isfile(path):
        return None
    # by name: tasks are further up
    module = importlib.import_module("persistence.tasks.gen2ingest.task")
    work: tuple[Task, bool] = module.work(name, arguments, repository)
    return work


def configured(config: Config, words: Sequence[str], paths: Sequence[str]) -> Config:
    """Return a configuration with the settings of files, then those of the command line."""
    for path in paths:
        for name, value in settings.stored(path).items():
            config = ingest_config.override(config, name, value)
    for name, text in settings.typed(words):
        config = ingest_config.override(config, name, text)
    return config


def calib_root(root: str, calib: str | None, output: str | None) -> str:
    """Return the calibration root: ``--calib``, see `places.where_calibrations_lie`.

    Without it, the value of ``--output``.

    Raises
    ------
    PolicyError
        If neither is passed. (Gen2 raised a TypeError; it never used the repository itself.)
    """
    where = places.where_calibrations_lie(calib, root, has_to_be_there=False) or places.output(
        output
    )
    if where is None:
        raise PolicyError("where do calibrations go? Say --calib DIR (or set PIPE_CALIB_ROOT)")
    return where


def common(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the task's keywords for the options that all ingest commands share."""
    return {
        "show": shower(arguments),
        "dry_run": arguments.dry_run,
        "create": arguments.create,
        "ignore_ingested": arguments.ignore_ingested,
        "processes": arguments.processes,
        "force": arguments.force,
        "progress": progress.track,
    }


def shower(arguments: argparse.Namespace) -> Callable[[str], None]:
    """Return the function that prints a line of a dry run; it does nothing if rows are printed."""
    is_read = getattr(arguments, "format", "table") == "table"
    return print if is_read else lambda line: None


def perform(arguments: argparse.Namespace, created: Callable[[], tuple[Task, bool]]) -> int:
    """Run the task of a subcommand on its files, and print the report.

    Parameters
    ----------
    arguments : `argparse.Namespace`
        The command line, with ``files``.
    created : callable
        Returns the task, and whether files may fail.

    Returns
    -------
    status : `int`
        0 if all files are ingested, 1 if a file failed, unless that is allowed.

    Raises
    ------
    WrongUse
        If the command line is invalid.
    """
    try:
        task, allow_errors = created()
    except PersistenceError as error:
        raise WrongUse(str(error)) from error
    try:
        report = task.run(arguments.files)
    except KeyboardInterrupt:
        messages.problem(f"{task.report}\nrun it again to do the rest")
        raise
    if arguments.format == "table":
        output.lines([str(report)])
    else:
        output.write(report.rows(), arguments.format)
    return FAILED if report.failed and not allow_errors else 0


def start(
    prog: str,
    arguments: argparse.Namespace,
    created: Callable[[], tuple[Task, bool]],
    paths: Sequence[str],
) -> int:
    """Create a task and run it; ``created`` returns the task, and whether files may fail.

    Returns
    -------
    status : `int`
        2 if the command line is invalid; else see `run`.
    """
    try:
        with for_commands(), shown(prog, arguments):
            try:
                task, allow_errors = created()
            except PersistenceError as error:
                messages.problem(str(error))
                return WRONG_USE
            return run(task, paths, allow_errors)
    except (PolicyError, UsageError) as error:  # a level, or a log file, that cannot be meant
        print(f"{prog}: {error}", file=sys.stderr)
        return WRONG_USE


def shown(
    prog: str, arguments: argparse.Namespace
) -> contextlib.AbstractContextManager[logging.Logger]:
    """Show the messages of a script, as its options say, while the block lasts.

    Raises
    ------
    PolicyError
        If there is no such level.
    UsageError
        If the log file cannot be written.
    """
    return messages.of_script(arguments, prog, _level(arguments.loglevel))


def run(task: Task, paths: Sequence[str], allow_errors: bool) -> int:
    """Run a task, and print the report.

    Returns
    -------
    status : `int`
        0 if all files are ingested, 1 if a file failed (unless that is allowed), 130 if it was
        interrupted.
    """
    try:
        print(task.run(paths), flush=True)
    except BrokenPipeError:  # the reader, perhaps `head`, has seen enough
        stdout.let_go()
    except PersistenceError as error:
        messages.problem(str(error))
        return FAILED
    except KeyboardInterrupt:
        print(task.report, file=sys.stderr)
        messages.problem("interrupted; run it again to do the rest")
        return INTERRUPTED
    return FAILED if task.report.failed and not allow_errors else 0


def _level(words: Sequence[str]) -> int:
    names = logging.getLevelNamesMapping()
    for word in words:
        level = word.rsplit("=", 1)[-1].upper()
        if level not in names:
            raise PolicyError(f"unknown log level {word!r} (known: {', '.join(names)})")
        return names[level]
    return logging.WARNING
