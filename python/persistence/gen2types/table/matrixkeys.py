"""Keys of fields that form an array, or a matrix of covariances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.table.functor import FunctorKey
from persistence.gen2types.table.keys import Key
from persistence.gen2types.table.schema import Schema, SubSchema


class ArrayKey(FunctorKey):
    """The key of scalar fields that make an array: ``name_0``, ``name_1`` ...

    Parameters
    ----------
    fields : `SubSchema`, sequence of `Key`, or `Key`
        The fields, or one field that is an array.
    """

    def __init__(self, fields: Any = ()) -> None:
        if isinstance(fields, SubSchema):
            names = sorted((name for name in fields.getNames() if name.isdigit()), key=int)
            fields = [fields[name].asKey() for name in names]
        elif isinstance(fields, Key):
            fields = [fields[number] for number in fields.subfields or ()]
        self.keys = tuple(fields)

    @classmethod
    def addFields(
        cls, schema: Schema, name: str, doc: str, unit: str = "", docData: Any = ()
    ) -> Any:
        """Add a field for each of some values, or for a number of them."""
        values = range(docData) if isinstance(docData, int) else docData
        return cls(
            [
                schema.addField(
                    f"{name}_{number}", cls.kind, doc % value if "%" in doc else doc, unit
                )
                for number, value in enumerate(values)
            ]
        )

    def getSize(self) -> int:
        return len(self.keys)

    def __getitem__(self, item: Any) -> Any:
        return type(self)(self.keys[item]) if isinstance(item, slice) else self.keys[item]

    def slice(self, begin: int, end: int) -> Any:
        return self[begin:end]

    def get(self, record: Any) -> NDArray[Any]:
        return np.array(self.numbers(record), {"F": np.float32}.get(self.kind, np.float64))

    def set(self, record: Any, value: Any) -> None:
        self.store(record, list(value))


class ArrayFKey(ArrayKey):
    """The key of an array of 32-bit numbers."""

    kind = "F"


class ArrayDKey(ArrayKey):
    """The key of an array of 64-bit numbers."""


class CovarianceMatrixKey(FunctorKey):
    """The key of a matrix of covariances.

    Parameters
    ----------
    err : `SubSchema` or sequence of `Key`
        The fields of errors, or what their names have in common.
    cov : sequence
        The keys of covariances, of the lower triangle row by row; or the names of the parameters.
    names : sequence of `str`, optional
        The names of the parameters.
    """

    def __init__(self, err: Any = (), cov: Sequence[Any] = (), names: Sequence[str] = ()) -> None:
        if isinstance(err, SubSchema):
            names = cov
            size = range(len(names))
            errors = [_first(err, f"{name}Err", f"{name}Sigma") for name in names]
            pairs = [(row, column) for row in size for column in range(row)]
            covariances = {
                pair: _first(err, *(f"{names[a]}_{names[b]}_Cov" for a, b in (pair, pair[::-1])))
                for pair in pairs
            }
            self._err: list[Key | None] = errors
            self._cov = {pair: key for pair, key in covariances.items() if key is not None}
        else:
            self._err = list(err)
            size = range(len(self._err))
            pairs = [(row, column) for row in size for column in range(row)]
            self._cov = dict(zip(pairs, cov, strict=bool(cov)))
        self.keys = tuple(key for key in (*self._err, *self._cov.values()) if key is not None)

    @classmethod
    def addFields(
        cls,
        schema: Schema,
        prefix: str,
        names: Any,
        unit: Any = "",
        diagonalOnly: bool = False,
    ) -> Self:
        """Add the fields to a schema, and return their key.

        Parameters
        ----------
        schema : `Schema`
            Where they are added.
        prefix, names : `str`, sequence of `str`
            What their names begin with, and the names of the parameters.
        unit : `str` or sequence of `str`
            The parameters' units.
        diagonalOnly : `bool`, optional
            Whether to add errors alone.
        """
        units = [unit] * len(names) if isinstance(unit, str) else list(unit)
        errors = [
            schema.addField(f"{prefix}_{name}Err", cls.kind, f"1-sigma uncertainty of {name}", unit)
            for name, unit in zip(names, units, strict=True)
        ]
        cov = [
            schema.addField(
                f"{prefix}_{names[column]}_{names[row]}_Cov",
                cls.kind,
                f"Uncertainty covariance of {names[column]} and {names[row]}",
                _product(units[column], units[row]),
            )
            for row in range(len(names))
            for column in range(row)
            if not diagonalOnly
        ]
        return cls(errors, cov)

    def get(self, record: Any) -> NDArray[Any]:
        size = len(self._err)
        matrix = np.zeros((size, size), np.float32 if self.kind == "F" else np.float64)
        for index, key in enumerate(self._err):
            matrix[index, index] = np.nan if key is None else record.get(key) ** 2
        for (row, column), key in self._cov.items():
            matrix[row, column] = matrix[column, row] = record.get(key)
        return matrix

    def set(self, record: Any, value: Any) -> None:
        for index, key in enumerate(self._err):
            if key is not None:
                record.set(key, float(np.sqrt(value[index][index])))
        for (row, column), key in self._cov.items():
            record.set(key, float(value[row][column]))

    def getElement(self, record: Any, i: int, j: int) -> float:
        return float(self.get(record)[i, j])


def _first(fields: SubSchema, *names: str) -> Key | None:
    there = fields.getNames()
    return next((fields[name].asKey() for name in names if name in there), None)


def _product(first: str, other: str) -> str:
    if not first or not other:
        return first or other
    return f"{first}^2" if first == other else f"{first} {other}"


def _matrix(letter: str) -> type[CovarianceMatrixKey]:
    body = {"kind": letter.upper(), "__doc__": "The key of a matrix of covariances."}
    return type(f"CovarianceMatrixKey{letter}", (CovarianceMatrixKey,), body)


CovarianceMatrix2fKey = CovarianceMatrix3fKey = CovarianceMatrix4fKey = _matrix("f")
CovarianceMatrixXfKey = CovarianceMatrix2fKey
CovarianceMatrix2dKey = CovarianceMatrix3dKey = CovarianceMatrix4dKey = _matrix("d")
CovarianceMatrixXdKey = CovarianceMatrix2dKey
