"""Composites as they are put: all components or none, and what is referred to instead of written again."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import pickle
import threading
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from persistence import (
    Butler,
    Exposure,
    FormatterError,
    MissingPartWarning,
    NoResults,
    RepositoryError,
    SourceChanged,
)
from persistence.butler.put import collected
from persistence.files import journal
from persistence.formatters import text as text_formatter

POLICY = """
datasets:
  src: {template: 'src/%(visit)d.fits', storage: FitsCatalogStorage}
  note: {template: 'note/%(visit)d.txt', storage: TextStorage}
  last: {template: 'last/%(visit)d.txt', storage: TextStorage}
  kept: {template: 'kept/%(visit)d.pickle', storage: PickleStorage}
  pickled: {python: types.SimpleNamespace, composite: {src: {datasetType: kept}}}
  trio:
    python: types.SimpleNamespace
    composite: {src: {datasetType: src}, note: {datasetType: note}, last: {datasetType: last}}
  outer:
    python: types.SimpleNamespace
    composite: {trio: {datasetType: trio}, last: {datasetType: last, inputOnly: true}}
"""


@pytest.fixture
def low(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Butler:
    """Return a Butler on a repository that holds one of each."""
    monkeypatch.chdir(tmp_path)
    Path("camera.yaml").write_text(POLICY)
    made = Butler(outputs={"root": "low", "mapper": "camera.yaml", "mode": "rw"})
    made.put(trio("old"), "trio", visit=1)
    return made


@pytest.fixture
def high(low: Butler) -> Butler:
    """Return a Butler on a rerun of it, which is empty."""
    return Butler(inputs="low", outputs={"root": "high", "mode": "rw"})


def trio(text: Any, flux: float = 1.0) -> types.SimpleNamespace:
    return types.SimpleNamespace(
        src=Table({"id": [1, 2], "flux": [flux, 2.0]}), note=text, last=text
    )


def tree(root: str) -> dict[str, bytes]:
    found = (Path(folder, name) for folder, _, names in os.walk(root) for name in names)
    kept = (path for path in found if path.suffix not in (".yaml", ".jsonl"))
    return {str(path): path.read_bytes() for path in kept}


def test_each_component_goes_into_its_own_file(high: Butler) -> None:
    high.put(trio("new"), "trio", visit=2)
    assert sorted(tree("high")) == ["high/last/2.txt", "high/note/2.txt", "high/src/2.fits"]
    assert high.get("trio", visit=2).note == "new"


def test_the_components_of_components_are_written_with_them(high: Butler) -> None:
    high.put(types.SimpleNamespace(trio=trio("inner"), last="not written"), "outer", visit=2)
    assert high.get("outer", visit=2).last == "inner"


# -- all or none
# -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [False, True])
def test_a_component_that_cannot_be_written_leaves_every_file_as_it_was(
    high: Butler, there: bool
) -> None:
    if there:
        high.put(trio("before"), "trio", visit=1)
    before = tree("high")
    with pytest.raises(FormatterError, match=r"last: TextStorage holds a string"):
        high.put(types.SimpleNamespace(**(vars(trio("new", 9.0)) | {"last": 5})), "trio", visit=1)
    assert tree("high") == before


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_a_renaming_that_fails_takes_back_those_before_it(
    high: Butler, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    high.put(trio("before"), "trio", visit=1)
    before = tree("high")
    replace, count = os.replace, [0]

    def failing(source: str, target: str) -> None:
        if ".put-" in str(source) and ".put-" not in str(target):
            count[0] += 1
            if count[0] == fails:
                raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", failing)
        with pytest.raises(RepositoryError, match="No space left on device"):
            high.put(trio("new", 9.0), "trio", visit=1)
    assert tree("high") == before


@pytest.mark.parametrize("dies", [1, 2, 3])
def test_a_put_that_is_killed_is_seen_as_done_and_is_ended_by_the_next_writer(
    high: Butler, dies: int
) -> None:
    high.put(trio("before"), "trio", visit=1)
    child = os.fork()
    if not child:
        replace, numbers = os.replace, itertools.count(1)

        def dying(source: str, target: str) -> None:
            if ".put-" in source and next(numbers) == dies:
                os._exit(9)
            replace(source, target)

        os.replace = dying  # type: ignore[assignment]
        try:
            high.put(trio("after", 9.0), "trio", visit=1)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    before = tree("high")
    for _ in range(2):
        there = Butler("high").get("trio", visit=1)
        assert (there.note, there.last, there.src["flux"][0]) == ("after", "after", 9.0)
        assert Butler("high").get("note", visit=1) == "after"
    assert tree("high") == before
    Butler("high").put("other", "note", visit=2)
    assert not [name for name in tree("high") if ".put-" in name or ".json" in name]
    assert Butler("high").get("trio", visit=1).last == "after"


def test_a_damaged_note_of_a_killed_writer_stops_no_reader_and_is_told(high: Butler) -> None:
    high.put(trio("text"), "trio", visit=1)
    damaged = Path("high/.persistence/intents/host-1-ab.json")
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_text("{")
    with pytest.warns(
        MissingPartWarning, match=r"host-1-ab\.json is damaged: it does not state which files"
    ):
        butler = Butler("high")
    assert butler.get("trio", visit=1).note == "text"
    with pytest.raises(RepositoryError, match="does not state which files"):
        butler.put("other", "note", visit=1)


@pytest.mark.parametrize("name", ["trio", "note"])
@pytest.mark.parametrize("mark", ["part", "put"])
def test_the_next_put_in_a_directory_sweeps_what_dead_writers_left(
    high: Butler, name: str, mark: str
) -> None:
    dead = f"high/note/.{mark}-{os.uname().nodename}-{2**22 + 1}-00000000-2.txt"
    alive = dead.replace(str(2**22 + 1), str(os.getpid()))
    Path("high/note").mkdir()
    for path in (dead, alive):
        Path(path).touch()
    high.put(trio("new") if name == "trio" else "new", name, visit=1)
    assert not os.path.exists(dead)
    assert os.path.exists(alive)


def test_names_as_long_as_names_can_be_are_put_read_and_referred_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    policy = POLICY.replace("%(visit)d.txt", "%(name)s.txt").replace(
        "%(visit)d.fits", "%(name)s.fits"
    )
    Path("camera.yaml").write_text(policy)
    low = Butler(outputs={"root": "low", "mapper": "camera.yaml", "mode": "rw"})
    names = ["a" + "\u00e9" * 124 + "x", "b" + "\u00e9" * 124 + "x"]  # of one end
    for number, name in enumerate(names):
        low.put(trio(f"text {number}", number), "trio", name=name)
    assert {len(os.fsencode(path.name)) for path in Path("low").glob("src/*")} == {255}
    assert {len(os.fsencode(path.name)) for path in Path("low").glob("note/*")} == {254}
    high = Butler(inputs="low", outputs={"root": "high", "mode": "rw"})
    for name in names:
        high.put(low.get("trio", name=name), "trio", name=name)
    for number, name in enumerate(names):
        there = high.get("trio", name=name)
        assert (there.note, there.src["flux"][0]) == (f"text {number}", number)
    assert all(path.is_symlink() for path in Path("high").glob("src/a*"))
    low.put(trio("new", 7.0).src, "src", name=names[0])
    with pytest.raises(SourceChanged):
        high.get("src", name=names[0])
    assert high.get("src", name=names[1])["flux"][0] == 1


def test_a_directory_that_may_not_be_written_to_is_named_and_nothing_is_left(
    high: Butler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(obj: Any, path: str, location: Any) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(text_formatter, "write", refused)
    with pytest.raises(
        RepositoryError, match=r"cannot write .*high/note/1\.txt: Permission denied"
    ):
        high.put(trio("new"), "trio", visit=1)
    assert tree("high") == {}


def test_what_is_written_to_has_to_know_the_components(low: Butler) -> None:
    with pytest.raises(NoResults, match="No locations for put: src"):
        Butler(inputs="low").put(trio("new"), "trio", visit=1)


def test_backups_are_made_of_all_components_or_of_none(high: Butler) -> None:
    high.put(trio("one"), "trio", visit=1)
    with pytest.raises(FormatterError):
        high.put(
            types.SimpleNamespace(**(vars(trio("x")) | {"last": 5})), "trio", visit=1, doBackup=True
        )
    assert not [path for path in tree("high") if "~" in path]
    high.put(trio("two"), "trio", visit=1, doBackup=True)
    assert {path: data for path, data in tree("high").items() if path.endswith("txt~1")} == {
        "high/note/1.txt~1": b"one",
        "high/last/1.txt~1": b"one",
    }


# -- references
# ------------------------------------------------------------------------------------------


def test_what_was_read_and_not_changed_is_a_link_to_where_it_was(high: Butler) -> None:
    made = high.get("trio", visit=1)
    made.note = "new"
    high.put(made, "trio", visit=1)
    assert os.readlink("high/src/1.fits") == "../../low/src/1.fits"
    assert not os.path.islink("high/note/1.txt")
    again = Butler("high").get("trio", visit=1)
    assert (list(again.src["flux"]), again.note, again.last) == ([1.0, 2.0], "new", "old")


def test_what_was_read_and_changed_in_place_is_written(high: Butler) -> None:
    made = high.get("trio", visit=1)
    made.src["flux"][0] = 7.0
    high.put(made, "trio", visit=1)
    assert not os.path.islink("high/src/1.fits")
    assert list(Butler("high").get("trio", visit=1).src["flux"]) == [7.0, 2.0]
    assert list(Butler("low").get("trio", visit=1).src["flux"]) == [1.0, 2.0]


def test_a_copy_is_written(high: Butler) -> None:
    made = high.get("trio", visit=1)
    made.src = made.src.copy()
    high.put(made, "trio", visit=1)
    assert not os.path.islink("high/src/1.fits")


@pytest.mark.parametrize("ending", [".gz", ".fz"])
def test_what_was_read_from_a_compressed_file_is_written(high: Butler, ending: str) -> None:
    whole = Path("low/src/1.fits").read_bytes()
    Path("low/src/1.fits").unlink()
    Path(f"low/src/1.fits{ending}").write_bytes(gzip.compress(whole) if ending == ".gz" else whole)
    high.put(high.get("trio", visit=1), "trio", visit=1)
    assert not os.path.islink("high/src/1.fits")
    assert Path("high/src/1.fits").read_bytes().startswith(b"SIMPLE  =")
    assert list(Butler("high").get("trio", visit=1).src["flux"]) == [1.0, 2.0]


def test_some_columns_of_what_was_read_are_written(high: Butler) -> None:
    part = high.get("src", visit=1, columns=["flux"])
    high.put(types.SimpleNamespace(src=part, note="", last=""), "trio", visit=1)
    assert not os.path.islink("high/src/1.fits")
    assert high.get("src", visit=1).colnames == ["flux"]


@pytest.mark.filterwarnings("ignore::persistence.errors.TrustWarning")
def test_what_was_read_from_a_file_of_another_form_is_written(high: Butler) -> None:
    src = high.get("src", visit=1)
    high.put(types.SimpleNamespace(src=src), "pickled", visit=1)
    assert not os.path.islink("high/kept/1.pickle")
    assert list(pickle.loads(Path("high/kept/1.pickle").read_bytes())["flux"]) == [1.0, 2.0]


def test_nothing_refers_to_a_repository_that_is_no_parent(low: Butler) -> None:
    apart = Butler(outputs={"root": "apart", "mapper": "camera.yaml", "mode": "rw"})
    apart.put(low.get("trio", visit=1), "trio", visit=1)
    assert not [path for path in tree("apart") if os.path.islink(path)]


def test_nothing_refers_to_another_file_of_its_own_repository(low: Butler) -> None:
    low.put(low.get("trio", visit=1), "trio", visit=2)
    assert not [path for path in tree("low") if os.path.islink(path)]


def test_a_reference_is_put_in_the_place_of_a_file_and_a_file_in_that_of_a_reference(
    high: Butler,
) -> None:
    high.put(trio("x", 5.0), "trio", visit=1)
    high.put(Butler("low").get("trio", visit=1), "trio", visit=1)  # whoever read it
    assert os.path.islink("high/src/1.fits")
    high.put(trio("y", 6.0).src, "src", visit=1)
    assert sorted(os.listdir("high/src")) == ["1.fits"]
    assert list(Butler("low").get("src", visit=1)["flux"]) == [1.0, 2.0]


def test_a_source_that_changed_after_it_was_referred_to_is_noticed_by_whoever_reads(
    high: Butler,
) -> None:
    high.put(high.get("trio", visit=1), "trio", visit=1)
    Butler("low").put(trio("x", 5.0).src, "src", visit=1)
    later = Butler("high")
    for read in (lambda: later.get("trio", visit=1), lambda: later.get("src", visit=1)):
        with pytest.raises(
            SourceChanged, match=r"high/src/1\.fits refers to .*low/src/1\.fits, which has changed"
        ):
            read()
    os.remove("high/src/.1.fits.source")
    assert list(later.get("src", visit=1)["flux"]) == [5.0, 2.0]


def test_a_source_that_is_gone_is_named(high: Butler) -> None:
    high.put(high.get("trio", visit=1), "trio", visit=1)
    os.remove("low/src/1.fits")
    with pytest.raises((SourceChanged, NoResults), match=r"low/src/1\.fits"):
        Butler("high").get("trio", visit=1)


def test_a_tree_of_repositories_can_be_moved_with_its_references(
    high: Butler, tmp_path: Path
) -> None:
    high.put(high.get("trio", visit=1), "trio", visit=1)
    os.mkdir("moved")
    for name in ("low", "high", "camera.yaml"):
        os.rename(name, f"moved/{name}")
    assert list(Butler("moved/high").get("trio", visit=1).src["flux"]) == [1.0, 2.0]


def test_a_wcs_that_was_changed_in_place_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sky.yaml").write_text(
        "exposures:\n  calexp: {template: 'c%(v)d.fits', python: lsst.afw.image.ExposureF, storage: FitsStorage}\n"
    )
    butler = Butler(outputs={"root": "sky", "mapper": "sky.yaml", "mode": "rw"})
    cards = {
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRVAL1": 10.0,
        "CRVAL2": 5.0,
        "CD1_1": 1e-4,
        "CD2_2": 1e-4,
    }
    butler.put(Exposure(np.zeros((3, 4), np.float32), fits.Header(cards)), "calexp", v=1)
    changed = butler.get("calexp", v=1)
    changed.wcs.wcs.crval = [11.0, 6.0]
    butler.put(changed, "calexp", v=2)
    assert butler.get("calexp", v=2).wcs.wcs.crval.tolist() == [11.0, 6.0]
    assert butler.get("calexp", v=1).wcs.wcs.crval.tolist() == [10.0, 5.0]


def test_where_is_written_can_be_collected_also_from_threads(low: Butler, high: Butler) -> None:
    with collected() as outer:
        with collected() as inner:
            thread = threading.Thread(target=high.put, args=("new", "note"), kwargs={"visit": 2})
            thread.start()
            thread.join()
        low.put(trio("new"), "trio", visit=1)
        with pytest.raises(FormatterError):
            high.put(trio(None), "trio", visit=3)
    high.put("later", "note", visit=4)
    assert [location.full_path for location in inner] == [high.getUri("note", visit=2)]
    assert outer[:1] == inner
    assert {location.full_path for location in outer[1:]} == {
        low.getUri(name, visit=1) for name in ("src", "note", "last")
    }


# -- the journal
# ------------------------------------------------------------------------------------------------


def lines(root: str) -> list[tuple[str, str, str, Any]]:
    """Read a journal's lines by hand: operation, file, dataset type, data ID."""
    (path,) = Path(root, ".persistence/journal").iterdir()
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [(line["op"], line["f"], line["d"], line["id"]) for line in found]


