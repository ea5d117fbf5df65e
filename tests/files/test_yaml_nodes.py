"""YAML as data: the values of a safe load, the line of everything, no tag that runs code."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.errors import PolicyError, PolicyWarning
from persistence.files import yaml_nodes


@pytest.fixture
def put(tmp_path: Path):
    """Return a function that writes a YAML file."""

    def write(text: str) -> str:
        path = tmp_path / "policy.yaml"
        path.write_bytes(text.encode())
        return str(path)

    return write


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("# nothing\n", {}),
        ("a: 1", {"a": 1}),
        ("a: '1'", {"a": "1"}),
        ("a: -1.5", {"a": -1.5}),
        ("a: .inf", {"a": float("inf")}),
        ("a: yes", {"a": True}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: null", {"a": None}),
        ("a: 2014-01-02", {"a": datetime.date(2014, 1, 2)}),
        ("a: calexp", {"a": "calexp"}),
        ("a: '%(visit)07d'", {"a": "%(visit)07d"}),
        ("a: [1, [b, ~]]", {"a": [1, ["b", None]]}),
        ("a: {b: {c: 1}}", {"a": {"b": {"c": 1}}}),
        ("a: !!str 5", {"a": "5"}),
        ("a: !!binary aGk=", {"a": b"hi"}),
        ("7: x", {"7": "x"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("'<<': 1", {"<<": 1}),
    ],
)
def test_a_file_is_read_as_plain_data(put, text, value):
    assert yaml_nodes.load(put(text)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x {b: 1, c: 1}\nd: {<<: *x, c: 2}", {"b": 1, "c": 2}),
        ("a: &x {b: 1, c: 1}\nd: {c: 2, <<: *x}", {"b": 1, "c": 2}),
        ("a: &x {b: 1}\ne: &y {b: 2, c: 2}\nd: {<<: [*x, *y]}", {"b": 1, "c": 2}),
        ("a: &x {b: 1}\ne: &y {<<: *x, c: 2}\nd: {<<: *y}", {"b": 1, "c": 2}),
    ],
)
def test_what_is_merged_in_loses_against_what_is_written_and_the_first_wins(put, text, value):
    path = put(text)
    assert yaml_nodes.load(path)["d"] == value == yaml.safe_load(text)["d"]


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.dates()
    | st.binary(max_size=20)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=st.dictionaries(st.text(), TREES, max_size=3))
def test_whatever_is_dumped_is_loaded_as_it_was(put, tree):
    assert yaml_nodes.load(put(yaml.safe_dump(tree))) == tree


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(word=st.text("0123456789-+.:_eEoxTyesnofalNtru~ <='\"*&[]", max_size=8))
def test_a_bare_word_means_what_it_means_to_pyyaml(put, word):
    text = f"a: {word}"
    try:
        # By the same parser: libyaml refuses "[0:]", which PyYAML's own reads.
        expected = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, KeyError, AttributeError):
        return
    if isinstance(expected, dict) and set(expected) == {"a"}:
        assert repr(yaml_nodes.load(put(text))) == repr(expected)


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/object/new:os.system ['touch {}']",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
        "!!python/object:builtins.object {{}}",
        "!!python/tuple [1]",
        "!Mine x",
        "!!set {{x}}",
    ],
)
def test_a_tag_that_would_run_code_is_refused_with_its_line_and_not_run(put, tmp_path, tag):
    path = put(f"a: 1\nb:\n  - {tag.format(tmp_path / 'hacked')}\n")
    with pytest.raises(
        PolicyError, match=r"policy\.yaml:3: tag .* is not plain data; nothing of it was run"
    ):
        yaml_nodes.load(path)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", r"policy\.yaml:1: expected a mapping \(key: value\)"),
        ("just words\n", r"policy\.yaml:1: expected a mapping .* not 'just words'"),
        ("a:\n  <<: 3\n", r"policy\.yaml:2: expected a mapping .* not '3'"),
        ("a: b: c\n", r"policy\.yaml: not YAML: .* line 1"),
        ("a: [1\n", r"policy\.yaml: not YAML"),
        ("a: *none\n", r"policy\.yaml: not YAML: found undefined alias"),
        ("--- {a: 1}\n--- {b: 1}\n", r"policy\.yaml: not YAML: expected a single document"),
        ("a: \x00\n", r"policy\.yaml: not YAML"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_file_and_line(put, text, message):
    with pytest.raises(PolicyError, match=message):
        yaml_nodes.load(put(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("? [a, b]\n: c\n", id="list as key"),
        pytest.param("a: 2013-13-45\n", id="no such date"),
        pytest.param("a: !!int xyz\n", id="no integer"),
        pytest.param("a: &x [*x]\n", id="list in itself"),
    ],
)
def test_a_value_that_cannot_be_made_is_refused_with_file_and_line(put, text):
    with pytest.raises(PolicyError, match=r"policy\.yaml:1"):
        yaml_nodes.load(put(text))


def test_bytes_that_are_no_text_are_refused_by_name(tmp_path):
    (tmp_path / "bad.yaml").write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(PolicyError, match=r"bad\.yaml: not YAML"):
        yaml_nodes.load(str(tmp_path / "bad.yaml"))


@pytest.mark.parametrize(
    ("name", "problem"), [("gone.yaml", "No such file"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_said_to_be_so(tmp_path, name, problem):
    with pytest.raises(PolicyError, match=problem) as caught:
        yaml_nodes.compose(str(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value)


def test_every_node_knows_its_line(put):
    path = put("a: 1\nb:\n  c: [x,\n      y]\n")
    top = yaml_nodes.items(yaml_nodes.compose(path))
    inner = yaml_nodes.items(top["b"])
    assert yaml_nodes.where(top["a"]) == f"{path}:1"
    assert yaml_nodes.where(inner["c"]) == f"{path}:3"
    assert yaml_nodes.where(inner["c"].value[1]) == f"{path}:4"


def test_an_empty_file_has_no_node_and_no_items(put):
    assert yaml_nodes.compose(put("")) is None
    assert yaml_nodes.items(None) == {}


# PyYAML has had a limit of its own since 6.0.4, which it meets first where its scanner reads ahead.
TOO_DEEP = "policy.yaml(:1: this is nested more than 100 deep|: not YAML: )"
NO_DATA = {
    "a list that holds itself": ("a: &x [*x]", "policy.yaml:1: this contains itself"),
    "a mapping that holds itself": ("a: 1\nb: &x {y: *x}", "policy.yaml:2: this contains itself"),
    "a mapping that is merged into itself": (
        "&x\n<<: *x\na: 1",
        "policy.yaml:1: this contains itself",
    ),
    "anchors that make much of little": (
        "x0: &x0 [a, a, a, a, a, a, a, a, a]\n"
        + "".join(f"x{n}: &x{n} [{', '.join(9 * [f'*x{n - 1}'])}]\n" for n in range(1, 9)),
        "policy.yaml:7: this contains more than 1000000 values",
    ),
    "lists in lists": (
        f"a: {200 * '['}{200 * ']'}",
        "policy.yaml:1: this is nested more than 100 deep",
    ),
    "anchors in anchors": (
        f"a: &a {60 * '['}1{60 * ']'}\nb: {60 * '['}*a{60 * ']'}",
        "policy.yaml:1: this is nested more than 100 deep",
    ),
    "lists in lists, near the end of Python's stack": (f"a: {2000 * '['}{2000 * ']'}", TOO_DEEP),
    "so many lists that a parser gives up": (f"a: {100000 * '['}{100000 * ']'}", TOO_DEEP),
    "so many blocks that a parser gives up": (f"{100000 * '- '}1", TOO_DEEP),
    "a list that says it is text": ("a: !!str [b]", "policy.yaml:1: !!str cannot be a sequence"),
    "a mapping that says it is a list": (
        "a: !!seq {b: c}",
        "policy.yaml:1: !!seq cannot be a mapping",
    ),
    "a text that says it is a mapping": ("a: !!map b", "policy.yaml:1: !!map cannot be a scalar"),
    "a number that is a list": ("a: !!int [1]", "policy.yaml:1: !!int cannot be a sequence"),
    "a date that is none": ("a: !!timestamp x", "policy.yaml:1: 'x' cannot be read"),
    "a list where a mapping belongs": (
        "- a\n- b",
        r"policy.yaml:1: expected a mapping \(key: value\), not a list",
    ),
}


@pytest.mark.parametrize("case", NO_DATA)
def test_what_is_no_data_is_refused_soon_and_with_its_line(put, case):
    text, message = NO_DATA[case]
    with pytest.raises(PolicyError, match=message):
        yaml_nodes.load(put(text))


def test_of_a_key_that_stands_there_twice_the_last_value_counts_with_a_warning(
    tmp_path: Path,
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("a: {b: 1,\n  b: 2}\n")
    with pytest.warns(PolicyWarning, match=r"policy\.yaml:2: key 'b' is repeated; the last"):
        assert yaml_nodes.load(str(path)) == {"a": {"b": 2}}
