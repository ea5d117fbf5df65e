"""What is particular to ``skyMap.pickle``: the forms that the original writes, and that nothing of it is run."""

from __future__ import annotations

import pickle
import sys
from types import ModuleType

import pytest

from persistence import Butler, skymap
from persistence.errors import FormatterError, UnsafeContent
from persistence.formatters import OBJECTS
from persistence.formatters.skymap import dumps

RINGS = skymap.make("rings", numRings=120, projection="TAN", tractOverlap=1 / 60, pixelScale=0.263)
EACH = [
    RINGS,
    skymap.RingsSkyMap(RINGS.config, version=0),
    skymap.make("discrete", raList=[214.25, 10], decList=[52.5, -5], radiusList=[0.25, 1]),
    skymap.make("healpix", log2NSide=5, nest=True),
    skymap.make("dodeca", withTractsOnPoles=True),
    skymap.make("equat", decRange=(-2, 3)),
]
TEXT = "config.numRings=3\n"


@pytest.fixture
def disk(disk_of):
    """Return a folder of sky maps."""
    return disk_of("PickleStorage", "lsst.skymap.BaseSkyMap", ".pickle")


class Original:
    """The original's classes, as far as pickles know them; what they are made with is kept."""

    def __init__(self, config=None, version=None):
        self.config, self.version = config, version

    def __reduce__(self):
        return type(self), (self.config, self.version)


class ByState:
    """The kinds without a cache of tracts, which are made without a version."""

    version = (1, 0)

    def __init__(self, config=None):
        self.config = config

    def __getstate__(self):
        return {"version": self.version, "config": self.config}

    def __setstate__(self, state):
        assert state["version"] < (2, 0)
        self.__init__(state["config"])


class OriginalConfig:
    """A configuration, which is pickled as its text."""

    def __init__(self, text=""):
        self.text = text

    def __reduce__(self):
        return sys.modules["lsst.pex.config.config"].unreduceConfig, (type(self), self.text)


def unreduceConfig(cls, text):
    return cls(text)


