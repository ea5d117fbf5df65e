"""Acceptance tests of calibrations: quantities, their limits, and the errors beyond them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from persistence.pipe.task import TaskError
from persistence.tasks.options import option


class Number(NamedTuple):
    """A quantity by which a calibration is accepted or rejected.

    Attributes
    ----------
    text : `str`
        Its description, with a field for the value: ``the stars scatter by {:.3f}"``.
    value : `float`
        The value; NaN is rejected.
    setting : `str`
        The configuration field with its limit: ``min...`` is a lower limit, all others are upper
        limits.
    """

    text: str
    value: float
    setting: str


def refuse(task: Any, numbers: Iterable[Number], operation: str) -> None:
    """Raise an error if one of the quantities of a calibration is beyond its limit.

    Parameters
    ----------
    task : `~persistence.pipe.task.Task`
        The task with the limits in its configuration.
    numbers : iterable of `Number`
        The quantities.
    operation : `str`
        The calibration, such as ``the WCS``, for the message.

    Raises
    ------
    TaskError
        For all quantities beyond their limits; the message lists these with the settings.
    """
    wrong = [number for number in numbers if not _is_within(task.config, number)]
    if wrong:
        lines = [f"{operation} is not believed:", *(_line(task, number) for number in wrong)]
        raise TaskError("\n  ".join(lines))


def _is_least(setting: str) -> bool:
    return setting.startswith("min")


def _is_within(config: Any, number: Number) -> bool:
    limit = getattr(config, number.setting)
    is_least = _is_least(number.setting)
    return bool(number.value >= limit if is_least else number.value <= limit)


def _line(task: Any, number: Number) -> str:
    limit = getattr(task.config, number.setting)
    bound = "at least" if _is_least(number.setting) else "at most"
    shown = number.text.format(number.value)
    setting = f"-c {option(task, number.setting)}={limit:g}"
    return f"{shown}, where {bound} {limit:g} is believed ({setting})"
