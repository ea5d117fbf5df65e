"""Schemas of afw's tables: the fields in the cards of a table's header.

Source: doc/gen2/afw-files.md 3.1, 3.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from persistence.errors import FormatterError
from persistence.types.table import aliases

CURRENT = 3
# Cards of a table's columns.
_COLUMN = re.compile(r"(TTYPE|TUNIT|TDOC|TCCLS|TFLAG|TFDOC)([1-9]\d*)")
# Cards that only afw writes, by which its tables are recognized. Source: afw-files 3.1.
_SIGNS = re.compile(r"AFW_TYPE|AFW_TABLE_VERSION|FLAGCOL|TFLAG\d+|TCCLS\d+")
# Classes of version 0 with several values in a cell -> the ends of the names. Source: afw-files
# 3.2.
_COMPOUNDS: Mapping[str, tuple[str, ...]] = {
    "Point": ("x", "y"),
    "Moments": ("xx", "yy", "xy"),
    "Coord": ("ra", "dec"),
}
_COVARIANCES: Mapping[str, tuple[str, ...]] = {
    "Covariance(Point)": ("x", "y"),
    "Covariance(Moments)": ("xx", "yy", "xy"),
}
# Cards of version 0 with the numbers of columns of footprints -> their content.
FOOTPRINTS: Mapping[str, str] = {
    "SPANCOL": "spans",
    "PEAKCOL": "peaks",
    "HVYPIXCO": "image",
    "HVYMSKCO": "mask",
    "HVYVARCO": "variance",
}
# Cards of the table's structure and columns, which are not metadata.
STRUCTURE = re.compile(
    r"XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|THEAP|CHECKSUM|DATASUM|END|CONTINUE|"
    r"T(TYPE|FORM|UNIT|DOC|CCLS|NULL|SCAL|ZERO|DISP|DIM|FLAG|FDOC)[1-9]\d*|"
    rf"FLAGCOL|ALIAS|AR_HDU|AFW_TYPE|AFW_TABLE_VERSION|{'|'.join(FOOTPRINTS)}"
)


class Card(NamedTuple):
    """A card of a header."""

    keyword: str
    value: Any
    comment: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a table.

    Attributes
    ----------
    name, doc : `str`
        Its name and description.
    unit : `str`
        Its unit as written; may be empty.
    kind : `str`
        afw's class of field: ``Flag``, ``Angle``, ``Scalar``, ``String``, ``Array``.
    column : `int`
        Its column in the file, counted from 1.
    part : `int` or None
        The bit, or the element of a cell, counted from 0; None for the whole cell.
    squared : `bool`
        Whether the file contains its square.
    """

    name: str
    doc: str
    unit: str
    kind: str
    column: int
    part: int | None = None
    squared: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """The schema in the header of a table.

    Attributes
    ----------
    fields : `tuple` [`Field`]
        The fields, in order.
    aliases : mapping [`str`, `str`]
        Other names of fields, or of their beginnings.
    metadata : mapping
        The cards that describe neither columns nor layout; a `list` for a repeated keyword.
    type : `str`
        afw's ``AFW_TYPE``; ``BASE`` without one.
    version : `int`
        The version of the table's format.
    archive : `int` or None
        The HDU of the archive's index, counted from 0.
    footprints : mapping [`str`, `str`]
        In version 0: the fields with ``spans``, ``peaks``, ``image``, ``mask``, ``variance``.
    """

    fields: tuple[Field, ...]
    aliases: Mapping[str, str]
    metadata: Mapping[str, Any]
    type: str
    version: int
    archive: int | None
    footprints: Mapping[str, str]


def is_afw(keywords: Iterable[str]) -> bool:
    """Return whether the keywords of a header are those of a table that afw wrote."""
    return any(_SIGNS.fullmatch(keyword) for keyword in keywords)


