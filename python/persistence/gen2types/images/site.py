"""Where a telescope stands, and the weather there, by the names of ``lsst.afw.coord``."""

from __future__ import annotations

import math
from typing import Any

from persistence.gen2types.angle import Angle


class Observatory:
    """A place on Earth.

    Parameters
    ----------
    longitude : `Angle`
        Positive to the east.
    latitude : `Angle`
    elevation : `float`
        In metres.
    """

    def __init__(self, longitude: Angle, latitude: Angle, elevation: float) -> None:
        self._longitude, self._latitude = longitude, latitude
        self._elevation = float(elevation)

    def getLongitude(self) -> Angle:
        return self._longitude

    def setLongitude(self, longitude: Angle) -> None:
        self._longitude = longitude

    def getLatitude(self) -> Angle:
        return self._latitude

    def setLatitude(self, latitude: Angle) -> None:
        self._latitude = latitude

    def getElevation(self) -> float:
        return self._elevation

    def setElevation(self, elevation: float) -> None:
        self._elevation = float(elevation)

    def _values(self) -> tuple[float, ...]:
        return self._longitude.asRadians(), self._latitude.asRadians(), self._elevation

    def __eq__(self, other: object) -> bool:
        return _same(self, other) if isinstance(other, Observatory) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __str__(self) -> str:
        longitude, latitude = self._longitude.asDegrees(), self._latitude.asDegrees()
        direction = "E" if longitude >= 0 else "W", "N" if latitude >= 0 else "S"
        position = f"{abs(latitude):g}{direction[1]}, {abs(longitude):g}{direction[0]}"
        return f"{position}  {self._elevation:g}"

    def __repr__(self) -> str:
        return f"Observatory({self._longitude!r}, {self._latitude!r}, {self._elevation!r})"


class Weather:
    """The weather.

    Parameters
    ----------
    airTemperature : `float`
        In degrees Celsius.
    airPressure : `float`
        In Pascal.
    humidity : `float`
        In percent.
    """

    def __init__(
        self,
        airTemperature: float = math.nan,
        airPressure: float = math.nan,
        humidity: float = math.nan,
    ) -> None:
        if humidity < 0:
            raise ValueError(f"a humidity of {humidity} percent")
        self._numbers = (float(airTemperature), float(airPressure), float(humidity))

    def getAirTemperature(self) -> float:
        return self._numbers[0]

    def getAirPressure(self) -> float:
        return self._numbers[1]

    def getHumidity(self) -> float:
        return self._numbers[2]

    def _values(self) -> tuple[float, ...]:
        return self._numbers

    def __eq__(self, other: object) -> bool:
        return _same(self, other) if isinstance(other, Weather) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._numbers)

    def __str__(self) -> str:
        return f"Weather({', '.join(f'{number:g}' for number in self._numbers)})"

    __repr__ = __str__


def _same(first: Any, other: Any) -> bool:
    """Compare numbers, of which those that are not known are equal."""
    return all(
        a == b or (math.isnan(a) and math.isnan(b))
        for a, b in zip(first._values(), other._values(), strict=True)
    )
