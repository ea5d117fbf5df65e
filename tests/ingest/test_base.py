"""What a run of ingest did, and how it tells it."""

from __future__ import annotations

from typing import get_args

import pytest

from persistence.ingest.plan import Status
from persistence.ingest.report import Report

STATUSES = [status for status in get_args(Status) if status != "failed"]


def test_each_status_of_a_file_that_did_not_fail_has_a_list() -> None:
    assert list(Report().lists) == STATUSES


@pytest.mark.parametrize("status", STATUSES)
def test_the_list_of_a_status_is_the_attribute_of_its_name(status: Status) -> None:
    report = Report()
    report.lists[status].append("a.fits")
    assert getattr(report, status) is report.lists[status]
    assert [name for name in STATUSES if getattr(report, name)] == [status]


SHOWN = {
    "nothing": ({}, [], [], "0 new, 0 already there, 0 failed"),
    "all": (
        {"new": ["a"], "placed": ["b", "c"], "same": ["d"], "ignored": ["e"]},
        [("f", "it is damaged")],
        ["a note"],
        "1 new, 2 in place, now registered, 1 already there, 1 passed over, 1 failed\n"
        "  failed  f: it is damaged\na note",
    ),
    "more notes than fit": (
        {"new": ["a"]},
        [],
        ["note"] * 22,
        "1 new, 0 already there, 0 failed\n"
        + "note\n" * 20
        + "  ... and 2 more of these; -v, or -L INFO of a script, tells all",
    ),
}


@pytest.mark.parametrize("what", SHOWN)
def test_a_report_counts_what_there_is_and_shows_what_failed(what: str) -> None:
    files, failed, notes, shown = SHOWN[what]
    report = Report(failed=failed, notes=notes)
    report.lists.update(files)
    assert str(report) == shown
