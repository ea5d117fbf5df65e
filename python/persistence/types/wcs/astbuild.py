"""AST's mappings, created from their dumps (doc/gen2/afw-files.md 2.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.wcs import astpoly
from persistence.types.wcs.astdump import Dump
from persistence.types.wcs.astmaps import Either, Inverted, Map, Matrix, Parallel, Scaled, Series
from persistence.types.wcs.astsphere import Projection, Spherical, UnitNorm
from persistence.types.wcs.asttpn import tangent_polynomial


def build(dump: Dump, inverted: bool | None = None) -> Map:
    """Return the mapping of a dump.

    Parameters
    ----------
    dump : `Dump`
        AST's dump of it.
    inverted : `bool` or `None`, optional
        Its direction as part of another object, which overrides its own.

    Raises
    ------
    FormatterError
        If its class is not supported.
    """
    if dump.name not in _BUILDERS:
        raise FormatterError(
            f"AST's {dump.name} is not supported (supported are {', '.join(_BUILDERS)})"
        )
    made = _BUILDERS[dump.name](dump)
    return Inverted(made) if (dump.integer("Invert", 0) if inverted is None else inverted) else made


def _parts(dump: Dump) -> tuple[Map, Map]:
    first, second = (
        build(dump.inner(f"Map{one}"), bool(dump.integer(f"Inv{one}", 0))) for one in "AB"
    )
    return first, second


def _compound(dump: Dump) -> Map:
    return (Series if dump.integer("Series", 1) else Parallel)(*_parts(dump))


def _series(dump: Dump, name: str, default: float) -> NDArray[np.float64]:
    return np.array(
        [dump.number(f"{name}{axis}", default) for axis in range(1, dump.integer("Nin", 1) + 1)]
    )


def _window(dump: Dump) -> Map:
    return Scaled(_series(dump, "Scl", 1), _series(dump, "Sft", 0))


def _zoom(dump: Dump) -> Map:
    axes = dump.integer("Nin", 1)
    return Scaled(np.full(axes, dump.number("Zoom", 1)), np.zeros(axes))


def _matrix(dump: Dump) -> Map:
    columns = dump.integer("Nin", 1)
    rows = dump.integer("Nout", columns)
    form = dump.text("Form", "Full")
    if form not in _CELLS:
        raise FormatterError(
            f"AST's MatrixMap has no form {form!r}; it is one of {', '.join(_CELLS)}"
        )
    matrix = np.zeros((rows, columns))
    places, default = _CELLS[form](matrix)
    matrix[places] = [dump.number(f"M{number}", default) for number in range(matrix[places].size)]
    regular = rows == columns and np.linalg.det(matrix) != 0
    return Matrix(matrix, np.asarray(np.linalg.inv(matrix), float) if regular else None)


# The form of a matrix -> the cells that are written, by rows, and the value of the others.
_CELLS: Mapping[str, Callable[[NDArray[np.float64]], tuple[NDArray[np.bool_], float]]] = {
    "Full": lambda matrix: (np.ones(matrix.shape, bool), 0.0),
    "Diagonal": lambda matrix: (np.eye(*matrix.shape, dtype=np.bool_), 0.0),
    "Unit": lambda matrix: (np.eye(*matrix.shape, dtype=np.bool_), 1.0),
}


def _wcs(dump: Dump) -> Map:
    axes = dump.integer("WcsAx1", 1), dump.integer("WcsAx2", 2)
    if dump.text("Type") == "TPN":
        first, second = (_terms(dump, f"pv{axis}_") for axis in axes)
        return tangent_polynomial(
            (first, second), (axes[0] - 1, axes[1] - 1), dump.integer("Nin", 2)
        )
    given = {name: dump.number(name, 0) for name in dump.values if name.startswith("pv")}
    latitude = f"pv{axes[1]}_"
    # The rotation of the native sphere, which is in other mappings. Source: FITS 4.0, 8.3.
    placing = [f"pv{axes[0]}_{number}" for number in range(5)]
    strange = [
        name
        for name, value in given.items()
        if value and not name.startswith(latitude) and name not in placing
    ]
    if strange:
        raise FormatterError(
            f"AST's WcsMap has parameters of another axis than the latitude's: {', '.join(strange)}"
        )
    parameters = tuple(
        (int(name.removeprefix(latitude)), value)
        for name, value in given.items()
        if value and name.startswith(latitude)
    )
    return Projection(
        dump.text("Type"), parameters, (axes[0] - 1, axes[1] - 1), dump.integer("Nin", 2)
    )


def _terms(dump: Dump, prefix: str) -> dict[int, float]:
    """Return the parameters of an axis, by number."""
    numbers = [name.removeprefix(prefix) for name in dump.values if name.startswith(prefix)]
    return {
        int(number): dump.number(f"{prefix}{number}", 0) for number in numbers if number.isdigit()
    }


_BUILDERS: Mapping[str, Callable[[Dump], Map]] = {
    "CmpMap": _compound,
    "TranMap": lambda dump: Either(*_parts(dump)),
    "UnitMap": lambda dump: Scaled(
        np.ones(dump.integer("Nin", 1)), np.zeros(dump.integer("Nin", 1))
    ),
    "ShiftMap": _window,
    "WinMap": _window,
    "ZoomMap": _zoom,
    "MatrixMap": _matrix,
    "SphMap": lambda dump: Spherical(dump.number("PlrLg", 0)),
    "WcsMap": _wcs,
    "UnitNormMap": lambda dump: UnitNorm(_series(dump, "Ctr", 0)),
    "PolyMap": astpoly.power_map,
    "ChebyMap": astpoly.chebyshev_map,
}
