"""Gen2's name of `persistence.compat.policy`."""

from persistence.compat.policy import Policy

__all__ = ["Policy"]
