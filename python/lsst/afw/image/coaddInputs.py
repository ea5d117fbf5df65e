"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import CoaddInputs

__all__ = ["CoaddInputs"]
