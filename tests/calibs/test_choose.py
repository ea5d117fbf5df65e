"""Which master calibration an exposure gets, and why not another."""

from __future__ import annotations

import os
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import (
    AmbiguousDataId,
    Butler,
    DataIdError,
    IncompleteDataId,
    MultipleResults,
    NoResults,
    RepositoryError,
    UnknownDatasetType,
    UnknownKey,
)
from persistence.errors import RegistryWarning

ID = {"visit": 410877, "ccdnum": 28}
Make = Callable[..., Path]


# -- which one
# ------------------------------------------------------------------------------------------


def test_a_calibration_is_chosen_by_the_night_of_the_exposure(
    calibrated: Butler, dated: Path
) -> None:
    bias = calibrated.get("bias", ID)
    assert (bias.image.shape, float(bias.image[0, 0]), bias.header["DATE-OBS"]) == (
        (4, 8),
        28.0,
        "2015-03-05",
    )
    assert (
        calibrated.getUri("bias", ID)
        == f"{os.path.realpath(dated)}/CALIB/BIAS/2015-03-05/BIAS-2015-03-05-28.fits"
    )


def test_the_filter_comes_from_the_exposure(calibrated: Butler) -> None:
    assert calibrated.get("flat", ID).header["DATE-OBS"] == "2015-03-03"
    assert calibrated.get("flat", visit=410878, ccdnum=28).header["DATE-OBS"] == "2015-03-04"
    assert calibrated.get("flat", ID, filter="r").header["DATE-OBS"] == "2015-03-04"


def test_the_detector_always_counts(calibrated: Butler) -> None:
    """Trap T23: the original took the date of any detector."""
    assert calibrated.get("bias", visit=410877, ccdnum=3).header["DATE-OBS"] == "2015-03-01"
    with pytest.raises(
        IncompleteDataId, match=r"needs  calibDate; no bias valid on 2015-03-02 has ccdnum=7"
    ):
        calibrated.get("bias", visit=410877, ccdnum=7)


def test_on_a_shared_day_the_later_one_counts(calibrated: Butler) -> None:
    assert calibrated.queryMetadata("defects", "calibDate", ID) == ["2015-03-02T00:00:00"]
    assert calibrated.queryMetadata("defects", "calibDate", date="2015-03-01", ccdnum=28) == [
        "1970-01-01T00:00:00"
    ]


@pytest.mark.parametrize(
    "time", ["2015-03-02", "2015-03-02T00:00:00", "2015-03-02T23:59:59.9", "20150302"]
)
def test_a_timestamp_counts_as_its_day(dated: Path, time: str, make_calibs: Make) -> None:
    make_calibs(
        dated / "CALIB",
        [("bias", "NONE", 28, "2015-03-01", "2015-02-01", "2015-03-02")],
        files=False,
    )
    butler = Butler(dated, calibRoot="CALIB")
    assert butler.queryMetadata("bias", "calibDate", date=time, ccdnum=28) == ["2015-03-01"]


@pytest.mark.parametrize("day", ["2015-01-31", "2015-03-03", "2015-03-03T00:00:00"])
def test_outside_of_its_window_none_is_chosen(dated: Path, day: str, make_calibs: Make) -> None:
    make_calibs(
        dated / "CALIB",
        [("bias", "NONE", 28, "2015-03-01", "2015-02-01", "2015-03-02")],
        files=False,
    )
    with pytest.raises(NoResults, match="no bias valid on"):
        Butler(dated, calibRoot="CALIB").get("bias", date=day, ccdnum=28)


