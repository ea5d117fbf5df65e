"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import TransmissionCurve

__all__ = ["TransmissionCurve"]
