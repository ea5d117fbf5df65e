"""Gen2's spelling of how much is read, and cameras that have keys of these names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from persistence import Box, Butler, CameraMapper, DataIdError, MissingKey

POLICY = """
exposures:
  calexp: {template: 'c-%(visit)d.fits', python: lsst.afw.image.ExposureF, storage: FitsStorage}
datasets:
  src: {template: 's-%(visit)d.fits', storage: FitsCatalogStorage}
  pair: {python: types.SimpleNamespace, composite: {src: {datasetType: src}}}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Butler:
    (tmp_path / "camera.yaml").write_text(POLICY)
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    butler.put(np.arange(48, dtype=np.float32).reshape(6, 8), "calexp", visit=1)
    butler.put(Table({"id": [1, 2], "flux": [3.0, 4.0]}), "src", visit=1)
    return butler


@pytest.mark.parametrize("given", [{"visit": 1, "columns": "flux"}, {"visit": 1}])
def test_columns_are_taken_from_the_data_id_or_the_keywords(
    repo: Butler, given: dict[str, Any]
) -> None:
    options = {} if "columns" in given else {"columns": ["flux"]}
    before = dict(given)
    for name in ("src", "pair"):
        made = repo.get(name, given, **options)
        assert getattr(made, "src", made).colnames == ["flux"]
    assert given == before


def test_what_are_no_columns_is_refused(repo: Butler) -> None:
    with pytest.raises(DataIdError, match="columns=3: expected the names of columns"):
        repo.get("src", visit=1, columns=3)
    assert repo.get("src", visit=1, columns=None).colnames == ["id", "flux"]


def test_a_part_needs_a_box(repo: Butler) -> None:
    with pytest.raises(MissingKey, match="calexp_sub needs bbox="):
        repo.get("calexp_sub", visit=1)
    part = repo.get("calexp_sub", {"visit": 1, "bbox": Box(2, 1, 3, 4), "imageOrigin": "LOCAL"})
    assert part.image.shape == (4, 3)


def test_a_camera_may_have_keys_that_are_called_so(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(
        "datasets:\n  src: {template: 's-%(columns)s-%(bbox)d.fits', storage: FitsCatalogStorage}\n"
    )
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    butler.put(Table({"id": [1, 2]}), "src", columns="left", bbox=3)
    assert (tmp_path / "s-left-3.fits").exists()
    assert butler.get("src", columns="left", bbox=3).colnames == ["id"]
    assert butler.get("src", {"columns": "left"}, bbox="3").colnames == ["id"]
