"""afw's methods of exposures, for scripts written for them."""

from __future__ import annotations

from typing import Any


class ExposureNames:
    """Getters and setters of an exposure's parts under afw's names, such as ``getPsf``."""

    def setWcs(self: Any, wcs: Any) -> None:
        self.wcs = wcs

    def setPsf(self: Any, psf: Any) -> None:
        self.psf = psf

    def setPhotoCalib(self: Any, photoCalib: Any) -> None:
        self.photo_calib = photoCalib

    def setCalib(self: Any, calib: Any) -> None:
        self.photo_calib = calib

    def setFilter(self: Any, filter: Any) -> None:
        self.filter = filter

    def setDetector(self: Any, detector: Any) -> None:
        self.detector = detector

    def setApCorrMap(self: Any, apCorrMap: Any) -> None:
        self.ap_corr_map = apCorrMap

    def setValidPolygon(self: Any, polygon: Any) -> None:
        self.valid_polygon = polygon

    def setVisitInfo(self: Any, visitInfo: Any) -> None:
        self.visit_info = visitInfo

    def setImage(self: Any, image: Any) -> None:
        self.image = image

    def setMask(self: Any, mask: Any) -> None:
        self.mask = mask

    def setVariance(self: Any, variance: Any) -> None:
        self.variance = variance

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

    def getCalib(self: Any) -> Any:
        return self.photo_calib

    def getImage(self: Any) -> Any:
        return self.image

    def getMask(self: Any) -> Any:
        return self.mask

    def getVariance(self: Any) -> Any:
        return self.variance

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
