"""DECam, the Dark Energy Camera: its policy, its headers, its exposures."""

from obs_decam.mapper import DecamMapper

__all__ = ["DecamMapper"]
