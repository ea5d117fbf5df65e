"""`SimpleRecord` and `SourceRecord`: rows with a number and a position, and measured sources."""

from __future__ import annotations

from typing import Any

from persistence.gen2types import wrap
from persistence.gen2types.angle import Angle
from persistence.gen2types.table.records import BaseRecord
from persistence.gen2types.table.slots import Slot, SlotGetters


class SimpleRecord(BaseRecord):
    """A row with ``id``, ``coord_ra`` and ``coord_dec``."""

    __slots__ = ()

    def getId(self) -> int:
        number: int = self.get("id")
        return number

    def setId(self, id: int) -> None:
        self.set("id", id)

    def getRa(self) -> Angle:
        angle: Angle = self.get("coord_ra")
        return angle

    def getDec(self) -> Angle:
        angle: Angle = self.get("coord_dec")
        return angle

    def setRa(self, ra: Angle) -> None:
        self.set("coord_ra", ra)

    def setDec(self, dec: Angle) -> None:
        self.set("coord_dec", dec)

    def getCoord(self) -> Any:
        from persistence.gen2types.spherepoint import SpherePoint  # lazy: astropy's coordinates

        return SpherePoint(self.getRa(), self.getDec())

    def setCoord(self, coord: Any) -> None:
        self.setRa(coord.getRa())
        self.setDec(coord.getDec())


class SourceRecord(SlotGetters, SimpleRecord):
    """A row of a measured source, with its footprint."""

    __slots__ = ()
    _names = ("footprint",)

    def getParent(self) -> int:
        number: int = self.get("parent")
        return number

    def setParent(self, id: int) -> None:
        self.set("parent", id)

    def getCentroid(self) -> Any:
        return Slot("Centroid", self.schema).getMeasKey().get(self)

    def getCentroidErr(self) -> Any:
        return Slot("Centroid", self.schema).getErrKey().get(self)

    def getShape(self) -> Any:
        return Slot("Shape", self.schema).getMeasKey().get(self)

    def getShapeErr(self) -> Any:
        return Slot("Shape", self.schema).getErrKey().get(self)

    def getFootprint(self) -> Any:
        """Return the footprint, which is read when it is first accessed; None if there is none."""
        return wrap(self.block.object("footprint", self.row))

    def setFootprint(self, footprint: Any) -> None:
        self.block.set_object("footprint", self.row, footprint)

    def updateCoord(self, wcs: Any, center: Any = None, include_covariance: bool = True) -> None:
        """Set the position on the sky from that on the image.

        Parameters
        ----------
        wcs : `SkyWcs`
            The WCS of the image.
        center : functor key, optional
            The position on the image; the slot's if absent.
        """
        position = self.getCentroid() if center is None else self.get(center)
        self.setCoord(wcs.pixelToSky(position))
