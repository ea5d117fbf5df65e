"""`TaskRunner`: run a task on many targets. Source: doc/gen2/gen2-cli.md, 3.11, 3.12."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
import traceback
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from persistence.butler.provenance import recorder
from persistence.butler.put import collected
from persistence.cli import progress
from persistence.dataids.location import Location
from persistence.errors import DatabaseError, PersistenceError, told
from persistence.pipe import logs, memory, records, report, stored
from persistence.pipe.executors import Executor, Lost
from persistence.pipe.executors.dask import Dask
from persistence.pipe.executors.processes import Processes
from persistence.pipe.executors.serial import Serial
from persistence.pipe.report import Line
from persistence.pipe.struct import Struct
from persistence.pipe.task import TaskError, confined
from persistence.pipe.work import Choice, Work, reference_of, shown


class Interrupted(KeyboardInterrupt):
    """The run was interrupted; finished targets are complete."""


class TaskRunner:
    """Run a task on the targets of a command line.

    Parameters
    ----------
    TaskClass : `type`
        The task's class.
    parsedCmd : `argparse.Namespace`
        The parsed command line.
    doReturnResults : `bool`
        Whether `run` returns the results of the targets.

    Notes
    -----
    A runner is pickled and called with a target in other processes: attributes of subclasses must
    be picklable.

    Examples
    --------
    >>> from persistence.pipe.runner import TaskRunner
    >>> class ByVisit(TaskRunner):
    ...     @staticmethod
    ...     def getTargetList(parsedCmd, **kwargs):
    ...         return [(ref, kwargs) for ref in parsedCmd.id.refList]
    """

    def __init__(self, TaskClass: Any, parsedCmd: Any, doReturnResults: bool = False) -> None:
        self.TaskClass = TaskClass
        self.doReturnResults = bool(doReturnResults)
        self.config = parsedCmd.config
        self.log = parsedCmd.log
        self.doRaise = bool(parsedCmd.doraise)
        self.clobberConfig = bool(parsedCmd.clobberConfig)
        self.doBackup = not parsedCmd.noBackupConfig
        self.clobberVersions = bool(parsedCmd.clobberVersions)
        self.doVersions = not parsedCmd.noVersions
        self.numProcesses = parsedCmd.processes
        self.timeout = parsedCmd.timeout
        self.runId = uuid.uuid4().hex
        self.recordDigests = bool(parsedCmd.recordDigests)
        self.metadataName: str | None = None
        self.report: list[Line] = []
        self.died: list[str] = []
        if self.numProcesses > 1 and not TaskClass.canMultiprocess:
            self.log.warning("%s cannot run in several processes: one is used", TaskClass.__name__)
            self.numProcesses = 1

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "report": [], "died": []}

    # -- methods for subclasses to override
    # -----------------------------------------------------------------------

    @staticmethod
    def getTargetList(parsedCmd: Any, **kwargs: Any) -> list[Any]:
        """Return the targets: tuples of a data reference and keywords for `runDataRef`.

        Parameters
        ----------
        parsedCmd : `argparse.Namespace`
            The parsed command line.
        **kwargs
            Keywords for each target.

        Returns
        -------
        targets : `list` of `tuple`
            The targets.
        """
        return [(reference, kwargs) for reference in parsedCmd.id.refList]

    def exampleReferences(self, parsedCmd: Any) -> Any:
        """Return references of targets: their data IDs determine the files of the metadata.

        Parameters
        ----------
        parsedCmd : `argparse.Namespace`
            The parsed command line.

        Returns
        -------
        references : iterable of `~persistence.butler.subset.ButlerDataRef`
            The references.
        """
        return getattr(getattr(parsedCmd, "id", None), "refList", ())

    def makeTask(self, parsedCmd: Any = None, args: Any = None) -> Any:
        """Return the task, for a command line or for a target.

        Parameters
        ----------
        parsedCmd : `argparse.Namespace`, optional
            The parsed command line.
        args : `tuple`, optional
            A target.

        Returns
        -------
        task : `~persistence.pipe.task.Task`
            The task.
        """
        return self.TaskClass(config=self.config, log=self.log)

    def runTask(self, task: Any, dataRef: Any, kwargs: Mapping[str, Any]) -> Any:
        """Run the task on a target.

        Parameters
        ----------
        task : `~persistence.pipe.task.Task`
            The task.
        dataRef : `~persistence.butler.subset.ButlerDataRef`
            A reference to the target.
        kwargs : mapping
            Keywords for `runDataRef`.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            The result.
        """
        return task.runDataRef(dataRef, **kwargs)

    def precall(self, parsedCmd: Any) -> bool:
        """Create the task, and write versions, configuration and schemas, or compare them.

        Parameters
        ----------
        parsedCmd : `argparse.Namespace`
            The parsed command line.

        Returns
        -------
        success : `bool`
            False if they differ from existing ones, which is logged.
        """
        try:
            with confined():
                task = self.makeTask(parsedCmd=parsedCmd)
            with recorder.target(self.runId), memory.few_collections():
                self._write_once(task, parsedCmd)
        except (TaskError, PersistenceError, OSError) as error:
            if self.doRaise:
                raise
            self.log.fatal("nothing was run: %s", error)
            return False
        return True

    def _write_once(self, task: Any, parsedCmd: Any) -> None:
        butler, self.metadataName = parsedCmd.butler, task._getMetadataName()
        references = self.exampleReferences(parsedCmd)
        some = next(
            (
                reference.telling()
                for reference in references
                if reference_of(reference) is not None
            ),
            None,
        )
        stored.define(butler, task._getConfigName(), self.metadataName, some)
        if self.doVersions:
            task.writePackageVersions(butler, clobber=self.clobberVersions)
        task.writeConfig(butler, clobber=self.clobberConfig, doBackup=self.doBackup)
        task.writeSchemas(butler, clobber=self.clobberConfig, doBackup=self.doBackup)
        stored.announce(butler, self.runId, self.TaskClass, self.config, task._getConfigName())

    def __call__(self, args: Any) -> Struct:
        """Run the task on one target; a failure is logged, recorded, and returned.

        Parameters
        ----------
        args : `tuple`
            A target.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exitStatus``, and on request ``dataRef``, ``metadata`` and ``result``.
        """
        dataRef, kwargs = args
        task, result, reason = None, None, ""
        with logs.label(shown(args)), collected() as written:
            try:
                with confined():
                    task = self.makeTask(args=args)
                    result = self.runTask(task, dataRef, kwargs)
            except Exception as error:  # tasks may raise any error; the other targets go on
                reason = told(error)
                self._record(task, dataRef, reason)
                if self.doRaise:
                    raise
                self._tell(args, error, reason)
            else:
                self._record(task, dataRef, "", written)
        if not self.doReturnResults:
            return Struct(exitStatus=int(bool(reason)), error=reason)
        metadata = None if task is None else task.metadata
        return Struct(
            exitStatus=int(bool(reason)),
            error=reason,
            dataRef=dataRef,
            metadata=metadata,
            result=result,
        )

    def _tell(self, args: Any, error: Exception, reason: str) -> None:
        self.log.fatal("failed on dataId=%s: %s", shown(args), reason)
        if not isinstance(error, (TaskError, DatabaseError)):
            # the pipe is closed; the work goes on
            with contextlib.suppress(OSError, ValueError):
                traceback.print_exception(error, file=sys.stderr)

    def _record(
        self, task: Any, dataRef: Any, reason: str, written: Iterable[Location] = ()
    ) -> None:
        """Write the target's metadata with its result, and with its files if it is done."""
        if task is None:
            return
        record = records.Record(records.FAILED, self.runId, reason)
        if not reason:
            outputs = records.outputs(dataRef, written) if hasattr(dataRef, "telling") else None
            record = records.Record(records.DONE, self.runId, "", outputs)
        records.note(task.metadata, record, self.metadataName)
        task.writeMetadata(dataRef)

    # -- running
    # ---------------------------------------------------------------------------------------

    def run(self, parsedCmd: Any) -> list[Any]:
        """Run the task on all requested targets.

        Parameters
        ----------
        parsedCmd : `argparse.Namespace`
            The parsed command line.

        Returns
        -------
        results : `list` [`Struct`]
            In the order of the targets: ``exitStatus``, and ``error`` if there was one; empty if
            nothing was run.

        Raises
        ------
        Interrupted
            If it was interrupted; `report` lists what is done.
        """
        if not self.precall(parsedCmd):
            return []
        targets = list(self.getTargetList(parsedCmd))
        if not targets:
            self.log.warning(
                "there are no data to process: --show data lists those that match an --id"
            )
            return []
        choice = _choice(parsedCmd)
        if self.metadataName is None and choice != "all":
            self.log.warning(
                "%s stores no metadata, so finished targets are unknown", self.TaskClass.__name__
            )
        work = Work(self, self.metadataName, self.runId, choice, parsedCmd.logSettings)
        return self._done(work, targets, self.executor(parsedCmd), parsedCmd)

    def executor(self, parsedCmd: Any) -> Executor:
        """Return the executor of the command line.

        Parameters
        ----------
        parsedCmd : `argparse.Namespace`
            The parsed command line.

        Returns
        -------
        executor : `~persistence.pipe.executors.Executor`
            The executor.
        """
        if parsedCmd.engine == "dask":
            return Dask(parsedCmd.scheduler, self.timeout)
        if self.numProcesses > 1 or (self.timeout is not None and self.TaskClass.canMultiprocess):
            return Processes(self.numProcesses, self.timeout)
        return Serial()

    def _done(
        self, work: Work, targets: Sequence[Any], executor: Executor, parsedCmd: Any
    ) -> list[Any]:
        """Process the targets, and report the results."""
        name, begin = self.TaskClass._DefaultName, time.monotonic()
        results: dict[int, Any] = {}
        self.report = [Line(target, report.OPEN) for target in targets]
        is_quiet = getattr(parsedCmd, "logQuiet", False) or getattr(parsedCmd, "noProgress", False)
        with (
            progress.hidden(is_quiet),
            _profiled(parsedCmd.profile),
            contextlib.closing(executor.outcomes(work, targets)) as outcomes,
        ):
            try:
                for index, outcome in progress.track(outcomes, len(targets), name):
                    result = (
                        self._lost(targets[index], outcome, work)
                        if isinstance(outcome, Lost)
                        else outcome
                    )
                    results[index], self.report[index] = result, _line(targets[index], result)
                self._tell_died(executor.died, results.values())
            except KeyboardInterrupt as error:
                raise Interrupted from error
            finally:
                is_well = all(line.status in (report.DONE, report.SKIPPED) for line in self.report)
                for line in report.lines(
                    name, self.report, time.monotonic() - begin, parsedCmd.output
                ):
                    self.log.log(logging.INFO if is_well else logging.ERROR, "%s", line)
        return [results[index] for index in sorted(results)]

    def _lost(self, target: Any, lost: Lost, work: Work) -> Struct:
        """Record a target as failed whose process died or was stopped.

        The death of a process is reported as a failure even if the target was done before; what it
        wrote is complete, and stays recorded as done.
        """
        record = work.record(target)
        if record is not None and (record.status, record.run) == (records.DONE, self.runId):
            if not lost.died:
                return Struct(exitStatus=0)
            reason = f"it is done, but {lost.reason}"
            self.log.fatal("failed on dataId=%s: %s", shown(target), reason)
            return Struct(exitStatus=1, error=reason, died=True)
        self.log.fatal("failed on dataId=%s: %s", shown(target), lost.reason)
        reference = reference_of(target)
        if reference is not None and self.metadataName is not None:
            self._record(self.makeTask(args=target), reference, lost.reason)
        return Struct(exitStatus=1, error=lost.reason, died=lost.died)

    def _tell_died(self, died: Sequence[str], results: Iterable[Any]) -> None:
        """Log processes that died without a target: each is a failure of the run."""
        with_target = sum(getattr(result, "died", False) for result in results)
        self.died = list(died[with_target:])
        for cause in self.died:
            self.log.fatal("a process died between two targets (%s)", cause)


