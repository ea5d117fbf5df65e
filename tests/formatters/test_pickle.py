"""What is particular to pickles: plain data and arrays pass, all else is refused and not run."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from persistence.dataids.dataid import DataId
from persistence.errors import FormatterError, TrustWarning, UnsafeContent


class Thing:
    """A class of nobody's."""

    def __init__(self, value=0):
        self.value = value

    def __eq__(self, other):
        return type(other) is type(self) and other.value == self.value

    __hash__ = None


NAME = "persistence_test_pickles.Thing"
Thing.__module__ = "persistence_test_pickles"


@pytest.fixture
def disk(disk_of, monkeypatch):
    """Return a folder of pickles; the class of this module can be imported."""
    monkeypatch.setitem(sys.modules, "persistence_test_pickles", sys.modules[__name__])
    return disk_of("PickleStorage", None, ".pickle")


def call(module: str, name: str, argument: str) -> bytes:
    """Return a pickle that calls a function with one text."""
    return f"c{module}\n{name}\n(S{argument!r}\ntR.".encode()


def stack_global(module: str, name: str) -> bytes:
    """Return a pickle that names a class as protocol 4 does, which follows dots."""
    parts = b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name))
    return b"\x80\x04" + parts + b"\x93."


PLAIN = [
    None,
    True,
    2**100,
    1.5,
    1 + 2j,
    "é",
    b"\x00\xff",
    bytearray(b"x"),
    (1, (2,)),
    [1, [2]],
    {"a": {1: 2}},
    {1, 2},
    frozenset({1}),
    slice(1, 2),
    datetime.date(2014, 8, 18),
    datetime.time(1, 2),
    datetime.datetime(2014, 8, 18, 1, 2, 3, tzinfo=datetime.UTC),
    datetime.timedelta(1, 2),
    decimal.Decimal("1.5"),
    fractions.Fraction(1, 3),
    collections.OrderedDict(a=1),
    collections.defaultdict(list, a=[1]),
    collections.deque([1], 5),
    collections.Counter("aab"),
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("obj", PLAIN, ids=repr)
def test_plain_data_pass_in_every_protocol(disk, obj, protocol):
    found = disk.read(disk.put(pickle.dumps(obj, protocol)))
    assert type(found) is type(obj)
    assert found == obj


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_ranges_pass(disk, protocol):
    assert disk.read(disk.put(pickle.dumps(range(3), protocol))) == range(3)


def test_ranges_pass_in_old_protocols(disk):
    assert disk.read(disk.put(pickle.dumps(range(3), 2))) == range(3)


ARRAYS = [
    np.arange(5),
    np.arange(5).astype(">i4"),
    np.zeros((2, 3), "f4", order="F"),
    np.ones((0, 3)),
    np.array(5),
    np.array([True]),
    np.array(["é", "bb"]),
    np.array([b"a"]),
    np.array([1 + 1j]),
    np.array(["2014-08-18"], "M8[D]"),
    np.array([5], "m8[s]"),
    np.array([None, 1, "a"], object),
    np.array([(1, "a")], [("n", "i4"), ("s", "U3")]),
    np.array([1.5], "f2"),
    np.ma.array([1.5, 2.5], mask=[0, 1]),
    np.arange(10)[::3],
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "array", ARRAYS, ids=lambda array: f"{type(array).__name__} {array.dtype} {array.shape}"
)
def test_arrays_of_all_kinds_pass_in_every_protocol(disk, array, protocol):
    content = pickle.dumps(array, protocol)
    found, expected = disk.read(disk.put(content)), pickle.loads(content)
    assert type(found) is type(expected) is type(array)
    assert found.dtype == expected.dtype
    assert found.shape == array.shape
    assert repr(found) == repr(expected)
    assert found.tolist() == array.tolist()


@pytest.mark.parametrize(
    "scalar",
    [
        np.float64(1.5),
        np.float32(1.5),
        np.int16(3),
        np.uint64(2**63),
        np.bool_(True),
        np.str_("a"),
        np.complex64(1j),
    ]
    + [np.datetime64("2014-08-18"), np.timedelta64(5, "s"), np.longdouble(1.5)],
    ids=lambda scalar: type(scalar).__name__,
)
def test_numpys_scalars_pass(disk, scalar):
    found = disk.there_and_back(scalar)
    assert type(found) is type(scalar)
    assert found == scalar


@pytest.mark.parametrize("core", ["core", "_core"])
def test_arrays_of_old_and_new_numpy_pass(disk, core):
    content = pickle.dumps(np.arange(3), 2).replace(b"numpy._core.", f"numpy.{core}.".encode())
    assert disk.read(disk.put(content)).tolist() == [0, 1, 2]


def test_texts_of_python_2_are_latin_1(disk):
    assert disk.read(disk.put(b"S'caf\\xe9'\n.")) == "caf\xe9"


def test_record_arrays_pass(disk):
    assert disk.there_and_back(np.rec.array([(1,)], [("a", "i4")])).a.tolist() == [1]


def test_data_ids_pass_with_their_tags(disk):
    found = disk.there_and_back(DataId({"visit": 1}, tag="a"))
    assert (type(found), found, found.tag) == (DataId, {"visit": 1}, {"a"})


def test_the_newest_protocol_is_written(disk):
    assert disk.bytes_of([1])[:2] == bytes([0x80, pickle.HIGHEST_PROTOCOL])


# -- hostile pickles
# ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("nt", "system"),
        ("os", "popen"),
        ("subprocess", "check_output"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("builtins", "getattr"),
        ("builtins", "__import__"),
        ("builtins", "open"),
        ("builtins", "compile"),
        ("builtins", "object"),
        ("builtins", "type"),
        ("builtins", "map"),
        ("operator", "attrgetter"),
        ("operator", "methodcaller"),
        ("functools", "partial"),
        ("importlib", "import_module"),
        ("pickle", "loads"),
        ("_pickle", "loads"),
        ("numpy", "load"),
        ("numpy", "fromfile"),
        ("numpy.f2py.crackfortran", "myeval"),
        ("numpy.testing", "rundocs"),
        ("shutil", "rmtree"),
        ("sys", "exit"),
        ("code", "interact"),
        ("ctypes", "CDLL"),
        ("persistence.dataids.dataid", "plain"),
        ("persistence.butler.butler", "Butler"),
        ("no.such.module", "thing"),
    ],
)
def test_a_call_of_anything_else_is_refused_by_name_and_not_run(disk, tmp_path, module, name):
    for content in (call(module, name, f"touch {tmp_path}/hacked"), stack_global(module, name)):
        location = disk.put(content)
        with pytest.raises(
            UnsafeContent, match=f"creates a {module}.{name}, which is not trusted"
        ) as caught:
            disk.read(location)
        assert location.full_path in str(caught.value)
        assert f"trust=['{module}.{name}']" in str(caught.value)
    assert not (tmp_path / "hacked").exists()


