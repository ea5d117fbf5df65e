"""Generate DECam raw files, small or of full size, for demonstrations and tests.

They are the same each time.

The layout (extensions, sections, keywords) is that of real files; the sky in them is generated, and
described by `truth`.
"""

from __future__ import annotations

import argparse
import datetime
import math
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from obs_decam.sample.facts import (
    FILTERS,
    LAYOUTS,
    Chip,
    Layout,
    chips,
    is_south,
    readouts,
    taken_on,
)
from obs_decam.sample.raw import raw_pixels, truth
from obs_decam.sample.sky import EXPOSURE_TIME, Attitude, Card, attitude_cards, pointing
from persistence.cli import helptext

_MJD_0 = datetime.datetime(1858, 11, 17)

__all__ = ["FILTERS", "LAYOUTS", "Layout", "chips", "exposure", "main", "truth", "write"]


def exposure(
    visit: int,
    band: str = "g",
    size: str = "small",
    compress: bool = True,
    extensions: int | None = None,
    ccdnums: Collection[int] | None = None,
) -> fits.HDUList:
    """Return one raw exposure.

    Parameters
    ----------
    visit : `int`
        The exposure's number, on which all generated properties depend.
    band : `str`
        The short name of the filter.
    size : `str`
        ``full`` (2160 x 4146 pixels a detector), ``small`` (160 x 266) or ``tiny``.
    compress : `bool`
        Compress each extension as fpack does (Rice).
    extensions : `int`, optional
        The largest number of extensions; by default all 62 science, 8 focus and 4 guide chips.
    """
    layout = LAYOUTS[size]
    primary = fits.PrimaryHDU(header=fits.Header(list(primary_cards(taken(visit, band)))))
    hdus: list[Any] = [primary]
    wanted = [chip for chip in chips() if ccdnums is None or chip.number in ccdnums]
    for chip in wanted[:extensions]:
        cards = chip_cards(chip, layout, Attitude(*pointing(visit)))
        hdus.append(extension(raw_pixels(visit, band, chip, layout), cards, chip, compress))
    primary.header["NEXTEND"] = (len(hdus) - 1, "Number of extensions")
    return fits.HDUList(hdus)


def extension(
    image: NDArray[np.uint16], cards: Iterable[Card], chip: Chip, compress: bool = True
) -> Any:
    """Return the extension of a chip's raw image; compressed as fpack does, by Rice."""
    header = fits.Header(list(cards))
    if not compress:
        return fits.ImageHDU(image, header, chip.name)
    tile = (1, image.shape[1])
    return fits.CompImageHDU(image, header, chip.name, compression_type="RICE_1", tile_shape=tile)


def write(
    directory: str,
    visits: Sequence[tuple[int, str]],
    size: str = "small",
    compress: bool = True,
    ccdnums: Collection[int] | None = None,
) -> list[str]:
    """Write raw files; return their paths.

    Parameters
    ----------
    directory : `str`
        The directory, created if missing.
    visits : sequence of (`int`, `str`)
        The number and the filter of each.
    size, compress
        See `exposure`.
    """
    os.makedirs(directory, exist_ok=True)
    paths = []
    for visit, band in visits:
        path = os.path.join(directory, f"DECam_{visit:08d}.fits" + (".fz" if compress else ""))
        exposure(visit, band, size, compress, ccdnums=ccdnums).writeto(path, overwrite=True)
        paths.append(path)
    return paths


class Taken(NamedTuple):
    """The properties of an exposure in its primary header.

    Attributes
    ----------
    visit : `int`
        Its number.
    filter : `str`
        The filter's full name.
    begin : `str`
        Its begin (UTC, ISO).
    ra, dec : `float`
        The pointing of the telescope (degrees, ICRS).
    object, kind : `str`
        The values of OBJECT and OBSTYPE.
    seconds : `float`
        Exposure time.
    zenith : `float`
        Distance from the zenith (degrees).
    """

    visit: int
    filter: str
    begin: str
    ra: float
    dec: float
    object: str
    kind: str = "object"
    seconds: float = EXPOSURE_TIME
    zenith: float = 30.0


def taken(visit: int, band: str) -> Taken:
    """Return the properties of a generated exposure, from its number and filter."""
    minute = visit % 288
    begin = (
        f"{taken_on(visit)}T{minute // 12:02d}:{minute % 12 * 5:02d}:{visit % 60:02d}."
        f"{visit % 1000000:06d}"
    )
    name = f"Invented field {visit % 900}"
    return Taken(visit, FILTERS[band], begin, *pointing(visit), name, zenith=30.0 + visit % 20)


