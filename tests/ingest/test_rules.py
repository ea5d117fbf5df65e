"""Translators that a camera's file describes, against what real observatories say themselves."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml
from astropy.io import fits

from persistence.errors import FormatterError, PolicyError
from persistence.ingest import config, rules
from persistence.ingest.parse import STOCK, Parser, stored
from persistence.policy import load, schema


def rule(name: str, text: str) -> rules.Rule:
    return rules.make(name, yaml.safe_load(text), "camera.yaml:7")


# -- real headers
# ---------------------------------------------------------------------------------------------


def cards(path: Path) -> dict[str, Any]:
    """Read a header that is stored as YAML: by astropy, or as a list of cards."""
    text = path.read_text()
    if text.startswith("!<lsst"):
        return {card[0]: card[2] for card in yaml.safe_load(text.split("\n", 1)[1])}
    return dict(yaml.safe_load(text))


@pytest.mark.real
def test_the_night_is_that_which_the_observatory_says(real: Path) -> None:
    """DECam writes the local date of the night (DTCALDAT) beside the time in UTC."""
    night = rule("date", "{night: {longitude: -70.8}}")
    seen = 0
    for path in sorted((real / "decam_headers").glob("*.yaml")):
        header = cards(path)
        if "DTCALDAT" in header and "DATE-OBS" in header:
            assert night(header) == header["DTCALDAT"], path.name
            seen += 1
    assert seen >= 3


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")
def test_a_number_is_computed_as_gen2s_registry_has_it(real: Path) -> None:
    folder = real / "gen2_repos" / "latiss"
    header = dict(fits.getheader(next(folder.glob("raw/*/*.fits"))))
    with contextlib.closing(sqlite3.connect(folder / "registry.sqlite3")) as database, database:
        (stored,) = database.execute("SELECT visit, dayObs, seqNum FROM raw").fetchall()
    controller = "{key: OBSID, pattern: '^AT_(.)_', table: {O: 0, C: 1, P: 2}}"
    assert rule("controller", controller)(header) == 1
    number = rule("visit", "{compute: '({DAYOBS} + 10000000) * 100000 + {SEQNUM}'}")
    assert number(header) == stored[0]
    day = rule("dayObs", r"{key: DAYOBS, pattern: '(\d{4})(\d\d)(\d\d)', becomes: '\1-\2-\3'}")
    assert day(header) == stored[1] == rule("dayObs", "{night: {longitude: 0}}")(header)


@pytest.mark.real
def test_hsc_is_told_by_tables_and_patterns_alone(real: Path) -> None:
    """The numbers are those that astro_metadata_translator makes of the same header."""
    from astro_metadata_translator import ObservationInfo

    header = cards(real / "camera_headers" / "fitsheader-hsc.yaml")
    known = ObservationInfo(header)
    assert int(rule("visit", r"{key: EXP-ID, pattern: 'HSC[AE](\d{6})'}")(header)) == (
        known.exposure_id
    )
    assert rule("ccd", "[CCD, {key: DET-ID}]")(header) == known.detector_num
    begin = rule("date", "{key: DATE-OBS, time: UT-STR, night: {longitude: -155.476}}")
    assert begin(header) == "2013-11-01"  # the directory of its first file: Summit3/20131101


# -- rules
# ---------------------------------------------------------------------------------------------

HEADER = {"EXPNUM": "12", "FILTER1": "clear", "FILTER2": "V", "MJD-OBS": 60310.5, "LONG": 150.0}
RULES: dict[str, tuple[str, Any]] = {
    "a table": ("{key: FILTER2, table: {V: Bessell V}}", "Bessell V"),
    "the first that has one": ("[{key: NONE}, FILTER2]", "V"),
    "the first that fits": (
        "[{key: FILTER1, table: {V: 1}}, {key: FILTER2, table: {V: 2}}]",
        2,
    ),
    "a default": ("{key: NONE, default: sky}", "sky"),
    "a value": ("{value: 0}", 0),
    "a whole number": ("{key: EXPNUM, scale: 10, offset: 1}", 121),
    "a file's name": (r"{path: true, pattern: 'image(\d+)'}", "17"),
    "noon at Greenwich is in the next night": ("{key: MJD-OBS, night: {}}", "2024-01-01"),
    "and the forenoon in the last one": ("{key: MJD-OBS, night: {longitude: -1}}", "2023-12-31"),
    "the longitude of a card": ("{key: MJD-OBS, night: {longitude: LONG}}", "2024-01-01"),
    "a date that changes at midnight": ("{key: MJD-OBS, night: {hour: 0}}", "2024-01-01"),
}


@pytest.mark.parametrize("case", RULES)
def test_a_rule_makes_a_property(case: str) -> None:
    text, expected = RULES[case]
    value = rule("p", text)(HEADER, "night/image17.fits")
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{key: FILTER2, table: {B: b}}", r"^camera.yaml:7: FILTER2='V' is not in the table \(B\)"),
        ("{key: EXPNUM, pattern: '^x'}", r"^camera.yaml:7: EXPNUM='12' does not match the pattern"),
        ("{key: FILTER2, scale: 2}", "^camera.yaml:7: FILTER2='V' is not a number"),
        ("{key: FILTER2, night: {}}", "^camera.yaml:7: 'V' is not a date with a time of day"),
        ("{key: DAY, night: {}}", "^camera.yaml:7: DAY='2024-02-01' is a date without a time"),
        (
            "{key: MJD-OBS, night: {longitude: FILTER2}}",
            "FILTER2='V' is not a longitude in degrees",
        ),
    ],
)
def test_what_a_rule_cannot_take_is_told_with_file_line_keyword_and_value(
    text: str, message: str
) -> None:
    with pytest.raises(FormatterError, match=message):
        rule("p", text)({**HEADER, "DAY": "2024-02-01"})


def test_a_card_that_is_missing_is_named() -> None:
    for text in ("{key: NONE}", "[NONE, NEITHER]", "{compute: '{NONE} + 1'}"):
        with pytest.raises(KeyError, match="NONE"):
            rule("p", text)(HEADER)
    with pytest.raises(KeyError, match="LAT"):
        rule("p", "{key: MJD-OBS, night: {longitude: LAT}}")(HEADER)


# -- in files
# ---------------------------------------------------------------------------------------------


def parsed(folder: Path, ingest: str, **header: Any) -> Any:
    (folder / "camera.yaml").write_text(ingest)
    path = folder / "image.fits"
    fits.PrimaryHDU(header=fits.Header(header)).writeto(path, overwrite=True)
    return Parser(config.load(str(folder / "camera.yaml")).parse)(str(path))


FILE = r"""
ingest:
  parse:
    translators:
      visit: &name {key: FILENAME, pattern: '(?P<visit>\d+)-(?P<ccd>\d+)'}
      ccd: *name
      filter:
        key: FILT
        table: {V: Bessell V}
  register: {columns: {visit: int, ccd: int, filter: text}, unique: [visit, ccd], visit: [visit]}
