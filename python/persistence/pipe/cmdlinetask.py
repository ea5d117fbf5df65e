"""`CmdLineTask`: a task that is a command."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from persistence.cli.complete import completion
from persistence.errors import MissingExtra, PersistenceError, for_commands
from persistence.pipe import memory, stored
from persistence.pipe.cmdline.parser import ArgumentParser
from persistence.pipe.runner import LegacyTaskRunner, TaskRunner
from persistence.pipe.struct import Struct
from persistence.pipe.task import Task

FAILED, INTERRUPTED = 1, 130
_STATUSES = 256  # the system keeps so many


class CmdLineTask(Task):
    """A task that runs on the data that a command line names.

    A subclass has a ``ConfigClass``, a ``_DefaultName``, and ``runDataRef(dataRef)``, which gives a
    `Struct`.
    """

    RunnerClass: ClassVar[type[TaskRunner]] = TaskRunner
    ParserClass: ClassVar[type[ArgumentParser]] = ArgumentParser
    canMultiprocess: ClassVar[bool] = True

    @classmethod
    def applyOverrides(cls, config: Any) -> None:
        """Set what a class's configuration has besides its defaults.

        What is typed comes after it.
        """

    @classmethod
    def parseAndRun(
        cls,
        args: Sequence[str] | None = None,
        config: Any = None,
        log: Any = None,
        doReturnResults: bool = False,
    ) -> Struct:
        """Parse a command line, and run the task on what it names.

        Parameters
        ----------
        args : sequence of `str`, optional
            The words of the command line; by default those of the program.
        config : optional
            The configuration; by default a new one of the ``ConfigClass``.
        log : optional
            The log.
        doReturnResults : `bool`
            Whether results have ``dataRef``, ``metadata`` and ``result``.

        Returns
        -------
        what : `Struct`
            ``argumentParser``, ``parsedCmd``, ``taskRunner``, ``resultList``.

        Raises
        ------
        SystemExit
            If a target failed, unless ``--noExit`` was given: the status is the number of failures.
            If nothing could be run, or nothing was there to run, it is 1; after an interrupt, 130;
            if the command was mistyped, 2.
        """
        if _is_import():
            return Struct(argumentParser=None, parsedCmd=None, taskRunner=None, resultList=[])
        memory.keep_freed()
        if args is None:
            told, args = shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]]), sys.argv[1:]
        else:
            told = f"{cls.__name__} {shlex.join(args)}"
        parser = cls._makeArgumentParser()
        completion.complete_task(parser, cls._makeConfig)
        parser.require_input(args)
        try:
            with memory.few_collections():
                config = cls._makeConfig() if config is None else config
        except MissingExtra as error:
            parser.exit(FAILED, f"{parser.prog}: error: {error}\n")
        parsed = parser.parse_args(config=config, args=args, log=log, override=cls.applyOverrides)
        parsed.log.info("running: %s", told)
        runner = cls.RunnerClass(TaskClass=cls, parsedCmd=parsed, doReturnResults=doReturnResults)
        results = _run(runner, parsed)
        return Struct(
            argumentParser=parser, parsedCmd=parsed, taskRunner=runner, resultList=results
        )

    @classmethod
    def _makeConfig(cls) -> Any:
        """Make a configuration of defaults: the first that needs its class."""
        if cls.ConfigClass is None:
            raise RuntimeError(f"{cls.__name__} needs a ConfigClass")
        return cls.ConfigClass()

    @classmethod
    def _makeArgumentParser(cls) -> ArgumentParser:
        """Make the parser: one ``--id``, of raw data."""
        parser = cls.ParserClass(name=cls._DefaultName or cls.__name__)
        parser.add_id_argument("--id", "raw", help="data to process: visit=410877 ccdnum=1..62")
        return parser

    # -- what is written once
    # --------------------------------------------------------------------------

    def writeConfig(self, butler: Any, clobber: bool = False, doBackup: bool = True) -> None:
        """Write the configuration, or compare it with the one that is there."""
        name = self._getConfigName()
        if name is not None:
            stored.write_config(self.config, butler, name, clobber, doBackup)

    def writeSchemas(self, butler: Any, clobber: bool = False, doBackup: bool = True) -> None:
        """Write the schemas of the catalogs, or compare them with those that are there."""
        stored.write_schemas(self.getAllSchemaCatalogs(), butler, clobber, doBackup)

    def writePackageVersions(
        self, butler: Any, clobber: bool = False, doBackup: bool = True, dataset: str = "packages"
    ) -> None:
        """Write the versions of packages, or compare them with those that are there."""
        stored.write_packages(butler, dataset, clobber, doBackup)

    def writeMetadata(self, dataRef: Any) -> None:
        """Write the metadata of this task and of all below it.

        A failure is a warning, for the work is done.
        """
        name = self._getMetadataName()
        if name is None:
            return
        try:
            dataRef.put(self.getFullMetadata(), name)
        except (PersistenceError, OSError, AttributeError) as error:
            self.log.warning("the metadata of %s could not be written: %s", dataRef, error)

    def _getConfigName(self) -> str | None:
        """Give the dataset type of the configuration; None if it is not stored."""
        return f"{self._DefaultName}_config"

    def _getMetadataName(self) -> str | None:
        """Give the dataset type of the metadata; None if they are not stored."""
        return f"{self._DefaultName}_metadata"


class LegacyCmdLineTask(CmdLineTask):
    """A task that runs on a data reference by its method ``run``."""

    RunnerClass = LegacyTaskRunner


def _is_import() -> bool:
    """Say whether a process that is to work imports the program.

    Gen2's scripts do not ask whether they are run.
    """
    return bool(getattr(multiprocessing.current_process(), "_inheriting", False))


def _run(runner: TaskRunner, parsed: Any) -> list[Any]:
    """Run all targets; end the program if that is what has to be."""
    try:
        with _ended_as_interrupted(), for_commands():
            results = runner.run(parsed)
    except KeyboardInterrupt:  # also before the first target, or after the last one
        parsed.log.error("interrupted: what is done is whole; --skip-existing does the rest")
        sys.exit(INTERRUPTED)
    except SystemExit as end:  # of a runner's own code; with status 0 it would look like success
        parsed.log.fatal(
            "%s ended the program (status %s) before the work was done",
            type(runner).__name__,
            end.code,
        )
        sys.exit(end.code or FAILED)
    except PersistenceError as error:
        if parsed.doraise:
            raise
        parsed.log.fatal("%s", error)
        results = []
    failed = sum(bool(result.exitStatus) for result in results) + len(runner.died)
    status = _status(failed) if results else FAILED
    if status and parsed.noExit:
        parsed.log.error("%s failed, and --noExit goes on", failed or "all")
    elif status:
        sys.exit(status)
    return results


@contextlib.contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    """Let the signal by which batch systems end a program be an interrupt.

    What is done, and what is not, is told.
    """
    if threading.current_thread() is not threading.main_thread():  # others cannot set it
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _status(failed: int) -> int:
    """Give the number of failures as the system keeps it, but never 0 for some."""
    return failed % _STATUSES or (_STATUSES - 1 if failed else 0)
