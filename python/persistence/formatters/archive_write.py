"""Write afw's archives: new objects follow the existing ones, which stay as stored.

Source: doc/gen2/afw-files.md 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from persistence.errors import FormatterError
from persistence.files import bintable_write, fits_headers
from persistence.types.archives.read import Stored
from persistence.types.archives.tables import FLUX_NAME, FLUX_UNIT
from persistence.types.exposure.apcorrmap import ApCorrMap
from persistence.types.exposure.filternames import band_and_physical
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.exposure.translator import FilterLabel
from persistence.types.fields.boundedfield import ChebyshevField, ProductField, constant
from persistence.types.pixels.box import Box
from persistence.types.pixels.polygon import Polygon
from persistence.types.psf.psf import STORED, dump
from persistence.types.psf.psfimage import Psf
from persistence.types.wcs.skywcs import SkyWcs

Columns = Mapping[str, Any]
# The columns of each of an object's tables.
Tables = Sequence[Columns]
Put = Callable[[Any], int]


class Class(NamedTuple):
    """The name and module of a class in afw, and how an object's tables are built.

    ``put`` stores objects that it refers to, and returns their ids; ``cards`` are those of the
    table's header, which afw ignores.
    """

    name: str
    module: str
    tables: Callable[[Any, Put], Tables]
    cards: Callable[[Any], Mapping[str, str | None]] = lambda _thing: {}


def _photo_calib(calib: PhotoCalib, put: Put) -> Tables:
    field = constant(calib.mean) if calib.field is None else calib.field
    columns = {
        "isConstant": [calib.field is None],
        "calibrationMean": [float(calib.mean)],
        "calibrationErr": [float(calib.error)],
        "field": [put(field)],
        "version": [1],
    }
    return [columns]


def _flux_cards(calib: PhotoCalib) -> Mapping[str, str | None]:
    return {FLUX_NAME: calib.flux_name, FLUX_UNIT: calib.unit}


def _chebyshev(field: ChebyshevField, put: Put) -> Tables:
    coefficients = np.atleast_2d(field.coefficients)
    columns = {
        "order_x": [coefficients.shape[1] - 1],
        **_box(field.box),
        "coefficients": [coefficients.ravel()],
    }
    return [columns]


def _box(box: Box) -> Columns:
    ends = {
        "min_x": box.x0,
        "min_y": box.y0,
        "max_x": box.x0 + box.width - 1,
        "max_y": box.y0 + box.height - 1,
    }
    return {f"bbox_{name}": [number] for name, number in ends.items()}


def _product(field: ProductField, put: Put) -> Tables:
    return [{"id": [put(factor) for factor in field.factors]}]


def _ap_corr_map(fields: ApCorrMap, put: Put) -> Tables:
    return [{"name": _texts(list(fields), 64), "field": [put(field) for field in fields.values()]}]


def _texts(texts: Sequence[str], width: int) -> Any:
    """Return a column of texts of a fixed width; longer ones raise `FormatterError`."""
    long = [text for text in texts if len(text) > width]
    if long:
        raise FormatterError(
            f"{long[0]!r} is longer than the {width} characters that afw has for it"
        )
    return np.array(texts, f"S{width}")


def _polygon(polygon: Polygon, put: Put) -> Tables:
    closed = np.vstack([polygon.vertices, polygon.vertices[:1]])
    return [{"vertices_x": closed[:, 0], "vertices_y": closed[:, 1]}]


def _filter(label: FilterLabel, put: Put) -> Tables:
    known = dict(zip(("band", "physical"), band_and_physical(label), strict=True))
    exist = {f"{name}_exists": [value is not None] for name, value in known.items()}
    return [exist | {name: _texts([value or ""], 32) for name, value in known.items()}]


# What fits into a card, without quotes.
_CARD = re.compile(r"[ -&(-~]{1,68}")


def _psf(psf: Psf, put: Put) -> Tables:
    _name, _module, tables = dump(psf)
    return tables


def _sky_wcs(wcs: SkyWcs, put: Put) -> Tables:
    if wcs.text is None:
        raise FormatterError(
            "a SkyWcs that no archive had cannot be written to one: put its to_astropy(bbox)"
        )
    text = np.empty(1, object)
    text[0] = np.frombuffer(wcs.text.encode("ascii"), np.uint8)
    return [{"wcs": text}]


CLASSES: Mapping[type, Class] = {
    PhotoCalib: Class("PhotoCalib", "", _photo_calib, _flux_cards),
    ChebyshevField: Class("ChebyshevBoundedField", "lsst.afw.math", _chebyshev),
    ProductField: Class("ProductBoundedField", "lsst.afw.math", _product),
    ApCorrMap: Class("ApCorrMap", "lsst.afw.image", _ap_corr_map),
    Polygon: Class("Polygon", "", _polygon),
    FilterLabel: Class("FilterLabel", "lsst.afw.image", _filter),
    SkyWcs: Class("SkyWcs", "lsst.afw.geom", _sky_wcs),
    **{cls: Class(cls.__name__, module, _psf) for cls, (module, _columns) in STORED.items()},
}


class ArchiveWriter:
    """Collects objects for an archive.

    Parameters
    ----------
    old : `Stored`, optional
        An archive whose objects are kept, with their numbers, whether their classes are known here
        or not.
    """

    def __init__(self, old: Stored | None = None) -> None:
        self._index: list[tuple[Any, ...]] = []
        self._tables: list[bytes] = []
        self._numbers: dict[int, int] = {}
        self._kept: list[Any] = []  # so that ids of objects stay unique
        if old is not None:
            self._keep(old)
        self._next = max((row[0] for row in self._index), default=0) + 1

    def _keep(self, old: Stored) -> None:
        archive = old()
        for number in archive:
            for entry in archive.entries(number):
                location = (entry.table, entry.part, entry.row0, entry.nrows)
                self._index.append((number, *location, entry.name, entry.module))
        _index, *tables = fits_headers.parts(old.content, old.what)
        self._tables = [_padded(bytes(part.header) + bytes(part.data)) for part in tables]

    def put(self, thing: Any) -> int:
        """Add an object and the objects that it refers to, and return its id.

        An object that was added before keeps its id.

        Raises
        ------
        FormatterError
            If objects of its class cannot be written.
        """
        if id(thing) in self._numbers:
            return self._numbers[id(thing)]
        if type(thing) not in CLASSES:
            raise FormatterError(
                f"{type(thing).__name__} cannot be written to an archive, as "
                f"{', '.join(kind.__name__ for kind in CLASSES)} can"
            )
        number = self._numbers[id(thing)] = self._next
        self._next += 1
        self._kept.append(thing)
        kind = CLASSES[type(thing)]
        # The tables of objects that it refers to come first.
        for part, table in enumerate(kind.tables(thing, self.put)):
            columns = {name: np.asarray(column) for name, column in table.items()}
            cards = [
                ("EXTTYPE", "ARCHIVE_DATA"),
                ("AR_CATN", len(self._tables) + 1),
                ("AR_NAME", kind.name),
            ]
            cards += [(key, _card_text(text)) for key, text in kind.cards(thing).items() if text]
            self._tables.append(bintable_write.table(columns, [*cards, ("EXTNAME", kind.name)]))
            rows = len(next(iter(columns.values())))
            location = len(self._tables), part, 0, rows
            self._index.append((number, *location, kind.name, kind.module))
        return number

    def content(self) -> bytes:
        """Return the HDUs: the index and the tables."""
        names = ("id", "cat.archive", "cat.persistable", "row0", "nrows")
        columns = {
            name: np.array([row[column] for row in self._index], "i4")
            for column, name in enumerate(names)
        }
        for column, name in ((5, "name"), (6, "module")):
            columns[name] = _texts([row[column] for row in self._index], 64)
        cards = [("EXTTYPE", "ARCHIVE_INDEX"), ("AR_CATN", 0), ("AR_NCAT", len(self._tables) + 1)]
        return bintable_write.table(columns, [*cards, ("EXTNAME", "ARCHIVE_INDEX")]) + b"".join(
            self._tables
        )


def _card_text(text: str) -> str:
    if not _CARD.fullmatch(text):
        raise FormatterError(f"{text!r} is a name that a FITS card cannot hold")
    return text


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 2880)


def stand_alone(thing: Any) -> bytes:
    """Return the bytes of a file with one object: an empty primary HDU and an archive with id 1."""
    writer = ArchiveWriter()
    writer.put(thing)
    primary = [("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)]
    return bintable_write.header_of(primary) + writer.content()
