"""Gen2's command-line tasks: their Butlers return objects with afw's method names.

``lsst.pipe.base`` provides them for programs written for Gen2; tasks of this package use astropy's
objects.
"""

from __future__ import annotations

from persistence.pipe import cmdlinetask, runner
from persistence.pipe.cmdline import parser


class ArgumentParser(parser.ArgumentParser):
    """The parser for a task written for Gen2."""

    objects = "gen2"


class InputOnlyArgumentParser(ArgumentParser):
    """The parser for a task written for Gen2 that needs no output."""

    requireOutput = False


class CmdLineTask(cmdlinetask.CmdLineTask):
    """A command-line task written for Gen2."""

    ParserClass = ArgumentParser


class LegacyCmdLineTask(CmdLineTask):
    """A task written for Gen2 whose method for a data reference is ``run``."""

    RunnerClass = runner.LegacyTaskRunner
