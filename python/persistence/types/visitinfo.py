"""When, where and for how long an exposure was taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        Where the telescope pointed: as the header writes it, hours and degrees in sexagesimal text, or both
        in degrees as numbers.
    airmass : `float`
        Without unit.
    """

    exposure_id: int | None = None
    exposure_time: float | None = None
    dark_time: float | None = None
    date_begin: str | None = None
    timescale: str = "utc"
    ra: str | float | None = None
    dec: str | float | None = None
    airmass: float | None = None

    @property
    def date(self) -> Time | None:
        """The beginning of the exposure."""
        from astropy.time import Time

        return Time(self.date_begin, scale=self.timescale) if self.date_begin else None

    @property
    def date_avg(self) -> Time | None:
        """The middle of the exposure."""
        from astropy import units

        begin = self.date
        return None if begin is None else begin + (self.exposure_time or 0.0) / 2 * units.s

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
