"""`CmdLineTask`: a task that is a command."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from persistence.cli import helptext
from persistence.cli.complete import completion
from persistence.errors import MissingExtra, PersistenceError, for_commands
from persistence.pipe import memory, stored
from persistence.pipe.cmdline.parser import ArgumentParser
from persistence.pipe.runner import LegacyTaskRunner, TaskRunner
from persistence.pipe.struct import Struct
from persistence.pipe.task import Task

FAILED, INTERRUPTED = 1, 130
_STATUSES = 256  # the largest exit status


class CmdLineTask(Task):
    """A task that processes the data named on a command line.

    A subclass has a ``ConfigClass``, a ``_DefaultName``, and a method ``runDataRef(dataRef)``,
    which returns a `Struct`.

    Examples
    --------
    >>> from persistence.pipe.cmdlinetask import CmdLineTask
    >>> from persistence.pipe.struct import Struct
    >>> class CountTask(CmdLineTask):
    ...     _DefaultName = "count"
    ...
    ...     def runDataRef(self, dataRef):
    ...         return Struct(rows=len(dataRef.get("src")))
    >>> CountTask.parseAndRun(["repo", "--id", "visit=123456"])  # doctest: +SKIP
    """

    RunnerClass: ClassVar[type[TaskRunner]] = TaskRunner
    ParserClass: ClassVar[type[ArgumentParser]] = ArgumentParser
    canMultiprocess: ClassVar[bool] = True
    # What --help shows at its end: the words after the script's name, and what they do.
    EXAMPLES: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def applyOverrides(cls, config: Any) -> None:
        """Set values of a configuration that differ from the defaults of its class.

        Settings of the command line are applied afterwards.

        Parameters
        ----------
        config : `lsst.pex.config.Config`
            The configuration, which is changed.
        """

    @classmethod
    def parseAndRun(
        cls,
        args: Sequence[str] | None = None,
        config: Any = None,
        log: Any = None,
        doReturnResults: bool = False,
    ) -> Struct:
        """Parse a command line, and run the task on the data that it names.

        Parameters
        ----------
        args : sequence of `str`, optional
            The arguments. Default: those of the program.
        config : optional
            The configuration. Default: a new one of the ``ConfigClass``.
        log : optional
            The log.
        doReturnResults : `bool`
            Whether results contain ``dataRef``, ``metadata`` and ``result``.

        Returns
        -------
        what : `Struct`
            ``argumentParser``, ``parsedCmd``, ``taskRunner``, ``resultList``.

        Raises
        ------
        SystemExit
            If a target failed, unless ``--noExit`` was passed: the status is the number of
            failures. It is 1 if nothing could be run, or there was nothing to run; 130 after an
            interrupt; 2 if the command line is invalid.
        """
        if _is_import():
            return Struct(argumentParser=None, parsedCmd=None, taskRunner=None, resultList=[])
        if args is None:
            memory.keep_freed()  # of this program's process; that of other callers stays theirs
            command, args = shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]]), sys.argv[1:]
        else:
            command = f"{cls.__name__} {shlex.join(args)}"
        parser = cls.describedParser()
        completion.complete_task(parser, cls._makeConfig)
        parser.require_input(args)
        try:
            with memory.few_collections():
                config = cls._makeConfig() if config is None else config
        except MissingExtra as error:
            parser.exit(FAILED, f"{parser.prog}: error: {error}\n")
        parsed = parser.parse_args(config=config, args=args, log=log, override=cls.applyOverrides)
        parsed.log.info("running: %s", command)
        runner = cls.RunnerClass(TaskClass=cls, parsedCmd=parsed, doReturnResults=doReturnResults)
        results = _run(runner, parsed)
        return Struct(
            argumentParser=parser, parsedCmd=parsed, taskRunner=runner, resultList=results
        )

    @classmethod
    def describedParser(cls) -> ArgumentParser:
        """Return the parser, with a description from the task's docstring, and its examples."""
        parser = cls._makeArgumentParser()
        if parser.description is None:
            parser.description = " ".join((cls.__doc__ or "").partition("\n\n")[0].split())
            parser.formatter_class = helptext.Formatter
        helptext.set_up(parser, cls.EXAMPLES)
        return parser

    @classmethod
    def _makeConfig(cls) -> Any:
        """Return a configuration with default values."""
        if cls.ConfigClass is None:
            raise RuntimeError(f"{cls.__name__} needs a ConfigClass")
        return cls.ConfigClass()

    @classmethod
    def _makeArgumentParser(cls) -> ArgumentParser:
        """Return the parser, with one ``--id`` for raw data."""
        parser = cls.ParserClass(name=cls._DefaultName or cls.__name__)
        parser.add_id_argument("--id", "raw", help="data to process: visit=410877 ccdnum=1..62")
        return parser

    # -- datasets that are written once per output
    # --------------------------------------------------------------------------

    def writeConfig(self, butler: Any, clobber: bool = False, doBackup: bool = True) -> None:
        """Write the configuration, or compare it with the existing one.

        Parameters
        ----------
        butler : `~persistence.Butler`
            The Butler.
        clobber : `bool`
            Whether to replace an existing one.
        doBackup : `bool`
            Whether to keep a copy of it.

        Raises
        ------
        TaskError
            If the existing one differs.
        """
        name = self._getConfigName()
        if name is not None:
            stored.write_config(self.config, butler, name, clobber, doBackup)

    def writeSchemas(self, butler: Any, clobber: bool = False, doBackup: bool = True) -> None:
        """Write the schemas of the catalogs, or compare them with the existing ones.

        Parameters
        ----------
        butler : `~persistence.Butler`
            The Butler.
        clobber : `bool`
            Whether to replace existing ones.
        doBackup : `bool`
            Whether to keep copies of them.

        Raises
        ------
        TaskError
            If an existing one differs.
        """
        stored.write_schemas(self.getAllSchemaCatalogs(), butler, clobber, doBackup)

    def writePackageVersions(
        self, butler: Any, clobber: bool = False, doBackup: bool = True, dataset: str = "packages"
    ) -> None:
        """Write the versions of packages, or compare them with the existing ones.

        Parameters
        ----------
        butler : `~persistence.Butler`
            The Butler.
        clobber : `bool`
            Whether to replace existing ones.
        doBackup : `bool`
            Whether to keep a copy of them.
        dataset : `str`
            The dataset type.

        Raises
        ------
        TaskError
            If the version of a package has changed.
        """
        stored.write_packages(butler, dataset, clobber, doBackup)

    def writeMetadata(self, dataRef: Any) -> None:
        """Write the metadata of this task and of its subtasks.

        A failure is only a warning, as the work is done.

        Parameters
        ----------
        dataRef : `~persistence.butler.subset.ButlerDataRef`
            A reference to the target.
        """
        name = self._getMetadataName()
        if name is None:
            return
        try:
            dataRef.put(self.getFullMetadata(), name)
        except (PersistenceError, OSError, AttributeError) as error:
            self.log.warning("the metadata of %s could not be written: %s", dataRef, error)

    def _getConfigName(self) -> str | None:
        """Return the dataset type of the configuration; None if it is not stored."""
        return f"{self._DefaultName}_config"

    def _getMetadataName(self) -> str | None:
        """Return the dataset type of the metadata; None if they are not stored."""
        return f"{self._DefaultName}_metadata"


