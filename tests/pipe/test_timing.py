"""How long methods take."""

from __future__ import annotations

from datetime import datetime

import pytest

from persistence.pipe import timing
from persistence.types.metadata.property import PropertyList

RESOURCES = (
    "Utc CpuTime UserTime SystemTime MaxResidentSetSize MinorPageFaults MajorPageFaults BlockInputs BlockOutputs "
    "VoluntaryContextSwitches InvoluntaryContextSwitches"
).split()


class Step:
    def __init__(self) -> None:
        self.metadata = PropertyList()

    @timing.timeMethod
    def run(self, value: int, more: int = 0) -> int:
        """Add."""
        if more < 0:
            raise ValueError("negative")
        return value + more


def test_a_method_is_what_it_was() -> None:
    step = Step()
    assert step.run(1, more=2) == 3
    assert (step.run.__name__, step.run.__doc__) == ("run", "Add.")


def test_each_call_is_noted_before_and_after() -> None:
    step = Step()
    step.run(1)
    step.run(2)
    names = [f"run{when}{what}" for when in ("Start", "End") for what in RESOURCES]
    assert sorted(step.metadata) == sorted(names)
    assert {step.metadata.valueCount(name) for name in names} == {2}
    starts, ends = (
        step.metadata.getArray("runStartCpuTime"),
        step.metadata.getArray("runEndCpuTime"),
    )
    assert starts[0] <= ends[0] <= starts[1] <= ends[1]
    assert datetime.fromisoformat(step.metadata.getScalar("runStartUtc"))


def test_a_failure_is_noted_too() -> None:
    step = Step()
    with pytest.raises(ValueError, match="negative"):
        step.run(1, more=-1)
    assert "runEndCpuTime" in step.metadata
