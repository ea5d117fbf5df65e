"""The names that ``get`` takes: a dataset type, or one of its views (``calexp_md``).

A view is a part or a property of a dataset, reached by a suffix. They are listed in one table,
`VIEWS`; none is a dataset type of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from persistence.errors import UnknownDatasetType


class Kind(Protocol):
    """What decides which views a dataset type has."""

    @property
    def section(self) -> str: ...
    @property
    def storage(self) -> str | None: ...
    @property
    def python(self) -> str | None: ...


class View(NamedTuple):
    """A suffix that dataset types of some storages, in some sections of the policy, understand."""

    storages: frozenset[str] | None = None
    sections: frozenset[str] | None = None

    def applies(self, kind: Kind) -> bool:
        stored = self.storages is None or kind.storage in self.storages
        return stored and (self.sections is None or kind.section in self.sections)


_FITS = frozenset({"FitsStorage"})
_CATALOG = frozenset({"FitsCatalogStorage"})
_EXPOSURES = frozenset({"exposures"})
_IMAGES = frozenset({"exposures", "images"})

# What each gives: the file's path; the header; pixels inside a box; the box itself; parts of an
# exposure read without its pixels; the rows and the columns of a catalog.
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

# The calibration's name of before 2019: it is taken, and not listed.
_OLDER = "calib"


# What any exposure is made of, by the names that follow a dot (``calexp.psf``), and what reads each
# alone.
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


# Types of such components, by the last word of their names: a policy may make each a dataset of its
# own.
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
    """Give the component that a type is; None if it is none."""
    return PARTS.get((python or "").rpartition(".")[2])


def is_exposure(kind: Kind) -> bool:
    """Say whether a dataset type holds images, with or without what belongs to them."""
    return kind.storage == "FitsStorage" and bool(re.search("Image|Exposure", kind.python or ""))


class Request(NamedTuple):
    """A name, taken apart."""

    datasetType: str
    view: str | None = None

    @property
    def name(self) -> str:
        """The dataset type with its view, put together again."""
        if self.view is None:
            return self.datasetType
        return f"{self.datasetType}{'_' if self.view in VIEWS else '.'}{self.view}"


def parse(name: str, kinds: Mapping[str, Kind], mapper: str = "The mapper") -> Request:
    """Take a name apart.

    Parameters
    ----------
    name : `str`
        What the user typed.
    kinds : mapping
        The dataset types that exist. A type of exactly that name wins over a view: ``src_schema``
        is one.
    mapper : `str`
        Whose types they are, for the message.

    Raises
    ------
    UnknownDatasetType
        If no dataset type, with no view of it, is called so.
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
    """Give each dataset type and each view of it, as ``getDatasetTypes`` lists them."""
    for name, kind in kinds.items():
        yield name
        for suffix in VIEWS:
            derived = f"{name}_{suffix}"
            if suffix != _OLDER and _has(name, kind, suffix) and derived not in kinds:
                yield derived


def _has(name: str, kind: Kind, suffix: str) -> bool:
    """Say whether a dataset type has a view; a schema has no schema."""
    return VIEWS[suffix].applies(kind) and not (suffix == "schema" and name.endswith("_schema"))
