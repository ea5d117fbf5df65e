"""Slots: the measurements that a table of sources calls its centroid, its shape, its fluxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from persistence.gen2types.table.functorkeys import Point2DKey, QuadrupoleKey
from persistence.gen2types.table.keys import Key
from persistence.gen2types.table.matrixkeys import CovarianceMatrix2fKey, CovarianceMatrix3fKey
from persistence.gen2types.table.schema import Schema

# Slots that older tables have under another name.
_OLDER: Mapping[str, str] = {"GaussianFlux": "InstFlux"}
_FLUX = ("_instFlux", "_flux", "")
_FLUX_ERR = ("_instFluxErr", "_fluxErr", "_fluxSigma", "_err")


class Slot(NamedTuple):
    """The fields of a slot.

    Attributes
    ----------
    name : `str`
        The slot.
    schema : `Schema`
        Where its fields are.
    """

    name: str
    schema: Schema

    def key(self, *endings: str) -> Key:
        """Return the key of the first field of the slot with one of some endings.

        It is invalid if there is none.
        """
        for slot in (self.name, _OLDER.get(self.name, self.name)):
            for ending in endings:
                name = f"slot_{slot}{ending}"
                if name in self.schema:
                    return self.schema.find(name).key
        missing: Key = Key["Flag" if endings[0] == "_flag" else "D"]()
        return missing

    def isValid(self) -> bool:
        return bool(self.getMeasKey().isValid())

    def getMeasKey(self) -> Any:
        if self.name == "Centroid":
            return Point2DKey(self.key("_x"), self.key("_y"))
        if self.name == "Shape":
            return QuadrupoleKey(self.key("_xx"), self.key("_yy"), self.key("_xy"))
        return self.key(*_FLUX)

    def getErrKey(self) -> Any:
        subschema = self.schema[self.getAlias()]
        if self.name == "Centroid":
            return CovarianceMatrix2fKey(subschema, ["x", "y"])
        if self.name == "Shape":
            return CovarianceMatrix3fKey(subschema, ["xx", "yy", "xy"])
        return self.key(*_FLUX_ERR)

    def getFlagKey(self) -> Key:
        return self.key("_flag")

    def getAlias(self) -> str:
        return f"slot_{self.name}"


def _value(slot: str, *endings: str) -> Callable[[Any], Any]:
    """Return a getter of a slot's field, for records and for columns."""

    def get(self: Any) -> Any:
        return self.get(Slot(slot, self.schema).key(*endings).checked())

    return get


class SlotGetters:
    """Getters of slots, of one record or of all."""

    __slots__ = ()

    getX = _value("Centroid", "_x")
    getY = _value("Centroid", "_y")
    getCentroidFlag = _value("Centroid", "_flag")
    getIxx = _value("Shape", "_xx")
    getIyy = _value("Shape", "_yy")
    getIxy = _value("Shape", "_xy")
    getShapeFlag = _value("Shape", "_flag")
    getPsfInstFlux = getPsfFlux = _value("PsfFlux", *_FLUX)
    getPsfInstFluxErr = getPsfFluxErr = _value("PsfFlux", *_FLUX_ERR)
    getPsfFluxFlag = getPsfInstFluxFlag = _value("PsfFlux", "_flag")
    getApInstFlux = getApFlux = _value("ApFlux", *_FLUX)
    getApInstFluxErr = getApFluxErr = _value("ApFlux", *_FLUX_ERR)
    getApFluxFlag = getApInstFluxFlag = _value("ApFlux", "_flag")
    getGaussianInstFlux = getGaussianFlux = getInstFlux = _value("GaussianFlux", *_FLUX)
    getGaussianInstFluxErr = getGaussianFluxErr = _value("GaussianFlux", *_FLUX_ERR)
    getInstFluxErr = getGaussianFluxErr
    getGaussianFluxFlag = getGaussianInstFluxFlag = _value("GaussianFlux", "_flag")
    getInstFluxFlag = getGaussianFluxFlag
    getModelInstFlux = getModelFlux = _value("ModelFlux", *_FLUX)
    getModelInstFluxErr = getModelFluxErr = _value("ModelFlux", *_FLUX_ERR)
    getModelFluxFlag = getModelInstFluxFlag = _value("ModelFlux", "_flag")
    getCalibInstFlux = getCalibFlux = _value("CalibFlux", *_FLUX)
    getCalibInstFluxErr = getCalibFluxErr = _value("CalibFlux", *_FLUX_ERR)
    getCalibFluxFlag = getCalibInstFluxFlag = _value("CalibFlux", "_flag")


