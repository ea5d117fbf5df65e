"""`PeakRecord`, `PeakTable` and `PeakCatalog`: the peaks of footprints."""

from __future__ import annotations

from typing import Any

from persistence.gen2types.coordinates import Point2D, Point2I
from persistence.gen2types.table.basecatalog import BaseCatalog
from persistence.gen2types.table.basetable import BaseTable
from persistence.gen2types.table.records import BaseRecord
from persistence.gen2types.table.schema import Schema


class PeakRecord(BaseRecord):
    """A peak: where it is, and how high."""

    __slots__ = ()

    def getId(self) -> int:
        number: int = self.get("id")
        return number

    def setId(self, id: int) -> None:
        self.set("id", id)

    def getFx(self) -> float:
        return float(self.get("f_x"))

    def getFy(self) -> float:
        return float(self.get("f_y"))

    def getIx(self) -> int:
        return int(self.get("i_x"))

    def getIy(self) -> int:
        return int(self.get("i_y"))

    def getPeakValue(self) -> float:
        return float(self.get("peakValue"))

    def setFx(self, fx: float) -> None:
        self.set("f_x", fx)

    def setFy(self, fy: float) -> None:
        self.set("f_y", fy)

    def setIx(self, ix: int) -> None:
        self.set("i_x", ix)

    def setIy(self, iy: int) -> None:
        self.set("i_y", iy)

    def setPeakValue(self, peakValue: float) -> None:
        self.set("peakValue", peakValue)

    def getF(self) -> Point2D:
        return Point2D(self.getFx(), self.getFy())

    def getI(self) -> Point2I:
        return Point2I(self.getIx(), self.getIy())

    getCentroid = getF


class PeakTable(BaseTable):
    """A table of peaks."""

    Record = PeakRecord
    counts = True

    @classmethod
    def makeMinimalSchema(cls) -> Schema:
        schema = Schema()
        schema.addField("id", "L", "unique ID")
        for axis in "xy":
            schema.addField(f"f_{axis}", "F", f"subpixel {axis} position of the peak", "pixel")
        for axis in "xy":
            schema.addField(f"i_{axis}", "I", f"integer {axis} position of the peak", "pixel")
        schema.addField("peakValue", "F", "image value at the peak", "")
        return schema


class PeakCatalog(BaseCatalog):
    """Peaks."""

    Table = PeakTable
    Record = PeakRecord

    def _sorting(self, key: Any) -> Any:
        return "id" if key is None else key
