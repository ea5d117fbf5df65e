"""The chips and the headers of invented master calibrations: what ingest goes by (gen2-cli 2.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from obs_decam.sample.facts import FILTERS, PIXEL, SCALE, Chip, Layout, chips

Card = tuple[str, Any, str]

# Kind -> OBSTYPE; of the Community Pipeline also what the names of its files have.
MASTERS: Mapping[str, str] = {"bias": "bias", "dark": "dark", "flat": "flat", "fringe": "fringe"}
COMMUNITY: Mapping[str, tuple[str, str]] = {
    "bias": ("zero", "zci"),
    "flat": ("dome flat", "fci"),
    "illumcor": ("illumcor", "ici"),
}
FILTERED = ("flat", "fringe", "illumcor")
NO_FILTER = "NONE"
_CLOSED = "solid plate 0.0 0.0"  # what FILTER says where no light gets in
_DEAD = ("S30", "N30")


def science_chips(numbers: Iterable[int] | None = None) -> list[Chip]:
    """Give chips by CCDNUM; by default the 60 that work, in that order.

    Raises
    ------
    ValueError
        If a number is no science chip's.
    """
    known = {chip.number: chip for chip in chips() if chip.name[0] in "NS"}
    if numbers is None:
        return [chip for _, chip in sorted(known.items()) if chip.name not in _DEAD]
    wanted = list(numbers)
    refuse_others("chip", wanted, sorted(known))
    return [known[number] for number in wanted]


def refuse_others(what: str, given: Iterable[Any], known: Iterable[Any]) -> None:
    """Raise ValueError, and say what is known, if one of the given is not."""
    known = list(known)
    for one in given:
        if one not in known:
            raise ValueError(f"no {what} {one!r}; there are {', '.join(map(str, known))}")


def master_cards(kind: str, day: str, band: str, chip: Chip, calib_id: bool) -> Iterator[Card]:
    """Give the cards of the primary header as LSST's stack has them.

    With ``calib_id``, CALIB_ID alone tells date, filter and chip, as in real masters of imSim and
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
    """Give the cards of the primary header as the Community Pipeline has them.

    The WCS is here, but for the reference pixels: whoever reads an extension has to look here
    (gen2-core 7.8).
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
    """Give the cards of an extension; its name is not among them."""
    middle = (layout.columns + 0.5, layout.rows / 2 + 0.5)
    yield "CCDNUM", chip.number, "CCD number"
    yield "DETPOS", chip.name, "detector position ID"
    for axis in (0, 1):
        pixel = middle[axis] - chip.place[axis] / PIXEL / layout.binning
        yield f"CRPIX{axis + 1}", round(pixel, 4), f"Reference pixel, axis {axis + 1}"