def _defined(slot: str) -> Callable[[Any, str], None]:
    def define(self: Any, name: str) -> None:
        self.schema.getAliasMap().set(f"slot_{slot}", name)

    return define


def _definition(slot: str) -> Callable[[Any], str]:
    def get(self: Any) -> str:
        name: str = self.schema.getAliasMap().get(f"slot_{slot}")
        return name

    return get


def _slot(slot: str) -> Callable[[Any], Slot]:
    return lambda self: Slot(slot, self.schema)


def _key(slot: str, which: str) -> Callable[[Any], Any]:
    return lambda self: getattr(Slot(slot, self.schema), which)()


class SlotDefinitions:
    """The slots of a table."""

    defineCentroid = _defined("Centroid")
    defineShape = _defined("Shape")
    definePsfFlux = _defined("PsfFlux")
    defineApFlux = _defined("ApFlux")
    defineGaussianFlux = _defined("GaussianFlux")
    defineInstFlux = _defined("InstFlux")
    defineModelFlux = _defined("ModelFlux")
    defineCalibFlux = _defined("CalibFlux")
    getCentroidDefinition = _definition("Centroid")
    getShapeDefinition = _definition("Shape")
    getPsfFluxDefinition = _definition("PsfFlux")
    getApFluxDefinition = _definition("ApFlux")
    getGaussianFluxDefinition = _definition("GaussianFlux")
    getInstFluxDefinition = _definition("InstFlux")
    getModelFluxDefinition = _definition("ModelFlux")
    getCalibFluxDefinition = _definition("CalibFlux")
    getCentroidSlot = _slot("Centroid")
    getShapeSlot = _slot("Shape")
    getPsfFluxSlot = _slot("PsfFlux")
    getApFluxSlot = _slot("ApFlux")
    getGaussianFluxSlot = getInstFluxSlot = _slot("GaussianFlux")
    getModelFluxSlot = _slot("ModelFlux")
    getCalibFluxSlot = _slot("CalibFlux")
    getCentroidKey = _key("Centroid", "getMeasKey")
    getCentroidErrKey = _key("Centroid", "getErrKey")
    getCentroidFlagKey = _key("Centroid", "getFlagKey")
    getShapeKey = _key("Shape", "getMeasKey")
    getShapeErrKey = _key("Shape", "getErrKey")
    getShapeFlagKey = _key("Shape", "getFlagKey")
    getPsfFluxKey = _key("PsfFlux", "getMeasKey")
    getPsfFluxErrKey = _key("PsfFlux", "getErrKey")
    getPsfFluxFlagKey = _key("PsfFlux", "getFlagKey")
    getApFluxKey = _key("ApFlux", "getMeasKey")
    getApFluxErrKey = _key("ApFlux", "getErrKey")
    getApFluxFlagKey = _key("ApFlux", "getFlagKey")
    getGaussianFluxKey = getInstFluxKey = _key("GaussianFlux", "getMeasKey")
    getGaussianFluxErrKey = getInstFluxErrKey = _key("GaussianFlux", "getErrKey")
    getGaussianFluxFlagKey = getInstFluxFlagKey = _key("GaussianFlux", "getFlagKey")
    getModelFluxKey = _key("ModelFlux", "getMeasKey")
    getModelFluxErrKey = _key("ModelFlux", "getErrKey")
    getModelFluxFlagKey = _key("ModelFlux", "getFlagKey")
    getCalibFluxKey = _key("CalibFlux", "getMeasKey")
    getCalibFluxErrKey = _key("CalibFlux", "getErrKey")
    getCalibFluxFlagKey = _key("CalibFlux", "getFlagKey")
