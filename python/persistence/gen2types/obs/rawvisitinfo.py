"""`MakeRawVisitInfo`: creates a `VisitInfo` from a raw's header."""

from __future__ import annotations

import logging
import math
from typing import Any

from persistence.errors import told
from persistence.gen2types import wrap
from persistence.gen2types.angle import Angle, degrees
from persistence.gen2types.datetimes import DateTime
from persistence.gen2types.images.visitinfo import VisitInfo

PascalPerMillibar = 100.0
PascalPerMmHg = 133.322387415
PascalPerTorr = 101325.0 / 760.0
KelvinMinusCentigrade = 273.15
NaN = math.nan
BadDate = DateTime()


class MakeRawVisitInfo:
    """A converter of metadata to a `VisitInfo`; cameras override `setArgDict` and `getDateAvg`.

    What the metadata lack, or have in a form that cannot be read, is logged, and is NaN or an
    invalid date.

    Parameters
    ----------
    log : optional
        Where that is logged.
    doStripHeader : `bool`, optional
        Whether used cards are removed from the metadata, except TIMESYS, which may apply to several
        dates.
    """

    def __init__(self, log: Any = None, doStripHeader: bool = False) -> None:
        self.log = log or logging.getLogger("lsst.obs.base.makeRawVisitInfo")
        self.doStripHeader = doStripHeader

    def __call__(self, md: Any, exposureId: int) -> VisitInfo:
        """Return the `VisitInfo` of a raw's metadata."""
        arguments: dict[str, Any] = {"exposureId": exposureId}
        self.setArgDict(wrap(md), arguments)
        for name in [name for name, value in arguments.items() if value is None]:
            self.log.warning("argDict[%s] is None; stripping", name)
            del arguments[name]
        return VisitInfo(**arguments)

    def setArgDict(self, md: Any, argDict: dict[str, Any]) -> None:
        """Add arguments of `VisitInfo`: here the time of the exposure (s), and its middle."""
        argDict["exposureTime"] = self.popFloat(md, "EXPTIME")
        argDict["date"] = self.getDateAvg(md=md, exposureTime=argDict["exposureTime"])

    def getDateAvg(self, md: Any, exposureTime: float) -> DateTime:
        """Return the middle of the exposure; implemented by a camera's subclass."""
        raise NotImplementedError(f"{type(self).__name__} has no getDateAvg")

    def getDarkTime(self, argDict: dict[str, Any]) -> Any:
        """Return the dark time among arguments, or else the time of the exposure (s).

        Raises
        ------
        RuntimeError
            If neither is known.
        """
        for name in ("darkTime", "exposureTime"):
            value = argDict.get(name, NaN)
            if math.isfinite(value):
                return value
            self.log.info("%s is not known", name)
        raise RuntimeError("Tried to substitute exposureTime for darkTime but it is not available")

    def offsetDate(self, date: DateTime, offsetSec: float) -> DateTime:
        """Return a date some seconds later; the date itself if either is not known."""
        if not date.isValid() or math.isnan(offsetSec):
            self.log.warning("the date %s cannot be offset by %s s", date, offsetSec)
            return date
        return DateTime(date.nsecs(DateTime.TAI) + int(offsetSec * 1.0e9), DateTime.TAI)

    def popItem(self, md: Any, key: str, default: Any = None) -> Any:
        """Return a value of the metadata, or a default, which is logged."""
        if not md.exists(key):
            self.log.warning('Key="%s" not in metadata', key)
            return default
        value = md.getScalar(key)
        if self.doStripHeader:
            md.remove(key)
        return value

    def popFloat(self, md: Any, key: str) -> float:
        """Return a number of the metadata; NaN if there is none."""
        value = self.popItem(md, key, NaN)
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            self.log.warning(
                "Could not interpret %s value %r as a float: %s", key, value, told(error)
            )
        return NaN

    def popAngle(self, md: Any, key: str, units: Any = None) -> Angle:
        """Return an angle of the metadata: a number, or sexagesimal text; NaN if there is none.

        Parameters
        ----------
        md : `PropertySet`
            The metadata.
        key : `str`
            The keyword.
        units : `astropy.units.Unit`, optional
            Of the number or the text; degrees by default.
        """
        import astropy.coordinates
        import astropy.units

        value = self.popItem(md, key)
        if value is None:
            return NaN * degrees
        try:
            angle = astropy.coordinates.Angle(value, unit=units or astropy.units.deg)
            return float(angle.deg) * degrees
        except (TypeError, ValueError) as error:
            self.log.warning(
                "Could not intepret %s value %r as an angle: %s", key, value, told(error)
            )
        return NaN * degrees

    def popIsoDate(self, md: Any, key: str, timesys: str | None = None) -> DateTime:
        """Return a date of the metadata, such as 2020-01-02T03:04:05; an invalid one if none is.

        Parameters
        ----------
        md : `PropertySet`
            The metadata.
        key : `str`
            The keyword.
        timesys : `str`, optional
            The scale; by default TIMESYS, or else UTC.
        """
        value = self.popItem(md, key)
        if value is None:
            return BadDate
        return self._date(md, key, timesys, str(value).removesuffix("Z"), "fits")

    def popMjdDate(self, md: Any, key: str, timesys: str | None = None) -> DateTime:
        """Return a modified Julian date of the metadata; see `popIsoDate`."""
        value = self.popFloat(md, key)
        return BadDate if math.isnan(value) else self._date(md, key, timesys, value, "mjd")

    def _date(self, md: Any, key: str, timesys: str | None, value: Any, form: str) -> DateTime:
        from astropy.time import Time

        scale = timesys or (md.getScalar("TIMESYS") if md.exists("TIMESYS") else "UTC")
        try:
            time = Time(value, scale=str(scale).strip().lower(), format=form)
        except (TypeError, ValueError) as error:
            self.log.warning(
                "Could not parse %s = %r (%s) as a date: %s", key, value, scale, told(error)
            )
            return BadDate
        time.precision = 9
        return DateTime(time.tai.isot, DateTime.TAI)

    @staticmethod
    def eraFromLstAndLongitude(lst: Angle, longitude: Angle) -> Angle:
        """Return about the Earth's rotation angle; longitudes are positive to the east."""
        return lst - longitude

    @staticmethod
    def altitudeFromZenithDistance(zd: Angle) -> Angle:
        return 90 * degrees - zd

    @staticmethod
    def centigradeFromKelvin(tempK: float) -> float:
        return tempK - KelvinMinusCentigrade

    @staticmethod
    def pascalFromMBar(mbar: float) -> float:
        return mbar * PascalPerMillibar

    @staticmethod
    def pascalFromMmHg(mmHg: float) -> float:
        return mmHg * PascalPerMmHg

    @staticmethod
    def pascalFromTorr(torr: float) -> float:
        return torr * PascalPerTorr

    @staticmethod
    def defaultMetadata(
        value: Any, defaultValue: Any, minimum: Any = None, maximum: Any = None
    ) -> Any:
        """Return a value, or a default if it is NaN or beyond the limits."""
        if math.isnan(value):
            return defaultValue
        is_low = minimum is not None and value < minimum
        is_high = maximum is not None and value > maximum
        return defaultValue if is_low or is_high else value
