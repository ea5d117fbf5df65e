"""Aperture corrections: one field per flux (doc/gen2/afw-files.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from persistence.errors import did_you_mean
from persistence.types.archives.archive import Load, Tables
from persistence.types.fields.boundedfield import Field


@dataclass(frozen=True)
class ApCorrMap(Mapping[str, Field]):
    """Fields of correction factors, by the names of the fluxes.

    ``flux * apCorrMap["base_PsfFlux_instFlux"](x, y)`` is the corrected flux; the field of a name
    ending in ``Err`` is the standard deviation of the factor. Positions are pixels of the parent
    image.

    Attributes
    ----------
    fields : mapping [`str`, field]
        The fields by name.
    """

    fields: Mapping[str, Field]

    def __getitem__(self, name: str) -> Field:
        if name not in self.fields:
            raise KeyError(f"no aperture correction of {name!r}{did_you_mean(name, self.fields)}")
        return self.fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __str__(self) -> str:
        return f"{len(self)} fields: {', '.join(self)}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self}"


def make(tables: Tables, load: Load) -> ApCorrMap:
    """Return the map of a table; a map without fields may have no table."""
    rows = [row for table in tables for row in zip(table["name"], table["field"], strict=True)]
    return ApCorrMap({name: load(number) for name, number in rows})
