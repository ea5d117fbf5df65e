"""Names of options, for messages of tasks."""

from __future__ import annotations

from typing import Any

from persistence.errors import PersistenceError
from persistence.pipe.task import Task, TaskError


def option(task: Task, setting: str) -> str:
    """Return the name of a setting as typed after ``-c``, relative to the topmost task.

    For example ``isr.doBias``.
    """
    return ".".join([*task.getFullName().split(".")[1:], setting])


def needed(task: Task, reference: Any, dataset_type: str, setting: str) -> Any:
    """Read a dataset that a step needs.

    Parameters
    ----------
    task : `~persistence.pipe.task.Task`
        Whose step it is.
    reference : `~persistence.butler.subset.ButlerDataRef`
        What it is read through.
    dataset_type : `str`
        Its type.
    setting : `str`
        The setting that goes without it, such as ``doBias=False``.

    Raises
    ------
    TaskError
        If it cannot be found or read; the message ends with the setting.
    """
    try:
        return reference.get(dataset_type)
    except PersistenceError as error:
        raise TaskError(
            f"{error}\n  to go without {dataset_type}: -c {option(task, setting)}"
        ) from error
