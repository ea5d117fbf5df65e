"""Integers of 10^6 data IDs packed and unpacked, beside the bare arithmetic of numpy on the same columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from persistence import Butler

ROWS = 1_000_000


@pytest.fixture(scope="module")
def butler(tmp_path_factory: pytest.TempPathFactory) -> Butler:
    root = tmp_path_factory.mktemp("ids")
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    return Butler(root)


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {
        "visit": random.integers(1, 10**6, ROWS),
        "ccdnum": random.integers(1, 61, ROWS),
        "counter": random.integers(0, 5000, ROWS),
    }


def test_exposures_and_sources(bench: Any, butler: Butler, columns: dict[str, Any]) -> None:
    visit, ccd, counter = columns.values()
    exposures = visit * 100 + ccd
    sources = exposures << 32 | counter
    ids = butler.ids
    bench.ratio(
        "ids of 10^6 exposures: pack",
        lambda: ids.pack("calexp", columns),
        lambda: visit * 100 + ccd,
        4.0,
        rounds=7,
    )
    bench.ratio(
        "  unpack", lambda: ids.unpack(exposures), lambda: np.divmod(exposures, 100), 3.0, rounds=7
    )
    bench.ratio(
        "  pack of sources",
        lambda: ids.pack("src", columns),
        lambda: (visit * 100 + ccd) << 32 | counter,
        4.0,
        rounds=7,
    )
    bench.ratio(
        "  unpack of sources",
        lambda: ids.unpack(sources, "src"),
        lambda: (np.divmod(sources >> 32, 100), sources & 0xFFFFFFFF),
        3.0,
        rounds=7,
    )


def test_coadds(bench: Any, butler: Butler) -> None:
    random = np.random.default_rng(2)
    x, y = random.integers(0, 18, (2, ROWS))
    patches = np.array([f"{i},{j}" for i in range(18) for j in range(18)])[x * 18 + y]
    bands = np.array(["g", "r", "i", "VR"])[random.integers(0, 4, ROWS)]
    columns = {"tract": random.integers(0, 1000, ROWS), "patch": patches, "filter": bands}
    integers = butler.ids.pack("deepCoadd", columns)
    bench.ratio(
        "ids of 10^6 coadds, patches and filters as text: pack",
        lambda: butler.ids.pack("deepCoadd", columns),
        lambda: (patches == patches[0], bands == bands[0]),
        7.0,
        rounds=5,
    )
    bench.ratio(
        "  unpack",
        lambda: butler.ids.unpack(integers, "deepCoadd"),
        lambda: (patches.copy(), bands.copy(), integers >> 24),
        8.0,
        rounds=5,
    )
