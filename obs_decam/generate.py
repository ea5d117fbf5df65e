"""Makes DECam raw files, small or of full size, for demonstrations and tests: the same ones each time.

The layout (extensions, sections, keywords) is the real files'; the sky in them is invented.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from persistence import yamlfile

_DETECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "camera", "detectors.yaml")
PIXEL = 0.015  # mm
SCALE = 7.286e-5  # degrees a pixel
FILTERS = {
    "u": "u DECam c0006 3500.0 1000.0",
    "g": "g DECam SDSS c0001 4720.0 1520.0",
    "r": "r DECam SDSS c0002 6415.0 1480.0",
    "i": "i DECam SDSS c0003 7835.0 1470.0",
    "z": "z DECam SDSS c0004 9260.0 1520.0",
    "Y": "Y DECam c0005 10095.0 1130.0",
}
_SKY = {"u": 40.0, "g": 120.0, "r": 250.0, "i": 420.0, "z": 700.0, "Y": 600.0}


@dataclass(frozen=True)
class Layout:
    """How many pixels an amplifier has.

    Attributes
    ----------
    columns, rows : `int`
        Light-sensitive ones.
    prescan, overscan : `int`
        Columns before and after them in the order of readout.
    postscan : `int`
        Rows after them.
    """

    columns: int
    rows: int
    prescan: int
    overscan: int
    postscan: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a detector's raw image."""
        return self.rows + self.postscan, 2 * (self.columns + self.prescan + self.overscan)

    @property
    def binning(self) -> float:
        """How many of the real detector's pixels one of these stands for."""
        return 4096 / self.rows


LAYOUTS = {"full": Layout(1024, 4096, 6, 50, 50), "small": Layout(64, 256, 6, 10, 10), "tiny": Layout(8, 32, 2, 4, 4)}


def exposure(
    visit: int, band: str = "g", size: str = "small", compress: bool = True, extensions: int | None = None
) -> fits.HDUList:
    """Make one raw exposure.

    Parameters
    ----------
    visit : `int`
        The exposure's number; all else that is invented follows from it.
    band : `str`
        The short name of the filter.
    size : `str`
        ``full`` (2160 x 4146 pixels a detector), ``small`` (160 x 266) or ``tiny``.
    compress : `bool`
        Compress each extension as fpack does (Rice).
    extensions : `int`, optional
        Make no more than this many; by default all 62 science, 8 focus and 4 guide chips.
    """
    layout = LAYOUTS[size]
    primary = fits.PrimaryHDU(header=fits.Header(list(_primary_cards(visit, band))))
    hdus: list[Any] = [primary]
    for name, number, place in list(chips())[:extensions]:
        header = fits.Header(list(_chip_cards(visit, name, number, place, layout)))
        image = _image(visit, number, name, band, layout)
        if compress:
            hdu = fits.CompImageHDU(image, header, name, compression_type="RICE_1", tile_shape=(1, image.shape[1]))
        else:
            hdu = fits.ImageHDU(image, header, name)
        hdus.append(hdu)
    primary.header["NEXTEND"] = (len(hdus) - 1, "Number of extensions")
    return fits.HDUList(hdus)


def write(directory: str, visits: Sequence[tuple[int, str]], size: str = "small", compress: bool = True) -> list[str]:
    """Write raw files; gives their paths.

    Parameters
    ----------
    directory : `str`
        Where to; it is made if need be.
    visits : sequence of (`int`, `str`)
        The number and the filter of each.
    size, compress
        See `exposure`.
    """
    os.makedirs(directory, exist_ok=True)
    paths = []
    for visit, band in visits:
        path = os.path.join(directory, f"DECam_{visit:08d}.fits" + (".fz" if compress else ""))
        exposure(visit, band, size, compress).writeto(path, overwrite=True)
        paths.append(path)
    return paths


def chips() -> Iterator[tuple[str, int, tuple[float, float]]]:
    """Give name, number and place (x, y in mm) of each chip, in the order of a raw file."""
    table = yamlfile.load(_DETECTORS)
    every = {**table["science"], **table["focus"], **table["guide"]}
    for number, entry in sorted(every.items(), key=lambda item: item[1]["hdu"]):
        yield entry["name"], int(number), (float(entry.get("x", 230.0)), float(entry.get("y", 0.0)))


def _pointing(visit: int) -> tuple[float, float]:
    """Give right ascension and declination in degrees: a different field each visit."""
    return (10.0 + 0.37 * (visit % 900)) % 360.0, -45.0 + 0.11 * (visit % 500)


