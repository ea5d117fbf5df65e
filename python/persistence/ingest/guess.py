"""Draft a camera's file from the headers of its raw files. Each guess is marked as one."""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from persistence.errors import FormatterError
from persistence.files import fits_headers, header_values
from persistence.files.fits_headers import COMPRESSED, Cards

# Cards of known observatories that may have a property, in the order in which they are tried.
_VISIT = (
    "EXPNUM", "EXPID", "OBSNUM", "RUN", "RUNNUM", "FRAMENO", "FRAMENUM", "IMAGEID", "IMGNUM",
    "FILENUM", "SEQNUM", "OBSID", "EXP-ID", "FRAMEID",
)  # fmt: skip
_FILTER = ("FILTER", "FILTER1", "FILTER01", "FILTNAM", "FILTNAME", "INSFILTE", "WFFBAND")
_DATE = ("DATE-OBS", "DATE-BEG", "MJD-OBS", "JD")
_DETECTOR = ("CCDNUM", "DET-ID", "CCDID", "CCD_ID", "CHIPID", "CHIP", "DETNUM", "DETECTOR")
_GAIN = ("GAIN", "EGAIN", "ESO DET OUT1 CONAD")
_NOISE = ("RDNOISE", "READNOIS", "RON", "ENOISE")
_FULL = ("SATURATE", "SATURATI", "SATURAT", "SATLEVEL", "SATUR")
# Cards of amplifiers that are parts of one image: their data, overscan, and position in the
# detector, followed by a letter or a number.
_SECTIONS = (("DATASEC", "BIASSEC", "CCDSEC"), ("DSEC", "BSEC", "CSEC"))
_LONGITUDE = ("OBS-LONG", "LONGITUD", "SITELONG", "LONG-OBS", "GEOLON", "OBSGEO-L", "LONGITUDE")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "object": ("OBJECT", "OBJNAME", "TARGNAME"),
    "expTime": ("EXPTIME", "EXPOSURE", "EXPOSED", "ITIME", "EXPTM"),
}
# Attributes of a visit, and cards that may have them; the first one is the standard's, and need not
# be written.
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "exposure_time": ("EXPTIME", *_COLUMNS["expTime"][1:]),
    "ra": ("RA", "TELRA", "OBJCTRA", "RA_OBJ", "RA-OBS"),
    "dec": ("DEC", "TELDEC", "OBJCTDEC", "DEC_OBJ", "DEC-OBS"),
    "airmass": ("AIRMASS", "SECZ", "AMSTART"),
    "azimuth": ("AZIMUTH", "AZ", "TELAZ", "OBJCTAZ"),
    "altitude": ("ALTITUDE", "ALT", "TELALT", "OBJCTALT", "EL"),
    "longitude": ("OBSGEO-L", *_LONGITUDE),
    "latitude": ("OBSGEO-B", "OBS-LAT", "LATITUDE", "SITELAT", "LAT-OBS", "GEOLAT"),
    "elevation": ("OBSGEO-H", "OBS-ELEV", "SITEELEV", "ALT-OBS", "GEOELEV"),
    "air_temperature": ("AIRTEMP", "OUTTEMP", "AMBTEMP", "TEMPERAT"),
    "humidity": ("HUMIDITY", "RELHUMID"),
    "instrument": ("INSTRUME",),
    "observation_type": ("OBSTYPE", "IMAGETYP", "IMGTYPE", "EXPTYPE"),
    "object": _COLUMNS["object"],
}
_STANDARD = (
    "EXPTIME", "RA", "DEC", "AIRMASS", "OBSGEO-L", "OBSGEO-B", "OBSGEO-H", "INSTRUME", "OBSTYPE",
    "OBJECT",
)  # fmt: skip
_LAST_NUMBER = r"(\d+)\D*$"
_ENDINGS = (".fits.fz", ".fits.gz", ".fits", ".fit", ".fts")
_FILES_SHOWN = 3


