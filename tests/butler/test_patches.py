"""A patch in a data ID is ``"x,y"``, or its sequential number in the sky map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler
from persistence.butler import ipython
from persistence.errors import DataIdError, NoResults, NotInSkyMap
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap

EXISTING = [(0, "1,1"), (0, "1,2"), (1, "0,3")]


def sky_map(size: int) -> DiscreteSkyMap:
    """Return a sky map of two tracts, with patches of some pixels a side."""
    config = DiscreteConfig(
        raList=(150.0, 151.0), decList=(2.0, 2.0), radiusList=(0.4, 0.2),
        patchInnerDimensions=(size, size), pixelScale=0.3,
    )  # fmt: skip
    return DiscreteSkyMap(config)


@pytest.fixture
def bare(tmp_path: Path) -> Butler:
    """Return a Butler on three coadds, without a sky map."""
    (tmp_path / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    butler = Butler(tmp_path)
    for tract, patch in EXISTING:
        path = Path(butler.getUri("deepCoadd", tract=tract, patch=patch, filter="r", write=True))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return butler


@pytest.fixture
def butler(bare: Butler) -> Butler:
    bare.put(sky_map(2000), "deepCoadd_skyMap")
    return bare


def number(butler: Butler, tract: int, patch: str) -> int:
    """Return the place of a patch in the list of all, which is Gen2's sequential index."""
    return [known["patch"] for known in butler.sky.map().patches(tract)].index(patch)


@pytest.mark.parametrize(("tract", "patch"), EXISTING)
@pytest.mark.parametrize("form", [int, str, np.int16, np.array])
def test_each_verb_takes_the_number_of_a_patch(
    butler: Butler, tract: int, patch: str, form: Any
) -> None:
    data_id = {"tract": tract, "patch": form(number(butler, tract, patch)), "filter": "r"}
    named = {**data_id, "patch": patch}
    assert butler.getUri("deepCoadd", data_id) == butler.getUri("deepCoadd", named)
    assert butler.datasetExists("deepCoadd", data_id)
    assert butler.dataRef("deepCoadd", dataId=data_id).dataId == named
    assert butler.subset("deepCoadd", dataId=data_id).cache == [named]
    assert butler.queryMetadata("deepCoadd", ["patch"], data_id) == [patch]
    assert [row["patch"] for row in butler.query("deepCoadd", dataId=data_id)] == [patch]
    assert butler.exists("deepCoadd", [data_id, named]).all()


def test_many_numbers_are_checked_at_once(butler: Butler) -> None:
    tracts = np.repeat([0, 1], 9)
    numbers = np.tile(np.arange(9), 2)
    flags = butler.exists("deepCoadd", {"tract": tracts, "patch": numbers, "filter": "r"})
    expected = {(tract, number(butler, tract, patch)) for tract, patch in EXISTING}
    pairs = zip(tracts[flags].tolist(), numbers[flags].tolist(), strict=True)
    assert set(pairs) == {pair for pair in expected if pair[1] < 9}


def test_existing_patches_are_iterated_as_other_data(butler: Butler) -> None:
    first = butler.subset("deepCoadd", tract=0)
    assert [(ref.dataId["tract"], ref.dataId["patch"]) for ref in first] == EXISTING[:2]
    possible = list(butler.sky.map().patches(tract=0))
    assert len(possible) == len(butler.sky.map()[0])
    rows = butler.exists("deepCoadd", possible, filter="r")
    assert [patch["patch"] for patch, flag in zip(possible, rows, strict=True) if flag] == [
        "1,1",
        "1,2",
    ]


def test_the_path_of_a_number_is_that_of_gen2(butler: Butler) -> None:
    where = butler.getUri("deepCoadd_calexp", tract=0, patch=8, filter="g", write=True)
    columns, _ = butler.sky.map()[0].num_patches
    assert where.endswith(f"deepCoadd-results/g/0/{8 % columns},{8 // columns}/"
                          f"calexp-g-0-{8 % columns},{8 // columns}.fits")  # fmt: skip


@pytest.mark.parametrize(
    ("data_id", "error", "message"),
    [
        ({"patch": 5, "filter": "r"}, DataIdError, "patch=5 is the number of a patch in a tract"),
        ({"tract": 0, "patch": 9999, "filter": "r"}, NotInSkyMap, "tract 0 has no patch 9999"),
        ({"tract": 7, "patch": 1, "filter": "r"}, NotInSkyMap, "there is no tract 7"),
        ({"tract": "x", "patch": 1, "filter": "r"}, DataIdError, "tract='x'"),
    ],
)
def test_a_number_of_no_patch_is_refused(
    butler: Butler, data_id: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        butler.getUri("deepCoadd", data_id)


def test_a_number_of_several_sky_maps_is_refused(bare: Butler) -> None:
    """``dcrCoadd`` has its own; without it, one of another family counts if it is the only one."""
    bare.put(sky_map(2000), "dcrCoadd_skyMap")
    assert "/0/" in bare.getUri("deepCoadd", tract=0, patch=1, filter="r", write=True)
    bare.defineDataset("bestSeeingCoadd_skyMap", template="best.pickle", storage="PickleStorage",
                       python="lsst.skymap.BaseSkyMap")  # fmt: skip
    bare.put(sky_map(1000), "bestSeeingCoadd_skyMap")
    with pytest.raises(DataIdError, match="patch=1 is ambiguous: there are bestSeeingCoadd_skyMap"):
        bare.getUri("deepCoadd", tract=0, patch=1, filter="r", write=True)
    bare.getUri("deepCoadd", tract=0, patch="1,0", filter="r", write=True)


def test_without_a_sky_map_a_patch_is_text_as_in_gen2(bare: Butler) -> None:
    with pytest.raises(NoResults, match=r"looked for  deepCoadd/r/0/5\.fits"):
        bare.getUri("deepCoadd", tract=0, patch=5, filter="r")


@pytest.mark.parametrize(
    ("data_id", "near"),
    [
        ({"tract": 0, "patch": "3,4"}, "tract=0 patch=1,2"),
        ({"tract": 2, "patch": "0,3"}, "tract=1 patch=0,3"),
    ],
)
def test_errors_name_the_nearest_patch_or_tract(
    butler: Butler, data_id: dict[str, Any], near: str
) -> None:
    with pytest.raises(NoResults, match=f"nearest     filter=r {near}  in"):
        butler.getUri("deepCoadd", data_id, filter="r")


def test_tab_in_ipython_completes_tract_and_patch(butler: Butler) -> None:
    names = {"butler": butler}
    assert ipython.completions("butler.get('deepCoadd', tract=", names) == ("", ["0", "1"])
    offered = ipython.completions("butler.get('deepCoadd', tract=0, patch=", names)
    assert offered == ("", ["'1,1'", "'1,2'"])
