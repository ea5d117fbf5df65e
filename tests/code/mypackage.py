"""What the ten use cases' policies name: the request's own code, on this package's types."""

from __future__ import annotations

from typing import Any

from astropy.table import hstack

from persistence import CameraMapper


class MyMapper(CameraMapper):
    """The camera of the use cases: each has a policy of its own."""


# -- 1. an exposure with an updated WCS and calibration
# ------------------------------------------------------


def JointcalAssembler(dataId: Any, componentDict: Any, classObj: Any) -> Any:
    exposure = componentDict["calexp"]
    exposure.setWcs(componentDict["wcs"])
    exposure.setCalib(componentDict["calib"])
    return exposure


def JointcalDisassembler(exposure: Any, dataId: Any, componentDict: Any) -> None:
    componentDict["calexp"] = None
    componentDict["wcs"] = exposure.getWcs()
    componentDict["calib"] = exposure.getCalib()


# -- 3. catalogs with their WCS and calibration
# --------------------------------------------------------------


def by_attributes_assembler(dataId: Any, componentDict: Any, classObj: Any) -> Any:
    srcCat = componentDict["icSrc"]
    srcCat.wcs = componentDict["wcs"]
    srcCat.calib = componentDict["calib"]
    return srcCat


def by_attributes_disassembler(srcCat: Any, dataId: Any, componentDict: Any) -> None:
    componentDict["icSrc"] = srcCat
    componentDict["wcs"] = srcCat.wcs
    componentDict["calib"] = srcCat.calib


class SourceCatalogWithInfo:
    """A pure container, which the generic assembler fills by its setters."""

    def setIcSrc(self, sourceCatalog: Any) -> None:
        self.sourceCatalog = sourceCatalog

    def getIcSrc(self) -> Any:
        return self.sourceCatalog

    def setWcs(self, wcs: Any) -> None:
        self.wcs = wcs

    def getWcs(self) -> Any:
        return self.wcs

    def setCalib(self, calib: Any) -> None:
        self.calib = calib

    def getCalib(self) -> Any:
        return self.calib


def by_setters_assembler(dataId: Any, componentDict: Any, classObj: Any) -> Any:
    srcCatEx = classObj()
    srcCatEx.setIcSrc(componentDict["icSrc"])
    srcCatEx.setWcs(componentDict["wcs"])
    srcCatEx.setCalib(componentDict["calib"])
    return srcCatEx


def by_setters_disassembler(srcCatEx: Any, dataId: Any, componentDict: Any) -> None:
    componentDict["icSrc"] = srcCatEx.getIcSrc()
    componentDict["wcs"] = srcCatEx.getWcs()
    componentDict["calib"] = srcCatEx.getCalib()


# -- 4. before and after detection
# ---------------------------------------------------------------------------


class ExposureWithBackground:
    """An exposure and its background."""

    def setExposure(self, exposure: Any) -> None:
        self.exposure = exposure

    def getExposure(self) -> Any:
        return self.exposure

    def setBackground(self, background: Any) -> None:
        self.background = background

    def getBackground(self) -> Any:
        return self.background


def ExposureWithBackgroundAssembler(dataId: Any, componentDict: Any, classObj: Any) -> Any:
    made = classObj()
    made.setExposure(componentDict["exposure"])
    made.setBackground(componentDict["background"])
    return made


def ExposureWithBackgroundDisassembler(obj: Any, dataId: Any, componentDict: Any) -> None:
    componentDict["exposure"] = obj.exposure
    componentDict["background"] = obj.background


# -- 5. catalogs joined by the request's own assembler
# -------------------------------------------------------


def srccat_bg_assembler(dataId: Any, componentDict: Any, classObj: Any) -> Any:
    return hstack([componentDict["blue"], componentDict["green"]], table_names=["blue", "green"])


# -- 6. rows of many catalogs
# --------------------------------------------------------------------------------


def AssembleAggregateDeepCoadd(dataId: Any, componentDict: Any, classObj: Any) -> Any:
    rows = [row for catalog in componentDict["deepCoaddSrc"] for row in catalog]
    return classObj(rows=rows, names=componentDict["deepCoaddSrc"][0].colnames)


# -- 7. a coadd and the exposures that went into it
# ----------------------------------------------------------


class CoaddWithInputs:
    """A coadd with the WCS of each exposure in it."""

    coadd: Any
    input_wcs: list[Any]


# -- 9. a replaced mask plane
# --------------------------------------------------------------------------------


def replace_plane(dataId: Any, componentDict: Any, classObj: Any) -> Any:
    exposure = componentDict["exposure"]
    mask = exposure.getMask()
    plane = componentDict["detected"].image != 0
    bit = mask.planes["DETECTED"]
    exposure.setMask(
        type(mask)(
            (mask.array & ~(1 << bit)) | (plane.astype(mask.array.dtype) << bit), mask.planes
        )
    )
    return exposure


# -- 10. all detectors of a visit
# ----------------------------------------------------------------------------


class CcdExposure:
    """A detector's exposure with what its visit has."""

    def __init__(self, exposure: Any, visit: Any) -> None:
        self.exposure, self.visit = exposure, visit


class VisitExposure:
    """All detectors of a visit."""

    def __init__(self, ccds: list[CcdExposure]) -> None:
        self.ccds = ccds
