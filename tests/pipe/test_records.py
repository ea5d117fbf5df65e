"""What became of each target."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from persistence import Butler, PropertyList, PropertySet
from persistence.butler.put import collected
from persistence.pipe import records
from persistence.pipe.records import Record

NAME = "processCcd_metadata"


@pytest.mark.parametrize(
    "record",
    [
        Record("done", "run1"),
        Record("done", "run1", "", ()),
        Record("done", "run1", "", ("0410877/src, 1.fits",)),
        Record("done", "run1", "", ("a b.fits", "c.fits")),
        Record("failed", "run2", "ValueError: no\nstars: 'x'"),
    ],
)
def test_a_record_is_found_again_on_disk(own: Path, record: Record) -> None:
    butler = Butler(own)
    reference = butler.dataRef("raw", visit=410877, ccdnum=28)
    assert records.read(reference, NAME) is None
    metadata = PropertyList({"detector": 28})
    records.note(metadata, record, NAME)
    reference.put(
        PropertySet({"processCcd:isr": PropertyList({"a": 1}), "processCcd": metadata}), NAME
    )
    assert records.read(reference, NAME) == record


def test_metadata_of_gen2_tell_nothing(own: Path) -> None:
    reference = Butler(own).dataRef("raw", visit=410877, ccdnum=28)
    reference.put(PropertySet({"processCcd": PropertyList({"runEndCpuTime": 1.5})}), NAME)
    assert records.read(reference, NAME) is None


def test_the_record_of_another_task_in_the_same_file_tells_nothing(own: Path) -> None:
    """DECam stores the metadata of five tasks under one name."""
    reference = Butler(own).dataRef("raw", visit=410877, ccdnum=28)
    metadata = PropertyList()
    records.note(metadata, Record("done", "run1", "", ()), "runIsr_metadata")
    reference.put(PropertySet({"runIsr": metadata}), "runIsr_metadata")
    assert reference.getUri("runIsr_metadata") == reference.getUri(NAME)
    assert records.read(reference, "runIsr_metadata") == Record("done", "run1", "", ())
    assert records.read(reference, NAME) is None


def test_damaged_metadata_are_a_failure(own: Path) -> None:
    reference = Butler(own).dataRef("raw", visit=410877, ccdnum=28)
    reference.put(PropertySet({"processCcd": PropertyList({"a": 1})}), NAME)
    for content, error in (
        ("{ not: [yaml", "its metadata cannot be read: "),
        ("", "its metadata are empty"),
    ):
        Path(reference.getUri(NAME)).write_text(content)
        record = records.read(reference, NAME)
        assert record is not None
        assert (record.status, record.run, record.outputs) == ("failed", "", None)
        assert record.error.startswith(error)


def test_what_a_parent_has_is_not_this_runs(own: Path, tmp_path: Path) -> None:
    metadata = PropertyList()
    records.note(metadata, Record("done", "run1"), NAME)
    Butler(own).put(
        PropertySet({"processCcd": metadata}), NAME, visit=410877, ccdnum=28, filter="g"
    )
    rerun = Butler(inputs=str(own), outputs=str(tmp_path / "rerun"))
    assert records.read(rerun.dataRef("raw", visit=410877, ccdnum=28), NAME) is None


def test_what_was_written_to_the_output_and_is_there_is_listed(own: Path, tmp_path: Path) -> None:
    rerun = Butler(inputs=str(own), outputs=str(tmp_path / "rerun"))
    reference = rerun.dataRef("raw", visit=410877, ccdnum=28)
    with collected() as locations:
        for name in ("apPipe_metadata", "dcrDiff_metadata", "apPipe_metadata"):
            reference.put(PropertySet({"a": 1}), name)
        Butler(own).put(PropertySet({"a": 1}), "apPipe_metadata", reference.dataId)
    os.unlink(reference.getUri("dcrDiff_metadata", write=True))
    path = os.path.relpath(reference.getUri("apPipe_metadata", write=True), tmp_path / "rerun")
    assert records.outputs(reference, locations) == (path,)


@pytest.mark.parametrize(
    ("content", "doubt"),
    [
        (b"a: 1\n", ""),
        (b"a: 1", "is truncated"),
        (b"", "is empty"),
        (None, "is missing"),
    ],
)
def test_a_record_is_believed_if_what_it_lists_is_there_and_whole(
    own: Path, content: bytes | None, doubt: str
) -> None:
    reference = Butler(own).dataRef("raw", visit=410877, ccdnum=28)
    (own / "first.yaml").write_bytes(b"a: 1\n")
    if content is not None:
        (own / "second.yaml").write_bytes(content)
    record = Record("done", "run1", "", ("first.yaml", "second.yaml"))
    assert records.doubt(reference, record) == (doubt and f"second.yaml {doubt}")


def test_what_was_compressed_since_is_there(own: Path) -> None:
    reference = Butler(own).dataRef("raw", visit=410877, ccdnum=28)
    (own / "a.yaml.gz").write_bytes(gzip.compress(b"a: 1\n"))
    assert records.doubt(reference, Record("done", "run1", "", ("a.yaml",))) == ""
    (own / "a.yaml.gz").write_bytes(gzip.compress(b"a: 1\n")[:-1])
    assert records.doubt(reference, Record("done", "run1", "", ("a.yaml",))).startswith(
        "a.yaml is damaged: Compressed file ended"
    )


def test_a_record_without_a_list_is_not_believed(own: Path) -> None:
    reference = Butler(own).dataRef("raw", visit=410877, ccdnum=28)
    assert records.doubt(reference, Record("done", "run1")) == (
        "its record does not list the files that it wrote"
    )
