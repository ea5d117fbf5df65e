"""Makes DECam calibrations, as LSST's stack, the Community Pipeline and curators write them.

The same each time.

The pixels are invented, and as many as the light-sensitive ones of a raw file of the same size. The
bytes are the same on every machine, but for compressed files: astropy orders their cards in another
way in some releases.
"""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from astropy.io import fits

from obs_decam.sample.cards import (
    COMMUNITY,
    FILTERED,
    MASTERS,
    NO_FILTER,
    Card,
    chip_cards,
    community_cards,
    master_cards,
    refuse_others,
    science_chips,
)
from obs_decam.sample.curated import write_curated
from obs_decam.sample.facts import FILTERS, LAYOUTS, Chip
from obs_decam.sample.pixels import STEPS, pixels
from persistence.cli import helptext

__all__ = ["main", "write_community", "write_curated", "write_masters"]

DATES = ("2015-01-01", "2015-03-01")
BANDS = ("g", "r")
_INHERIT: Card = ("INHERIT", True, "Inherits PHDU header")


def write_masters(
    folder: str,
    kinds: Sequence[str] = tuple(MASTERS),
    dates: Sequence[str] = DATES,
    filters: Sequence[str] = BANDS,
    chips: Sequence[int] | None = None,
    size: str = "tiny",
    calib_id: bool = False,
) -> list[str]:
    """Write masters as LSST's stack creates them, a file for each chip; return their paths.

    Parameters
    ----------
    folder : `str`
        The directory, created if missing. File names have dates without dashes, so that ingest
        finds none there.
    kinds : sequence of `str`
        Some of bias, dark, flat, fringe.
    dates : sequence of `str`
        Days such as ``2015-01-01``.
    filters : sequence of `str`
        Short names; for flats and fringes.
    chips : sequence of `int`, optional
        CCDNUMs; by default the 60 chips that work.
    size : `str`
        ``full`` (2048 x 4096 pixels a chip), ``small`` (128 x 256) or ``tiny`` (16 x 32).
    calib_id : `bool`
        Write date, filter and chip only in CALIB_ID, instead of DATE-OBS, FILTER and CCDNUM.

    Raises
    ------
    ValueError
        If a kind, a date, a filter, a chip or a size is unknown.
    """
    wanted = science_chips(chips)
    paths = []
    for kind, day, band in _series(kinds, MASTERS, dates, filters, size):
        for chip in wanted:
            cards = master_cards(kind, day, band, chip, calib_id)
            image = _extension(kind, day, band, chip, size, compress=False, cards=[_INHERIT])
            name = _named(kind, day.replace("-", ""), band, f"{chip.number:02d}")
            paths.append(_write(cards, [image], folder, f"{name}.fits"))
    return paths


def write_community(
    folder: str,
    kinds: Sequence[str] = tuple(COMMUNITY),
    dates: Sequence[str] = DATES,
    filters: Sequence[str] = BANDS,
    chips: Sequence[int] | None = None,
    size: str = "tiny",
    compress: bool = True,
) -> list[str]:
    """Write masters as the Community Pipeline does, a file for all chips; return their paths.

    Parameters
    ----------
    kinds : sequence of `str`
        Some of bias, flat, illumcor.
    compress : `bool`
        Compress each extension as fpack does (Rice). The pixels stay the same.
    folder, dates, filters, chips, size
        See `write_masters`.

    Raises
    ------
    ValueError
        If a kind, a date, a filter, a chip or a size is unknown.
    """
    wanted = science_chips(chips)
    paths = []
    for kind, day, band in _series(kinds, COMMUNITY, dates, filters, size):
        layout = LAYOUTS[size]
        cards = community_cards(kind, day, band, len(wanted), layout.binning)
        images = [
            _extension(kind, day, band, chip, size, compress, list(chip_cards(chip, layout)))
            for chip in wanted
        ]
        name = _named("c4d", day[2:].replace("-", ""), "000000", COMMUNITY[kind][1], band, "v1")
        paths.append(
            _write(cards, images, folder, f"{name}.fits.fz" if compress else f"{name}.fits")
        )
    return paths


def _series(
    kinds: Sequence[str],
    known: Iterable[str],
    dates: Sequence[str],
    filters: Sequence[str],
    size: str,
) -> Iterator[tuple[str, str, str]]:
    """Yield kind, day and filter of each series of chips, after validating all."""
    refuse_others("kind", kinds, known)
    refuse_others("filter", filters, FILTERS)
    refuse_others("size", [size], LAYOUTS)
    days = [_day(date) for date in dates]
    for kind in kinds:
        for day in days:
            for band in filters if kind in FILTERED else [NO_FILTER]:
                yield kind, day, band


