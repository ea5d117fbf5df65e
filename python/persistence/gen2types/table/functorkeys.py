"""Keys of several fields that form one value: positions, boxes, shapes."""

from __future__ import annotations

from typing import Any, Self

from persistence.gen2types.table.functor import FunctorKey, unit_of
from persistence.gen2types.table.keys import Key
from persistence.gen2types.table.matrixkeys import CovarianceMatrix2fKey
from persistence.gen2types.table.schema import Schema


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
        return super().addFields(schema, name, doc, f"{unit_of(unit)}^2")

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
    """The key of an ellipse: second moments, and its position."""

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


def compound(schema: Schema, name: str) -> FunctorKey | None:
    """Return the key of fields that were one until 2014, such as ``coord``; None for others."""
    for kind in (CoordKey, QuadrupoleKey, Point2DKey):
        if all(f"{name}_{ending}" in schema for ending in kind.endings):
            return kind(schema[name])
    return None
