"""Templates: another visit's exposure of the same detector, or coadds; and what is told without."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from persistence import Exposure
from persistence.errors import NoResults
from persistence.pipe.task import TaskError
from persistence.tasks.difference.template import GetTemplateTask
from persistence.tasks.difference.warp import NO_DATA
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.exposure.translator import FilterLabel

from .conftest import SHAPE, make_wcs

SCIENCE = {"visit": 1, "ccdnum": 42, "filter": "g", "date": "2026-09-01", "hdu": 3}


class Repository:
    """Stands for a Butler of exposures by visit, or by patch."""

    def __init__(self, exposures: dict[Any, Exposure], sky_map: Any = None) -> None:
        self.exposures, self.sky_map, self.asked = exposures, sky_map, list[Any]()

    def getKeys(self, name: str, level: str = "") -> dict[str, type]:
        every = {"visit": int, "filter": str, "date": str}
        return every if level else {**every, "ccdnum": int, "hdu": int}

    def datasetExists(self, name: str, data_id: Any) -> bool:
        return data_id["patch"] in self.exposures

    def get(self, name: str, data_id: Any = None) -> Any:
        if name == "deepCoadd_skyMap":
            if self.sky_map is None:
                raise NoResults("No locations for get:", name, {}, [])
            return self.sky_map
        self.asked.append(dict(data_id))
        key = data_id.get("visit", data_id.get("patch"))
        if key not in self.exposures:
            raise NoResults("No locations for get:", name, data_id, [])
        return self.exposures[key]


def run(science: Exposure, repository: Repository, ids: Any = None, **settings: Any) -> Any:
    reference = SimpleNamespace(getButler=lambda: repository, dataId=SCIENCE)
    config = GetTemplateTask.ConfigClass()
    config.update(**settings)
    return GetTemplateTask(config=config).run(science, reference, ids)


@pytest.fixture
def science(make: Callable[..., Exposure]) -> Exposure:
    return make([], [], [])


def test_the_template_is_of_the_same_detector(
    make: Callable[..., Exposure], science: Exposure
) -> None:
    repository = Repository({2: make([100], [120], [1e5], wcs=make_wcs((4.0, 6.0)))})
    made = run(science, repository, [{"visit": 2}])
    assert repository.asked == [{"visit": 2, "ccdnum": 42}]
    assert made.inputs == [{"visit": 2, "ccdnum": 42}]
    row, column = np.unravel_index(np.argmax(made.exposure.image), SHAPE)
    assert (row, column) == (114, 96)


def test_what_one_does_not_reach_another_has_as_bright(
    make: Callable[..., Exposure], science: Exposure
) -> None:
    first = make([200], [120], [1e5], wcs=make_wcs((60.0, 0.0)), seed=None)
    other = make([170], [120], [2e5], wcs=make_wcs((-60.0, 0.0)), seed=None)
    first = first.replaced(photo_calib=PhotoCalib.from_zero_point(27.0))
    # twice the counts for the same light
    other = other.replaced(photo_calib=PhotoCalib.from_zero_point(27.0 + 2.5 * np.log10(2)))
    made = run(science, Repository({2: first, 3: other}), [{"visit": 2}, {"visit": 3}]).exposure
    assert not made.mask[NO_DATA][10:-10, 70:-70].any()
    assert made.image[120, 140] == pytest.approx(made.image[120, 230], rel=1e-3)
    assert made.image[120, 140] == pytest.approx(1e5 / (2 * np.pi * 1.6**2), rel=1e-3)


class SkyMap:
    """Stands for a sky map of one tract of patches."""

    def findTractPatchList(self, corners: Any) -> Any:
        assert len(corners) == 4
        patches = [SimpleNamespace(getIndex=lambda at=at: (at, 0)) for at in (0, 1, 2)]
        return [(SimpleNamespace(getId=lambda: 7), patches)]


def test_without_visits_it_is_a_coadd_of_the_filter(
    make: Callable[..., Exposure], science: Exposure
) -> None:
    repository = Repository({"1,0": make([100], [120], [1e5])}, SkyMap())
    made = run(science, repository)
    assert repository.asked == made.inputs == [{"tract": 7, "patch": "1,0", "filter": "g"}]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (
            [{"visit": 9}],
            "there is no template visit=9 ccdnum=42|there is no template ccdnum=42 visit=9",
        ),
        (None, "neither a template of --templateId nor a sky map of deepCoadd"),
    ],
)
def test_what_is_not_there_is_told(science: Exposure, ids: Any, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        run(science, Repository({}), ids)


def test_a_sky_map_without_coadds_is_told(science: Exposure) -> None:
    with pytest.raises(TaskError, match=r"no deepCoadd in filter g overlaps .* --templateId"):
        run(science, Repository({}, SkyMap()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"filter": FilterLabel("r")}, "was taken in r, the science exposure in g"),
        ({"psf": None}, "has no psf"),
        ({"wcs": None}, "has no wcs"),
        ({"wcs": make_wcs((9000.0, 0.0))}, "no template overlaps"),
    ],
)
def test_a_template_that_is_none_is_refused(
    make: Callable[..., Exposure], science: Exposure, change: Any, message: str
) -> None:
    given = make([], [], []).replaced(**change)
    with pytest.raises(TaskError, match=message):
        run(science, Repository({2: given}), [{"visit": 2}])


def test_another_filter_can_be_asked_for(make: Callable[..., Exposure], science: Exposure) -> None:
    given = make([], [], []).replaced(filter=FilterLabel("r"))
    assert run(science, Repository({2: given}), [{"visit": 2}], doSameFilter=False).inputs
