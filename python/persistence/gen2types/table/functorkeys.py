"""Keys of what several fields say together: positions, boxes, shapes, covariances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.table.keys import Key
from persistence.gen2types.table.schema import Schema, SubSchema


class CoordinateType:
    """Whether a shape is in pixels or on the sky."""

    PIXEL = "pixel"
    CELESTIAL = "celestial"


class FunctorKey:
    """A key of several fields.

    Parameters
    ----------
    *args : `SubSchema`, or one `Key` for each field
        The fields.
    """

    endings: ClassVar[tuple[str, ...]]
    kind: ClassVar[str] = "D"

    def __init__(self, *args: Any) -> None:
        if len(args) == 1:
            args = tuple(args[0][ending].asKey() for ending in self.endings)
        self.keys: tuple[Key, ...] = args or (Key[self.kind](),) * len(self.endings)

    @classmethod
    def addFields(cls, schema: Schema, name: str, doc: str, unit: str = "") -> Self:
        """Add the fields to a schema, and return their key."""
        return cls(
            *(
                schema.addField(f"{name}_{ending}", cls.kind, doc, _unit(unit))
                for ending in cls.endings
            )
        )

    def isValid(self) -> bool:
        return all(key.isValid() for key in self.keys)

    def numbers(self, record: Any) -> list[Any]:
        """Return the values of the fields."""
        return [record.get(key) for key in self.keys]

    def store(self, record: Any, values: Iterator[Any] | Sequence[Any]) -> None:
        """Set the values of the fields."""
        for key, value in zip(self.keys, values, strict=True):
            record.set(key, value)

    def get(self, record: Any) -> Any:
        raise NotImplementedError

    def set(self, record: Any, value: Any) -> None:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, FunctorKey) and type(self) is type(other)
        return self.keys == other.keys if same else NotImplemented  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.keys)


def _unit(unit: str) -> str:
    return {CoordinateType.PIXEL: "pixel", CoordinateType.CELESTIAL: "rad"}.get(unit, unit)


class _PointKey(FunctorKey):
    endings = ("x", "y")

    def getX(self) -> Key:
        return self.keys[0]

    def getY(self) -> Key:
        return self.keys[1]

    def set(self, record: Any, value: Any) -> None:
        self.store(record, tuple(value))


class Point2DKey(_PointKey):
    """The key of a position."""

    def get(self, record: Any) -> Any:
        from persistence.gen2types.coordinates import Point2D

        return Point2D(*self.numbers(record))


class Point2IKey(_PointKey):
    """The key of a pixel."""

    kind = "I"

    def get(self, record: Any) -> Any:
        from persistence.gen2types.coordinates import Point2I

        return Point2I(*self.numbers(record))


PointDKey, PointIKey = Point2DKey, Point2IKey


class _BoxKey(FunctorKey):
    endings = ("min_x", "min_y", "max_x", "max_y")

    def set(self, record: Any, value: Any) -> None:
        low, high = value.getMin(), value.getMax()
        self.store(record, (*low, *high))


class Box2IKey(_BoxKey):
    """The key of a box of pixels."""

    kind = "I"

    def get(self, record: Any) -> Any:
        from persistence.gen2types.box import Box2I
        from persistence.gen2types.coordinates import Point2I

        x0, y0, x1, y1 = self.numbers(record)
        return Box2I(Point2I(x0, y0), Point2I(x1, y1))

    def getMin(self) -> Point2IKey:
        return Point2IKey(*self.keys[:2])

    def getMax(self) -> Point2IKey:
        return Point2IKey(*self.keys[2:])


class Box2DKey(_BoxKey):
    """The key of a box."""

    def get(self, record: Any) -> Any:
        from persistence.gen2types.box import Box2D
        from persistence.gen2types.coordinates import Point2D

        x0, y0, x1, y1 = self.numbers(record)
        return Box2D(Point2D(x0, y0), Point2D(x1, y1))

    def getMin(self) -> Point2DKey:
        return Point2DKey(*self.keys[:2])

    def getMax(self) -> Point2DKey:
        return Point2DKey(*self.keys[2:])


class CoordKey(FunctorKey):
    """The key of a position on the sky."""

    endings = ("ra", "dec")
    kind = "Angle"

    @classmethod
    def addFields(cls, schema: Schema, name: str, doc: str, unit: str = "") -> Self:
        return super().addFields(schema, name, doc)

    @staticmethod
    def addErrorFields(schema: Schema, prefix: str = "coord") -> Any:
        """Add the errors of a position, and their covariance; return their key."""
        ra = schema.addField(f"{prefix}_raErr", "F", "1-sigma uncertainty in ra", "rad")
        dec = schema.addField(f"{prefix}_decErr", "F", "1-sigma uncertainty in dec", "rad")
        doc = "uncertainty covariance in ra and dec"
        both = schema.addField(f"{prefix}_ra_dec_Cov", "F", doc, "rad^2")
        return CovarianceMatrix2fKey([ra, dec], [both])

    @staticmethod
    def getErrorKey(schema: Schema) -> Any:
        """Return the key of the errors of ``coord``."""
        return CovarianceMatrix2fKey(schema["coord"], ["ra", "dec"])

    def getRa(self) -> Key:
        return self.keys[0]

    def getDec(self) -> Key:
        return self.keys[1]

    def get(self, record: Any) -> Any:
        from persistence.gen2types.spherepoint import SpherePoint

        return SpherePoint(*self.numbers(record))

    def set(self, record: Any, value: Any) -> None:
        self.store(record, (value.getRa(), value.getDec()))


class QuadrupoleKey(FunctorKey):
    """The key of second moments."""

    endings = ("xx", "yy", "xy")

    @classmethod
    def addFields(cls, schema: Schema, name: str, doc: str, unit: str = "pixel") -> Self:
        """Add the moments, in pixels squared or radians squared, and return their key."""
        return super().addFields(schema, name, doc, f"{_unit(unit)}^2")

    def getIxx(self) -> Key:
        return self.keys[0]

    def getIyy(self) -> Key:
        return self.keys[1]

    def getIxy(self) -> Key:
        return self.keys[2]

    def get(self, record: Any) -> Any:
        from persistence.gen2types.ellipses import Quadrupole

        return Quadrupole(*self.numbers(record))

    def set(self, record: Any, value: Any) -> None:
        self.store(record, (value.getIxx(), value.getIyy(), value.getIxy()))


class EllipseKey(FunctorKey):
    """The key of an ellipse: second moments, and where it lies."""

    endings = (*QuadrupoleKey.endings, *_PointKey.endings)

    @classmethod
    def addFields(cls, schema: Schema, name: str, doc: str, unit: str = "pixel") -> Self:
        shape = QuadrupoleKey.addFields(schema, name, doc, unit)
        return cls(*shape.keys, *Point2DKey.addFields(schema, name, doc, unit).keys)

    def getCore(self) -> QuadrupoleKey:
        return QuadrupoleKey(*self.keys[:3])

    def getCenter(self) -> Point2DKey:
        return Point2DKey(*self.keys[3:])

    def get(self, record: Any) -> Any:
        from persistence.gen2types.ellipses import Ellipse

        return Ellipse(self.getCore().get(record), self.getCenter().get(record))

    def set(self, record: Any, value: Any) -> None:
        self.getCore().set(record, value.getCore())
        self.getCenter().set(record, value.getCenter())


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
            found = {
                pair: _first(err, *(f"{names[a]}_{names[b]}_Cov" for a, b in (pair, pair[::-1])))
                for pair in pairs
            }
            self._err: list[Key | None] = errors
            self._cov = {pair: key for pair, key in found.items() if key is not None}
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
        for place, key in enumerate(self._err):
            matrix[place, place] = np.nan if key is None else record.get(key) ** 2
        for (row, column), key in self._cov.items():
            matrix[row, column] = matrix[column, row] = record.get(key)
        return matrix

    def set(self, record: Any, value: Any) -> None:
        for place, key in enumerate(self._err):
            if key is not None:
                record.set(key, float(np.sqrt(value[place][place])))
        for (row, column), key in self._cov.items():
            record.set(key, float(value[row][column]))

    def getElement(self, record: Any, i: int, j: int) -> float:
        return float(self.get(record)[i, j])


def compound(schema: Schema, name: str) -> FunctorKey | None:
    """Return the key of fields that were one until 2014, such as ``coord``; None for others."""
    for kind in (CoordKey, QuadrupoleKey, Point2DKey):
        if all(f"{name}_{ending}" in schema for ending in kind.endings):
            return kind(schema[name])
    return None


def _first(fields: SubSchema, *names: str) -> Key | None:
    there = fields.getNames()
    return next((fields[name].asKey() for name in names if name in there), None)


def _product(one: str, other: str) -> str:
    if not one or not other:
        return one or other
    return f"{one}^2" if one == other else f"{one} {other}"


def _matrix(letter: str) -> type[CovarianceMatrixKey]:
    body = {"kind": letter.upper(), "__doc__": "The key of a matrix of covariances."}
    return type(f"CovarianceMatrixKey{letter}", (CovarianceMatrixKey,), body)


CovarianceMatrix2fKey = CovarianceMatrix3fKey = CovarianceMatrix4fKey = _matrix("f")
CovarianceMatrixXfKey = CovarianceMatrix2fKey
CovarianceMatrix2dKey = CovarianceMatrix3dKey = CovarianceMatrix4dKey = _matrix("d")
CovarianceMatrixXdKey = CovarianceMatrix2dKey
