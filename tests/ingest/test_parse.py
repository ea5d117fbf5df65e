"""From headers to rows."""

from __future__ import annotations

import gzip
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from astropy.time import Time

from obs_decam import DecamMapper
from obs_decam.headers import DecamHeaders
from obs_decam.sample import generate
from persistence.errors import FormatterError
from persistence.ingest import config, parse
from persistence.ingest.checks import Checks
from persistence.ingest.config import ParseConfig
from persistence.ingest.parse import Parser, stored

DECAM = config.load(DecamMapper.ingestFile)


def one(folder: Path, **cards: Any) -> str:
    """Write a file of one HDU with some cards."""
    path = folder / "one.fits"
    fits.PrimaryHDU(header=fits.Header(list(cards.items()))).writeto(path, overwrite=True)
    return str(path)


def raw(folder: Path, change: Any = lambda hdus: None) -> str:
    """Write a small DECam raw, changed."""
    hdus = generate.exposure(410877, "g", "tiny", compress=False, extensions=3)
    change(hdus)
    path = folder / "raw.fits"
    hdus.writeto(path, overwrite=True)
    return str(path)


def test_each_science_extension_of_a_raw_is_a_row_and_no_other(raws: list[str]) -> None:
    parsed = Parser(DECAM.parse)(raws[0])
    assert parsed.problem == ""
    assert len(parsed.rows) == 61
    assert {row["hdu"] for row in parsed.rows} == set(range(1, 63)) - {61}  # N30 is HDU 61
    assert all(row["ccd"] == row["ccdnum"] and row["visit"] == 410877 for row in parsed.rows)


def test_the_rows_are_what_the_columns_hold(raws: list[str]) -> None:
    row = Parser(DECAM.parse)(raws[0]).rows[0]
    assert stored({**row, "instcal": "", "dqmask": "", "wtmap": ""}, DECAM) == {
        "visit": 410877, "filter": "g", "date": "2014-02-27", "taiObs": "2014-02-27T15:45:57.410877",
        "expTime": 90.0, "ccdnum": 25, "ccd": 25, "hdu": 1, "instcal": "", "dqmask": "", "wtmap": "",
        "proposal": "2014A-0000", "object": "Invented field 477",
    }  # fmt: skip


@pytest.mark.real
def test_a_real_raws_header_gives_the_row_of_the_originals_registry_but_for_the_file(
    real: Path, tmp_path: Path
) -> None:
    """The header of another exposure of the same camera: the same rules."""
    import yaml

    cards = yaml.load(
        (real / "decam_headers" / "fitsheader-decam-raw_dec050441_25.yaml").read_text(),
        yaml.SafeLoader,
    )
    header = fits.Header()
    for key in (
        "EXPNUM",
        "DATE-OBS",
        "EXPTIME",
        "PROPID",
        "OBJECT",
        "FILTER",
        "OBSTYPE",
        "CCDNUM",
        "EXTNAME",
    ):
        header[key] = cards[key]
    path = tmp_path / "x.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(header=header)]).writeto(path)
    (row,) = Parser(DECAM.parse)(str(path)).rows
    assert row == {
        "visit": 177764, "taiObs": "2013-02-13T09:01:40.966998", "expTime": 30.0, "ccdnum": 25, "ccd": 25,
        "proposal": "2013A-0351", "object": "Trifid and Lagoon", "date": "2013-02-13", "filter": "g", "hdu": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("obstype", "expected"),
    [("zero", "solid"), ("Bias", "solid"), ("dome flat", "r"), ("object", "r")],
)
def test_a_bias_has_the_solid_filter_whatever_is_in_place(
    tmp_path: Path, obstype: str, expected: str
) -> None:
    def change(hdus: Any) -> None:
        hdus[0].header["OBSTYPE"] = obstype
        hdus[0].header["FILTER"] = "r DECam SDSS c0002 6415.0 1480.0"

    assert Parser(DECAM.parse)(raw(tmp_path, change)).rows[0]["filter"] == expected


@pytest.mark.parametrize("keyword", ["EXPNUM", "FILTER", "DATE-OBS", "PROPID"])
def test_a_missing_keyword_is_named(tmp_path: Path, keyword: str) -> None:
    def change(hdus: Any) -> None:
        del hdus[0].header[keyword]

    parsed = Parser(DECAM.parse)(raw(tmp_path, change))
    assert parsed.rows == ()
    assert f"the header has no {keyword}" in parsed.problem


def test_a_missing_detector_number_is_named(tmp_path: Path) -> None:
    def change(hdus: Any) -> None:
        for hdu in hdus[1:]:
            del hdu.header["CCDNUM"]

    assert Parser(DECAM.parse)(raw(tmp_path, change)).problem == (
        "the header has no CCDNUM (for ccdnum, ccd)"
    )


