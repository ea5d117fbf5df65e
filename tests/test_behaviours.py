"""The original's answers to small calls, ``tests/vectors/behaviours.json.gz``, beside ours.

Its probes of policies and of repositories without a registry are asked in ``tests/compat``.
"""

from __future__ import annotations

import json
import os
import pickle
import pickletools
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from persistence import (
    Butler,
    ButlerLocation,
    CameraMapper,
    DataId,
    FormatterError,
    NoResults,
    ParentsMismatch,
    PersistenceError,
    UnsafeContent,
)
from persistence.butler import repository_cfg

ELSEWHERE = {"Policy", "no sqlite registry: files are scanned"}
VISITS = range(100001, 100011)
PLAIN = "plain-{}.pickle"


class PM(CameraMapper):
    """The camera that the original was asked with; its policy comes from the file of answers."""

    packageName = "probe"

    def std_raw(self, item: Any, dataId: Mapping[str, Any]) -> Any:
        return item

    def map_computed(self, dataId: Mapping[str, Any], write: bool = False) -> ButlerLocation:
        return ButlerLocation(None, None, "ignored", "ignored", dataId, self)

    def bypass_computed(
        self, datasetType: str, pythonType: Any, location: Any, dataId: Mapping[str, Any]
    ) -> int:
        return 42

    def bypass_ccdExposureId(
        self, datasetType: str, pythonType: Any, location: Any, dataId: Mapping[str, Any]
    ) -> int:
        number: int = dataId["visit"] * 100 + dataId["ccdnum"]
        return number


NAME = f"{PM.__module__}.{PM.__qualname__}"


class World:
    """The directory ``<W>`` of the answers, with the repository ``A`` in it, and what can be asked there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.a = folder / "A"
        self.a.mkdir()
        (self.a / "_mapper").write_text(f"{NAME}\n")
        _make_registries(self.a)
        self.save("A/thing/Y/t0100005_07.pickle", {"which": "thing"})
        self.save("A/plain-ab.pickle", {"which": "ab"})
        self.butler = Butler(str(self.a), mapper=PM)

    def save(self, path: str, obj: Any) -> None:
        """Pickle something, without the help of what is tested."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(pickle.dumps(obj))

    def path(self, uri: str) -> list[str]:
        """Return the path in the repository A, as Gen2's locations listed it."""
        return [os.path.relpath(uri, self.a)]

    def files(self, root: str) -> list[str]:
        """List a repository, but for what Gen2 has no place for."""
        return sorted(name for name in os.listdir(self.folder / root) if name != ".persistence")

    # -- further repositories
    # ------------------------------------------------------------------------

    def out(self, root: str, *inputs: str, **args: Any) -> Butler:
        """Open an output over some inputs."""
        outputs = {"root": str(self.folder / root), **args}
        return Butler(inputs=[str(self.folder / one) for one in inputs], outputs=outputs)

    def written(self) -> Butler:
        """Return an output over A, and put something into it."""
        butler = self.out("out1", "A")
        butler.put({"which": "p"}, "plain", name="p")
        return butler

    def by_name(self) -> str:
        """Return a repository whose mapper was given by its name, with arguments and a policy."""
        (self.folder / "bystr" / "CALIB").mkdir(parents=True)
        policy = {"datasets": {"plain": {"template": "other-%(name)s.pickle"}}}
        self.out("bystr", mapper=NAME, mapperArgs={"calibRoot": "CALIB"}, policy=policy)
        return "bystr"

    def by_class(self) -> str:
        """Return a repository whose mapper was given as a class."""
        self.out("byclass", mapper=PM)
        return "byclass"

    def parents(self, root: str) -> list[str]:
        """List the parents that a repository's configuration names."""
        found = repository_cfg.read(str(self.folder / root))
        assert found is not None
        return [os.path.basename(repository_cfg.shown(parent)) for parent in found.parents]

    def text(self, root: str) -> str:
        """Return a repository's configuration, with the name of the camera that the original was asked with."""
        return (
            (self.folder / root / "repositoryCfg.yaml").read_text().replace(NAME, "probe_mapper.PM")
        )


