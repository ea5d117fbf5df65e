"""How long a large catalog of sources takes to be read, beside astropy's own reading of the same file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.table import Table

from persistence.dataids.location import Location
from persistence.formatters import catalog
from persistence.types.table.catalog import Catalog

ROWS, NUMBERS, FLAGS = 100_000, 196, 60


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Location:
    """Return a catalog of 10^5 rows, 200 columns and 60 flags."""
    folder, random = tmp_path_factory.mktemp("catalogs"), np.random.default_rng(1)
    sky = {name: units.Quantity(random.random(ROWS), "rad") for name in ("coord_ra", "coord_dec")}
    table = Catalog({"id": np.arange(ROWS), **sky, "parent": np.zeros(ROWS, np.int64)})
    for number in range(NUMBERS):
        table[f"base_F{number}_instFlux"] = random.random(ROWS)
    for number in range(FLAGS):
        table[f"base_F{number}_flag"] = random.random(ROWS) > 0.5
    where = (
        str(folder),
        "src.fits",
        None,
        "FitsCatalogStorage",
        "lsst.afw.table.SourceCatalog",
        "src",
        {},
    )
    made = Location(*where)
    catalog.write(table, made.full_path, made)
    return made


def test_reading_a_catalog(bench: Any, location: Location) -> None:
    path = location.full_path
    some = location._replace(options={"columns": ["id", "coord_ra", "base_F7_flag"]})
    astropy_ = lambda: Table.read(path, hdu=1)  # noqa: E731
    bench.ratio(
        "get of a catalog, 10^5 x 200 and 60 flags",
        lambda: catalog.read(location),
        astropy_,
        1.2,
        rounds=7,
    )
    bench.ratio("  3 of its columns", lambda: catalog.read(some), astropy_, 0.5, rounds=7)
    bench.ratio("  its schema", lambda: catalog.read_schema(location), astropy_, 0.5, rounds=7)
