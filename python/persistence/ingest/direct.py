"""Deliver files that stay where they are: only their paths are registered.

This is done before the registry's rows are written, as for other deliveries: no row is ever without
its file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from persistence.errors import FileConflict
from persistence.files import durable
from persistence.ingest.plan import Delivery, FilePlan
from persistence.registry.direct_writer import DirectWriter


def register(
    plans: Sequence[FilePlan], writer: DirectWriter, in_place: Callable[[Delivery], bool]
) -> dict[str, str]:
    """Register the paths of the files of some plans, all in one transaction.

    Files at their targets are removed, as they would be read instead.

    Parameters
    ----------
    plans : sequence of `FilePlan`
        The plans; those whose files are in place are skipped.
    writer : `DirectWriter`
        The table of registered paths.
    in_place : callable
        Returns whether a file is in place; see `Planner.in_place`. It is called again, as another
        run may have changed this since the plans were made.

    Returns
    -------
    problems : `dict` [`str`, `str`]
        The source of each plan that failed -> the reason.
    """
    problems: dict[str, str] = {}
    waiting = [plan for plan in plans if plan.status == "new"]
    if not waiting:
        return problems
    registered: dict[str, dict[str, str]] = {}
    with writer.transaction():
        for plan in waiting:
            try:
                files = {
                    delivery.target: delivery.source
                    for delivery in plan.deliveries
                    if not in_place(delivery)
                }
            except FileConflict as error:
                problems[plan.source] = str(error)
                continue
            writer.register(files)
            registered[plan.source] = files
    removed = []
    for source, files in registered.items():
        try:
            for target in filter(os.path.lexists, files):
                os.unlink(target)
                removed.append(os.path.dirname(target))
        except OSError as error:
            problems[source] = f"{target} stands in the way: {error.strerror}"
    durable.flush((), removed)
    return problems


def forget(targets: Iterable[str], writer: DirectWriter) -> None:
    """Remove registered paths of targets where there are files, or links, now."""
    stale = [target for target in targets if writer.find(target) is not None]
    stale = [target for target in stale if os.path.lexists(target)]
    if stale:
        with writer.transaction():
            writer.remove(stale)
