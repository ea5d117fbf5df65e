"""afw's names of what an exposure has, for scripts written for them."""

from __future__ import annotations

from typing import Any


class ExposureNames:
    """Methods that give the attributes of an exposure, and such as set them.

    Scripts change exposures in place.
    """

    def _set(self: Any, **parts: Any) -> None:
        changed = self.replaced(**parts)
        vars(self).clear()  # with what was derived from the old parts, or is shared
        vars(self).update(vars(changed))

    def setWcs(self, wcs: Any) -> None:
        self._set(wcs=wcs)

    def setPsf(self, psf: Any) -> None:
        self._set(psf=psf)

    def setPhotoCalib(self, photoCalib: Any) -> None:
        self._set(photo_calib=photoCalib)

    def setCalib(self, calib: Any) -> None:
        self._set(photo_calib=calib)

    def setFilter(self, filter: Any) -> None:
        self._set(filter=filter)

    def setDetector(self, detector: Any) -> None:
        self._set(detector=detector)

    def setApCorrMap(self, apCorrMap: Any) -> None:
        self._set(ap_corr_map=apCorrMap)

    def setValidPolygon(self, polygon: Any) -> None:
        self._set(valid_polygon=polygon)

    def setVisitInfo(self, visitInfo: Any) -> None:
        self._set(visit_info=visitInfo)

    def setImage(self, image: Any) -> None:
        self._set(image=image)

    def setMask(self, mask: Any) -> None:
        self._set(mask=mask)

    def setVariance(self, variance: Any) -> None:
        self._set(variance=variance)

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
