"""`ExposureInfo`: the components of an exposure; the exposure itself has the same methods."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from persistence.errors import FormatterError
from persistence.gen2types import unwrap, wrap
from persistence.gen2types.face import Face
from persistence.gen2types.images import imagefiles
from persistence.gen2types.images.calib import Calib
from persistence.gen2types.images.filters import Filter, FilterLabel
from persistence.gen2types.images.metadata import Metadata, without_sky
from persistence.types.exposure.exposure import Exposure


class Described(Face[Exposure]):
    """Methods that return and set the components of an exposure."""

    _metadata: Metadata

    def _get(self, name: str) -> Any:
        return wrap(getattr(self._ours, name))

    def _set(self, name: str, value: Any) -> None:
        setattr(self._ours, name, unwrap(value))

    # -- the sky: as it was stored where an archive has it, for FITS may not know it exactly
    def getWcs(self) -> Any:
        ours = self._ours
        is_headers = ours.given_wcs is not None or ours.changed_wcs is not None
        stored = None if is_headers else ours.components.get("wcs")
        return wrap(ours.wcs if stored is None else stored)

    def setWcs(self, wcs: Any) -> None:
        if wcs is None:
            without_sky(self._ours)
        else:
            self._set("wcs", wcs)

    def hasWcs(self) -> bool:
        try:
            return self.getWcs() is not None
        except FormatterError:  # cards that make none: getWcs has the reason
            return False

    # -- filter and calibration, in their older and newer forms
    def getFilter(self) -> Filter:
        label = self._ours.filter
        return Filter() if label is None else Filter.of(label)

    def getFilterLabel(self) -> FilterLabel | None:
        label = self._ours.filter
        return None if label is None else FilterLabel.of(label)

    def setFilter(self, filter: Any) -> None:
        self._set("filter", filter)

    def setFilterLabel(self, filterLabel: Any) -> None:
        self._set("filter", filterLabel)

    def hasFilterLabel(self) -> bool:
        return self._ours.filter is not None

    hasFilter = hasFilterLabel

    def getCalib(self) -> Calib:
        return Calib.of(self._ours.photo_calib, self._ours)

    def setCalib(self, calib: Any) -> None:
        self._set("photo_calib", calib)

    def hasCalib(self) -> bool:
        return self._ours.photo_calib is not None

    # -- components
    def getPsf(self) -> Any:
        return self._get("psf")

    def setPsf(self, psf: Any) -> None:
        self._set("psf", psf)

    def hasPsf(self) -> bool:
        return self._ours.psf is not None

    def getPhotoCalib(self) -> Any:
        return self._get("photo_calib")

    def setPhotoCalib(self, photoCalib: Any) -> None:
        self._set("photo_calib", photoCalib)

    def hasPhotoCalib(self) -> bool:
        return self._ours.photo_calib is not None

    def getDetector(self) -> Any:
        return self._get("detector")

    def setDetector(self, detector: Any) -> None:
        self._set("detector", detector)

    def hasDetector(self) -> bool:
        return self._ours.detector is not None

    def getApCorrMap(self) -> Any:
        return self._get("ap_corr_map")

    def setApCorrMap(self, apCorrMap: Any) -> None:
        self._set("ap_corr_map", apCorrMap)

    def hasApCorrMap(self) -> bool:
        return self._ours.ap_corr_map is not None

    def getValidPolygon(self) -> Any:
        return self._get("valid_polygon")

    def setValidPolygon(self, polygon: Any) -> None:
        self._set("valid_polygon", polygon)

    def hasValidPolygon(self) -> bool:
        return self._ours.valid_polygon is not None

    def getCoaddInputs(self) -> Any:
        return self._get("coadd_inputs")

    def setCoaddInputs(self, coaddInputs: Any) -> None:
        self._set("coadd_inputs", coaddInputs)

    def hasCoaddInputs(self) -> bool:
        return self._ours.coadd_inputs is not None

    def getTransmissionCurve(self) -> Any:
        return self._get("transmission_curve")

    def setTransmissionCurve(self, curve: Any) -> None:
        self._set("transmission_curve", curve)

    def hasTransmissionCurve(self) -> bool:
        return self._ours.transmission_curve is not None

    def getVisitInfo(self) -> Any:
        return self._get("visit_info")

    def setVisitInfo(self, visitInfo: Any) -> None:
        self._set("visit_info", visitInfo)

    def hasVisitInfo(self) -> bool:
        return True

    # -- the header
    def getMetadata(self) -> Any:
        return self._metadata.get()

    def setMetadata(self, metadata: Any) -> None:
        self._metadata.set(metadata)

    def hasMetadata(self) -> bool:
        return True

    wcs = property(getWcs, setWcs)
    psf = property(getPsf, setPsf)
    photoCalib = property(getPhotoCalib, setPhotoCalib)
    detector = property(getDetector, setDetector)
    apCorrMap = property(getApCorrMap, setApCorrMap)
    validPolygon = property(getValidPolygon, setValidPolygon)
    coaddInputs = property(getCoaddInputs, setCoaddInputs)
    transmissionCurve = property(getTransmissionCurve, setTransmissionCurve)
    visitInfo = property(getVisitInfo, setVisitInfo)
    metadata = property(getMetadata, setMetadata)
    filterLabel = property(getFilterLabel, setFilterLabel)
    filter = property(getFilter, setFilter)


class ExposureInfo(Described):
    """The components of an exposure other than its pixels.

    Parameters
    ----------
    wcs, psf, photoCalib, detector, polygon, filter, metadata, coaddInputs, apCorrMap, visitInfo, \
    transmissionCurve : optional
        The components; None of them is there unless it is given.
    """

    def __init__(
        self,
        wcs: Any = None,
        psf: Any = None,
        photoCalib: Any = None,
        detector: Any = None,
        polygon: Any = None,
        filter: Any = None,
        metadata: Any = None,
        coaddInputs: Any = None,
        apCorrMap: Any = None,
        visitInfo: Any = None,
        transmissionCurve: Any = None,
    ) -> None:
        self._ours = imagefiles.exposure_of(np.zeros((0, 0), np.float32))
        self._metadata = Metadata(self._ours)
        given = {
            "wcs": wcs,
            "psf": psf,
            "photo_calib": photoCalib,
            "detector": detector,
            "valid_polygon": polygon,
            "filter": filter,
            "coadd_inputs": coaddInputs,
            "ap_corr_map": apCorrMap,
            "visit_info": visitInfo,
            "transmission_curve": transmissionCurve,
        }
        for name, value in given.items():
            if value is not None:
                self._set(name, value)
        if metadata is not None:
            self.setMetadata(metadata)

    @classmethod
    def of(cls, ours: Exposure) -> Self:
        return cls.over(ours, Metadata(ours))

    @classmethod
    def over(cls, ours: Exposure, metadata: Metadata) -> Self:
        """Return the face of an exposure's components, which are shared."""
        face = cls.__new__(cls)
        face._ours, face._metadata = ours, metadata
        return face

    @property
    def astropy(self) -> Exposure:
        self._metadata.write_back()
        return self._ours

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def hasComponent(self, key: str) -> bool:
        return self.getComponent(key) is not None

    def getComponent(self, key: str) -> Any:
        """Return a component by its key; None if there is none."""
        name = str(getattr(key, "name", key))
        return wrap(self._ours.components.get(name.lower()))

    def getId(self) -> int | None:
        return self._ours.visit_info.exposure_id

    def hasId(self) -> bool:
        return self.getId() is not None

    id = property(getId)

    def __repr__(self) -> str:
        return f"<ExposureInfo: {', '.join(self._ours.components)}>"