def _primary_cards(visit: int, band: str) -> Iterator[tuple[str, Any, str]]:
    """Give the cards of the primary header: what the real ones say, with invented values."""
    ra, dec = _pointing(visit)
    night, minute = divmod(visit, 288)
    date = np.datetime64("2014-02-01") + np.timedelta64(night % 700, "D")
    begin = f"{date}T{minute // 12:02d}:{minute % 12 * 5:02d}:{visit % 60:02d}.{visit % 1000000:06d}"
    hours, degrees = _sexagesimal(ra / 15.0), _sexagesimal(dec)
    sign = "-" if dec < 0 else ""
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
    yield "EXPREQ", 90.0, "[s] Requested exposure duration"
    yield "EXPTIME", 90.0, "[s] Exposure duration"
    yield "DARKTIME", 91.1, "[s] Dark time"
    yield "OBSID", f"ct4m{str(date).replace('-', '')}t{visit:06d}", "Unique Observation ID"
    yield "DATE-OBS", begin, "UTC epoch"
    yield "TIME-OBS", begin[11:], "Time of observation start (UTC)"
    yield "TIMESYS", "UTC", "Time system"
    yield "EXPNUM", visit, "DECam exposure number"
    yield "OBJECT", f"Invented field {visit % 900}", "Object name"
    yield "OBSTYPE", "object", "Observation type"
    yield "CAMSHUT", "Open", "Camera shutter at exposure start"
    yield "PROGRAM", "persistence sample", "Current observing program"
    yield "PROPID", "2014A-0000", "Proposal ID"
    yield "SEQNUM", 1, "Number of image in sequence"
    yield "SEQTOT", 1, "Total number of images in sequence"
    yield "FILTER", FILTERS[band], "Unique filter identifier"
    yield "FILTPOS", "cassette_2", "Filter position in FCM"
    yield "TELEQUIN", 2000.0, "Equinox of telescope coordinates"
    yield "TELSTAT", "Track", "Telescope tracking status"
    yield "RA", hours, "[HH:MM:SS] Target RA"
    yield "DEC", sign + degrees, "[DD:MM:SS] Target DEC"
    yield "TELRA", hours, "[HH:MM:SS] Telescope RA"
    yield "TELDEC", sign + degrees, "[DD:MM:SS] Telescope DEC"
    yield "ZD", 30.0 + visit % 20, "[deg] Telescope zenith distance"
    yield "AIRMASS", round(1.0 / np.cos(np.radians(30.0 + visit % 20)), 2), "Airmass"
    yield "HUMIDITY", 20.0 + visit % 30, "[%] Ambient relative humidity (outside)"
    yield "PRESSURE", 779.0, "[Torr] Barometric pressure (outside)"
    yield "OUTTEMP", 11.9, "[deg C] Outside temperature"


