"""Summaries of datasets: rows that describe an exposure, a table, a mapping, or any object."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from persistence.cli import output
from persistence.cli.output import Row
from persistence.errors import FormatterError

if TYPE_CHECKING:
    from persistence.types.pixels.box import Box


def rows(obj: Any) -> list[Row]:
    """Summarize an object: names and values; of a table, its columns."""
    return _ROWS[kind(obj)](obj)


def kind(obj: Any) -> str:
    """Return the kind of an object: one of the keys of `_ROWS`.

    It is recognised by its attributes, as the classes would be slow to import.
    """
    # first, as a Config has an attribute for each entry
    if isinstance(obj, Mapping):
        return "mapping"
    if hasattr(obj, "visit_info"):
        return "exposure"
    if hasattr(obj, "colnames") or hasattr(obj, "to_arrow"):
        return "table"
    if hasattr(obj, "tables"):
        return "tables"
    if dataclasses.is_dataclass(obj):
        return "record"
    if hasattr(obj, "shape") and hasattr(obj, "dtype") and obj.shape:
        return "array"
    is_plain = (
        obj is None or isinstance(obj, str) or isinstance(output.plain(obj), int | float | list)
    )
    return "plain" if is_plain else "other"


def _named(values: Mapping[str, Any]) -> list[Row]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _exposure(exposure: Any) -> list[Row]:
    """Return a description of an exposure without reading its pixels, except the mask's."""
    box = exposure.bbox
    wcs, reason = exposure.wcs_or_reason()
    described: dict[str, Any] = {
        "type": "Exposure",
        "shape": list(exposure.image.shape),
        "dtype": exposure.image.dtype.name,
        "bbox": [box.x0, box.y0, box.width, box.height],
        "detector": None if exposure.detector is None else exposure.detector.name,
        "detector_id": None if exposure.detector is None else exposure.detector.id,
        "filter": None if exposure.filter is None else exposure.filter.name,
        "physical_filter": None if exposure.filter is None else exposure.filter.physical,
    }
    described |= _fields(exposure.visit_info)
    if wcs is not None and wcs.has_celestial:
        try:
            described |= _sky(wcs, box)
        except FormatterError as error:
            reason = str(error)
    described |= {"wcs": reason} if reason else {}
    described["zero_point"] = exposure.zero_point
    described["variance"] = exposure.variance is not None
    described["mask"] = None if exposure.mask is None else dict(exposure.mask.counts())
    described["mask_planes"] = None if exposure.mask is None else dict(exposure.mask.planes)
    described["cards"] = len(exposure.metadata)
    return _named(described)


def _sky(wcs: Any, box: Box) -> dict[str, Any]:
    """Return the centre of an image (degrees, ICRS) and the size of its middle pixel (arcsec)."""
    import math

    from persistence.types.wcs import sphere  # imports numpy

    x, y = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
    ra, dec = sphere.of_pixels(wcs, [x, x + 1, x], [y, y, y + 1])
    narrow = math.cos(math.radians(dec[0]))
    # From the middle pixel to its neighbours; right ascension may pass 360 degrees between them.
    east = [((ra[other] - ra[0] + 180) % 360 - 180) * narrow for other in (1, 2)]
    north = [dec[other] - dec[0] for other in (1, 2)]
    area = abs(east[0] * north[1] - east[1] * north[0])
    scale = math.sqrt(area) * 3600
    return {
        "centre_ra_deg": float(ra[0]),
        "centre_dec_deg": float(dec[0]),
        "pixel_scale_arcsec": scale,
    }


def _table(table: Any) -> list[Row]:
    if hasattr(table, "to_arrow"):
        return [
            {"column": name, "type": kind_, "rows": len(table)}
            for name, kind_ in table.kinds.items()
        ]
    return [
        {
            "column": name,
            "type": _type(table[name]),
            "unit": None if getattr(table[name], "unit", None) is None else str(table[name].unit),
            "shape": list(getattr(table[name], "shape", ())),
        }
        for name in table.colnames
    ]


def _tables(calib: Any) -> list[Row]:
    return [row for table in calib.tables for row in _table(table)]


def _type(column: Any) -> str:
    return str(column.dtype) if hasattr(column, "dtype") else type(column).__name__


def _mapping(mapping: Mapping[str, Any]) -> list[Row]:
    # A FITS header yields each of its cards, although several may be named COMMENT.
    return [{"name": str(name), "value": _short(value)} for name, value in mapping.items()]


def _short(value: Any) -> Any:
    """Return a description of an array, which may be an image."""
    return (
        {"shape": list(value.shape), "dtype": str(value.dtype)} if kind(value) == "array" else value
    )


def _fields(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


def _array(array: Any) -> list[Row]:
    return _named(
        {"type": type(array).__name__, "shape": list(array.shape), "dtype": str(array.dtype)}
    )


def _other(obj: Any) -> list[Row]:
    return _named({"type": type(obj).__name__, "value": " ".join(repr(obj).split())})


_ROWS: Mapping[str, Callable[[Any], list[Row]]] = {
    "exposure": _exposure,
    "table": _table,
    "tables": _tables,
    "mapping": _mapping,
    "record": lambda record: _named(_fields(record)),
    "array": _array,
    "plain": lambda obj: _named({"type": type(obj).__name__, "value": obj}),
    "other": _other,
}