def primary_cards(taken: Taken) -> Iterator[Card]:
    """Yield the cards of the primary header: those of real ones, with generated values."""
    visit, begin = taken.visit, taken.begin
    hours, degrees = _sexagesimal(taken.ra / 15.0), _sexagesimal(taken.dec)
    sign = "-" if taken.dec < 0 else ""
    yield "NEXTEND", 0, "Number of extensions"
    yield "PROCTYPE", "RAW", "Data processing level"
    yield "PRODTYPE", "image", "Data product type"
    yield "PIXSCAL1", 0.27, "[arcsec/pixel] Pixel scale, axis 1"
    yield "PIXSCAL2", 0.27, "[arcsec/pixel] Pixel scale, axis 2"
    yield "FILENAME", f"DECam_{visit:08d}.fits", "Filename"
    yield "OBS-LONG", 70.81489, "[deg] Observatory east longitude"
    yield "TELESCOP", "CTIO 4.0-m telescope", "Telescope name"
    yield "OBSERVAT", "CTIO", "Observatory name"
    yield "OBS-LAT", -30.16606, "[deg] Observatory latitude"
    yield "OBS-ELEV", 2215.0, "[m] Observatory elevation"
    yield "INSTRUME", "DECam", "Instrument used to obtain these data"
    yield "EXPREQ", taken.seconds, "[s] Requested exposure duration"
    yield "EXPTIME", taken.seconds, "[s] Exposure duration"
    yield "DARKTIME", round(taken.seconds + 1.1, 1), "[s] Dark time"
    yield "OBSID", f"ct4m{begin[:10].replace('-', '')}t{visit:06d}", "Unique Observation ID"
    yield "DATE-OBS", begin, "UTC epoch"
    yield "TIME-OBS", begin[11:], "Time of observation start (UTC)"
    days = (datetime.datetime.fromisoformat(begin) - _MJD_0) / datetime.timedelta(days=1)
    yield "MJD-OBS", round(days, 8), "MJD of observation start"
    yield "TIMESYS", "UTC", "Time system"
    yield "EXPNUM", visit, "DECam exposure number"
    yield "OBJECT", taken.object, "Object name"
    yield "OBSTYPE", taken.kind, "Observation type"
    yield "CAMSHUT", "Open", "Camera shutter at exposure start"
    yield "PROGRAM", "persistence sample", "Current observing program"
    yield "PROPID", "2014A-0000", "Proposal ID"
    yield "SEQNUM", 1, "Number of image in sequence"
    yield "SEQTOT", 1, "Total number of images in sequence"
    yield "FILTER", taken.filter, "Unique filter identifier"
    yield "FILTPOS", "cassette_2", "Filter position in FCM"
    yield "TELEQUIN", 2000.0, "Equinox of telescope coordinates"
    yield "TELSTAT", "Track", "Telescope tracking status"
    yield "RA", hours, "[HH:MM:SS] Target RA"
    yield "DEC", sign + degrees, "[DD:MM:SS] Target DEC"
    yield "TELRA", hours, "[HH:MM:SS] Telescope RA"
    yield "TELDEC", sign + degrees, "[DD:MM:SS] Telescope DEC"
    yield "ZD", taken.zenith, "[deg] Telescope zenith distance"
    yield "AZ", float(visit % 360), "[deg] Telescope azimuth angle"
    yield "TELFOCUS", "-2439.52,-3332.57,2497.32,100.13,-210.58, 0.00", "Hexapod"
    yield "AIRMASS", round(1.0 / math.cos(math.radians(taken.zenith)), 2), "Airmass"
    yield "HUMIDITY", 20.0 + visit % 30, "[%] Ambient relative humidity (outside)"
    yield "PRESSURE", 779.0, "[Torr] Barometric pressure (outside)"
    yield "OUTTEMP", 11.9, "[deg C] Outside temperature"