def test_windows_that_meet_within_a_day_are_told_apart_by_the_exposures_time(
    dated: Path, make_calibs: Make
) -> None:
    noon = "2015-03-02T12:00:00"
    make_calibs(
        dated / "CALIB",
        [
            ("bias", "NONE", 28, "2015-02-01", "2015-01-01T00:00:00", noon),
            ("bias", "NONE", 28, "2015-04-01", noon, "2015-12-31T00:00:00"),
            # Compact dates are dates.
            ("bias", "NONE", 7, "2015-02-01", "20150101", "20150302T120000"),
            ("bias", "NONE", 7, "2015-04-01", "20150302T120000", "20151231"),
        ],
        files=True,
    )
    butler = Butler(dated, calibRoot="CALIB")
    for time, expected in (
        ("2015-03-02T06:53:26", "2015-02-01"),
        ("2015-03-02T18:00:00", "2015-04-01"),
        ("2015-03-02", "2015-04-01"),  # only the day is known: the later one has it
        ("2015-03-01", "2015-02-01"),
        ("20151231", "2015-04-01"),
    ):
        for chip in (28, 7):
            data_id = {"date": time, "ccdnum": chip}
            assert butler.queryMetadata("bias", "calibDate", data_id) == [expected]
            (chosen,) = butler.explain("bias", data_id).chosen
            assert chosen.row["calibDate"] == expected
    assert verdicts(butler, "bias", date="2015-03-02T13:00:00", ccdnum=28)[:2] == [
        "2015-02-01 ends at 12:00:00, before 2015-03-02T13:00:00",
        "2015-04-01 chosen",
    ]


@pytest.mark.parametrize("end", [None, "", "None", "soon"])
def test_a_window_that_is_no_date_is_told_where_another_is_chosen(
    dated: Path, make_calibs: Make, end: Any
) -> None:
    """NULL may mean for ever, or that nobody worked it out."""
    rows = [
        ("bias", "NONE", 28, "2015-01-01", "2010-01-01", "2037-12-31"),
        ("bias", "NONE", 28, "2015-03-01", "2015-03-01", end),
    ]
    make_calibs(dated / "CALIB", rows, files=False)
    butler = Butler(dated, calibRoot="CALIB")
    with pytest.warns(
        RegistryWarning, match=r"bias calibDate=2015-03-01 is not used, because its validity is"
    ) as caught:
        assert butler.queryMetadata("bias", "calibDate", ID) == ["2015-01-01"]
    assert [one.filename for one in caught] == [__file__]


def test_a_filter_answers_to_its_other_names(dated: Path, make_calibs: Make) -> None:
    physical = "g DECam SDSS c0001 4720.0 1520.0"
    make_calibs(
        dated / "CALIB", [("fringe", physical, 28, "2015-01-01", "2015-01-01", "2015-01-01")]
    )
    butler = Butler(dated, calibRoot="CALIB")
    assert butler.explain("fringe", ID).chosen[0].row["filter"] == physical
    assert butler.getUri("fringe", ID).endswith(
        f"/CALIB/FRINGE/2015-01-01/{physical}/FRINGE-2015-01-01-28.fits"
    )


def test_a_complete_data_id_asks_nothing(calibrated: Butler) -> None:
    assert (
        calibrated.get("bias", calibDate="2015-02-18", ccdnum=28).header["DATE-OBS"] == "2015-02-18"
    )


def test_the_registry_can_be_listed_and_asked(calibrated: Butler) -> None:
    found = calibrated.queryMetadata("bias", ["calibDate", "ccdnum"])
    assert sorted(found) == [("2015-02-18", 28), ("2015-03-01", 3), ("2015-03-05", 28)]
    assert calibrated.queryMetadata("bias", "calibDate", ID) == ["2015-03-05"]
    assert calibrated.queryMetadata("flat", "filter", ccdnum=28) == ["g", "r"]
    with pytest.raises(
        UnknownKey,
        match=r"'calibdate' is not a column of .*calibRegistry.*; did you mean 'calibDate'",
    ):
        calibrated.queryMetadata("bias", "calibdate")


THIRD = """
exposures: {raw: {template: 'raw/%(expId)s.fits', python: lsst.afw.image.ExposureF, tables: raw}}
calibrations:
  bias: {template: 'bias/%(calibDate)s.fits', python: lsst.afw.image.ExposureF, tables: bias, reference: raw,
         refCols: [expId], columns: [dateObs], validRange: true, obsTimeName: dateObs}
datasets: {}
"""