def _make_registries(root: Path) -> None:
    """Create registries of exposures and of calibrations as the original's tools did."""
    with sqlite3.connect(root / "registry.sqlite3") as registry:
        registry.execute(
            "CREATE TABLE raw (id integer primary key, visit int, ccdnum int, filter text, date text)"
        )
        registry.execute(
            "CREATE TABLE raw_visit (visit int, filter text, date text, unique(visit))"
        )
        for visit in VISITS:
            row = (visit, "ugrizY"[visit % 100000 % 6], "2015-01-05")
            registry.execute("INSERT INTO raw_visit VALUES (?, ?, ?)", row)
            rows = [(visit, number, *row[1:]) for number in range(1, 63)]
            registry.executemany(
                "INSERT INTO raw (visit, ccdnum, filter, date) VALUES (?, ?, ?, ?)", rows
            )
    registry.close()
    with sqlite3.connect(root / "calibRegistry.sqlite3") as registry:
        registry.execute(
            "CREATE TABLE cal (ccdnum int, calibDate text, validStart text, validEnd text)"
        )
        for number in range(1, 63):
            registry.execute(
                "INSERT INTO cal VALUES (?, '2014-12-01', '2014-11-01', '2015-01-10')", (number,)
            )
            registry.execute(
                "INSERT INTO cal VALUES (?, '2015-01-20', '2015-01-10', '2015-02-10')", (number,)
            )
    registry.close()
    for day in ("2014-12-01", "2015-01-20"):
        place = root / "CAL" / day / "c07.pickle"
        place.parent.mkdir(parents=True)
        place.write_bytes(pickle.dumps({"which": day}))


# -- what is asked, where it takes more than one call
# -----------------------------------------------------


def _sub_items(world: World) -> int:
    return len(world.butler.dataRef("raw", level="visit", visit=100005).subItems())


def _bracket(world: World) -> bool:
    world.save("A/plain-x[1].pickle", 1)
    return world.butler.datasetExists("plain", name="x[1]")


def _compressed_twice(world: World) -> list[str]:
    for ending in ("gz", "fz"):
        world.save(f"A/plain-z.pickle.{ending}", 1)
    return world.path(world.butler.getUri("plain", name="z"))


def _object_in_yaml(world: World) -> Any:
    (world.a / "doc-o.yaml").write_text("!!python/object/apply:str ['y']\n")
    return world.butler.get("doc", name="o")


def _protocol(world: World) -> int:
    world.written()
    codes = pickletools.genops((world.folder / "out1" / "plain-p.pickle").read_bytes())
    return next(int(argument or 0) for code, argument, _ in codes if code.name == "PROTO")


def _failed_put(world: World) -> int | None:
    butler = world.written()
    with pytest.raises(FormatterError):
        butler.put(lambda: None, "plain", name="bad")
    path = world.folder / "out1" / "plain-bad.pickle"
    return path.stat().st_size if path.exists() else None


def _backups(world: World) -> dict[str, Any]:
    butler = world.out("out2", "A")
    for number in (1, 2, 3):
        butler.put(number, "plain", name="bk", doBackup=True)
    found = (world.folder / "out2").glob("plain-bk*")
    return {path.name: pickle.loads(path.read_bytes()) for path in found}


def _text(world: World, make: Callable[[World], Any], root: str) -> str:
    make(world)
    return world.text(root)


def _missing_input(world: World) -> bool:
    with pytest.raises(RuntimeError):
        Butler(inputs=str(world.folder / "missing"))
    return (world.folder / "missing").exists()


def _childs_policy(world: World) -> list[str]:
    child = world.out("child", world.by_name(), mapper=PM)
    return [os.path.relpath(child.getUri("plain", name="q", write=True), world.folder / "child")]


def _old_input_before(world: World) -> Any:
    world.out("again", world.by_class())
    return world.out("again", "A", "byclass")


def _fewer_inputs(world: World) -> Any:
    world.out("again", world.by_name(), world.by_class(), mapper=PM)
    return world.out("again", "bystr")


def _new_over_both_kinds(world: World) -> list[str]:
    world.out("mixed", "A", world.by_class())
    return world.parents("mixed")


