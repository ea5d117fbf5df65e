"""The Butler on one repository: what a user does with it, and what goes wrong."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import (
    AmbiguousDataId,
    Box,
    Butler,
    CameraMapper,
    CameraNotFound,
    DataId,
    DataIdError,
    FormatterError,
    IncompleteDataId,
    Mapper,
    MissingKey,
    NoResults,
    ReadProxy,
    RepositoryError,
    TemplateUndefined,
    UnknownDatasetType,
    UnknownKey,
    UnknownKeyWarning,
)

ID = {"visit": 410877, "ccdnum": 28}


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Return everything below a folder with its size and time."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*")
    }


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with what is in it."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- reading
# --------------------------------------------------------------------------------------------


def test_a_raw_comes_back_by_visit_and_detector(butler: Butler) -> None:
    raw = butler.get("raw", ID)
    assert raw.detector.name == "S4"
    assert raw.dataId["hdu"] == 41
    assert raw.filter.name == "g"
    assert raw.visit_info.exposure_time == 90.0


@pytest.mark.parametrize(
    "data_id",
    [
        {"visit": 410877, "ccdnum": 28},
        {"visit": "410877", "ccdnum": "28"},
        {"visit": np.int64(410877), "ccdnum": np.int16(28)},
        {"visit": 410877, "ccd": 28},
        {"visit": 410877, "ccdnum": 28, "filter": "g"},
        {"object": "Invented field 477", "hdu": 41},
    ],
)
def test_data_ids_may_be_given_in_many_ways(butler: Butler, data_id: Any) -> None:
    assert butler.get("raw_md", data_id)["CCDNUM"] == 28
    assert butler.datasetExists("raw", data_id)


def test_keywords_complete_the_data_id(butler: Butler) -> None:
    assert butler.get("raw_md", {"visit": 410877}, ccdnum=28)["CCDNUM"] == 28


def test_the_views_of_a_raw_agree_with_the_raw(butler: Butler, filled: Path) -> None:
    raw, box = butler.get("raw", ID), Box(3, 5, 7, 11)
    part = butler.get("raw_sub", ID, bbox=box)
    assert np.array_equal(part.image, raw.image[5:16, 3:10])
    assert part.bbox == box
    assert np.allclose(
        part.local_wcs.all_pix2world(0, 0, 0), raw.wcs.all_pix2world(3, 5, 0), atol=1e-9, rtol=0
    )
    assert butler.get("raw_bbox", ID) == raw.bbox
    assert butler.get("raw_md", ID)["EXPNUM"] == 410877  # inherited from the primary header
    assert butler.get("raw_wcs", ID).wcs.crval.tolist() == raw.wcs.wcs.crval.tolist()
    assert butler.get("raw_visitInfo", ID) == raw.visit_info
    assert butler.get("raw_filter", ID) == raw.filter
    assert butler.get("raw_detector", ID) == raw.detector
    assert butler.get("raw_photoCalib", ID) is None
    assert butler.get("raw_filename", ID) == [str(filled / "2014-02-27/g/decam0410877.fits.fz[41]")]


def test_the_header_of_one_extension_is_read_from_header_blocks_alone(
    own: Path, tmp_path: Path
) -> None:
    """Ruin every byte of the pixels: what does not read them does not mind."""
    from astropy.io import fits

    path = Path(os.path.realpath(own / "2014-02-27/g/decam0410877.fits.fz"))
    ruined = tmp_path / "ruined.fits.fz"
    shutil.copy(path, ruined)
    with fits.open(path, disable_image_compression=True) as hdus, open(ruined, "r+b") as stream:
        for hdu in hdus[1:]:
            info = hdu.fileinfo()
            stream.seek(info["datLoc"])
            stream.write(b"\xff" * info["datSpan"])
    link = own / "2014-02-27/g/decam0410877.fits.fz"
    link.unlink()
    link.symlink_to(ruined)
    butler = Butler(own)
    assert butler.get("raw_md", ID)["CCDNUM"] == 28
    assert butler.get("raw_wcs", ID) is not None
    with pytest.raises(FormatterError, match=r"decam0410877\.fits\.fz"):
        butler.get("raw", ID)


def test_a_box_is_needed_for_a_part(butler: Butler) -> None:
    with pytest.raises(MissingKey, match="raw_sub needs bbox="):
        butler.get("raw_sub", ID)


def test_a_box_outside_the_image_is_refused_with_the_images_size(butler: Butler) -> None:
    with pytest.raises(
        DataIdError,
        match=r"is not inside .*decam0410877.fits.fz\[41\], which has 28 columns, 36 rows",
    ):
        butler.get("raw_sub", ID, bbox=Box(0, 0, 29, 1))


def test_a_proxy_reads_when_it_is_used_and_gives_attributes(butler: Butler) -> None:
    proxy = butler.get("raw", ID, immediate=False)
    assert isinstance(proxy, ReadProxy)
    assert proxy.detector.name == "S4"
    with pytest.raises(NoResults):
        butler.get("calexp", ID, immediate=False)


def test_identifiers_are_computed_without_a_file(butler: Butler) -> None:
    assert butler.get("ccdExposureId", ID) == 41087728
    assert butler.get("ccdExposureId_bits") == 32
    assert butler.get("deepCoaddId", tract=1, patch="32,0", filter="g") == 17301505
    assert not butler.datasetExists("ccdExposureId", ID)


# -- asking
# ---------------------------------------------------------------------------------------------


def test_metadata_come_as_values_or_as_tuples(butler: Butler) -> None:
    assert butler.queryMetadata("raw", "visit", filter="g") == [410877]
    assert butler.queryMetadata("raw", ["visit"], {"filter": "r"}) == [410878]
    assert butler.queryMetadata("raw", ["filter", "visit"], ccdnum=1) == [
        ("g", 410877),
        ("r", 410878),
    ]
    assert butler.queryMetadata("raw", {"visit": 0, "ccdnum": 0}, visit=410877, ccdnum=7) == [
        (7, 410877)
    ]
    assert butler.queryMetadata("raw", "visit", filter="z") == []


def test_a_tract_is_spliced_into_what_is_looked_up(butler: Butler) -> None:
    rows = butler.queryMetadata(
        "deepCoadd_directWarp", ["tract", "filter", "patch"], tract=3, patch="1,2"
    )
    assert sorted(rows) == [(3, "g", "1,2"), (3, "r", "1,2")]
    assert butler.queryMetadata("deepCoadd_directWarp", "tract", tract=3) == [3]


def test_what_is_of_a_sky_map_is_listed_by_its_files(own: Path) -> None:
    """A registry has no tracts; `subset` and `queryMetadata` say the same."""
    butler = Butler(own)
    given = {"tract": 3, "patch": "1,2", "filter": "g"}
    assert butler.queryMetadata("deepCoadd_meas", ["tract", "patch"], filter="g") == []
    path = own / "deepCoadd-results/g/3/1,2/meas-g-3-1,2.fits"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    assert butler.queryMetadata("deepCoadd_meas", ["tract", "patch"], filter="g") == [(3, "1,2")]
    assert butler.queryMetadata("deepCoadd_meas", "tract", filter="r") == []
    assert [dict(one.dataId) for one in butler.subset("deepCoadd_meas", filter="g")] == [given]
    with pytest.raises(IncompleteDataId, match="needs  tract, patch, which cannot be looked up"):
        butler.get("deepCoadd_meas", filter="g")


def test_a_subset_gives_complete_data_ids_and_references(butler: Butler) -> None:
    subset = butler.subset("raw", filter="g")
    assert len(subset) == 61
    first = next(iter(subset))
    assert set(first.dataId) == {"date", "filter", "visit", "hdu", "ccdnum", "object"}
    assert first.get("raw_md")["EXPNUM"] == 410877
    assert first.datasetExists()
    assert not first.datasetExists("calexp")
    assert subset.cache[0] == first.dataId


def test_a_subset_at_the_level_of_visits_has_one_for_each(butler: Butler) -> None:
    subset = butler.subset("raw", "visit")
    assert [reference.dataId["visit"] for reference in subset] == [410877, 410878]
    reference = next(iter(subset))
    assert reference.subLevels() == {"hdu", "ccdnum"}
    assert len(reference.subItems()) == 61


def test_a_reference_stands_for_one_dataset(butler: Butler) -> None:
    assert butler.dataRef("raw", dataId=ID).dataId["hdu"] == 41
    with pytest.raises(NoResults, match="No unique dataset for: raw") as caught:
        butler.dataRef("raw", visit=410877)
    assert "61 data IDs match" in str(caught.value)


def test_the_types_and_their_views_can_be_listed(butler: Butler) -> None:
    types = butler.getDatasetTypes()
    assert {"raw", "raw_md", "raw_sub", "src", "src_schema", "src_len", "calexp_wcs"} <= types
    assert "src_sub" not in types
    assert "src_schema_schema" not in types


def test_keys_are_given_by_type_and_level(butler: Butler) -> None:
    assert butler.getKeys("calexp") == {"visit": int, "ccdnum": int}
    assert butler.getKeys("raw", "visit") == {
        "date": str,
        "filter": str,
        "visit": int,
        "object": str,
    }
    assert "patch" in butler.getKeys()  # type: ignore[operator]  # there are keys


# -- what is not found
# ----------------------------------------------------------------------------------


def test_a_missing_file_is_told_with_where_it_was_looked_for(butler: Butler, filled: Path) -> None:
    with pytest.raises(NoResults) as caught:
        butler.get("calexp", ID)
    assert str(caught.value) == (
        f"No locations for get: calexp {ID}\n"
        f"  looked for  0410877/calexp/calexp-0410877_28.fits  in  {os.path.relpath(filled)}"
    )
    assert (caught.value.datasetType, dict(caught.value.dataId)) == ("calexp", ID)


def test_a_missing_file_is_told_with_the_nearest_there_is(own: Path) -> None:
    butler = Butler(own)
    butler.put(butler.get("raw", ID), "calexp", ID)
    with pytest.raises(NoResults, match=r"nearest     visit=410877 ccdnum=28  in"):
        butler.get("calexp", visit=410877, ccdnum=29)


def test_an_ambiguous_data_id_shows_rows_and_the_keys_that_tell_them_apart(butler: Butler) -> None:
    with pytest.raises(AmbiguousDataId) as caught:
        butler.get("raw", visit=410877)
    lines = str(caught.value).splitlines()
    assert lines[0] == "No locations for get: raw {'visit': 410877}"
    assert lines[1] == "  61 rows match; they differ in hdu, ccdnum: add one of these"
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("data_id", "hint"),
    [
        (
            {"visit": 410879, "ccdnum": 28},
            "registered  ccdnum=28 visit=410878, but not visit=410879",
        ),
        ({"visit": 410877, "ccdnum": 61}, "registered  visit=410877 ccdnum=60, but not ccdnum=61"),
        (
            {"visit": 410877, "ccdnum": 28, "filter": "G"},
            "registered  visit=410877 ccdnum=28 filter=g, but not filter=G",
        ),
    ],
)
def test_an_impossible_data_id_is_told_with_what_is_registered(
    butler: Butler, data_id: Any, hint: str
) -> None:
    with pytest.raises(IncompleteDataId) as caught:
        butler.get("raw", data_id)
    assert hint in str(caught.value)


def test_a_misspelt_key_is_a_warning_that_suggests_and_alone_an_error(butler: Butler) -> None:
    with pytest.warns(
        UnknownKeyWarning, match="'vizit' is known to no dataset type .*; did you mean 'visit'"
    ):
        butler.queryMetadata("raw", "visit", vizit=1, filter="g")
    with pytest.warns(UnknownKeyWarning, match="did you mean 'visit'") as told:
        butler.datasetExists("raw", visit=410877, ccdnum=1, filter="g", date="2014-02-27", vizit=1)
    assert {warning.filename for warning in told} == {__file__}
    with pytest.raises(UnknownKey, match="did you mean 'visit'"):
        butler.queryMetadata("raw", "visit", vizit=1)
    with pytest.raises(UnknownKey, match=r"'vist' is not a column of .*; did you mean 'visit'"):
        butler.queryMetadata("raw", "vist", visit=1)


ODD = {
    "no keys": (lambda butler: butler.queryMetadata("raw", []), UnknownKey, "raw: no key is requested; its keys are date, filter"),
    "an empty mapping": (lambda butler: butler.queryMetadata("raw", {}), UnknownKey, "raw: no key is requested"),
    "a number": (lambda butler: butler.queryMetadata("raw", 5), UnknownKey, "expected the names of keys, not 5"),
    "numbers": (lambda butler: butler.queryMetadata("raw", [5]), UnknownKey, r"expected the names of keys, not \[5\]"),
    "no keys of calibrations": (lambda butler: butler.queryMetadata("bias", []), UnknownKey, "bias: no key is requested"),
    "a data ID as level": (lambda butler: butler.dataRef("raw", {"visit": 1}), DataIdError,
                           r"raw: the level must be a name, not \{'visit': 1\}; is it the data ID\? write dataId="),
    "an empty one": (lambda butler: butler.subset("raw", {}), DataIdError, "raw: the level must be a name"),
    "a number as level": (lambda butler: butler.getKeys("raw", 3), DataIdError, "raw: the level must be a name, not 3"),
    "no data ID": (lambda butler: butler.get("raw", 410877), DataIdError, "410877 is not a data ID: pass keys and values"),
    "a text": (lambda butler: butler.datasetExists("raw", "visit=410877"), DataIdError, "'visit=410877' is not a data ID"),
    "and a keyword": (lambda butler: butler.subset("raw", "", 410877, ccdnum=1), DataIdError, "410877 is not a data ID"),
    "no name": (lambda butler: butler.get({"visit": 1}), DataIdError, "expected the name of a dataset type, not {'visit': 1}"),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_an_argument_of_another_kind_is_told(butler: Butler, case: str) -> None:
    call, kind, message = ODD[case]
    with pytest.raises(kind, match=message):
        call(butler)


@pytest.mark.parametrize("own", [True, False])
def test_a_mapper_without_policy_tells_its_keys_itself(tmp_path: Path, own: bool) -> None:
    class Camera(Mapper):
        def query_note(self, format: Any, dataId: Any) -> list[tuple[Any, ...]]:
            return [(dataId["ccd"],)]

        def map_note(self, dataId: Any, write: bool = False) -> Any:
            raise AssertionError

    class Telling(Camera):
        def getKeys(self, datasetType: str | None = None, level: str | None = None) -> Any:
            return {"ccd": int}

    butler = Butler(tmp_path, mapper=Telling if own else Camera)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert butler.queryMetadata("note", "ccd", ccd=5) == [5]
    if own:
        with pytest.warns(UnknownKeyWarning, match="'cdc' is known to no .*; did you mean 'ccd'"):
            butler.queryMetadata("note", "ccd", ccd=5, cdc=4)


def test_a_key_that_another_type_has_is_passed_over_in_silence(butler: Butler) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert butler.queryMetadata("raw", "visit", visit=410877, tract=0, patch="0,0") == [410877]


def test_a_misspelt_type_suggests_its_neighbours(butler: Butler) -> None:
    with pytest.raises(
        UnknownDatasetType, match="DecamMapper has no dataset type 'calxep'; did you mean 'calexp'"
    ):
        butler.get("calxep", ID)


def test_a_value_that_would_leave_the_repository_is_refused(butler: Butler) -> None:
    with pytest.raises(DataIdError, match="is not inside the repository"):
        butler.get("deepCoadd", filter="../../etc/passwd", tract=0, patch="0,0")
    with pytest.raises(DataIdError, match="is not inside the repository"):
        butler.put("x", "deepCoadd", filter="../../etc/passwd", tract=0, patch="0,0")


@pytest.mark.parametrize(
    "value", ["g'; drop table raw; --", 'g"', "g' or '1'='1", "*", "[g]", "g\0"]
)
def test_a_value_is_never_more_than_a_value(butler: Butler, value: str) -> None:
    assert butler.queryMetadata("raw", "visit", filter=value) == []
    assert len(butler.queryMetadata("raw", "visit")) == 2


def test_an_empty_template_says_that_the_camera_has_to_give_one(butler: Butler) -> None:
    with pytest.raises(TemplateUndefined, match="fakes_calexp"):
        butler.get("fakes_calexp", ID)


def test_a_calibration_says_what_it_lacks(butler: Butler) -> None:
    with pytest.raises(
        IncompleteDataId, match=r"needs  calibDate: there is no calibRegistry\.sqlite3 in "
    ):
        butler.get("bias", ID)


# -- opening
# --------------------------------------------------------------------------------------------


def test_opening_and_reading_change_nothing_even_where_they_could(own: Path) -> None:
    before = snapshot(own)
    butler = Butler(own)
    butler.get("raw", ID)
    butler.datasetExists("calexp", ID)
    butler.queryMetadata("raw", "visit")
    with pytest.raises(NoResults):
        butler.get("calexp", ID)
    assert snapshot(own) == before


def test_a_directory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=r"there is no directory .*nowhere"):
        Butler(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, RepositoryError, "it has no _mapper"),
        ("DecamMapper\n", RepositoryError, "Unqualified mapper name 'DecamMapper'"),
        ("", RepositoryError, "Unqualified mapper name ''"),
        (
            "lsst.obs.decm.DecamMapper\n",
            CameraNotFound,
            "did you mean 'lsst.obs.decam.DecamMapper'",
        ),
        ("os.system\n", CameraNotFound, "no installed camera has the name 'os.system'"),
    ],
)
def test_a_directory_without_a_usable_mapper_is_refused(
    tmp_path: Path, content: str | None, error: type[Exception], message: str
) -> None:
    if content is not None:
        (tmp_path / "_mapper").write_text(content)
    with pytest.raises(error, match=message):
        Butler(tmp_path)


def test_the_mapper_may_be_given_as_class_name_or_instance(filled: Path) -> None:
    from obs_decam import DecamMapper

    for mapper in (DecamMapper, "lsst.obs.decam.DecamMapper", "decam", DecamMapper()):
        assert Butler(filled, mapper).datasetExists("raw", ID)


def test_a_butler_can_be_pickled_also_to_another_process(butler: Butler, filled: Path) -> None:
    assert pickle.loads(pickle.dumps(butler)).datasetExists("raw", ID)
    code = f"import pickle; print(pickle.loads({pickle.dumps(butler)!r}).get('raw_md', {ID!r})['CCDNUM'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "28\n"


def test_many_threads_may_share_a_butler(butler: Butler) -> None:
    failures: list[Any] = []

    def work(number: int) -> None:
        for ccdnum in range(1, 20):
            try:
                assert butler.get("raw_md", visit=410877, ccdnum=ccdnum)["CCDNUM"] == ccdnum
            except Exception as error:  # reported below
                failures.append((number, ccdnum, error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.real
def test_a_repository_without_registry_answers_from_its_file_names(
    real: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "camera.yaml"
    policy.write_text(
        "datasets: {foo: {template: 'foo-%(ccd)02d-%(filter)s.fits', storage: FitsStorage}}"
    )
    butler = Butler(real / "gen2_repos" / "no_registry", CameraMapper(str(policy)))
    assert sorted(butler.queryMetadata("foo", ["ccd", "filter"])) == [
        (1, "g"),
        (1, "h"),
        (2, "g"),
        (2, "h"),
        (3, "i"),
    ]
    assert butler.datasetExists("foo", ccd=3)
    assert butler.getUri("foo", ccd=3).endswith("foo-03-i.fits")
    assert len(butler.subset("foo", ccd=1)) == 2
    with pytest.raises(AmbiguousDataId, match="they differ in filter"):
        butler.get("foo", ccd=1)


# -- writing
# --------------------------------------------------------------------------------------------


def test_what_was_put_comes_back(own: Path) -> None:
    butler = Butler(own)
    raw = butler.get("raw", ID)
    butler.put(raw, "calexp", ID)
    assert butler.datasetExists("calexp", ID)
    assert butler.datasetExists("calexp", ID, write=True)
    assert butler.getUri("calexp", ID) == butler.getUri("calexp", ID, write=True)
    back = butler.get("calexp", ID)
    assert np.array_equal(back.image, raw.image)
    assert back.visit_info == raw.visit_info
    assert back.filter == raw.filter
    assert np.allclose(
        back.wcs.all_pix2world(9, 9, 0), raw.wcs.all_pix2world(9, 9, 0), atol=1e-9, rtol=0
    )


OUTPUTS = """
datasets:
  note: {template: 'note/%(visit)d.txt', storage: TextStorage}
  pair:
    python: types.SimpleNamespace
    composite: {note: {datasetType: note}, only_read: {datasetType: note, inputOnly: true}}
  all: {python: types.SimpleNamespace, composite: {notes: {datasetType: note, subset: true}}}
