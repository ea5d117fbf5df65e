"""The series of a calibration registry, and what each lacks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from persistence import Butler
from persistence.butler.repository import Repository
from persistence.calibs import series
from persistence.calibs.validity import Window
from persistence.registry import Registry


@pytest.fixture
def repository(calibrated: Butler) -> Repository:
    return calibrated.chain.inputs[0]


@pytest.fixture
def registry(repository: Repository) -> Registry:
    found = repository.calibrations.registry
    assert found is not None
    return found


def test_the_types_are_those_with_a_table(repository: Repository, registry: Registry) -> None:
    assert [one.name for one in series.types(repository.mapper, registry)] == [
        "bias", "dark", "flat", "fringe", "defects", "illumcor",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("bias", [{"ccdnum": 3}, {"ccdnum": 28}]),
        ("flat", [{"filter": "g", "ccdnum": 28}, {"filter": "r", "ccdnum": 28}]),
        ("defects", [{"ccdnum": 28}]),
        ("dark", []),
    ],
)
def test_a_series_is_one_detector_and_filter(
    repository: Repository, registry: Registry, name: str, keys: Any
) -> None:
    assert [dict(one.key) for one in series.of(repository.mapper.types[name], registry)] == keys


def test_a_series_has_windows_by_date(repository: Repository, registry: Registry) -> None:
    found = series.of(repository.mapper.types["bias"], registry)[1]
    assert found.windows == {
        "2015-02-18": Window(date(2015, 1, 1), date(2015, 3, 1)),
        "2015-03-05": Window(date(2015, 3, 2), date(2015, 4, 1)),
    }


def test_what_a_series_lacks_is_told_and_which_detectors_have_none(
    repository: Repository, registry: Registry
) -> None:
    found = series.of(repository.mapper.types["bias"], registry)
    span = Window(date(2015, 3, 30), date(2015, 4, 5))
    gaps = [(dict(key), window) for key, window in series.gaps(found, repository.mapper, span)]
    assert gaps[0] == ({"ccdnum": 28}, Window(date(2015, 4, 2), date(2015, 4, 5)))
    assert [key["ccdnum"] for key, _ in gaps[1:]] == [
        n for n in range(1, 63) if n not in (3, 28, 61)
    ]
    assert all(window == span for _, window in gaps[1:])
