"""From a camera's header keywords to what they mean.

Tables, and the few things that tables cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from persistence.types.archives.archive import Load, Tables
from persistence.types.exposure.detector import Detector
from persistence.types.exposure.visitinfo import VisitInfo

Header = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FilterLabel:
    """A filter.

    Attributes
    ----------
    name : `str`
        What data IDs call it.
    band : `str` or None
        What it is called across cameras.
    physical : `str` or None
        The piece of glass.
    aliases : `tuple` [`str`]
        Other names.
    variant : `str` or None
        What tells it from the band's main filter: Gen2's ``afw_name``, such as ``i2``.
    """

    name: str
    band: str | None = None
    physical: str | None = None
    aliases: tuple[str, ...] = ()
    variant: str | None = None

    def __str__(self) -> str:
        return self.name if self.physical in (None, self.name) else f"{self.name} ({self.physical})"

    def answers_to(self, name: str) -> bool:
        """Say whether somebody who asks for ``name`` may mean this filter."""
        return name in (self.name, self.band, self.physical, self.variant, *self.aliases)


# What afw writes for no filter. Source: afw-files 1.6.
_NO_FILTER = "_unknown_"


def make_filter(tables: Tables, load: Load) -> FilterLabel | None:
    """Build a filter from its table in an archive (afw-files 1.6).

    None if it has neither band nor glass.
    """
    (table,) = tables
    band = table["band"][0] if table["band_exists"][0] else None
    physical = table["physical"][0] if table["physical_exists"][0] else None
    name = physical or band
    return FilterLabel(name, band, physical) if name else None


class HeaderTranslator:
    """Reads headers with the FITS standard's keywords; a camera's translator overrides the tables.

    Attributes
    ----------
    visit_keys : mapping [`str`, `str`]
        Attributes of `VisitInfo` and the keywords that give them.
    zero_point_key : `str` or None
        The keyword of the magnitude zero point.
    filter_key : `str`
        The keyword of the filter.
    detector_key : `str` or None
        The keyword of the detector's number.
    filters : `tuple` [`FilterLabel`]
        The filters that the camera's policy knows.
    detectors : mapping [`int`, `str`]
        The names of the detectors that the camera's policy knows.
    said : mapping
        The section ``headers`` of the camera's policy: it comes before the class's own tables.
    """

    visit_keys: Mapping[str, str] = {
        "exposure_time": "EXPTIME",
        "dark_time": "DARKTIME",
        "date_begin": "DATE-OBS",
        "ra": "RA",
        "dec": "DEC",
        "airmass": "AIRMASS",
    }
    zero_point_key: str | None = None
    filter_key: str = "FILTER"
    detector_key: str | None = None

    def __init__(
        self,
        filters: tuple[FilterLabel, ...] = (),
        detectors: Mapping[int, str] = {},
        said: Mapping[str, Any] = {},
    ) -> None:
        self.filters = filters
        self.detectors = detectors
        self.visit_keys = {**self.visit_keys, **said.get("visit", {})}
        self.zero_point_key = said.get("zeroPoint", self.zero_point_key)
        self.filter_key = said.get("filter", self.filter_key)
        self.detector_key = said.get("detector", self.detector_key)

    def visit_info(self, header: Header) -> VisitInfo:
        """Say when, where and for how long the exposure was taken."""
        return VisitInfo(
            **{name: header[key] for name, key in self.visit_keys.items() if key in header}
        )

    def detector(self, header: Header) -> Detector | None:
        """Describe the detector; None if the header does not tell."""
        number = self.detector_number(header)
        return None if number is None else Detector(self.detectors.get(number, str(number)), number)

    def detector_number(self, header: Header) -> int | None:
        """Return the number of the detector; None if the header does not tell."""
        number = header.get(self.detector_key) if self.detector_key else None
        return number if isinstance(number, int) else None

    def zero_point(self, header: Header) -> float | None:
        """Give the magnitude that gives one count (mag)."""
        value = header.get(self.zero_point_key) if self.zero_point_key else None
        return float(value) if isinstance(value, int | float) else None

    def filter(self, header: Header, data_id: Mapping[str, Any]) -> FilterLabel | None:
        """Say which filter was in place: by the header, else by the data ID."""
        stored = header.get(self.filter_key)
        wanted = str(stored).strip() if stored and stored != _NO_FILTER else data_id.get("filter")
        return None if wanted is None else self.label(str(wanted))

    def completed(self, label: FilterLabel) -> FilterLabel:
        """Add what the policy knows of a filter to what is known of it."""
        known = self.label(label.name)
        return replace(
            known, band=label.band or known.band, physical=label.physical or known.physical
        )

    def label(self, name: str) -> FilterLabel:
        """Find a filter by any of its names.

        One that the policy does not know is called what it is.

        A name that several filters share is that of the band's main one, or else of the band alone
        (gen2-core 6.8).
        """
        known = [label for label in self.filters if label.answers_to(name)]
        main = [label for label in known if label.variant is None] if len(known) > 1 else known
        if len(main) == 1:
            return main[0]
        bands = {label.band for label in known}
        return FilterLabel(name, bands.pop() if len(bands) == 1 else None)
