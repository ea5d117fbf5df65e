"""Tasks, and tasks below them."""

from __future__ import annotations

import logging
import weakref
from typing import Any

import pytest
from lsst.pex.config import Config, ConfigurableField, Field

from persistence.pipe.struct import Struct
from persistence.pipe.task import Task


class StepConfig(Config):
    factor = Field(dtype=int, default=2, doc="a factor")


class Step(Task):
    ConfigClass = StepConfig
    _DefaultName = "step"

    def __init__(self, offset: int = 0, **more: Any) -> None:
        super().__init__(**more)
        self.offset = offset

    def run(self, value: int) -> Struct:
        self.metadata.set("value", value)
        return Struct(value=value * self.config.factor + self.offset)

    def getSchemaCatalogs(self) -> dict[str, Any]:
        return {"src": f"catalog of {self.getName()}"}


class WholeConfig(Config):
    first = ConfigurableField(target=Step, doc="the first step")
    second = Step.makeField("the second step")


class Whole(Task):
    ConfigClass = WholeConfig
    _DefaultName = "whole"

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.makeSubtask("first")
        self.makeSubtask("second", offset=1)


class Nameless(Task):
    ConfigClass = StepConfig


class Unconfigured(Task):
    _DefaultName = "unconfigured"


def test_a_task_makes_the_tasks_that_its_configuration_names() -> None:
    config = WholeConfig()
    config.first.factor = 3
    whole = Whole(config=config)
    assert whole.first.run(5) == Struct(value=15)
    assert whole.second.run(5) == Struct(value=11)
    assert (whole.first.getName(), whole.first.getFullName()) == ("first", "whole.first")
    assert sorted(whole.getTaskDict()) == ["whole", "whole.first", "whole.second"]
    assert whole.second.log.logger is logging.getLogger("whole.second")


def test_the_metadata_of_all_tasks_are_one_set() -> None:
    whole = Whole()
    whole.first.run(1)
    with whole.timer("all"):
        whole.second.run(2)
    full = whole.getFullMetadata()
    assert list(full) == ["whole", "whole:first", "whole:second"]
    assert full["whole:second"]["value"] == 2
    assert "allStartCpuTime" in full["whole"]
    whole.emptyMetadata()
    assert not any(len(metadata) for metadata in whole.getFullMetadata().values())


def test_the_schemas_of_all_tasks_are_gathered() -> None:
    assert Whole().getAllSchemaCatalogs() == {"src": "catalog of second"}


@pytest.mark.parametrize(("make", "text"), [(Nameless, "a name"), (Unconfigured, "a ConfigClass")])
def test_a_task_without_name_or_configuration_is_refused(make: type[Task], text: str) -> None:
    with pytest.raises(RuntimeError, match=f"{make.__name__} needs.*{text}"):
        make()


def test_a_task_below_needs_a_name() -> None:
    with pytest.raises(RuntimeError, match="Step needs a name"):
        Step(parentTask=Whole())


def test_a_task_that_the_configuration_has_not_is_refused() -> None:
    with pytest.raises(KeyError, match="no task 'third'"):
        Whole().makeSubtask("third")


class NewerMetadata(dict[str, Any]):
    """Stands for the metadata of lsst-pipe-base, release 30."""

    def to_dict(self) -> dict[str, Any]:
        return dict(self)


class NewerStep:
    """Stands for a task of lsst-pipe-base, release 30: what its constructor asks of the task above."""

    ConfigClass = StepConfig

    def __init__(self, config: Any = None, *, name: str, parentTask: Any, log: Any = None) -> None:
        parentTask._taskDict[parentTask._computeFullName(name)] = weakref.ref(self)
        self.metadata = NewerMetadata(value=3)


class MixedConfig(Config):
    step = ConfigurableField(target=NewerStep, doc="a newer step")


class Mixed(Task):
    ConfigClass = MixedConfig
    _DefaultName = "mixed"


def test_tasks_of_the_newer_generation_may_lie_below() -> None:
    mixed = Mixed()
    mixed.makeSubtask("step")
    assert mixed.getFullMetadata()["mixed:step"]["value"] == 3
    assert mixed.getAllSchemaCatalogs() == {}
    mixed.emptyMetadata()
    assert len(mixed.getFullMetadata()["mixed:step"]) == 0


def test_a_task_is_gone_when_nobody_has_it() -> None:
    whole = Whole()
    first = weakref.ref(whole.first)
    del whole
    assert first() is None
