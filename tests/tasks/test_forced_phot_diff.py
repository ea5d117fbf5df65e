"""Objects are measured on the difference images that were stored before they were found."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
pytest.importorskip("sqlalchemy", reason="pip install '.[ap]'")

from persistence.errors import DatabaseError
from persistence.pipe.task import TaskError
from persistence.tasks.dia_sources import Exposed
from persistence.tasks.difference import forcedsources
from persistence.tasks.forced_phot_diff import ForcedPhotDiffTask
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.exposure.translator import FilterLabel
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.psf.psf import SingleGaussianPsf
from persistence.types.table.catalog import Catalog

BITS, SIGMA = 32, 1.4  # pixels: what `make` draws
# Visit -> when, and where there is light (x, y, counts).
VISITS: dict[int, tuple[str, list[tuple[float, float, float]]]] = {
    1: ("2014-01-01T00:00:00", [(30.0, 30.0, 4000.0)]),
    2: ("2014-02-20T00:00:00", [(30.0, 30.0, 4000.0), (90.0, 60.0, 700.0)]),
    3: ("2014-02-24T00:00:00", [(90.0, 60.0, 5000.0)]),
}
# What was found: by visit, x and y.
FOUND = {1: [(30.0, 30.0)], 2: [(30.0, 30.0)], 3: [(90.0, 60.0)]}


class Reference:
    """What a data reference of a visit gives."""

    def __init__(self, visit: int, exposure: Any) -> None:
        self.dataId = {"visit": visit, "ccdnum": 25}
        self.datasets = {
            "ccdExposureId": 100 * visit + 25,
            "ccdExposureId_bits": BITS,
            "deepDiff_differenceExp": exposure,
            "calexp": exposure,
        }

    def get(self, name: str) -> Any:
        return self.datasets[name]


@pytest.fixture
def references(make: Callable[..., Any]) -> dict[int, Reference]:
    """Return references of visits, without noise and without sky."""
    made = {}
    for visit, (begin, light) in VISITS.items():
        exposure = make(light, noise=False)
        exposure = exposure.replaced(
            image=(exposure.image - exposure.image.min()).astype(np.float32),
            photo_calib=PhotoCalib(2.0), filter=FilterLabel("g", "g"),
            visit_info=VisitInfo(date_begin=begin, exposure_time=30.0),
            psf=SingleGaussianPsf((21, 21), SIGMA),
        )  # fmt: skip
        made[visit] = Reference(visit, exposure)
    return made


@pytest.fixture
def task(tmp_path: Path) -> ForcedPhotDiffTask:
    config = ForcedPhotDiffTask.ConfigClass()
    config.diaPipe.apdb.db_url = f"sqlite:///{tmp_path}/association.db"
    return ForcedPhotDiffTask(config=config)


def store(task: ForcedPhotDiffTask, references: dict[int, Reference], *visits: int) -> None:
    """Store visits as ap_pipe.py does."""
    task.diaPipe.apdb.makeSchema()
    for visit in visits:
        exposure, numbers = references[visit].get("calexp"), Exposed(visit, 25, 100 * visit + 25)
        table = Catalog(meta={"aliases": {"slot_Centroid": "base_SdssCentroid"}})
        table["id"] = 1000 * visit + np.arange(len(FOUND[visit]))
        for axis, values in zip("xy", np.transpose(FOUND[visit]), strict=True):
            table[f"base_SdssCentroid_{axis}"] = values
        first = ((100 * visit + 25) << (64 - BITS)) + 1
        forced = functools.partial(forcedsources.rows, exposure, exposure, numbers, first)
        task.diaPipe.run(table, exposure, numbers, forced)


def rows(task: ForcedPhotDiffTask, query: str) -> list[Any]:
    connection = sqlite3.connect(str(task.diaPipe.apdb.address.path))
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


FORCED = "SELECT diaObjectId, visit, psfFlux FROM DiaForcedSource ORDER BY diaObjectId, visit"


def test_an_object_is_measured_where_it_was_not_found_yet(
    task: ForcedPhotDiffTask, references: dict[int, Reference]
) -> None:
    store(task, references, 1, 2, 3)
    assert [row[:2] for row in rows(task, FORCED)] == [(1000, 1), (1000, 2), (1000, 3), (3000, 3)]
    assert task.runDataRef(references[2]).number == 1
    found = rows(task, FORCED)
    assert [row[:2] for row in found] == [(1000, 1), (1000, 2), (1000, 3), (3000, 2), (3000, 3)]
    # In nJy; the generator drew so much of a Gaussian.
    assert [row[2] for row in found[3:]] == pytest.approx([1400.0, 10000.0], rel=1e-3)
    means = rows(task, "SELECT g_fpFluxMean FROM DiaObject WHERE diaObjectId = 3000 "
                 "AND validityEndMjdTai IS NULL")  # fmt: skip
    assert 1400 < means[0][0] < 10000
    numbers = [row[0] for row in rows(task, "SELECT diaForcedSourceId FROM DiaForcedSource")]
    assert len(set(numbers)) == len(numbers)


def test_it_is_measured_once(task: ForcedPhotDiffTask, references: dict[int, Reference]) -> None:
    store(task, references, 1, 2, 3)
    task.runDataRef(references[2])
    before = task.diaPipe.apdb.tableRowCount()
    assert task.runDataRef(references[2]).number == 0
    assert task.diaPipe.apdb.tableRowCount() == before


@pytest.mark.parametrize(("days", "number"), [(30.0, 0), (54.5, 1)])
def test_what_was_exposed_too_long_before_is_left(
    task: ForcedPhotDiffTask, references: dict[int, Reference], days: float, number: int
) -> None:
    """54 days lie between visits 1 and 3."""
    store(task, references, 1, 2, 3)
    task.config.maxDays = days
    assert task.runDataRef(references[1]).number == number


def test_a_detector_that_is_not_stored_is_refused(
    task: ForcedPhotDiffTask, references: dict[int, Reference]
) -> None:
    """Its forced sources alone would make it look as if it were."""
    store(task, references, 1, 3)
    with pytest.raises(TaskError, match=r"does not have visit 2 detector 25: ap_pipe.py stores"):
        task.runDataRef(references[2])
    assert not rows(task, "SELECT 1 FROM DiaForcedSource WHERE visit = 2")


def test_a_database_that_is_not_there_is_told(
    task: ForcedPhotDiffTask, references: dict[int, Reference]
) -> None:
    with pytest.raises(DatabaseError, match=r"make_apdb.py creates it"):
        task.runDataRef(references[2])