calibrations:
  bias: {template: 'bias/%(visit)d.txt', storage: TextStorage, tables: bias}
"""


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Return a function that describes an output; it is only written, and its camera is named."""
    monkeypatch.chdir(tmp_path)
    Path("notes.yaml").write_text(OUTPUTS)
    Path("others.yaml").write_text(OUTPUTS.replace("note", "other").replace("pair", "others"))
    return lambda root, camera="notes.yaml", **more: {"root": root, "mapper": camera, **more}


@pytest.mark.parametrize("name", ["note", "pair"])
@pytest.mark.parametrize("there", ["", "1", "2", "3", "12", "13", "23", "123"])
def test_what_is_written_exists_if_every_output_has_it(
    output: Callable[..., dict[str, Any]], there: str, name: str
) -> None:
    """Check as in doc/gen2/gen2-core.md, 1.10: all outputs, and nothing that is not written to."""
    for root in there:
        Butler(outputs=output(root)).put("x", "note", visit=1)
    butler = Butler(inputs="1" if "1" in there else None, outputs=[output(root) for root in "123"])
    assert butler.datasetExists(name, visit=1, write=True) is (there == "123")
    butler.put("y", "note", visit=1)
    assert butler.datasetExists(name, visit=1, write=True)
    assert not butler.datasetExists(name, visit=2, write=True)


