"""Gen2's name of functions of `persistence.gen2types.logs`."""

from persistence.gen2types.logs import temporaryLogLevel, traceSetAt

__all__ = ["temporaryLogLevel", "traceSetAt"]