def test_a_key_of_the_exposure_that_a_calibration_lacks_may_be_a_text(tmp_path: Path) -> None:
    """The framework's spectractorOutputRoot has ``expId`` as a number."""
    (tmp_path / "camera.yaml").write_text(THIRD)
    for name, rows in (
        ("registry", ["raw (expId text, dateObs text)", "raw VALUES ('00123', '2022-01-02T03:04:05')"]),
        ("calibRegistry", ["bias (calibDate text, validStart text, validEnd text)",
                           "bias VALUES ('2022-01-01', '2021-12-01', '2022-02-01')"]),
    ):  # fmt: skip
        with sqlite3.connect(tmp_path / f"{name}.sqlite3") as registry:
            registry.execute(f"CREATE TABLE {rows[0]}")
            registry.execute(f"INSERT INTO {rows[1]}")
        registry.close()
    (tmp_path / "bias").mkdir()
    fits.PrimaryHDU(np.zeros((2, 3), np.float32)).writeto(tmp_path / "bias" / "2022-01-01.fits")
    butler = Butler(tmp_path, mapper=str(tmp_path / "camera.yaml"))
    (reference,) = butler.subset("raw")
    assert dict(reference.dataId) == {"expId": "00123"}
    assert reference.get("bias").image.shape == (2, 3)


# -- where
# ----------------------------------------------------------------------------------------------


def test_types_may_come_from_roots_of_their_own(
    dated: Path, tmp_path: Path, make_calibs: Make
) -> None:
    make_calibs(tmp_path / "A", [("bias", "NONE", 28, "2011-01-01", "2000-01-01", "2030-01-01")])
    make_calibs(tmp_path / "B", [("flat", "g", 28, "2012-01-01", "2000-01-01", "2030-01-01")])
    butler = Butler(dated, calibs={"bias": str(tmp_path / "A"), "flat": str(tmp_path / "B")})
    assert butler.get("bias", ID).header["DATE-OBS"] == "2011-01-01"
    assert butler.get("flat", ID).header["DATE-OBS"] == "2012-01-01"
    butler = Butler(inputs=str(dated), calibs={"bias": str(tmp_path / "B")})
    with pytest.raises(NoResults, match="no bias valid on 2015-03-02"):
        butler.get("bias", ID)


@pytest.mark.parametrize("told", [True, False])
def test_a_rerun_has_the_calibrations_of_its_parent(
    dated: Path, told: bool, make_calibs: Make
) -> None:
    make_calibs(dated / "CALIB" if told else dated / "here")
    if not told:  # beside the data
        for path in (dated / "here").iterdir():
            path.rename(dated / path.name)
    arguments = {"root": str(dated), "mapperArgs": {"calibRoot": "CALIB"}} if told else str(dated)
    butler = Butler(inputs=arguments, outputs={"root": str(dated / "rerun" / "a"), "mode": "rw"})
    assert butler.get("bias", ID).header["DATE-OBS"] == "2015-03-05"
    butler.put(butler.get("bias", ID), "bias", calibDate="2015-03-05", ccdnum=28)
    assert os.path.exists(dated / "rerun/a/BIAS/2015-03-05/BIAS-2015-03-05-28.fits")


def test_a_calib_root_that_is_not_there_is_an_error(dated: Path) -> None:
    """Trap T11: the original looked in the data root instead."""
    with pytest.raises(RepositoryError, match=r"calibRoot: there is no directory .*/own/gone"):
        Butler(dated, calibRoot="gone")
    with pytest.raises(RepositoryError, match=r"calibs\['bias'\]: there is no directory /nowhere"):
        Butler(dated, calibs={"bias": "/nowhere"})


GIVEN = {
    "calibRoot": lambda place: Butler("own", calibRoot=place),
    "calibs": lambda place: Butler("own", calibs={"bias": place}),
    "calibs, inputs": lambda place: Butler(inputs="own", calibs={"bias": place}),
    "mapperArgs": lambda place: Butler(inputs={"root": "own", "mapperArgs": {"calibRoot": place}}),
}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("where", ["own/CALIB", "CALIB", "own/../CALIB"])
def test_calibrations_are_found_in_the_repository_or_the_current_directory(
    dated: Path, make_calibs: Make, monkeypatch: pytest.MonkeyPatch, given: str, where: str
) -> None:
    monkeypatch.chdir(dated.parent)
    folder = make_calibs(Path(where))
    expected = f"{os.path.realpath(folder)}/BIAS/2015-03-05/BIAS-2015-03-05-28.fits"
    for place in ("CALIB", where, folder, str(folder.resolve())):
        butler = GIVEN[given](place)
        assert os.path.realpath(butler.getUri("bias", ID)) == expected
        copy = pickle.dumps(butler)
        (dated.parent / "other").mkdir(exist_ok=True)
        monkeypatch.chdir(dated.parent / "other")
        assert os.path.realpath(pickle.loads(copy).getUri("bias", ID)) == expected
        monkeypatch.chdir(dated.parent)


