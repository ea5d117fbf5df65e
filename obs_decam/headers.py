"""DECam's header keywords, and their meaning."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from persistence.cameras import geometry
from persistence.errors import FormatterError
from persistence.files import header_values
from persistence.types.exposure.detector import Amplifier, Detector
from persistence.types.exposure.translator import HeaderTranslator, turned
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.pixels.box import Box

if TYPE_CHECKING:
    from persistence.types.exposure.camera import Camera

Header = Mapping[str, Any]

_DETECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "camera", "detectors.yaml")

# Parts of an amplifier and the keywords of their sections, which are followed by the amplifier's
# letter.
_SECTIONS: Mapping[str, str] = {
    "data": "DATASEC",
    "overscan": "BIASSEC",
    "prescan": "PRESEC",
    "postscan": "POSTSEC",
    "trimmed": "CCDSEC",
}
_NUMBERS: Mapping[str, str] = {"gain": "GAIN", "read_noise": "RDNOISE", "saturation": "SATURAT"}
_AMPLIFIERS = ("A", "B")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNKNOWN = "unknown"
# Kinds of calibrations that are of one filter.
_OF_A_FILTER = ("flat", "fringe", "illumcor")


class DecamHeaders(HeaderTranslator):
    """Reads the headers of raws and of the Community Pipeline's exposures."""

    visit_keys: Mapping[str, Any] = {
        **HeaderTranslator.visit_keys,
        "exposure_id": "EXPNUM",
        "ra": "TELRA",
        "dec": "TELDEC",
        "radesys": "RADESYS",
        "equinox": "EQUINOX",  # not TELEQUIN: it is in the primary header, and RADESYS need not be
        "azimuth": "AZ",
        "altitude": {"key": "ZD", "scale": -1.0, "offset": 90.0},  # the zenith distance
        # No rotator: y is to the east and x to the south. Source: astro_metadata_translator.
        "rotation": {"value": 90.0},
        "rotation_type": {"value": "SKY"},
        # Positive to the west, in spite of its comment.
        "longitude": {"key": "OBS-LONG", "scale": -1.0},
        "latitude": "OBS-LAT",
        "elevation": "OBS-ELEV",
        "air_temperature": "OUTTEMP",
        # Its comment says torr; 779 torr is more than at sea level, and millibars are right.
        "air_pressure": {"key": "PRESSURE", "scale": 100.0},
        "humidity": "HUMIDITY",
        # Six offsets of the hexapod; the third is along the axis, in micrometres.
        "focus_z": {"key": "TELFOCUS", "pattern": r"^(?:[^,]*,){2}([^,]*),", "scale": 1e-3},
        "science_program": "PROPID",
    }
    camera_cards: Mapping[str, Any] = {"INSTRUME": ["DECam"]}
    detector_key = "CCDNUM"
    # The Community Pipeline's keyword, in those of its versions that calibrate photometrically.
    zero_point_key = "MAGZERO"

    def completed_visit(self, info: VisitInfo, header: Header) -> VisitInfo:
        """Return the visit information with the camera's own cards added to afw's.

        Before 2019, Gen2 took OBS-LONG for positive to the east, and computed the Earth's rotation
        angle from the sidereal time there.
        """
        info = super().completed_visit(info, header)
        if info.longitude is None or info.longitude < 0:
            return info
        return turned(replace(info, longitude=-info.longitude, ut1=None, era=None))

    def detector(self, header: Header) -> Detector | None:
        """Describe the detector, and its amplifiers if the image is not trimmed yet."""
        number = self.detector_number(header)
        if number is None:
            return None
        names = (header_values.text(header.get(key)) for key in ("DETPOS", "EXTNAME"))
        name = next(filter(None, names), str(number))
        serial = header_values.text(header.get("DETECTOR")) or ""
        amplifiers = tuple(
            _amplifier(header, letter) for letter in _AMPLIFIERS if f"BIASSEC{letter}" in header
        )
        detector = Detector(name, number, serial, amplifiers)
        return _placed(detector) if name == self.detectors.get(number) else detector

    def detector_number(self, header: Header) -> int | None:
        """Return the number of the detector: CCDNUM, or that of the chip that EXTNAME names.

        Raises
        ------
        FormatterError
            If the two are of different detectors.
        """
        number, name = super().detector_number(header), header.get("EXTNAME")
        named = next((other for other, known in self.detectors.items() if known == name), None)
        if number is not None and named not in (None, number):
            raise FormatterError(
                f"CCDNUM = {number} ({self.detectors.get(number, 'unknown')}), but EXTNAME = "
                f"{name!r} ({named}): these are two detectors"
            )
        return named if number is None else number


