"""References to other files: followed while their source is what it was, told when it is not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from persistence import Butler
from persistence.composites import references
from persistence.errors import SourceChanged, WrittenDiffers
from persistence.files.batch import Batch

CAMERA = """
datasets:
  cat: {template: 'cat/%(visit)d.fits', storage: FitsCatalogStorage, python: lsst.afw.table.SourceCatalog}
  note: {template: 'note/%(visit)d.yaml', storage: YamlStorage}
  both: {python: types.SimpleNamespace, composite: {cat: {datasetType: cat}, note: {datasetType: note}}}
"""


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """Return a reference in one directory to a file in another."""
    source, target = tmp_path / "a" / "source.txt", tmp_path / "b" / "deep" / "target.txt"
    source.parent.mkdir()
    source.write_text("first")
    with Batch() as batch:
        with batch.place(str(target)) as temporary:
            references.refer(temporary, str(target), str(source), batch)
        batch.commit()
    return target


def source_of(link: Path) -> Path:
    return link.resolve()


def test_a_reference_is_a_relative_link_with_a_hidden_note(link):
    assert os.readlink(link) == "../../a/source.txt"
    note = json.loads((link.parent / ".target.txt.source").read_text())
    status = source_of(link).stat()
    digest = hashlib.sha256(b"first").hexdigest()
    assert note == {"size": status.st_size, "modified": status.st_mtime_ns, "sha256": digest}
    references.check(str(link))


def test_a_tree_can_be_moved_with_its_references(link, tmp_path):
    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    shutil.copytree(tmp_path, moved, symlinks=True)
    shutil.rmtree(tmp_path)
    references.check(str(moved / "b" / "deep" / "target.txt"))
    assert (moved / "b" / "deep" / "target.txt").read_text() == "first"


def test_a_reference_to_a_reference_leads_to_the_file(link, tmp_path):
    third = tmp_path / "c.txt"
    with Batch() as batch:
        with batch.place(str(third)) as temporary:
            references.refer(temporary, str(third), str(link), batch)
        batch.commit()
    link.unlink()
    references.check(str(third))
    assert third.read_text() == "first"


def change_size(source: Path) -> None:
    status = source.stat()
    source.write_text("first and more")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))


def change_content(source: Path) -> None:
    source.write_text("other")
    os.utime(source, ns=(0, 1))


def replace(source: Path) -> None:
    other = source.with_name("other")
    other.write_text("third")
    os.utime(other, ns=(0, 5))
    other.rename(source)


@pytest.mark.parametrize("change", [change_size, change_content, replace])
def test_a_source_that_has_changed_is_told_with_both(link, change):
    change(source_of(link))
    with pytest.raises(
        SourceChanged,
        match=r"target\.txt refers to .*source\.txt, which has changed since: it had 5",
    ):
        references.check(str(link))


COPIES = {
    "touch": "touch {0}/a/source.txt && mv {0} {1}",
    "cp -r": "cp -r {0} {1}",
    "tar": "mkdir {1} && tar -C {0} -cf - . | tar -C {1} -xmf -",
    "rsync": "rsync -r --links {0}/ {1}",
}


@pytest.mark.parametrize("how", COPIES)
def test_the_same_content_in_a_file_of_another_time_is_the_same(link, tmp_path, how):
    if shutil.which(how.split()[0]) is None:
        pytest.skip(f"there is no {how}")
    os.utime(source_of(link), ns=(0, 1))
    other = tmp_path.parent / f"{tmp_path.name}-copied"
    subprocess.run(COPIES[how].format(tmp_path, other), shell=True, check=True)
    there = other / "b" / "deep" / "target.txt"
    assert there.stat().st_mtime_ns != 1
    references.check(str(there))
    source_of(there).write_text("other")
    with pytest.raises(SourceChanged):
        references.check(str(there))


def test_a_note_without_a_digest_goes_by_size_and_time(link):
    note = Path(references.note_of(str(link)))
    noted = json.loads(note.read_text())
    note.write_text(json.dumps({name: noted[name] for name in ("size", "modified")}))
    references.check(str(link))
    os.utime(source_of(link), ns=(0, 1))
    with pytest.raises(SourceChanged):
        references.check(str(link))


def test_a_file_is_read_once_to_find_that_it_is_the_same(link, monkeypatch):
    os.utime(source_of(link), ns=(0, 1))
    references.check(str(link))
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("it is read again"))
    references.check(str(link))


def test_who_removes_the_note_accepts_the_file_as_it_is(link):
    change_content(source_of(link))
    os.unlink(references.note_of(str(link)))
    references.check(str(link))


def test_files_and_links_of_others_are_well(link, tmp_path):
    (tmp_path / "plain").symlink_to(source_of(link))
    for path in (source_of(link), tmp_path / "plain"):
        references.check(str(path))
        references.refuse_gone(str(path))
    (tmp_path / "dangling").symlink_to("nowhere")
    references.refuse_gone(str(tmp_path / "dangling"))
    references.refuse_gone(str(tmp_path / "nothing"))


DAMAGED = [
    "",
    "{",
    "[]",
    "{}",
    "null",
    "5",
    '{"size": "5", "modified": 1}',
    '{"size": 5}',
    "\udcff",
]


@pytest.mark.parametrize(
    "text", [*DAMAGED, '{"size": 5, "modified": 1e400}', f'{{"size": 5, "modified": {10**40}}}']
)
def test_a_damaged_note_is_told(link, text):
    Path(references.note_of(str(link))).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SourceChanged, match=r"the note .*\.source is damaged.*remove the note"):
        references.check(str(link))


def test_a_note_that_cannot_be_read_is_told(link):
    note = Path(references.note_of(str(link)))
    note.unlink()
    note.mkdir()
    with pytest.raises(SourceChanged, match="is damaged"):
        references.check(str(link))


def test_a_source_that_is_gone_is_told(link):
    source_of(link).unlink()
    with pytest.raises(SourceChanged, match=r"target\.txt refers to .*source\.txt, which is gone"):
        references.refuse_gone(str(link))


def test_a_note_is_forgotten_and_need_not_be_there(link):
    references.forget(str(link))
    assert not Path(references.note_of(str(link))).exists()
    references.forget(str(link))


# -- through a Butler
# --------------------------------------------------------------------------------


@pytest.fixture
def repos(tmp_path, monkeypatch) -> Path:
    """Return a directory with the repository ``below``, which has a composite."""
    monkeypatch.chdir(tmp_path)
    Path("camera.yaml").write_text(CAMERA)
    from types import SimpleNamespace

    butler = Butler(outputs={"root": "below", "mapper": "camera.yaml", "mode": "rw"})
    butler.put(SimpleNamespace(cat=Table({"id": [1, 2]}), note={"a": 1}), "both", visit=1)
    return tmp_path


def rerun(name: str, *inputs: str) -> Butler:
    return Butler(inputs=list(inputs) or "below", outputs={"root": name, "mode": "rw"})


def test_an_unchanged_component_becomes_a_reference(repos):
    butler = rerun("above")
    butler.put(butler.get("both", visit=1), "both", visit=1)
    assert os.readlink("above/cat/1.fits") == "../../below/cat/1.fits"
    assert not os.path.islink("above/note/1.yaml")


CHANGES = {
    "a value": lambda table: table["id"].__setitem__(0, 9),
    "a column": lambda table: table.add_column(np.array([1.0, 2.0]), name="more"),
    "a row": lambda table: table.remove_row(0),
    "what the table says of itself": lambda table: table.meta.__setitem__("SEEING", 2),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_in_place_is_written(repos, what):
    butler = rerun("above")
    found = butler.get("both", visit=1)
    CHANGES[what](found.cat)
    butler.put(found, "both", visit=1)
    assert not os.path.islink("above/cat/1.fits")
    there = butler.get("cat", visit=1)
    assert there.colnames == found.cat.colnames
    assert [list(row) for row in there] == [list(row) for row in found.cat]
    assert there.meta.get("SEEING") == found.cat.meta.get("SEEING")
    assert list(Butler("below").get("cat", visit=1)["id"]) == [1, 2]


def test_a_put_needs_no_source(repos):
    butler = rerun("above")
    found = butler.get("both", visit=1)
    os.unlink("below/cat/1.fits")
    butler.put(found, "both", visit=1)
    assert list(butler.get("cat", visit=1)["id"]) == [1, 2]


def test_a_put_needs_no_sound_source(repos):
    butler = rerun("above")
    found = butler.get("both", visit=1)
    Path("below/cat/1.fits").write_text("no table")
    butler.put(found, "both", visit=1)
    assert list(butler.get("cat", visit=1)["id"]) == [1, 2]


def test_a_reference_whose_source_is_gone_hides_older_data(repos):
    middle = rerun("middle")
    middle.put(Table({"id": [5]}), "cat", visit=1)
    above = rerun("above", "middle")
    above.put(above.get("both", visit=1), "both", visit=1)
    os.unlink("middle/cat/1.fits")
    with pytest.raises(SourceChanged, match="is gone"):
        above.get("cat", visit=1)
    above.put(Table({"id": [6]}), "cat", visit=1)
    assert list(above.get("cat", visit=1)["id"]) == [6]


@pytest.mark.parametrize("dataset", ["cat", "both"])
def test_whether_a_dataset_exists_is_told_as_get_tells_it(repos, dataset):
    middle = rerun("middle")
    middle.put(Table({"id": [5]}), "cat", visit=1)
    above = rerun("above", "middle")
    above.put(above.get("both", visit=1), "both", visit=1)
    assert above.datasetExists(dataset, visit=1)
    middle.put(Table({"id": [5, 6]}), "cat", visit=1)
    for ask in (above.get, above.datasetExists):
        with pytest.raises(SourceChanged, match="which has changed since"):
            ask(dataset, visit=1)


@pytest.mark.parametrize("dataset", ["cat", "both"])
def test_a_file_of_its_own_takes_the_place_of_a_reference_and_its_note(repos, dataset):
    butler = rerun("above")
    found = butler.get("both", visit=1)
    butler.put(found, "both", visit=1)
    found.cat["id"][0] = 7
    butler.put(found.cat if dataset == "cat" else found, dataset, visit=1)
    assert sorted(os.listdir("above/cat")) == ["1.fits"]
    assert list(butler.get("cat", visit=1)["id"]) == [7, 2]
    assert list(Butler("below").get("cat", visit=1)["id"]) == [1, 2]


def test_components_that_share_a_file_have_to_be_the_same(repos):
    from types import SimpleNamespace

    butler = rerun("above")
    butler.defineDataset(
        "twice", python="types.SimpleNamespace", composite={"a": "note", "b": "note"}
    )
    butler.put(SimpleNamespace(a={"x": 1}, b={"x": 1}), "twice", visit=2)
    with pytest.raises(
        WrittenDiffers, match=r"note/2\.yaml would be written twice, with different content"
    ):
        butler.put(SimpleNamespace(a={"x": 2}, b={"x": 3}), "twice", visit=2)
    assert butler.get("note", visit=2) == {"x": 1}
    assert os.listdir("above/note") == ["2.yaml"]
