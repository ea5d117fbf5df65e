"""What composites cost beside the reading of their components."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table, vstack
from astropy.wcs import WCS

from persistence import Butler, Exposure

POLICY = """
exposures:
  calexp: {template: 'c%(visit)d.fits', python: lsst.afw.image.ExposureF, storage: FitsStorage}
datasets:
  one: {template: 'one%(visit)d.pickle', storage: PickleStorage}
  two: {template: 'two%(visit)d.pickle', storage: PickleStorage}
  three: {template: 'three%(visit)d.pickle', storage: PickleStorage}
  trio:
    python: types.SimpleNamespace
    composite: {one: {datasetType: one}, two: {datasetType: two}, three: {datasetType: three}}
  src: {template: 's%(visit)d.fits', storage: FitsCatalogStorage}
  every:
    composite: {parts: {datasetType: src, subset: true}}
    assembler: persistence.composites.ready_made.stack_rows
"""


@pytest.fixture
def butler() -> Iterator[Butler]:
    """Yield a Butler on an empty repository, in memory where there is one: a disk's moods would hide what counts."""
    with tempfile.TemporaryDirectory(
        dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    ) as folder:
        (Path(folder) / "camera.yaml").write_text(POLICY)
        yield Butler(
            outputs={"root": f"{folder}/repo", "mapper": f"{folder}/camera.yaml", "mode": "rw"}
        )


def test_assembling(bench: Any, butler: Butler) -> None:
    names = ("one", "two", "three")
    for name in names:
        butler.put({"a": 1}, name, visit=1)
    bench.over(
        "get of a composite of three, over the three gets",
        lambda: butler.get("trio", visit=1),
        lambda: [butler.get(name, visit=1) for name in names],
        60,
        rounds=2000,
    )


def test_one_component(bench: Any, butler: Butler) -> None:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = (
        ["RA---TAN", "DEC--TAN"],
        [10.0, 5.0],
        [1024.0, 2048.0],
    )
    wcs.wcs.cd = np.eye(2) * 7e-5
    random = np.random.default_rng(1)
    image = random.normal(100, 10, (4096, 2048)).astype(np.float32)
    butler.put(
        Exposure(image, fits.Header(), variance=image.copy(), given_wcs=wcs), "calexp", visit=1
    )
    apart = Butler(butler.chain.outputs[0].root, cache=False)
    part, whole = bench.pair(
        lambda: apart.get("calexp.wcs", visit=1), lambda: apart.get("calexp", visit=1), rounds=5
    )
    bench.tell(
        "the WCS of a compressed exposure of 2k x 4k",
        whole / part,
        "x faster",
        f"{1e3 * part:.1f} ms",
        50,
        more_is_better=True,
    )


def test_stacking(bench: Any, butler: Butler) -> None:
    for visit in range(1000):
        ids = np.arange(100, dtype=np.int64)
        butler.put(
            Table({"id": ids, **{f"c{number}": ids * 1.5 for number in range(20)}}),
            "src",
            visit=visit,
        )
    paths = [butler.getUri("src", visit=visit) for visit in range(1000)]
    bench.ratio(
        "1,000 catalogs as one, over Table.read and vstack",
        lambda: butler.get("every"),
        lambda: vstack([Table.read(path) for path in paths]),
        1.3,
        rounds=3,
    )