@functools.cache
def camera() -> Camera:
    """Return the camera: the positions of its detectors in the focal plane, and their sizes."""
    return geometry.of_table(_DETECTORS)


def _placed(detector: Detector) -> Detector:
    """Return a detector with the properties that the camera knows, but no header.

    Its amplifiers are those of the header: a trimmed image has none.
    """
    known = camera()[detector.id]
    names = ("bbox", "pixel_size", "position", "reference", "orientation", "plane")
    return replace(detector, **{name: getattr(known, name) for name in names})


def _amplifier(header: Header, letter: str) -> Amplifier:
    boxes: dict[str, Any] = {
        part: Box.from_section(_needed(header, f"{key}{letter}")) for part, key in _SECTIONS.items()
    }
    numbers: dict[str, Any] = {
        part: _number(header, f"{key}{letter}") for part, key in _NUMBERS.items()
    }
    return Amplifier(letter, **boxes, **numbers)


def _needed(header: Header, keyword: str) -> Any:
    value = header_values.known(header.get(keyword))
    if value is None:
        raise FormatterError(f"{keyword}: the header lacks it")
    return value


def _number(header: Header, keyword: str) -> float:
    value = _needed(header, keyword)
    number = header_values.number(value)
    if number is None:
        raise FormatterError(f"{keyword}={value!r} is not a number")
    return number


def ingest_filter(header: Header) -> str:
    """Return the filter as in data IDs: the first word of FILTER.

    The filter of a bias, which is taken with the shutter closed, is ``solid``, as in the header
    corrections of astro_metadata_translator.
    """
    kind = str(header.get("OBSTYPE", "")).lower()
    if "zero" in kind or "bias" in kind:
        return "solid"
    return _first_word(header["FILTER"])


def calib_filter(header: Header) -> str:
    """Return the filter of a master calibration.

    ``NONE`` for a bias, the first word of FILTER for others; ``unknown`` for one that needs none.

    Raises
    ------
    KeyError
        If a flat, or another calibration with a filter, lacks it.
    """
    kind, word = str(header.get("OBSTYPE", "")).lower(), _first_word(header.get("FILTER"))
    if word and ("zero" in kind or "bias" in kind):
        return "NONE"
    if word and word != "_unknown_":
        return word
    name = _of_calib_id(header, "filter") or word
    if not name and any(filtered in kind for filtered in _OF_A_FILTER):
        raise KeyError("FILTER")
    return name or _UNKNOWN


def calib_ccdnum(header: Header) -> Any:
    """Return the detector of a master calibration: CCDNUM, or that in CALIB_ID."""
    number = header.get("CCDNUM")
    number = _of_calib_id(header, "ccdnum") if number is None else number
    if number is None:
        raise KeyError("CCDNUM")
    return number


def calib_date(header: Header, path: str) -> str:
    """Return the date of a master calibration.

    It is that of DATE-OBS, CALIB_ID, or DATE-AVG, or else the one in the file's path.

    Raises
    ------
    FormatterError
        If DATE-OBS is not a date.
    KeyError
        If there is none.
    """
    if "DATE-OBS" in header:
        date = header_values.date(header["DATE-OBS"])
        if date is None and str(header["DATE-OBS"]).strip() not in ("", _UNKNOWN):
            raise FormatterError(f"DATE-OBS={header['DATE-OBS']!r} is not a date")
    else:
        date = _of_calib_id(header, "calibDate")
        if date is None and "DATE-AVG" in header:  # written by afw or this package
            from persistence.ingest.parse import translate_date  # lazy: ingest has it already

            date = translate_date(header)
    if date is None or date == _UNKNOWN:
        match = _DATE.search(path)
        date = match.group() if match else None
    if date is None:
        raise KeyError("DATE-OBS")
    return date[:10]


def _first_word(value: Any) -> str:
    return (header_values.text(value) or "").split(" ", 1)[0]


def _of_calib_id(header: Header, key: str) -> str | None:
    """Return one of the blank-separated ``key=value`` of CALIB_ID."""
    words = (word.partition("=") for word in str(header.get("CALIB_ID", "")).split())
    return next((value for name, _, value in words if name == key), None)
