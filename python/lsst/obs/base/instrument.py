"""Gen2's name of `persistence.gen2types.obs.instrument`."""

from persistence.gen2types.obs.instrument import Instrument

__all__ = ["Instrument"]