def _two_spellings(world: World) -> list[str]:
    world.out("spelt", world.by_name(), world.by_class())
    return world.parents("spelt")


def _old_output(world: World) -> bool:
    (world.folder / "old").mkdir()
    (world.folder / "old" / "_mapper").write_text(f"{NAME}\n")
    world.out("old").put({}, "plain", name="o")
    return (world.folder / "old" / "repositoryCfg.yaml").exists()


def _through_parent_link(world: World) -> Any:
    (world.folder / "linked").mkdir()
    (world.folder / "linked" / "_parent").symlink_to(world.a)
    return Butler(str(world.folder / "linked")).get("plain", name="ab")


def _tagged(world: World) -> Any:
    world.out("out2", "A").put(1, "plain", name="bk")
    inputs = [{"root": str(world.folder / root), "tags": root} for root in ("A", "out2")]
    return Butler(inputs=inputs).get("plain", DataId(name="bk", tag="A"))


def _orders(world: World) -> list[str]:
    world.out("out2", "A").put({"which": "other"}, "plain", name="ab")
    roots = [str(world.a), str(world.folder / "out2")]
    return [
        os.path.dirname(Butler(inputs=inputs).getUri("plain", name="ab"))
        for inputs in (roots, list(reversed(roots)))
    ]


def _alias(world: World) -> str:
    world.butler.defineAlias("calib", "cal")
    with pytest.raises(NoResults) as caught:
        world.butler.get("@calib_filename", visit=-5, ccdnum=7)
    return caught.value.datasetType


def _brought(world: World, name: str) -> list[str]:
    return sorted(
        one for one in world.butler.getDatasetTypes() if one == name or one.startswith(f"{name}_")
    )