@pytest.mark.parametrize("name", ["note", "pair"])
@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_what_is_written_exists_if_the_outputs_that_know_it_have_it(
    output: Callable[..., dict[str, Any]], name: str, order: tuple[str, str]
) -> None:
    cameras = {"a": "notes.yaml", "b": "others.yaml"}
    butler = Butler(outputs=[output(root, cameras[root]) for root in order])
    assert not butler.datasetExists(name, visit=1, write=True)
    butler.put("x", "note", visit=1)
    assert butler.datasetExists(name, visit=1, write=True)
    assert butler.getUri("note", visit=1, write=True).endswith("/a/note/1.txt")
    assert not os.path.exists("b/note")


def test_a_list_is_written_if_every_output_has_every_part_of_it(
    output: Callable[..., dict[str, Any]],
) -> None:
    both = Butler(outputs=[output("a"), output("b")])
    assert not both.datasetExists("all", write=True)
    for visit in (1, 2):
        Butler(outputs=output("a")).put("x", "note", visit=visit)
        assert not both.datasetExists("all", write=True)
    both.put("x", "note", visit=1)
    assert not both.datasetExists("all", write=True)
    assert both.datasetExists("all", visit=1, write=True)
    both.put("x", "note", visit=2)
    assert both.datasetExists("all", write=True)
    assert not both.datasetExists("note", write=True)  # it does not say which of the two