@dataclass(frozen=True)
class _File:
    """A file: its name, its primary header with that of its first image, and its images."""

    name: str
    cards: Mapping[str, Any]
    images: tuple[Cards, ...]

    def get(self, keyword: str) -> Any:
        value = header_values.known(self.cards.get(keyword))
        return None if value == "" else value


class _Joined(Mapping[str, Any]):
    """A header, with another one that supplies missing cards."""

    def __init__(self, *headers: Cards) -> None:
        self._headers = headers

    def __getitem__(self, keyword: str) -> Any:
        for header in self._headers:
            if header.get(keyword) is not None:
                return header[keyword]
        raise KeyError(keyword)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for header in self._headers for key in header))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def camera(patterns: Sequence[str]) -> str:
    """Return the text of a camera's file, guessed from raw files.

    Parameters
    ----------
    patterns : sequence of `str`
        Raw files of the camera, or patterns of them.

    Returns
    -------
    text : `str`
        YAML, with a comment on each guess.

    Raises
    ------
    FormatterError
        If there is no file, or one is not FITS, or the files cannot be distinguished.
    """
    paths = [
        path
        for pattern in patterns
        for path in ([pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern)))
    ]
    if not paths:
        raise FormatterError(f"there is no file {' '.join(patterns)}")
    files = [_read(path) for path in paths]
    return "\n".join([*_head(files), *_body(files)]) + "\n"


def _read(path: str) -> _File:
    primary, *extensions = fits_headers.scan(path)
    images = [cards for cards in extensions if _is_image(cards)]
    first = [] if primary.get("NAXIS") or not images else [images[0]]
    return _File(path, _Joined(*first, primary), tuple(images))


def _is_image(cards: Cards) -> bool:
    kind = str(cards.get("XTENSION", "")).strip()
    return bool(cards.get("NAXIS")) and (kind == "IMAGE" or bool(cards.get("ZIMAGE")))


def _head(files: Sequence[_File]) -> Iterator[str]:
    shown = ", ".join(os.path.basename(each.name) for each in files[:_FILES_SHOWN])
    more = f", ... ({len(files)} files)" if len(files) > _FILES_SHOWN else ""
    names = {str(name) for each in files if (name := each.get("INSTRUME"))}
    called = ", ".join(sorted(names)) or "(no INSTRUME)"
    yield f"# A first file of the camera {called}: guesses, by the headers of"
    yield f"# {shown}{more}."
    yield "# Read each line, mend what is wrong, and try it:"
    yield "#   persistence camera check THIS_FILE --try RAW_FILES"
    yield "# What may stand here: doc/cameras.rst"


def _body(files: Sequence[_File]) -> Iterator[str]:
    detector = _detectors(files)
    layout = list(_parts(files[0]) or ([] if detector.names else _layout(files)))
    yield "levels: {exposure: [], night: [visit]}"
    yield "defaultLevel: exposure"
    yield from detector.lines
    yield from _filters(files)
    yield from _headers(files, detector)
    yield from layout
    key = "-%(ccd)02d" if detector.names else ""
    hdu = "[%(hdu)d]" if detector.names else ""
    ending = next((end for end in _ENDINGS if files[0].name.endswith(end)), ".fits")
    yield "exposures:"
    yield "  raw:"
    yield f"    template: 'raw/%(date)s/%(visit)07d{ending}{hdu}'"
    yield "    python: lsst.afw.image.DecoratedImageF"
    for name in ("postISRCCD", "icExp", "calexp"):
        yield f"  {name}: {{template: '{name}/%(visit)07d{key}.fits'}}"
    yield "datasets:"
    for name in ("src", "icSrc", "srcMatch", "icExpBackground", "calexpBackground"):
        yield f"  {name}: {{template: '{name}/%(visit)07d{key}.fits'}}"
    yield f"  processCcd_metadata: {{template: 'metadata/%(visit)07d{key}.yaml'}}"
    yield from _ingest(files, detector)