PROBES: dict[str, Callable[[World], Any]] = {
    # registry lookup
    "queryMetadata('raw', 'filter', visit=100005)": lambda w: w.butler.queryMetadata(
        "raw", "filter", visit=100005
    ),
    "queryMetadata('raw', ['visit','filter'], visit=100005) gives tuples": lambda w: [
        type(row).__name__
        for row in w.butler.queryMetadata("raw", ["visit", "filter"], visit=100005)
    ],
    "queryMetadata('raw', ['filter','ccdnum'], visit=100005, ccdnum=99)": lambda w: (
        w.butler.queryMetadata("raw", ["filter", "ccdnum"], visit=100005, ccdnum=99)
    ),
    "queryMetadata('raw', 'visit', nosuchkey=1)": lambda w: w.butler.queryMetadata(
        "raw", "visit", nosuchkey=1
    ),
    "queryMetadata('raw', {'visit':0,'ccdnum':0}, ...): a dict format means its sorted keys": lambda w: (
        w.butler.queryMetadata("raw", {"visit": 0, "ccdnum": 0}, visit=100005, ccdnum=7)
    ),
    "queryMetadata('notables', 'filter', visit=1): no tables in the policy": lambda w: (
        w.butler.queryMetadata("notables", "filter", visit=1)
    ),
    "queryMetadata('coadd', ['tract','filter']) without tract": lambda w: w.butler.queryMetadata(
        "coadd", ["tract", "filter"]
    ),
    "queryMetadata('empty', 'x')": lambda w: w.butler.queryMetadata("empty", "x"),
    # keys and levels
    "getKeys('raw', 'visit')": lambda w: list(w.butler.getKeys("raw", "visit") or ()),
    "getKeys('raw', 'nosuchlevel')": lambda w: list(w.butler.getKeys("raw", "nosuchlevel") or ()),
    "getKeys(): no dataset type (alias lookup of None)": lambda w: sorted(w.butler.getKeys() or ()),
    "len(subset('raw', filter='g'))": lambda w: len(w.butler.subset("raw", filter="g")),
    "dataRef('raw', visit=100005): many": lambda w: w.butler.dataRef("raw", visit=100005),
    "len(dataRef('raw', level='visit', visit=100005).subItems())": _sub_items,
    # get and datasetExists
    "datasetExists('thing', visit, ccdnum): filter looked up": lambda w: w.butler.datasetExists(
        "thing", visit=100005, ccdnum=7
    ),
    "get('thing', visit): ccdnum not unique": lambda w: w.butler.get("thing", visit=100005),
    "get('thing', visit='100005', ccdnum=7): found in the registry, then '%07d' of a string": lambda w: (
        w.butler.get("thing", visit="100005", ccdnum=7)
    ),
    "get('thing_filename', visit, ccdnum=9): no file": lambda w: w.butler.get(
        "thing_filename", visit=100005, ccdnum=9
    ),
    "get('computed')": lambda w: w.butler.get("computed"),
    "get('ccdExposureId', visit=1, ccdnum=2)": lambda w: w.butler.get(
        "ccdExposureId", visit=1, ccdnum=2
    ),
    "get('nosuchtype')": lambda w: w.butler.get("nosuchtype"),
    "datasetExists('plain', name='a*'): values are glob patterns": lambda w: w.butler.datasetExists(
        "plain", name="a*"
    ),
    "datasetExists('plain', name='x[1]'): a bracket ends the path": _bracket,
    "map('plain', name='z') with both .gz and .fz there": _compressed_twice,
    "map('plain', write=True, name='/abs')": lambda w: w.path(
        w.butler.getUri("plain", name="/abs", write=True)
    ),
    "get(immediate=False): item through the proxy": lambda w: w.butler.get(
        "plain", name="ab", immediate=False
    )["which"],
    "getUri('plain', name='ab')": lambda w: w.butler.getUri("plain", name="ab"),
    "get of YAML with a python object tag (unsafe loader)": _object_in_yaml,
    # calibrations
    "columns: [date, ccdnum]. The same with 'cal2'": lambda w: w.butler.queryMetadata(
        "cal2", "calibDate", date="2015-01-05", ccdnum=7
    ),
    "cal2, date='2015-01-10T00:00:00': compared as text, so past the end '2015-01-10'": lambda w: (
        w.butler.queryMetadata("cal2", "calibDate", date="2015-01-10T00:00:00", ccdnum=7)
    ),
    "get cal2 on the shared day: two matches (NoResults inside, so 'No locations')": lambda w: (
        w.butler.get("cal2", date="2015-01-10", ccdnum=7)
    ),
    "map cal by visit (date from raw_visit)": lambda w: w.path(
        w.butler.getUri("cal", visit=100005, ccdnum=7)
    ),
    "get cal with unknown visit": lambda w: w.butler.get("cal", visit=-5, ccdnum=7),
    # put
    "get back from a write-only output by the same butler": lambda w: w.written().get(
        "plain", name="p"
    ),
    "files in a new output": lambda w: w.written() and w.files("out1"),
    "pickle protocol written": _protocol,
    "  the file after that": _failed_put,
    "doBackup three times: files": _backups,
    "put on a butler with no output": lambda w: Butler(inputs=str(w.a)).put({}, "plain", name="q"),
    # repositories
    "repositoryCfg.yaml of out1 (text)": lambda w: _text(w, World.written, "out1"),
    "  the missing folder afterwards exists": _missing_input,
    "repositoryCfg.yaml with mapper string, mapperArgs, policy (text)": lambda w: _text(
        w, World.by_name, "bystr"
    ),
    "the child does not take the parent's policy": _childs_policy,
    "same output again with an old-style (_mapper) input put before a new-style one: a comparison of cfg and path "
    "breaks": _old_input_before,
    "same output again with fewer inputs": _fewer_inputs,
    "root with inputs": lambda w: Butler(str(w.a), inputs=str(w.a)),
    "input with mode 'w'": lambda w: Butler(inputs={"root": str(w.a), "mode": "w"}),
    "new output over one old-style and one new-style input: the same break": _new_over_both_kinds,
    "inputs whose mappers are the same, one as a class and one as a string: counted as different": _two_spellings,
    "  no repositoryCfg.yaml is written there": _old_output,
    "_parent link: get through it": _through_parent_link,
    "Butler(root) where nothing is": lambda w: Butler(str(w.folder / "nothing")),
    "tag restricts get to one input": _tagged,
    "inputs order: first that has it wins": _orders,
    # aliases
    "an alias may be part of a name: '@calib_filename'": _alias,
    "bad alias 'a@b'": lambda w: w.butler.defineAlias("a@b", "cal"),
    # dataset types
    "what one FitsStorage exposure type 'raw' brings": lambda w: _brought(w, "raw"),
    "what one FitsCatalogStorage type 'src' brings": lambda w: _brought(w, "src"),
}

