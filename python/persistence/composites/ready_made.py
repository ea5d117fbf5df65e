"""How components become one object, for policies that need no code of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from persistence.errors import FormatterError
from persistence.types.exposure.exposure import Exposure
from persistence.types.pixels.box import Box
from persistence.types.table.joined import JoinedTable


def assemble_amplifiers(
    dataId: Mapping[str, Any], componentInfo: Mapping[str, Any], cls: Any
) -> Exposure:
    """Put the amplifiers of a detector together, each of which is an HDU of its own.

    The exposure has the component ``raw_hdu`` for its header, and the pixels of each of ``raw_amp``
    that DATASEC names, at the place and in the direction that DETSEC gives (NOAO's image keyword
    dictionary). Overscan is left out: ``raw_amp`` gives an amplifier as it was read.

    Raises
    ------
    FormatterError
        If an amplifier does not say where it lies, or the sections do not fit each other.
    """
    amplifiers: Sequence[Exposure] = componentInfo["raw_amp"].obj
    if not amplifiers:
        raise FormatterError(f"there are no amplifiers of {dict(dataId)}")
    places = [Box.from_section(_section(amplifier, "DETSEC")) for amplifier in amplifiers]
    shape = (
        max(place.y0 + place.height for place in places),
        max(place.x0 + place.width for place in places),
    )
    whole = np.zeros(shape, dtype=amplifiers[0].image.dtype)
    for amplifier, place in zip(amplifiers, places, strict=True):
        data = Box.from_section(_section(amplifier, "DATASEC"))
        pixels = amplifier.image[data.slices][_directions(_section(amplifier, "DETSEC"))]
        if pixels.shape != (place.height, place.width):
            raise FormatterError(
                f"amplifier {amplifier.header.get('EXTNAME', '')}: DATASEC "
                f"{_section(amplifier, 'DATASEC')} does not "
                f"fit DETSEC {_section(amplifier, 'DETSEC')}"
            )
        whole[place.slices] = pixels
    header = componentInfo["raw_hdu"].obj.copy()
    header["NAXIS"], header["NAXIS1"], header["NAXIS2"] = 2, shape[1], shape[0]
    return amplifiers[0].replaced(image=whole, header=header, primary=None, dataId=dataId)


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


def _section(amplifier: Exposure, keyword: str) -> str:
    text = amplifier.header.get(keyword)
    if text is None:
        raise FormatterError(f"amplifier {amplifier.header.get('EXTNAME', '')} has no {keyword}")
    return str(text)


def _directions(section: str) -> tuple[slice, slice]:
    """Give the directions in which rows and columns are read: a section may run backwards."""
    columns, rows = (part.split(":") for part in section.strip("[] ").split(","))
    return _direction(rows), _direction(columns)


def _direction(ends: Sequence[str]) -> slice:
    return slice(None, None, -1 if int(ends[0]) > int(ends[1]) else 1)
