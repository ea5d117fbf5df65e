"""Path templates: data ID -> path and back, for every template of DECam's policy and for odd ones."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from obs_decam.mapper import DecamMapper
from persistence.dataids.template import PathTemplate
from persistence.errors import DataIdError, IncompleteDataId, TemplateError
from persistence.policy import load

TYPES = load.load(DecamMapper.policyFile).types
# One name for each different template that has a field.
NAMED = {
    data.template.text: name for name, data in TYPES.items() if data.template and data.template.keys
}

LETTERS = "ab.-_,=%[]()*?{}\\ 0123456789fgrxXeE\n~é"
TEXT = st.text(LETTERS, min_size=1, max_size=6) | st.text(min_size=1, max_size=4)
VALUES = {str: TEXT, int: st.integers(-99, 10**9), float: st.floats(-1e6, 1e6)}
# See test_a_key_that_stands_in_a_path_twice_is_read_back_whatever_its_value.
TAME = VALUES | {str: TEXT.filter(lambda text: "-" not in text), int: st.integers(0, 10**9)}


def repeats(text):
    return any(text.count(f"%({key})") > 1 for key in PathTemplate(text).keys)


def ids_of(text):
    values = TAME if repeats(text) else VALUES
    return st.fixed_dictionaries(
        {key: values[kind] for key, kind in PathTemplate(text).keys.items()}
    )


def check_there_and_back(template, data_id):
    """Format and parse: the data ID, or an ambiguity of which it is one reading; never another data ID."""
    try:
        path = template.format(data_id)
    except DataIdError:
        return
    try:
        found = template.parse(path)
    except TemplateError:
        found = data_id if data_id in template.candidates(path) else "no reading at all"
    assert found == data_id


@pytest.mark.parametrize("text", NAMED, ids=NAMED.values())
def test_a_path_of_decams_gives_its_data_id_back_and_never_another(text):
    template = PathTemplate(text)

    @settings(max_examples=20, deadline=None, database=None)
    @given(ids_of(text))
    def check(data_id):
        check_there_and_back(template, data_id)

    check()


@pytest.mark.parametrize(
    "text",
    [
        "%(a)s",
        "%(a)s%(b)s",
        "%(a)d%(b)d",
        "%(a)s/%(b)s",
        "%(a)s-%(b)s",
        "%(a)d-%(b)d",
        "%(a)d_%(b)d",
        "%(a)dx%(b)d",
        "%(a)d.%(b)d/%(c)s",
        "%(a)+d_%(b)-6d_%(c) d",
        "%(a)x_%(b)#o_%(c)X",
        "%(a)04d/%(b)s/%(a)d",
        "%(a).3f",
        "%(a)e_%(b)g",
        "%(a)6s|%(b)-6s",
        "%(a).2s",
        "%(a)c%(b)03d",
        "100%%/%(a)s%%%(b)d",
        "%(a)s.fits[%(b)d]",
        "%(a)s/",
    ],
)
def test_a_path_of_any_template_gives_its_data_id_back_and_never_another(text):
    template = PathTemplate(text)
    values = VALUES | ({str: st.sampled_from("abc-_")} if "c" in text.partition(")")[2][:1] else {})

    @settings(max_examples=60, deadline=None, database=None)
    @given(st.fixed_dictionaries({key: values[kind] for key, kind in template.keys.items()}))
    def check(data_id):
        check_there_and_back(template, data_id)

    check()


@pytest.mark.parametrize(
    ("text", "data_id"),
    [
        (
            TYPES["deepCoadd_directWarp"].template.text,
            {"filter": "1-f2", "tract": 1, "patch": "0,0", "visit": 3},
        ),
        (TYPES["deepCoadd_calexp"].template.text, {"filter": "g-1", "tract": 2, "patch": "3-4"}),
        (TYPES["deepCoadd_mergeDet"].template.text, {"tract": 235, "patch": "f-g"}),
        ("%(a)s/%(b)s-%(a)s", {"a": "x-y", "b": "u"}),
    ],
    ids=["warp", "coadd", "merged", "two texts"],
)
def test_a_key_that_stands_in_a_path_twice_is_read_back_whatever_its_value(text, data_id):
    template = PathTemplate(text)
    path = template.format(data_id)
    assert list(template.candidates(path)) == [data_id]
    assert template.parse(path) == data_id


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(NAMED)), st.text(LETTERS + "/", max_size=40))
@example(
    "%(visit)07d/calexp/calexp-%(visit)07d_%(ccdnum)02d.fits",
    "0000001/calexp/calexp-0000002_01.fits",
)
def test_a_path_that_is_read_is_the_path_of_what_was_read(text, path):
    template = PathTemplate(text)
    found = template.parse(path)
    assert found is None or template.format(found) == path


def test_every_path_of_the_original_is_given_and_read_back(vectors):
    compared = 0
    for name, entry in vectors("decam")["datasets"].items():
        template, expected = TYPES[name].template, entry["path"]
        if "error" in expected:
            # what tasks write has a place where the original had none, so that they run at all
            is_written = name.endswith("_metadata") or name in ("apdb_marker", "visitSummary")
            assert template is None or is_written, name
            continue
        data_id = expected["dataId"]
        assert template.format(data_id) == expected["path"], name
        assert template.parse(expected["path"]) == {key: data_id[key] for key in template.keys}, (
            name
        )
        compared += 1
    assert compared > 200


def test_keys_and_their_order_are_the_originals(vectors):
    kinds = {"int": int, "str": str, "float": float}
    compared = 0
    for name, entry in vectors("decam")["datasets"].items():
        template = TYPES[name].template
        if template is not None and entry.get("template") == template.text and "keyOrder" in entry:
            assert list(TYPES[name].keys) == entry["keyOrder"], name
            assert TYPES[name].keys == {key: kinds[kind] for key, kind in entry["keys"].items()}, (
                name
            )
            compared += 1
    assert compared > 100


@pytest.mark.parametrize(
    ("text", "data_id", "path"),
    [
        ("%(visit)07d_%(ccdnum)02d.fits", {"visit": 42, "ccdnum": 7}, "0000042_07.fits"),
        ("%(visit)07d", {"visit": "42"}, "0000042"),
        ("%(visit)d", {"visit": 42.0}, "42"),
        ("%(filter)s", {"filter": 5}, "5"),
        ("%(a)x", {"a": 255}, "ff"),
        ("%(a).2f", {"a": 1.25}, "1.25"),
        ("100%%", {}, "100%"),
        ("%(a)s.fits[%(hdu)d]", {"a": "x", "hdu": 3}, "x.fits[3]"),
        ("plain/file.txt", {"unused": 1}, "plain/file.txt"),
        ("dir/%(a)s/", {"a": "x"}, "dir/x/"),
        ("%(a)s", {"a": "x/y"}, "x/y"),
        ("%(a)s", {"a": "..x"}, "..x"),
    ],
)
def test_a_data_id_gives_its_path(text, data_id, path):
    assert PathTemplate(text).format(data_id) == path


@pytest.mark.parametrize(
    ("text", "data_id", "path", "hdu"),
    [
        ("a/%(v)03d.fits.fz[%(hdu)d]", {"v": 7, "hdu": 5}, "a/007.fits.fz", 5),
        ("a/%(v)03d.fits[%(v)d]", {"v": 7}, "a/007.fits", 7),
        ("a/%(v)03d.fits[2]", {"v": 7}, "a/007.fits", 2),
        ("a/%(v)03d.fits", {"v": 7}, "a/007.fits", None),
    ],
)
def test_the_file_and_the_hdu_in_it_are_told_apart(text, data_id, path, hdu):
    assert PathTemplate(text).locate(data_id) == (path, hdu)


@pytest.mark.parametrize(
    "value",
    ["..", "../x", "x/..", "x/../../y", "/etc/passwd", "//", "x//y", "/x", "x/", "a\0b"],
    ids=repr,
)
@pytest.mark.parametrize(
    ("text", "show"),
    [
        ("%(a)s", PathTemplate.format),
        ("in/%(a)s/file", PathTemplate.format),
        ("in/%(a)s/file", PathTemplate.locate),
        ("%(a)s[%(hdu)d]", PathTemplate.locate),
    ],
)
def test_a_value_that_climbs_out_of_the_repository_is_refused(text, show, value):
    with pytest.raises(DataIdError, match="not inside the repository"):
        show(PathTemplate(text), {"a": value, "hdu": 1})


def test_half_a_character_is_told_as_no_name_of_a_file():
    with pytest.raises(DataIdError, match=r"\{'a': '\\ud800'\} would .* which cannot be a path"):
        PathTemplate("%(a)s.txt").format({"a": "\ud800"})
    assert PathTemplate("%(a)s.txt").format({"a": "ü\udc80"}) == "ü\udc80.txt"


@pytest.mark.parametrize(("text", "value"), [("%(a)s", ""), ("in/%(a)s", ""), ("%(a)s", "b/")])
def test_a_path_is_one_of_a_file(text, value):
    with pytest.raises(DataIdError, match="not inside the repository"):
        PathTemplate(text).format({"a": value})


def test_an_empty_value_does_not_merge_two_directories():
    with pytest.raises(DataIdError, match="not inside the repository"):
        PathTemplate("in/%(a)s/file").format({"a": ""})


@settings(max_examples=200, deadline=None)
@given(st.text("./ab\0", max_size=8), st.text("./ab\0", max_size=8))
def test_whatever_the_values_the_path_stays_inside(first, second):
    template = PathTemplate("%(a)s/x%(b)s/file")
    try:
        path = template.format({"a": first, "b": second})
    except DataIdError:
        return
    parts = path.split("/")
    assert parts[0] != ""
    assert not {"..", ""} & set(parts)


@pytest.mark.parametrize(
    ("text", "data_id"),
    [
        ("%(a).2f", {"a": 1.234}),
        ("%(a)e", {"a": 1.23456789012}),
        ("%(a)5s", {"a": "x"}),
        ("%(a).2s", {"a": "xyz"}),
        ("%(a)f", {"a": float("nan")}),
        pytest.param(
            "%(a)c",
            {"a": "xyz"},
        ),
    ],
)
def test_a_value_that_its_field_cannot_show_whole_is_refused(text, data_id):
    with pytest.raises(DataIdError, match=r"^a=.* cannot be read back from"):
        PathTemplate(text).format(data_id)


def test_a_padded_text_that_keeps_its_value_is_shown():
    assert PathTemplate("%(a)2s").format({"a": "xyz"}) == "xyz"


@pytest.mark.parametrize("show", [PathTemplate.format, PathTemplate.locate])
def test_every_missing_key_is_named(show):
    with pytest.raises(IncompleteDataId, match="needs  ccdnum, filter") as caught:
        show(PathTemplate("%(visit)d/%(ccdnum)d/%(filter)s.fits"), {"visit": 1})
    assert caught.value.dataId == {"visit": 1}


@pytest.mark.parametrize(("key", "value"), [("visit", "x"), ("visit", 1.5), ("visit", None)])
def test_a_value_of_another_type_is_refused(key, value):
    with pytest.raises(DataIdError, match="visit takes a value of type int"):
        PathTemplate("%(visit)d").format({key: value})


def test_formatting_does_not_change_the_data_id():
    data_id = {"visit": "7"}
    PathTemplate("%(visit)03d").format(data_id)
    assert data_id == {"visit": "7"}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("%(visit)07d.fits", "42.fits"),
        ("%(visit)07d.fits", "00000042.fits"),
        ("%(visit)d.fits", "042.fits"),
        ("%(visit)d.fits", "4_2.fits"),
        ("%(visit)d.fits", "x.fits"),
        ("%(visit)d.fits", "42.fits.gz"),
        ("%(visit)d.fits", "42xfits"),
        ("%(visit)d.fits", "a/42.fits"),
        ("%(v)d/%(v)03d", "7/008"),
        ("%(a)x", "FF"),
        ("%(a)s/b", "x/c"),
        ("plain", "other"),
    ],
)
def test_a_path_that_is_not_of_the_template_gives_nothing(text, path):
    assert PathTemplate(text).parse(path) is None


@pytest.mark.parametrize(
    ("text", "path", "readings"),
    [
        ("%(a)s%(b)d", "g12", [{"a": "g", "b": 12}, {"a": "g1", "b": 2}]),
        ("%(a)s-%(b)s", "x-y-z", [{"a": "x", "b": "y-z"}, {"a": "x-y", "b": "z"}]),
        ("%(a)s/%(b)s", "x/y/z", [{"a": "x", "b": "y/z"}, {"a": "x/y", "b": "z"}]),
    ],
)
def test_a_path_with_several_readings_is_refused_and_each_is_a_candidate(text, path, readings):
    template = PathTemplate(text)
    with pytest.raises(TemplateError, match="in several ways"):
        template.parse(path)
    assert list(template.candidates(path)) == readings


@pytest.mark.parametrize(
    "text",
    [
        "/absolute/%(a)s",
        "50%",
        "%(a)",
        "%(a)q",
        "%s",
        "%(a b)s",
        "%(a)*d",
        "x%(a)s%",
        "%(a)s/%(a)d",
        "%(a)d%(a).2f",
    ],
)
def test_a_template_that_cannot_be_parsed_is_refused_and_shown(text):
    with pytest.raises(TemplateError) as caught:
        PathTemplate(text)
    assert repr(text) in str(caught.value)


def test_templates_of_one_text_are_equal_and_survive_a_pickle():
    template = PathTemplate("%(visit)07d/%(ccdnum)02d.fits[%(hdu)d]")
    again = pickle.loads(pickle.dumps(template))
    assert again == template == PathTemplate(template.text)
    assert hash(again) == hash(template)
    assert template != PathTemplate("%(visit)07d")
    assert template != template.text
    assert again.parse("0000001/02.fits[3]") == {"visit": 1, "ccdnum": 2, "hdu": 3}
    assert repr(template) == f"PathTemplate({template.text!r})"


def test_the_parts_of_a_path_are_known_piece_by_piece():
    (literal,), (field, ending) = PathTemplate("dir/%(visit)07d.fits[%(hdu)d]").components
    assert (literal, ending) == ("dir", ".fits")
    assert (field.name, field.kind, field.printf) == ("visit", int, "%(visit)07d")
