"""`VisitInfo`: time, pointing, duration and circumstances of an exposure."""

from __future__ import annotations

import enum
import math
from dataclasses import replace
from typing import Any

from persistence.gen2types import unwrap
from persistence.gen2types.angle import Angle, degrees
from persistence.gen2types.face import Face
from persistence.gen2types.images.site import Observatory, Weather
from persistence.gen2types.spherepoint import SpherePoint
from persistence.types.exposure.visitcards import ROTATIONS
from persistence.types.exposure.visitinfo import VisitInfo as OurVisit


class RotType(enum.IntEnum):
    """How the angle of the rotator is counted."""

    UNKNOWN = 0
    SKY = 1
    HORIZON = 2
    MOUNT = 3

    __str__ = enum.Enum.__str__  # the name, as afw prints it


class VisitInfo(Face[OurVisit]):
    """The observation of an exposure; unknown values are NaN, 0, or an invalid date.

    Parameters
    ----------
    exposureId : `int` or metadata, optional
        The number of the exposure; or the header that says all.
    exposureTime, darkTime : `float`, optional
        In seconds.
    date : `DateTime`, optional
        The middle of the exposure.
    ut1 : `float`, optional
        The same as a modified Julian date in UT1.
    era : `Angle`, optional
        The Earth's rotation angle then.
    boresightRaDec, boresightAzAlt : `SpherePoint`, optional
        Where the telescope pointed: ICRS; azimuth, from north through east, and altitude.
    boresightAirmass : `float`, optional
    boresightRotAngle : `Angle`, optional
        The angle of the rotator, as ``rotType`` counts it.
    rotType : `RotType`, optional
    observatory : `Observatory`, optional
    weather : `Weather`, optional
    instrumentLabel : `str`, optional
        A short name of the instrument.
    id, focusZ, observationType, scienceProgram, observationReason, object, hasSimulatedContent : \
    optional
        As later versions of afw have them.
    """

    def __init__(
        self,
        exposureId: Any = 0,
        exposureTime: float = math.nan,
        darkTime: float = math.nan,
        date: Any = None,
        ut1: float = math.nan,
        era: Any = math.nan,
        boresightRaDec: SpherePoint | None = None,
        boresightAzAlt: SpherePoint | None = None,
        boresightAirmass: float = math.nan,
        boresightRotAngle: Any = math.nan,
        rotType: RotType = RotType.UNKNOWN,
        observatory: Observatory | None = None,
        weather: Weather | None = None,
        instrumentLabel: str = "",
        id: int = 0,
        focusZ: float = math.nan,
        observationType: str = "",
        scienceProgram: str = "",
        observationReason: str = "",
        object: str = "",
        hasSimulatedContent: bool = False,
    ) -> None:
        if not isinstance(exposureId, int):
            header = unwrap(exposureId)
            self._ours = OurVisit.from_afw(getattr(header, "toDict", lambda: header)())
            return
        longitude, latitude, elevation = _three(observatory)
        temperature, pressure, humidity = _three(weather)
        ra, dec = _degrees_of(boresightRaDec)
        azimuth, altitude = _degrees_of(boresightAzAlt)
        self._ours = OurVisit(
            exposure_id=int(exposureId) or None,
            exposure_time=_known(exposureTime),
            dark_time=_known(darkTime),
            date_middle=_moment(date),
            timescale="tai",
            ut1=_known(ut1),
            era=_degree(era),
            ra=ra,
            dec=dec,
            azimuth=azimuth,
            altitude=altitude,
            airmass=_known(boresightAirmass),
            rotation=_degree(boresightRotAngle),
            rotation_type=RotType(rotType).name,
            longitude=None if longitude is None else math.degrees(longitude),
            latitude=None if latitude is None else math.degrees(latitude),
            elevation=elevation,
            air_temperature=temperature,
            air_pressure=pressure,
            humidity=humidity,
            instrument=instrumentLabel or None,
            id=int(id) or None,
            focus_z=_known(focusZ),
            observation_type=observationType or None,
            science_program=scienceProgram or None,
            observation_reason=observationReason or None,
            object=object or None,
            has_simulated_content=bool(hasSimulatedContent),
        )

    # -- when and how long
    def getExposureId(self) -> int:
        return self._ours.exposure_id or 0

    def getId(self) -> int:
        return self._ours.id or 0

    def getExposureTime(self) -> float:
        return _number(self._ours.exposure_time)

    def getDarkTime(self) -> float:
        return _number(self._ours.dark_time)

    def getDate(self) -> Any:
        """Return the middle of the exposure as a `DateTime`; an invalid one if it is not known."""
        from persistence.gen2types.datetimes import DateTime

        date = self._ours.date_avg
        return DateTime() if date is None else DateTime.of(date)

    def getUt1(self) -> float:
        return _number(self._ours.ut1)

    def getEra(self) -> Angle:
        return _angle(self._ours.era)

    def getLocalEra(self) -> Angle:
        """Return the Earth's rotation angle at the telescope's longitude, not wrapped."""
        return self.getEra() + _angle(self._ours.longitude)

    # -- where to
    def getBoresightRaDec(self) -> SpherePoint:
        pointing = self._ours.boresight
        if pointing is None:
            return SpherePoint(math.nan, math.nan, degrees)
        return SpherePoint(float(pointing.ra.deg), float(pointing.dec.deg), degrees)

    def getBoresightAzAlt(self) -> SpherePoint:
        azimuth, altitude = self._ours.azimuth, self._ours.altitude
        return SpherePoint(_number(azimuth), _number(altitude), degrees)

    def getBoresightAirmass(self) -> float:
        return _number(self._ours.airmass)

    def getBoresightHourAngle(self) -> Angle:
        """Return `getLocalEra` less the right ascension, not wrapped."""
        return self.getLocalEra() - self.getBoresightRaDec().getRa()

    def getBoresightParAngle(self) -> Angle:
        """Return the angle at the pointing from the north celestial pole to the zenith."""
        return _angle(self._ours.parallactic_angle)

    def getBoresightRotAngle(self) -> Angle:
        return _angle(self._ours.rotation)

    def getRotType(self) -> RotType:
        return RotType[self._ours.rotation_type or ROTATIONS[0]]

    # -- where from, with what
    def getObservatory(self) -> Observatory:
        ours = self._ours
        return Observatory(_angle(ours.longitude), _angle(ours.latitude), _number(ours.elevation))

    def getWeather(self) -> Weather:
        ours = self._ours
        numbers = (ours.air_temperature, ours.air_pressure, ours.humidity)
        return Weather(*map(_number, numbers))

    def getInstrumentLabel(self) -> str:
        return self._ours.instrument or ""

    def getFocusZ(self) -> float:
        return _number(self._ours.focus_z)

    def getObservationType(self) -> str:
        return self._ours.observation_type or ""

    def getScienceProgram(self) -> str:
        return self._ours.science_program or ""

    def getObservationReason(self) -> str:
        return self._ours.observation_reason or ""

    def getObject(self) -> str:
        return self._ours.object or ""

    def getHasSimulatedContent(self) -> bool:
        return self._ours.has_simulated_content

    def isPersistable(self) -> bool:
        return True

    def copyWith(self, **changed: Any) -> VisitInfo:
        """Return a copy with some of the parameters of the constructor in place of its own."""
        own = {name: getattr(self, getter)() for name, getter in _GETTERS.items()}
        copied = VisitInfo(**{**own, **changed})
        if "date" not in changed:  # as it was written
            ours = self._ours
            copied._ours = replace(
                copied._ours,
                date_begin=ours.date_begin,
                date_middle=ours.date_middle,
                timescale=ours.timescale,
            )
        return copied

    def __hash__(self) -> int:
        return hash(self._ours)

    def __repr__(self) -> str:
        words = ", ".join(f"{name}={getattr(self, getter)()}" for name, getter in _GETTERS.items())
        return f"VisitInfo({words})"

    exposureId = property(getExposureId)
    id = property(getId)
    exposureTime = property(getExposureTime)
    darkTime = property(getDarkTime)
    date = property(getDate)
    ut1 = property(getUt1)
    era = property(getEra)
    localEra = property(getLocalEra)
    boresightRaDec = property(getBoresightRaDec)
    boresightAzAlt = property(getBoresightAzAlt)
    boresightAirmass = property(getBoresightAirmass)
    boresightHourAngle = property(getBoresightHourAngle)
    boresightParAngle = property(getBoresightParAngle)
    boresightRotAngle = property(getBoresightRotAngle)
    rotType = property(getRotType)
    observatory = property(getObservatory)
    weather = property(getWeather)
    instrumentLabel = property(getInstrumentLabel)
    focusZ = property(getFocusZ)
    observationType = property(getObservationType)
    scienceProgram = property(getScienceProgram)
    observationReason = property(getObservationReason)
    object = property(getObject)
    hasSimulatedContent = property(getHasSimulatedContent)


