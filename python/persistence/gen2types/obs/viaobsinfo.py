"""`MakeRawVisitInfoViaObsInfo`: for headers that astro-metadata-translator knows."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from persistence.files import extras
from persistence.gen2types import unwrap
from persistence.gen2types.angle import Angle, degrees
from persistence.gen2types.datetimes import DateTime
from persistence.gen2types.images.site import Observatory, Weather
from persistence.gen2types.images.visitinfo import RotType, VisitInfo
from persistence.gen2types.obs.rawvisitinfo import MakeRawVisitInfo
from persistence.gen2types.spherepoint import SpherePoint

# How the translator calls the zero point of the rotator's angle.
_ROTATORS = {"sky": RotType.SKY}
_PASCALS_PER_HECTOPASCAL = 100.0


class MakeRawVisitInfoViaObsInfo(MakeRawVisitInfo):
    """A converter to a `VisitInfo` by a translator of astro-metadata-translator.

    Attributes
    ----------
    metadataTranslator : `type` or None
        The translator of the camera; by default the one that knows the header.
    """

    metadataTranslator: ClassVar[Any] = None

    def __call__(self, md: Any, exposureId: int | None = None, pedantic: bool = False) -> VisitInfo:
        """Return the `VisitInfo` of a raw's metadata.

        Raises
        ------
        MissingExtra
            If astro-metadata-translator is not installed.
        ValueError
            If no translator knows the header.
        """
        with extras.needed("astro_metadata_translator", f"{type(self).__name__}"):
            from astro_metadata_translator import ObservationInfo
        ours = unwrap(md)
        header = ours.toDict() if hasattr(ours, "toDict") else ours
        info = ObservationInfo(header, translator_class=self.metadataTranslator, pedantic=pedantic)
        if self.doStripHeader:
            for name in info.cards_used:
                md.remove(name)
        return self.observationInfo2visitInfo(info, self.log, exposureId)

    @staticmethod
    def observationInfo2visitInfo(
        obsInfo: Any, log: Any = None, exposureId: int | None = None
    ) -> VisitInfo:
        """Return the `VisitInfo` of an `ObservationInfo`."""
        import astropy.units as u

        named: dict[str, Any] = {
            "exposureId": obsInfo.exposure_id if exposureId is None else exposureId,
            "exposureTime": _number(obsInfo.exposure_time, u.s),
            "darkTime": _number(obsInfo.dark_time, u.s),
            "boresightAirmass": obsInfo.boresight_airmass,
            "boresightRotAngle": _angle(obsInfo.boresight_rotation_angle),
            "boresightRaDec": _point(obsInfo.tracking_radec),
            "rotType": _ROTATORS.get(
                str(obsInfo.boresight_rotation_coord or "").lower(), RotType.UNKNOWN
            ),
            "instrumentLabel": obsInfo.instrument,
        }
        if obsInfo.altaz_begin is not None:
            position = obsInfo.altaz_begin
            named["boresightAzAlt"] = SpherePoint(
                position.az.deg * degrees, position.alt.deg * degrees
            )
        if obsInfo.datetime_begin is not None and obsInfo.datetime_end is not None:
            begin, end = obsInfo.datetime_begin.tai, obsInfo.datetime_end.tai
            middle = begin + 0.5 * (end - begin)
            middle.precision = 9
            named["date"] = DateTime(middle.isot, DateTime.TAI)
        if obsInfo.location is not None:
            longitude, latitude, height = obsInfo.location.to_geodetic()
            named["observatory"] = Observatory(
                longitude.deg * degrees, latitude.deg * degrees, float(height.to_value(u.m))
            )
        named["weather"] = _weather(obsInfo)
        return VisitInfo(**{name: value for name, value in named.items() if value is not None})


def _weather(info: Any) -> Weather:
    import astropy.units as u

    warmth = info.temperature
    pressure = _number(info.pressure, u.hPa)
    humidity = info.relative_humidity
    return Weather(
        math.nan if warmth is None else float(warmth.to_value(u.deg_C, u.temperature())),
        math.nan if pressure is None else pressure * _PASCALS_PER_HECTOPASCAL,
        math.nan if humidity is None else float(humidity),
    )


def _number(quantity: Any, unit: Any) -> float | None:
    return None if quantity is None else float(quantity.to_value(unit))


def _angle(angle: Any) -> Angle | None:
    return None if angle is None else float(angle.deg) * degrees


def _point(position: Any) -> SpherePoint | None:
    if position is None:
        return None
    sky = position.icrs
    return SpherePoint(float(sky.ra.deg) * degrees, float(sky.dec.deg) * degrees)
