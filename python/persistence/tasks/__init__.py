"""Tasks that do real work: from a raw exposure to a calibrated one, with its sources.

What is heavy is imported when a task runs: to tell the options of a command costs none of it.
"""

from persistence.files import extras

extras.guard(__name__, "Tasks", "lsst.pex.config", "scipy", "sep")
