"""Assemblers for policies that need no code of their own."""

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
    """Assemble a detector's amplifiers, each an HDU of its own, as they were read out.

    The exposure has the header of the component ``raw_hdu``, and the pixels of ``raw_amp``. See
    `persistence.composites.amplifiers.untrimmed`.
    """
    return amplifiers.untrimmed(componentInfo["raw_amp"].obj, componentInfo["raw_hdu"].obj, dataId)


def assemble_trimmed(
    dataId: Mapping[str, Any], componentInfo: Mapping[str, Any], cls: Any
) -> Exposure:
    """Assemble the light-sensitive pixels of a detector's amplifiers."""
    return amplifiers.trimmed(componentInfo["raw_amp"].obj, componentInfo["raw_hdu"].obj, dataId)


def join_columns(
    dataId: Mapping[str, Any], componentInfo: Mapping[str, Any], cls: Any
) -> JoinedTable:
    """Join catalogs of the same objects, column by column; columns are read on demand.

    Each component has to be ``deferred``. The objects are identified by the column ``id``.
    """
    for name, part in componentInfo.items():
        if not hasattr(part.obj, "get") or hasattr(part.obj, "colnames"):
            raise FormatterError(
                f"component {name!r} has to be deferred, to be joined column by column"
            )
    return JoinedTable({name: part.obj for name, part in componentInfo.items()})


def stack_rows(dataId: Mapping[str, Any], componentInfo: Mapping[str, Any], cls: Any) -> Any:
    """Stack catalogs: the list of a ``subset`` component, or several components, in order.

    Entries of ``meta`` that are equal in all of them are kept.

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