@pytest.mark.parametrize("given", GIVEN)
def test_calibrations_that_are_nowhere_or_in_two_places_are_told_with_both(
    dated: Path, make_calibs: Make, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(dated.parent)
    inside, outside = dated.parent / "own" / "CALIB", dated.parent / "CALIB"
    name = "calibs\\['bias'\\]" if "calibs" in given else "calibRoot"
    with pytest.raises(
        RepositoryError, match=f"{name}: there is no directory {inside}, nor {outside}$"
    ):
        GIVEN[given]("CALIB")
    for folder in (inside, outside):
        folder.mkdir()
    with pytest.raises(RepositoryError, match=f"{name} 'CALIB' may be {inside} or {outside}: use"):
        GIVEN[given]("CALIB")
    with pytest.raises(RepositoryError, match=f"{name} has to be a path, not 5"):
        GIVEN[given](5)
    with pytest.raises(RepositoryError, match=r"calibs must map .* not 'CALIB'"):
        Butler("own", calibs="CALIB")  # type: ignore[arg-type]


def test_only_calibrations_may_come_from_elsewhere(dated: Path, tmp_path: Path) -> None:
    for name, hint in (("baias", "; did you mean 'bias'"), ("raw", "")):
        for told in ({"root": dated}, {"inputs": str(dated), "outputs": str(tmp_path / "new")}):
            with pytest.raises(
                UnknownDatasetType,
                match=f"calibs: DecamMapper has no calibration '{name}'{hint}",
            ):
                Butler(**told, calibs={name: str(tmp_path)})
    assert not (tmp_path / "new").exists()


def test_a_calibration_registry_may_have_another_name(dated: Path, make_calibs: Make) -> None:
    folder = make_calibs(dated / "CALIB")
    (folder / "calibRegistry.sqlite3").rename(folder / "mine.db")
    butler = Butler(dated, calibRoot="CALIB", calibRegistry="mine.db")
    assert butler.queryMetadata("bias", "calibDate", ID) == ["2015-03-05"]
    with pytest.raises(RepositoryError, match=r"calibRegistry: there is no file .*CALIB/other\.db"):
        Butler(dated, calibRoot="CALIB", calibRegistry="other.db")


def test_without_a_calibration_registry_the_error_says_how_to_name_one(dated: Path) -> None:
    with pytest.raises(
        IncompleteDataId,
        match=r"there is no calibRegistry\.sqlite3 in .*name the directory of calibrations with calibRoot=",
    ):
        Butler(dated).get("bias", ID)


# -- why
# ------------------------------------------------------------------------------------------------


def verdicts(calibrated: Butler, name: str, **data_id: Any) -> list[str]:
    return [
        f"{one.row['calibDate'][:10]} {'; '.join(one.reasons) or 'chosen'}"
        for one in calibrated.explain(name, data_id).candidates
    ]


def test_each_candidate_tells_what_rules_it_out_and_by_how_much(calibrated: Butler) -> None:
    assert verdicts(calibrated, "bias", visit=410877, ccdnum=28) == [
        "2015-03-05 chosen",
        "2015-02-18 ends 1 days before 2015-03-02",
        "2015-03-01 ccdnum 3 is not 28",
    ]
    assert verdicts(calibrated, "flat", visit=410877, ccdnum=28) == [
        "2015-03-03 chosen",
        "2015-03-04 filter r is not g",
    ]
    assert verdicts(calibrated, "defects", visit=410877, ccdnum=28) == [
        "1970-01-01 ends on 2015-03-02, when the next one begins",
        "2015-03-02 chosen",
    ]
    assert (
        verdicts(calibrated, "bias", date="2014-12-30", ccdnum=28)[0]
        == "2015-02-18 begins 2 days after 2014-12-30"
    )


def test_an_explanation_can_be_read(calibrated: Butler) -> None:
    assert str(calibrated.explain("flat", ID)) == (
        "flat for visit=410877 ccdnum=28 filter=g date=2015-03-02\n"
        "  wanted  ccdnum=28 filter=g on 2015-03-02\n"
        "  filter=g ccdnum=28 calibDate=2015-03-03 validStart=2015-01-01 validEnd=2015-12-31:  chosen\n"
        "  filter=r ccdnum=28 calibDate=2015-03-04 validStart=2015-01-01 validEnd=2015-12-31:  filter r is not g"
    )


def test_a_file_that_is_missing_is_told(calibrated: Butler, dated: Path) -> None:
    (dated / "CALIB/BIAS/2015-03-05/BIAS-2015-03-05-28.fits").unlink()
    (missing,) = [
        one
        for one in calibrated.explain("bias", ID).candidates
        if one.row["calibDate"] == "2015-03-05"
    ]
    assert missing.reasons == (
        f"file missing at {os.path.realpath(dated)}/CALIB/BIAS/2015-03-05/BIAS-2015-03-05-28.fits",
    )
    with pytest.raises(
        NoResults, match=r"looked for  BIAS/2015-03-05(.|\n)*nearest .*file missing at"
    ):
        calibrated.get("bias", ID)


def test_what_is_not_found_comes_with_the_nearest_candidates(calibrated: Butler) -> None:
    with pytest.raises(NoResults) as caught:
        calibrated.get("bias", visit=410877, ccdnum=7)
    assert sum("nearest " in line for line in str(caught.value).splitlines()) == 3
    with pytest.raises(
        NoResults, match=r"nearest  .*calibDate=2015-02-18 .*begins 93 days after 2014-09-30"
    ):
        calibrated.get("bias", date="2014-09-30", ccdnum=28)


def test_two_that_are_valid_are_told_apart(dated: Path, make_calibs: Make) -> None:
    rows = [("bias", "NONE", 28, f"2015-02-{day}", "2015-01-01", "2015-12-31") for day in (10, 11)]
    make_calibs(dated / "CALIB", rows)
    butler = Butler(dated, calibRoot="CALIB")
    with pytest.raises(
        MultipleResults,
        match=r"2 are valid on 2015-03-02: choose by calibDate=\n  row     calibDate=2015-02-10\n",
    ):
        butler.get("bias", ID)
    explanation = butler.explain("bias", ID)
    assert (len(explanation.chosen), explanation.problem) == (
        0,
        "2 are valid: choose by calibDate=",
    )


def test_validity_that_gen2_never_worked_out_matches_nothing_and_is_told(
    dated: Path, make_calibs: Make
) -> None:
    make_calibs(dated / "CALIB", [("bias", "NONE", 28, "2015-03-01", "None", "None")])
    butler = Butler(dated, calibRoot="CALIB")
    with pytest.raises(
        NoResults, match=r"its validity is None to None: it was never computed; ingest again"
    ):
        butler.get("bias", ID)


@pytest.mark.parametrize(
    ("data_id", "error", "message"),
    [
        (
            {"visit": 1, "ccdnum": 28},
            IncompleteDataId,
            "needs  date of visit=1, which is not in .*registry.sqlite3",
        ),
        ({"ccdnum": 28}, IncompleteDataId, "needs  date, the time of the exposure"),
        ({"ccdnum": 28, "date": "yesterday"}, DataIdError, "'yesterday' is not a date"),
        ({"visit": 410877}, NoResults, "2 are valid on 2015-03-02: choose by calibDate= ccdnum="),
    ],
)
def test_what_would_choose_and_is_missing_is_named(
    calibrated: Butler, data_id: Any, error: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        calibrated.get("bias", data_id)
    if "visit" not in data_id or data_id["visit"] == 1:
        assert calibrated.explain("bias", data_id).problem


@pytest.mark.parametrize(
    ("columns", "row", "name", "message"),
    [
        ("visit int, date text, filter text", (410877, None, "g"), "bias", "date of visit=410877: NULL in "),
        ("visit int, date text, filter text", (410877, "2015-03-02", None), "flat", "filter of visit=410877: NULL in "),
        ("visit int, date text", (410877, "2015-03-02"), "flat", "filter: no such column of raw_visit in "),
        ("visit int, filter text", (410877, "g"), "flat", "date: no such column of raw_visit in "),
    ],
)  # fmt: skip
def test_what_a_registry_does_not_know_of_an_exposure_is_told(
    dated: Path, make_calibs: Make, columns: str, row: Any, name: str, message: str
) -> None:
    """Without its filter, the only flat there is would be chosen, whatever its filter."""
    make_calibs(dated / "CALIB", [("flat", "r", 28, "2015-03-03", "2015-01-01", "2015-12-31")])
    with sqlite3.connect(dated / "registry.sqlite3") as registry:
        registry.execute("DROP TABLE raw_visit")
        registry.execute(f"CREATE TABLE raw_visit ({columns})")
        registry.execute(f"INSERT INTO raw_visit VALUES ({', '.join('?' * len(row))})", row)
    registry.close()
    with pytest.raises(IncompleteDataId, match=rf"needs  {message}.*own/registry\.sqlite3"):
        Butler(dated, calibRoot="CALIB").get(name, ID)


def test_what_a_calibration_registry_does_not_know_is_told(dated: Path, make_calibs: Make) -> None:
    make_calibs(
        dated / "CALIB", [("bias", "NONE", 28, None, "2015-01-01", "2015-12-31")], files=False
    )
    with pytest.raises(IncompleteDataId, match=r"needs  calibDate, which is NULL in .*calibRegi"):
        Butler(dated, calibRoot="CALIB").get("bias", ID)


def test_an_exposure_that_is_ambiguous_is_told(dated: Path, make_calibs: Make) -> None:
    make_calibs(dated / "CALIB")
    registry = sqlite3.connect(dated / "registry.sqlite3")
    registry.execute("DROP TABLE raw_visit")
    registry.execute("CREATE TABLE raw_visit (visit int, date text, filter text)")
    registry.executemany(
        "INSERT INTO raw_visit VALUES (410877, ?, 'g')", [("2015-03-02",), ("2015-03-03",)]
    )
    registry.commit()
    registry.close()
    with pytest.raises(
        AmbiguousDataId, match="2 exposures match visit=410877; they differ in date"
    ):
        Butler(dated, calibRoot="CALIB").get("bias", ID)


def test_only_calibrations_are_explained(calibrated: Butler, dated: Path) -> None:
    with pytest.raises(DataIdError, match="raw is not a calibration"):
        calibrated.explain("raw", ID)
    explanation = Butler(dated).explain("bias", ID)
    assert (explanation.candidates, "there is no calibRegistry" in str(explanation)) == ((), True)


# -- types without validity
# ----------------------------------------------------------------------------------------

FRINGES = [
    ("fringe", "g", 28, "2015-02-01", "2015-01-01", "2015-12-31"),
    ("fringe", "g", 28, "2015-03-01", "2015-01-01", "2015-12-31"),
    ("fringe", "g", 3, "2015-03-01", "2015-01-01", "2015-12-31"),
]
ID = {"visit": 410877, "ccdnum": 28}


@pytest.fixture
def fringes(dated: Path, make_calibs: Callable[..., Path]) -> Butler:
    """Return a Butler with fringes, which DECam chooses by no date."""
    make_calibs(dated / "CALIB", FRINGES)
    return Butler(dated, calibRoot="CALIB")


def test_of_two_without_validity_none_is_chosen_and_it_is_told_how(fringes: Butler) -> None:
    told = "2 match, and fringe has no validity: choose by calibDate="
    with pytest.raises(MultipleResults, match=told):
        fringes.get("fringe", ID)
    explanation = fringes.explain("fringe", ID)
    assert (explanation.chosen, explanation.rivals) == ((), 2)
    lines = str(explanation).splitlines()
    assert lines[2:] == [
        f"  problem  {told}",
        "  filter=g ccdnum=28 calibDate=2015-02-01 validStart=2015-01-01 validEnd=2015-12-31:  "
        "choose by calibDate=2015-02-01",
        "  filter=g ccdnum=28 calibDate=2015-03-01 validStart=2015-01-01 validEnd=2015-12-31:  "
        "choose by calibDate=2015-03-01",
        "  filter=g ccdnum=3 calibDate=2015-03-01 validStart=2015-01-01 validEnd=2015-12-31:  "
        "ccdnum 3 is not 28",
    ]
    assert fringes.get("fringe", ID, calibDate="2015-02-01").image[0, 0] == 28


def test_one_without_validity_is_chosen(fringes: Butler) -> None:
    (chosen,) = fringes.explain("fringe", visit=410877, ccdnum=3).chosen
    assert chosen.row["calibDate"] == "2015-03-01"
    assert fringes.get("fringe", visit=410877, ccdnum=3).image[0, 0] == 3
