"""Calibrations of many detectors as one."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.calibs import grouping
from persistence.calibs.series import Series
from persistence.calibs.validity import Window

YEAR = Window(date(2015, 1, 1), date(2015, 12, 31))
MONTH = Window(date(2015, 1, 1), date(2015, 1, 31))


def series(name: str, window: Window = YEAR, **key: Any) -> Series:
    return Series(name, key, {"2015-01-15": window})


def test_detectors_with_equal_windows_are_one() -> None:
    chips = [number for number in range(1, 63) if number != 61]
    every = [series("bias", MONTH if chip == 31 else YEAR, ccdnum=chip) for chip in chips]
    every += [series("flat", filter=band, ccdnum=chip) for band in "gr" for chip in (1, 2, 62)]
    every.append(series("sky"))
    found = grouping.of_series(every)
    assert [group.label for group in found] == [
        "bias  ccdnum 1-30,32-60,62", "bias  ccdnum 31",
        "flat  filter g  ccdnum 1-2,62", "flat  filter r  ccdnum 1-2,62", "sky",
    ]  # fmt: skip
    assert [one for group in found for one in group.members if one.datasetType == "flat"] == [
        one for one in every if one.datasetType == "flat"
    ]


@pytest.mark.parametrize(
    ("keys", "labels"),
    [
        # A number tells what a name repeats.
        (
            [{"name": f"R{n // 9}S{n % 9}", "detector": n} for n in range(27)],
            [{"detector": "0-26"}],
        ),
        ([{"raft": raft, "sensor": s} for raft in "AB" for s in "xyz"],
         [{"raft": "A", "sensor": "x, y, z"}, {"raft": "B", "sensor": "x, y, z"}]),
        ([{"name": f"S{n}"} for n in range(9)], [{"name": "S0, S1, S2, S3, S4, S5, ... (9)"}]),
        ([{"ccd": 4}], [{"ccd": 4}]),
        ([{}], [{}]),
    ],
)  # fmt: skip
def test_keys_are_told_as_shortly_as_they_can_be(
    keys: list[dict[str, Any]], labels: list[dict[str, Any]]
) -> None:
    assert [told for told, _ in grouping.parted([(key, key) for key in keys])] == labels


# A busy machine is no fault of what is tested.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.tuples(st.sampled_from("gri"), st.integers(1, 62)), min_size=1))
def test_each_member_is_in_one_group_and_its_label_tells_just_these(pairs: set[Any]) -> None:
    keys = [{"filter": band, "ccdnum": chip} for band, chip in sorted(pairs)]
    found = list(grouping.parted([(key, key) for key in keys]))
    members = [(one["filter"], one["ccdnum"]) for _, some in found for one in some]
    assert sorted(members) == sorted(pairs)
    told = []
    for label, _ in found:
        bands = str(label["filter"]).split(", ")
        runs = (piece.split("-") for piece in str(label["ccdnum"]).split(","))
        chips = [chip for run in runs for chip in range(int(run[0]), int(run[-1]) + 1)]
        told += list(itertools.product(bands, chips))
    assert sorted(told) == sorted(pairs)


def test_rows_keep_what_they_share_in_the_order_of_their_columns() -> None:
    rows = [
        {"type": "bias", "name": f"S{n}", "ccdnum": n, "first": "a" if n != 3 else "b"}
        for n in range(1, 5)
    ]
    assert grouping.of_rows(rows, ["type", "first"]) == [
        {"type": "bias", "ccdnum": "1-2,4", "first": "a"},
        {"type": "bias", "name": "S3", "ccdnum": 3, "first": "b"},
    ]
