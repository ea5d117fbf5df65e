"""Gen2's command-line tasks: what their Butlers hand out has afw's method names.

These are what ``lsst.pipe.base`` lends to programs that were written for Gen2; our own tasks are
given astropy's objects.
"""

from __future__ import annotations

from persistence.pipe import cmdlinetask, runner
from persistence.pipe.cmdline import parser


class ArgumentParser(parser.ArgumentParser):
    """Parses the command line of a task that was written for Gen2."""

    objects = "gen2"


class InputOnlyArgumentParser(ArgumentParser):
    """Parses the command line of such a task that needs no output."""

    requireOutput = False


class CmdLineTask(cmdlinetask.CmdLineTask):
    """A command-line task that was written for Gen2."""

    ParserClass = ArgumentParser


class LegacyCmdLineTask(CmdLineTask):
    """Such a task that runs on a data reference by its method ``run``."""

    RunnerClass = runner.LegacyTaskRunner
