"""Generate raw exposures for master calibrations: biases, darks and dome flats.

They are the same each time. Their masters should show `pattern` of `obs_decam.sample.pixels`;
`~obs_decam.sample.facts.readouts` has their gains and read noises, and
`~obs_decam.sample.curated.boxes_of` their bad pixels.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from obs_decam.sample.cards import science_chips
from obs_decam.sample.facts import FILTERS, LAYOUTS, Chip, Layout
from obs_decam.sample.generate import chip_cards, extension, primary_cards, taken
from obs_decam.sample.pixels import pattern
from obs_decam.sample.raw import read_out, spoil
from obs_decam.sample.sky import Attitude, Floats, pointing
from persistence.cli import helptext

FIRST = 410400  # on 2014-02-26, the day before the first exposure of the sky
_LEVEL, _SPREAD = 20000.0, 0.1  # electrons of a dome flat; by which part lamps differ


class Kind(NamedTuple):
    """A kind of exposure: its OBSTYPE, and its exposure time (seconds)."""

    obstype: str
    seconds: float


KINDS: Mapping[str, Kind] = {
    "bias": Kind("zero", 0.0),
    "dark": Kind("dark", 90.0),
    "flat": Kind("dome flat", 10.0),
}


def write_calib_raws(
    folder: str,
    numbers: Mapping[str, int],
    first: int = FIRST,
    band: str = "g",
    chips: Sequence[int] | None = None,
    size: str = "small",
    compress: bool = False,
) -> list[str]:
    """Write raw files of calibrations; return their paths.

    Parameters
    ----------
    folder : `str`
        The directory, created if missing.
    numbers : mapping
        The number of each of `KINDS`, in the order in which they are taken.
    first : `int`
        The visit of the first; the others follow. There are 288 in a day.
    band : `str`
        The short name of the filter.
    chips : sequence of `int`, optional
        CCDNUMs; by default the 60 chips that work.
    size, compress
        See `~obs_decam.sample.generate.exposure`.
    """
    os.makedirs(folder, exist_ok=True)
    kinds = [kind for kind, number in numbers.items() for _ in range(number)]
    paths = []
    for visit, kind in enumerate(kinds, first):
        path = os.path.join(folder, f"DECam_{visit:08d}.fits" + (".fz" if compress else ""))
        calib_raw(visit, kind, band, chips, size, compress).writeto(path, overwrite=True)
        paths.append(path)
    return paths


def calib_raw(
    visit: int,
    kind: str,
    band: str = "g",
    chips: Sequence[int] | None = None,
    size: str = "small",
    compress: bool = False,
) -> fits.HDUList:
    """Return one raw exposure of a calibration; see `write_calib_raws`."""
    layout, (obstype, seconds) = LAYOUTS[size], KINDS[kind]
    how = taken(visit, band)._replace(kind=obstype, seconds=seconds, object=obstype)
    hdus = [fits.PrimaryHDU(header=fits.Header(list(primary_cards(how))))]
    for chip in science_chips(chips):
        rng = np.random.default_rng([visit, chip.number])
        electrons = rng.poisson(light(visit, kind, band, chip, layout)).astype(float)
        spoil(electrons, chip, visit, layout, seconds)
        cards = chip_cards(chip, layout, Attitude(*pointing(visit)))
        hdus.append(extension(read_out(electrons, chip, layout, rng), cards, chip, compress))
    hdus[0].header["NEXTEND"] = (len(hdus) - 1, "Number of extensions")
    return fits.HDUList(hdus)


def light(visit: int, kind: str, band: str, chip: Chip, layout: Layout) -> Floats:
    """Return the electrons that good pixels should gather in an exposure, without noise."""
    level = _LEVEL * (1 + _SPREAD * np.random.default_rng([visit]).uniform(-1, 1))
    part = level if kind == "flat" else 0.0
    return np.asarray(part * pattern("flat", band, chip.number, chip.place, layout))


EXAMPLES = {
    "calib-raws": "five biases, darks and flats of all detectors",
    "calib-raws --chips 25 28 --flats 9 --filter r --darks 0": "two detectors, without darks",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Write raw calibrations: ``generateDecam.py calib-raws DIRECTORY --chips 25 26``."""
    parser = argparse.ArgumentParser(
        prog="generateDecam.py calib-raws",
        description="Make DECam raw files of biases, darks and dome flats, of one night.",
    )
    parser.add_argument("directory", help="the directory for the files")
    for kind, words in (("bias", "biases"), ("dark", "darks"), ("flat", "flats")):
        parser.add_argument(
            f"--{words}", dest=kind, type=int, default=5, metavar="N", help="how many (default: 5)"
        )
    parser.add_argument(
        "--first", type=int, default=FIRST, help=f"the visit of the first (default: {FIRST})"
    )
    parser.add_argument("--filter", default="g", choices=list(FILTERS), help="that of the flats")
    parser.add_argument(
        "--chips", nargs="+", type=int, metavar="CCDNUM", help="default: 60 of them"
    )
    parser.add_argument(
        "--size", choices=list(LAYOUTS), default="small", help="full: 2160 x 4146 pixels a chip"
    )
    parser.add_argument(
        "--compress", action="store_true", help="compress files as fpack does (Rice)"
    )
    helptext.set_up(parser, EXAMPLES)
    options = parser.parse_args(argv)
    numbers = {kind: getattr(options, kind) for kind in KINDS}
    paths = write_calib_raws(
        options.directory,
        numbers,
        options.first,
        options.filter,
        options.chips,
        options.size,
        options.compress,
    )
    print("\n".join(paths))
    return 0


if __name__ == "__main__":
    sys.exit(main())
