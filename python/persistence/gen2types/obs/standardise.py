"""Gen2's creation of exposures from raw data: `exposureFromImage`, and hooks that call it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import FormatterError, PersistenceError, told
from persistence.gen2types import wrap
from persistence.gen2types.datetimes import DateTime
from persistence.gen2types.face import Face
from persistence.gen2types.images.exposure import (
    Exposure,
    makeExposure,
    makeImageFromArray,
    makeMaskedImage,
)
from persistence.gen2types.images.filters import Filter
from persistence.gen2types.images.image import DecoratedImage, Image
from persistence.gen2types.images.maskedimage import MaskedImage
from persistence.gen2types.images.visitinfo import VisitInfo
from persistence.gen2types.logs import Log
from persistence.gen2types.obs.rawvisitinfo import MakeRawVisitInfo
from persistence.gen2types.obs.skywcs import InitialSkyWcsError, createInitialSkyWcs
from persistence.gen2types.wcsmake import makeSkyWcs
from persistence.types.exposure.exposure import Exposure as OurExposure


def exposureFromImage(
    image: Any,
    dataId: Mapping[str, Any] | None = None,
    mapper: Any = None,
    logger: Any = None,
    setVisitInfo: bool = True,
    setFilter: bool = False,
    setExposureId: bool = False,
) -> Any:
    """Return an exposure of an image: with afw's names, if the image has them.

    Parameters
    ----------
    image : `Exposure`, `MaskedImage`, `Image`, `DecoratedImage` or array
        What was read. An exposure stays one; of others, the pixels are shared.
    dataId : mapping, optional
        The data ID.
    mapper : `CameraMapper`, optional
        Knows the header's keywords, and how exposures are numbered.
    logger : optional
        The log for missing values.
    setVisitInfo, setFilter, setExposureId : `bool`, optional
        Whether the visit is set as the camera makes it of the header, the filter by the data ID,
        and the number of the exposure with the visit.

    Raises
    ------
    FormatterError
        If it is not an image.
    """
    exposure = _as_exposure(image)
    known: dict[str, Any] = {} if dataId is None else {"dataId": dataId}
    if mapper is not None:
        known["translator"] = mapper.translator
    if dataId is not None and hasattr(known.get("translator"), "of_exposure"):
        number = _number(mapper, dataId, logger) if setVisitInfo else None
        known["translator"] = mapper.translator.of_exposure(number, setVisitInfo)
    if known:
        exposure = wrap(exposure.astropy.replaced(**known))
    if setFilter and dataId and exposure.getFilterLabel() is None and "filter" in dataId:
        exposure.setFilter(Filter(dataId["filter"]))
    return exposure if isinstance(image, Face) else exposure.astropy


def _as_exposure(image: Any) -> Any:
    image = image if not isinstance(image, OurExposure) else wrap(image)
    if isinstance(image, Exposure):
        return image
    if isinstance(image, DecoratedImage):
        exposure = makeExposure(makeMaskedImage(image.getImage()))
        exposure.setMetadata(image.getMetadata())
        return exposure
    if isinstance(image, Image):
        return makeExposure(makeMaskedImage(image))
    if isinstance(image, MaskedImage):
        return makeExposure(image)
    pixels = np.asanyarray(image)
    if pixels.ndim != 2:
        raise FormatterError(
            f"an image of two dimensions is expected, not of {pixels.ndim}: {type(image).__name__}"
        )
    return makeExposure(makeMaskedImage(makeImageFromArray(pixels)))


def _number(mapper: Any, data_id: Mapping[str, Any], logger: Any) -> int | None:
    try:
        return int(mapper._computeCcdExposureId(data_id))
    except (NotImplementedError, LookupError, PersistenceError) as error:
        if logger is not None:
            logger.warn("Unable to set exposure id: %s", told(error))
        return None


class Standardising(CameraMapper):
    """The hooks of Gen2's mapper that create exposures from raw data, for cameras to call."""

    MakeRawVisitInfoClass: ClassVar[Any] = MakeRawVisitInfo
    camera: Any

    if TYPE_CHECKING:

        @property
        def log(self) -> Any: ...
        @property
        def makeRawVisitInfo(self) -> Any: ...

    def std_raw(self, item: Any, dataId: Mapping[str, Any]) -> Any:
        """Return the exposure of a raw."""
        mapping = self.mappings.get("raw")
        return self._standardizeExposure(mapping, item, dataId, trimmed=False, setExposureId=True)

    def _standardizeExposure(
        self,
        mapping: Any,
        item: Any,
        dataId: Mapping[str, Any],
        filter: bool = True,
        trimmed: bool = True,
        setVisitInfo: bool = True,
        setExposureId: bool = False,
    ) -> Any:
        """Return the exposure of an item, with visit, detector, WCS and filter."""
        is_exposure = isinstance(item, Exposure | OurExposure)
        exposure = exposureFromImage(
            item, dataId, self, self.log, setVisitInfo=setVisitInfo, setExposureId=setExposureId
        )
        level = str(getattr(mapping, "level", None) or "").lower()
        if level == "ccd":
            self._setCcdDetector(exposure, dataId, trimmed)
        elif level == "amp":
            self._setAmpDetector(exposure, dataId, trimmed)
        if level != "amp" and not is_exposure and len(exposure.getMetadata()):
            self._createInitialSkyWcs(exposure)
        if filter:
            self._setFilter(mapping, exposure, dataId)
        return exposure

    def _setCcdDetector(self, item: Any, dataId: Mapping[str, Any], trimmed: bool = True) -> None:
        """Set the detector of a data ID, unless there is one."""
        if item.getDetector() is not None or self.camera is None:
            return
        name = self._extractDetectorName(dataId)
        if name not in self.camera:
            self.log.warn("the camera has no detector %r, of %s", name, dict(dataId))
            return
        item.setDetector(self.camera[name])

    def _setAmpDetector(self, item: Any, dataId: Mapping[str, Any], trimmed: bool = True) -> None:
        """Set the detector that the amplifier of a data ID is of."""
        self._setCcdDetector(item, dataId, trimmed)

    def _setFilter(self, mapping: Any, item: Any, dataId: Mapping[str, Any]) -> None:
        """Set the filter of the data ID, or of the registry, unless there is one."""
        if not isinstance(item, Exposure) or item.getFilterLabel() is not None:
            return
        known = dataId if "filter" in dataId else mapping.need(["filter"], dataId)
        item.setFilter(Filter(known["filter"]))

    def _setTimes(self, mapping: Any, item: Any, dataId: Mapping[str, Any]) -> None:
        """Set the time of the exposure (s) and its middle by EXPTIME and MJD-OBS (UTC)."""
        metadata = item.getMetadata()
        if not metadata.exists("EXPTIME"):
            return
        time = float(metadata.getScalar("EXPTIME"))
        named: dict[str, Any] = {"exposureTime": time}
        if metadata.exists("MJD-OBS"):
            begin = DateTime(metadata.getScalar("MJD-OBS"), DateTime.MJD, DateTime.UTC)
            named["date"] = DateTime(begin.nsecs() + int(time * 0.5e9))
        item.getInfo().setVisitInfo(VisitInfo(**named))

    def _createInitialSkyWcs(self, exposure: Any) -> None:
        """Set the WCS: the header's, or that of the boresight and the camera."""
        self._createSkyWcsFromMetadata(exposure)
        visit, detector = exposure.getInfo().getVisitInfo(), exposure.getDetector()
        if visit is None or detector is None:
            return
        try:
            exposure.setWcs(createInitialSkyWcs(visit, detector))
        except InitialSkyWcsError as error:
            self.log.debug("the header's WCS stays: %s", error)

    def _createSkyWcsFromMetadata(self, exposure: Any) -> None:
        """Set the WCS of the header, and remove its cards; without any, do nothing."""
        try:
            exposure.setWcs(makeSkyWcs(exposure.getMetadata(), strip=True))
        except (TypeError, ValueError, RuntimeError) as error:
            self.log.debug("Cannot create a WCS from metadata: %s", told(error))

    def _setCcdExposureId(self, propertyList: Any, dataId: Mapping[str, Any]) -> Any:
        propertyList.set("Computed_ccdExposureId", self._computeCcdExposureId(dataId))
        return propertyList


def logger() -> Log:
    """Return the log of Gen2's mappers."""
    return Log.getLogger("CameraMapper")
