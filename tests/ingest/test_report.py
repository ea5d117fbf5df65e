"""What a report of an ingest says."""

from __future__ import annotations

import pytest

from persistence.ingest.plan import Delivery, FilePlan
from persistence.ingest.report import Report, grouped


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], ""),
        ([{"visit": 1, "ccd": 2, "filter": "g"}], "row  visit=1 ccd=2 filter=g"),
        (
            [{"ccd": number, "visit": 1, "hdu": number + 2} for number in (1, 2, 3, 7)],
            "4 rows  visit=1 ccd=1..3^7 hdu=3..5^9",
        ),
        (
            [{"name": f"S{number}", "gain": 1.5, "offset": -number} for number in range(5)],
            "5 rows  gain=1.5 name=S0^S1^S2^... (5 values) offset=0^-1^-2^... (5 values)",
        ),
    ],
)
def test_rows_of_a_file_are_one_line(rows: list[dict[str, object]], text: str) -> None:
    assert grouped(rows) == text


def test_a_dry_run_ends_with_what_would_be() -> None:
    report = Report(failed=[("b.fits", "no")], notes=["  a note"], dry_run=True)
    plan = FilePlan("a.fits", "new", (Delivery("a.fits", "/r/a.fits"),), ({"visit": 1},))
    report.planned.append(plan)
    report.add("new", "a.fits", plan)
    report.lists["placed"].append("c.fits")
    assert str(report).splitlines() == [
        "  failed  b.fits: no",
        "  a note",
        "1 would be new, 1 in place, would be registered, 0 already there, 1 failed",
    ]
    assert report.rows() == [
        {"file": "a.fits", "status": "new", "targets": ["/r/a.fits"], "rows": [{"visit": 1}]},
        {"file": "c.fits", "status": "placed", "targets": [], "rows": []},
        {"file": "b.fits", "status": "failed", "targets": [], "problem": "no"},
    ]