# -- parts
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Detectors:
    """The detectors of a file: their lines, the card with their number, and their EXTNAMEs."""

    lines: tuple[str, ...] = ()
    keyword: str = ""
    names: tuple[str, ...] = ()


def _detectors(files: Sequence[_File]) -> _Detectors:
    """Return the detectors: images of one file with different numbers."""
    images = files[0].images
    for keyword in _DETECTOR:
        numbers = [header_values.integer(cards.get(keyword)) for cards in images]
        if len(images) > 1 and None not in numbers and len({*numbers}) == len(numbers):
            names = [
                _name(cards) or str(number) for cards, number in zip(images, numbers, strict=True)
            ]
            listed = ", ".join(
                f"{number}: {json.dumps(name)}" for number, name in zip(numbers, names, strict=True)
            )
            return _Detectors(
                (
                    f"# guess: each image of a file is a detector, whose number is in {keyword}",
                    f"detectors: {{key: ccd, names: {{{listed}}}}}",
                ),
                keyword,
                tuple(names),
            )
    return _Detectors()


def _name(cards: Cards) -> str:
    name = header_values.text(cards.get("EXTNAME")) or ""
    return "" if name == COMPRESSED else name


def _filters(files: Sequence[_File]) -> Iterator[str]:
    keyword = _first(files, _FILTER)
    if keyword is None:
        yield "# guess: no card tells a filter: all exposures are in the one of this name"
        yield "filters: [{physical: none}]"
        return
    labels = dict.fromkeys(
        str(each.get(keyword)) for each in files if each.get(keyword) is not None
    )
    yield f"# guess: the values of {keyword}; name is what data IDs say; add band: g, r, i, ..."
    yield "filters:"
    words = [value.split(" ", 1)[0] for value in labels]
    # a first word that two filters share would merge them
    names = words if len(set(words)) == len(words) else list(labels)
    for value, text in zip(labels, names, strict=True):
        name = re.sub(r"[^\w.+-]", "_", text)
        yield f"  - {{physical: {json.dumps(value)}, name: {json.dumps(name)}}}"


def _headers(files: Sequence[_File], detector: _Detectors) -> Iterator[str]:
    yield "headers:"
    keyword = _first(files, _FILTER)
    if keyword not in (None, "FILTER"):
        yield f"  filter: {keyword}  # guess"
    if detector.keyword:
        yield f"  detector: {detector.keyword}  # guess"
    visit = _visit(files)
    said = (
        []
        if visit.keyword is None
        else [f"    exposure_id: {visit.keyword}  # guess: as visit, below"]
    )
    for attribute, keywords in _ATTRIBUTES.items():
        there = next(
            (key for key in keywords if any(each.get(key) is not None for each in files)), None
        )
        if there is not None and there not in _STANDARD:
            value = next(each.get(there) for each in files if each.get(there) is not None)
            said.append(
                f"    {attribute}: {there}  # guess; it has {json.dumps(value, default=str)}"
            )
    if said:
        yield "  # guesses, by the names of cards alone: look at units and signs"
        yield "  visit:"
        yield from said
    else:
        yield "  visit: {}"