def test_a_file_without_a_wanted_extension_says_which_were_wanted(tmp_path: Path) -> None:
    def change(hdus: Any) -> None:
        for hdu in hdus[1:]:
            hdu.name = "FOCUS"

    parsed = Parser(DECAM.parse)(raw(tmp_path, change))
    assert parsed.problem == (
        "none of its 3 extensions is one of S1, S2, S3, ... (61 names) (it has FOCUS)"
    )


@pytest.mark.parametrize(
    ("instrument", "problem"),
    [
        ("decam ", ""),
        (None, ""),
        ("MegaPrime", "it is from another camera: INSTRUME is 'MegaPrime', not DECam"),
        (5, "it is from another camera: INSTRUME is '5', not DECam"),
    ],
)
def test_a_file_of_another_camera_is_refused(
    tmp_path: Path, instrument: object, problem: str
) -> None:
    def change(hdus: Any) -> None:
        for hdu in hdus:
            hdu.header.pop("INSTRUME", None)
            if instrument is not None:
                hdu.header["INSTRUME"] = instrument

    assert Parser(DECAM.parse, DecamHeaders())(raw(tmp_path, change)).problem == problem


def test_a_default_stands_for_a_keyword_that_is_absent(tmp_path: Path) -> None:
    parser = Parser(
        ParseConfig(
            translation={"visit": "RUN", "object": "OBJECT"}, defaults={"object": "unknown"}
        )
    )
    assert parser(one(tmp_path, RUN=7)).rows == ({"visit": 7, "object": "unknown"},)


def test_a_file_of_one_image_is_one_row(tmp_path: Path) -> None:
    parser = Parser(
        ParseConfig(translation={"visit": "RUN"}, translators={"filter": "translate_filter"})
    )
    parsed = parser(one(tmp_path, RUN=7, FILTER=" V Johnson"))
    assert parsed.rows == (parsed.info,) == ({"visit": 7, "filter": "V"},)


class Unspeakable(Exception):
    """An error whose text cannot be had."""

    __str__ = None  # type: ignore[assignment]


def test_a_translator_whose_error_has_no_text_fails_its_file_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(header: Any) -> None:
        raise Unspeakable

    parser = Parser(ParseConfig(translation={"visit": "RUN"}))
    monkeypatch.setitem(parser._functions, "filter", fail)
    assert parser(one(tmp_path, RUN=7)).problem == (
        "filter: its translator failed: Unspeakable: its text is not available: TypeError"
    )


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda header: header["NIGHT"], "night=True is not an integer (from NIGHT=True)"),
        (lambda header: header["KIND"] == "night", ""),
    ],
)
def test_a_headers_t_is_no_number_but_what_a_function_says_is(
    tmp_path: Path, function: Any, problem: str
) -> None:
    parser = Parser(ParseConfig(), checks=Checks({"night": int}))
    parser._functions["night"] = function
    parsed = parser(one(tmp_path, NIGHT=True, KIND="night"))
    assert parsed.problem == problem
    assert parsed.info == ({} if problem else {"night": 1})


def test_another_hdu_can_describe_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.fits"
    second = fits.ImageHDU(header=fits.Header([("RUN", 9)]))
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(), second]).writeto(path)
    assert Parser(ParseConfig(translation={"visit": "RUN"}, hdu=2))(str(path)).info == {"visit": 9}
    assert (
        "has no HDU 5"
        in Parser(ParseConfig(translation={"visit": "RUN"}, hdu=5))(str(path)).problem
    )


def test_gzip_is_known_whatever_the_file_is_called(raws: list[str], tmp_path: Path) -> None:
    path = tmp_path / "called.fits"
    with open(raws[0], "rb") as source, gzip.open(path, "wb", compresslevel=1) as target:
        shutil.copyfileobj(source, target)
    assert Parser(DECAM.parse)(str(path)).rows == Parser(DECAM.parse)(raws[0]).rows


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a FITS file: it is empty"),
        (b"GIF89a" * 1000, "is not a FITS file"),
        (b"\x1f\x8b" + b"x" * 99, "gzip data are damaged"),
    ],
)
def test_a_file_of_another_kind_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.fits"
    path.write_bytes(content)
    problem = Parser(DECAM.parse)(str(path)).problem
    assert message in problem
    assert str(path) not in problem  # the report has it


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9])
def test_a_truncated_file_is_told(raws: list[str], tmp_path: Path, share: float) -> None:
    content = Path(raws[0]).read_bytes()
    path = tmp_path / "x.fits"
    path.write_bytes(content[: int(len(content) * share)])
    assert "is truncated" in Parser(DECAM.parse)(str(path)).problem


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert Parser(DECAM.parse)(str(tmp_path / "x.fits")).problem == "No such file or directory"


def test_a_column_that_nothing_tells_is_named(raws: list[str]) -> None:
    row = Parser(DECAM.parse)(raws[0]).rows[0]
    with pytest.raises(FormatterError, match="the header lacks instcal, dqmask, wtmap"):
        stored(row, DECAM)


