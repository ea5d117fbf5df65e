"""Delivery of files that stay where they lie: only where that is gets registered.

It comes before the registry's rows, as the delivery of other files does: no row is ever without its
file.
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
    """Register where the files of some plans lie, all in one transaction.

    What stands at their targets goes then, for it would be taken for them.

    Parameters
    ----------
    plans : sequence of `FilePlan`
        Those whose files are in place already are passed over.
    writer : `DirectWriter`
        Where they are registered.
    in_place : callable
        Whether a file is in place; see `Planner.in_place`. It is asked again: another run may have
        been here since the plans were made.

    Returns
    -------
    problems : `dict` [`str`, `str`]
        The source of each plan that failed -> why.
    """
    problems: dict[str, str] = {}
    waiting = [plan for plan in plans if plan.status == "new"]
    if not waiting:
        return problems
    registered: dict[str, dict[str, str]] = {}
    with writer.transaction():
        for plan in waiting:
            try:
                files = {one.target: one.source for one in plan.deliveries if not in_place(one)}
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
    """Forget what was registered for targets at which files, or links, stand by now."""
    stale = [target for target in targets if writer.find(target) is not None]
    stale = [target for target in stale if os.path.lexists(target)]
    if stale:
        with writer.transaction():
            writer.remove(stale)
