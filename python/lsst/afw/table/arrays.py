"""Gen2's name of `persistence.gen2types.table.functorkeys`."""

from persistence.gen2types.table.matrixkeys import ArrayDKey, ArrayFKey

__all__ = ["ArrayDKey", "ArrayFKey"]