def _layout(files: Sequence[_File]) -> Iterator[str]:
    """Yield the amplifiers: each is an HDU, or the whole image is one."""
    images = files[0].images
    cards: Mapping[str, Any] = images[0] if images else files[0].cards
    numbers = {
        name: next(
            (key for key in keys if cards.get(key) is not None or files[0].get(key) is not None),
            None,
        )
        for name, keys in (("gain", _GAIN), ("read_noise", _NOISE), ("saturation", _FULL))
    }
    if len(images) > 1 and all(_name(each) and each.get("DETSEC") for each in images):
        yield "# guess: each image of a file is an amplifier of one detector, since all have DETSEC"
        yield "layouts:"
        yield f"  - amplifiers: {json.dumps([_name(each) for each in images])}"
        yield "    hdu: '%(amp)s'"
    elif cards.get("BIASSEC") and (cards.get("TRIMSEC") or cards.get("DATASEC")):
        key = "TRIMSEC" if cards.get("TRIMSEC") else "DATASEC"
        place = _whole(str(cards[key]))
        yield "# guess: the image is one amplifier, since it has an overscan"
        yield "layouts:"
        yield "  - amplifiers: [all]"
        yield f"    data: {key}"
        yield "    overscan: BIASSEC"
        yield f"    trimmed: '{place}'"
    elif numbers["gain"] and not images:
        yield "# guess: the image is one amplifier without an overscan; -c isr.doOverscan=False"
        yield "layouts:"
        whole = f"[1:{cards['NAXIS1']},1:{cards['NAXIS2']}]"
        yield f"  - amplifiers: [all]\n    data: '{whole}'\n    trimmed: '{whole}'"
    else:
        yield "# No card tells of amplifiers: see layouts in doc/cameras.rst"
        return
    for name, card in numbers.items():
        if card is not None:
            yield f"    {name}: {card}  # guess"
        else:
            yield f"    # {name}: no card of a usual name tells it; write the number here"


def _parts(file: _File) -> list[str]:
    """Return the amplifiers that are parts of one image; empty if no cards describe such."""
    cards: Mapping[str, Any] = file.images[0] if file.images else file.cards
    for data, overscan, place in _SECTIONS:
        names = sorted(
            key.removeprefix(data)
            for key in cards
            if key.startswith(data) and key != data and cards.get(place + key.removeprefix(data))
        )
        if names:
            lines = [
                f"# guess: the image has the amplifiers that {data}{names[0]}, ... tell of",
                "layouts:",
                f"  - amplifiers: {json.dumps(names)}",
                f"    data: {data}%(amp)s",
                f"    trimmed: {place}%(amp)s",
            ]
            if all(cards.get(overscan + name) for name in names):
                lines.append(f"    overscan: {overscan}%(amp)s")
            for number, keys in (("gain", _GAIN), ("read_noise", _NOISE), ("saturation", _FULL)):
                known = (key for key in keys if all(cards.get(key + name) for name in names))
                key = next(known, None)
                told = f"{number}: {key}%(amp)s  # guess" if key else f"# {number}: write it here"
                lines.append(f"    {told}")
            return lines
    return []


def _whole(section: str) -> str:
    """Return a section that starts at the first pixel and is as large as another one."""
    x1, x2, y1, y2 = (int(number) for number in re.findall(r"\d+", section))
    return f"[1:{abs(x2 - x1) + 1},1:{abs(y2 - y1) + 1}]"


@dataclass(frozen=True)
class _Visit:
    """The number of an exposure: a card, or the last number of the file's name; with the reason."""

    keyword: str | None
    rule: str
    reason: str


def _visit(files: Sequence[_File]) -> _Visit:
    told = (
        "is a whole number in all files"
        if len(files) == 1
        else f"differs in all {len(files)} files"
    )
    for keyword in _VISIT:
        numbers = [header_values.integer(each.get(keyword)) for each in files]
        if (
            None not in numbers
            and len({*numbers}) == len(files)
            and min(map(int, filter(None, numbers)), default=0) > 0
        ):
            return _Visit(keyword, keyword, f"{keyword} {told}")
    for keyword in _VISIT:
        texts = [re.search(_LAST_NUMBER, str(each.get(keyword) or "")) for each in files]
        if all(texts) and len({match[1] for match in texts if match}) == len(files):
            rule = f"{{key: {keyword}, pattern: {json.dumps(_LAST_NUMBER)}}}"
            return _Visit(None, rule, f"the last number of {keyword} {told}")
    names = [_number_of(each.name) for each in files]
    if None not in names and len({*names}) == len(files):
        pattern = "(\\d+)\\D*\\.(?:fits|fit|fts)"
        rule = f"{{path: true, pattern: {json.dumps(pattern)}}}"
        return _Visit(None, rule, f"the last number of the file's name {told}; no card does")
    raise FormatterError(
        "these files cannot be distinguished: no card with a usual name has numbers that differ "
        f"({', '.join(_VISIT)}), nor have their names; pass files of different exposures"
    )


