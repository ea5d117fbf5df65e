"""Detect implausible amplifiers, from the header and from their pixels."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from persistence.tasks.amplifiers import Overscan, Plane
from persistence.tasks.options import option
from persistence.types.exposure.detector import Amplifier

if TYPE_CHECKING:
    from persistence.pipe.task import Task

# How many times the read noise the level of the light is where amplifiers are compared by it.
_BRIGHT = 5.0
_EACH = 4  # rows sampled for the level


def faults(
    image: Plane, amplifiers: Sequence[Amplifier], overscans: Sequence[Overscan], task: Task
) -> dict[str, str]:
    """Return the names of amplifiers that are not believed, each with the reason.

    Parameters
    ----------
    image : array
        The trimmed image (electrons).
    amplifiers : sequence of `~persistence.types.exposure.detector.Amplifier`
        Of the detector; their gains and read noises are known.
    overscans : sequence of `~persistence.tasks.amplifiers.Overscan`
        Theirs.
    task : `~persistence.tasks.isr.IsrTask`
        Whose configuration says what is plausible.
    """
    reasons = {
        amplifier.name: _fault(amplifier, overscan, task)
        for amplifier, overscan in zip(amplifiers, overscans, strict=True)
    }
    others = [each for each in amplifiers if not reasons[each.name]]
    reasons |= _darker(image, others, task)
    return {name: fault for name, fault in reasons.items() if fault}


def _fault(amplifier: Amplifier, overscan: Overscan, task: Task) -> str:
    """Return the fault of an amplifier in the header or overscan; empty if there is none."""
    gain, expected = amplifier.gain, amplifier.read_noise
    assert gain is not None
    assert expected is not None
    if not (np.isfinite(gain) and gain > 0):
        return f"its gain is {gain:g}; {_another(task, 'gains', amplifier)}"
    if not (np.isfinite(expected) and expected >= 0):
        return (
            f"its read noise is {expected:g} electrons; {_another(task, 'readNoises', amplifier)}"
        )
    full = amplifier.saturation
    if full is not None and overscan.level >= full:
        return f"its overscan is at {overscan.level:g} counts, and {full:g} are full"
    noise, most = overscan.noise * gain, task.config.maxNoiseRatio
    if expected > 0 and noise > most * expected:
        return (
            f"its overscan scatters by {noise:.1f} electrons, {noise / expected:.1f} times its "
            f"read noise; at most -c {option(task, 'maxNoiseRatio')}={most:g} is believed"
        )
    return ""


def _another(task: Task, setting: str, amplifier: Amplifier) -> str:
    """Return the words that tell how another value is given."""
    return f"-c {option(task, setting)}={{{amplifier.name!r}: ...}} sets another"


def _darker(image: Plane, amplifiers: Sequence[Amplifier], task: Task) -> dict[str, str]:
    """Return the faults of amplifiers with much less light than the others."""
    ratio = task.config.minLevelRatio
    levels = {
        each.name: float(np.median(image[each.trimmed.slices][::_EACH])) for each in amplifiers
    }
    usual = statistics.median_high(levels.values()) if levels else 0.0
    return {
        each.name: (
            f"its pixels are at {levels[each.name]:.1f} electrons, the others at {usual:.1f}; at "
            f"least -c {option(task, 'minLevelRatio')}={ratio:g} of that is believed"
        )
        for each in amplifiers
        # Where there is hardly any light, there is nothing to compare.
        if usual > _BRIGHT * (each.read_noise or 0.0) and levels[each.name] < ratio * usual
    }
