"""How components become one object, for policies that need no code of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.composites import amplifiers
from persistence.errors import FormatterError
from persistence.types.exposure.exposure import Exposure
from persistence.types.table.joined import JoinedTable


def assemble_amplifiers(
    dataId: Mapping[str, Any], componentInfo: Mapping[str, Any], cls: Any
) -> Exposure:
    """Put the amplifiers of a detector together as they were read out, each an HDU of its own.

    The exposure has the component ``raw_hdu`` for its header, and all pixels of ``raw_amp``. See
    `persistence.composites.amplifiers.untrimmed`.
    """
    return amplifiers.untrimmed(componentInfo["raw_amp"].obj, componentInfo["raw_hdu"].obj, dataId)


def assemble_trimmed(
    dataId: Mapping[str, Any], componentInfo: Mapping[str, Any], cls: Any
) -> Exposure:
    """Put the light-sensitive pixels of a detector's amplifiers together."""
    return amplifiers.trimmed(componentInfo["raw_amp"].obj, componentInfo["raw_hdu"].obj, dataId)


def join_columns(
    dataId: Mapping[str, Any], componentInfo: Mapping[str, Any], cls: Any
) -> JoinedTable:
    """Join catalogs of the same objects, column by column.

    Only columns that are asked for are read.

    Each component has to be ``deferred``. The objects are told apart by their column ``id``.
    """
    for name, part in componentInfo.items():
        if not hasattr(part.obj, "get") or hasattr(part.obj, "colnames"):
            raise FormatterError(
                f"component {name!r} has to be deferred, to be joined column by column"
            )
    return JoinedTable({name: part.obj for name, part in componentInfo.items()})


def stack_rows(dataId: Mapping[str, Any], componentInfo: Mapping[str, Any], cls: Any) -> Any:
    """Put catalogs below each other.

    The list of a ``subset`` component, or several components, in order.

    Of what they say of themselves (``meta``), what all agree on is kept.

    Raises
    ------
    FormatterError
        If there is no catalog.
    """
    from persistence.types.table.stacked import stack

    tables: list[Any] = []
    for part in componentInfo.values():
        if part.obj is not None:
            tables += part.obj if isinstance(part.obj, list) else [part.obj]
    if not tables:
        raise FormatterError(f"there is no catalog of {dict(dataId)} to be stacked")
    return stack(tables)