def test_old_names_of_dangerous_things_are_refused_as_well(disk):
    for module in ("__builtin__", "copy_reg"):
        with pytest.raises(UnsafeContent, match="nothing of it was run"):
            disk.read(disk.put(call(module, "eval", "1")))


class Runs:
    """Runs a command when it is read."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize(
    "wrap", [lambda one: one, lambda one: [1, {"a": (one,)}], lambda one: np.array([one], object)]
)
def test_a_command_hidden_among_data_is_not_run(disk, tmp_path, wrap):
    content = pickle.dumps(wrap(Runs(f"touch {tmp_path}/hacked")))
    with pytest.raises(UnsafeContent, match=r"creates a (posix|os)\.system"):
        disk.read(disk.put(content))
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("collections", "OrderedDict.__reduce__"),
        ("datetime", "datetime.__class__"),
        ("builtins", "dict.__class__.mro"),
        ("numpy", "ndarray.tofile"),
        ("numpy", "core"),
        ("collections", "abc"),
    ],
)
def test_what_hangs_on_a_harmless_class_is_refused(disk, module, name):
    with pytest.raises(UnsafeContent, match="is not trusted"):
        disk.read(disk.put(stack_global(module, name)))


@pytest.mark.parametrize(
    "content",
    [
        b"Pid\n.",
        b"\x82\x01.",
        b"(S'x'\nios\nsystem\n.",
        b"cos\nsystem\n.",
        b"ccopyreg\n_reconstructor\n(cos\nsystem\ntR.",
    ],
    ids=["persistent ID", "extension", "instance", "name alone", "reconstructor"],
)
def test_other_roads_to_code_are_closed(disk, content):
    location = disk.put(content)
    with pytest.raises(FormatterError) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


def test_a_state_cannot_change_a_class(disk):
    # GLOBAL Counter, state (None, {"marker": 1}), BUILD: setattr(Counter, "marker", 1)
    try:
        with pytest.raises(FormatterError):
            disk.read(disk.put(b"ccollections\nCounter\n(N}Vmarker\nI1\nstb."))
        assert not hasattr(collections.Counter, "marker")
    finally:
        if hasattr(collections.Counter, "marker"):
            del collections.Counter.marker


LIES = """
import pickle, sys
import numpy as np
from numpy._core.multiarray import _reconstruct
from persistence.errors import FormatterError
from persistence.formatters import pickle as formatter
from persistence.dataids.location import Location

