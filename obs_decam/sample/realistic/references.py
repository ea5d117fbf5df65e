"""The reference catalog of the realistic sky: as Gaia would see it, errors and motions included."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from astropy.table import Column, Table
from astropy.units import Quantity

from obs_decam.sample import refcat
from obs_decam.sample.facts import FILTERS
from obs_decam.sample.realistic.scene import EPOCH
from persistence.refcats import htm
from persistence.types.exposure.photocalib import AB_FLUX
from persistence.types.table.catalog import Catalog

NAME = "realistic"
_LIMIT = 20.7  # mag in r, of the faintest star that it has
_DEPTH = 7


def catalog(stars: Table, rng: np.random.Generator, with_motions: bool = True) -> Catalog:
    """Return the table of the stars that are bright enough, with measurement errors.

    Parameters
    ----------
    stars : `~astropy.table.Table`
        The true ones; see `~obs_decam.sample.realistic.scene.Scene`.
    with_motions : `bool`
        Whether it contains proper motions and its epoch.

    Notes
    -----
    Errors of positions grow from 0.05 to 1 mas, those of fluxes from 4 to 19 mmag, as Gaia's do.
    """
    stars = stars[stars["mag_r"] < _LIMIT]
    fainter = np.asarray(stars["mag_r"]) - _LIMIT
    mas = 0.05 + 0.9 * 10 ** (0.3 * (fainter + 0.2))
    magnitudes = 0.004 + 0.015 * 10 ** (0.4 * fainter)
    table = Catalog(meta={"REFCAT_FORMAT_VERSION": 1})
    table["id"] = Column(np.asarray(stars["id"], np.int64), description="number of the star")
    error = np.radians(mas / 3.6e6)
    cosine = np.cos(np.radians(stars["dec"]))
    for axis, stretch in (("ra", cosine), ("dec", np.ones(len(stars)))):
        angles = np.radians(np.asarray(stars[axis])) + error * rng.normal(size=len(stars)) / stretch
        table[f"coord_{axis}"] = Quantity(angles, "rad")
        table[f"coord_{axis}Err"] = Column(error.astype(np.float32), unit="rad")
    for band in FILTERS:
        noisy = np.asarray(stars[f"mag_{band}"]) + magnitudes * rng.normal(size=len(stars))
        flux = AB_FLUX * 10 ** (-0.4 * noisy)
        table[f"{band}_flux"] = Column(flux, unit="nJy")
        table[f"{band}_fluxErr"] = Column(flux * magnitudes * np.log(10) / 2.5, unit="nJy")
    if with_motions:
        _add_motions(table, stars)
    return table


def _add_motions(table: Catalog, stars: Table) -> None:
    table["epoch"] = Column(np.full(len(stars), EPOCH), unit="day", description="TAI MJD")
    for axis in ("ra", "dec"):
        motion = np.radians(np.asarray(stars[f"pm_{axis}"]) / 3.6e6)
        table[f"pm_{axis}"] = Column(motion, unit="rad/year")
    table["pm_flag"] = Column(np.zeros(len(stars), bool))


def write(folder: str, table: Catalog, name: str = NAME) -> list[str]:
    """Write a directory such as ``ref_cats/realistic``; returns the paths of its files.

    The shards around the field have all of its stars; those beyond are not there.
    """
    os.makedirs(folder, exist_ok=True)
    empty: Any = table[:0]
    paths = [
        refcat.write_config(folder, name, _DEPTH),
        refcat.write_shard(folder, "master_schema", empty),
    ]
    ra, dec = (np.degrees(np.asarray(table[f"coord_{axis}"])) for axis in ("ra", "dec"))
    trixels = htm.index(ra, dec, _DEPTH)
    near = htm.cone(float(np.median(ra)), float(np.median(dec)), 0.5, _DEPTH)
    for trixel in sorted(near.union(trixels.tolist())):
        rows: Any = table[trixels == trixel]
        paths.append(refcat.write_shard(folder, str(trixel), rows))
    return paths
