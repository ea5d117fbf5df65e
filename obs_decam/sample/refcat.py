"""Generate a reference catalog of the generated stars, in shards like LSST's; always the same.

Source: doc/gen2/afw-files.md, 3.6 and 4.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import numpy as np
from astropy.table import Column
from astropy.units import Quantity

from obs_decam.sample import sky
from obs_decam.sample.facts import FILTERS
from obs_decam.sample.sky import FIELD, Stars
from persistence import Location
from persistence.cli import helptext
from persistence.formatters import formatter
from persistence.refcats import htm
from persistence.types.exposure.photocalib import AB_FLUX
from persistence.types.table.catalog import Catalog

NAME = "invented"
_RELATIVE_ERROR = 0.005  # errors of the fluxes in the catalog, which are exact
_SIDE = 2.0  # degrees: more than the longest side of a trixel of depth 6
_SHALLOWEST, _DEEPEST = 6, 12


def write_refcat(folder: str, visits: Sequence[int], name: str = NAME, depth: int = 7) -> list[str]:
    """Write a directory such as ``ref_cats/invented``; return the paths of its files.

    Parameters
    ----------
    folder : `str`
        The directory, created if missing. Existing shards are replaced by the same, or kept.
    visits : sequence of `int`
        Exposures whose fields the catalog covers.
    name : `str`
        The name of the catalog in configurations.
    depth : `int`
        The depth of the mesh of shards, from 6 to 12.

    Raises
    ------
    ValueError
        If the depth is outside this range.

    Notes
    -----
    Each shard has all stars of its trixel, whatever the visits.
    """
    if not _SHALLOWEST <= depth <= _DEEPEST:
        raise ValueError(f"the depth of the mesh must be {_SHALLOWEST} to {_DEEPEST}, not {depth}")
    os.makedirs(folder, exist_ok=True)
    paths = [
        write_config(folder, name, depth),
        write_shard(folder, "master_schema", catalog(sky.stars_near(0.0, 0.0, 0.0))),
    ]
    for visit in visits:
        paths += _shards(folder, sky.pointing(visit), depth)
    return sorted(set(paths))


def write_config(folder: str, name: str, depth: int) -> str:
    """Write the configuration as the stack's saved ones are; source: doc/gen2/afw-files.md, 6.1."""
    path = os.path.join(folder, "config.py")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("import lsst.meas.algorithms.ingestIndexReferenceTask\n")
        stream.write(f"config.ref_dataset_name={name!r}\n\nconfig.indexer['HTM'].depth={depth}\n\n")
        stream.write("config.indexer.name='HTM'\n\nconfig.format_version=1\n")
    return path


def _shards(folder: str, field: tuple[float, float], depth: int) -> list[str]:
    stars = sky.stars_near(*field, FIELD + _SIDE)
    trixels = htm.index(stars.ra, stars.dec, depth)
    touched = sorted(htm.cone(*field, FIELD, depth).intersection(trixels.tolist()))
    return [
        write_shard(folder, str(trixel), catalog(stars[trixels == trixel])) for trixel in touched
    ]


def write_shard(folder: str, name: str, table: Catalog) -> str:
    """Write the table of a trixel, named by its number; return its path."""
    path = os.path.join(folder, f"{name}.fits")
    kind = "lsst.afw.table.SimpleCatalog"
    location = Location(folder, f"{name}.fits", None, "FitsCatalogStorage", kind, "ref_cat", {})
    formatter("FitsCatalogStorage").write(table, path, location)
    return path


def catalog(stars: Stars) -> Catalog:
    """Return the table of some stars: positions in radians, a flux in nJy for each filter."""
    table = Catalog(meta={"REFCAT_FORMAT_VERSION": 1})
    table["id"] = Column(stars.ids, description="number of the star")
    for axis, angles in (("ra", stars.ra), ("dec", stars.dec)):
        table[f"coord_{axis}"] = Quantity(np.radians(angles), "rad")
    for band in FILTERS:
        fluxes = np.asarray(AB_FLUX * 10 ** (-0.4 * stars.magnitudes[band]))
        table[f"{band}_flux"] = Column(fluxes, unit="nJy", description=f"flux in {band}")
        table[f"{band}_fluxErr"] = Column(
            _RELATIVE_ERROR * fluxes, unit="nJy", description=f"its error in {band}"
        )
    table["resolved"] = Column(np.zeros(len(stars), bool), description="is a galaxy")
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """Write a reference catalog: ``generateDecam.py refcat repo/ref_cats/invented --visits 2``."""
    parser = argparse.ArgumentParser(
        prog="generateDecam.py refcat",
        description="Make a reference catalog of the invented stars.",
    )
    parser.add_argument("directory", help="the directory of the catalog: repo/ref_cats/invented")
    parser.add_argument(
        "--visits", type=int, default=2, help="how many exposures it covers (default: 2)"
    )
    parser.add_argument(
        "--first", type=int, default=410877, help="the number of the first (default: 410877)"
    )
    parser.add_argument(
        "--depth", type=int, choices=range(_SHALLOWEST, _DEEPEST + 1), default=7,
        help="the depth of the mesh of trixels (default: 7)",
    )  # fmt: skip
    helptext.set_up(parser, {"repo/ref_cats/invented": "the stars of the first two exposures"})
    options = parser.parse_args(argv)
    name = os.path.basename(os.path.abspath(options.directory))
    visits = range(options.first, options.first + options.visits)
    print("\n".join(write_refcat(options.directory, visits, name, options.depth)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
