"""`DiaPipelineTask` stores what a detector of a visit tells, once."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Butler
from persistence.errors import DatabaseError
from persistence.pipe.task import TaskError
from persistence.tasks.dia_pipe import DiaPipelineTask
from persistence.tasks.dia_pipe_config import DiaPipelineConfig
from persistence.tasks.dia_sources import Exposed
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.exposure.translator import FilterLabel
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.table.catalog import Catalog

SHAPE = (96, 128)
VISITS = {1: "2014-02-20T00:00:00", 2: "2014-02-21T00:00:00", 3: "2014-02-24T00:00:00"}


@pytest.fixture
def expose(make: Callable[..., Any]) -> Callable[[int], Any]:
    """Return a function that makes an exposure of a visit."""
    blank = make([], SHAPE)

    def exposure(visit: int) -> Any:
        info = VisitInfo(date_begin=VISITS[visit], exposure_time=30.0)
        return blank.replaced(
            photo_calib=PhotoCalib(2.0), visit_info=info, filter=FilterLabel("g", "g")
        )

    return exposure


def catalog(visit: int, x: Any, y: Any, flux: Any) -> Catalog:
    table = Catalog(
        meta={"aliases": {"slot_Centroid": "base_SdssCentroid", "slot_PsfFlux": "base_PsfFlux"}}
    )
    table["id"] = 1000 * visit + np.arange(len(x))
    for axis, values in (("x", x), ("y", y)):
        table[f"base_SdssCentroid_{axis}"] = np.asarray(values, float)
        table[f"base_SdssCentroid_{axis}Err"] = np.full(len(x), 0.1)
    table["base_PsfFlux_instFlux"] = np.asarray(flux, float)
    table["base_PsfFlux_instFluxErr"] = np.full(len(x), 5.0)
    return table


@pytest.fixture
def task(tmp_path: Path) -> DiaPipelineTask:
    config = DiaPipelineConfig()
    config.apdb.db_url = f"sqlite:///{tmp_path}/association.db"
    config.apdb.isolation_level = "READ_UNCOMMITTED"
    made = DiaPipelineTask(config=config)
    made.apdb.makeSchema()
    return made


SOURCES = {
    1: catalog(1, [10, 50, 100], [10, 50, 90], [100, 200, 300]),
    2: catalog(2, [10.2, 50.1, 20], [10.1, 49.9, 70], [110, 190, 50]),
    3: catalog(3, [9.9, 50.0], [10.0, 50.2], [90, 210]),
}


def rows(task: DiaPipelineTask, query: str) -> list[Any]:
    connection = sqlite3.connect(str(task.apdb.address.path))
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def store(task: DiaPipelineTask, expose: Callable[[int], Any], *visits: int) -> None:
    for visit in visits:
        task.run(SOURCES[visit], expose(visit), Exposed(visit, 25, 100 * visit + 25))


NEWEST = (
    "SELECT nDiaSources, g_psfFluxNdata, g_psfFluxMean, g_psfFluxSigma, ra, firstDiaSourceMjdTai, "
    "lastDiaSourceMjdTai FROM DiaObject WHERE validityEndMjdTai IS NULL ORDER BY dec, ra"
)


def test_sources_of_three_visits_become_light_curves(task: DiaPipelineTask, expose: Any) -> None:
    store(task, expose, 1, 2, 3)
    assert rows(task, "SELECT COUNT(*) FROM DiaSource") == [(8,)]
    objects = {row[0]: [] for row in rows(task, NEWEST)}
    for row in rows(task, NEWEST):
        objects[row[0]].append(row)
    assert {count: len(found) for count, found in objects.items()} == {3: 2, 1: 2}
    means = sorted(row[2] for row in objects[3])
    assert means == pytest.approx([2 * 100.0, 2 * 200.0])  # nJy
    assert objects[3][0][3] == pytest.approx(20.0)
    assert objects[3][0][6] - objects[3][0][5] == pytest.approx(4.0)
    features = rows(task, "SELECT psfFluxLinearSlope FROM DiaObjectFeatures WHERE band = 'g'")
    assert len(features) == 4


def test_the_order_of_visits_does_not_matter(
    task: DiaPipelineTask, expose: Any, tmp_path: Path
) -> None:
    store(task, expose, 1, 2, 3)
    config = DiaPipelineConfig()
    config.apdb.db_url = f"sqlite:///{tmp_path}/other.db"
    other = DiaPipelineTask(config=config)
    other.apdb.makeSchema()
    store(other, expose, 3, 1, 2)
    assert rows(task, NEWEST) == rows(other, NEWEST)


def test_a_visit_that_is_done_adds_no_row(task: DiaPipelineTask, expose: Any) -> None:
    store(task, expose, 1)
    before = task.apdb.tableRowCount()
    again = task.run(SOURCES[1], expose(1), Exposed(1, 25, 125))
    assert not again.isStored
    assert task.apdb.tableRowCount() == before


@pytest.mark.parametrize(("flags", "number"), [(["ip_diffim_PsfFit_flag"], 2), ([], 3)])
def test_flagged_sources_are_stored_if_that_is_configured(
    task: DiaPipelineTask, expose: Any, flags: list[str], number: int
) -> None:
    table = SOURCES[1].copy()
    table["ip_diffim_PsfFit_flag"] = [False, True, False]
    task.config.badSourceFlags = flags
    task.run(table, expose(1), Exposed(1, 25, 125))
    assert rows(task, "SELECT COUNT(*) FROM DiaSource") == [(number,)]
    assert rows(task, "SELECT COUNT(*) FROM DiaObject") == [(number,)]


def test_a_visit_without_sources_is_done(task: DiaPipelineTask, expose: Any) -> None:
    numbers = Exposed(2, 25, 225)
    assert task.run(SOURCES[2][:0], expose(2), numbers).isStored
    assert not task.run(SOURCES[2], expose(2), numbers).isStored


def measured(visit: int, identifiers: Any, ra: Any, dec: Any) -> dict[str, Any]:
    """Return forced sources of a visit, all of the same flux."""
    number = len(identifiers)
    return {
        "diaForcedSourceId": 100 * visit + np.arange(number),
        "diaObjectId": identifiers,
        "visit": np.full(number, visit),
        "detector": np.full(number, 25),
        "midpointMjdTai": np.full(number, 56708.0 + visit),
        "ra": ra,
        "dec": dec,
        "psfFlux": np.full(number, 10.0 * visit),
        "psfFluxErr": np.ones(number),
        "band": np.full(number, "g"),
    }


def test_forced_photometry_is_asked_for_at_all_objects_and_stored(
    task: DiaPipelineTask, expose: Any
) -> None:
    for visit in (1, 2):
        measure = functools.partial(measured, visit)
        task.run(SOURCES[visit], expose(visit), Exposed(visit, 25, 100 * visit), measure)
    assert rows(task, "SELECT visit, COUNT(*) FROM DiaForcedSource GROUP BY visit") == [
        (1, 3),
        (2, 4),
    ]
    means = rows(
        task, "SELECT nDiaSources, g_fpFluxMean FROM DiaObject WHERE validityEndMjdTai IS NULL "
        "ORDER BY nDiaSources, g_fpFluxMean",
    )  # fmt: skip
    assert means == [(1, 10.0), (1, 20.0), (2, 15.0), (2, 15.0)]


def test_forced_photometry_of_earlier_visits_is_stored_once(
    task: DiaPipelineTask, expose: Any
) -> None:
    store(task, expose, 1, 2)
    visits = task.apdb.getVisitDetectors(0.0)
    assert visits["visit"].tolist() == [1, 2]
    assert visits["nDiaSources"].tolist() == [3, 3]
    earlier = measured(1, np.array([2002, 1000]), np.full(2, 40.0), np.full(2, -20.0))
    assert task.runForced(earlier) == 2
    means = rows(task, "SELECT g_fpFluxMean FROM DiaObject WHERE validityEndMjdTai IS NULL AND "
                 "diaObjectId IN (2002, 1000)")  # fmt: skip
    assert means == [(10.0,), (10.0,)]
    before = task.apdb.tableRowCount()
    assert task.runForced(earlier) == 0
    assert task.apdb.tableRowCount() == before
    later = measured(2, np.array([2002]), np.full(1, 40.0), np.full(1, -20.0))
    assert (
        task.runForced({name: np.concatenate([earlier[name], later[name]]) for name in later}) == 1
    )
    assert task.apdb.tableRowCount()["DiaForcedSource"] == 3


def test_an_address_is_needed() -> None:
    with pytest.raises(ValueError, match=r"apdb.db_url is not set"):
        DiaPipelineConfig().validate()


class TestMarker:
    @pytest.fixture
    def reference(self, filled: Path, tmp_path: Path) -> Any:
        butler = Butler(
            inputs={"root": str(filled)}, outputs={"root": str(tmp_path / "out"), "mode": "rw"}
        )
        return butler.dataRef("raw", visit=410877, ccdnum=1)

    def done(self, task: DiaPipelineTask, reference: Any, expose: Any) -> Any:
        return task.runDataRef(reference, SOURCES[1], expose(1))

    def test_what_is_stored_is_marked(
        self, task: DiaPipelineTask, reference: Any, expose: Any
    ) -> None:
        assert self.done(task, reference, expose).isStored
        marker = reference.get("apdb_marker")
        assert marker["db_url"] == task.config.apdb.db_url
        assert marker.class_name == "lsst.dax.apdb.apdb.ApdbConfig"
        assert not self.done(task, reference, expose).isStored
        numbers = "SELECT visit, detector, ccdVisitId FROM ApdbVisitDetector"
        assert rows(task, numbers) == [(410877, 1, reference.get("ccdExposureId"))]

    def test_one_that_was_killed_before_it_was_marked_is_marked_then(
        self, task: DiaPipelineTask, reference: Any, expose: Any
    ) -> None:
        task.run(SOURCES[1], expose(1), Exposed(410877, 1, 41087701))
        before = task.apdb.tableRowCount()
        assert not self.done(task, reference, expose).isStored
        assert reference.datasetExists("apdb_marker")
        assert task.apdb.tableRowCount() == before

    def test_a_marker_of_what_the_database_does_not_have_is_an_error_that_names_both(
        self, task: DiaPipelineTask, reference: Any, expose: Any
    ) -> None:
        self.done(task, reference, expose)
        task.apdb.makeSchema(drop=True)
        with pytest.raises(
            TaskError,
            match=r"apdb_marker says that visit 410877 detector 1 is stored in sqlite:.*, which does "
            r"not have it\n  the marker: .*apdb_marker-0410877_01.py\n .*remove the marker; else "
            r"-c apdb.db_url=ADDRESS",
        ):
            self.done(task, reference, expose)
        assert task.apdb.tableRowCount()["DiaSource"] == 0

    def test_another_database_is_filled_anew(
        self, task: DiaPipelineTask, reference: Any, expose: Any, tmp_path: Path
    ) -> None:
        self.done(task, reference, expose)
        config = DiaPipelineConfig()
        config.apdb.db_url = f"sqlite:///{tmp_path}/other.db"
        other = DiaPipelineTask(config=config)
        assert self.done(other, reference, expose).isStored
        assert reference.get("apdb_marker")["db_url"] == config.apdb.db_url

    def test_a_database_that_cannot_be_used_leaves_no_marker(
        self, reference: Any, expose: Any, tmp_path: Path
    ) -> None:
        config = DiaPipelineConfig()
        config.apdb.db_url = f"sqlite:///{tmp_path}/absent/association.db"
        with pytest.raises(DatabaseError, match="there is no directory"):
            self.done(DiaPipelineTask(config=config), reference, expose)
        assert not reference.datasetExists("apdb_marker")
