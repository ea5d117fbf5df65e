"""The grammar of AST's dumps."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.types.wcs.astdump import Dump, parse

ZOOM = """ Begin ZoomMap \t# Zoom about the origin
    Nin = 2 \t# Number of input coordinates
#   Nout = 3
 IsA Mapping \t# Mapping between coordinate systems
    Ident = "a ""#"" here" \t# a name
    Zoom = 57.29577951308233
 End ZoomMap
"""


def test_values_are_read_without_comments_and_defaults() -> None:
    dump = parse(ZOOM)
    assert dump.name == "ZoomMap"
    assert dump.integer("Nin", 1) == 2
    assert dump.integer("Nout", 7) == 7
    assert dump.text("Ident") == 'a "#" here'
    assert dump.number("ZOOM", 1) == 57.29577951308233


def test_an_object_is_inside_another() -> None:
    dump = parse(
        f"Begin CmpMap\n Nin = 2\n MapA = \t# the first\n{ZOOM} MapB =\n{ZOOM}\nEnd CmpMap"
    )
    assert dump.inner("MapB").number("Zoom", 0) == dump.inner("mapa").number("Zoom", 1)
    with pytest.raises(FormatterError, match="CmpMap lacks its MapC"):
        dump.inner("MapC")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends inside nothing"),
        ("Begin A\n", "ends inside A"),
        ("Begin A\nX =\nBegin B\n", "ends inside B in A"),
        ("Begin A\nEnd B\n", "ends 'B' where 'A' was begun"),
        ("End A\n", "ends 'A' where 'nothing' was begun"),
        ("Begin A\nBegin B\n", "object without a name: 'Begin B'"),
        ("Begin A\nEnd A\nBegin A\nEnd A\n", "object without a name"),
        ("Begin A\nnonsense\nEnd A\n", "'nonsense'"),
        ('Begin A\nX = "open\nEnd A\n', "is invalid"),
        ("Begin A\n" + "X =\nBegin A\n" * 200, "nested"),
    ],
)
def test_what_is_no_whole_object_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatterError, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("value", "message"), [("two", "'two'"), ("1.5", "not an integer"), ("nan", "not an integer")]
)
def test_a_value_of_another_kind_is_refused_by_name(value: str, message: str) -> None:
    with pytest.raises(FormatterError, match=message):
        parse(f"Begin A\nNin = {value}\nEnd A\n").integer("Nin", 1)


names = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True).filter(
    lambda name: name not in ("begin", "end", "isa")
)
texts = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=9)
dumps = st.recursive(
    st.builds(Dump, names, st.dictionaries(names, texts, max_size=3)),
    lambda inner: st.builds(Dump, names, st.dictionaries(names, inner | texts, max_size=3)),
    max_leaves=6,
)


def written(dump: Dump) -> str:
    lines = [f"Begin {dump.name}"]
    for key, value in dump.values.items():
        quoted = "" if isinstance(value, Dump) else '"' + value.replace('"', '""') + '"'
        lines += [f"{key} = {quoted}", *([written(value)] if isinstance(value, Dump) else [])]
    return "\n".join([*lines, f"End {dump.name}"])


def flat(dump: Dump) -> object:
    return dump.name, {
        key: flat(each) if isinstance(each, Dump) else each for key, each in dump.values.items()
    }


@given(dumps)
def test_what_is_written_is_parsed(dump: Dump) -> None:
    assert flat(parse(written(dump))) == flat(dump)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["Begin A", "End A", "X =", "X = 1", "#", "IsA B"])).map("\n".join)
)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(FormatterError):
        assert isinstance(parse(text), Dump)
