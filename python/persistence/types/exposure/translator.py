"""The translation of a camera's header keywords: tables, and what tables cannot express."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from persistence.errors import FormatterError
from persistence.files import header_values
from persistence.types.archives.archive import Load, Tables
from persistence.types.exposure import earth, headersource, headertimes, visitcards
from persistence.types.exposure.detector import Amplifier, Detector, FocalPlane
from persistence.types.exposure.headersource import Header, Source
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.pixels.box import Box

if TYPE_CHECKING:
    from persistence.types.exposure.layouts import Layout


@dataclass(frozen=True, slots=True)
class FilterLabel:
    """The names of a filter.

    Attributes
    ----------
    name : `str`
        The name in data IDs.
    band : `str` or None
        The name common to all cameras.
    physical : `str` or None
        The name of the physical filter.
    aliases : `tuple` [`str`]
        Other names.
    variant : `str` or None
        The difference from the band's main filter: Gen2's ``afw_name``, such as ``i2``.
    """

    name: str
    band: str | None = None
    physical: str | None = None
    aliases: tuple[str, ...] = ()
    variant: str | None = None

    def __str__(self) -> str:
        return self.name if self.physical in (None, self.name) else f"{self.name} ({self.physical})"

    def answers_to(self, name: str) -> bool:
        """Return whether a name can mean this filter."""
        return name in (self.name, self.band, self.physical, self.variant, *self.aliases)

    def folded_answers_to(self, name: str) -> bool:
        """Return whether a name can mean this filter, ignoring case."""
        names = (self.name, self.band, self.physical, self.variant, *self.aliases)
        return name.casefold() in (known.casefold() for known in names if known)


# afw's name of no filter. Source: afw-files 1.6.
_NO_FILTER = "_unknown_"
# Pipelines write 99 or -999 for an unknown magnitude.
_NO_MAGNITUDE = 90.0


def make_filter(tables: Tables, load: Load) -> FilterLabel | None:
    """Return the filter of a table in an archive (afw-files 1.6); None without any name."""
    (table,) = tables
    band = table["band"][0] if table["band_exists"][0] else None
    physical = table["physical"][0] if table["physical_exists"][0] else None
    name = physical or band
    return FilterLabel(name, band, physical) if name else None


# The limits of values in headers, in our units: telescopes write -999 for unknown values.
_LIMITS: Mapping[str, tuple[float, float]] = {
    "exposure_id": (1, math.inf),
    "id": (1, math.inf),
    "exposure_time": (0.0, math.inf),
    "dark_time": (0.0, math.inf),
    "airmass": (1.0, math.inf),
    "azimuth": (-360.0, 720.0),
    "altitude": (-90.0, 90.0),
    "longitude": (-360.0, 360.0),
    "latitude": (-90.0, 90.0),
    "elevation": (-1e3, 1e4),
    "air_temperature": (-100.0, 60.0),
    "air_pressure": (3e4, 1.2e5),
    "humidity": (0.0, 100.0),
    "equinox": (1800.0, 2200.0),
}
_WHOLE_CIRCLES = ("azimuth", "rotation")
_DATES = ("date_begin", "date_middle")
# The names of exposures of the sky.
_SCIENCE = ("object", "skyexp")
_FIRST_FK5 = 1984.0
_INSTRUMENT = "INSTRUME"
# The geocentric apparent place of a moving target is not a position in a frame.
_NO_FRAME = "gappt"


class HeaderTranslator:
    """A translator of headers with the FITS standard's keywords; cameras override the tables.

    Attributes
    ----------
    visit_keys : mapping
        Attributes of `VisitInfo`, and their origin: a keyword, a mapping with attributes of
        `~persistence.types.exposure.headersource.Source`, or a list of these, in order of priority.
    zero_point_key : `str` or None
        The keyword of the magnitude zero point.
    filter_key : `str`
        The keyword of the filter.
    detector_key : `str` or None
        The keyword of the detector's number.
    camera_cards : mapping
        Keyword -> its values in the camera's own files; files with other values belong to another
        camera.
    filters : `tuple` [`FilterLabel`]
        The filters in the camera's policy.
    detectors : mapping [`int`, `str`]
        The names of the detectors in the camera's policy.
    said : mapping
        The section ``headers`` of the camera's policy, which overrides the class's tables.
    geometry : mapping
        The sections ``amplifiers``, ``focalPlane``, ``readout`` and ``detectors`` of the camera's
        policy; its `~persistence.types.exposure.layouts.Layout` objects as ``layouts``; for a
        camera with several geometries, these as ``versions`` and the key of their ``date``; and
        ``where``, the file and line of the filter's entry.
    """

    visit_keys: Mapping[str, Any] = {
        "exposure_time": "EXPTIME",
        "dark_time": "DARKTIME",
        "date_begin": ["DATE-BEG", "DATE-OBS", "MJD-BEG", "MJD-OBS"],
        "date_middle": ["DATE-AVG", "MJD-AVG"],
        "ra": "RA",
        "dec": "DEC",
        "radesys": ["RADESYS", "RADECSYS"],
        "equinox": ["EQUINOX", "EPOCH"],
        "airmass": "AIRMASS",
        "longitude": "OBSGEO-L",
        "latitude": "OBSGEO-B",
        "elevation": "OBSGEO-H",
        "instrument": "INSTRUME",
        "observation_type": "OBSTYPE",
        "object": "OBJECT",
    }
    zero_point_key: str | None = None
    filter_key: str = "FILTER"
    detector_key: str | None = None
    camera_cards: Mapping[str, Sequence[Any]] = {}

    def __init__(
        self,
        filters: tuple[FilterLabel, ...] = (),
        detectors: Mapping[int, str] = {},
        said: Mapping[str, Any] = {},
        geometry: Mapping[str, Any] = {},
    ) -> None:
        self.geometry = geometry
        self.filters = filters
        self.detectors = detectors
        self.visit_keys = {**self.visit_keys, **said.get("visit", {})}
        self.camera_cards = said.get("camera", self.camera_cards)
        self._sources = {
            name: headersource.sources(entry) for name, entry in self.visit_keys.items()
        }
        self._cards: dict[str, tuple[Source, ...]] = {}
        for name, attribute in _KEYS.items():
            entry = said.get(name, getattr(self, attribute))
            self._cards[name] = () if entry is None else headersource.sources(entry)
            if name in said:
                setattr(self, attribute, ", ".join(headersource.keywords(self._cards[name])))

    @property
    def keywords(self) -> Mapping[str, tuple[str, ...]]:
        """The keywords that are used, by their meaning: an attribute of a visit, or ``filter``."""
        sources = {**self._sources, **self._cards}
        found = {name: headersource.keywords(each) for name, each in sources.items()}
        return {name: tuple(keywords) for name, keywords in found.items() if keywords}

    def visit_info(self, header: Header) -> VisitInfo:
        """Return the visit from the camera's own cards.

        Values of the wrong type or outside of their limits are unknown (None).
        """
        dates = self._dates(header)
        begin = dates.get("date_begin", "")
        values = {
            name: self._value(name, sources, header, begin)
            for name, sources in self._sources.items()
            if name not in _DATES
        }
        values["radesys"] = str(values.get("radesys") or _frame(values["equinox"])).lower()
        if values["radesys"] == _NO_FRAME:
            values |= {"ra": None, "dec": None, "radesys": "icrs"}
        kind = str(values.get("observation_type") or "").lower()
        values["observation_type"] = "science" if kind in _SCIENCE else kind or None
        if values.get("rotation") is None:
            values["rotation_type"] = None
        values["id"] = values.get("id") or values.get("exposure_id")
        return turned(VisitInfo(**dates, **values))

    def completed_visit(self, info: VisitInfo, header: Header) -> VisitInfo:
        """Return a visit that afw wrote, completed by the camera's own cards.

        Only attributes that the version of afw had no cards for are added: the others were
        overwritten by afw's.
        """
        if visitcards.NEWEST in header:
            return info
        own = self.visit_info(header)
        names = (name for name in visitcards.LATER_CARDS if not getattr(info, name))
        return replace(info, **{name: getattr(own, name) for name in names})

    def begin(self, header: Header) -> headertimes.Moment | None:
        """Return the beginning of the exposure; None if the header does not have it."""
        return headertimes.moment(header, self._sources.get(_DATES[0], ()))

    def _dates(self, header: Header) -> dict[str, Any]:
        """Return the dates in a header, and their scale."""
        for name in _DATES:
            found = headertimes.moment(header, self._sources.get(name, ()))
            if found is not None:
                return {name: found.text, "timescale": found.scale}
        return {}

    @staticmethod
    def _value(name: str, sources: Sequence[Source], header: Header, begin: str) -> Any:
        """Return the value of the first source that has one of the right type; None if none has."""
        for source in sources:
            value = _CAST.get(name, visitcards.cast(name))(source.read(header))
            if value is None or (source.since is not None and begin < source.since):
                continue
            if isinstance(value, float):
                value = value * source.scale + source.offset
                value = value % 360.0 if name in _WHOLE_CIRCLES else value
            low, high = _LIMITS.get(name, (-math.inf, math.inf))
            if not isinstance(value, int | float) or low <= value <= high:
                return value
        return None

    def detector(self, header: Header) -> Detector | None:
        """Return the detector, with its amplifiers if the camera's policy describes their layout.

        None is returned if the header does not identify it.
        """
        number = self.detector_number(header)
        number = self._only_detector if number is None else number
        return None if number is None else self._described(number, header)

    def detector_of(self, header: Header, data_id: Mapping[str, Any]) -> Detector | None:
        """Return the detector, by its number in a data ID if the header does not have it.

        None is returned if neither identifies it.
        """
        detector = self.detector(header)
        number = data_id.get(self.geometry.get("detectors", {}).get("key", ""))
        if detector is not None or not self.layouts or not isinstance(number, int):
            return detector
        return self._described(number, header)

    def _described(self, number: int, header: Header) -> Detector:
        amplifiers: tuple[Amplifier, ...] = ()
        if self.layouts:
            from persistence.types.exposure import layouts  # lazy: few cameras have any

            amplifiers = layouts.amplifiers_of(self.layouts, header)
        serial_key = self.geometry.get("detectors", {}).get("serial")
        serial = header_values.text(headersource.card(header, serial_key)) if serial_key else None
        name = self.detectors.get(number, str(number))
        return Detector(name, number, serial or "", amplifiers)

    @property
    def layouts(self) -> Sequence[Layout]:
        """The layouts of amplifiers in the camera's raw files."""
        layouts: Sequence[Layout] = self.geometry.get("layouts", ())
        return layouts

    @property
    def _only_detector(self) -> int | None:
        """The number of the detector of a camera with only one and known layouts."""
        if not self.layouts or len(self.detectors) > 1:
            return None
        return next(iter(self.detectors), 0)

    @property
    def amplifiers(self) -> Mapping[str, Mapping[str, Any]]:
        """The position of each amplifier in a detector, by the name of its extension."""
        layout: Mapping[str, Mapping[str, Any]] = self.geometry.get("amplifiers", {})
        return layout

    def readout(self, header: Header) -> dict[str, Any]:
        """Return gain, read noise and saturation of an amplifier; None if unknown."""
        values: dict[str, Any] = {}
        for name, source in self.geometry.get("readout", {}).items():
            value = headersource.card(header, source) if isinstance(source, str) else source
            values[name] = header_values.number(value)
        return values

    def placed(
        self,
        data_id: Mapping[str, Any],
        header: Header,
        bbox: Box,
        amplifiers: tuple[Amplifier, ...],
    ) -> Detector | None:
        """Return the detector of a data ID, with its position in the focal plane.

        None is returned if the data ID has no detector's number; without a position if the policy
        has none.
        """
        number = data_id.get(self.geometry.get("detectors", {}).get("key", ""))
        number = self._only_detector if number is None else number
        if not isinstance(number, int):
            return None
        serial_key = self.geometry.get("detectors", {}).get("serial", "")
        serial = header_values.text(headersource.card(header, serial_key)) or ""
        name, told = self.detectors.get(number, str(number)), self._focal_plane(data_id)
        detector = Detector(name, number, serial, amplifiers, bbox=bbox)
        if told is None:
            return detector
        offsets = [
            {str(value): offset for value, offset in places.items()}.get(str(data_id.get(key)))
            for key, places in told["offsets"].items()
        ]
        if None in offsets:
            return detector
        return replace(
            detector,
            pixel_size=(told["pixel"], told["pixel"]),
            position=tuple(sum(axis) for axis in zip(*offsets, strict=True)),
            reference=tuple(told["reference"]),
            orientation=(told.get("yaw", 0.0), 0.0, 0.0),
            plane=FocalPlane(told["scale"], told.get("flipX", False)),
        )

    def _focal_plane(self, data_id: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the policy's focal plane on the date of a data ID; None if none is valid then."""
        fixed: Mapping[str, Any] | None = self.geometry.get("focalPlane")
        if "versions" not in self.geometry:
            return fixed
        day = header_values.date(str(data_id.get(self.geometry["date"])))
        holding = (each for each in self.geometry["versions"] if day and each.holds(day[:10]))
        return next((each.settings.get("focalPlane") for each in holding), None)

    def detector_number(self, header: Header) -> int | None:
        """Return the number of the detector; None if the header does not have it."""
        return header_values.integer(headersource.first(self._cards["detector"], header))

    def refuse_other_camera(self, header: Header) -> None:
        """Check that a file is from this camera, as far as its header shows.

        Raises
        ------
        FormatterError
            If the header names another camera.
        """
        for keyword, expected in self.camera_cards.items():
            value = header_values.text(headersource.card(header, keyword))
            known = [str(name) for name in expected]
            if value is None or value.casefold() in (name.casefold() for name in known):
                continue
            instrument = header_values.text(headersource.card(header, _INSTRUMENT))
            also = f" ({_INSTRUMENT} is {instrument!r})" if keyword != _INSTRUMENT else ""
            raise FormatterError(
                f"it is from another camera: {keyword} is {value!r}, not {' or '.join(known)}"
                f"{also if instrument else ''}"
            )

    def zero_point(self, header: Header) -> float | None:
        """Return the magnitude of one count (mag); None if unknown."""
        magnitude = header_values.number(headersource.first(self._cards["zeroPoint"], header))
        return magnitude if magnitude is not None and abs(magnitude) < _NO_MAGNITUDE else None

    def filter(self, header: Header, data_id: Mapping[str, Any]) -> FilterLabel | None:
        """Return the filter of an exposure: from the header, or else the data ID."""
        stored = header_values.text(headersource.first(self._cards["filter"], header))
        wanted = data_id.get("filter") if stored in (None, _NO_FILTER) else stored
        return None if wanted is None else self.label(str(wanted))

    def filter_text(self, header: Header) -> str:
        """Return the name of the filter in a header.

        Raises
        ------
        KeyError
            If it has no such card; the argument is its keyword.
        FormatterError
            If the name is empty or unknown to the camera's file; the message has keyword and value.
        """
        sources = self._cards["filter"]
        try:
            values = [(source, source.meant(header)) for source in sources]
        except FormatterError as error:
            where = self.geometry.get("where")
            raise FormatterError(f"{where}: {error}" if where else str(error)) from error
        text = next(filter(None, (header_values.text(value) for _, value in values)), None)
        if text is None:
            written = next((source for source, value in values if value is not None), None)
            if written is None:
                raise KeyError(self.filter_key)
            raise FormatterError(f"{written.key}={written.read(header)!r} is empty")
        return text

    def completed(self, label: FilterLabel) -> FilterLabel:
        """Return a filter completed by the policy's information about it."""
        known = self.label(label.name)
        return replace(
            known, band=label.band or known.band, physical=label.physical or known.physical
        )

    def label(self, name: str) -> FilterLabel:
        """Return a filter by any of its names.

        Unknown names are returned as they are. A name of several filters means the band's main one,
        or else the band alone (doc/gen2/gen2-core.md 6.8).
        """
        known = [label for label in self.filters if label.answers_to(name)]
        # Some telescopes write HSC-i for HSC-I: without an exact match, case is ignored.
        known = known or [label for label in self.filters if label.folded_answers_to(name)]
        main = [label for label in known if label.variant is None] if len(known) > 1 else known
        if len(main) == 1:
            return main[0]
        bands = {label.band for label in known}
        return FilterLabel(name, bands.pop() if len(bands) == 1 else None)


def _frame(equinox: float | None) -> str:
    """Return the frame of coordinates of an equinox (FITS Standard 4.0, table 24)."""
    if equinox is None:
        return "icrs"
    return "fk4" if equinox < _FIRST_FK5 else "fk5"


def turned(info: VisitInfo) -> VisitInfo:
    """Return a visit with the Earth's rotation in the middle of the exposure, if known."""
    try:
        date = info.date_avg
    except FormatterError:  # the header has no valid date; using it raises the error
        return info
    turned = None if date is None else earth.rotation(date)
    return info if turned is None else replace(info, ut1=turned.ut1, era=turned.era)


# Keys of the section ``headers`` -> the attribute with their keyword.
_KEYS: Mapping[str, str] = {
    "zeroPoint": "zero_point_key",
    "filter": "filter_key",
    "detector": "detector_key",
}
# Conversions of header values whose type differs from afw's of the same name.
_CAST: Mapping[str, Any] = {
    "ra": headersource.angle,
    "dec": headersource.angle,
    "radesys": header_values.text,
    "equinox": headersource.equinox,
}
