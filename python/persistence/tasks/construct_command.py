"""The command lines of ``constructBias.py`` and its like, and how their work is shared out.

The options are those of Gen2's ``pipe_drivers`` (doc/gen2/gen2-cli.md, 5.4).
"""

from __future__ import annotations

import argparse
import contextlib
from typing import Any

from persistence.errors import PersistenceError, UsageError
from persistence.pipe.cmdline.parser import ArgumentParser
from persistence.pipe.runner import TaskRunner
from persistence.pipe.struct import Struct
from persistence.pipe.task import TaskError
from persistence.pipe.work import Work
from persistence.tasks import construct_inputs

# What Gen2 took to submit a job to a batch system. A job's script calls this program all the same.
_BATCH = {
    "--queue": 1,
    "--job": 1,
    "--nodes": 1,
    "--procs": 1,
    "--time": 1,
    "--walltime": 1,
    "--batch-output": 1,
    "--batch-submit": 1,
    "--batch-options": 1,
    "--mpiexec": 1,
    "--batch-verbose": 0,
    "--batch-profile": 0,
    "--batch-stats": 0,
    "--do-exec": 0,
}
_HERE = ("none", "smp")
_SYSTEMS = (*_HERE, "pbs", "slurm")


class CalibIdAction(argparse.Action):
    """``--calibId``: words ``key=value``, collected in a mapping."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Add the words to the mapping; later ones replace earlier ones of the same key."""
        given = dict(getattr(namespace, self.dest) or {})
        for word in values:
            key, sign, value = word.partition("=")
            if not (key and sign and value):
                raise UsageError(f"--calibId: {word!r} is not KEY=VALUE")
            given[key] = value
        setattr(namespace, self.dest, given)


class ConstructParser(ArgumentParser):
    """The parser for the command line of a task that creates master calibrations."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.add_id_argument(
            "--id", "raw", help="the raws to combine: visit=410400..410409 ccdnum=1..62"
        )
        self._which.add_argument(
            "--calibId", nargs="*", action=CalibIdAction, default={}, metavar="KEY=VALUE",
            help="keys of the result that the inputs lack, or that differ from theirs: "
            "calibDate=2014-02-20",
        )  # fmt: skip
        group = self.add_argument_group(
            "of Gen2's batch systems", "all is done here, in as many processes as -j says"
        )
        group.add_argument(
            "--cores", dest="processes", type=_cores, default=1, metavar="N", help="the same as -j"
        )
        group.add_argument(
            "--batch-type", choices=_SYSTEMS, help="smp is the same as none; others have no effect"
        )
        for option, words in _BATCH.items():
            kind: dict[str, Any] = (
                {"metavar": "X"} if words else {"action": "store_const", "const": ""}
            )
            group.add_argument(option, dest=_attribute(option), help="has no effect", **kind)


def _attribute(option: str) -> str:
    return "batch_" + option.strip("-").replace("-", "_")


def _cores(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: give 1 or more")
    return number


def without_effect(parsed: argparse.Namespace) -> list[str]:
    """Return the options that have no effect here."""
    words = [option for option in _BATCH if getattr(parsed, _attribute(option), None) is not None]
    if parsed.batch_type not in (None, *_HERE):
        words.insert(0, f"--batch-type {parsed.batch_type}")
    return words


class Levels:
    """Measures the levels of a master's inputs; goes to other processes.

    Parameters
    ----------
    runner : `ConstructRunner`
        Makes the task.
    """

    def __init__(self, runner: ConstructRunner) -> None:
        self._runner = runner
        self.recordDigests = False

    def __call__(self, target: Any) -> Struct:
        """Return the levels of the inputs of a target: name -> electrons."""
        _reference, words = target
        task = self._runner.makeTask(args=target)
        return Struct(exitStatus=0, levels=task.levels(words["inputs"]))


class ConstructRunner(TaskRunner):
    """Runs a task over masters: one for each detector of the raws that a command line names."""

    def precall(self, parsedCmd: Any) -> bool:
        """Determine the masters to create; see `TaskRunner.precall`."""
        ignored = without_effect(parsedCmd)
        if ignored:
            self.log.warning(
                "%s: no job is submitted, all is done here (-j %d); a script of the batch system "
                "can call this command",
                ", ".join(ignored),
                self.numProcesses,
            )
        parsedCmd.masters = []
        try:
            if parsedCmd.id.refList:
                parsedCmd.masters = construct_inputs.masters(
                    self.TaskClass.calibName,
                    parsedCmd.id.refList,
                    parsedCmd.calibId,
                    parsedCmd.config,
                    self.log,
                )
        except (TaskError, PersistenceError) as error:
            if self.doRaise:
                raise
            self.log.fatal("nothing was run: %s", error)
            return False
        return super().precall(parsedCmd)

    @staticmethod
    def getTargetList(parsedCmd: Any, **kwargs: Any) -> list[Any]:
        """Return the masters: (data reference, keywords for `runDataRef`)."""
        return [
            (master.reference, {"inputs": master.inputs, "leftOut": master.left_out, **kwargs})
            for master in parsedCmd.masters
        ]

    def exampleReferences(self, parsedCmd: Any) -> Any:
        """Return references to masters, of which each has metadata."""
        return [master.reference for master in parsedCmd.masters]

    def _done(self, work: Work, targets: Any, executor: Any, parsedCmd: Any) -> list[Any]:
        """Compare the detectors first, if the task requires it; then process them."""
        names = [_name(target) for target in targets]
        is_joint = self.TaskClass.compares(self.config, len(names))
        if is_joint and any(map(work.wants, targets)):
            self.log.info("measuring the levels of %d detectors", len(names))
            measure = Work(Levels(self), None, f"{self.runId}-levels", "all", parsedCmd.logSettings)
            levels: dict[str, Any] = {}
            with contextlib.closing(executor.outcomes(measure, targets)) as outcomes:
                for position, outcome in outcomes:
                    levels[names[position]] = getattr(outcome, "levels", {})
            targets = [(reference, {**words, "levels": levels}) for reference, words in targets]
        return super()._done(work, targets, executor, parsedCmd)


def _name(target: Any) -> str:
    """Return the part of the data ID that identifies a detector's master in a command."""
    reference, _words = target
    return detector_name(reference)


def detector_name(reference: Any) -> str:
    """Return the words that identify the detector of a master."""
    words = reference.telling()
    common = (construct_inputs.DATE, construct_inputs.FILTER)
    return " ".join(f"{key}={value}" for key, value in words.items() if key not in common)