def _day(text: str) -> str:
    """Return a day as YYYY-MM-DD, or raise ValueError."""
    return datetime.date.fromisoformat(text).isoformat()


def _named(*parts: str) -> str:
    return "_".join(part for part in parts if part != NO_FILTER)


def _extension(
    kind: str, day: str, band: str, chip: Chip, size: str, compress: bool, cards: list[Card]
) -> Any:
    """Return the image of one chip, in an extension with its name."""
    image = pixels(kind, day, band, chip.number, chip.place, LAYOUTS[size])
    if not compress:
        return fits.ImageHDU(image, fits.Header(cards), chip.name)
    # A negative level is a step to round to. The pixels are multiples of it, so nothing is lost.
    exact: dict[str, Any] = {"quantize_level": -STEPS[kind], "quantize_method": -1}
    return fits.CompImageHDU(
        image, fits.Header(cards), chip.name, "RICE_1", (1, image.shape[1]), **exact
    )


def _write(cards: Iterable[Card], images: list[Any], folder: str, name: str) -> str:
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    fits.HDUList([fits.PrimaryHDU(header=fits.Header(list(cards))), *images]).writeto(
        path, overwrite=True
    )
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Write sample calibrations: ``generateDecam.py calibs DIRECTORY --chips 25 26``."""
    parser = _parser()
    options = parser.parse_args(argv)
    paths = [
        path
        for form in options.forms
        for path in _WRITERS[form](os.path.join(options.directory, form), options)
    ]
    if not paths:
        parser.error(
            f"nothing to write: no {' or '.join(options.kinds)} among {' or '.join(options.forms)}"
        )
    print("\n".join(paths))
    return 0


def _masters(folder: str, options: argparse.Namespace) -> list[str]:
    kinds = [kind for kind in MASTERS if kind in options.kinds]
    return write_masters(
        folder, kinds, options.dates, options.filters, options.chips, options.size, options.calib_id
    )


def _community(folder: str, options: argparse.Namespace) -> list[str]:
    kinds = [kind for kind in COMMUNITY if kind in options.kinds]
    return write_community(
        folder,
        kinds,
        options.dates,
        options.filters,
        options.chips,
        options.size,
        not options.plain,
    )


def _curated(folder: str, options: argparse.Namespace) -> list[str]:
    return write_curated(folder, chips=options.chips, size=options.size, regions=options.regions)


_WRITERS = {"masters": _masters, "community": _community, "curated": _curated}

EXAMPLES = {
    "calibs --forms masters --kinds bias flat --chips 28": "biases and flats of one detector",
    "calibs --size full": "all of them, with all pixels",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="generateDecam.py calibs", description="Make DECam calibrations with invented pixels."
    )
    numbers = sorted(chip.number for chip in science_chips(range(1, 63)))
    parser.add_argument("directory", help="each form gets a directory in it")
    parser.add_argument(
        "--forms", nargs="+", default=list(_WRITERS), choices=list(_WRITERS), help="default: all"
    )
    parser.add_argument(
        "--kinds",
        nargs="+",
        default=list(STEPS),
        choices=list(STEPS),
        help="default: all of a form",
    )
    parser.add_argument(
        "--dates",
        nargs="+",
        type=_day,
        default=list(DATES),
        metavar="YYYY-MM-DD",
        help="the dates of the calibrations (default: {})".format(" ".join(map(str, DATES))),
    )
    parser.add_argument(
        "--filters",
        nargs="+",
        default=list(BANDS),
        choices=list(FILTERS),
        help="the filters of flats and fringes (default: {})".format(" ".join(BANDS)),
    )
    parser.add_argument(
        "--chips",
        nargs="+",
        type=int,
        choices=numbers,
        metavar="CCDNUM",
        help="default: 60 of them",
    )
    parser.add_argument(
        "--size", choices=list(LAYOUTS), default="tiny", help="full: 2048 x 4096 pixels"
    )
    parser.add_argument(
        "--calib-id", action="store_true", help="masters: date, filter, chip in CALIB_ID alone"
    )
    parser.add_argument("--plain", action="store_true", help="community: do not compress the files")
    parser.add_argument("--regions", action="store_true", help="curated: defects as FITS regions")
    helptext.set_up(parser, EXAMPLES)
    return parser


if __name__ == "__main__":
    sys.exit(main())
