"""Gen2's name of `persistence.gen2types.skymaps.tract`."""

from persistence.gen2types.skymaps.tract import PatchInfo

__all__ = ["PatchInfo"]
