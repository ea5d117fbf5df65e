"""`FilterDefinition` and `FilterDefinitionCollection`: a camera's filters."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, overload

from persistence.errors import PolicyError
from persistence.gen2types.images.filters import Filter, FilterLabel, FilterProperty
from persistence.types.exposure.translator import FilterLabel as OurLabel


class FilterDefinition:
    """A filter of a camera.

    Parameters
    ----------
    physical_filter : `str`
        The physical filter.
    lambdaEff : `float`
        The effective wavelength (nm).
    band : `str`, optional
        The name that cameras share; ``abstract_filter`` before 2020.
    lambdaMin, lambdaMax : `float`, optional
        The wavelengths with a transmission of 1 percent (nm).
    alias : iterable of `str`, optional
        Other names.
    afw_name : `str`, optional
        afw's name, if it is not the band.
    doc : `str`, optional
        A description.
    """

    def __init__(
        self,
        physical_filter: str,
        lambdaEff: float = math.nan,
        band: str | None = None,
        lambdaMin: float = math.nan,
        lambdaMax: float = math.nan,
        alias: Iterable[str] = (),
        afw_name: str | None = None,
        doc: str | None = None,
        *,
        abstract_filter: str | None = None,
    ) -> None:
        self.physical_filter, self.lambdaEff = physical_filter, lambdaEff
        self.band = band if abstract_filter is None else abstract_filter
        self.lambdaMin, self.lambdaMax = lambdaMin, lambdaMax
        self.afw_name, self.doc = afw_name, doc
        others = {physical_filter} | ({self.band} if afw_name and self.band else set())
        self.alias = (frozenset(alias) | others) - {self.name}

    @property
    def abstract_filter(self) -> str | None:
        """The band, as it was called before 2020."""
        return self.band

    @property
    def name(self) -> str:
        """Afw's name."""
        return self.afw_name or self.band or self.physical_filter

    def defineFilter(self) -> None:
        """Register the filter with ``lsst.afw.image.Filter``."""
        FilterProperty(self.name, self.lambdaEff, self.lambdaMin, self.lambdaMax, force=True)
        for other in sorted(self.alias):
            Filter.defineAlias(self.name, other)

    def makeFilterLabel(self) -> FilterLabel:
        return FilterLabel(band=self.band, physical=self.physical_filter)

    @property
    def ours(self) -> OurLabel:
        """The filter, as a camera's headers are read with it."""
        return OurLabel(
            self.name, self.band, self.physical_filter, tuple(sorted(self.alias)), self.afw_name
        )

    def _key(self) -> tuple[Any, ...]:
        return (self.physical_filter, self.band, self.afw_name, self.alias)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FilterDefinition) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"FilterDefinition({self.physical_filter!r}, {self.lambdaEff}, band={self.band!r})"


class FilterDefinitionCollection(Sequence[FilterDefinition]):
    """The filters of a camera, in order.

    Raises
    ------
    PolicyError
        If two have the same physical filter.
    """

    _defined: ClassVar[FilterDefinitionCollection | None] = None

    def __init__(self, *filters: FilterDefinition) -> None:
        self._filters = filters
        names = [each.physical_filter for each in filters]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise PolicyError(f"the physical filter {twice!r} is defined twice")

    @overload
    def __getitem__(self, key: int) -> FilterDefinition: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[FilterDefinition]: ...
    def __getitem__(self, key: Any) -> Any:
        return self._filters[key]

    def __len__(self) -> int:
        return len(self._filters)

    def __iter__(self) -> Iterator[FilterDefinition]:
        return iter(self._filters)

    def __str__(self) -> str:
        return f"FilterDefinitions({', '.join(map(str, self._filters))})"

    @property
    def physical_to_band(self) -> Mapping[str, str | None]:
        """The band of each physical filter."""
        return {each.physical_filter: each.band for each in self}

    def defineFilters(self) -> None:
        """Register the filters with ``lsst.afw.image.Filter``, and remove all others."""
        if FilterDefinitionCollection._defined is self:
            return
        self.reset()
        for each in self:
            each.defineFilter()
        FilterDefinitionCollection._defined = self

    @classmethod
    def reset(cls) -> None:
        """Remove all filters from ``lsst.afw.image.Filter``."""
        FilterDefinitionCollection._defined = None
        FilterProperty.reset()

    def findAll(self, name: str) -> set[FilterDefinition]:
        """Return the filters whose physical name, or band, a regular expression matches."""
        known = re.compile(name)
        return {
            each
            for each in self
            if any(known.search(text) for text in (each.physical_filter, each.band) if text)
        }