@pytest.fixture
def stack(monkeypatch):
    """Replace the original's modules; yield the classes by kind, and their configurations'."""

    def module(name, **names):
        made = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, made)
        for word, value in names.items():
            value.__module__, value.__qualname__, value.__name__ = name, word, word
            setattr(made, word, value)

    monkeypatch.setitem(sys.modules, "lsst.skymap", ModuleType("lsst.skymap"))
    for name in ("lsst.pex", "lsst.pex.config"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(unreduceConfig, "__module__", "lsst.pex.config.config")
    module("lsst.pex.config.config", unreduceConfig=unreduceConfig)
    found = {}
    for kind, cls in skymap.KINDS.items():
        base = ByState if kind in ("dodeca", "equat") else Original
        classes = type("Map", (base,), {}), type("Config", (OriginalConfig,), {})
        name = cls.__name__
        module(f"lsst.skymap.{kind}SkyMap", **{name: classes[0], f"{name}Config": classes[1]})
        found[kind] = classes
    return found


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("kind_of_text", [str, str.encode], ids=["str", "bytes"])
@pytest.mark.parametrize("made", EACH, ids=lambda made: f"{made.kind}-{made.version}")
def test_what_the_original_writes_is_read(disk, stack, made, protocol, kind_of_text):
    cls, config_class = stack[made.kind]
    text = "".join(
        f"# documentation\nconfig.{name}={value!r}\n\n"
        for name, value in made.config.values().items()
    )
    version = () if issubclass(cls, ByState) else (made.version,)
    content = pickle.dumps(cls(config_class(kind_of_text(text)), *version), protocol)
    found = disk.read(disk.put(content))
    assert type(found) is type(made)
    assert (found.config, found.version) == (made.config, made.version)


@pytest.mark.parametrize("made", EACH, ids=lambda made: f"{made.kind}-{made.version}")
def test_what_we_write_the_original_reads(disk, stack, made):
    found = pickle.loads(disk.bytes_of(made))
    cls, config_class = stack[made.kind]
    assert type(found) is cls
    assert type(found.config) is config_class
    assert found.version == made.version
    name = f"lsst.skymap.{made.kind}SkyMap"
    assert found.config.text.startswith(
        f"import {name}\nassert type(config)=={name}.{type(made).__name__}Config, "
    )
    config = type("Config", (), {})()
    exec("\n".join(found.config.text.splitlines()[2:]), {"config": config})  # as the original does
    assert vars(config) == made.config.values()


def test_it_is_read_without_the_original(disk):
    before = set(sys.modules)
    assert disk.read(disk.put(dumps(RINGS))) == RINGS
    assert not any(
        name.startswith(("lsst.skymap", "lsst.pex")) for name in set(sys.modules) - before
    )


def test_a_class_named_by_its_package_is_known(disk):
    content = dumps(RINGS).replace(
        b"clsst.skymap.ringsSkyMap\nRingsSkyMap\n", b"clsst.skymap\nRingsSkyMap\n"
    )
    assert content != dumps(RINGS)
    assert disk.read(disk.put(content)) == RINGS


def forged(text=TEXT, version=b"K\x01", kind="rings", name="RingsSkyMap"):
    """Return a pickle of a sky map by hand."""
    head = f"\x80\x02clsst.skymap.{kind}SkyMap\n{name}\nclsst.pex.config.config\nunreduceConfig\n"
    config = (
        f"clsst.skymap.{kind}SkyMap\n{name}Config\n".encode()
        + pickle.dumps(text, 2)[2:-1]
        + b"\x86R"
    )
    return head.encode("latin1") + config + version + b"\x86R."


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda path: forged(f"config.numRings=__import__('os').system('touch {path}')"),
            "not an assignment of a literal",
        ),
        (
            lambda path: forged(f"__import__('os').system('touch {path}')\n{TEXT}"),
            "not an assignment of a literal",
        ),
        (
            lambda path: forged(version=f"cos\nsystem\n(Vtouch {path}\ntR".encode()),
            r"os\.system, which is not trusted",
        ),
        (
            lambda path: f"cos\nsystem\n(Vtouch {path}\ntR.".encode(),
            r"os\.system, which is not trusted",
        ),
        (lambda _: b"clsst.skymap.ringsSkyMap\nos\n(tR.", r"ringsSkyMap\.os, which is not trusted"),
        (
            lambda _: b"clsst.skymap.evil\nRingsSkyMap\n(tR.",
            r"lsst\.skymap\.evil\.RingsSkyMap, which is not trusted",
        ),
        (
            lambda _: b"clsst.skymap.ringsSkyMap\nRingsSkyMapConfigured\n(tR.",
            r"Configured, which is not trusted",
        ),
        (
            lambda _: b"clsst.pex.config.config\nConfig\n(tR.",
            r"config\.config\.Config, which is not trusted",
        ),
        (lambda _: b"clsst.skymap.ringsSkyMap\nRingsSkyMap\n}(Vcls\nK\x01ub.", "changes"),
        (
            lambda _: b"clsst.pex.config.config\nunreduceConfig\n}(V__code__\nK\x01ub.",
            "changes",
        ),
    ],
)
def test_what_is_hostile_is_refused_by_name_and_not_run(disk, tmp_path, make, message):
    location = disk.put(make(tmp_path / "hacked"))
    with pytest.raises(UnsafeContent, match=message) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (forged("config.numRings=0"), "numRings has to be positive"),
        (forged("config.numRing=3"), "no field 'numRing'; did you mean 'numRings'"),
        (forged("config.raStart=1.0"), "needs numRings"),
        (forged("config.numRings="), "is not a configuration file"),
        (forged(version=b"K\x02"), "RingsSkyMap has version 0 or 1, not 2"),
        (forged(version=b"]"), "RingsSkyMap has version"),
        (b"clsst.skymap.ringsSkyMap\nRingsSkyMap\n(tR.", "the RingsSkyMap has no configuration"),
        (
            b"clsst.skymap.ringsSkyMap\nRingsSkyMap\n(K\x01K\x01tR.",
            "the RingsSkyMap has no configuration",
        ),
        (pickle.dumps({"a": 1}), "holds a dict, not a sky map"),
        (forged()[:-1], "is not a pickle, or is damaged"),
    ],
)
def test_what_makes_no_sky_map_is_refused_with_the_reason(disk, content, message):
    location = disk.put(content)
    with pytest.raises(FormatterError, match=message) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


@pytest.mark.parametrize(
    "name", [name for name, module in OBJECTS["PickleStorage"].items() if "skymap" in module]
)
def test_each_class_that_a_policy_names_is_read_so(disk, name):
    location = disk.put(dumps(RINGS), python=f"lsst.skymap.{name}")
    assert disk.read(location) == RINGS


def test_a_butler_writes_a_sky_map_and_reads_it_back(root, tmp_path):
    butler = Butler(inputs=str(root), outputs=str(tmp_path / "out"))
    butler.put(RINGS, "deepCoadd_skyMap")
    assert (tmp_path / "out/deepCoadd/skyMap.pickle").read_bytes() == dumps(RINGS)
    assert Butler(str(tmp_path / "out")).get("deepCoadd_skyMap") == RINGS
