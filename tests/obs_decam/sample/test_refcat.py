"""The reference catalog of the invented stars: LSST's form, all stars of a field, the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from obs_decam.sample import generate, refcat, sky
from persistence.refcats.catalog import ReferenceCatalog

BIN = Path(__file__).parents[3] / "bin" / "generateDecam.py"
VISIT = 410877


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ref_cats") / "invented"
    refcat.write_refcat(str(folder), [VISIT])
    return folder


def test_it_is_a_reference_catalog_with_a_flux_for_each_filter(folder: Path) -> None:
    info = ReferenceCatalog(folder).info()
    assert (info.name, info.depth, info.format_version) == ("invented", 7, 1)
    assert {f"{band}_flux" for band in generate.FILTERS} < set(info.columns)
    assert info.shards > 10


@pytest.mark.parametrize("number", [1, 25, 62])
def test_each_star_of_a_chip_is_in_it_as_bright_as_it_is(folder: Path, number: int) -> None:
    truth = generate.truth(VISIT, "g", number)
    table = ReferenceCatalog(folder).cone(SkyCoord(*sky.pointing(VISIT), unit="deg"), 1.3)
    order = {int(one): row for row, one in enumerate(table["id"])}
    rows = [order[int(one)] for one in truth.stars.ids]
    magnitudes = (np.asarray(table["g_flux"])[rows] * units.nJy).to_value(units.ABmag)
    assert np.allclose(magnitudes, truth.stars.magnitudes["g"], atol=1e-6)
    assert np.allclose(
        np.degrees(np.asarray(table["coord_ra"]))[rows], truth.stars.ra, rtol=0, atol=1e-11
    )


def test_shards_are_whole_whatever_the_visits_are_and_the_same_each_time(
    folder: Path, tmp_path: Path
) -> None:
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    paths = refcat.write_refcat(str(tmp_path), [VISIT + 1, VISIT])
    again = {Path(path).name: Path(path).read_bytes() for path in paths}
    assert {name: again[name] for name in first} == first
    assert len(again) > len(first)


@pytest.mark.parametrize("depth", [5, 13])
def test_another_depth_is_refused(tmp_path: Path, depth: int) -> None:
    with pytest.raises(ValueError, match="must be 6 to 12"):
        refcat.write_refcat(str(tmp_path), [VISIT], depth=depth)


def test_the_command_names_the_catalog_as_its_directory(tmp_path: Path) -> None:
    words = ["refcat", str(tmp_path / "mine"), "--visits", "1", "--depth", "8"]
    done = subprocess.run([sys.executable, BIN, *words], capture_output=True, text=True, check=True)
    catalog = ReferenceCatalog(tmp_path / "mine")
    assert (catalog.name, catalog.depth) == ("mine", 8)
    assert len(done.stdout.splitlines()) == len(catalog.shards) + 2