def _number_of(path: str) -> int | None:
    match = re.search(r"(\d+)\D*\.(?:fits|fit|fts)", os.path.basename(path))
    return None if match is None else int(match[1])


def _ingest(files: Sequence[_File], detector: _Detectors) -> Iterator[str]:
    visit = _visit(files)
    columns = {"visit": "int", "date": "text", "filter": "text"}
    translation = {name: _first(files, keys) for name, keys in _COLUMNS.items()}
    translation = {name: key for name, key in translation.items() if key is not None}
    if visit.keyword is not None:
        translation["visit"] = visit.keyword
    columns |= {"object": "text"} if "object" in translation else {}
    columns |= {"expTime": "double"} if "expTime" in translation else {}
    if detector.names:
        translation["ccd"] = detector.keyword
        columns |= {"ccd": "int", "hdu": "int"}
    yield "ingest:"
    yield "  parse:"
    if visit.keyword is not None:
        yield f"    # guess: {visit.reason}"
    yield f"    translation: {{{', '.join(f'{name}: {key}' for name, key in translation.items())}}}"
    if detector.names:
        yield f"    extnames: {json.dumps([*detector.names])}"
    yield "    translators:"
    if visit.keyword is None:
        yield f"      # guess: {visit.reason}"
        yield f"      visit: {visit.rule}"
    yield from _date(files)
    if _first(files, _FILTER) is None:
        yield "      filter: {value: none}"
    else:
        yield "      filter: filter_name"
    unique = ["visit", *(["ccd"] if detector.names else [])]
    shared = [name for name in columns if name not in ("ccd", "hdu", "expTime")]
    yield "  register:"
    yield f"    columns: {{{', '.join(f'{name}: {kind}' for name, kind in columns.items())}}}"
    yield f"    unique: [{', '.join(unique)}]"
    yield f"    visit: [{', '.join(shared)}]"


def _date(files: Sequence[_File]) -> Iterator[str]:
    keyword = _first(files, _DATE)
    if keyword is None:
        raise FormatterError(f"no file has a date: none of {', '.join(_DATE)}")
    longitude = next(
        (
            key
            for key in _LONGITUDE
            if all(header_values.number(each.get(key)) is not None for each in files)
        ),
        None,
    )
    key = "" if keyword == _DATE[0] else f"key: {keyword}, "
    plain = "translate_date" if keyword == _DATE[0] else f"{{{key}night: {{hour: 0}}}}"
    if not all(_is_time(each.get(keyword)) for each in files):
        yield f"      # guess: the date of {keyword}, which need not be the night's"
        yield f"      date: {plain if keyword == _DATE[0] else f'{{{key}slice: [0, 10]}}'}"
    elif longitude is None:
        yield f"      # guess: the date of {keyword} in UTC; that of a night at 70.8 deg W is"
        yield f"      # date: {{{key}night: {{longitude: -70.8}}}}"
        yield f"      date: {plain}"
    else:
        yield f"      # guess: the night of {keyword} at the longitude in {longitude}: to the east?"
        yield f"      date: {{{key}night: {{longitude: {longitude}}}}}"


def _is_time(value: Any) -> bool:
    if isinstance(value, str):
        return len(header_values.date(value) or "") > len("2024-03-01")
    return header_values.number(value) is not None


def _first(files: Sequence[_File], keywords: Sequence[str]) -> str | None:
    """Return the first card that all files have."""
    return next((key for key in keywords if all(each.get(key) is not None for each in files)), None)
