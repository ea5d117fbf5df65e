"""Gen2's name of `persistence.gen2types.obs.rawvisitinfo`."""

from persistence.gen2types.obs.rawvisitinfo import MakeRawVisitInfo

__all__ = ["MakeRawVisitInfo"]
