"""What a value has to be before it is a column, a key or a part of a path: on headers written by hand."""

from __future__ import annotations

import os
import pickle
import re
import sqlite3
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from astro_metadata_translator import ObservationInfo
from astropy.io import fits
from astropy.time import Time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obs_decam import DecamMapper
from persistence import Butler
from persistence.butler.open import open_one
from persistence.cameras import installed
from persistence.dataids.template import PathTemplate
from persistence.ingest import checks, config
from persistence.ingest.checks import Checks, Unfit
from persistence.ingest.config import IngestConfig, ParseConfig, RegisterConfig, override
from persistence.ingest.parse import Parser
from persistence.ingest.report import Report
from persistence.ingest.task import IngestTask

DECAM = config.load(DecamMapper.ingestFile)
CAMERA = """
levels: {exposure: [], night: [visit]}
defaultLevel: exposure
filters: [{physical: Bessell V, name: V, band: v}, {physical: Bessell R, name: R, band: r}]
headers: {filter: FILTER, visit: {exposure_id: IMAGEID}}
exposures:
  raw: {template: 'raw/%(date)s/%(field)s/%(filter)s-%(visit)06d.fits', python: lsst.afw.image.ExposureF}
ingest:
  parse:
    translation: {visit: IMAGEID, field: FIELD, object: OBJECT, expTime: EXPTIME, taiObs: DATE-OBS}
    translators: {date: translate_date, filter: filter_name}
  register:
    columns: {visit: int, field: text, object: text, filter: text, date: text, taiObs: text, expTime: double}
    unique: [visit]
    visit: [visit, object, filter, date]
"""
# What stands behind `KEY     = `, as it stands there.
CARDS: Mapping[str, str | None] = {
    "IMAGEID": "1", "FIELD": "'deep'", "OBJECT": "'M31'", "FILTER": "'Bessell V'", "EXPTIME": "30.0",
    "DATE-OBS": "'2015-02-18T03:00:00'",
}  # fmt: skip
QUERY = ("visit", "field", "object", "filter", "date", "taiObs", "expTime")