"""


@pytest.mark.parametrize("alone", [False, True])
def test_a_file_says_how_and_errors_name_its_line(tmp_path: Path, alone: bool) -> None:
    text = FILE
    if alone:  # as those of a package are
        text = "\n" + FILE.split("\n", 2)[2].replace("\n  ", "\n").removeprefix("  ")
    assert parsed(tmp_path, text, FILENAME="n12-3.fits", FILT="V").rows == (
        {"visit": "12", "ccd": "3", "filter": "Bessell V"},
    )
    wrong = parsed(tmp_path, text, FILENAME="dark.fits", FILT="Q")
    line = 4 if alone else 5
    assert wrong.rows == ()
    for message in (
        f"camera.yaml:{line}: FILENAME='dark.fits' does not match the pattern ",
        f"camera.yaml:{line + 3}: FILT='Q' is not in the table (V) (for filter)",
    ):
        assert message in wrong.problem
    assert "the header has no FILT (" not in wrong.problem
    assert "FILT" in parsed(tmp_path, text, FILENAME="n12-3.fits").problem


def test_a_rule_goes_to_another_process_with_its_parser(tmp_path: Path) -> None:
    import pickle

    parsed(tmp_path, FILE, FILENAME="n1-2.fits", FILT="V")
    parser = pickle.loads(pickle.dumps(Parser(config.load(str(tmp_path / "camera.yaml")).parse)))
    assert parser(str(tmp_path / "image.fits")).rows[0]["ccd"] == "2"


def test_a_rule_can_be_given_on_the_command_line(tmp_path: Path) -> None:
    parsed(tmp_path, FILE, FILENAME="n1-2.fits", FILT="V")
    changed = config.override(
        config.load(str(tmp_path / "camera.yaml")),
        "parse.translators",
        "{'visit': {'key': 'FILENAME', 'slice': [1, 2]}}",
    )
    assert Parser(changed.parse)(str(tmp_path / "image.fits")).rows == ({"visit": "1"},)


REFUSED: dict[str, tuple[str, str]] = {
    "a name that is none": (
        "x: translate_dat",
        "translators.x: there is no translator 'translate_dat'; did you mean 'translate_date'",
    ),
    "nothing to look at": ("x: {table: {A: b}}", "translators.x needs one of key, value, compute"),
    "two things to look at": ("x: {key: A, value: 3}", "translators.x needs one of .* has key, value"),
    "a step that is none": ("x: {key: A, tabel: {}}", "x has no key 'tabel'; did you mean 'table'"),
    "no regular expression": ("x: {key: A, pattern: '('}", "is not a regular expression"),
    "a group that the pattern lacks": (
        r"x: {key: A, pattern: '(\d)', becomes: '\2'}",
        "x.becomes: invalid group reference 2",
    ),
    "a group of no pattern": (r"x: {key: A, becomes: '\1'}", "x.becomes needs a pattern"),
    "a slice of three": ("x: {key: A, slice: [1, 2, 3]}", "x.slice is a list of the first"),
    "code": ("x: {compute: 'open({A})'}", r"x.compute: .*numbers, \{KEYWORD\} and"),
    "a table of lists": ("x: {key: A, table: {A: [1]}}", "x.table.A has to be text or a number"),
    "an hour that is none": ("x: {night: {hour: noon}}", "x.night.hour has to be a number"),
    "a list of numbers": ("x: [3]", "translators.x has to be text, not 3"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("alone", [False, True])
def test_what_no_rule_can_be_is_refused_when_it_is_loaded(
    tmp_path: Path, case: str, alone: bool
) -> None:
    text, message = REFUSED[case]
    path = tmp_path / "camera.yaml"
    head = "parse:\n" if alone else "ingest:\n parse:\n"
    path.write_text(f"{head}  translators:\n   {text}\n")
    with pytest.raises(PolicyError, match=rf"camera.yaml:{3 if alone else 4}: .*{message}"):
        config.load(str(path)) if alone else load.load(str(path))


def test_the_names_that_a_file_may_say_are_those_of_functions() -> None:
    assert {*schema.FUNCTIONS} == {*STOCK, "filter_name", "translate_begin"}


def test_the_filter_and_the_detector_of_headers_may_be_described(tmp_path: Path) -> None:
    from persistence.cameras.yaml_camera import mapper_class

    path = tmp_path / "camera.yaml"
    path.write_text(
        "filters: [{physical: Bessell V, name: V}]\n"
        "detectors: {key: ccd, names: {7: seven}}\n"
        "headers:\n"
        "  filter: [{key: WHEEL1, table: {'3': Bessell V}}, WHEEL2]\n"
        "  detector: {key: EXTNAME, pattern: 'chip(\\d)'}\n"
        "  visit: {exposure_id: {compute: '{NIGHT} * 100 + {SEQ}'}, rotation_type: {key: ROT, table: {S: SKY}}}\n"
        "ingest: {parse: {translators: {filter: filter_name}}, register: {columns: {filter: text}, unique: [], visit: []}}\n"
    )
    mapper = mapper_class(str(path))()
    translator = mapper.translator
    header = {"WHEEL1": 3, "EXTNAME": "chip7", "NIGHT": 12, "SEQ": 5, "ROT": "S", "ROTPA": 1.0}
    assert translator.filter(header, {}).name == "V"
    assert translator.filter({"WHEEL2": "V"}, {}).name == "V"
    assert translator.detector(header).name == "seven"
    assert translator.visit_info(header).exposure_id == 1205
    parser = Parser(config.load(str(path)).parse, translator)
    assert parser.filter_name(header) == "V"
    with pytest.raises(
        FormatterError, match=re.escape("camera.yaml:4: WHEEL1=4 is not in the table (3)")
    ):
        parser.filter_name({"WHEEL1": 4})
    with pytest.raises(KeyError, match="WHEEL1, WHEEL2"):
        parser.filter_name({})


# -- texts
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "header", "path", "value"),
    [
        ("{text: '{FILTER}~{GRATING}'}", {"FILTER": " g ", "GRATING": "holo"}, "", "g~holo"),
        ("{text: '{DAY}-{N}', pattern: '-(.*)'}", {"DAY": "x", "N": 5}, "", "5"),
        ("[{text: '{A}~{B}'}, {text: '{A}~none'}]", {"A": "g"}, "", "g~none"),
        (r"{key: A, replace: {'\W': _, '_+': _}, case: upper}", {"A": "my  field"}, "", "MY_FIELD"),
        (r"{key: A, replace: {'(.)-(.)': '\2\1'}}", {"A": "a-b"}, "", "ba"),
        ("{key: A, case: lower, table: {t: 1}}", {"A": "T"}, "", 1),
        (r"{path: whole, pattern: '(\d+)/corr/'}", {}, "data/6377/40/corr/4/a.fits", "40"),
        (r"{path: true, pattern: '([a-z]+)'}", {}, "data/x.fits", "x"),
    ],
)
def test_texts_are_joined_and_changed(
    text: str, header: dict[str, Any], path: str, value: Any
) -> None:
    assert rule("a", text)(header, path) == value


def test_a_text_of_a_card_that_is_not_there_names_it() -> None:
    with pytest.raises(KeyError, match="'A'"):
        rule("a", "{text: '{A}~{B}'}")({"B": 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{key: A, case: title}", "case has to be upper or lower, not 'title'"),
        ("{key: A, replace: {'(': x}}", r"replace: '\(': "),
        (r"{key: A, replace: {a: '\1'}}", "replace: 'a': "),
        ("{path: all}", "path has to be true or false or whole, not 'all'"),
        (
            "{key: A, text: '{B}'}",
            "needs one of key, value, compute, text, path, but has key, text",
        ),
    ],
)
def test_a_text_that_cannot_be_made_is_refused_when_the_file_is_loaded(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(f"ingest: {{parse: {{translators: {{a: {text}}}}}}}\n")
    with pytest.raises(PolicyError, match=message):
        load.load(str(path))


def test_a_property_whose_default_is_null_need_not_be_there(tmp_path: Path) -> None:
    fits.PrimaryHDU(header=fits.Header({"A": 1})).writeto(tmp_path / "a.fits")
    parse = config.ParseConfig(
        translation={"a": "A", "b": "B"},
        translators={"c": rule("c", "{key: C}"), "d": rule("d", "{key: D}")},
        defaults={"b": None, "c": None, "d": 5},
    )
    parsed = Parser(parse)(str(tmp_path / "a.fits"))
    assert parsed.problem == ""
    (row,) = parsed.rows
    assert (row["a"], row.get("b"), row.get("c"), row["d"]) == (1, None, None, 5)
    columns = {"a": "int", "b": "int", "c": "text"}
    whole = config.IngestConfig(parse=parse, register=config.RegisterConfig(columns=columns))
    assert stored(row, whole) == {"a": 1, "b": None, "c": None}
