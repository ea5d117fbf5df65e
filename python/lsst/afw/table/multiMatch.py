"""Gen2's name of `persistence.gen2types.table.multimatch`."""

from persistence.gen2types.table.multimatch import GroupView, MultiMatch

__all__ = ["GroupView", "MultiMatch"]
