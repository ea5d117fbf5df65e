"""Gen2's name of `obs_decam.mapper`."""

from obs_decam import DecamMapper

__all__ = ["DecamMapper"]
