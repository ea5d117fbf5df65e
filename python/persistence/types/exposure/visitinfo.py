"""When, where and for how long an exposure was taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from persistence import notebook
from persistence.errors import FormatterError, told
from persistence.files import header_values
from persistence.notebook import Html
from persistence.types.archives.archive import Load, Tables
from persistence.types.exposure import headersource, headertimes, visitcards
from persistence.types.exposure.headersource import Source
from persistence.types.exposure.headertimes import Moment
from persistence.types.exposure.visitcards import is_afws as is_afws

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.time import Time

# Frames that turn with the years, and the letter of theirs: of Julian or Besselian ones.
_EQUINOXES = {"fk5": "J", "fk4": "B"}
# TIME-MID is of older files. Its comment may say what it will: it is UTC. Source: afw-files 1.5.
_MIDDLES = (Source("DATE-AVG"), Source("TIME-MID", timesys="utc"))
# Of what is measured in one.
_UNITS: Mapping[str, str] = {
    **dict.fromkeys(["exposure_time", "dark_time"], "s"),
    **dict.fromkeys(["era", "azimuth", "altitude", "rotation", "longitude", "latitude"], "deg"),
    "elevation": "m",
    "focus_z": "mm",
    "air_temperature": "Celsius",
    "air_pressure": "Pa",
    "humidity": "%",
}


@dataclass(frozen=True, slots=True, repr=False)
class VisitInfo:
    """What a header says of an exposure; None is what it does not say.

    Attributes
    ----------
    exposure_id : `int`
        The exposure's number.
    exposure_time, dark_time : `float`
        In seconds.
    date_begin : `str`
        When the shutter opened: ISO 8601, in the scale of ``timescale``. What a header has there
        that is no date stands here as it is; `date` is an error then.
    timescale : `str`
        ``utc``, ``tai``, ``tt``, ``tdb``, ``tcb``, ``tcg`` or ``ut1``; empty where it is needed and
        missing.
    ra, dec : `str` or `float`
        Where the telescope pointed: as the header writes it, hours and degrees in sexagesimal text,
        or both in degrees as numbers; in the frame of ``radesys``.
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
        Of the telescope (deg), positive to the east and the north, whatever the header's sign.
    elevation : `float`
        In metres.
    air_temperature, air_pressure, humidity : `float`
        In degrees Celsius, Pascal, and percent.
    instrument : `str`
        A short name.
    radesys : `str`
        ``icrs``, ``fk5`` or ``fk4``.
    id : `int`
        The number of the exposure of the whole focal plane, which afw tells from that of a
        detector's.
    focus_z : `float`
        How far the focus is moved along the optical axis (mm).
    observation_type : `str`
        ``science``, or what calibration, in lower case: ``zero``, ``dome flat``.
    science_program, observation_reason, object : `str`
        The proposal or survey; why it was taken; what was looked at.
    has_simulated_content : `bool`
        Whether the header says that some of it is simulated.
    equinox : `float`
        The year of the equinox of ``ra`` and ``dec``, where ``radesys`` has one; None is its own:
        2000 of ``fk5``, 1950 of ``fk4``.
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
    radesys: str = "icrs"
    id: int | None = None
    focus_z: float | None = None
    observation_type: str | None = None
    science_program: str | None = None
    observation_reason: str | None = None
    object: str | None = None
    has_simulated_content: bool = False
    equinox: float | None = None

    @classmethod
    def from_afw(cls, header: Mapping[str, Any]) -> VisitInfo:
        """Read the cards that afw writes of an exposure (afw-files 1.5).

        Cards of later versions count where afw wrote that version: before, those of the same names
        are the observer's. A date without a time scale, which afw refuses, is an error when it is
        used.
        """
        is_newest = visitcards.NEWEST in header
        cards = visitcards.CARDS | {"exposure_id": "EXPID"}
        cards |= {
            name: key
            for name, key in visitcards.LATER_CARDS.items()
            if is_newest or name in ("id", "focus_z")
        }
        values = {
            name: visitcards.cast(name)(headersource.card(header, key))
            for name, key in cards.items()
        }
        middle = headertimes.moment(header, _MIDDLES)
        if middle is not None:
            is_told = values["date_middle"] is None or header_values.text(header.get("TIMESYS"))
            values |= {"date_middle": middle.text, "timescale": middle.scale if is_told else ""}
        values["exposure_id"] = values["exposure_id"] or None
        return cls(**{name: value for name, value in values.items() if value is not None})

    def to_afw(self) -> dict[str, Any]:
        """Return the cards that afw writes of it; what is not known has none (afw-files 1.5).

        Raises
        ------
        FormatterError
            If the date or the pointing is not understood.
        """
        cards = visitcards.CARDS | visitcards.LATER_CARDS
        values = {card: getattr(self, name) for name, card in cards.items()}
        middle, pointed = self.date_avg, self.boresight
        if middle is not None:
            exact = middle.tai
            exact.precision = 9
            values |= {"DATE-AVG": exact.isot, "TIMESYS": "TAI"}
        values["BORE-RA"] = None if pointed is None else float(pointed.ra.deg)
        values["BORE-DEC"] = None if pointed is None else float(pointed.dec.deg)
        values |= {
            "EXPID": self.exposure_id,
            "ROTTYPE": self.rotation_type or visitcards.ROTATIONS[0],
        }
        return {card: value for card, value in values.items() if value is not None}

    @property
    def date(self) -> Time | None:
        """The beginning of the exposure.

        None if it is not known; a `FormatterError` if what stands there is no date, or its time
        scale is not known.
        """
        return self._time(self.date_begin) or self._from_other(self.date_middle, -0.5)

    @property
    def date_avg(self) -> Time | None:
        """The middle of the exposure; see `date`."""
        return self._time(self.date_middle) or self._from_other(self.date_begin, 0.5)

    def _time(self, text: str | None) -> Time | None:
        return None if text is None else headertimes.to_time(Moment(text, self.timescale))

    def _from_other(self, text: str | None, exposures: float) -> Time | None:
        """Return the time that is some exposure times after another one; None if one is unknown."""
        time = self._time(text)
        if time is None or self.exposure_time is None:
            return None
        from astropy import units

        return time + exposures * self.exposure_time * units.s

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
    def hour_angle(self) -> float | None:
        """The hour angle of the pointing in the middle of the exposure (deg).

        Positive to the west, from -180 to 180; the local Earth rotation angle less the ICRS right
        ascension, as afw has it.
        """
        pointed, local = self.boresight, self.local_era
        if pointed is None or local is None:
            return None
        return float((local - pointed.ra.deg + 180.0) % 360.0 - 180.0)

    @property
    def parallactic_angle(self) -> float | None:
        """The angle at the pointing from the north celestial pole to the zenith (deg).

        Positive for a pointing in the west: the zenith is east of it.
        """
        pointed, hour_angle = self.boresight, self.hour_angle
        if pointed is None or hour_angle is None or self.latitude is None:
            return None
        turned, dec, lat = math.radians(hour_angle), pointed.dec.rad, math.radians(self.latitude)
        north = math.cos(dec) * math.tan(lat) - math.sin(dec) * math.cos(turned)
        return math.degrees(math.atan2(math.sin(turned), north))

    @property
    def boresight(self) -> SkyCoord | None:
        """Where the telescope pointed, ICRS.

        None if it is not known; a `FormatterError` if the header's frame is not known.
        """
        from astropy import units
        from astropy.coordinates import SkyCoord

        if self.ra is None or self.dec is None:
            return None
        unit = units.hourangle if isinstance(self.ra, str) else units.deg
        letter = None if self.equinox is None else _EQUINOXES.get(self.radesys)
        equinox = {} if letter is None else {"equinox": f"{letter}{self.equinox}"}
        try:
            return SkyCoord(
                self.ra, self.dec, unit=(unit, units.deg), frame=self.radesys, **equinox
            ).icrs
        except ValueError as error:
            raise FormatterError(
                f"the pointing {self.ra!r} {self.dec!r} in {self.radesys!r} is not understood: "
                f"{told(error)}"
            ) from error

    def __str__(self) -> str:
        """Return what is known, a line for each; None is not."""
        values = self._known()
        width = max(map(len, values), default=0)
        lines = [f"{name:<{width}}  {value}" for name, value in values.items()]
        return "\n  ".join(["VisitInfo", *lines])

    __repr__ = __str__

    @notebook.shows
    def _repr_html_(self) -> Html:
        return notebook.join([notebook.title("VisitInfo"), notebook.pairs(self._known())])

    def _known(self) -> dict[str, str]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: f"{value} {_UNITS.get(name, '')}".rstrip()
            for name, value in values.items()
            if value is not None and value is not False
        }

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


def make(tables: Tables, load: Load) -> VisitInfo:
    """Build the description from its table.

    Raises
    ------
    FormatterError
        If the table's version is not known.
    """
    return VisitInfo(**visitcards.of_table(tables[0]))
