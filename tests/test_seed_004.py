"""Seed 004's session, line by line, under Gen2's layout: a repository of LATISS is filled and read.

Each command of the seed stands above ours. The raw is a real one, where it is there; calibrations
are a made camera's.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from astropy import units as u
from astropy.table import Table

from persistence import Butler
from persistence.refcats.catalog import ReferenceCatalog

RAW = "gen2_repos/latiss/raw/2018-09-20/3018092000065-det000.fits"
LATISS = "lsst.obs.lsst.latiss.LatissMapper"


def shell(line: str, folder: Path) -> str:
    """Run a line as a user types it."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "REPO": str(folder / "latiss"),
    }
    done = subprocess.run(
        ["bash", "-ec", line], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query of an SQLite file returns."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.real
def test_the_session_of_the_seed(real: Path, tmp_path: Path) -> None:
    root = tmp_path / "latiss"

    # butler create $REPO; butler register-instrument $REPO 'lsst.obs.lsst.Latiss'
    shell("persistence create $REPO --camera lsst.obs.lsst.Latiss", tmp_path)
    assert (root / "_mapper").read_text() == f"{LATISS}\n"

    # butler ingest-raws --transfer symlink -j 8 $REPO /sps/lsst/.../2021-07-07/20210707003*
    night = tmp_path / "2018-09-20"
    night.mkdir()
    shutil.copy(real / RAW, night / "2018092000065-det000.fits")
    line = "persistence ingest-raws --transfer symlink -j 8 $REPO {} 2018-09-20/20180920000*"
    told = shell(line.format("--dry-run"), tmp_path)
    assert told.endswith("1 would be new, 0 already there, 0 failed\n")
    assert shell(line.format(""), tmp_path) == "1 new, 0 already there, 0 failed\n"
    (link,) = (path for path in root.rglob("*.fits") if path.is_symlink())
    assert link.resolve() == night / "2018092000065-det000.fits"
    query = "SELECT visit, detector, filter, dayObs FROM raw"
    original = real / "gen2_repos/latiss/registry.sqlite3"
    assert rows(root / "registry.sqlite3", query) == rows(original, query)
    assert link.relative_to(root) == (real / RAW).relative_to(real / "gen2_repos/latiss")

    # butler import --transfer copy --export-file $CALIB/export.yaml $REPO $CALIB -s instrument ...
    shutil.copytree(real / "gen2_repos/latiss", tmp_path / "theirs")
    subprocess.run(["chmod", "-R", "u+w", tmp_path / "theirs"], check=True)
    export = "persistence calibs theirs --calib theirs/CALIB --export import-calibs"
    assert "1 files, 1 rows" in shell(export, tmp_path)
    shell("mkdir $REPO/CALIB", tmp_path)
    bring = "persistence calibs $REPO --calib $REPO/CALIB --import import-calibs --transfer copy"
    assert shell(bring, tmp_path) == "1 new, 0 already there, 0 failed\n"
    windows = "SELECT detector, calibDate, validStart, validEnd FROM bias"
    registry = "CALIB/calibRegistry.sqlite3"
    assert rows(root / registry, windows) == rows(tmp_path / "theirs" / registry, windows)

    # butler query-collections $REPO 'LATISS/*' --chains=TREE
    (row,) = json.loads(shell("persistence tree $REPO '*' --format json", tmp_path))
    assert (row["root"], row["rows"]) == (str(root / "CALIB"), {"bias": 1})

    # butler register-dataset-type $REPO gaia_dr2_20191105 SimpleCatalog htm7
    # butler ingest-files -t direct $REPO gaia_dr2_20191105 refcats $REF/gaia_dr2_20191105.ecsv
    stars = Table({"source_id": [1, 2], "ra": [10.0, 20.0] * u.deg, "dec": [1.0, 2.0] * u.deg})
    stars.write(tmp_path / "gaia_dr2_20191105.ecsv")
    shell("persistence ingest-refcat $REPO gaia_dr2_20191105 gaia_dr2_20191105.ecsv", tmp_path)
    catalog = ReferenceCatalog.of(Butler(root), "gaia_dr2_20191105")
    assert (catalog.depth, catalog.info().shards) == (7, 2)

    # ... or files as they lie, of a dataset type of one's own
    define = (
        "persistence define $REPO gaia --template 'gaia/%(expId)013d.ecsv' --storage TextStorage"
    )
    shell(define, tmp_path)
    (tmp_path / "files.csv").write_text("file,expId\ngaia_dr2_20191105.ecsv,3018092000065\n")
    shell("persistence ingest-files -t direct $REPO gaia files.csv", tmp_path)

    # How to access to this butler?
    butler = Butler(root, calibRoot=str(root / "CALIB"))
    assert "source_id" in butler.get("gaia", expId=3018092000065)
    (visit,) = butler.queryMetadata("raw", "visit")
    assert visit == 3018092000065
    assert butler.get("raw_md", visit=visit, detector=0)["INSTRUME"].strip() == "LSST_ATISS"
    found = json.loads(shell("persistence query $REPO raw visit detector --format json", tmp_path))
    assert found == [{"visit": 3018092000065, "detector": 0}]
