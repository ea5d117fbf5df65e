"""The chips and headers of generated master calibrations, as ingest needs them.

Source: doc/gen2/gen2-cli.md, 2.7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from obs_decam.sample.facts import FILTERS, PIXEL, SCALE, Chip, Layout, chips

Card = tuple[str, Any, str]

# Kind -> OBSTYPE; for the Community Pipeline also the part of file names.
MASTERS: Mapping[str, str] = {"bias": "bias", "dark": "dark", "flat": "flat", "fringe": "fringe"}
COMMUNITY: Mapping[str, tuple[str, str]] = {
    "bias": ("zero", "zci"),
    "flat": ("dome flat", "fci"),
    "illumcor": ("illumcor", "ici"),
}
FILTERED = ("flat", "fringe", "illumcor")
NO_FILTER = "NONE"
_CLOSED = "solid plate 0.0 0.0"  # FILTER for a closed shutter
_DEAD = ("S30", "N30")


def science_chips(numbers: Iterable[int] | None = None) -> list[Chip]:
    """Return chips by CCDNUM; by default the 60 that work, in that order.

    Raises
    ------
    ValueError
        If a number is not a science chip's.
    """
    known = {chip.number: chip for chip in chips() if chip.name[0] in "NS"}
    if numbers is None:
        return [chip for _, chip in sorted(known.items()) if chip.name not in _DEAD]
    wanted = list(numbers)
    refuse_others("chip", wanted, sorted(known))
    return [known[number] for number in wanted]


def refuse_others(noun: str, values: Iterable[Any], known: Iterable[Any]) -> None:
    """Raise ValueError if a value is unknown, listing the known ones."""
    known = list(known)
    for value in values:
        if value not in known:
            raise ValueError(f"no {noun} {value!r}; there are {', '.join(map(str, known))}")


def master_cards(kind: str, day: str, band: str, chip: Chip, calib_id: bool) -> Iterator[Card]:
    """Return the cards of the primary header as in LSST's stack.

    With ``calib_id``, date, filter and chip are only in CALIB_ID, as in real masters of imSim and
    LATISS.
    """
    yield "OBSTYPE", MASTERS[kind], "Observation type"
    yield "PROCTYPE", "LSST", "Data processing level"
    yield "INSTRUME", "DECam", "Instrument used to obtain these data"
    if calib_id:
        yield "CALIB_ID", f"calibDate={day} filter={band} ccdnum={chip.number}", ""
        yield "FILTER", "_unknown_", "Unique filter identifier"
    else:
        yield "CCDNUM", chip.number, "CCD number"
        yield "DATE-OBS", f"{day}T00:00:00", "UTC epoch"
        yield "FILTER", FILTERS.get(band, _CLOSED), "Unique filter identifier"


def community_cards(
    kind: str, day: str, band: str, extensions: int, binning: float
) -> Iterator[Card]:
    """Return the cards of the primary header as in the Community Pipeline.

    It contains the WCS without the reference pixels: readers of an extension need it
    (doc/gen2/gen2-core.md, 7.8).
    """
    scale = SCALE * binning
    yield "NEXTEND", extensions, "Number of extensions"
    yield "OBSTYPE", COMMUNITY[kind][0], "Observation type"
    yield "PROCTYPE", "MasterCal", "Data processing level"
    yield "PRODTYPE", "image", "Data product type"
    yield "INSTRUME", "DECam", "Instrument used to obtain these data"
    yield "DATE-OBS", f"{day}T00:00:00", "UTC epoch"
    yield "FILTER", FILTERS.get(band, _CLOSED), "Unique filter identifier"
    for axis, name in ((1, "RA---TAN"), (2, "DEC--TAN")):
        yield f"CTYPE{axis}", name, "Coordinate type"
        yield f"CRVAL{axis}", 0.0, "[deg] WCS Reference Coordinate"
        yield f"CUNIT{axis}", "deg", ""
    for key, value in (("CD1_1", 0.0), ("CD1_2", scale), ("CD2_1", -scale), ("CD2_2", 0.0)):
        yield key, value, "World coordinate transformation matrix"


def chip_cards(chip: Chip, layout: Layout) -> Iterator[Card]:
    """Return the cards of an extension, without its name."""
    middle = (layout.columns + 0.5, layout.rows / 2 + 0.5)
    yield "CCDNUM", chip.number, "CCD number"
    yield "DETPOS", chip.name, "detector position ID"
    for axis in (0, 1):
        pixel = middle[axis] - chip.place[axis] / PIXEL / layout.binning
        yield f"CRPIX{axis + 1}", round(pixel, 4), f"Reference pixel, axis {axis + 1}"
