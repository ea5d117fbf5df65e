"""An executor that processes one target after another, in this process."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from persistence.pipe.work import Work


class Serial:
    """Process targets in this process."""

    died: Sequence[str] = ()

    def outcomes(
        self, work: Work, targets: Sequence[Any]
    ) -> Generator[tuple[int, Any], None, None]:
        """Process each target; see `persistence.pipe.executors.Executor`."""
        yield from enumerate(map(work, targets))
