"""A task's configuration with a field of each kind, and its command line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from lsst.pex.config import (
    ChoiceField,
    Config,
    ConfigDictField,
    ConfigField,
    ConfigurableField,
    DictField,
    Field,
    ListField,
    RangeField,
    makeRegistry,
)

from persistence.pipe.cmdline.parser import ArgumentParser


class Sub(Config):
    n = Field("A whole number.", int, default=1)


class IsrConfig(Config):
    doBias = Field("Subtract the bias?", bool, default=True)
    doFlat = Field("Divide by the flat?", bool, default=True)
    datasetType = Field("What is corrected.", str, default="raw")


class Isr:
    ConfigClass = IsrConfig


class ApdbConfig(Config):
    isolation_level = Field("How transactions see each other.", str, default="READ_COMMITTED")
    db_url = Field("Where the database is.", str, default="")


class DiaPipeConfig(Config):
    apdb = ConfigField("The database.", ApdbConfig)


class DiaPipe:
    ConfigClass = DiaPipeConfig


class RingsConfig(Config):
    numRings = Field("How many rings.", int, default=3)


class Rings:
    ConfigClass = RingsConfig


kinds = makeRegistry("Kinds of sky maps.")
kinds.register("rings", Rings)
kinds.register("other", Rings)


class ToyConfig(Config):
    flag = Field("Do it?", bool, default=True)
    gain = Field("Electrons per count.", float, default=1.0)
    label = Field("A title.", str, default="x")
    maybe = Field("Perhaps a number.", int, optional=True)
    names = ListField("Some names.", str, default=[])
    radii = ListField("Some radii.", float, default=[1.0])
    sub = ConfigField("More of it.", Sub)
    isr = ConfigurableField("The correction.", Isr)
    diaPipe = ConfigurableField("The association.", DiaPipe)
    table = DictField("Some counts.", str, int, default={"a": 1})
    more = ConfigDictField("More of such.", str, Sub, default={})
    kind = kinds.makeField("Which sky map.", default="rings")
    several = kinds.makeField("Which sky maps.", default=["rings"], multi=True)
    level = ChoiceField(
        "How much.", str, allowed={"low": "Little.", "high": "Much."}, default="low"
    )
    fraction = RangeField("A part of the whole.", float, default=0.5, min=0.0, max=1.0)
    coaddName = Field("Which coadd.", str, default="deep")

    def validate(self) -> None:
        super().validate()
        if self.label == "bad":
            raise ValueError("label: it is bad")


@pytest.fixture
def config() -> ToyConfig:
    """Return a new configuration."""
    return ToyConfig()


class Ended(NamedTuple):
    """How a command line ended the command."""

    status: Any
    out: str
    err: str


@pytest.fixture
def parser() -> ArgumentParser:
    """Return the parser of a task with ``--id``, ``--selectId`` without references, and an option of its own."""
    made = ArgumentParser(name="toy", prog="toy.py")
    made.add_id_argument("--id", "raw", help="which raws")
    made.add_id_argument("--badId", "raw", help="which not", doMakeDataRefList=False)
    made.add_argument("--template", help="where templates are")
    return made


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Return a function that parses a command line which is to end the command."""

    def act(parser: ArgumentParser, config: Any, *words: Any) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            parser.parse_args(config, [str(word) for word in words])
        return Ended(end.value.code, *capsys.readouterr())

    return act


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the user's directories from tests."""
    for name in ("PIPE_INPUT_ROOT", "PIPE_CALIB_ROOT", "PIPE_OUTPUT_ROOT", "OBS_DECAM_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """Leave the level of other tests as it is."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
