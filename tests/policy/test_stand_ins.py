"""Names in policies that mean something else today: Gen2's classes, and modules that moved."""

from __future__ import annotations

import pytest

from persistence.composites.assemble import do_import
from persistence.policy.stand_ins import MOVED, STAND_INS, stands_for

STANDING = [
    ("lsst.afw.image.ExposureF", "persistence.types.exposure.exposure.Exposure"),
    ("lsst.afw.image.exposure.ExposureD", "persistence.types.exposure.exposure.Exposure"),
    ("persistence.assemblers.stack_rows", "persistence.composites.ready_made.stack_rows"),
    ("persistence.assemblersome.stack_rows", "persistence.assemblersome.stack_rows"),
    ("lsst.afw.image.Unknown", "lsst.afw.image.Unknown"),
    ("mine.ExposureF", "mine.ExposureF"),
    ("lsstlike.ExposureF", "lsstlike.ExposureF"),
    ("ExposureF", "ExposureF"),
]


@pytest.mark.parametrize(("name", "stands"), STANDING)
def test_ours_stands_for_a_class_of_gen2s_and_for_no_other(name: str, stands: str) -> None:
    assert stands_for(name) == stands


@pytest.mark.parametrize("name", sorted(STAND_INS))
def test_each_class_that_stands_for_another_is_there(name: str) -> None:
    assert isinstance(do_import(stands_for(f"lsst.afw.{name}"), "the test"), type)


@pytest.mark.parametrize(
    "name",
    [
        *(
            f"persistence.assemblers.{name}"
            for name in ("assemble_amplifiers", "assemble_trimmed", "join_columns", "stack_rows")
        ),
        "persistence.composite.generic_assembler",
    ],
)
def test_what_policies_on_disk_name_is_found_where_it_is_now(name: str) -> None:
    assert name.rpartition(".")[0] in MOVED
    assert callable(do_import(stands_for(name), "the test"))
