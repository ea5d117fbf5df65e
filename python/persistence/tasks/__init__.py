"""Processing tasks: from a raw exposure to a calibrated one, with its sources.

Slow imports are deferred until a task runs, so that the options of a command can be printed
quickly.
"""

from persistence.files import extras

extras.guard(__name__, "Tasks", "lsst.pex.config", "scipy", "sep")
