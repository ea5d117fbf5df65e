"""`AmpInfoRecord`, `AmpInfoTable` and `AmpInfoCatalog`: the amplifiers of a detector, until 2019.

Source of the fields: doc/gen2/afw-files.md, 2.7.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Extent2I, Point2I
from persistence.gen2types.table.basecatalog import BaseCatalog
from persistence.gen2types.table.basetable import BaseTable
from persistence.gen2types.table.records import BaseRecord
from persistence.gen2types.table.schema import Schema

_ENDS = ("min_x", "min_y", "extent_x", "extent_y")
# Coefficients of linearity that a table has room for, and letters of a name.
_COEFFICIENTS, _LETTERS = 4, 64


def _getter(name: str) -> Callable[[Any], Any]:
    return lambda self: self.get(name)


def _setter(name: str) -> Callable[[Any, Any], None]:
    return lambda self, value: self.set(name, value)


def _box(name: str) -> Callable[[Any], Box2I]:
    def get(self: Any) -> Box2I:
        x, y, width, height = (self.get(f"{name}_{end}") for end in _ENDS)
        return Box2I(Point2I(x, y), Extent2I(width, height))

    return get


def _box_setter(name: str) -> Callable[[Any, Box2I], None]:
    def put(self: Any, box: Box2I) -> None:
        for end, number in zip(_ENDS, (*box.getMin(), *box.getDimensions()), strict=True):
            self.set(f"{name}_{end}", number)

    return put


class AmpInfoRecord(BaseRecord):
    """An amplifier."""

    __slots__ = ()

    getName, setName = _getter("name"), _setter("name")
    getGain, setGain = _getter("gain"), _setter("gain")
    getSaturation, setSaturation = _getter("saturation"), _setter("saturation")
    getSuspectLevel, setSuspectLevel = _getter("suspectlevel"), _setter("suspectlevel")
    getReadNoise, setReadNoise = _getter("readnoise"), _setter("readnoise")
    getLinearityType, setLinearityType = _getter("linearity_type"), _setter("linearity_type")
    getHasRawInfo, setHasRawInfo = _getter("hasrawinfo"), _setter("hasrawinfo")
    getRawFlipX, setRawFlipX = _getter("raw_flip_x"), _setter("raw_flip_x")
    getRawFlipY, setRawFlipY = _getter("raw_flip_y"), _setter("raw_flip_y")
    getBBox, setBBox = _box("bbox"), _box_setter("bbox")
    getRawBBox, setRawBBox = _box("raw_bbox"), _box_setter("raw_bbox")
    getRawDataBBox, setRawDataBBox = _box("raw_databbox"), _box_setter("raw_databbox")
    getRawHorizontalOverscanBBox = _box("raw_horizontaloverscanbbox")
    setRawHorizontalOverscanBBox = _box_setter("raw_horizontaloverscanbbox")
    getRawVerticalOverscanBBox = _box("raw_verticaloverscanbbox")
    setRawVerticalOverscanBBox = _box_setter("raw_verticaloverscanbbox")
    getRawPrescanBBox, setRawPrescanBBox = _box("raw_prescanbbox"), _box_setter("raw_prescanbbox")

    def getReadoutCorner(self) -> Any:
        # By name: cameras draw themselves, and pictures need tables.
        systems = importlib.import_module("persistence.gen2types.camerageom.systems")
        return systems.ReadoutCorner(self.get("readoutcorner"))

    def setReadoutCorner(self, readCorner: int) -> None:
        self.set("readoutcorner", int(readCorner))

    def getLinearityCoeffs(self) -> Any:
        return self.get("linearity_coeffs")

    def setLinearityCoeffs(self, coeffs: Any) -> None:
        """Set the coefficients; those that are not given are NaN."""
        given = list(coeffs)
        missing = max(_COEFFICIENTS - len(given), 0)
        self.set("linearity_coeffs", [*given, *[float("nan")] * missing])

    def getRawXYOffset(self) -> Extent2I:
        return Extent2I(self.get("raw_xyoffset_x"), self.get("raw_xyoffset_y"))

    def setRawXYOffset(self, xy: Any) -> None:
        for axis, number in zip("xy", xy, strict=True):
            self.set(f"raw_xyoffset_{axis}", number)


class AmpInfoTable(BaseTable):
    """A table of amplifiers."""

    Record = AmpInfoRecord

    @classmethod
    def makeMinimalSchema(cls) -> Schema:
        schema = Schema()
        schema.addField("name", "String", "name of amplifier location in camera", "", _LETTERS)
        _add_box(schema, "bbox", "bbox of amplifier data on assembled image")
        schema.addField("gain", "D", "amplifier gain in e-/ADU", "electron adu-1")
        schema.addField("saturation", "D", "level above which pixels are saturated", "adu")
        schema.addField("suspectlevel", "D", "level above which pixels are suspect", "adu")
        schema.addField("readnoise", "D", "amplifier read noise, in e-", "electron")
        schema.addField("readoutcorner", "I", "readout corner, in the frame of the assembled image")
        schema.addField(
            "linearity_coeffs", "ArrayD", "coefficients for linearity fit", "", _COEFFICIENTS
        )
        schema.addField("linearity_type", "String", "type of linearity model", "", _LETTERS)
        schema.addField("hasrawinfo", "Flag", "is raw amplifier information available?")
        _add_box(schema, "raw_bbox", "bbox of all amplifier pixels on raw image")
        _add_box(schema, "raw_databbox", "bbox of amplifier image pixels on raw image")
        for axis in "xy":
            schema.addField(f"raw_flip_{axis}", "Flag", f"flip {axis} axis of raw image?")
        for axis in "xy":
            doc = "offset from individual amplifier raw image to raw detector image"
            schema.addField(f"raw_xyoffset_{axis}", "I", doc, "pixel")
        for name in ("horizontaloverscan", "verticaloverscan", "prescan"):
            _add_box(schema, f"raw_{name}bbox", f"bbox of {name} pixels on raw image")
        return schema


def _add_box(schema: Schema, name: str, doc: str) -> None:
    for end in _ENDS:
        schema.addField(f"{name}_{end}", "I", doc, "pixel")


class AmpInfoCatalog(BaseCatalog):
    """The amplifiers of a detector."""

    Table = AmpInfoTable
    Record = AmpInfoRecord

    def _sorting(self, key: Any) -> Any:
        return "name" if key is None else key