class Made:
    def __init__(self, *how):
        self.how = how
    def __reduce__(self):
        return self.how

kind = Made(np.dtype, ("V8", False, True), (3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0))
array = Made(_reconstruct, (np.ndarray, (0,), b"b"), (1, (1,), kind, False, b"A" * 8))
with open(sys.argv[1], "wb") as stream:
    stream.write(pickle.dumps(array))
try:
    found = formatter.read(Location("", sys.argv[1], None, "PickleStorage", None, "thing", {}))
except FormatterError:
    sys.exit(0)
sys.exit(3)  # found["a"][0] would now follow the pointer 0x4141414141414141
"""


def test_an_array_type_that_lies_about_its_fields_is_refused(tmp_path):
    done = subprocess.run([sys.executable, "-c", LIES, str(tmp_path / "lies")], check=False)
    assert done.returncode == 0


# -- trust
# -------------------------------------------------------------------------------------------------


def test_a_class_that_needs_trust_is_named_when_it_is_written(disk):
    with pytest.warns(
        TrustWarning, match=rf"{NAME}, which will be read only with trust=\['{NAME}'\]"
    ):
        disk.bytes_of([Thing(5)])


@pytest.mark.parametrize("obj", PLAIN + ARRAYS, ids=repr)
def test_what_needs_no_trust_is_written_without_a_word(disk, obj):
    disk.bytes_of(obj)


@pytest.mark.filterwarnings("ignore::persistence.errors.TrustWarning")
@pytest.mark.parametrize(
    "trust", [[NAME], {NAME, "a.B"}, (NAME,), frozenset({NAME})], ids=lambda t: type(t).__name__
)
def test_a_class_that_the_caller_trusts_is_made(disk, trust):
    content = disk.bytes_of(Thing(5))
    assert disk.read(disk.put(content, trust=trust)) == Thing(5)


@pytest.mark.filterwarnings("ignore::persistence.errors.TrustWarning")
@pytest.mark.parametrize(
    "trust", [[], ["persistence_test_pickles"], ["Thing"], ["persistence_test_pickles.Thin"]]
)
def test_trust_is_for_the_whole_name_alone(disk, trust):
    content = disk.bytes_of(Thing(5))
    with pytest.raises(UnsafeContent, match=f"creates a {NAME}"):
        disk.read(disk.put(content, trust=trust))


def test_trust_in_one_class_is_none_in_another(disk):
    with pytest.raises(UnsafeContent, match=r"os\.system"):
        disk.read(disk.put(call("os", "system", "true"), trust=[NAME]))


def test_a_trusted_class_that_is_gone_is_a_damaged_pickle(disk):
    location = disk.put(b"cno.such.module\nThing\n.", trust=["no.such.module.Thing"])
    with pytest.raises(FormatterError, match="is not a pickle, or is damaged") as caught:
        disk.read(location)
    assert not isinstance(caught.value, UnsafeContent)