# Where ours differs: what it answers, or the error that it raises, and why.
OURS: dict[str, tuple[Any, str]] = {
    "queryMetadata('coadd', ['tract','filter']) without tract": (
        [],
        "queryMetadata and subset ask the same: the files that there are tell tracts (policy/suppliers.py)",
    ),
    "queryMetadata('notables', 'filter', visit=1): no tables in the policy": (
        [],
        "the names of files supply what no table has, beside a registry, too",
    ),
    "map('plain', name='z') with both .gz and .fz there": (
        NoResults,
        "a pickle is never compressed: neither reader would take such a file, so that only one name is asked for",
    ),
    "getKeys(): no dataset type (alias lookup of None)": (
        "calibDate ccdnum date detector expId fgcmcycle filter label name numSubfilters patch pixel_id subdir "
        "subfilter tract visit".split(),
        "the signature offers it, and the original always crashed there (doc/gen2/gen2-core.md, 1.7): no script can rely on it",
    ),
    "get('thing', visit='100005', ccdnum=7): found in the registry, then '%07d' of a string": (
        {"which": "thing"},
        "values get the types of their keys, once",
    ),
    "datasetExists('plain', name='a*'): values are glob patterns": (
        False,
        "paths are literal, never globs",
    ),
    "datasetExists('plain', name='x[1]'): a bracket ends the path": (
        True,
        "paths are literal: only a template's own bracket names an HDU",
    ),
    "get of YAML with a python object tag (unsafe loader)": (
        UnsafeContent,
        "YAML is loaded with a safe loader, and runs nothing",
    ),
    "get cal2 on the shared day: two matches (NoResults inside, so 'No locations')": (
        {"which": "2015-01-20"},
        "of two calibrations that share a day the later one has it (persistence.calibs.choose)",
    ),
    "  the file after that": (
        None,
        "T1†: a write is whole or absent (doc/promises.rst, promise 3)",
    ),
    "repositoryCfg.yaml of out1 (text)": (
        """!RepositoryCfg_v1
_mapper: probe_mapper.PM
_mapperArgs: {}
_parents:
- !RepositoryCfg_v1
  _mapper: probe_mapper.PM
  _mapperArgs: {}
  _parents: []
  _policy: null
  _root: ../A
  dirty: true
_policy: null
_root: null
dirty: true
""",
        "a mapper is a name, for nothing is run to read it (doc/promises.rst, promise 2), and the tree can be moved; the "
        "original reads both (doc/gen2/gen2-core.md, 2.1, 2.2)",
    ),
    "repositoryCfg.yaml with mapper string, mapperArgs, policy (text)": (
        """!RepositoryCfg_v1
_mapper: probe_mapper.PM
_mapperArgs: {calibRoot: CALIB}
_parents: []
_policy: !!python/object:lsst.daf.persistence.policy.Policy {data: {datasets: {plain: {template: other-%(name)s.pickle}}}}
_root: null
dirty: true
""",  # a whole line of the file
        "the same YAML on fewer lines, which the original reads (doc/promises.rst, promise 1)",
    ),
    "  the missing folder afterwards exists": (
        False,
        "T5†: opening a repository makes nothing (doc/promises.rst, promise 2)",
    ),
    "same output again with an old-style (_mapper) input put before a new-style one: a comparison of cfg and path "
    "breaks": (ParentsMismatch, "T4†: both kinds can be compared, and the new one is not in front"),
    "new output over one old-style and one new-style input: the same break": (
        ["A", "byclass"],
        "T4†: both kinds can be compared",
    ),
    "inputs whose mappers are the same, one as a class and one as a string: counted as different": (
        ["bystr", "byclass"],
        "a class in YAML is but its name here, so that the two are one",
    ),
}
# What people may have searched for: it stands in the original's message, and in ours.
KEPT = {
    "dataRef('raw', visit=100005): many": "No unique dataset for:",
    "get('thing', visit): ccdnum not unique": "No locations for get:",
    "get back from a write-only output by the same butler": "No locations for get:",
    "put on a butler with no output": "No locations for put:",
    "same output again with fewer inputs": "do not match parents of",
    "root with inputs": (
        "Butler version 1 API (root, mapper, **mapperArgs) may not be used with version 2 API (inputs, outputs)"
    ),
    "input with mode 'w'": "The mode of an input should be readable.",
    "tag restricts get to one input": "No locations for get:",
    "bad alias 'a@b'": "Badly formatted alias string: a@b",
}


