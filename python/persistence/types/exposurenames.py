"""afw's names of what an exposure has, for scripts written for them."""

from __future__ import annotations

from typing import Any


class ExposureNames:
    """Methods that give the attributes of an exposure."""

    def getWcs(self: Any) -> Any:
        return self.wcs

    def getMetadata(self: Any) -> Any:
        return self.metadata

    def getDetector(self: Any) -> Any:
        return self.detector

    def getFilter(self: Any) -> Any:
        return self.filter

    def getFilterLabel(self: Any) -> Any:
        return self.filter

    def getPsf(self: Any) -> Any:
        return self.psf

    def getPhotoCalib(self: Any) -> Any:
        return self.photo_calib

    def getInfo(self: Any) -> Any:
        return self

    def getMaskedImage(self: Any) -> Any:
        return self

    def getVisitInfo(self: Any) -> Any:
        return self.visit_info

    def getApCorrMap(self: Any) -> Any:
        return self.ap_corr_map

    def getValidPolygon(self: Any) -> Any:
        return self.valid_polygon

    def getCoaddInputs(self: Any) -> Any:
        return self.coadd_inputs

    def getTransmissionCurve(self: Any) -> Any:
        return self.transmission_curve

    def getBBox(self: Any) -> Any:
        return self.bbox