def parse(cards: Iterable[Card]) -> Schema:
    """Return the schema in the cards of a table's header.

    Raises
    ------
    FormatterError
        If the table's version is unknown, or cards contradict each other.
    """
    every = tuple(cards)
    said = {card.keyword: card.value for card in reversed(every)}
    version = _version(said)
    fields = tuple(_fields(every, said))
    by_column = {field.column: field.name for field in fields}
    footprints = {
        kind: by_column[said[card]]
        for card, kind in FOOTPRINTS.items()
        if said.get(card) in by_column
    }
    return Schema(
        fields,
        {
            **aliases.modern({field.name: field.unit for field in fields}, version),
            **aliases.slots(said, version),
            **aliases.stated(card.value for card in every if card.keyword == "ALIAS"),
        },
        _metadata(every, version),
        said.get("AFW_TYPE", "BASE"),
        version,
        int(said["AR_HDU"]) - 1 if said.get("AR_HDU") else None,  # it counts from 1
        footprints,
    )


def _version(said: Mapping[str, Any]) -> int:
    # Tables older than the card have a type. Source: afw-files 3.1.
    version = said.get("AFW_TABLE_VERSION", 0 if "AFW_TYPE" in said else CURRENT)
    if type(version) is not int or not 0 <= version <= CURRENT:
        raise FormatterError(
            f"AFW_TABLE_VERSION is {version!r}: versions 0 to {CURRENT} of afw's tables are known"
        )
    return version


def _fields(cards: Iterable[Card], said: Mapping[str, Any]) -> Iterator[Field]:
    """Yield the fields in the order of their cards, which has flags between columns."""
    flags = said.get("FLAGCOL")
    for keyword, value, comment in cards:
        match = _COLUMN.fullmatch(keyword)
        if match is None:
            continue
        number = int(match[2])
        if match[1] == "TFLAG":
            if flags is None:
                raise FormatterError(f"flag {value!r} is in no column: there is no FLAGCOL")
            yield Field(
                str(value),
                str(said.get(f"TFDOC{number}", comment)),
                "",
                "Flag",
                int(flags),
                number - 1,
            )
        elif match[1] == "TTYPE" and number != flags:
            doc = said.get(f"TDOC{number}", comment)
            unit = said.get(f"TUNIT{number}", "")
            kind = said.get(f"TCCLS{number}", "")
            yield from _expanded(Field(str(value), str(doc), str(unit), str(kind), number), said)


def _expanded(field: Field, said: Mapping[str, Any]) -> Iterator[Field]:
    """Yield the fields of a column of version 0, or the field itself."""
    if field.kind in _COMPOUNDS:
        kind = "Angle" if field.kind == "Coord" else "Scalar"
        for part, suffix in enumerate(_COMPOUNDS[field.kind]):
            yield replace(field, name=f"{field.name}_{suffix}", kind=kind, part=part)
    elif field.kind.startswith("Covariance"):
        yield from _covariance(
            field, _COVARIANCES.get(field.kind) or _numbered(said[f"TFORM{field.column}"])
        )
    else:
        yield field


def _covariance(field: Field, names: tuple[str, ...]) -> Iterator[Field]:
    """Yield the errors, then the covariances, in the lower triangle of a matrix."""
    stem = re.sub(r"[_.]err$", "", field.name)
    root = re.sub(r"\^2$", "", field.unit) if field.unit.endswith("^2") else ""
    field = replace(field, kind="Scalar")
    for row, one in enumerate(names):
        yield replace(
            field, name=f"{stem}_{one}Err", unit=root, part=row * (row + 3) // 2, squared=True
        )
    for row, one in enumerate(names):
        for column, other in enumerate(names[:row]):
            yield replace(
                field, name=f"{stem}_{other}_{one}_Cov", part=row * (row + 1) // 2 + column
            )


def _numbered(form: str) -> tuple[str, ...]:
    """Return names for the rows of a matrix whose packed triangle has the length of a cell."""
    length = int(re.match(r"\d*", form)[0] or 1)  # type: ignore[index]  # it always matches
    size = int((2 * length) ** 0.5)
    return tuple(str(row) for row in range(size))


def _metadata(cards: Iterable[Card], version: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for keyword, value, _comment in cards:
        if (
            not keyword
            or STRUCTURE.fullmatch(keyword)
            or (version == 0 and aliases.SLOT.fullmatch(keyword))
        ):
            continue
        if keyword in ("COMMENT", "HISTORY"):
            # the name in astropy's tables
            found.setdefault("comments" if keyword == "COMMENT" else keyword, []).append(str(value))
        elif keyword not in found:
            found[keyword] = value
        elif isinstance(found[keyword], list):
            found[keyword].append(value)
        else:
            found[keyword] = [found[keyword], value]
    return found
