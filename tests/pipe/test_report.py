"""What became of the targets of a run."""

from __future__ import annotations

from pathlib import Path

from persistence import Butler
from persistence.pipe import report
from persistence.pipe.report import Line


def test_counts_failures_and_how_to_run_them_again(filled: Path) -> None:
    butler = Butler(filled)
    refs = [(butler.dataRef("raw", visit=410877, ccdnum=number), {}) for number in (1, 2, 3, 4, 5)]
    statuses = [
        (report.DONE, ""), (report.FAILED, "ValueError: no stars\nand more"), (report.FAILED, "it died"),
        (report.SKIPPED, ""), (report.OPEN, ""),
    ]  # fmt: skip
    lines = [Line(target, *status) for target, status in zip(refs, statuses, strict=True)]
    assert list(report.lines("toy", lines, 12.34, "/out")) == [
        "toy: 1 done, 1 skipped, 2 failed, 1 not begun or not ended, of 5 in 12.3 s in /out",
        "  visit=410877 ccdnum=2  ValueError: no stars",
        "  visit=410877 ccdnum=3  it died",
        "  failed: --id visit=410877 ccdnum=2^3",
        "  to do: --id visit=410877 ccdnum=5",
    ]


def test_many_failures_are_not_all_listed() -> None:
    lines = [Line((f"target {number}", {}), report.FAILED, "no") for number in range(60)]
    first, *listed, more = report.lines("toy", lines, 0)
    assert first == "toy: 60 failed, of 60 in 0.0 s"
    assert len(listed) == 50
    assert more == "  ... and 10 more"


def test_nothing_to_do_is_told() -> None:
    assert list(report.lines("toy", [], 0)) == ["toy: nothing to do, of 0 in 0.0 s"]