class LegacyCmdLineTask(CmdLineTask):
    """A task whose method for a data reference is ``run``."""

    RunnerClass = LegacyTaskRunner


def _is_import() -> bool:
    """Return whether a worker process imports the program.

    Gen2's scripts run their task on import.
    """
    return bool(getattr(multiprocessing.current_process(), "_inheriting", False))


def _run(runner: TaskRunner, parsed: Any) -> list[Any]:
    """Run all targets; exit if any failed."""
    try:
        with _ended_as_interrupted(), for_commands():
            results = runner.run(parsed)
    except KeyboardInterrupt:  # also before the first target, or after the last one
        parsed.log.error(
            "interrupted: finished targets are complete; --skip-existing processes the rest"
        )
        sys.exit(INTERRUPTED)
    except SystemExit as end:  # an error in a runner's own code; status 0 would look like success
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
        parsed.log.error("%s failed, but --noExit ignores it", failed or "all")
    elif status:
        sys.exit(status)
    return results


@contextlib.contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    """Treat SIGTERM, by which batch systems end a program, as an interrupt.

    The report of finished and unfinished targets is then printed.
    """
    # signal handlers can only be set in the main thread
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _status(failed: int) -> int:
    """Return the number of failures as an exit status, which is never 0 if there are any."""
    return failed % _STATUSES or (_STATUSES - 1 if failed else 0)
