"""Read each view of a dataset (`persistence.dataids.request.VIEWS`) with little of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from persistence.cameras.mapper import Mapper
from persistence.dataids.location import Location
from persistence.dataids.request import COMPONENTS

if TYPE_CHECKING:
    from persistence.types.pixels.box import Box


def _header(location: Location) -> Any:
    from persistence.formatters import fits

    return fits.read_header(location)


def _metadata(location: Location, mapper: Mapper) -> Any:
    return _header(location)


def _bbox(location: Location, mapper: Mapper) -> Box:
    from persistence.formatters import fits
    from persistence.types.pixels.box import Box

    (rows, columns), origin = fits.read_shape(location)
    return Box(*origin, columns, rows)


def _header_wcs(location: Location, mapper: Mapper) -> Any:
    from persistence.types.exposure.exposure import wcs_of

    return wcs_of(_header(location))


def _calib(location: Location, mapper: Mapper) -> Any:
    from persistence.types.exposure.photocalib import Calib

    component = _component("photoCalib")(location, mapper)
    return None if component is None else Calib.of(component)


def _length(location: Location, mapper: Mapper) -> int:
    from persistence.formatters import catalog

    return catalog.read_length(location)


def _schema(location: Location, mapper: Mapper) -> Any:
    from persistence.formatters import catalog

    return catalog.read_schema(location)


def _component(name: str) -> Callable[[Location, Mapper], Any]:
    def read(location: Location, mapper: Mapper) -> Any:
        from persistence.formatters.components import read_component

        return read_component(
            location._replace(options={**location.options, "mapper": mapper}), name
        )

    return read


# `filename` and `sub` (part of the dataset itself) are handled by the Butler.
READERS: Mapping[str, Callable[[Location, Mapper], Any]] = {
    "md": _metadata,
    "bbox": _bbox,
    "header_wcs": _header_wcs,
    "filterLabel": _component("filter"),
    "calib": _calib,
    **{name: _component(name) for name in COMPONENTS.values() if name not in ("md", "bbox")},
    "len": _length,
    "schema": _schema,
}
