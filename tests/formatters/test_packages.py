"""Versions of software in all forms that Gen2 wrote, and written such that it reads them."""

from __future__ import annotations

import pickle
import sys
import types

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.errors import FormatterError, UnsafeContent
from persistence.types.metadata.packages import Packages

VERSIONS = {"python": "3.7.8", "afw": "21.0.0-2-g1234abc+5"}


class Early:
    """Stands for Gen2's class of 2015, by which a pickle is written and read."""

    def __init__(self, packages=None):
        self._packages = packages


class Late(dict):
    """Stands for Gen2's class of 2020."""

    def __setstate__(self, state):
        self.update(state["_packages"])


@pytest.fixture(params=["PickleStorage", "YamlStorage"])
def disk(request, disk_of):
    """Return a folder of versions, in each storage."""
    return disk_of(request.param, "lsst.base.Packages", ".x")


@pytest.fixture
def pickles(disk_of):
    """Return a folder of versions in pickles."""
    return disk_of("PickleStorage", "lsst.base.Packages", ".pickle")


@pytest.fixture
def original(monkeypatch):
    """Return a function that puts a class where Gen2's was."""

    def install(base):
        module = types.ModuleType("lsst.base.packages")
        names = {"__module__": module.__name__, "__qualname__": "Packages"}
        module.Packages = type("Packages", (base,), names)
        monkeypatch.setitem(sys.modules, "lsst.base", types.ModuleType("lsst.base"))
        monkeypatch.setitem(sys.modules, "lsst.base.packages", module)
        return module.Packages

    return install


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("base", [Early, Late])
def test_pickles_of_both_classes_are_read(pickles, original, base, protocol):
    assert pickles.read(pickles.put(pickle.dumps(original(base)(VERSIONS), protocol))) == VERSIONS


@pytest.mark.parametrize(("name", "extensions"), [("decam", 19), ("hsc", 18)])
def test_what_gen2s_tasks_wrote_is_read(pickles, original, real, name, extensions):
    """Versions of extensions in C are bytes there; Python's own unpickler tells what is in it."""
    content = (real / "packages" / f"packages-{name}.pickle").read_bytes()
    found = pickles.read(pickles.put(content))
    original(Early)
    stored = pickle.loads(content)._packages
    assert sum(isinstance(version, bytes) for version in stored.values()) == extensions
    assert found == {
        package: version.decode("ascii") if isinstance(version, bytes) else version
        for package, version in stored.items()
    }


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("base", [Early, Late, dict])
def test_bytes_become_texts_in_each_protocol(pickles, original, base, protocol):
    content = pickle.dumps(original(base)({"numpy.core.umath": b"0.4.0", "x": b"\xe91"}), protocol)
    assert pickles.read(pickles.put(content)) == {"numpy.core.umath": "0.4.0", "x": "\\xe91"}


@pytest.mark.parametrize("obj", [VERSIONS, list(VERSIONS.items())])
def test_pickles_of_before_are_read(pickles, obj):
    found = pickles.read(pickles.put(pickle.dumps(obj, 2)))
    assert (type(found), found) == (Packages, VERSIONS)


def test_both_classes_read_what_is_written(pickles, original):
    content = pickles.bytes_of(Packages(VERSIONS))
    original(Early)
    assert pickle.loads(content)._packages == VERSIONS
    original(Late)
    assert pickle.loads(content) == VERSIONS


def test_yaml_has_gen2s_tag(disk_of):
    disk = disk_of("YamlStorage", "lsst.base.Packages", ".yaml")
    assert (
        disk.bytes_of(VERSIONS).decode()
        == "!<lsst.base.Packages>\nafw: 21.0.0-2-g1234abc+5\npython: 3.7.8\n"
    )
    for text in ("{python: 3.7.8}", "!<lsst.base.Packages> {python: 3.7.8}"):
        assert disk.read(disk.put(text.encode())) == {"python": "3.7.8"}


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(versions=st.dictionaries(st.text(), st.text()))
def test_versions_come_back_as_they_were(disk, versions):
    found = disk.there_and_back(Packages(versions), name="p")
    assert (type(found), found) == (Packages, versions)


@pytest.mark.parametrize("obj", [5, {"a": 1}, [1], "text", None])
def test_what_is_no_versions_is_refused_by_name(pickles, obj):
    location = pickles.put(pickle.dumps(obj))
    with pytest.raises(FormatterError, match="does not hold versions of packages") as caught:
        pickles.read(location)
    assert location.full_path in str(caught.value)
    with pytest.raises(FormatterError, match="thing"):
        pickles.write(obj)


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x02clsst.base.packages\nPackages\n}Vmarker\nI1\nsb.",
        b"\x80\x02clsst.base.packages\nPackages\n)\x81(N}Vmarker\nI1\nstb.",
        b"\x80\x02clsst.base.packages\nPackages\n(cbuiltins\nrange\n(J\xff\xff\xff\x7ftRtR.",
    ],
)
def test_hostile_pickles_are_refused(pickles, content):
    with pytest.raises(FormatterError):
        pickles.read(pickles.put(content))


def test_other_tags_are_refused(disk_of):
    disk = disk_of("YamlStorage", "lsst.base.Packages", ".yaml")
    with pytest.raises(UnsafeContent):
        disk.read(disk.put(b"!!python/object/apply:os.system ['true']"))
