"""`FunctorKey`: the base of keys of several fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

from persistence.gen2types.table.keys import Key
from persistence.gen2types.table.schema import Schema


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
                schema.addField(f"{name}_{ending}", cls.kind, doc, unit_of(unit))
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


def unit_of(unit: str) -> str:
    """Return the unit of a `CoordinateType`; other units are returned as they are."""
    return {CoordinateType.PIXEL: "pixel", CoordinateType.CELESTIAL: "rad"}.get(unit, unit)
