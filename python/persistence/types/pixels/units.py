"""Units in the spellings of headers, and the one spelling that is written (FITS 4.0, 4.3)."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Mapping
from typing import Any

# Texts for no unit, or an unknown one.
_NONE = ("", "n/a", "none", "null", "unknown", "undefined", "-", "?")
# Astropy's names -> other spellings, in lower case. Prefixes whose case matters (MJY is milli or
# mega) are not here: such texts are kept as unknown units.
_SPELLINGS: Mapping[str, str] = {
    "electron": "e electron electrons",
    "adu": "adu adus",
    "DN": "dn dns",
    "ct": "ct cts cnt cnts count counts",
    "ph": "ph photon photons",
    "s": "s sec secs second seconds",
    "ms": "msec msecs",
    "us": "usec usecs",
    "ns": "nsec nsecs",
    "min": "min mins minute minutes",
    "h": "hr hrs hour hours",
    "d": "day days",
    "yr": "yr year years",
    "rad": "rad radian radians",
    "deg": "deg degs degree degrees",
    "arcmin": "arcmin arcmins arcminute arcminutes",
    "arcsec": "arcsec arcsecs arcsecond arcseconds asec",
    "mas": "mas",
    "sr": "sr",
    "m": "m meter meters metre metres",
    "km": "km",
    "cm": "cm",
    "mm": "mm",
    "um": "micron microns",
    "nm": "nm",
    "Angstrom": "angstrom angstroms ang",
    "Jy": "jy jansky janskys",
    "erg": "erg ergs",
    "Hz": "hz",
    "mag": "mag mags magnitude magnitudes",
    "mgy": "maggy maggies",
    "nmgy": "nanomaggy nanomaggies nmgy",
    "pix": "pix pixel pixels",
    "beam": "beam beams",
    "": "unitless dimensionless",
}
_NAMES = {word: name for name, words in _SPELLINGS.items() for word in words.split()}
_WORD = re.compile(r"(?<![0-9.A-Za-z])[A-Za-z]+")
_ERGS = re.compile(r"\bergs?\b", re.IGNORECASE)
_ELECTRON = re.compile(r"\be-(?![0-9])", re.IGNORECASE)


@functools.lru_cache(512)
def parse(text: str) -> Any:
    """Return the unit that a header names, in any spelling.

    Parameters
    ----------
    text : `str`
        The value of ``BUNIT`` or ``TUNITn``.

    Returns
    -------
    unit : `~astropy.units.UnitBase` or None
        None for no unit, such as ``N/A``. An unknown unit is an `~astropy.units.UnrecognizedUnit`,
        which keeps the text.
    """
    from astropy import units  # lazy: rarely needed

    said = " ".join(text.split())
    if said.lower() in _NONE:
        return None
    spelled = _respelled(said)
    # Texts with lower case letters are first tried unchanged: S is siemens, and s is seconds. But
    # ergs are per Angstrom, often written A, which is ampere.
    is_odd = said == said.upper() or _ERGS.search(said)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", units.UnitsWarning)  # about several slashes
        for spelling in (spelled, said) if is_odd else (said, spelled):
            try:
                return units.Unit(spelling)
            except (ValueError, TypeError):
                continue
        return units.Unit(said, parse_strict="silent")


def _respelled(text: str) -> str:
    """Return a text with words replaced by astropy's names."""
    text = _ELECTRON.sub("electron", text.replace("(s)", "").replace(" per ", "/"))
    names = {**_NAMES, "a": "Angstrom"} if _ERGS.search(text) else _NAMES
    return _WORD.sub(lambda word: names.get(word[0].lower(), word[0]), text)


@functools.cache  # astropy looks for similar names each time the standard lacks a unit
def text_of(unit: Any) -> str:
    """Return a unit in the standard's form for headers: ``electron s-1``.

    Units that the standard lacks keep astropy's names, and unknown ones their text. Without a unit,
    the result is empty.
    """
    from astropy import units  # lazy: rarely needed

    if isinstance(unit, units.UnrecognizedUnit):
        unit = parse(str(unit))
    if unit is None:
        return ""
    try:
        text: str = unit.to_string("fits")
        return "%" if unit == units.percent else text
    except (ValueError, TypeError):
        pass
    is_composed = isinstance(unit, units.CompositeUnit)
    return unit.to_string("generic", fraction=False) if is_composed else str(unit)


def squared(unit: Any) -> Any:
    """Return the unit of a variance; None if the pixels' unit is None or unknown."""
    try:
        return None if unit is None else unit**2
    except ValueError:  # astropy cannot compute with unknown units
        return None
