"""How each view of a dataset (`persistence.names.VIEWS`) is read: as little of the file as it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from persistence.location import Location
from persistence.mapper import Mapper

if TYPE_CHECKING:
    from persistence.types.box import Box


def _header(location: Location) -> Any:
    from persistence.formatters import fits

    return fits.read_header(location)


def _metadata(location: Location, mapper: Mapper) -> Any:
    return _header(location)


def _bbox(location: Location, mapper: Mapper) -> Box:
    from persistence.formatters import fits
    from persistence.types.box import Box

    (rows, columns), origin = fits.read_shape(location)
    return Box(*origin, columns, rows)


def _wcs(location: Location, mapper: Mapper) -> Any:
    from persistence.types.exposure import wcs_of

    return wcs_of(_header(location))


def _zero_point(location: Location, mapper: Mapper) -> float | None:
    return mapper.translator.zero_point(_header(location))


def _visit_info(location: Location, mapper: Mapper) -> Any:
    return mapper.translator.visit_info(_header(location))


def _filter(location: Location, mapper: Mapper) -> Any:
    return mapper.translator.filter(_header(location), location.dataId)


def _detector(location: Location, mapper: Mapper) -> Any:
    return mapper.translator.detector(_header(location))


def _length(location: Location, mapper: Mapper) -> int:
    from persistence.formatters import catalog

    return catalog.read_length(location)


def _schema(location: Location, mapper: Mapper) -> Any:
    from persistence.formatters import catalog

    return catalog.read_schema(location)


# `filename` reads nothing, and `sub` is the dataset itself, in part: the Butler sees to both.
READERS: Mapping[str, Callable[[Location, Mapper], Any]] = {
    "md": _metadata,
    "bbox": _bbox,
    "wcs": _wcs,
    "header_wcs": _wcs,
    "photoCalib": _zero_point,
    "visitInfo": _visit_info,
    "filter": _filter,
    "filterLabel": _filter,
    "detector": _detector,
    "len": _length,
    "schema": _schema,
}
