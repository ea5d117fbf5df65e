"""Visits: time, pointing, duration and conditions of an exposure."""

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

# Frames with an equinox -> the letter of its epoch, Julian or Besselian.
_EQUINOXES = {"fk5": "J", "fk4": "B"}
# TIME-MID is in older files. It is UTC, whatever its comment says. Source: afw-files 1.5.
_MIDDLES = (Source("DATE-AVG"), Source("TIME-MID", timesys="utc"))
# The units of attributes.
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
    """The information about a visit in a header; None for unknown values.

    Gen2's class is ``lsst.afw.image.VisitInfo`` (doc/gen2/afw-files.md 1.5).

    Parameters
    ----------
    exposure_id : `int` or `None`, optional
        The exposure's number.
    exposure_time, dark_time : `float` or `None`, optional
        In seconds.
    date_begin : `str` or `None`, optional
        The opening of the shutter: ISO 8601, in the scale of ``timescale``. An invalid text of a
        header is kept; `date` raises an error then.
    timescale : `str`, optional
        ``utc``, ``tai``, ``tt``, ``tdb``, ``tcb``, ``tcg`` or ``ut1``; empty if it is needed and
        missing.
    ra, dec : `str`, `float` or `None`, optional
        The pointing: sexagesimal text in hours and degrees as in the header, or numbers in degrees;
        in the frame of ``radesys``.
    airmass : `float` or `None`, optional
        The airmass.
    date_middle : `str` or `None`, optional
        The middle of the exposure, like ``date_begin``.
    ut1 : `float` or `None`, optional
        The middle of the exposure, as a modified Julian date in UT1.
    era : `float` or `None`, optional
        The Earth's rotation angle at that time (deg).
    azimuth, altitude : `float` or `None`, optional
        The pointing with refraction (deg); azimuth from north through east.
    rotation : `float` or `None`, optional
        The angle of the rotator (deg), as defined by ``rotation_type``.
    rotation_type : `str` or `None`, optional
        ``UNKNOWN``, ``SKY``, ``HORIZON`` or ``MOUNT``.
    longitude, latitude : `float` or `None`, optional
        Those of the telescope (deg), positive to the east and the north, whatever the header's
        sign.
    elevation : `float` or `None`, optional
        In metres.
    air_temperature : `float` or `None`, optional
        In degrees Celsius.
    air_pressure : `float` or `None`, optional
        In pascal.
    humidity : `float` or `None`, optional
        In percent.
    instrument : `str` or `None`, optional
        The short name of the instrument.
    radesys : `str`, optional
        ``icrs``, ``fk5`` or ``fk4``.
    id : `int` or `None`, optional
        The number of the exposure of the whole focal plane, which afw distinguishes from that of a
        detector.
    focus_z : `float` or `None`, optional
        The displacement of the focus along the optical axis (mm).
    observation_type : `str` or `None`, optional
        ``science``, or the kind of calibration in lower case: ``zero``, ``dome flat``.
    science_program : `str` or `None`, optional
        The proposal or survey.
    observation_reason : `str` or `None`, optional
        The reason for the observation.
    object : `str` or `None`, optional
        The target.
    has_simulated_content : `bool`, optional
        Whether the header declares simulated content.
    equinox : `float` or `None`, optional
        The year of the equinox of ``ra`` and ``dec``; None for that of ``radesys``: 2000 for
        ``fk5``, 1950 for ``fk4``.

    Examples
    --------
    >>> from persistence.types.exposure.visitinfo import VisitInfo
    >>> visit = VisitInfo(exposure_time=90.0, date_begin="2015-02-18T05:00:00")
    >>> visit.date_avg.isot
    '2015-02-18T05:00:45.000'
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
        """Return the visit in the cards that afw writes (doc/gen2/afw-files.md 1.5).

        Cards of later versions count only if afw wrote that version: in older files, those names
        are the observer's. A date without a time scale, which afw refuses, is an error on use.

        Parameters
        ----------
        header : mapping
            The keywords and their values.

        Returns
        -------
        `VisitInfo`
            The visit.
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
        """Return the cards that afw writes; unknown values have none (doc/gen2/afw-files.md 1.5).

        Returns
        -------
        `dict` [`str`, object]
            Values by keyword.

        Raises
        ------
        FormatterError
            If the date or the pointing is invalid.
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
        """The beginning of the exposure; None if unknown.

        Raises
        ------
        FormatterError
            If the text is not a date, or its time scale is unknown.
        """
        return self._time(self.date_begin) or self._from_other(self.date_middle, -0.5)

    @property
    def date_avg(self) -> Time | None:
        """The middle of the exposure; see `date`."""
        return self._time(self.date_middle) or self._from_other(self.date_begin, 0.5)

    def _time(self, text: str | None) -> Time | None:
        return None if text is None else headertimes.to_time(Moment(text, self.timescale))

    def _from_other(self, text: str | None, exposures: float) -> Time | None:
        """Return the time some exposure times after another; None if one is unknown."""
        time = self._time(text)
        if time is None or self.exposure_time is None:
            return None
        from astropy import units

        return time + exposures * self.exposure_time * units.s

    @property
    def local_era(self) -> float | None:
        """The Earth's rotation angle at the telescope's longitude (deg); None if unknown.

        The hour angle is this minus ``ra``.
        """
        return (
            None
            if self.era is None or self.longitude is None
            else (self.era + self.longitude) % 360.0
        )

    @property
    def hour_angle(self) -> float | None:
        """The hour angle of the pointing in the middle of the exposure (deg), from -180 to 180.

        It is positive to the west: the local Earth rotation angle minus the ICRS right ascension,
        as in afw.
        """
        pointed, local = self.boresight, self.local_era
        if pointed is None or local is None:
            return None
        return float((local - pointed.ra.deg + 180.0) % 360.0 - 180.0)

    @property
    def parallactic_angle(self) -> float | None:
        """The angle at the pointing from the north celestial pole to the zenith (deg).

        It is positive for pointings in the west, where the zenith is to the east.
        """
        pointed, hour_angle = self.boresight, self.hour_angle
        if pointed is None or hour_angle is None or self.latitude is None:
            return None
        turned, dec, lat = math.radians(hour_angle), pointed.dec.rad, math.radians(self.latitude)
        north = math.cos(dec) * math.tan(lat) - math.sin(dec) * math.cos(turned)
        return math.degrees(math.atan2(math.sin(turned), north))

    @property
    def boresight(self) -> SkyCoord | None:
        """The pointing in ICRS; None if unknown.

        Raises
        ------
        FormatterError
            If the header's frame is unknown.
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
                f"the pointing {self.ra!r} {self.dec!r} in {self.radesys!r} is invalid: "
                f"{told(error)}"
            ) from error

    def __str__(self) -> str:
        """Return the known values, one per line."""
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
        """Return the exposure time (s)."""
        return self.exposure_time

    def getDate(self) -> Time | None:
        """Return the middle of the exposure."""
        return self.date_avg

    def getExposureId(self) -> int | None:
        """Return the exposure's number."""
        return self.exposure_id

    def getDarkTime(self) -> float | None:
        """Return the dark time (s)."""
        return self.dark_time

    def getBoresightRaDec(self) -> SkyCoord | None:
        """Return the pointing in ICRS."""
        return self.boresight

    def getBoresightAirmass(self) -> float | None:
        """Return the airmass."""
        return self.airmass


def make(tables: Tables, load: Load) -> VisitInfo:
    """Return the visit of a table.

    Raises
    ------
    FormatterError
        If the table has an unknown version.
    """
    return VisitInfo(**visitcards.of_table(tables[0]))
