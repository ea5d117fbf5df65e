"""Configurations of sky maps: one set of values per kind, with pex_config's names.

Source: doc/gen2/afw-files.md 7.1.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from persistence.errors import PolicyError, did_you_mean

# The pixel numbers of HEALPix with 2 ** 29 divisions fit in 64 bits.
_DEEPEST = 29
# The projections of the FITS standard (Calabretta & Greisen 2002, table 13; Calabretta & Roukema
# 2007).
PROJECTIONS = (
    "AZP SZP TAN STG SIN ARC ZPN ZEA AIR CYP CEA CAR MER SFL PAR MOL AIT COP COE COD COO BON PCO "
    "TSC CSC QSC HPX XPH"
).split()


@dataclass(frozen=True, kw_only=True)
class SkyMapConfig:
    """The values that all kinds have.

    Parameters
    ----------
    patchInnerDimensions : `tuple` [`int`, `int`], optional
        Columns and rows of a patch, without its border.
    patchBorder : `int`, optional
        The width by which a patch overlaps its neighbours (pixels).
    tractOverlap : `float`, optional
        The least overlap of neighbouring tracts (deg).
    pixelScale : `float`, optional
        The width of a pixel at the centre of a tract (arcsec).
    projection : `str`, optional
        The code of a projection in the FITS standard.
    rotation : `float`, optional
        The angle from the grid to north (deg).
    """

    patchInnerDimensions: tuple[int, int] = (4000, 4000)
    patchBorder: int = 100
    tractOverlap: float = 1.0
    pixelScale: float = 0.333
    projection: str = "STG"
    rotation: float = 0.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = _taken(field.name, str(field.type), getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        _check(
            self.projection in PROJECTIONS,
            "projection",
            self.projection,
            f"one of {', '.join(PROJECTIONS)}",
        )
        _check(
            min(self.patchInnerDimensions) > 0,
            "patchInnerDimensions",
            self.patchInnerDimensions,
            "positive",
        )
        _check(self.patchBorder >= 0, "patchBorder", self.patchBorder, "0 or more")
        _check(self.tractOverlap >= 0, "tractOverlap", self.tractOverlap, "0 or more")
        _check(self.pixelScale > 0, "pixelScale", self.pixelScale, "positive")

    @classmethod
    def of(cls: type[_T], values: Mapping[str, Any]) -> _T:
        """Return a configuration with some values, by name.

        Raises
        ------
        PolicyError
            If a name is unknown, or a value is missing or invalid.
        """
        cls.check_names(values)
        for field in dataclasses.fields(cls):
            if field.default is dataclasses.MISSING and field.name not in values:
                raise PolicyError(f"{cls.__name__} needs {field.name}, which has no default")
        return cls(**values)

    @classmethod
    def check_names(cls, names: Iterable[str]) -> None:
        """Raise an error for a name that the configuration does not have."""
        known = [field.name for field in dataclasses.fields(cls)]
        for name in names:
            if name not in known:
                raise PolicyError(
                    f"{cls.__name__} has no field {name!r}{did_you_mean(name, known)}"
                )

    def values(self) -> dict[str, Any]:
        """Return the values by name, as configuration files have them: lists instead of tuples."""
        by_name = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in by_name.items()
        }


_T = TypeVar("_T", bound=SkyMapConfig)


@dataclass(frozen=True, kw_only=True)
class RingsConfig(SkyMapConfig):
    """Tracts in rings of constant declination."""

    numRings: int
    raStart: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self.numRings > 0, "numRings", self.numRings, "positive")
        _check(0 <= self.raStart < 360, "raStart", self.raStart, "from 0 to less than 360")


@dataclass(frozen=True, kw_only=True)
class DodecaConfig(SkyMapConfig):
    """Twelve tracts, on the faces of a dodecahedron."""

    patchBorder: int = 250
    tractOverlap: float = 3.5
    pixelScale: float = 0.2
    withTractsOnPoles: bool = False


@dataclass(frozen=True, kw_only=True)
class DiscreteConfig(SkyMapConfig):
    """Tracts at given centres with given radii (deg)."""

    raList: tuple[float, ...] = ()
    decList: tuple[float, ...] = ()
    radiusList: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        lengths = [len(one) for one in (self.raList, self.decList, self.radiusList)]
        _check(len(set(lengths)) == 1, "raList, decList and radiusList", lengths, "of one length")
        _check(
            all(abs(dec) <= 90 for dec in self.decList), "decList", self.decList, "from -90 to 90"
        )


@dataclass(frozen=True, kw_only=True)
class EquatConfig(SkyMapConfig):
    """Tracts in a belt along the equator."""

    projection: str = "CEA"
    numTracts: int = 4
    decRange: tuple[float, float] = (-1.25, 1.25)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self.numTracts > 0, "numTracts", self.numTracts, "positive")
        low, high = self.decRange
        _check(
            -90 <= low < high <= 90, "decRange", self.decRange, "two declinations, the lower first"
        )


@dataclass(frozen=True, kw_only=True)
class HealpixConfig(SkyMapConfig):
    """Tracts on the pixels of HEALPix."""

    rotation: float = 45.0
    log2NSide: int = 0
    nest: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(
            0 <= self.log2NSide <= _DEEPEST, "log2NSide", self.log2NSide, f"from 0 to {_DEEPEST}"
        )


# -- values
# ------------------------------------------------------------------------------------------------


def _check(holds: bool, name: str, value: Any, wanted: str) -> None:
    if not holds:
        raise PolicyError(f"{name} has to be {wanted}, not {value!r}")


def _whole(value: Any) -> int:
    number = int(value)
    if isinstance(value, bool | str) or number != value:
        raise ValueError
    return number


def _real(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool | str) or not math.isfinite(number):
        raise ValueError
    return number


def _exactly(kind: type) -> Callable[[Any], Any]:
    def take(value: Any) -> Any:
        if not isinstance(value, kind):
            raise ValueError
        return value

    return take


def _reals(value: Any) -> tuple[float, ...]:
    return tuple(_real(one) for one in value)


def _pair_of(take: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def pair(value: Any) -> tuple[Any, Any]:
        first, second = value
        return take(first), take(second)

    return pair


# The declared type of a field -> the conversion of a value, and its name in messages.
_TAKES: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "int": (_whole, "a whole number"),
    "float": (_real, "a number"),
    "bool": (_exactly(bool), "True or False"),
    "str": (_exactly(str), "a text"),
    "tuple[int, int]": (_pair_of(_whole), "two whole numbers"),
    "tuple[float, float]": (_pair_of(_real), "two numbers"),
    "tuple[float, ...]": (_reals, "a list of numbers"),
}


def _taken(name: str, kind: str, value: Any) -> Any:
    take, wanted = _TAKES[kind]
    try:
        return take(value)
    except (TypeError, ValueError, OverflowError):
        raise PolicyError(f"{name} has to be {wanted}, not {value!r}") from None
