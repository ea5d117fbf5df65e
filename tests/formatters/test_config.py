"""What is particular to configurations: assignments of literals are read, all else is refused and not run."""

from __future__ import annotations

import re

import pytest

from persistence.errors import FormatterError, UnsafeContent
from persistence.formatters.config import parse
from persistence.types.metadata.config import Config, Made

NAN = float("nan")


@pytest.fixture
def disk(disk_of):
    """Return a folder of configurations."""
    return disk_of("ConfigStorage", None, ".py")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# a comment\n\n", {}),
        ("config.a=1", {"a": 1}),
        ("root.a=1", {"a": 1}),
        ("config.a.b.c=1", {"a.b.c": 1}),
        ("config.a['x'].b=1", {"a['x'].b": 1}),
        ('config.a["x"].b=1', {"a['x'].b": 1}),
        ("config.a[3]=1", {"a[3]": 1}),
        ("config['a']=1", {"['a']": 1}),
        ("config.a=-1.5e-3", {"a": -1.5e-3}),
        ("config.a=None", {"a": None}),
        ("config.a=[1, 'x', (2,), {3: 4}, {5}]", {"a": [1, "x", (2,), {3: 4}, {5}]}),
        ("config.a=b'x'", {"a": b"x"}),
        ("config.a='two' ' parts'", {"a": "two parts"}),
        ("config.a='''two\nlines'''", {"a": "two\nlines"}),
        ("config.a=float('inf')", {"a": float("inf")}),
        ("config.a=float('-inf')", {"a": float("-inf")}),
        ("config.a=1+2j", {"a": 1 + 2j}),
        ("config.a=1\nconfig.a=2", {"a": 2}),
        ("import lsst.x\nfrom os import system\nconfig.a=1", {"a": 1}),
        ("config.a=1; config.b=2", {"a": 1, "b": 2}),
        ("config.a=[1.0, float('nan'), (float('-inf'),)]", {"a": [1.0, NAN, (float("-inf"),)]}),
        ("import m\nconfig.a={}\nconfig.a['k']=m.Step()", {"a": {}, "a['k']": Made("m.Step")}),
        ("config.a=Step()\nimport m\nconfig.a.b=1", {"a": Made("Step"), "a.b": 1}),
        ("import a.b as c, type_ as d\nconfig.a=1", {"a": 1}),
    ],
)
def test_assignments_of_literals_are_read(disk, text, values):
    assert repr(dict(disk.read(disk.put(text.encode())))) == repr(values)


def test_the_class_is_what_the_file_checks_for():
    for check in ("assert type(config)==a.b.C, 'no'", "assert type(root)==a.b.C"):
        assert parse(check).class_name == "a.b.C"


def test_a_retargeting_is_noted_and_not_done():
    found = parse(
        "import a\nconfig.isr.retarget(target=a.IsrTask, ConfigClass=a.IsrConfig)\nconfig.isr.x=1"
    )
    assert found.notes == {"isr": "retarget(target=a.IsrTask, ConfigClass=a.IsrConfig)"}
    assert dict(found) == {"isr.x": 1}


@pytest.mark.parametrize(
    "statement",
    [
        "__import__('os').system('touch {}')",
        "config.a=__import__('os').system('touch {}')",
        "config.a=[__import__('os').system('touch {}')]",
        "config.a={{'b': open('{}', 'w')}}",
        'config.a=f\'{{open("{}", "w")}}\'',
        "config.a=open('{}', 'w')",
        "open('{}', 'w')",
        "exec('import os')",
        "config.load('{}')",
        "config.a.retarget('positional')",
        "config.a=os.environ",
        "config.a=b",
        "config.a=lambda: 1",
        "config.a=[x for x in (1,)]",
        "config.a=1 if True else 2",
        "config.a=2**1000",
        "config.a='a' * 5",
        "config.a=float(open('{}', 'w'))",
        "config.a=float('abc')",
        "config.a=int('5')",
        "config.a: int=1",
        "config.a+=1",
        "config.a=config.b=1",
        "config.a, config.b=1, 2",
        "del config.a",
        "a=1",
        "other.a=1",
        "config=1",
        "config.f().a=1",
        "config.a=exit()",
        "config.a=os.abort()",
        "config.a=m.Step(1)",
        "config.a=m.Step(x=1)",
        "config.a=m.Step().b",
        "config.a=m.Step()()",
        "config.a=[m.Step()]",
        "config.a=float('1', x=2)",
        "import m as config",
        "import float",
        "from m import *",
        "from m import thing as type",
        "for x in (1,): config.a=x",
        "if True: config.a=1",
        "while False: pass",
        "def f(): pass",
        "class C: pass",
        "with open('{}', 'w') as f: pass",
        "try: pass\nfinally: pass",
        "assert open('{}', 'w')",
        "assert isinstance(config, object)",
        "pass",
        "raise SystemExit",
        "global config",
        "async def f(): pass",
        "match 1:\n case 1: pass",
    ],
)
def test_anything_else_is_refused_with_file_and_line_and_not_run(disk, tmp_path, statement):
    text = (
        statement.format(tmp_path / "hacked")
        if "{}" in statement
        else statement.replace("{{", "{").replace("}}", "}")
    )
    location = disk.put(f"config.x=1\n# line 2\n{text}\n".encode())
    with pytest.raises(
        UnsafeContent, match="is not an assignment of a literal; nothing was run"
    ) as caught:
        disk.read(location)
    assert f"{location.full_path}:3: " in str(caught.value)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "config.a[open('x', 'w')]=1",
        "config.a[b.c]=1",
        "config.a.retarget(target=open('x', 'w'))",
        "assert type(config)==open('x', 'w'), 'no'",
        "assert type(config)==a.B, open('x', 'w')",
    ],
)
def test_code_in_other_places_than_the_value_is_refused_as_well(statement):
    with pytest.raises(UnsafeContent):
        parse(statement)