def write(path: Path, cards: Mapping[str, str | None]) -> str:
    """Write an image of 4 x 3 pixels byte by byte; None leaves a card out."""
    lines = ["SIMPLE  =                    T", "BITPIX  =                   16"]
    lines += [
        f"{key:8}= {value:>20}" for key, value in [("NAXIS", 2), ("NAXIS1", 4), ("NAXIS2", 3)]
    ]
    lines += [f"{key:8}= {value}" for key, value in cards.items() if value is not None]
    text = "".join(line.ljust(80)[:80] for line in [*lines, "END"]).encode("latin-1")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.ljust(-(-len(text) // 2880) * 2880) + bytes(2880))
    return str(path)


def make_root(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "toy.yaml").write_text(CAMERA)
    (folder / "_mapper").write_text("toy.yaml\n")
    return folder


def ingest(root: Path, path: str, **switches: Any) -> Report:
    repository = open_one(str(root), None, (), {}).inputs[0]
    made = config.load(repository.mapper.ingestFile)
    for name, value in switches.items():
        made = override(made, name, value)
    return IngestTask(repository, made).run([path])


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return a repository of a camera that is one file."""
    return make_root(tmp_path / "repo")


def registered(root: Path) -> list[tuple[Any, ...]]:
    """Read the registry by a back door."""
    if not (root / "registry.sqlite3").exists():
        return []
    connection = sqlite3.connect(root / "registry.sqlite3")
    try:
        return connection.execute(f"select {', '.join(QUERY)} from raw").fetchall()
    finally:
        connection.close()


def test_what_is_fit_is_registered_as_it_is(toy: Path, tmp_path: Path) -> None:
    report = ingest(toy, write(tmp_path / "a.fits", CARDS))
    assert str(report) == "1 new, 0 already there, 0 failed"
    assert registered(toy) == [
        (1, "deep", "M31", "V", "2015-02-18", "2015-02-18T03:00:00", 30.0)
    ]  # fmt: skip


# Cards, and the only column that they change: its value.
UNDERSTOOD: list[tuple[str, str, str, Any]] = [
    ("IMAGEID", "0042", "visit", 42), ("IMAGEID", "'0042'", "visit", 42), ("IMAGEID", "42.0", "visit", 42),
    ("IMAGEID", "20170119014819001", "visit", 20170119014819001), ("IMAGEID", str(2**63 - 1), "visit", 2**63 - 1),
    ("EXPTIME", "'30.5'", "expTime", 30.5), ("EXPTIME", "3.05D1", "expTime", 30.5), ("EXPTIME", "30", "expTime", 30.0),
    ("DATE-OBS", "'2015-02-18 03:00'", "taiObs", "2015-02-18 03:00"), ("OBJECT", "4258", "object", "4258"),
    ("OBJECT", "''", "object", ""), ("OBJECT", "'a\tb'", "object", "a\tb"), ("OBJECT", "'M31\0\0'", "object", "M31"),
    ("FIELD", "12", "field", "12"), ("FIELD", "'a..b c'", "field", "a..b c"),
]  # fmt: skip


@pytest.mark.parametrize(("keyword", "written", "column", "value"), UNDERSTOOD)
def test_a_value_is_taken_for_what_it_is(
    toy: Path, tmp_path: Path, keyword: str, written: str, column: str, value: Any
) -> None:
    report = ingest(toy, write(tmp_path / "a.fits", {**CARDS, keyword: written}))
    assert report.failed == []
    ((row,),) = (registered(toy),)
    assert row[QUERY.index(column)] == value
    assert type(row[QUERY.index(column)]) is type(value)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("'31/12/99'", "1999-12-31"),
        ("'2015/02/18'", "2015-02-18"),
        ("'20150218'", "2015-02-18"),
        ("20150218", "2015-02-18"),
    ],
)
def test_a_date_in_another_form_is_registered_in_that_of_iso(
    toy: Path, tmp_path: Path, written: str, day: str
) -> None:
    ingest(toy, write(tmp_path / "a.fits", {**CARDS, "DATE-OBS": written}))
    ((*_, date, time, _seconds),) = registered(toy)
    assert (date, time) == (day, day)
    assert (toy / "raw" / day / "deep" / "V-000001.fits").exists()


_PATH = "cannot be a part of a path: it holds a slash or a control character, or begins with a dot"
# Cards, and what the report says of them.
REFUSED: list[tuple[str, str | None, str]] = [
    ("IMAGEID", None, "the header has no IMAGEID (for visit)"),
    ("IMAGEID", "", "the header has no value in IMAGEID (for visit)"),
    ("IMAGEID", "-1", "IMAGEID=-1 is negative: that means an unknown number (for visit)"),
    ("IMAGEID", "7.5", "IMAGEID=7.5 is not an integer (for visit)"),
    ("IMAGEID", "20170119014819001.0", "IMAGEID=2.0170119014819e+16 is not an integer (for visit)"),
    ("IMAGEID", "T", "IMAGEID=True is not an integer (for visit)"),
    ("IMAGEID", "2015_0218", "IMAGEID='2015_0218' is not an integer (for visit)"),
    ("IMAGEID", "NaN", "IMAGEID=nan is not an integer (for visit)"),
    ("IMAGEID", "''", "IMAGEID='' is not an integer (for visit)"),
    ("IMAGEID", "'seven'", "IMAGEID='seven' is not an integer (for visit)"),
    ("IMAGEID", "(1, 2)", "IMAGEID=(1+2j) is not an integer (for visit)"),
    ("IMAGEID", str(2**63), f"IMAGEID={2**63} is an integer of more than 64 bits, which no registry can hold (for visit)"),
    ("EXPTIME", "NaN", "EXPTIME=nan is not a number (for expTime)"),
    ("EXPTIME", "-Infinity", "EXPTIME=-inf is not a number (for expTime)"),
    ("EXPTIME", "1E999", "EXPTIME=inf is not a number (for expTime)"),
    ("EXPTIME", "F", "EXPTIME=False is not a number (for expTime)"),
    ("EXPTIME", "'thirty'", "EXPTIME='thirty' is not a number (for expTime)"),
    ("FILTER", "", "the header has no value in FILTER (for filter)"),
    ("FILTER", "'   '", "FILTER='' is empty (for filter)"),
    ("FILTER", "'../x'", f"filter='../x' {_PATH} (from FILTER='../x')"),
    ("OBJECT", "T", "OBJECT=True is not a text (for object)"),
    ("OBJECT", "NaN", "OBJECT=nan is not a text (for object)"),
    ("OBJECT", "'a\0b'", "OBJECT='a\\x00b' holds a zero byte (for object)"),
    ("OBJECT", "20170119014819001.0",
     "OBJECT=2.0170119014819e+16 is a number that has lost digits, not a text (for object)"),
    ("FIELD", "'03/03/26'", f"FIELD='03/03/26' {_PATH} (for field)"),
    ("FIELD", "'..'", f"FIELD='..' {_PATH} (for field)"),
    ("FIELD", "'.hidden'", f"FIELD='.hidden' {_PATH} (for field)"),
    ("FIELD", "'a\x1b[2Jb'", f"FIELD='a\\x1b[2Jb' {_PATH} (for field)"),
    ("FIELD", "'a\x85b'", f"FIELD='a\\x85b' {_PATH} (for field)"),
    ("FIELD", "''", "FIELD='' is empty (for field)"),
    *[("DATE-OBS", f"'{text}'", f"DATE-OBS='{text}' is not a date (for taiObs); DATE-OBS='{text}' is not a date (for date)")
      for text in ("yesterday", "99999-01-01", "2015-02-30T03:00:00", "03/03/26", "2015-02-18T99:00:00", "")],
    ("DATE-OBS", "57071", "DATE-OBS=57071 is not a date (for taiObs); DATE-OBS=57071 is not a date (for date)"),
]  # fmt: skip


@pytest.mark.parametrize(("keyword", "written", "problem"), REFUSED)
def test_what_is_unfit_fails_its_file_with_keyword_and_value(
    toy: Path, tmp_path: Path, keyword: str, written: str | None, problem: str
) -> None:
    path = write(tmp_path / "a.fits", {**CARDS, keyword: written})
    for _ in range(2):
        assert ingest(toy, path).failed == [(path, problem)]
    assert registered(toy) == []
    assert not (toy / "raw").exists()


def test_a_filter_that_the_camera_does_not_list_is_told_and_counted(
    toy: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.fits", {**CARDS, "FILTER": "'Besell R'"})
    with caplog.at_level("INFO"):
        report = ingest(toy, path)
    note = (
        f"{path} has the filter 'Besell R', which the camera does not list; did you mean 'Bessell R' or "
        "'Bessell V'? (-c strictFilters=True refuses such files)"
    )
    assert str(report) == f"1 new, 0 already there, 0 failed\n  {note}"
    assert [record.levelname for record in caplog.records if record.message == note] == ["INFO"]
    assert [row[3] for row in registered(toy)] == ["Besell R"]


def test_a_filter_that_the_camera_does_not_list_is_refused_on_request(
    toy: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.fits", {**CARDS, "FILTER": "'Besell R'"})
    problem = (
        "filter='Besell R' is not a filter that the camera lists; did you mean 'Bessell R' or 'Bessell V'? "
        "(from FILTER='Besell R')"
    )
    assert ingest(toy, path, strictFilters="True").failed == [(path, problem)]
    assert ingest(toy, write(tmp_path / "b.fits", CARDS), strictFilters="True").failed == []


def test_a_camera_can_be_strict_by_itself(toy: Path, tmp_path: Path) -> None:
    with open(toy / "toy.yaml", "a") as stream:
        stream.write("  strictFilters: true\n")
    path = write(tmp_path / "a.fits", {**CARDS, "FILTER": "'B'"})
    problem = "filter='B' is not a filter that the camera lists (from FILTER='B')"
    assert ingest(toy, path).failed == [(path, problem)]


def test_what_a_function_says_is_checked_with_the_cards_that_it_used(
    site: Any, toy: Path, tmp_path: Path
) -> None:
    site("", toy_functions="def shutter(header):\n    return header['SHUTTER'] == 'open'\n"
                           "def number(header):\n    return header['RUN'] + '_' + header['SEQ']\n")  # fmt: skip
    text = (toy / "toy.yaml").read_text()
    text = text.replace("date: translate_date", "date: translate_date, open: toy_functions.shutter")
    (toy / "toy.yaml").write_text(text.replace("columns: {", "columns: {open: int, "))
    cards = {**CARDS, "SHUTTER": "'open'", "RUN": "'12'", "SEQ": "'7'"}
    repository = open_one(str(toy), str(toy / "toy.yaml"), (), {}).inputs[0]
    made = config.load(repository.mapper.ingestFile)
    assert IngestTask(repository, made).run([write(tmp_path / "a.fits", cards)]).failed == []
    made = override(made, "parse.translators", "{'open': 'toy_functions.number'}")
    ((_path, problem),) = (
        IngestTask(repository, made).run([write(tmp_path / "b.fits", cards)]).failed
    )
    assert "open='12_7' is not an integer (from RUN='12', SEQ='7')" in problem


def test_checks_can_be_sent_to_another_process() -> None:
    register = config.load(DecamMapper.ingestFile).register
    made = checks.of(register, [PathTemplate("%(date)s/%(visit)07d.fits[%(hdu)d]")])
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("value", [7, "7", 7.5, None, True, object()])
def test_what_no_column_holds_is_left_as_it_is(value: Any) -> None:
    assert Checks()("what", value) is value


def test_keys_of_a_template_that_are_no_column_are_checked() -> None:
    made = checks.of(RegisterConfig(), [PathTemplate("%(run)03d/%(sequence)s")])
    with pytest.raises(Unfit, match="is not an integer"):
        made("run", "x")
    with pytest.raises(Unfit, match="cannot be a part of a path"):
        made("sequence", "a/b")


# -- real headers -----------------------------------------------------------------------------------

_STOCK = {"date": "translate_date", "taiObs": "translate_datetime", "filter": "filter_name"}
_COPIED = {"expTime": "EXPTIME", "object": "OBJECT"}
# Header: (camera, keyword of the visit, what the registry of its camera should have for a filter)
REAL: Mapping[str, tuple[str, str, str]] = {
    "decam_headers/fitsheader-decam.yaml": ("decam", "EXPNUM", "z"),
    "decam_headers/fitsheader-decam-raw_dec050441_25.yaml": ("decam", "EXPNUM", "g"),
    "decam_headers/fitsheader-decam-0160496.yaml": ("decam", "EXPNUM", "solid"),
    "decam_headers/fitsheader-decam-instcal-c4d_190402_050618_ooi_VR_v1.yaml": (
        "decam",
        "EXPNUM",
        "VR",
    ),
    "camera_headers/fitsheader-hsc.yaml": ("hsc", "EXP-ID", ""),
    "camera_headers/fitsheader-megaprime.yaml": ("megacam", "EXPNUM", "i2"),
    "camera_headers/fitsheader-sdss-fpC-006377-g4-0399.yaml": ("test", "RUN", "g"),
}
_OF_THE_HDU = re.compile(
    r"SIMPLE|BITPIX|NAXIS\d*|EXTEND|XTENSION|[PG]COUNT|BSCALE|BZERO|[TZ].*|COMMENT|HISTORY|"
)
_ASKED = {"exposure_id", "exposure_time", "datetime_begin", "object", "detector_num"}


def real_cards(path: Path) -> dict[str, Any]:
    """Read a header in either of the forms that the files have."""
    text = path.read_text()
    if text.startswith("!<lsst"):
        return {card[0]: card[2] for card in yaml.safe_load(text.split("\n", 1)[1])}
    return dict(yaml.safe_load(text))


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_the_row_of_a_real_header_is_what_astro_metadata_translator_tells(
    real: Path, tmp_path: Path, name: str
) -> None:
    camera, keyword, label = REAL[name]
    cards = real_cards(real / name)
    told = ObservationInfo(cards, subset=_ASKED, pedantic=False)
    header = fits.Header([(key, value) for key, value in cards.items()
                          if not _OF_THE_HDU.fullmatch(key) and len(key) < 9])  # fmt: skip
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(header=header)]).writeto(tmp_path / "a.fits")
    mapper = installed.find(camera)()
    made = DECAM if camera == "decam" else IngestConfig(
        parse=ParseConfig(translation={"visit": keyword, **_COPIED}, translators=_STOCK)
    )  # fmt: skip
    checked = checks.of(made.register, [], filters=mapper.translator.filters, strict_filters=True)
    parsed = Parser(made.parse, mapper.translator, checked)(str(tmp_path / "a.fits"))
    if not label:  # its number stands in a text that only the camera's own function takes apart
        assert parsed.problem == "EXP-ID='HSCA90402400' is not an integer (for visit)"
        return
    assert parsed.problem == ""
    (row,) = parsed.rows
    begin = told.datetime_begin.utc
    assert (row["visit"], row["filter"], row["object"]) == (told.exposure_id, label, told.object)
    assert row["expTime"] == told.exposure_time.to_value("s")
    assert row["date"] == begin.isot[:10]
    if camera == "test":  # its time stands in a keyword of its own, TAIHMS: the date alone is known
        assert row["taiObs"] == row["date"]
    else:
        assert abs((Time(row["taiObs"], scale="utc") - begin).sec) < 0.001
    assert row.get("ccdnum", told.detector_num) == told.detector_num


# -- whatever stands in a header ---------------------------------------------------------------

_TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=12)
_SAMPLES = st.sampled_from(
    ["T", "F", "", "NaN", "-1", "7", "007", "7.0", "2015_0218", "1e30", "'2015-02-18'", "'31/12/99'", "'yesterday'",
     "'../../x'", "'/etc/x'", "'a/b'", "'.'", "' '", "'Bessell R'", "'None'", "(1,2)", "'%d'", "'[3]'", "'a''b'", "'x'*"]
)  # fmt: skip
_WRITTEN = st.none() | _SAMPLES | _TEXT | _TEXT.map(lambda text: "'" + text.replace("'", "''") + "'") | (
    st.integers().map(str) | st.floats().map(str) | st.dates().map(lambda day: f"'{day}T01:02:03'")
)  # fmt: skip


@pytest.mark.slow
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changed=st.dictionaries(st.sampled_from(sorted(CARDS)), _WRITTEN, min_size=1, max_size=2))
def test_whatever_a_header_says_its_file_fails_by_name_or_is_found_again(
    tmp_path_factory: pytest.TempPathFactory, changed: dict[str, str | None]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    root = make_root(folder / "repo")
    path = write(folder / "a.fits", {**CARDS, **changed})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = ingest(root, path), ingest(root, path)
    if first.failed:
        ((name, problem),) = first.failed
        assert name == path
        assert any(keyword in problem for keyword in changed)
        assert second.failed == first.failed
        assert registered(root) == []
        assert sorted(os.listdir(root)) == ["_mapper", "toy.yaml"]
        return
    assert (first.new, second.same) == ([path], [path])
    (row,) = registered(root)
    butler = Butler(root)
    keys = dict(zip(QUERY, row, strict=True))
    for key, value in keys.items():
        assert butler.queryMetadata("raw", list(QUERY), {key: value}) == [row]
    data_id = {key: keys[key] for key in ("visit", "field", "filter", "date")}
    location = butler.getUri("raw", data_id)
    assert os.path.realpath(location) == os.path.realpath(path)
    inside = os.path.relpath(os.path.abspath(location), os.path.abspath(root))
    assert inside.count("/") == 3
    assert inside.startswith("raw/")
    assert butler.datasetExists("raw", data_id)
