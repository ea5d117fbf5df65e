"""When, where and for how long an exposure was taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from persistence.errors import FormatterError
from persistence.types.archives.archive import Load, Tables

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.time import Time


@dataclass(frozen=True, slots=True)
class VisitInfo:
    """What a header says of an exposure; None is what it does not say.

    Attributes
    ----------
    exposure_id : `int`
        The exposure's number.
    exposure_time, dark_time : `float`
        In seconds.
    date_begin : `str`
        When the shutter opened: ISO 8601, in the scale of ``timescale``.
    timescale : `str`
        ``utc`` or ``tai``.
    ra, dec : `str` or `float`
        Where the telescope pointed: as the header writes it, hours and degrees in sexagesimal text,
        or both in degrees as numbers.
    airmass : `float`
        Without unit.
    date_middle : `str`
        The middle of the exposure, as ``date_begin``.
    ut1 : `float`
        The middle of the exposure, as a modified Julian date in UT1.
    era : `float`
        The Earth's rotation angle then (deg).
    azimuth, altitude : `float`
        Where the telescope pointed, refracted (deg): azimuth from north through east.
    rotation : `float`
        The angle of the rotator (deg), as ``rotation_type`` counts it.
    rotation_type : `str`
        ``UNKNOWN``, ``SKY``, ``HORIZON`` or ``MOUNT``.
    longitude, latitude : `float`
        Of the telescope (deg), positive to the east and the north.
    elevation : `float`
        In metres.
    air_temperature, air_pressure, humidity : `float`
        In degrees Celsius, Pascal, and percent.
    instrument : `str`
        A short name.
    """

    exposure_id: int | None = None
    exposure_time: float | None = None
    dark_time: float | None = None
    date_begin: str | None = None
    timescale: str = "utc"
    ra: str | float | None = None
    dec: str | float | None = None
    airmass: float | None = None
    date_middle: str | None = None
    ut1: float | None = None
    era: float | None = None
    azimuth: float | None = None
    altitude: float | None = None
    rotation: float | None = None
    rotation_type: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    elevation: float | None = None
    air_temperature: float | None = None
    air_pressure: float | None = None
    humidity: float | None = None
    instrument: str | None = None

    @classmethod
    def from_afw(cls, header: Mapping[str, Any]) -> VisitInfo:
        """Read the cards that afw writes of an exposure (afw-files 1.5).

        Raises
        ------
        FormatterError
            If a date has no time scale.
        """
        said = {name: _known(header.get(key)) for name, key in CARDS.items()}
        kinds = {name: str if name in _TEXTS else float for name in said}
        told: dict[str, Any] = {
            name: kinds[name](value) for name, value in said.items() if value is not None
        }
        number = _known(header.get("EXPID"))
        scale = str(header.get("TIMESYS", "")).strip().lower()
        if "date_middle" in told and not scale:
            raise FormatterError(
                f"DATE-AVG={told['date_middle']!r} has no time scale: TIMESYS is missing"
            )
        if "date_middle" not in told and "TIME-MID" in header:
            # Its comment may say what it will: it is UTC. Source: afw-files 1.5.
            told["date_middle"], scale = str(header["TIME-MID"]), "utc"
        return cls(exposure_id=int(number) if number else None, timescale=scale or "utc", **told)

    def to_afw(self) -> dict[str, Any]:
        """Give the cards that afw writes of it; what is not known has none (afw-files 1.5)."""
        told = {card: getattr(self, name) for name, card in CARDS.items()}
        middle, pointed = self.date_avg, self.boresight
        if middle is not None:
            exact = middle.tai
            exact.precision = 9
            told |= {"DATE-AVG": exact.isot, "TIMESYS": "TAI"}
        if pointed is not None:
            told |= {"BORE-RA": pointed.ra.deg, "BORE-DEC": pointed.dec.deg}
        told |= {"EXPID": self.exposure_id, "ROTTYPE": self.rotation_type or _ROTATIONS[0]}
        return {card: value for card, value in told.items() if value is not None}

    @property
    def date(self) -> Time | None:
        """The beginning of the exposure."""
        middle = self._time(self.date_middle)
        return self._time(self.date_begin) or (None if middle is None else middle - self._half())

    @property
    def date_avg(self) -> Time | None:
        """The middle of the exposure."""
        begin = self._time(self.date_begin)
        return self._time(self.date_middle) or (None if begin is None else begin + self._half())

    def _time(self, text: str | None) -> Time | None:
        from astropy.time import Time

        return Time(text.removesuffix("Z"), scale=self.timescale) if text else None

    def _half(self) -> Any:
        from astropy import units

        return (self.exposure_time or 0.0) / 2 * units.s

    @property
    def local_era(self) -> float | None:
        """The Earth's rotation angle at the telescope's longitude (deg).

        Its hour angle is this less ``ra``.
        """
        return (
            None
            if self.era is None or self.longitude is None
            else (self.era + self.longitude) % 360.0
        )

    @property
    def boresight(self) -> SkyCoord | None:
        """Where the telescope pointed, ICRS."""
        from astropy import units
        from astropy.coordinates import SkyCoord

        if self.ra is None or self.dec is None:
            return None
        unit = units.hourangle if isinstance(self.ra, str) else units.deg
        return SkyCoord(self.ra, self.dec, unit=(unit, units.deg))

    def getExposureTime(self) -> float | None:
        return self.exposure_time

    def getDate(self) -> Time | None:
        return self.date_avg

    def getExposureId(self) -> int | None:
        return self.exposure_id

    def getDarkTime(self) -> float | None:
        return self.dark_time

    def getBoresightRaDec(self) -> SkyCoord | None:
        return self.boresight

    def getBoresightAirmass(self) -> float | None:
        return self.airmass


# Attributes and afw's cards. Angles are degrees in a header. Source: afw-files 1.5.
CARDS = {
    "exposure_time": "EXPTIME",
    "dark_time": "DARKTIME",
    "date_middle": "DATE-AVG",
    "ut1": "MJD-AVG-UT1",
    "era": "AVG-ERA",
    "ra": "BORE-RA",
    "dec": "BORE-DEC",
    "azimuth": "BORE-AZ",
    "altitude": "BORE-ALT",
    "airmass": "BORE-AIRMASS",
    "rotation": "BORE-ROTANG",
    "rotation_type": "ROTTYPE",
    "longitude": "OBS-LONG",
    "latitude": "OBS-LAT",
    "elevation": "OBS-ELEV",
    "air_temperature": "AIRTEMP",
    "air_pressure": "AIRPRESS",
    "humidity": "HUMIDITY",
    "instrument": "INSTRUMENT",
}
_TEXTS = ("date_middle", "rotation_type", "instrument")
_ROTATIONS = ("UNKNOWN", "SKY", "HORIZON", "MOUNT")

# Attributes and the columns of afw's table, with what turns a number into our unit.
_DEGREE = math.degrees(1.0)
_COLUMNS = {
    "exposure_time": ("exposuretime", 1.0),
    "dark_time": ("darktime", 1.0),
    "ut1": ("ut1", 1.0),
    "era": ("era", _DEGREE),
    "ra": ("boresightradec_ra", _DEGREE),
    "dec": ("boresightradec_dec", _DEGREE),
    "azimuth": ("boresightazalt_az", _DEGREE),
    "altitude": ("boresightazalt_alt", _DEGREE),
    "airmass": ("boresightairmass", 1.0),
    "rotation": ("boresightrotangle", _DEGREE),
    "longitude": ("longitude", _DEGREE),
    "latitude": ("latitude", _DEGREE),
    "elevation": ("elevation", 1.0),
    "air_temperature": ("airtemperature", 1.0),
    "air_pressure": ("airpressure", 1.0),
    "humidity": ("humidity", 1.0),
}


def is_afws(header: Mapping[str, Any]) -> bool:
    """Say whether afw wrote a header.

    It marks where its archive is, and how rotation is counted.
    """
    return "ROTTYPE" in header or "AR_HDU" in header


def make(tables: Tables, load: Load) -> VisitInfo:
    """Build the description from its table."""
    import numpy as np

    row = {name: column[0] for name, column in tables[0].items()}
    numbers: dict[str, Any] = {
        name: float(row[key]) * scale
        for name, (key, scale) in _COLUMNS.items()
        if _known(row[key]) is not None
    }
    # since 1970, in TAI; the lowest number stands for no time
    middle = np.datetime64(int(row["tai"]), "ns")
    return VisitInfo(
        exposure_id=int(row["exposureid"]) or None,
        timescale="tai",
        date_middle=None if np.isnat(middle) else str(middle),
        rotation_type=_ROTATIONS[int(row["rottype"])],
        instrument=row.get("instrumentlabel") or None,
        **numbers,
    )


def _known(value: Any) -> Any:
    """Give a value, or None for what stands for nothing: an undefined card, an empty text, NaN."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None or type(value).__name__ == "Undefined":
        return None
    return None if math.isnan(value) else value