def test_all_keywords_that_are_missing_or_have_no_value_are_named_at_once(tmp_path: Path) -> None:
    def change(hdus: Any) -> None:
        for keyword in ("EXPNUM", "PROPID", "DATE-OBS"):
            del hdus[0].header[keyword]
        hdus[0].header["OBJECT"] = fits.card.UNDEFINED
        hdus[0].header["FILTER"] = fits.card.UNDEFINED

    assert Parser(DECAM.parse)(raw(tmp_path, change)).problem == (
        "the header has no EXPNUM (for visit), PROPID (for proposal), DATE-OBS (for date, taiObs); "
        "the header has no value in OBJECT (for object), FILTER (for filter)"
    )


def test_what_is_wrong_in_some_extensions_names_them(tmp_path: Path) -> None:
    def change(hdus: Any) -> None:
        del hdus[2].header["CCDNUM"]

    assert Parser(DECAM.parse)(raw(tmp_path, change)).problem == (
        "the header has no CCDNUM (for ccdnum, ccd), in HDU 2"
    )


def test_a_translator_does_not_see_cards_without_a_value(tmp_path: Path) -> None:
    cards = {"RUN": 7, "NONE": fits.card.UNDEFINED}
    parser = Parser(ParseConfig(translation={"visit": "RUN"}))
    seen: list[Any] = []

    def look(header: Any) -> None:
        seen.extend(["NONE" in header, header.get("NONE", "absent"), "NONE" in list(header)])
        assert len(header) == len(list(header))

    parser._functions["look"] = look
    assert parser(one(tmp_path, **cards)).problem == ""
    assert seen == [False, "absent", False]


def test_an_extensions_card_without_a_value_leaves_the_primary_ones(tmp_path: Path) -> None:
    def change(hdus: Any) -> None:
        hdus[1].header["OBJECT"] = fits.card.UNDEFINED

    assert Parser(DECAM.parse)(raw(tmp_path, change)).rows[0]["object"] == "Invented field 477"


def test_a_parser_can_be_sent_to_another_process(raws: list[str]) -> None:
    copy = pickle.loads(pickle.dumps(Parser(DECAM.parse)))
    assert copy(raws[0]) == Parser(DECAM.parse)(raws[0])


@pytest.mark.parametrize(
    ("cards", "begin"),
    [
        ({"DATE-OBS": "2022-10-05T06:53:26.357"}, "2022-10-05T06:53:26.357"),
        ({"DATE-OBS": "2022-10-05T06:53:26.357", "TIMESYS": "UTC"}, "2022-10-05T06:53:26.357"),
        # as it stands
        ({"DATE-OBS": "2022-10-05 06:53"}, "2022-10-05 06:53"),
        ({"DATE-OBS": "20221005"}, "2022-10-05"),
        ({"DATE-OBS": "2013-11-02", "UT-STR": "06:15:55.908"}, "2013-11-02T06:15:55.908"),
        ({"DATE-OBS": "2013-11-02", "TIME-OBS": "6:15:55"}, "2013-11-02T06:15:55"),
        ({"DATE-OBS": "2013-11-02", "TIME-OBS": "unknown"}, "2013-11-02"),
        ({"DATE-OBS": "2013-11-02", "TIMESYS": "TAI"}, "2013-11-02"),
        ({"DATE-OBS": "2013-11-02", "TIMESYS": "LOCAL"}, "2013-11-02"),
    ],
)
def test_a_registrys_time_is_that_of_date_obs_completed_by_other_cards(cards, begin):
    assert parse.translate_datetime(cards) == begin
    assert parse.translate_date(cards) == begin[:10]


@pytest.mark.parametrize("timesys", ["TAI", "TT", "TDB", "TCB"])
@pytest.mark.parametrize(
    "written", ["2022-10-05T06:53:26.357", "2022-10-06T00:00:20", "2017-01-01T00:00:36.5"]
)
def test_a_registrys_time_is_in_utc_whatever_the_scale_of_the_header(timesys, written):
    cards = {"DATE-OBS": written, "TIMESYS": timesys}
    utc = Time(written, scale=timesys.lower()).utc
    found = Time(parse.translate_datetime(cards), scale="utc")
    assert abs((found - utc).sec) < 1e-5
    assert parse.translate_date(cards) == utc.isot[:10]


def test_of_what_afw_wrote_the_time_is_that_of_its_middle():
    cards = {"DATE-AVG": "2017-01-01T00:00:20.000000000", "TIMESYS": "TAI"}
    expected = Time(cards["DATE-AVG"], scale="tai").utc
    assert abs((Time(parse.translate_datetime(cards), scale="utc") - expected).sec) < 1e-5
    assert parse.translate_date(cards) == "2016-12-31"
    assert parse.translate_date({**cards, "DATE-OBS": "2016-12-30"}) == "2016-12-30"


def test_a_scale_that_is_not_known_is_refused():
    cards = {"DATE-OBS": "2022-10-05T06:53:26.357", "TIMESYS": "LOCAL"}
    with pytest.raises(
        FormatterError, match="is in the time scale 'local', which is not one of utc, "
    ):
        parse.translate_datetime(cards)
