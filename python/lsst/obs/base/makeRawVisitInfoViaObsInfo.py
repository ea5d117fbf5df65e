"""Gen2's name of what is in `persistence.gen2types.obs.viaobsinfo`."""

from persistence.gen2types.obs.viaobsinfo import MakeRawVisitInfoViaObsInfo

__all__ = ["MakeRawVisitInfoViaObsInfo"]
