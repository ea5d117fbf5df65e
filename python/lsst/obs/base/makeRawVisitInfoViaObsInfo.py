"""Gen2's name of `persistence.gen2types.obs.viaobsinfo`."""

from persistence.gen2types.obs.viaobsinfo import MakeRawVisitInfoViaObsInfo

__all__ = ["MakeRawVisitInfoViaObsInfo"]
