"""The names that ``get`` accepts: a dataset type, or one of its views (``calexp_md``).

A view is a part or a property of a dataset, selected by a suffix. The table `VIEWS` lists them;
none of them is a dataset type of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from persistence.errors import UnknownDatasetType


class Kind(Protocol):
    """The properties that decide which views a dataset type has."""

    @property
    def section(self) -> str: ...
    @property
    def storage(self) -> str | None: ...
    @property
    def python(self) -> str | None: ...


class View(NamedTuple):
    """A suffix, with the storages and sections of the policy whose dataset types have it."""

    storages: frozenset[str] | None = None
    sections: frozenset[str] | None = None

    def applies(self, kind: Kind) -> bool:
        """Return whether a dataset type has this view."""
        stored = self.storages is None or kind.storage in self.storages
        return stored and (self.sections is None or kind.section in self.sections)


_FITS = frozenset({"FitsStorage"})
_CATALOG = frozenset({"FitsCatalogStorage"})
_EXPOSURES = frozenset({"exposures"})
_IMAGES = frozenset({"exposures", "images"})

# In order: the file's path; the header; pixels inside a box; the box itself; parts of an exposure,
# read without its pixels; the number of rows and the columns of a catalog.
VIEWS: Mapping[str, View] = {
    "filename": View(),
    "md": View(_FITS | _CATALOG),
    "sub": View(_FITS),
    "bbox": View(_FITS, _IMAGES),
    "wcs": View(_FITS, _EXPOSURES),
    "header_wcs": View(_FITS, _EXPOSURES),
    "photoCalib": View(_FITS, _EXPOSURES),
    "calib": View(_FITS, _EXPOSURES),
    "visitInfo": View(_FITS, _EXPOSURES),
    "filter": View(_FITS, _EXPOSURES),
    "filterLabel": View(_FITS, _EXPOSURES),
    "detector": View(_FITS, _EXPOSURES),
    "len": View(_CATALOG),
    "schema": View(_CATALOG),
}

# The calibration's name before 2019: accepted, but not listed.
_OLDER = "calib"


# The parts of an exposure, by the names that follow a dot (``calexp.psf``), and the views that read
# them alone.
COMPONENTS: Mapping[str, str] = {
    "metadata": "md",
    **{
        name: name
        for name in (
            "image mask variance bbox wcs psf photoCalib visitInfo filter detector "
            "apCorrMap validPolygon coaddInputs transmissionCurve"
        ).split()
    },
}


# The types of such components, by the last part of their names: a policy may declare each as a
# dataset type of its own.
PARTS: Mapping[str, str] = {
    **dict.fromkeys(("SkyWcs", "Wcs", "TanWcs", "WCS"), "wcs"),
    **dict.fromkeys(("PhotoCalib", "Calib"), "photoCalib"),
    **dict.fromkeys(("FilterLabel", "Filter"), "filter"),
    **dict.fromkeys(("Mask", "MaskX"), "mask"),
    "Psf": "psf",
    "VisitInfo": "visitInfo",
    "Detector": "detector",
    "ApCorrMap": "apCorrMap",
    "TransmissionCurve": "transmissionCurve",
}


def part_name(python: str | None) -> str | None:
    """Return the component of an exposure that a type holds; None if it holds none."""
    return PARTS.get((python or "").rpartition(".")[2])


def is_exposure(kind: Kind) -> bool:
    """Return whether a dataset type holds images, with or without other components."""
    return kind.storage == "FitsStorage" and bool(re.search("Image|Exposure", kind.python or ""))


class Request(NamedTuple):
    """A name, split into the dataset type and its view."""

    datasetType: str
    view: str | None = None

    @property
    def name(self) -> str:
        """The dataset type and its view as one name."""
        if self.view is None:
            return self.datasetType
        return f"{self.datasetType}{'_' if self.view in VIEWS else '.'}{self.view}"


def parse(name: str, kinds: Mapping[str, Kind], mapper: str = "The mapper") -> Request:
    """Split a name into dataset type and view.

    Parameters
    ----------
    name : `str`
        The name as the user wrote it.
    kinds : mapping of `str` to `Kind`
        The dataset types that exist. A type of exactly this name precedes a view: ``src_schema`` is
        one.
    mapper : `str`, optional
        The name of the camera's mapper, for the message.

    Raises
    ------
    UnknownDatasetType
        If there is no dataset type, or view of one, of this name.
    """
    if name in kinds:
        return Request(name)
    for position in range(len(name) - 1, 0, -1):
        if name[position] == "_" and name[:position] in kinds:
            view = VIEWS.get(name[position + 1 :])
            if view is not None and _has(
                name[:position], kinds[name[:position]], name[position + 1 :]
            ):
                return Request(name[:position], name[position + 1 :])
    raise UnknownDatasetType(name, all_names(kinds), mapper)


def all_names(kinds: Mapping[str, Kind]) -> Iterator[str]:
    """Yield each dataset type and each of its views, as ``getDatasetTypes`` lists them."""
    for name, kind in kinds.items():
        yield name
        for suffix in VIEWS:
            derived = f"{name}_{suffix}"
            if suffix != _OLDER and _has(name, kind, suffix) and derived not in kinds:
                yield derived


def _has(name: str, kind: Kind, suffix: str) -> bool:
    """Return whether a dataset type has a view; a schema has no schema."""
    return VIEWS[suffix].applies(kind) and not (suffix == "schema" and name.endswith("_schema"))
