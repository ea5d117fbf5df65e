"""Whether a calibration is believed: numbers that tell, their limits, and what is said if not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from persistence.pipe.task import TaskError
from persistence.tasks.options import option


class Number(NamedTuple):
    """What speaks for a calibration, or against it.

    Attributes
    ----------
    text : `str`
        What it is, with a place for the value: ``the stars scatter by {:.3f}"``.
    value : `float`
        What was found. What is not a number is not believed.
    setting : `str`
        The field of the configuration that is its limit: ``min...`` is the least that is believed,
        all others the most.
    """

    text: str
    value: float
    setting: str


def refuse(task: Any, numbers: Iterable[Number], what: str) -> None:
    """Refuse a calibration, of which one of the numbers is beyond its limit.

    Parameters
    ----------
    task : `~persistence.pipe.task.Task`
        Whose configuration has the limits.
    numbers : iterable of `Number`
        What was found.
    what : `str`
        What is refused, such as ``the WCS``.

    Raises
    ------
    TaskError
        If one is; the message has all of these, with their limits and settings.
    """
    wrong = [number for number in numbers if not _is_within(task.config, number)]
    if wrong:
        lines = [f"{what} is not believed:", *(_line(task, number) for number in wrong)]
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
    told = number.text.format(number.value)
    return (
        f"{told}, where {bound} {limit:g} is believed (-c {option(task, number.setting)}={limit:g})"
    )
