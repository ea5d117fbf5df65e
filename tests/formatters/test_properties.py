"""Metadata in files: Gen2's YAML, and Boost text with what damage leaves of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.errors import FormatterError, UnsafeContent
from persistence.types.metadata.entry import DateTime
from persistence.types.metadata.property import PropertyList, PropertySet

PYTHON = "lsst.daf.base.PropertySet"


@pytest.fixture
def disk(disk_of):
    """Return a folder of metadata."""
    return disk_of("YamlStorage", PYTHON, ".yaml")


TEXT = """!<lsst.daf.base.PropertySet>
- - processCcd
  - PropertySet
  - !<lsst.daf.base.PropertySet>
    - [runStartUtc, String, '2018-09-17T18:53:01.708284']
    - [cpu, Double, [1.5, .nan]]
- - processCcd:isr
  - PropertySet
  - !<lsst.daf.base.PropertyList>
    - [OFFSET, Double, 1e5, 'in counts']
    - [when, DateTime, !<lsst.daf.base.DateTime> '2018-09-17T18:53:01.708284000', '']
    - [count, LongLong, 3, '']
    - [nothing, Undef, null, '']
    - [date, String, 2018-09-17, '']
"""


def test_gen2s_yaml_is_read_with_types_and_comments(disk):
    found = disk.read(disk.put(TEXT.encode()))
    assert type(found) is PropertySet
    assert found["processCcd.cpu"][0] == 1.5
    assert found["processCcd:isr.OFFSET"] == 1e5
    below = found["processCcd:isr"]
    assert type(below) is PropertyList
    assert below.comment("OFFSET") == "in counts"
    assert below["when"] == DateTime("2018-09-17T18:53:01.708284")
    assert below["date"] == "2018-09-17"
    assert {name: below.type_of(name) for name in below} == {
        "OFFSET": "Double", "when": "DateTime", "count": "LongLong", "nothing": "Undef", "date": "String",
    }  # fmt: skip


def test_gen2s_yaml_is_written(disk):
    found = PropertySet({"a": {"b": 1}, "c": ["x", "y"], "t": DateTime("2018-09-17T18:53:01")})
    assert disk.bytes_of(found).decode() == (
        "!<lsst.daf.base.PropertySet>\n"
        "- - a\n  - PropertySet\n  - !<lsst.daf.base.PropertySet>\n    - [b, Int, 1]\n"
        "- - c\n  - String\n  - [x, y]\n"
        "- - t\n  - DateTime\n  - !<lsst.daf.base.DateTime> '2018-09-17T18:53:01.000000000'\n"
    )
    listed = PropertyList()
    listed.set("EXPTIME", 90.0, "[s] time")
    assert disk.bytes_of(listed).decode() == (
        "!<lsst.daf.base.PropertyList>\n- [EXPTIME, Double, 90.0, '[s] time']\n"
    )


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_: -]{0,8}", fullmatch=True)
MOMENTS = st.datetimes().map(lambda when: DateTime(when.isoformat()))
ONE = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | MOMENTS
    | st.lists(st.integers(-(2**63), 2**63 - 1)) | st.lists(st.floats()) | st.lists(st.text())
)  # fmt: skip
TREES = st.recursive(
    st.dictionaries(NAMES, ONE, max_size=4),
    lambda inner: st.dictionaries(NAMES, ONE | inner, max_size=3),
    max_leaves=6,
)


def facts(found):
    """Return all that is in a set, in order, with NaN equal to itself."""
    return [(name, repr(found.entry(name))) for name in found.names(False)], type(found)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=TREES, comments=st.lists(st.text(), min_size=3, max_size=3))
def test_metadata_of_any_shape_come_back_as_they_were(disk, tree, comments):
    found = PropertySet(tree)
    assert facts(disk.there_and_back(found, name="m.yaml")) == facts(found)
    listed = PropertyList(tree)
    for name, comment in zip(list(listed), comments, strict=False):
        listed.set(name, listed[name], comment, listed.type_of(name))
    assert facts(disk.there_and_back(listed, name="m.yaml")) == facts(listed)


@pytest.mark.parametrize(
    "text", ["{a: 1, b: {c: [x, y]}}", "!<lsst.daf.base.PropertySet> {a: 1, b: {c: [x, y]}}"]
)
def test_a_plain_mapping_is_read_as_a_set(disk, text):
    found = disk.read(disk.put(text.encode()))
    assert (type(found), found) == (PropertySet, {"a": 1, "b": {"c": ["x", "y"]}})
    assert type(found["b"]) is PropertySet


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", 0),
        ("!lsst.daf.base.PropertyList [[a, Int, 1]]", 1),
        ("!<lsst.daf.base.PropertySet> [[a, Int, 1, x]]", 1),
    ]
    + [("!<lsst.daf.base.PropertyList> [[a, Int, 1, ''], [a, Int, 2, '']]", 1)],
)
def test_other_forms_are_borne(disk, text, size):
    assert len(disk.read(disk.put(text.encode()))) == size


@pytest.mark.parametrize(
    "text",
    [
        "!<lsst.daf.base.PropertySet> [[a, PropertySet, !!python/object/apply:os.system ['true']]]",
        "!!python/object:lsst.daf.base.PropertySet {}",
        "!<lsst.daf.base.Other> []",
    ],
)
def test_any_other_tag_is_refused(disk, text):
    with pytest.raises(UnsafeContent, match="nothing of it was run"):
        disk.read(disk.put(text.encode()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "holds a list, not metadata"),
        ("text", "holds a str, not metadata"),
        (
            "!<lsst.daf.base.PropertySet> [[a, Int]]",
            r"line 1: an item is \[name, type, value, comment\]",
        ),
        ("!<lsst.daf.base.PropertySet> [a]", "an item is"),
        ("!<lsst.daf.base.PropertySet> [[a, Strange, 1]]", "a has an unknown type, 'Strange'"),
        ("!<lsst.daf.base.PropertySet> [[a, Int, x]]", "'x' cannot be a Int"),
        ("!<lsst.daf.base.PropertySet> [[a, DateTime, soon]]", "is not a time of the form"),
        ("{a: [[1]]}", "cannot be the value of a property"),
    ],
)
def test_what_is_no_metadata_is_refused_by_name(disk, text, message):
    location = disk.put(text.encode())
    with pytest.raises(FormatterError, match=message) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


LAUGHS = "".join(f"a{n + 1}: &a{n + 1} {{l: *a{n}, r: *a{n}}}\n" for n in range(40))


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 {x: 1}\n" + LAUGHS,
        "a0: &a0 {a: *a0}\n",
        "!<lsst.daf.base.PropertySet>\n- [a, Int, &l0 [1, 1]]\n"
        + "".join(f"- [b, Int, &l{n + 1} [*l{n}, *l{n}]]\n" for n in range(40)),
    ],
    ids=["mappings", "itself", "lists"],
)
def test_what_anchors_make_endless_is_refused(disk, text):
    with pytest.raises(FormatterError, match="this contains"):
        disk.read(disk.put(text.encode()))


def test_anchors_of_bearable_size_are_followed(disk):
    assert disk.read(disk.put(b"a: &a {x: 1}\nb: *a\n")) == {"a": {"x": 1}, "b": {"x": 1}}


@pytest.mark.parametrize("obj", [5, [1], {"a": object()}, {"a": {1, 2}}])
def test_what_is_no_metadata_is_not_written(disk, obj):
    with pytest.raises(FormatterError, match="thing"):
        disk.write(obj)


# -- Boost
# ----------------------------------------------------------------------------------------------

HEADER = b"22 serialization::archive 14 0 0 1 0\n0 %d\n"
ITEMS = [
    b"5 isr.n 105 2 0 96 -96",
    b"4 flag 98 1 1",
    b"4 text 115 0 0 1 0 26 a text with 5 and 105 1 0 ",
    b"5 other 115 2 0 1 x 0 ",
    b"3 cpu 100 1 0 1.5e-3",
    b"3 big 120 1 0 1099511627776",
    b"10 isr:flat.y 102 1 0 nan",
]
VALUES = {
    "isr": {"n": [96, -96]}, "flag": True, "text": "a text with 5 and 105 1 0 ", "other": ["x", ""],
    "cpu": 1.5e-3, "big": 2**40,
}  # fmt: skip


def boost(*items, number=None):
    return HEADER % (number or len(items)) + b"\n".join(items) + b"\n"


@pytest.mark.parametrize("ending", [".yaml", ".boost"])
def test_boost_text_is_known_by_its_first_bytes(disk_of, ending):
    disk = disk_of("YamlStorage", PYTHON, ending)
    found = disk.read(disk.put(boost(*ITEMS[:6])))
    assert found == VALUES
    assert found.lost == ()
    assert [found.type_of(name) for name in ("isr.n", "flag", "cpu", "big")] == [
        "Int",
        "Bool",
        "Double",
        "LongLong",
    ]


@pytest.mark.parametrize(
    ("broken", "lost"),
    [
        (b"4 when 84 1 0 1234567890", "when"),
        (b"4 down 112 1 0 3 1 17 0 5", "down"),
        (b"4 miss 105 1 0 x", "miss"),
        (b"4 miss 105 99 0 1", "miss"),
        (b"4 miss 115 1 0 999 abc", "miss"),
        (b"4 miss 98 1 7", "miss"),
        (b"99 m", r"\?"),
        (b"\x00\xff\xfe", r"\?"),
        (b"4 miss 100 1 0 1.5 6 miss.b 100 1 0 1", "miss.b"),
    ],
)
def test_what_comes_after_damage_is_read_and_what_is_lost_is_named(disk, broken, lost):
    content = boost(*ITEMS[:3], broken, *ITEMS[3:6])
    with pytest.warns(UserWarning, match=f"could only be read in part; these are lost: .*({lost})"):
        found = disk.read(disk.put(content))
    assert {name: value for name, value in found.items() if name != "miss"} == VALUES
    assert found.lost


@pytest.mark.parametrize("cut", range(len(HEADER % 6) + 1, len(boost(*ITEMS[:6])) - 15, 7))
def test_a_truncated_archive_tells_how_many_are_lost(disk, cut):
    with pytest.warns(UserWarning, match="these are lost"):
        found = disk.read(disk.put(boost(*ITEMS[:6])[:cut]))
    assert found.lost
    for name, value in found.items():
        # of a number cut short, less is left
        assert value == VALUES[name] or name in ("big", "cpu")


def test_what_only_begins_like_an_archive_is_refused(disk):
    with pytest.raises(FormatterError, match="is not a Boost archive of metadata"):
        disk.read(disk.put(b"22 serialization::archive of something else"))


def test_a_hostile_count_costs_nothing(disk):
    with pytest.warns(UserWarning, match=f"{10**15 - 1} more"):
        found = disk.read(disk.put(boost(ITEMS[0], number=10**15)))
    assert found == {"isr": {"n": [96, -96]}}


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("fitsheader-decam.yaml", PropertyList, 280),
        ("fitsheader-decam-0160496.yaml", PropertyList, 227),
        ("fitsheader-decam-calexp-0412037_10.yaml", PropertyList, 329),
        ("fitsheader-decam-raw_dec050441_25.yaml", PropertySet, 279),
    ],
)
def test_real_headers_are_read_and_come_back(real, disk, name, kind, size):
    found = disk.read(disk.put((real / "decam_headers" / name).read_bytes()))
    assert (type(found), len(found)) == (kind, size)
    assert found["INSTRUME"] == "DECam"
    assert facts(disk.there_and_back(found)) == facts(found)
