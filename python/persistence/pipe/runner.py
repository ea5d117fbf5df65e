"""`TaskRunner`: a task over many targets. Source: gen2-cli 3.11, 3.12."""

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
    """The run was interrupted; what it had done is done."""


class TaskRunner:
    """Runs a task over the targets that a command line names.

    Parameters
    ----------
    TaskClass : `type`
        The task's class.
    parsedCmd : `argparse.Namespace`
        What was typed.
    doReturnResults : `bool`
        Whether `run` gives back what the targets did.

    Notes
    -----
    A runner goes to other processes, where it is called with a target: what a subclass adds has to
    be picklable.
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

    # -- what subclasses replace
    # -----------------------------------------------------------------------

    @staticmethod
    def getTargetList(parsedCmd: Any, **kwargs: Any) -> list[Any]:
        """Give the targets: (data reference, keywords for `runDataRef`)."""
        return [(reference, kwargs) for reference in parsedCmd.id.refList]

    def exampleReferences(self, parsedCmd: Any) -> Any:
        """Return references to what targets are about: their data IDs name the metadata's files."""
        return getattr(getattr(parsedCmd, "id", None), "refList", ())

    def makeTask(self, parsedCmd: Any = None, args: Any = None) -> Any:
        """Make the task, for what was typed or for a target."""
        return self.TaskClass(config=self.config, log=self.log)

    def runTask(self, task: Any, dataRef: Any, kwargs: Mapping[str, Any]) -> Any:
        """Run the task on a target."""
        return task.runDataRef(dataRef, **kwargs)

    def precall(self, parsedCmd: Any) -> bool:
        """Make the task, and write what is written once: versions, configuration, schemas.

        Returns
        -------
        well : `bool`
            False if they are not those that are there; the log tells.
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
        some = next((one.telling() for one in references if reference_of(one) is not None), None)
        stored.define(butler, task._getConfigName(), self.metadataName, some)
        if self.doVersions:
            task.writePackageVersions(butler, clobber=self.clobberVersions)
        task.writeConfig(butler, clobber=self.clobberConfig, doBackup=self.doBackup)
        task.writeSchemas(butler, clobber=self.clobberConfig, doBackup=self.doBackup)
        stored.announce(butler, self.runId, self.TaskClass, self.config, task._getConfigName())

    def __call__(self, args: Any) -> Struct:
        """Run the task on one target; a failure is told, recorded, and given back."""
        dataRef, kwargs = args
        task, result, reason = None, None, ""
        with logs.label(shown(args)), collected() as written:
            try:
                with confined():
                    task = self.makeTask(args=args)
                    result = self.runTask(task, dataRef, kwargs)
            except Exception as error:  # whatever a task raises: the other targets go on
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
            # nobody reads it, or it is closed; the work goes on
            with contextlib.suppress(OSError, ValueError):
                traceback.print_exception(error, file=sys.stderr)

    def _record(
        self, task: Any, dataRef: Any, reason: str, written: Iterable[Location] = ()
    ) -> None:
        """Write the target's metadata, with what became of it, and what it wrote if it is done."""
        if task is None:
            return
        record = records.Record(records.FAILED, self.runId, reason)
        if not reason:
            outputs = records.outputs(dataRef, written) if hasattr(dataRef, "telling") else None
            record = records.Record(records.DONE, self.runId, "", outputs)
        records.note(task.metadata, record, self.metadataName)
        task.writeMetadata(dataRef)

    # -- the run
    # ---------------------------------------------------------------------------------------

    def run(self, parsedCmd: Any) -> list[Any]:
        """Run the task on all targets that are wanted.

        Returns
        -------
        results : `list` [`Struct`]
            In the order of the targets: ``exitStatus``, and ``error`` where there is one; empty if
            nothing was run.

        Raises
        ------
        Interrupted
            If it was interrupted; `report` has what is done.
        """
        if not self.precall(parsedCmd):
            return []
        targets = list(self.getTargetList(parsedCmd))
        if not targets:
            self.log.warning(
                "there are no data to process: --show data tells which ones an --id stands for"
            )
            return []
        choice = _choice(parsedCmd)
        if self.metadataName is None and choice != "all":
            self.log.warning(
                "%s keeps no metadata, which would tell what is done", self.TaskClass.__name__
            )
        work = Work(self, self.metadataName, self.runId, choice, parsedCmd.logSettings)
        return self._done(work, targets, self.executor(parsedCmd), parsedCmd)

    def executor(self, parsedCmd: Any) -> Executor:
        """Choose who does the work."""
        if parsedCmd.engine == "dask":
            return Dask(parsedCmd.scheduler, self.timeout)
        if self.numProcesses > 1 or (self.timeout is not None and self.TaskClass.canMultiprocess):
            return Processes(self.numProcesses, self.timeout)
        return Serial()

    def _done(
        self, work: Work, targets: Sequence[Any], executor: Executor, parsedCmd: Any
    ) -> list[Any]:
        """Have the work done, and tell what became of it."""
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
                for place, outcome in progress.track(outcomes, len(targets), name):
                    result = (
                        self._lost(targets[place], outcome, work)
                        if isinstance(outcome, Lost)
                        else outcome
                    )
                    results[place], self.report[place] = result, _line(targets[place], result)
                self._tell_died(executor.died, results.values())
            except KeyboardInterrupt as error:
                raise Interrupted from error
            finally:
                is_well = all(line.status in (report.DONE, report.SKIPPED) for line in self.report)
                for line in report.lines(
                    name, self.report, time.monotonic() - begin, parsedCmd.output
                ):
                    self.log.log(logging.INFO if is_well else logging.ERROR, "%s", line)
        return [results[place] for place in sorted(results)]

    def _lost(self, target: Any, lost: Lost, work: Work) -> Struct:
        """Record a target as failed whose process could not do so itself.

        Who is told of no failure takes all for well; so it is one that a process died, even if the
        target was done before. What it wrote is whole, and stays recorded as done.
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
        """Tell of processes that died without a target: each is a failure of the run."""
        with_target = sum(getattr(result, "died", False) for result in results)
        self.died = list(died[with_target:])
        for cause in self.died:
            self.log.fatal("a process died between two targets (%s)", cause)


class ButlerInitializedTaskRunner(TaskRunner):
    """A runner of tasks whose constructors want the Butler."""

    def makeTask(self, parsedCmd: Any = None, args: Any = None) -> Any:
        """Make the task with the Butler of what was typed, or of the target.

        Raises
        ------
        RuntimeError
            If neither is given.
        """
        if parsedCmd is not None:
            butler = parsedCmd.butler
        elif args is not None:
            butler = args[0].getButler()
        else:
            raise RuntimeError(
                "a task that wants a Butler is made for a command line, or for a target"
            )
        return self.TaskClass(config=self.config, log=self.log, butler=butler)


class LegacyTaskRunner(TaskRunner):
    """A runner of tasks whose method is called ``run``."""

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
    """Write a profile of what this process does, also if that fails."""
    if path is None:
        yield
        return
    import cProfile  # seldom asked for

    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        profile.dump_stats(path)
