"""How long questions about the sky take: 10^5 calexps on 10^4 patches, and their headers."""

from __future__ import annotations

import itertools
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Butler
from persistence.butler.index import trees
from persistence.butler.sky import home, measure
from persistence.sky import Circle, footprint, polygon
from persistence.sky.tangent import Tangent
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap
from persistence.types.pixels.box import Box

sphgeom = pytest.importorskip("lsst.sphgeom")
CHIPS, VISITS, FILES = 62, 1613, 2000
SCALE = 0.263 / 3600
# The width of a tract (deg): 20 x 20 patches of 4000 pixels of 0.2 arcsec.
WIDTH, TRACTS = 4.44, 5
BOX = Box(0, 0, 2046, 4094)


def places() -> Iterator[tuple[float, float]]:
    """Yield the middles of DECam's chips, and of visits, at random over all tracts."""
    random = np.random.default_rng(1)
    half = WIDTH * TRACTS / 2
    for _ in range(VISITS):
        ra, dec = 180 + random.uniform(-half, half), random.uniform(-half, half)
        for chip in range(CHIPS):
            yield ra + (chip % 7 - 3) * 0.3, dec + (chip // 7 - 4) * 0.16


def measured(visits: Mapping[Any, tuple[float, float]]) -> Callable[..., Any]:
    """Return a stand-in for reading headers: the regions of chips without their files."""

    def regions(butler: Any, name: str, ids: Sequence[Mapping[str, Any]]) -> list[measure.Measured]:
        tangents = []
        for one in ids:
            ra, dec = visits[one["visit"], one["ccdnum"]]
            numbers = (ra, dec, 1023.5, 2047.5, 0.0, SCALE, -SCALE, 0.0)
            tangents.append((Tangent("ICRS", numbers), BOX))
        found = footprint.of_tangents(tangents)
        return [(polygon.to_bytes(one.vertices), "") for one in found]  # type: ignore[union-attr]

    return regions


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Butler, float]]:
    """Return a Butler of 10^5 calexps and 10^4 patches, and the CPU time of filling the regions."""
    root = tmp_path_factory.mktemp("sky") / "repo"
    root.mkdir()
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    for visit in range(VISITS):
        folder = root / f"{visit:07d}" / "calexp"
        folder.mkdir(parents=True)
        for chip in range(1, CHIPS + 1):
            (folder / f"calexp-{visit:07d}_{chip:02d}.fits").touch()
    grid = [(n - (TRACTS - 1) / 2) * WIDTH for n in range(TRACTS)]
    middles = list(itertools.product(grid, grid))
    config = DiscreteConfig(
        raList=tuple(180 + ra for ra, _ in middles), decList=tuple(dec for _, dec in middles),
        radiusList=(WIDTH / 2 * 0.98,) * len(middles), patchInnerDimensions=(4000, 4000),
        patchBorder=100, pixelScale=0.2, tractOverlap=0.0,
    )  # fmt: skip
    butler = Butler(str(root))
    butler.put(DiscreteSkyMap(config), "deepCoadd_skyMap")
    ids = itertools.product(range(VISITS), range(1, CHIPS + 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(root.parent / "cache"))
        trees._trees.clear()
        with pytest.MonkeyPatch.context() as headers:
            chips = dict(zip(ids, places(), strict=True))
            headers.setattr(measure, "regions", measured(chips))
            begin = time.process_time()
            counts = butler.sky.refresh()
            filled = time.process_time() - begin
        assert counts["calexp"]["with"] == VISITS * CHIPS
        yield butler, filled
    trees._trees.clear()


def test_filling_the_regions(bench: Any, survey: tuple[Butler, float], tmp_path: Path) -> None:
    butler, filled = survey
    store = home.open_store([one.root for one in butler.chain.inputs])
    boxes = store.connection.execute("SELECT * FROM boxes").fetchall()
    begin = time.process_time()
    bare = sqlite3.connect(tmp_path / "bare.sqlite3")
    bare.execute("CREATE VIRTUAL TABLE boxes USING rtree (id, x0, x1, y0, y1, z0, z1)")
    bare.executemany("INSERT INTO boxes VALUES (?, ?, ?, ?, ?, ?, ?)", boxes)
    bare.commit()
    bare.close()
    alone = time.process_time() - begin
    number = sum(len(tract.patches) for tract in butler.sky.map())
    what = f"regions of {len(boxes):,} calexps, {number:,} patches"
    bench.tell(what, filled, "s", f"R*Tree alone {alone:.1f} s", 60)


def test_one_patch(bench: Any, survey: tuple[Butler, float]) -> None:
    butler, _ = survey
    store = home.open_store([one.root for one in butler.chain.inputs])
    box = butler.sky.map()[12]["10,10"]
    assert box is not None
    patch = Circle(180.05, 0.05, 0.15).bounds()
    query = "SELECT id FROM boxes WHERE x1 >= ? AND x0 <= ? AND y1 >= ? AND y0 <= ? AND z1 >= ? AND z0 <= ?"

    def ours() -> list[Any]:
        return list(butler.sky.overlaps("calexp", tract=12, patch="10,10", fresh=False).tuples())

    def bare() -> list[Any]:
        return store.connection.execute(query, patch).fetchall()

    assert 5 < len(ours()) < 200
    mine, other = bench.pair(ours, bare, 50)
    what = f"one patch -> {len(ours())} exposures"
    bench.tell(what, 1e3 * mine, "ms", f"R*Tree alone {1e3 * other:.2f} ms", 5)
    fresh, _ = bench.pair(
        lambda: list(butler.sky.overlaps("calexp", tract=12, patch="10,10").tuples()), int, 7
    )
    entries = list(os.scandir(butler.chain.inputs[0].root))
    stats = [one.path for one in entries if one.name.isdigit()]  # visits
    _, other = bench.pair(int, lambda: [os.stat(f"{path}/calexp") for path in stats[:VISITS]], 7)
    bench.tell(
        "the same, fresh", 1e3 * fresh, "ms", f"stat of directories {1e3 * other:.1f} ms", 60
    )


def test_one_position(bench: Any, survey: tuple[Butler, float]) -> None:
    butler, _ = survey
    store = home.open_store([one.root for one in butler.chain.inputs])
    query = "SELECT id FROM boxes WHERE x1 >= ? AND x0 <= ? AND y1 >= ? AND y0 <= ? AND z1 >= ? AND z0 <= ?"
    here = Circle(181.234, 1.234).bounds()

    def ours() -> list[Any]:
        answers = butler.sky.at(181.234, 1.234, types="calexp", fresh=False)
        return list(answers["calexp"].tuples())

    assert 0 < len(ours()) < 30
    mine, other = bench.pair(ours, lambda: store.connection.execute(query, here).fetchall(), 50)
    what = f"one position -> {len(ours())} exposures"
    bench.tell(what, 1e3 * mine, "ms", f"R*Tree alone {1e3 * other:.3f} ms", 2)


def test_all_pairs_of_a_tract(bench: Any, survey: tuple[Butler, float]) -> None:
    butler, _ = survey
    rows = butler.sky.pairs("calexp", 12, fresh=False)
    found = list(rows.tuples())
    shapes = [
        sphgeom.ConvexPolygon([sphgeom.UnitVector3d(*one) for one in np.eye(3).tolist()])
        for _ in range(2)
    ]

    def bare() -> None:
        for _ in found:
            shapes[0].intersects(shapes[1])

    one = {row[2:4] for row in found if row[1] == "10,10"}
    alone = butler.sky.overlaps("calexp", tract=12, patch="10,10", fresh=False)
    assert one == {row[:2] for row in alone.tuples()}
    mine, other = bench.pair(lambda: list(rows.tuples()), bare, 3)
    what = f"all {len(found):,} pairs of a tract"
    bench.tell(what, mine, "s", f"sphgeom alone {other:.2f} s", 1)


def test_a_query_with_all_exposures_on_its_region(bench: Any, survey: tuple[Butler, float]) -> None:
    butler, _ = survey

    def ours() -> int:
        return sum(
            1 for _ in butler.query("calexp", region=Circle(180, 0, 60), fresh=False).tuples()
        )

    def bare() -> int:
        return sum(1 for _ in butler.query("calexp", fresh=False).tuples())

    assert ours() == bare() == VISITS * CHIPS
    mine, other = bench.pair(ours, bare, 3)
    bench.tell("query of 10^5, all on the region", mine, "s", f"without {other:.2f} s", 3)


def header_files(root: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Write calexps in afw's layout with headers of a usual length; return paths and data IDs."""
    primary = fits.PrimaryHDU()
    for number in range(180):
        primary.header[f"KEY{number:03d}"] = (number * 1.5, "a card of the observatory")
    image = fits.ImageHDU(np.zeros((4, 4), np.float32), name="IMAGE")
    image.header.update(
        {
            "EXTTYPE": "IMAGE", "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0,
            "CRVAL2": 2.0, "CRPIX1": 1023.5, "CRPIX2": 2047.5, "CD1_1": -SCALE, "CD1_2": 0.0,
            "CD2_1": 0.0, "CD2_2": SCALE, "RADESYS": "ICRS", "CTYPE1A": "LINEAR",
            "CTYPE2A": "LINEAR", "CRPIX1A": 1.0, "CRPIX2A": 1.0, "CRVAL1A": 0, "CRVAL2A": 0,
        }
    )  # fmt: skip
    paths: list[tuple[str, Mapping[str, Any]]] = []
    for number in range(FILES):
        visit, chip = number // CHIPS, number % CHIPS + 1
        path = root / f"{visit:07d}" / "calexp" / f"calexp-{visit:07d}_{chip:02d}.fits"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number == 0:
            fits.HDUList([primary, image]).writeto(path)
            content = path.read_bytes()
        path.write_bytes(content)
        paths.append((str(path), {"visit": visit, "ccdnum": chip}))
    return paths


def test_reading_headers(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    paths = header_files(tmp_path)
    butler, ids = Butler(str(tmp_path)), [data_id for _, data_id in paths]

    def ours() -> None:
        assert all(content for content, _ in measure.regions(butler, "calexp", ids))

    def bare() -> None:
        for path, _ in paths:
            with open(path, "rb", buffering=0) as stream:
                stream.read(11520), stream.seek(17280), stream.read(11520)

    mine, other = bench.pair(ours, bare, 3)
    shown = f"open and read alone {FILES / other:,.0f}/s"
    bench.tell("headers -> regions, one process", FILES / mine, "/s", shown, 3000, True)