@pytest.mark.parametrize(
    "text", ["config.a=", "config.a=(1", "config a=1", "\x00", "x=" + 90000 * "-"]
)
def test_what_is_no_python_is_refused_by_name(disk, text):
    location = disk.put(text.encode())
    with pytest.raises(FormatterError, match="is not a configuration file") as caught:
        disk.read(location)
    assert not isinstance(caught.value, UnsafeContent)
    assert location.full_path in str(caught.value)
    assert re.search(r"is not a configuration file: \S", str(caught.value))


def test_comments_right_above_an_assignment_are_its_documentation():
    text = (
        "# of nobody\n\n# One,\n#   two.\n#\nconfig.a=1\n\n#of b\r\n"
        "config.b='''x\n# inside\n'''\nconfig.c=1; config.d=2"
    )
    assert parse(text).docs == {"a": "One,\n  two.\n", "b": "of b"}


@pytest.mark.parametrize("value", [NAN, [NAN], {"a": (float("inf"),)}])
def test_numbers_that_are_no_literals_come_back(disk, value):
    assert repr(disk.there_and_back(Config({"a": value}))["a"]) == repr(value)


def test_a_mapping_is_a_configuration(disk):
    assert disk.there_and_back({"a.b": 1, "c": [2]}) == Config({"a.b": 1, "c": [2]})


def test_what_can_save_itself_does(disk):
    class Own:
        def save(self, path):
            with open(path, "w") as stream:
                stream.write("config.a=1\n")

    assert disk.there_and_back(Own()) == Config({"a": 1})


@pytest.mark.parametrize(
    "values",
    [
        {"a": object()},
        {"a b": 1},
        {"": 1},
        {"a": float},
        pytest.param(
            {"a=1\nconfig.b": 2},
        ),
    ],
    ids=["no literal", "blank", "no name", "class", "two lines"],
)
def test_what_could_not_be_read_back_is_not_written(disk, values):
    with pytest.raises(FormatterError, match="thing"):
        disk.write(Config(values))
    assert list(disk.folder.iterdir()) == []


@pytest.mark.real
@pytest.mark.parametrize("catalog", ["gaia", "ps1"])
def test_the_configuration_of_a_reference_catalog_is_read(real, disk, catalog):
    content = (real / "refcats" / catalog / "config.py").read_bytes()
    found = disk.read(disk.put(content))
    assert found.class_name.endswith("DatasetConfig")
    assert found["ref_dataset_name"] == {"gaia": "gaia", "ps1": "ps1_pv3_3pi_20170110"}[catalog]
    assert found["indexer['HTM'].depth"] == found.indexer["['HTM'].depth"] in (7, 8)
    assert "HTM tree to make" in found.indexer["HTM"].docs["depth"]
    assert found.indexer["HTM"].depth == found["indexer['HTM'].depth"]
    again = disk.there_and_back(found)
    assert (again, again.docs) == (found, found.docs)
    assert not found.diff(again)


@pytest.mark.parametrize("text", ["{%s}", "{'a': {%s}}", "[({%s}, 1)]"])
@pytest.mark.parametrize("item", ["%d", "%d: 0"])
def test_many_keys_of_one_hash_are_refused(text, item):
    keys = ", ".join(item % ((2**61 - 1) * number) for number in range(1, 20_001))
    with pytest.raises(FormatterError, match=r"^a.py:2: a: more than 1000 of its keys"):
        parse(f"config.b = 1\nconfig.a = {text % keys}\n", "a.py")
    parse(f"config.a = {text % ', '.join(item % number for number in range(2000))}\n", "a.py")