def test_tags_do_not_limit_what_is_written(output: Callable[..., dict[str, Any]]) -> None:
    """Trap T31."""
    butler = Butler(outputs=[output("1", tags="one"), output("2")])
    data_id = DataId(visit=1, tag="other")
    butler.put("x", "note", data_id)
    for name in ("note", "pair", "all"):
        assert butler.datasetExists(name, data_id, write=True)
    os.remove("2/note/1.txt")
    assert not butler.datasetExists("note", DataId(visit=1, tag="one"), write=True)


def test_a_calibration_is_written_if_it_is_in_the_output_not_if_it_is_among_the_calibrations(
    output: Callable[..., dict[str, Any]],
) -> None:
    os.makedirs("calibs/bias")
    Path("calibs/bias/1.txt").write_text("x")
    arguments = {"calibRoot": os.path.abspath("calibs")}
    butler = Butler(outputs=output("1", mode="rw", mapperArgs=arguments))
    assert butler.datasetExists("bias", visit=1)
    assert not butler.datasetExists("bias", visit=1, write=True)
    butler.put("y", "bias", visit=2)
    assert not butler.datasetExists("bias", visit=2)
    assert butler.datasetExists("bias", visit=2, write=True)
    assert butler.getUri("bias", visit=2, write=True).endswith("/1/bias/2.txt")