class ButlerInitializedTaskRunner(TaskRunner):
    """A runner of tasks whose constructors need a Butler."""

    def makeTask(self, parsedCmd: Any = None, args: Any = None) -> Any:
        """Return the task with the Butler of the command line, or of the target.

        Raises
        ------
        RuntimeError
            If neither is passed.
        """
        if parsedCmd is not None:
            butler = parsedCmd.butler
        elif args is not None:
            butler = args[0].getButler()
        else:
            raise RuntimeError(
                "a task that needs a Butler is created for a command line or a target"
            )
        return self.TaskClass(config=self.config, log=self.log, butler=butler)


class LegacyTaskRunner(TaskRunner):
    """A runner of tasks whose method is named ``run``."""

    def runTask(self, task: Any, dataRef: Any, kwargs: Mapping[str, Any]) -> Any:
        """Run the task on a target."""
        return task.run(dataRef, **kwargs)


def _choice(parsedCmd: Any) -> Choice:
    if parsedCmd.redoFailed:
        return "failed"
    if parsedCmd.redoStale:
        return "stale"
    return "undone" if parsedCmd.skipExisting else "all"


def _line(target: Any, result: Any) -> Line:
    if getattr(result, "skipped", False):
        return Line(target, report.SKIPPED)
    failed = bool(result.exitStatus)
    return Line(target, report.FAILED if failed else report.DONE, getattr(result, "error", ""))


@contextlib.contextmanager
def _profiled(path: str | None) -> Iterator[None]:
    """Write a profile of this process, even if the block fails."""
    if path is None:
        yield
        return
    import cProfile  # lazy: rarely needed

    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        profile.dump_stats(path)
