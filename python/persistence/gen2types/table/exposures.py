"""`ExposureRecord`, `ExposureTable` and `ExposureCatalog`: exposures, with their components."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from persistence.gen2types import wrap
from persistence.gen2types.box import Box2D
from persistence.gen2types.coordinates import Point2D
from persistence.gen2types.table.basecatalog import BaseCatalog
from persistence.gen2types.table.basetable import BaseTable
from persistence.gen2types.table.functorkeys import Box2IKey
from persistence.gen2types.table.records import BaseRecord
from persistence.gen2types.table.schema import Schema


def _getter(*names: str) -> Callable[[Any], Any]:
    """Return a getter of an object, by its name of today or an older one."""

    def get(self: Any) -> Any:
        objects = (self.block.object(name, self.row) for name in names)
        return wrap(next((candidate for candidate in objects if candidate is not None), None))

    return get


def _setter(name: str) -> Callable[[Any, Any], None]:
    def put(self: Any, value: Any) -> None:
        self.block.set_object(name, self.row, value)

    return put


class ExposureRecord(BaseRecord):
    """An exposure: its number, its box, its WCS, its PSF and so on."""

    __slots__ = ()
    _names = (
        *("wcs", "psf", "photoCalib", "calib", "apCorrMap", "validPolygon", "visitInfo"),
        *("transmissionCurve", "detector"),
    )

    getWcs, setWcs = _getter("wcs"), _setter("wcs")
    getPsf, setPsf = _getter("psf"), _setter("psf")
    getPhotoCalib, setPhotoCalib = _getter("photoCalib", "calib"), _setter("photoCalib")
    getCalib, setCalib = getPhotoCalib, setPhotoCalib
    getApCorrMap, setApCorrMap = _getter("apCorrMap"), _setter("apCorrMap")
    getValidPolygon, setValidPolygon = _getter("validPolygon"), _setter("validPolygon")
    getVisitInfo, setVisitInfo = _getter("visitInfo"), _setter("visitInfo")
    getDetector, setDetector = _getter("detector"), _setter("detector")
    getTransmissionCurve = _getter("transmissionCurve")
    setTransmissionCurve = _setter("transmissionCurve")

    def getId(self) -> int:
        number: int = self.get("id")
        return number

    def setId(self, id: int) -> None:
        self.set("id", id)

    def getBBox(self) -> Any:
        return Box2IKey(self.schema["bbox"]).get(self)

    def setBBox(self, bbox: Any) -> None:
        Box2IKey(self.schema["bbox"]).set(self, bbox)

    def contains(self, *args: Any, includeValidPolygon: bool = False) -> bool:
        """Return whether the exposure covers a position.

        Parameters
        ----------
        *args : `SpherePoint`; or `Point2D` and `SkyWcs`; and perhaps `bool`
            The position, on the sky or by pixels of another WCS; and whether the valid polygon
            counts, too.
        includeValidPolygon : `bool`, optional
            The same.
        """
        flags = [arg for arg in args if isinstance(arg, bool)]
        position, *others = (arg for arg in args if not isinstance(arg, bool))
        if others:
            position = others[0].pixelToSky(position)
        wcs = self.getWcs()
        if wcs is None:
            from persistence.gen2types.exceptions import LogicError

            raise LogicError("ExposureRecord does not have a Wcs; cannot call contains()")
        pixel = Point2D(wcs.skyToPixel(position))
        inside = bool(np.isfinite(tuple(pixel)).all()) and Box2D(self.getBBox()).contains(pixel)
        polygon = self.getValidPolygon() if includeValidPolygon or any(flags) else None
        return bool(inside and (polygon is None or polygon.contains(pixel)))


class ExposureTable(BaseTable):
    """A table of exposures."""

    Record = ExposureRecord

    @classmethod
    def makeMinimalSchema(cls) -> Schema:
        schema = Schema()
        schema.addField("id", "L", "unique ID")
        Box2IKey.addFields(schema, "bbox", "bounding box", "pixel")
        return schema


class ExposureCatalog(BaseCatalog):
    """Exposures."""

    Table = ExposureTable
    Record = ExposureRecord

    def _sorting(self, key: Any) -> Any:
        return "id" if key is None else key

    def subsetContaining(self, *args: Any) -> ExposureCatalog:
        """Return the exposures that cover a position; see `ExposureRecord.contains`."""
        return self.subset(np.array([record.contains(*args) for record in self], bool))