def test_without_outputs_nothing_is_written(output: Callable[..., dict[str, Any]]) -> None:
    Butler(outputs=output("1")).put("x", "note", visit=1)
    butler = Butler(inputs="1")
    assert butler.datasetExists("note", visit=1)
    assert not butler.datasetExists("note", visit=1, write=True)
    with pytest.raises(NoResults, match=r"No locations for getUri\(write=True\)"):
        butler.getUri("note", visit=1, write=True)


def test_a_put_that_fails_leaves_the_old_file_whole_and_nothing_beside(own: Path) -> None:
    butler = Butler(own)
    butler.put({"a": 1}, "processCcd_metadata", ID)
    before = files_of(own)
    with pytest.raises(FormatterError, match="processCcd_metadata: YamlStorage holds plain data"):
        butler.put({"a": 1, "b": object()}, "processCcd_metadata", ID)
    assert files_of(own) == before
    assert butler.get("processCcd_metadata", ID) == {"a": 1}


# A dataset that may be any pickle.
ANYTHING = ("starGalaxy_classifier", {"label": "x"})


def test_a_put_that_is_killed_leaves_the_old_file_whole(own: Path) -> None:
    butler = Butler(own)
    butler.put([1, 2, 3], *ANYTHING)
    code = (
        "import os, signal\n"
        "from persistence import Butler\n"
        "class Killer:\n"
        "    def __reduce__(self):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        f"Butler({str(own)!r}).put([b'x' * 10**6, Killer()], *{ANYTHING})\n"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert butler.get(*ANYTHING) == [1, 2, 3]
    butler.put([4], *ANYTHING)
    assert butler.get(*ANYTHING) == [4]


def test_a_full_disk_leaves_the_old_file_whole(own: Path) -> None:
    """A limit on the size of files stands in for the disk."""
    butler = Butler(own)
    butler.put(b"old", *ANYTHING)
    code = (
        "import resource, signal\n"
        "from persistence import Butler, RepositoryError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        f"    Butler({str(own)!r}).put(b'x' * 10000, *{ANYTHING})\n"
        "except RepositoryError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.search(r"cannot write .*Colour.pickle: File too large", done.stdout)
    assert butler.get(*ANYTHING) == b"old"
    assert [path.name for path in own.glob("algorithmData/*/*/*")] == ["clfIsotonicColour.pickle"]


def test_somebody_who_may_only_read_can_read_and_is_told_what_cannot_be_written(
    filled: Path, as_nobody: Callable[..., str]
) -> None:
    # pytest's own directories are closed to others
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        own = Path(shutil.copytree(filled, f"{folder}/own"))
        for path in [own, *own.rglob("*")]:
            os.chmod(path, 0o555 if path.is_dir() else 0o444)
        before = snapshot(own)

        def act(force: bool) -> str:
            butler = Butler(own, force=force)
            assert butler.get("raw_md", ID)["CCDNUM"] == 28
            assert butler.queryMetadata("raw", "visit", filter="g") == [410877]
            try:
                butler.put({}, "processCcd_metadata", ID)
            except RepositoryError as error:
                return str(error)
            return "written"

        Butler(own).get("raw", ID)  # what is imported late is imported now
        assert re.search(
            r"cannot write .*/own/0410877/metadata.*: Permission denied",
            as_nobody(lambda: act(force=True)),
        )
        if os.geteuid() == 0:
            refused = as_nobody(lambda: act(force=False))
            assert "/own belongs to root (uid 0), and you are nobody (uid 65534)" in refused
            assert "force" not in refused  # it would not help
        assert snapshot(own) == before
        for path in [own, *own.rglob("*")]:
            os.chmod(path, 0o755)


def test_a_directory_that_cannot_be_made_is_named(own: Path) -> None:
    (own / "0410877").write_text("a file stands where the directory should be")
    with pytest.raises(
        RepositoryError, match=r"cannot write .*0410877/metadata/metadata-0410877_28\.yaml"
    ):
        Butler(own).put({}, "processCcd_metadata", ID)


@pytest.mark.parametrize(
    ("datasetType", "message"),
    [
        ("raw", "raw is one HDU .* it cannot be put alone"),
        ("instcal", "instcal is assembled from datasets that are never written"),
        ("ccdExposureId", "storage 'ignored' holds no data"),
        ("calexp_md", "calexp_md is a view: put calexp itself"),
    ],
)
def test_what_cannot_be_put_says_why(own: Path, datasetType: str, message: str) -> None:
    with pytest.raises((FormatterError, DataIdError), match=message):
        Butler(own).put(np.zeros((2, 2), np.float32), datasetType, ID)


def test_file_names_do_not_supply_the_keys_of_a_put(tmp_path: Path) -> None:
    """Trap T17: the only file that fits would be overwritten."""
    policy = tmp_path / "camera.yaml"
    policy.write_text("datasets:\n  note: {template: 'n-%(a)d-%(b)d.txt', storage: TextStorage}\n")
    (tmp_path / "repo").mkdir()
    butler = Butler(tmp_path / "repo", CameraMapper(str(policy)))
    butler.put("first", "note", a=1, b=2)
    with pytest.raises(IncompleteDataId, match="needs  b; to write, file names do not supply it"):
        butler.put("second", "note", a=1)
    assert butler.get("note", a=1) == "first"
