"""The names of ``lsst.afw.coord``: places and weather, and older names of positions."""

from __future__ import annotations

from typing import Any

from persistence.gen2types.angle import Angle, degrees, hours, radians
from persistence.gen2types.coordinates import Point
from persistence.gen2types.images.site import Observatory, Weather
from persistence.gen2types.spherepoint import SpherePoint, averageSpherePoint

__all__ = [
    "DEGREES",
    "HOURS",
    "RADIANS",
    "Coord",
    "IcrsCoord",
    "Observatory",
    "Weather",
    "averageCoord",
    "makeCoord",
]

DEGREES, HOURS, RADIANS = degrees, hours, radians


class IcrsCoord(SpherePoint):
    """A `SpherePoint` by its name of before 2018.

    Parameters
    ----------
    ra, dec : `Angle`
        The position; or a point, and the unit of its numbers (degrees by default).
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        if args and isinstance(args[0], Point) and len(args[0]) == 2:
            unit = args[1] if len(args) > 1 else degrees
            args = (Angle(args[0][0], unit), Angle(args[0][1], unit))
        super().__init__(*args, **named)


Coord = IcrsCoord
averageCoord = averageSpherePoint  # noqa: N816  # Gen2's name


def makeCoord(system: Any, ra: Any, dec: Any) -> IcrsCoord:
    """Return a position; whatever the system is called, it has to be ICRS.

    Raises
    ------
    NotImplementedError
        If it is another one.
    """
    if str(system).rpartition(".")[2].upper() not in ("ICRS", "0"):
        raise NotImplementedError(
            f"only ICRS is supported, not {system!r}; convert with astropy.coordinates"
        )
    return IcrsCoord(ra, dec)
