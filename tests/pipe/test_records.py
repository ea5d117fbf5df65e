"""What became of each target."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence import Butler, PropertyList, PropertySet
from persistence.pipe import records
from persistence.pipe.records import Record

NAME = "processCcd_metadata"


@pytest.mark.parametrize(
    "record", [Record("done", "run1"), Record("failed", "run2", "ValueError: no\nstars: 'x'")]
)
def test_a_record_is_found_again_on_disk(own: Path, record: Record) -> None:
    butler = Butler(own)
    reference = butler.dataRef("raw", visit=410877, ccdnum=28)
    assert records.read(reference, NAME) is None
    metadata = PropertyList({"detector": 28})
    records.note(metadata, record)
    reference.put(
        PropertySet({"processCcd:isr": PropertyList({"a": 1}), "processCcd": metadata}), NAME
    )
    assert records.read(reference, NAME) == record


def test_metadata_of_gen2_tell_nothing(own: Path) -> None:
    reference = Butler(own).dataRef("raw", visit=410877, ccdnum=28)
    reference.put(PropertySet({"processCcd": PropertyList({"runEndCpuTime": 1.5})}), NAME)
    assert records.read(reference, NAME) is None


def test_damaged_metadata_are_as_good_as_none(own: Path) -> None:
    reference = Butler(own).dataRef("raw", visit=410877, ccdnum=28)
    reference.put(PropertySet({"processCcd": PropertyList({"a": 1})}), NAME)
    Path(reference.getUri(NAME)).write_text("{ not: [yaml")
    assert records.read(reference, NAME) is None


def test_what_a_parent_has_is_not_this_runs(own: Path, tmp_path: Path) -> None:
    metadata = PropertyList()
    records.note(metadata, Record("done", "run1"))
    Butler(own).put(
        PropertySet({"processCcd": metadata}), NAME, visit=410877, ccdnum=28, filter="g"
    )
    rerun = Butler(inputs=str(own), outputs=str(tmp_path / "rerun"))
    assert records.read(rerun.dataRef("raw", visit=410877, ccdnum=28), NAME) is None