# Parameters of the constructor, and the methods that return them.
_GETTERS = {
    name: f"get{name[0].upper()}{name[1:]}"
    for name in (
        "exposureId exposureTime darkTime date ut1 era boresightRaDec boresightAzAlt "
        "boresightAirmass boresightRotAngle rotType observatory weather instrumentLabel id focusZ "
        "observationType scienceProgram observationReason object hasSimulatedContent"
    ).split()
}


def makeVisitInfo(**named: Any) -> VisitInfo:
    """Return a `VisitInfo` of some of its parameters."""
    return VisitInfo(**named)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _angle(value: float | None) -> Angle:
    return Angle(_number(value), degrees)


def _known(value: Any) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number


def _degree(angle: Any) -> float | None:
    number = _known(angle)
    return None if number is None else math.degrees(number)


def _three(thing: Any) -> tuple[float | None, float | None, float | None]:
    if thing is None:
        return None, None, None
    first, second, third = map(_known, thing._values())
    return first, second, third


def _degrees_of(point: Any) -> tuple[float | None, float | None]:
    if point is None:
        return None, None
    longitude, latitude = (_known(angle) for angle in point)
    if longitude is None or latitude is None:
        return None, None
    return math.degrees(longitude), math.degrees(latitude)


def _moment(date: Any) -> str | None:
    """Return a `DateTime` as text in TAI; None if it is not valid."""
    if date is None or not date.isValid():
        return None
    return str(date.toString(date.TAI))
