"""The exposures of an export: when, through which filter, and where on the sky."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.cameras.camera_mapper import CameraMapper
from persistence.dataids.dataid import DataId
from persistence.errors import PersistenceError
from persistence.files import fits_headers
from persistence.gen3 import names, polygons
from persistence.gen3.contents import Group
from persistence.gen3.dataids import RAW, Translation
from persistence.gen3.polygons import Vectors
from persistence.types.exposure.translator import FilterLabel
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.pixels.box import Box
from persistence.types.wcs import headerwcs
from persistence.types.wcs.headercards import TELLING

_RAW = "raw"
# The end of a template whose files hold many detectors.
_PART = "[%(hdu)d]"
# The Python types with a header of an exposure, and perhaps a WCS.
_EXPOSURES = ("Exposure", "DecoratedImage")
Track = Callable[[Iterable[Any], int, str], Iterable[Any]]


class Observation(NamedTuple):
    """An exposure.

    Attributes
    ----------
    number : `int`
        Gen3's ``exposure`` and ``visit``.
    label : `FilterLabel`
        Its filter.
    info : `VisitInfo`
        What its header says; empty if no header could be read.
    corners : mapping
        Detector -> the unit vectors of its corners on the sky, counter-clockwise.
    is_visit : `bool`
        Whether it is of the sky, or outputs were computed from it: Gen3 has a visit of it.
    """

    number: int
    label: FilterLabel
    info: VisitInfo
    corners: Mapping[int, Vectors]
    is_visit: bool


class _Source(NamedTuple):
    """A dataset from which an exposure's header can be read."""

    group: Group
    row: Mapping[str, Any]


class Observer:
    """Collect what Gen3 wants to know of exposures, each header once.

    Parameters
    ----------
    mapper : `CameraMapper`
        The camera's mapper.
    """

    def __init__(self, mapper: CameraMapper) -> None:
        self._mapper = mapper
        self._sources: dict[int, dict[int | None, list[_Source]]] = {}
        self._visits: set[int] = set()
        self._scanned: tuple[str, Sequence[Any]] = ("", ())
        self.notes: list[str] = []

    def add(
        self, group: Group, how: Translation, data_id: Mapping[str, Any], row: Mapping[str, Any]
    ) -> None:
        """Add a dataset: its exposure becomes one of the export."""
        number = data_id.get("exposure", data_id.get("visit"))
        if number is None:
            return
        if how.kind != RAW:
            self._visits.add(number)
        by_detector = self._sources.setdefault(number, {})
        some = by_detector.setdefault(data_id.get("detector"), [])
        if _has_header(group):
            some.append(_Source(group, row))

    def observations(self, track: Track, with_regions: bool) -> list[Observation]:
        """Return the exposures, in order of their numbers."""
        numbers = sorted(self._sources)
        filters = self._registered_filters()
        return [
            self._observation(number, filters.get(number), with_regions)
            for number in track(numbers, len(numbers), "Reading headers")
        ]

    def _observation(self, number: int, known: str | None, with_regions: bool) -> Observation:
        by_detector = self._sources[number]
        info, label = self._header(number, [s for some in by_detector.values() for s in some])
        if known is not None:
            label = names.label(self._mapper, known)
        on_sky = number in self._visits or names.is_science(info.observation_type)
        corners: dict[int, Vectors] = {}
        if with_regions and on_sky:
            for detector, sources in by_detector.items():
                region = self._corners(number, detector, sources)
                if region is not None and detector is not None:
                    corners[detector] = region
        return Observation(number, label, info, corners, on_sky)

    def _header(self, number: int, sources: Sequence[_Source]) -> tuple[VisitInfo, FilterLabel]:
        """Return what a raw's header says, or else another's."""
        problem = "no raw, and no calibrated exposure, is there"
        for group, row in sorted(sources, key=_raws_first):
            try:
                keys = _keys(group, row)
                info = group.butler.get(f"{group.dataset.name}_visitInfo", keys)
                label = group.butler.get(f"{group.dataset.name}_filter", keys)
                return info, label or FilterLabel("unknown")
            except PersistenceError as error:
                problem = str(error).splitlines()[0]
        self.notes.append(f"exposure {number} has no time and no filter: {problem}")
        return VisitInfo(), FilterLabel("unknown")

    def _corners(
        self, number: int, detector: int | None, sources: Sequence[_Source]
    ) -> Vectors | None:
        """Return the corners of a detector by the WCS of a calibrated exposure, or of a raw."""
        problem = "it has no WCS"
        for group, row in sorted(sources, key=_raws_first, reverse=True):
            name, keys = group.dataset.name, _keys(group, row)
            try:
                header = self._header_of_part(group, row)
                if header is not None:
                    return _outline(headerwcs.from_cards(header.images(TELLING)), _box(header))
                wcs = group.butler.get(f"{name}_wcs", keys)
                if wcs is not None:
                    return _outline(wcs, group.butler.get(f"{name}_bbox", keys))
            except PersistenceError as error:
                problem = str(error).splitlines()[0]
        if sources:
            self.notes.append(f"visit {number} detector {detector} has no region: {problem}")
        return None

    def _header_of_part(self, group: Group, row: Mapping[str, Any]) -> Any:
        """Return the header of a detector in a file with many; None if the general way is needed.

        All headers of such a file are scanned at once, which takes less time than opening it anew
        for each detector.
        """
        template = group.dataset.template
        if template is None or not template.text.endswith(_PART):
            return None
        path = os.path.join(group.root, row["path"])
        if self._scanned[0] != path:
            self._scanned = path, list(fits_headers.scan(path))
        headers = self._scanned[1]
        header = headers[row["hdu"]] if 0 <= row["hdu"] < len(headers) else {}
        return header if "CTYPE1" in header and not headerwcs.is_tabled(header) else None

    def _registered_filters(self) -> dict[int, str]:
        """Return the filter of each exposure of the registry."""
        filters: dict[int, str] = {}
        for butler in {id(s.group.butler): s.group.butler for s in self._all()}.values():
            for key in names.EXPOSURE_KEYS:
                try:
                    rows = butler.query_rows(_RAW, [key, "filter"], DataId())
                except PersistenceError:  # no such type, or no such column
                    continue
                filters.update((int(number), str(name)) for number, name in rows if name)
                break
        return filters

    def _all(self) -> Iterable[_Source]:
        return (s for by in self._sources.values() for some in by.values() for s in some)


def _has_header(group: Group) -> bool:
    python = (group.dataset.python or "").rpartition(".")[2]
    is_exposure = group.dataset.name == _RAW or python.startswith(_EXPOSURES)
    return group.dataset.storage == "FitsStorage" and is_exposure


def _raws_first(source: _Source) -> tuple[bool, str]:
    return source.group.dataset.name != _RAW, source.group.dataset.name


def _keys(group: Group, row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in group.dataset.keys if key in row}


def _box(header: Mapping[str, Any]) -> Box:
    width, height = (header.get(f"ZNAXIS{axis}", header[f"NAXIS{axis}"]) for axis in "12")
    return Box(0, 0, int(width), int(height))


def _outline(wcs: Any, box: Box) -> Vectors | None:
    """Return the corners of an image, at the outer edges of its pixels, as unit vectors."""
    left, low = box.x0 - 0.5, box.y0 - 0.5
    right, high = left + box.width, low + box.height
    ra, dec = wcs.all_pix2world([left, right, right, left], [low, low, high, high], 0)
    points = polygons.vectors(ra, dec)
    return polygons.hull(points) if bool((abs(points) <= 1).all()) else None