def test_each_file_that_is_put_has_a_line_in_its_repository(high: Butler) -> None:
    before = lines("low")
    high.put("text", "note", visit=2)
    high.put(trio("new"), "trio", visit=3)
    assert lines("high") == [
        ("put", "note/2.txt", "note", {"visit": 2}),
        ("put", "src/3.fits", "src", {"visit": 3}),
        ("put", "note/3.txt", "note", {"visit": 3}),
        ("put", "last/3.txt", "last", {"visit": 3}),
    ]
    assert lines("low") == before


def test_what_was_not_put_has_no_line(high: Butler) -> None:
    for obj, name in ((object(), "note"), (trio(object()), "trio")):
        with pytest.raises(FormatterError):
            high.put(obj, name, visit=2)
    assert not Path("high/.persistence/journal").exists()


def test_a_put_does_not_need_its_line(high: Butler, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("high/.persistence").write_text("no directory")
    high.put("text", "note", visit=2)
    assert Butler("high").get("note", visit=2) == "text"


def test_what_a_killed_writer_began_has_lines_when_it_is_ended(low: Butler) -> None:
    (path,) = Path("low/.persistence/journal").iterdir()
    child = os.fork()
    if not child:
        journal.append = lambda *args, **fields: os._exit(9)  # type: ignore[assignment]
        try:
            low.put(trio("new"), "trio", visit=2)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert Butler("low").get("trio", visit=2).last == "new"
    assert "note/2.txt" not in path.read_text()  # its directory tells of it
    child = os.fork()
    if not child:
        numbers, replace = itertools.count(), os.replace

        def dying(source: str, target: str) -> None:
            replace(source, target)
            if ".put-" in source and next(numbers) == 1:
                os._exit(9)

        os.replace = dying  # type: ignore[assignment]
        try:
            low.put(trio("new"), "trio", visit=3)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    Butler("low").put("other", "note", visit=4)
    assert {"src/3.fits", "note/3.txt", "last/3.txt"} <= {
        json.loads(line)["f"] for line in path.read_text().splitlines()
    }