def _sexagesimal(value: float) -> str:
    thousandths = round(abs(value) * 3600000)
    minutes, seconds = divmod(thousandths, 60000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds // 1000:02d}.{seconds % 1000:03d}"


def _chip_cards(
    visit: int, name: str, number: int, place: tuple[float, float], layout: Layout
) -> Iterator[tuple[str, Any, str]]:
    """Give the cards of an extension. Source of the sections: gen2-core 7.7, and real headers."""
    rng = np.random.default_rng([number])
    width, side = layout.columns, layout.prescan + layout.overscan
    south = name.startswith(("S", "F", "G"))
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
        yield f"GAIN{letter}", round(float(rng.uniform(3.9, 4.7)), 4), f"[electrons/adu] Gain for amp {letter}"
        yield f"RDNOISE{letter}", round(float(rng.uniform(5.5, 7.5)), 4), f"[electrons] Read noise for amp {letter}"
        yield f"SATURAT{letter}", round(float(rng.uniform(40000, 46000))), f"[adu] Saturation for amp {letter}"
    yield "DETECTOR", f"S3-{number:03d}_invented", "Detector Identifier"
    yield "CCDNUM", number, "CCD number"
    yield "DETPOS", name, "detector position ID"
    yield "FPA", "DECAM_BKP1", "DECam focal plane name"
    ra, dec = _pointing(visit)
    scale = SCALE * layout.binning
    yield "WCSAXES", 2, "WCS Dimensionality"
    yield "RADESYS", "ICRS", "World coordinate reference frame"
    yield "CTYPE1", "RA---TPV", "Coordinate type"
    yield "CTYPE2", "DEC--TPV", "Coordinate type"
    yield "CUNIT1", "deg", ""
    yield "CUNIT2", "deg", ""
    yield "CRVAL1", round(ra, 6), "[deg] WCS Reference Coordinate (RA)"
    yield "CRVAL2", round(dec, 6), "[deg] WCS Reference Coordinate (DEC)"
    yield "CRPIX1", round(side + width + 0.5 - place[0] / PIXEL / layout.binning, 4), "Reference pixel, axis 1"
    yield (
        "CRPIX2",
        round(first - 0.5 + layout.rows / 2 - place[1] / PIXEL / layout.binning, 4),
        "Reference pixel, axis 2",
    )
    yield "CD1_1", 0.0, "World coordinate transformation matrix"
    yield "CD1_2", scale, "World coordinate transformation matrix"
    yield "CD2_1", -scale, "World coordinate transformation matrix"
    yield "CD2_2", 0.0, "World coordinate transformation matrix"
    for axis in (1, 2):
        for term, value in ((0, 0.0), (1, 1.0), (2, 0.0), (4, 0.002), (5, 0.0), (6, 0.0), (7, 0.008), (9, 0.008)):
            yield f"PV{axis}_{term}", value, "PV distortion coefficient"
    yield "LTV1", float(side), "Detector to image transformation"
    yield "LTV2", float(first - 1), "Detector to image transformation"


def _image(visit: int, number: int, name: str, band: str, layout: Layout) -> NDArray[np.uint16]:
    """Make the pixels: a bias level for each amplifier, sky, stars, noise."""
    rng = np.random.default_rng([visit, number])
    south = name.startswith(("S", "F", "G"))
    rows, columns = layout.rows, 2 * layout.columns
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    sky = _SKY[band] * (1 + 0.05 * (x / columns - 0.5) + 0.03 * (y / rows - 0.5))
    for flux, column, row in _stars(rng, layout):
        top, side = max(0, int(row) - 12), max(0, int(column) - 12)
        part = np.s_[top : int(row) + 13, side : int(column) + 13]
        distance = (x[part] - column) ** 2 + (y[part] - row) ** 2
        sky[part] += flux / (2 * np.pi * 1.8**2) * np.exp(-distance / (2 * 1.8**2))
    light = rng.poisson(sky * 4.0) / 4.0
    raw = np.empty(layout.shape)
    half = layout.shape[1] // 2
    raw[:, :half], raw[:, half:] = rng.uniform(1900, 2000), rng.uniform(1900, 2000)
    first, side = layout.postscan if south else 0, layout.prescan + layout.overscan
    raw[first : first + rows, side : side + columns] += light
    raw += rng.normal(0.0, 1.6, raw.shape)
    return np.clip(np.rint(raw), 0, 65535).astype(np.uint16)


def _stars(rng: np.random.Generator, layout: Layout) -> Iterator[tuple[float, float, float]]:
    """Give flux (counts), column and row of some stars: many are faint, few are bright."""
    count = max(3, layout.rows * layout.columns // 400)
    for brightness in -np.log10(rng.uniform(0.001, 1.0, count)):
        yield 500.0 * 10 ** (0.9 * brightness), rng.uniform(0, 2 * layout.columns), rng.uniform(0, layout.rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Write sample files: ``generateDecam.py DIRECTORY --visits 3``."""
    parser = argparse.ArgumentParser(
        prog="generateDecam.py",
        description="Make DECam raw files with an invented sky.",
        epilog="Master calibrations are made by: generateDecam.py calibs DIRECTORY (its options: calibs --help)",
    )
    parser.add_argument("directory")
    parser.add_argument("--visits", type=int, default=2, help="how many exposures (default: 2)")
    parser.add_argument("--first", type=int, default=410877, help="the number of the first (default: 410877)")
    parser.add_argument("--filters", nargs="+", default=["g", "r"], choices=list(FILTERS), help="taken in turn")
    parser.add_argument("--size", choices=list(LAYOUTS), default="small", help="full: 2160 x 4146 pixels a chip")
    parser.add_argument("--plain", action="store_true", help="not compressed")
    arguments = parser.parse_args(argv)
    visits = [(arguments.first + k, arguments.filters[k % len(arguments.filters)]) for k in range(arguments.visits)]
    for path in write(arguments.directory, visits, arguments.size, not arguments.plain):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