def _sexagesimal(value: float) -> str:
    thousandths = round(abs(value) * 3600000)
    minutes, seconds = divmod(thousandths, 60000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds // 1000:02d}.{seconds % 1000:03d}"


def chip_cards(chip: Chip, layout: Layout, attitude: Attitude) -> Iterator[Card]:
    """Yield the cards of an extension.

    Source of the sections: doc/gen2/gen2-core.md, 7.7, and real headers.
    """
    width, side = layout.columns, layout.prescan + layout.overscan
    south = is_south(chip.name)
    first = layout.postscan + 1 if south else 1  # southern chips have the postscan rows first
    rows = f"{first}:{first + layout.rows - 1}"
    post = f"1:{layout.postscan}" if south else f"{layout.rows + 1}:{layout.rows + layout.postscan}"
    yield "BUNIT", "adu", "Brightness units for pixel array"
    yield "INHERIT", True, "Inherits PHDU header"
    yield "DATASEC", f"[{side + 1}:{side + 2 * width},{rows}]", "Data section to display"
    yield "TRIMSEC", f"[{side + 1}:{side + 2 * width},{rows}]", "Good section"
    yield "CCDSEC", f"[1:{2 * width},1:{layout.rows}]", "CCD section to display"
    for letter in ("A", "B"):
        left = (letter == "B") == south
        start = side + 1 if left else side + width + 1
        data = f"{start}:{start + width - 1}"
        end = 2 * (width + side)
        over = (layout.prescan + 1, side) if left else (side + 2 * width + 1, end - layout.prescan)
        pre = (1, layout.prescan) if left else (end - layout.prescan + 1, end)
        ccd = f"1:{width}" if left else f"{width + 1}:{2 * width}"
        yield f"DATASEC{letter}", f"[{data},{rows}]", f"Data section from amp {letter}"
        yield f"BIASSEC{letter}", f"[{over[0]}:{over[1]},{rows}]", f"Overscan from amp {letter}"
        yield f"PRESEC{letter}", f"[{pre[0]}:{pre[1]},{rows}]", f"Prescan from amp {letter}"
        yield f"POSTSEC{letter}", f"[{data},{post}]", f"Postscan from amp {letter}"
        yield f"CCDSEC{letter}", f"[{ccd},1:{layout.rows}]", f"CCD section from amp {letter}"
        does = readouts(chip.name, chip.number)[0 if left else 1]
        yield f"GAIN{letter}", does.gain, f"[electrons/adu] Gain for amp {letter}"
        yield f"RDNOISE{letter}", does.read_noise, f"[electrons] Read noise for amp {letter}"
        yield f"SATURAT{letter}", does.saturation, f"[adu] Saturation for amp {letter}"
    yield "DETECTOR", f"S3-{chip.number:03d}_invented", "Detector Identifier"
    yield "CCDNUM", chip.number, "CCD number"
    yield "DETPOS", chip.name, "detector position ID"
    yield "FPA", "DECAM_BKP1", "DECam focal plane name"
    yield from attitude_cards(attitude, chip.name, chip.place, layout)
    yield "LTV1", float(side), "Detector to image transformation"
    yield "LTV2", float(first - 1), "Detector to image transformation"


EXAMPLES = {
    "raws": "two small exposures of all detectors, in g and r",
    "raws --visits 3 --filters g --size full": "three in g, with all pixels",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Write sample files: ``generateDecam.py DIRECTORY --visits 3``."""
    parser = argparse.ArgumentParser(
        prog="generateDecam.py",
        description="Generate DECam raw files with an invented sky.",
        epilog="Other sample data: generateDecam.py calibs, refcat, calib-raws and realistic; each "
        "has --help.",
    )
    parser.add_argument("directory", help="the directory for the files")
    parser.add_argument("--visits", type=int, default=2, help="how many exposures (default: 2)")
    parser.add_argument(
        "--first", type=int, default=410877, help="the number of the first (default: 410877)"
    )
    parser.add_argument(
        "--filters",
        nargs="+",
        default=["g", "r"],
        choices=list(FILTERS),
        help="the filters, in turn (default: g r)",
    )
    parser.add_argument(
        "--size", choices=list(LAYOUTS), default="small", help="full: 2160 x 4146 pixels a chip"
    )
    parser.add_argument("--plain", action="store_true", help="do not compress the files")
    helptext.set_up(parser, EXAMPLES)
    arguments = parser.parse_args(argv)
    visits = [
        (arguments.first + k, arguments.filters[k % len(arguments.filters)])
        for k in range(arguments.visits)
    ]
    for path in write(arguments.directory, visits, arguments.size, not arguments.plain):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
