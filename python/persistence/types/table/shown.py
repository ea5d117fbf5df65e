"""The display of catalogs in notebooks."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence import notebook
from persistence.notebook import Html
from persistence.types.table import aliases

# The most rows and columns of the table; a list below it has all columns.
_ROWS, _COLUMNS = 10, 12
# The columns that are shown first, if a catalog has them.
_FIRST = (
    "id", "coord_ra", "coord_dec", "slot_Centroid_x", "slot_Centroid_y", "slot_PsfFlux_instFlux",
    "slot_PsfFlux_instFluxErr", "slot_ApFlux_instFlux", "parent",
)  # fmt: skip


@notebook.shows
def html(catalog: Any) -> Html:
    """Return a catalog as HTML: its first rows, its columns with descriptions, its slots."""
    rows, columns = len(catalog), list(catalog.colnames)
    first = notebook.title(type(catalog).__name__, f"of {rows} rows and {len(columns)} columns")
    chosen = {catalog.resolve(name): name for name in _FIRST if catalog.resolve(name) in columns}
    names = list(dict.fromkeys([*chosen, *columns]))[:_COLUMNS]
    values = [
        [_cell(catalog.columns[name][row]) for name in names] for row in range(min(rows, _ROWS))
    ]
    more = "" if rows <= _ROWS else f"the first {_ROWS} rows; "
    heads = [_head(chosen.get(name, name), catalog.columns[name]) for name in names]
    parts = [first, notebook.table(values, heads)]
    parts.append(notebook.tag("div", f"{more}{len(names)} of {len(columns)} columns"))
    parts.append(notebook.details(f"{len(columns)} columns", _columns(catalog)))
    if catalog.aliases:
        others = aliases.names(catalog.aliases, columns)
        table = notebook.pairs((name, aliases.resolve(name, catalog.aliases)) for name in others)
        parts.append(notebook.details(f"{len(others)} other names of columns, by slots", table))
    return notebook.join(parts)


def _head(name: str, column: Any) -> Html:
    """Return the name of a column, with the unit below it."""
    unit = getattr(column, "unit", None)
    return notebook.join([name, *((Html("<br>"), notebook.tag("i", unit)) if unit else ())])


def _columns(catalog: Any) -> Html:
    infos = ((name, column.info) for name, column in catalog.columns.items())
    rows = (
        (notebook.tag("b", name), info.dtype, info.unit, info.description) for name, info in infos
    )
    return notebook.table(rows, ["name", "type", "unit", "what it is"])


def _cell(value: Any) -> str:
    value = getattr(value, "value", value)  # the unit is in the head
    return f"{value:.8g}" if isinstance(value, float | np.floating) else str(value)
