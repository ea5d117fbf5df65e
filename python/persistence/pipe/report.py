"""The report of a run: a few lines about its targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from persistence.dataids import shorthand
from persistence.errors import DataIdError
from persistence.pipe.work import reference_of, shown

DONE, SKIPPED, FAILED, OPEN = "done", "skipped", "failed", "not begun or not ended"
_LISTED = 50


class Line(NamedTuple):
    """The result of a target.

    Attributes
    ----------
    target
        The target.
    status : `str`
        ``done``, ``skipped``, ``failed``, or that it did not end.
    reason : `str`
        Why it failed.
    """

    target: Any
    status: str
    reason: str = ""


def lines(
    name: str, report: Sequence[Line], seconds: float, root: str | None = None
) -> Iterator[str]:
    """Yield lines with the number of targets by status, the failures, and how to rerun them."""
    counts = Counter(line.status for line in report)
    totals = ", ".join(
        f"{counts[status]} {status}" for status in (DONE, SKIPPED, FAILED, OPEN) if counts[status]
    )
    where = f" in {root}" if root else ""
    yield f"{name}: {totals or 'nothing to do'}, of {len(report)} in {seconds:.1f} s{where}"
    failed = [line for line in report if line.status == FAILED]
    width = max((len(shown(line.target)) for line in failed[:_LISTED]), default=0)
    for line in failed[:_LISTED]:
        yield f"  {shown(line.target):{width}}  {line.reason.partition(chr(10))[0]}"
    if len(failed) > _LISTED:
        yield f"  ... and {len(failed) - _LISTED} more"
    if failed:
        yield from _again("failed", failed)
    unended = [line for line in report if line.status == OPEN]
    if unended:
        yield from _again("to do", unended)


def _again(heading: str, some: Sequence[Line]) -> Iterator[str]:
    """Yield the options that select some targets."""
    references = [reference_of(line.target) for line in some]
    try:
        options = shorthand.typed(
            reference.telling() for reference in references if reference is not None
        )
    except DataIdError:  # a value that --id cannot express
        return
    if options:
        yield f"  {heading}: {' '.join(options)}"
