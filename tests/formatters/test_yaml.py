"""What is particular to YAML: plain data of all kinds, old tags of Python's, no tag that runs code."""

from __future__ import annotations

import collections
import datetime
import enum
import re
import time

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.dataids.dataid import DataId
from persistence.errors import FormatterError, UnsafeContent


@pytest.fixture
def disk(disk_of):
    """Return a folder of YAML files."""
    return disk_of("YamlStorage", None, ".yaml")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=20)
    | st.dates()
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.text("ab1 :-#é", max_size=5) | st.integers() | st.booleans(), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=TREES)
def test_plain_data_of_any_shape_come_back_as_they_were(disk, tree):
    assert repr(disk.there_and_back(tree, name="tree.yaml")) == repr(tree)


@pytest.mark.parametrize("text", ["\x85", "a\u2028b", "\u2029", "\ufeff", "\x7f"], ids=ascii)
def test_odd_characters_of_unicode_are_kept(disk, text):
    assert disk.there_and_back([text, {text: 1}]) == [text, {text: 1}]


@pytest.mark.parametrize(
    "key", ["b", "1", 1, 1.5, True, None, datetime.date(2014, 8, 18), (1, 2)], ids=repr
)
def test_keys_keep_their_type(disk, key):
    found = disk.there_and_back({key: "x"})
    assert found == {key: "x"}
    assert [type(one) for one in found] == [type(key)]


def test_the_order_of_keys_is_kept(disk):
    assert list(disk.there_and_back({"b": 1, "a": 2, "c": 3})) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("obj", "plain"),
    [
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("g"), "g"),
        (np.array(5), 5),
        (np.arange(3), [0, 1, 2]),
        (np.array([[1.5]]), [[1.5]]),
        (np.array(["a"]), ["a"]),
        ({"a": np.arange(2), "b": [np.float64(1)]}, {"a": [0, 1], "b": [1.0]}),
        (DataId(visit=np.int64(7)), {"visit": 7}),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (collections.defaultdict(list, a=[1]), {"a": [1]}),
        (type("Names", (list,), {})(["a"]), ["a"]),
        (type("Name", (str,), {})("a"), "a"),
    ],
    ids=repr,
)
def test_what_is_like_plain_data_is_written_as_such(disk, obj, plain):
    content = disk.bytes_of(obj)
    assert b"!!python" not in content
    found = disk.read(disk.put(content))
    assert type(found) is type(plain)
    assert found == plain


def test_the_file_is_written_for_people(disk):
    content = disk.bytes_of({"visit": 410877, "name": "é", "sizes": [1, 2]}).decode()
    assert content == "visit: 410877\nname: é\nsizes:\n- 1\n- 2\n"


@pytest.mark.parametrize(
    ("text", "obj"),
    [
        ("!!python/tuple [1, [2]]", (1, [2])),
        ("!!python/tuple\n- !!python/tuple [1]\n- 2", ((1,), 2)),
        ("!!python/unicode 'caf\xe9'", "caf\xe9"),
        ("!!python/str x", "x"),
        ("!!python/long 5", 5),
        ("!!python/int 5", 5),
        ("!!python/float 1.5", 1.5),
        ("!!python/bool yes", True),
        ("!!python/none ~", None),
        ("!!python/list [1]", [1]),
        ("!!python/dict {a: 1}", {"a": 1}),
        ("!!python/complex 1+2j", 1 + 2j),
        ("!!set {a, b}", {"a", "b"}),
        ("&x [1]", [1]),
        ("{a: &x {b: 1}, c: {<<: *x}}", {"a": {"b": 1}, "c": {"b": 1}}),
        ("", None),
    ],
)
def test_the_tags_of_pythons_plain_types_are_understood(disk, text, obj):
    found = disk.read(disk.put(text.encode()))
    assert type(found) is type(obj)
    assert found == obj


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {0}']",
        "!!python/object/apply:subprocess.check_output [['touch', '{0}']]",
        "!!python/object/new:os.system ['touch {0}']",
        "!!python/object/new:type {{args: [z, !!python/tuple [], {{extend: !!python/name:exec }}]}}",
        "!!python/object:collections.Counter {{}}",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
        "!!python/tuple [!!python/object/apply:os.system ['touch {0}']]",
        "!Mine x",
        "!<tag:yaml.org,2002:python/object/apply:os.system> ['touch {0}']",
    ],
)
@pytest.mark.parametrize("where", ["{}", "a: [1, {}]", "a: {{b: {}}}"])
def test_a_tag_that_would_run_code_is_refused_by_name_and_not_run(disk, tmp_path, tag, where):
    location = disk.put(where.format(tag.format(tmp_path / "hacked")).encode())
    with pytest.raises(UnsafeContent, match="nothing of it was run") as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)
    assert not (tmp_path / "hacked").exists()


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    "obj",
    [Colour.RED, open, type, iter([]), datetime.timedelta(1), {"a": [object()]}],
    ids=lambda obj: type(obj).__name__,
)
def test_what_is_no_plain_data_is_refused_and_leaves_no_tag_behind(disk, obj):
    with pytest.raises(FormatterError, match="thing: YamlStorage holds plain data"):
        disk.write(obj)


@pytest.mark.parametrize(
    "content",
    [b"? [a, b]\n: c\n", b"[1, 2}\n", b"a: *none\n", b"--- 1\n--- 2\n", b"a: \x00\n"],
    ids=["list as key", "brackets", "alias", "two documents", "control"],
)
def test_a_file_that_is_no_data_is_refused_by_name(disk, content):
    location = disk.put(content)
    with pytest.raises(FormatterError) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


def test_a_complex_number_that_is_none_is_refused_by_name(disk):
    with pytest.raises(FormatterError):
        disk.read(disk.put(b"!!python/complex abc\n"))


def test_a_list_as_key_is_damage_and_not_danger(disk):
    with pytest.raises(FormatterError) as caught:
        disk.read(disk.put(b"? [a, b]\n: c\n"))
    assert not isinstance(caught.value, UnsafeContent)


@pytest.mark.real
def test_real_headers_are_read_as_a_safe_loader_reads_them(real, disk):
    compared = 0
    for path in sorted((real / "decam_headers").glob("*.yaml")):
        content = path.read_bytes()
        if b"!!python" in content or b"!" in content.split(b"\n", 1)[0]:
            continue
        assert repr(disk.read(disk.put(content))) == repr(yaml.safe_load(content))
        compared += 1
    assert compared >= 1


_ALIKE = [(2**61 - 1) * number for number in range(1, 20_001)]
_DOUBLED = "a0: &a0 !!python/tuple [1, 1]\n" + "".join(
    f"a{n}: &a{n} !!python/tuple [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)
)


@pytest.mark.parametrize(
    "text",
    [
        f"{{{', '.join(f'{key}: 1' for key in _ALIKE)}}}",
        f"!!set {{{', '.join(map(str, _ALIKE))}}}",
        f"{_DOUBLED}b: {{? *a59 : 1}}",
        f"{_DOUBLED}b: !!set {{? *a59 }}",
    ],
    ids=["mapping", "set", "doubled", "doubled in a set"],
)
def test_keys_that_take_for_ever_are_refused_with_the_name_of_the_file(disk, text):
    location = disk.put(text.encode())
    before = time.process_time()
    with pytest.raises(FormatterError, match=re.escape(location.full_path)):
        disk.read(location)
    assert time.process_time() - before < 30  # years, or some seconds for each thousand


def test_many_keys_of_numbers_are_read(disk):
    assert len(disk.there_and_back(dict.fromkeys(range(5000), 1))) == 5000
