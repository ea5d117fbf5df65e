"""What --show shows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from persistence.dataids.dataid import DataId
from persistence.pipe.cmdline import overrides, show


class Reference:
    def __init__(self, **data_id: Any) -> None:
        self.dataId = DataId(data_id)


class Container:
    def __init__(self, *references: Any) -> None:
        self.refList = list(references)


def lines(config: Any, *words: str) -> list[str]:
    show.check(words)
    return "\n".join(show.told(words, config)).split("\n")


def test_the_whole_configuration_can_be_executed(config: Any) -> None:
    overrides.assign(config, "isr.doBias=False")
    text = "\n".join(lines(config, "config"))
    again = type(config)()
    again.loadFromString(text)
    assert again.toDict() == config.toDict()
    assert "# Electrons per count.\nconfig.gain=1.0\n" in text


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("gain", ["gain"]),
        ("n", ["gain", "sub.n", "fraction"]),
        ("sub.n", ["sub.n"]),
        ("config.sub.n", ["sub.n"]),
        ("isr.*", ["isr.doBias", "isr.doFlat", "isr.datasetType"]),
        ("dobias", ["isr.doBias"]),
        ("*apdb*", ["diaPipe.apdb.isolation_level", "diaPipe.apdb.db_url"]),
        ("doBias:NOIGNORECASE", ["isr.doBias"]),
        ("dobias:NOIGNORECASE", []),
        ("none", []),
    ],
)
def test_a_pattern_chooses_by_the_end_of_names(config: Any, pattern: str, names: list[str]) -> None:
    found = [
        line.partition("=")[0]
        for line in lines(config, f"config={pattern}")
        if line.startswith("config.")
    ]
    assert found == [f"config.{name}" for name in names]


def test_each_hit_has_its_description_and_capitals_are_told_of(config: Any) -> None:
    assert lines(config, "config=gain") == ["", "# Electrons per count.", "config.gain=1.0"]
    told = "Matching 'doBias' without regard to case (append :NOIGNORECASE to match it as it is)"
    assert lines(config, "config=doBias") == [
        told,
        "",
        "# Subtract the bias?",
        "config.isr.doBias=True",
    ]


def test_the_history_tells_each_value_and_who_set_it(config: Any) -> None:
    config.sub.n = 5  # by this line
    overrides.assign(config, "sub.n=6")
    name, default, *_, line, typed = lines(config, "history=sub.n")
    assert name == "sub.n"
    assert default.startswith("1  ")
    assert re.sub(":[0-9]+ ", ":LINE ", default).endswith(
        'conftest.py:LINE  n = Field("A whole number.", int, default=1)'
    )
    assert line.startswith("5  ")
    assert line.endswith("  config.sub.n = 5  # by this line")
    assert typed == "6  command line: -c sub.n=6"


def test_the_history_of_lists_and_of_all_fields_can_be_told(config: Any) -> None:
    overrides.assign(config, "radii=1,2")
    overrides.assign(config, "kind['other'].numRings=4")
    found = lines(config, "history=*")
    assert "[1.0, 2.0]  command line: -c radii=1,2" in found
    assert "kind['other'].numRings" in found
    names = found[: found.index("gain") + 1]
    assert names[-2:] == ["", "gain"]


def test_configurations_in_a_dictionary_are_walked_too(config: Any) -> None:
    config.more["a"] = type(config.sub)()
    overrides.assign(config, "more['a'].n=9")
    assert lines(config, "history=more*n")[-1] == "9  command line: -c more['a'].n=9"


def test_looking_makes_no_entries_that_nobody_chose(config: Any) -> None:
    found = lines(config, "history=*")
    assert "several['rings'].numRings" in found
    assert "several['other'].numRings" not in found
    assert list(config.several._dict) == ["rings"]


@pytest.mark.parametrize(("pattern", "found"), [("isr.do*", 2), ("*.none", 0), ("ISR.*", 0)])
def test_a_pattern_of_the_history_is_of_whole_names(config: Any, pattern: str, found: int) -> None:
    assert sum(line.startswith("isr.") for line in lines(config, f"history={pattern}")) == found


def test_subtasks_are_told_sorted(config: Any) -> None:
    overrides.assign(config, "several=rings,other")
    module = type(config).__module__
    assert lines(config, "tasks") == [
        "Subtasks:",
        f"diaPipe: {module}.DiaPipe",
        f"isr: {module}.Isr",
        f"kind['rings']: {module}.Rings",
        f"several['other']: {module}.Rings",
        f"several['rings']: {module}.Rings",
    ]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "confg",
            r"--show does not know 'confg'; did you mean 'config'.* \(known: config, .*, tasks, data, run\)",
        ),
        ("data=x", "does not know 'data=x'"),
        ("history", "write --show history=PATTERN"),
        ("history=", "write --show history=PATTERN"),
        ("history=isr.doBais", "there is no such field; did you mean 'isr.doBias'"),
    ],
)
def test_what_there_is_not_is_not_shown(config: Any, word: str, message: str) -> None:
    with pytest.raises(show.NotShown, match=message):
        lines(config, word)


def test_data_are_told_by_plain_data_ids() -> None:
    containers = {
        "id": Container(Reference(visit=1, filter="g")),
        "by": Container([Reference(a=1)], [Reference(a=2)]),
    }
    assert list(show.data(containers)) == [
        "id dataRef.dataId = {'visit': 1, 'filter': 'g'}",
        "by dataRef.dataId = {'a': 1}",
        "by dataRef.dataId = {'a': 2}",
    ]


@pytest.mark.parametrize(
    ("words", "ends"), [(None, False), (["data"], True), (["data", "run"], False)]
)
def test_a_command_ends_after_what_it_shows_unless_it_runs(
    words: list[str] | None, ends: bool
) -> None:
    assert show.ends(words) is ends
