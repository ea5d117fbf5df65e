"""Makes realistic DECam exposures of one chip at several epochs.

What their processing needs is written beside, and the truth, as catalogs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from astropy.io import fits
from astropy.table import Table

from obs_decam.sample import cards, curated, generate
from obs_decam.sample.facts import LAYOUTS, Layout
from obs_decam.sample.realistic import ccd, draw, epochs, references, scene
from obs_decam.sample.realistic.ccd import Ccd
from obs_decam.sample.realistic.epochs import Epoch
from obs_decam.sample.realistic.scene import Numbers, Scene
from obs_decam.sample.realistic.seeing import Floats
from persistence.cli import helptext

CHIP = 28
_MASTERS = 25  # exposures that a master is the mean of
_FLAT_LEVEL = 30000.0  # electrons in each exposure of the flat
_DAY = "2026-09-01"  # of the calibrations
# Two nights a month apart; the second is better seen from elsewhere, through thin clouds.
VISITS: tuple[dict[str, Any], ...] = (
    {"visit": 234567, "mjd": 61284.2, "fwhm": 4.0, "sky": 700.0},
    {
        "visit": 123456, "mjd": 61315.3, "fwhm": 5.0, "sky": 900.0, "extinction": 0.11,
        "shift": (45.0, -62.0), "rotation": 0.03,
    },
)  # fmt: skip


class Written(NamedTuple):
    """The files that were written.

    Attributes
    ----------
    raws, masters : `list` [`str`]
        Paths of raw exposures, and of masters of bias and flat.
    curated, references, truth : `str`
        Directories: of curated defects and crosstalk, of the reference catalog, and of the truth.
    """

    raws: list[str]
    masters: list[str]
    curated: str
    references: str
    truth: str


def write(
    folder: str,
    seed: int,
    visits: Sequence[dict[str, Any]] = VISITS,
    size: str = "full",
    number: int = CHIP,
    numbers: Numbers | None = None,
    band: str = "g",
    rays: int = 80,
    dead: str = "",
    compress: bool = True,
) -> Written:
    """Write raw exposures of one chip, masters, curated calibrations, references, and the truth.

    Parameters
    ----------
    folder : `str`
        The directory, created if missing.
    seed : `int`
        The seed of all random numbers.
    visits : sequence of `dict`
        The epochs; see `~obs_decam.sample.realistic.epochs.plan`.
    size, compress
        See `~obs_decam.sample.generate.exposure`.
    number : `int`
        The chip's CCDNUM.
    numbers : `~obs_decam.sample.realistic.scene.Numbers`, optional
        The numbers of stars, galaxies, transients and variables.
    band : `str`
        The filter's short name.
    rays : `int`
        Cosmic rays in each exposure.
    dead : `str`
        ``left`` or ``right``: an amplifier that yields only noise.
    """
    (chip,) = cards.science_chips([number])
    layout = LAYOUTS[size]
    detector = Ccd(chip, layout, dead)
    planned = epochs.plan(seed, chip, layout, list(visits), band)
    first = epochs.wcs(planned[0].truth, chip, layout)
    objects = scene.make(seed, first, layout, numbers or Numbers())
    truth = os.path.join(folder, "truth")
    os.makedirs(truth, exist_ok=True)
    raws = []
    for place, epoch in enumerate(planned):
        tables = seen(objects, epoch, planned[0], place == 0, detector)
        rng = np.random.default_rng([seed, epoch.visit])
        light = _light(tables, epoch, layout, detector)
        collected = ccd.expose(light, detector, epoch.band, rng, rays)
        raws.append(_write_raw(folder, epoch, detector, collected.electrons, rng, compress))
        tables["rays"] = _pixels_of(collected.rays)
        for kind, table in tables.items():
            table.write(os.path.join(truth, f"{kind}-{epoch.visit}.fits"), overwrite=True)
    _write_epochs(os.path.join(truth, "epochs.json"), planned, detector)
    masters = _write_masters(os.path.join(folder, "masters"), detector, band, seed)
    kinds = ["defects", "crosstalk"]
    curated.write_curated(os.path.join(folder, "curated"), kinds, [number], size)
    catalog = references.catalog(objects.stars, np.random.default_rng([seed, 3]))
    references.write(os.path.join(folder, "ref_cats", references.NAME), catalog)
    corrections = os.path.join(folder, "curated", "decam")
    return Written(raws, masters, corrections, os.path.join(folder, "ref_cats"), truth)


def seen(
    objects: Scene, epoch: Epoch, first: Epoch, is_first: bool, detector: Ccd
) -> dict[str, Table]:
    """Return the truth of an exposure: stars, galaxies, transients.

    In addition to their constant properties, there are ``ra dec`` at the epoch, ``x y`` (pixels of
    the trimmed image, from 0) and ``counts`` (electrons, for a flat of 1).
    """
    wcs = epochs.wcs(epoch.truth, detector.chip, detector.layout)
    stars, galaxies, transients = (table.copy() for table in objects)
    stars["ra"], stars["dec"] = scene.at(objects.stars, epoch.mjd)
    for table in (stars, galaxies):
        table["counts"] = 10 ** (0.4 * (epoch.zero_point - table[f"mag_{epoch.band}"]))
    if not is_first:
        stars["counts"] *= 1 + stars["change"]
    transients["counts"] = _transient_counts(transients, epoch, first)
    transients["counts"][(transients["sign"] > 0) == is_first] = 0.0
    tables = {"stars": stars, "galaxies": galaxies, "transients": transients}
    for table in tables.values():
        table["x"], table["y"] = wcs.wcs_world2pix(table["ra"], table["dec"], 0)
    return tables


def _transient_counts(transients: Table, epoch: Epoch, first: Epoch) -> Floats:
    """Return electrons that stand out so much in a difference of the two exposures."""
    width = max(epoch.seeing.fwhm, first.seeing.fwhm) / 2.3548
    # the number of noise pixels; wings need more than a Gaussian
    area = 1.36 * 4 * np.pi * width**2
    noise = np.sqrt(area * (epoch.sky + first.sky + 92.0))  # 92: two exposures' read noise squared
    return np.asarray(transients["strength"] * noise * 10 ** (-0.4 * epoch.extinction))


def _light(tables: dict[str, Table], epoch: Epoch, layout: Layout, detector: Ccd) -> Floats:
    """Return the electrons that sky and objects would bring if the flat were 1."""
    rows, columns = detector.shape
    across = np.arange(columns) / columns - 0.5
    along = (np.arange(rows) / rows - 0.5)[:, np.newaxis]
    light = epoch.sky * (1 + 0.04 * across - 0.03 * along + detector.fringes(epoch.band))
    for kind in ("stars", "transients"):
        table = tables[kind]
        draw.draw_stars(light, table["x"], table["y"], table["counts"], epoch.seeing, layout)
    galaxies = tables["galaxies"]
    places = galaxies["x"], galaxies["y"], galaxies["counts"]
    draw.draw_galaxies(light, *places, galaxies, epoch.seeing, layout)
    return light


def _pixels_of(rays: Floats) -> Table:
    """Return the pixels that cosmic rays hit: ``x y`` (from 0), ``counts`` (electrons)."""
    y, x = np.nonzero(rays)
    return Table({"x": x, "y": y, "counts": rays[y, x]})


def _write_raw(
    folder: str, epoch: Epoch, detector: Ccd, electrons: Any, rng: Any, compress: bool
) -> str:
    image = ccd.read_out(electrons, detector, rng)
    chip = detector.chip
    header = generate.chip_cards(chip, detector.layout, epoch.header)
    primary = fits.PrimaryHDU(header=fits.Header(list(generate.primary_cards(epoch.taken()))))
    primary.header["NEXTEND"] = 1
    path = os.path.join(folder, f"DECam_{epoch.visit:08d}.fits" + (".fz" if compress else ""))
    hdus = [primary, generate.extension(image, header, chip, compress)]
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


def _write_masters(folder: str, detector: Ccd, band: str, seed: int) -> list[str]:
    """Write bias and flat, with the noise that means of `_MASTERS` exposures have."""
    rng = np.random.default_rng([seed, 4])
    noise = rng.normal(size=detector.shape) / np.sqrt(_MASTERS)
    flat = detector.flat(band) * (1 + noise / np.sqrt(_FLAT_LEVEL))
    bias = detector.bias() + 1.6 * rng.normal(size=detector.shape) / np.sqrt(_MASTERS)
    os.makedirs(folder, exist_ok=True)
    paths = []
    for kind, name, image in (("bias", cards.NO_FILTER, bias), ("flat", band, flat)):
        header = fits.Header(list(cards.master_cards(kind, _DAY, name, detector.chip, False)))
        path = os.path.join(folder, f"{kind}-{detector.chip.number:02d}.fits")
        hdu = fits.ImageHDU(image.astype(np.float32), name=detector.chip.name)
        fits.HDUList([fits.PrimaryHDU(header=header), hdu]).writeto(path, overwrite=True)
        paths.append(path)
    return paths


def _write_epochs(path: str, planned: Sequence[Epoch], detector: Ccd) -> None:
    """Write the truth of each exposure, with the cards of its true WCS."""
    told = {
        str(epoch.visit): {
            "mjd": epoch.mjd,
            "filter": epoch.band,
            "zeroPoint": epoch.zero_point,
            "seeing": epoch.seeing._asdict(),
            "fwhm": epoch.seeing.fwhm,
            "sky": epoch.sky,
            "wcs": epochs.wcs(epoch.truth, detector.chip, detector.layout).to_header_string(
                relax=True
            ),
        }
        for epoch in planned
    }
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(told, stream, indent=1)


# What the numbers of a scene are, for --help.
_MEANINGS = {
    "stars": "the number of stars on the detector",
    "galaxies": "the number of galaxies",
    "transients": "the number of transients",
    "variables": "the number of variable stars",
    "brightest": "the magnitude of the brightest star in r",
    "faintest": "the magnitude of the faintest star in r",
    "slope": "the slope of the logarithm of the number of stars, for each magnitude",
    "proper_motion": "the typical proper motion along each axis, in mas a year",
}
EXAMPLES = {
    "field": "exposures of a detector with stars, galaxies, transients and variables",
    "field --size window --stars 400 --galaxies 200 --transients 0 --variables 0": (
        "a part of the detector, where nothing changes"
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Write a field: ``generateDecam.py realistic DIRECTORY --seed 1``."""
    parser = argparse.ArgumentParser(
        prog="generateDecam.py realistic",
        description="Make realistic exposures of one chip, their calibrations, and the truth.",
    )
    parser.add_argument("directory", help="the directory for the files")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the random numbers (default: 1)"
    )
    parser.add_argument(
        "--size", choices=list(LAYOUTS), default="full", help="how much of the detector"
    )
    parser.add_argument(
        "--chip", type=int, default=CHIP, metavar="CCDNUM",
        help=f"the detector (default: {CHIP})",
    )  # fmt: skip
    parser.add_argument("--filter", default="g", choices=list(generate.FILTERS), help="default: g")
    for name, value in Numbers(transients=300, variables=60)._asdict().items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=type(value), default=value, metavar="N",
            help=f"{_MEANINGS[name]} (default: {value})",
        )  # fmt: skip
    parser.add_argument(
        "--rays", type=int, default=80, metavar="N",
        help="the number of cosmic rays in each exposure (default: 80)",
    )  # fmt: skip
    parser.add_argument(
        "--dead", choices=["left", "right"], default="", help="an amplifier without signal"
    )
    helptext.set_up(parser, EXAMPLES)
    options = parser.parse_args(argv)
    numbers = Numbers(*(getattr(options, name) for name in Numbers._fields))
    own = options.size, options.chip, numbers, options.filter, options.rays, options.dead
    written = write(options.directory, options.seed, VISITS, *own)
    print("\n".join([*written.raws, *written.masters, *written[2:]]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