@pytest.fixture(scope="module")
def policy_file(vectors: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write the camera's policy, once: it is parsed once then."""
    policy = vectors("behaviours")["setup"]["policy"]
    path = tmp_path_factory.mktemp("policy") / "policy.yaml"
    path.write_text(json.dumps(_merged(policy["base"], policy["extra"])))
    return str(path)


@pytest.fixture
def world(policy_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(PM, "policyFile", policy_file)
    return World(tmp_path)


def _merged(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}


def _probe(vectors: Any, what: str) -> Mapping[str, Any]:
    (found,) = [
        one
        for one in vectors("behaviours")["probes"]
        if one["what"] == what and one["about"] not in ELSEWHERE
    ]
    return found  # type: ignore[no-any-return]  # it is JSON


def _ask(world: World, what: str) -> Any:
    """Return an answer as JSON would, with ``<W>`` for the directory."""
    return json.loads(json.dumps(PROBES[what](world)).replace(str(world.folder), "<W>"))


@pytest.mark.parametrize("what", [what for what in PROBES if what not in OURS])
def test_it_answers_as_the_original_did(vectors: Any, world: World, what: str) -> None:
    probe = _probe(vectors, what)
    if "raises" not in probe:
        assert _ask(world, what) == probe["result"]
        return
    kept = KEPT.get(what, "")
    with pytest.raises(PersistenceError) as caught:
        _ask(world, what)
    assert {cls.__name__ for cls in type(caught.value).__mro__} >= set(probe["raises"])
    assert kept in str(caught.value)
    assert kept in probe["message"]


@pytest.mark.parametrize("what", OURS)
def test_it_differs_from_the_original_for_a_reason(vectors: Any, world: World, what: str) -> None:
    probe, (answer, reason) = _probe(vectors, what), OURS[what]
    if isinstance(answer, type):
        with pytest.raises(answer) as caught:
            _ask(world, what)
        assert not {cls.__name__ for cls in type(caught.value).__mro__} >= set(
            probe.get("raises", ["a result"])
        )
    else:
        assert _ask(world, what) == answer
        assert "raises" in probe or probe["result"] != answer
    assert reason


@pytest.mark.parametrize(
    ("what", "make", "root"),
    [
        ("repositoryCfg.yaml of out1 (text)", World.written, "out1"),
        (
            "repositoryCfg.yaml with mapper string, mapperArgs, policy (text)",
            World.by_name,
            "bystr",
        ),
    ],
)
def test_a_configuration_that_the_original_wrote_reads_as_ours(
    vectors: Any, world: World, what: str, make: Callable[[World], Any], root: str
) -> None:
    make(world)
    ours = repository_cfg.read(str(world.folder / root))
    text = (
        _probe(vectors, what)["result"]
        .replace("<W>", str(world.folder))
        .replace("probe_mapper.PM", NAME)
    )
    (world.folder / root / "repositoryCfg.yaml").write_text(text)
    assert repository_cfg.read(str(world.folder / root)) == ours


def test_no_probe_is_left_out(vectors: Any) -> None:
    probes = vectors("behaviours")["probes"]
    asked = [one["what"] for one in probes if one["about"] not in ELSEWHERE]
    assert sorted(asked) == sorted(PROBES)
    assert {one["about"] for one in probes} >= ELSEWHERE
    assert set(OURS) | set(KEPT) <= set(PROBES)
