"""`FilterLabel`, and the older `Filter` with its properties."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from persistence.gen2types.exceptions import LogicError, NotFoundError
from persistence.gen2types.face import Face
from persistence.types.exposure.filternames import band_and_physical
from persistence.types.exposure.translator import FilterLabel as OurLabel

# What afw calls no filter. Source: doc/gen2/afw-files.md, 1.6.
UNKNOWN = "_unknown_"


class FilterLabel(Face[OurLabel]):
    """The filter of an exposure: a band, a physical filter, or both.

    Parameters
    ----------
    band : `str`, optional
        The name that cameras share.
    physical : `str`, optional
        The physical filter.
    """

    def __init__(self, band: str | None = None, physical: str | None = None) -> None:
        if band is None and physical is None:
            raise LogicError("a FilterLabel needs a band or a physical filter")
        self._ours = OurLabel(str(physical or band), band, physical)

    @classmethod
    def fromBand(cls, band: str) -> Self:
        return cls(band=band)

    @classmethod
    def fromPhysical(cls, physical: str) -> Self:
        return cls(physical=physical)

    @classmethod
    def fromBandPhysical(cls, band: str, physical: str) -> Self:
        return cls(band, physical)

    def _words(self) -> tuple[str | None, str | None]:
        return band_and_physical(self._ours)

    def hasBandLabel(self) -> bool:
        return self._words()[0] is not None

    def hasPhysicalLabel(self) -> bool:
        return self._words()[1] is not None

    @property
    def bandLabel(self) -> str:
        band, _ = self._words()
        if band is None:
            raise LogicError(f"{self!r} has no band")
        return band

    @property
    def physicalLabel(self) -> str:
        _, physical = self._words()
        if physical is None:
            raise LogicError(f"{self!r} has no physical filter")
        return physical

    # -- names of the older Filter, which some dataset types had
    def getName(self) -> str:
        """Return afw's name: that of a variant of a band, of the band, or its own."""
        ours = self._ours
        return ours.variant or ours.band or ours.name

    getCanonicalName = getName

    def getAliases(self) -> list[str]:
        names = (self._ours.name, self._ours.physical, *self._ours.aliases)
        return [*dict.fromkeys(name for name in names if name and name != self.getName())]

    def __eq__(self, other: object) -> bool:
        return self._words() == other._words() if isinstance(other, FilterLabel) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._words())

    def __str__(self) -> str:
        return " ".join(word for word in self._words() if word)

    def __repr__(self) -> str:
        named = zip(("band", "physical"), self._words(), strict=True)
        words = ", ".join(f'{name}="{word}"' for name, word in named if word is not None)
        return f"FilterLabel({words})"


class FilterProperty:
    """The wavelengths (nm) of a filter, as a camera defined them."""

    def __init__(
        self,
        name: str,
        lambdaEff: float = math.nan,
        lambdaMin: float = math.nan,
        lambdaMax: float = math.nan,
        force: bool = False,
    ) -> None:
        self._name = name
        self._effective = float(lambdaEff)
        self._least, self._greatest = float(lambdaMin), float(lambdaMax)
        Filter.define(self)

    def getName(self) -> str:
        return self._name

    def getLambdaEff(self) -> float:
        return self._effective

    def getLambdaMin(self) -> float:
        return self._least

    def getLambdaMax(self) -> float:
        return self._greatest

    @staticmethod
    def reset() -> None:
        Filter.reset()

    @staticmethod
    def lookup(name: str) -> FilterProperty:
        return Filter(name).getFilterProperty()


class Filter(FilterLabel):
    """A filter by its name, as afw had it before `FilterLabel`, whose methods it has, too.

    Parameters
    ----------
    filter : `str` or `int`, optional
        The name, or the number of a filter that was defined in this process; unknown by default.
    force : `bool`, optional
        Ignored: every name is accepted; for compatibility with afw.
    """

    _properties: ClassVar[dict[str, FilterProperty]] = {}
    _names: ClassVar[dict[str, str]] = {}  # aliases too
    _numbers: ClassVar[list[str]] = []

    def __init__(self, filter: Any = UNKNOWN, force: bool = False) -> None:
        if hasattr(filter, "names"):
            name = str(filter["FILTER"]).rstrip() if "FILTER" in filter else UNKNOWN
        elif isinstance(filter, int):
            name = self._numbers[filter] if 0 <= filter < len(self._numbers) else UNKNOWN
        else:
            name = str(filter)
        self._ours = OurLabel(name, variant=self._names.get(name))

    def getId(self) -> int:
        """Return a number that the filter has in this process; -1 if it is unknown."""
        if self.isUnknown():
            return -1
        if self.getName() not in self._numbers:
            self._numbers.append(self.getName())
        return self._numbers.index(self.getName())

    def isUnknown(self) -> bool:
        return self._ours.name == UNKNOWN

    def getFilterProperty(self) -> FilterProperty:
        name = self.getName()
        if name not in self._properties:
            raise NotFoundError(
                f"the wavelengths of filter {name} are not known: define them with "
                "afwImage.utils.defineFilter("
                f"{name!r}, lambdaEff=...)"
            )
        return self._properties[name]

    @classmethod
    def define(cls, filterProperty: FilterProperty, id: int = 0, force: bool = False) -> int:
        name = filterProperty.getName()
        Filter._properties[name] = filterProperty
        Filter._names[name] = name
        return Filter(name).getId()

    @classmethod
    def defineAlias(cls, oldName: str, newName: str, force: bool = False) -> int:
        Filter._names[newName] = oldName
        return Filter(oldName).getId()

    @classmethod
    def getNames(cls) -> list[str]:
        return sorted(Filter._properties)

    @classmethod
    def reset(cls) -> None:
        for table in (Filter._properties, Filter._names):
            table.clear()
        Filter._numbers.clear()

    def __repr__(self) -> str:
        return f"Filter({self.getName()!r})"


def defineFilter(
    name: str,
    lambdaEff: float,
    lambdaMin: float = math.nan,
    lambdaMax: float = math.nan,
    alias: Any = (),
    force: bool = False,
) -> Filter:
    """Define a filter, its wavelengths (nm) and its other names, for this process."""
    FilterProperty(name, lambdaEff, lambdaMin, lambdaMax, force)
    for other in [alias] if isinstance(alias, str) else alias:
        Filter.defineAlias(name, other)
    return Filter(name)


def resetFilters() -> None:
    """Remove all defined filters."""
    Filter.reset()
