"""The compiled look-up answers as the long way does, or not at all; and it is short."""

from __future__ import annotations

import itertools
import sqlite3
import sys
import warnings
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence import Butler, CameraMapper, DataId, NoResults
from persistence.butler.chain import Chain
from persistence.butler.plan import NO_PLAN
from persistence.butler.repository import Repository
from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.registry.direct_writer import DirectWriter

POLICY = """
aliases: {chip: b}
datasets:
  note: {template: 'n-%(a)d-%(b)s.txt', storage: TextStorage}
  image: {template: 'i-%(a)d-%(b)s.fits', storage: FitsStorage}
  packed: {template: 'p-%(a)d.fits.fz', storage: FitsStorage}
  lossy: {template: 'l-%(f).2f.txt', storage: TextStorage}
  hdus: {template: 'h-%(a)d.fits[%(hdu)d]', storage: FitsStorage}
  table: {template: 't-%(a)d.fits', storage: FitsCatalogStorage}
  part: {template: 'q-%(a)d.txt', storage: TextStorage}
  whole: {python: builtins.dict, composite: {part: {datasetType: part}}}
  nowhere: {template: ignored, storage: ignored}
  free: {template: '%(b)s', storage: TextStorage}
"""
NAMES = ("", ".gz", ".fz")


@pytest.fixture
def repositories(tmp_path: Path) -> list[Repository]:
    """Return three repositories without registries; each is a camera's of its own file's."""
    (tmp_path / "camera.yaml").write_text(POLICY)
    made = []
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        made.append(Repository(str(tmp_path / name), CameraMapper(str(tmp_path / "camera.yaml"))))
    return made


def put(repository: Repository, name: str) -> str:
    path = Path(repository.root, name)
    path.write_text("x")
    return str(path)


# -- which name, in which repository
# -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [*itertools.product(NAMES, NAMES)])
def test_a_compressed_file_of_an_earlier_repository_wins(
    repositories: list[Repository], names: tuple[str, str]
) -> None:
    chain, request = Chain(repositories, []), Request("image")
    for repository, name in zip(repositories[1:], names, strict=True):
        put(repository, f"i-1-x.fits{name}")
    location = chain.plan(request).locate({"a": 1, "b": "x"})
    assert location is not None
    assert location.full_path == f"{repositories[1].root}/i-1-x.fits{names[0]}"


def test_in_a_repository_the_plain_name_wins_then_gz(repositories: list[Repository]) -> None:
    chain, request = Chain(repositories, []), Request("image")
    for name in reversed(NAMES):
        path = put(repositories[0], f"i-1-x.fits{name}")
        location = chain.plan(request).locate({"a": 1, "b": "x"})
        assert location is not None
        assert location.full_path == path


@pytest.mark.parametrize(
    ("name", "asked"), [("note", 1), ("image", 3), ("packed", 2), ("table", 3)]
)
def test_only_names_that_a_file_can_have_are_asked_for(
    repositories: list[Repository], name: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths: list[str] = []
    monkeypatch.setattr(
        "persistence.butler.plan._access", lambda path, mode: bool(paths.append(path))
    )
    data_id = {"a": 1, "b": "x"} if name in ("note", "image") else {"a": 1}
    assert Chain(repositories, []).plan(Request(name)).locate(data_id) is None
    assert len(paths) == len(set(paths)) == asked * len(repositories)


def test_a_file_of_one_name_that_is_opened_next_is_not_looked_for(
    repositories: list[Repository], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.butler.plan._access", None)  # whoever looks fails
    alone = Chain(repositories[:1], [])
    location = alone.plan(Request("note")).locate({"a": 1, "b": "x"}, is_opened=True)
    assert location is not None
    assert location.path == "n-1-x.txt"
    for chain, name in ((alone, "image"), (Chain(repositories, []), "note")):
        with pytest.raises(TypeError):
            chain.plan(Request(name)).locate({"a": 1, "b": "x"}, is_opened=True)


def test_what_is_not_there_to_be_opened_is_told_as_ever(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    with pytest.raises(NoResults, match=r"looked for  n-1-x\.txt  in"):
        butler.get("note", a=1, b="x")
    (tmp_path / "n-1-x.txt").symlink_to("/gone/x")
    with pytest.raises(NoResults, match="is a link to /gone/x, which is not there"):
        butler.get("note", a=1, b="x")


# -- what is odd
# ---------------------------------------------------------------------------------------------

ODD: dict[str, tuple[str, Any]] = {
    "a key is missing": ("note", {"a": 1}),
    "a value is of another type": ("note", {"a": "1", "b": "x"}),
    "a truth is no number": ("note", {"a": True, "b": "x"}),
    "a value leads out": ("note", {"a": 1, "b": "/../../x"}),
    "a value is empty": ("image", {"a": 1, "b": "\0"}),
    "nothing but the repository": ("free", {"b": ""}),
    "a directory": ("free", {"b": "folder/"}),
    "half a character": ("free", {"b": "\ud800"}),
    "an alias": ("note", {"a": 1, "chip": "x"}),
    "a key that nothing knows": ("note", {"a": 1, "b": "x", "c": 2}),
    "a tag": ("note", DataId(a=1, b="x", tag="t")),
    "a template that loses digits": ("lossy", {"f": 1.5}),
    "an HDU that is not told": ("hdus", {"a": 1}),
    "a component": ("part", {"a": 1}),
    "a composite": ("whole", {"a": 1}),
    "no storage": ("nowhere", {}),
    "nothing there": ("note", {"a": 77, "b": "x"}),
}


@pytest.mark.parametrize("case", ODD)
def test_what_is_odd_is_left_to_the_long_way(repositories: list[Repository], case: str) -> None:
    name, data_id = ODD[case]
    for file in ("n-1-x.txt", "i-1-x.fits", "l-1.50.txt", "h-1.fits", "q-1.txt", "ignored"):
        put(repositories[0], file)
    Path(repositories[0].root, "folder").mkdir()
    plan = Chain(repositories, []).plan(Request(name))
    assert plan.locate(data_id) is None
    assert not plan.holds(data_id)


def test_a_plan_of_nothing_answers_nothing() -> None:
    assert NO_PLAN.locate({"a": 1}) is None


def test_a_hook_is_asked(tmp_path: Path) -> None:
    class Hooked(CameraMapper):
        def map_note(self, dataId: Any, write: bool = False) -> Location:
            return Location(str(tmp_path), "elsewhere", None, "TextStorage", None, "note", dataId)

        def bypass_image(
            self, datasetType: Any, pythonType: Any, location: Any, dataId: Any
        ) -> str:
            return "made"

        def validate(self, dataId: Any) -> Any:
            return {**dataId, "b": "x"}

    (tmp_path / "camera.yaml").write_text(POLICY)
    for file in ("elsewhere", "n-1-x.txt", "i-1-x.fits", "t-1.fits"):
        (tmp_path / file).write_text(file)
    butler = Butler(tmp_path, mapper=Hooked(str(tmp_path / "camera.yaml")))
    assert butler.get("note", a=1, b="y") == "elsewhere"
    assert butler.get("image", a=1, b="x") == "made"
    assert butler.getUri("table", a=1) == str(tmp_path / "t-1.fits")
    assert butler.chain.plan(Request("table")).locate({"a": 1}) is None


# -- the same answers
# ---------------------------------------------------------------------------------------------

IDS = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from([1, 2, "1", 1.0, True]),
        "b": st.sampled_from(["x", "y", "x/../x", 1]),
        "hdu": st.sampled_from([0, 1]),
        "c": st.just(3),
    },
)


def _long_way(chain: Chain, request: Request, data_id: dict[str, Any]) -> Any:
    """Locate as a chain does whose plans answer nothing."""
    chain._plans[request] = NO_PLAN
    try:
        return chain.locate(request, DataId(data_id))
    except Exception as error:
        return type(error)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["note", "image", "packed", "hdus", "table", "part"]),
    data_id=IDS,
    files=st.lists(
        st.tuples(
            st.sampled_from(range(3)),
            st.sampled_from(["n-1-x.txt", "n-2-y.txt", "i-1-x.fits", "p-1.fits.fz", "h-1.fits"]),
            st.sampled_from(NAMES),
        ),
        max_size=5,
    ),
)
def test_a_plan_says_what_the_long_way_says(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    data_id: dict[str, Any],
    files: list[tuple[int, str, str]],
) -> None:
    folder = tmp_path_factory.mktemp("plan")
    (folder / "camera.yaml").write_text(POLICY)
    mapper = CameraMapper(str(folder / "camera.yaml"))
    repositories = []
    for number in range(3):
        (folder / str(number)).mkdir()
        repositories.append(Repository(str(folder / str(number)), mapper))
    for number, file, ending in files:
        put(repositories[number], file + ending)
    request = Request(name)
    quick = Chain(repositories, []).plan(request).locate(data_id)
    if quick is not None:
        assert quick == _long_way(Chain(repositories, []), request, data_id)


@pytest.mark.parametrize("given_id", [{"visit": 410877, "ccdnum": 28}, {"visit": 410877}])
def test_what_a_registry_supplies_is_the_same(butler: Butler, given_id: dict[str, Any]) -> None:
    request = Request("raw")
    quick = butler.chain.plan(request).locate(given_id)
    assert (quick is None) == (len(given_id) == 1)  # many chips
    if quick is not None:
        slow = _long_way(Chain(butler.chain.inputs, ()), request, given_id)
        assert quick._replace(options={}) == slow._replace(options={})
        assert quick.dataId == slow.dataId


def test_the_callers_data_id_is_not_the_locations(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    (tmp_path / "n-1-x.txt").write_text("x")
    mine: dict[str, Any] = {"a": 1, "b": "x"}
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    location = butler.chain.plan(Request("note")).locate(mine)
    assert location is not None
    mine["a"] = 2
    assert location.dataId == {"a": 1, "b": "x"}


def test_a_definition_that_comes_later_counts(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    butler.put("plain", "note", a=1, b="x")
    assert butler.get("note", a=1, b="x") == "plain"
    before = butler.chain
    butler.defineDataset("note:late", template="late-%(a)d.txt", storage="TextStorage")
    butler.put("late", "note:late", a=1)
    butler.defineStage("note", "late")
    assert butler.chain is not before
    assert butler.get("note", a=1) == "late"
    butler.defineAlias("it", "image")
    assert not butler.datasetExists("@it", a=1, b="x")


def test_a_file_that_is_registered_outside_later_comes_before_a_parents(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    camera = str(tmp_path / "camera.yaml")
    for name in ("parent", "child"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "_mapper").write_text(camera)
    (tmp_path / "parent/n-1-x.txt").write_text("parent's")
    (tmp_path / "outside.txt").write_text("child's")
    butler = Butler(
        inputs=[{"root": str(tmp_path / name), "mapper": camera} for name in ("child", "parent")]
    )
    assert butler.get("note", a=1, b="x") == "parent's"
    writer = DirectWriter(str(tmp_path / "child"))
    with writer.transaction():
        writer.register({str(tmp_path / "child/n-1-x.txt"): str(tmp_path / "outside.txt")})
    writer.close()
    assert not butler.datasetExists("note", a=2, b="x")  # who finds nothing looks for the side file
    assert butler.get("note", a=1, b="x") == "child's"


ROWS = [(1, 1, "2020-01-01", "g"), (1, 2, "2020-01-01", "g"), (2, 1, "2020-01-02", "r"),
        (3, 7, None, "g"), (4, 1, "2020-01-01", 5)]  # fmt: skip
IN_TABLES = """
datasets:
  note: {template: 'n-%(visit)d-%(ccd)d.txt', storage: TextStorage, tables: [raw]}
  dated: {template: '%(night)s/%(visit)d-%(ccd)02d.txt', storage: TextStorage, tables: [raw]}
  free: {template: 'm-%(visit)d-%(extra)s.txt', storage: TextStorage}
calibrations:
  flat: {template: 'F/%(calibDate)s-%(ccd)02d.txt', storage: TextStorage, tables: [flat],
    columns: [ccd], filter: false, obsTimeName: night, reference: [raw], refCols: [visit, night],
    validRange: true, validStartName: validStart, validEndName: validEnd}
"""


def _come(root: Path, random: Random) -> None:
    name = random.choice(
        ["n-1-1.txt", "n-1-2.txt", "n-3-7.txt", "2020-01-01/1-01.txt", "2020-01-02/2-01.txt",
         "m-1-x.txt", "F/2020-01-01-01.txt", "F/2020-01-01-02.txt"]
    )  # fmt: skip
    path = root / random.choice(["repo", "rerun"]) / (name + random.choice(["", "", ".gz"]))
    path.parent.mkdir(exist_ok=True)
    path.write_text(str(path.parent))


def _execute(root: Path, *changes: str) -> None:
    with sqlite3.connect(root / "registry.sqlite3") as connection:
        for change in changes:
            connection.execute(change)
    connection.close()


def _registry(root: Path, more: tuple[str, ...]) -> None:
    (root / "registry.sqlite3").unlink(missing_ok=True)
    columns = "".join(f", {name} text" for name in more)
    _execute(root, f"create table raw (visit int, ccd int, night text, band text{columns})")
    with sqlite3.connect(root / "registry.sqlite3") as connection:
        connection.executemany("insert into raw (visit, ccd, night, band) values (?,?,?,?)", ROWS)
    connection.close()


def _calibrations(root: Path) -> None:
    with sqlite3.connect(root / "calibRegistry.sqlite3") as connection:
        connection.execute(
            "create table if not exists flat (calibDate text, ccd int, validStart text, "
            "validEnd text)"
        )
        connection.execute("insert into flat values ('2020-01-01', 1, '2019-12-01', '2020-12-01')")
    connection.close()


STEPS = {
    "a file comes": _come,
    "a file goes": lambda root, random: [path.unlink() for path in [*root.glob("*/*.txt*")][:1]],
    "the registry is made anew": lambda root, random: _registry(
        root / "repo", random.choice([(), ("extra",), ("calibDate",)])
    ),
    "the rerun gets a registry": lambda root, random: _registry(root / "rerun", ()),
    "there are calibrations": lambda root, random: _calibrations(root / "repo"),
    **{
        change: lambda root, random, change=change: _execute(root / "repo", change)
        for change in (
            "insert or ignore into raw (visit, ccd, night, band) values (9, 1, '2020-01-01', 'g')",
            "delete from raw where visit = 2",
            "update raw set night = NULL where visit = 1",
            "update raw set night = '2020-01-01' where visit = 1",
            "update raw set band = 5",
        )
    },
}
VALUES: dict[str, tuple[float, list[Any]]] = {
    "visit": (0.9, [1, 1, 2, 3, 9, "1", np.int64(1), 1.0, True, None]),
    "ccd": (0.7, [1, 1, 2, 7, "1", np.int32(2)]),
    "night": (0.2, ["2020-01-01", "2020-01-02", 20200101]),
    "calibDate": (0.2, ["2020-01-01"]),
    "extra": (0.2, ["x", "", "x/"]),
    "vist": (0.03, [1]),
}


def _said(butler: Butler, verb: str, name: str, data_id: Any, rest: dict[str, Any]) -> Any:
    """Return what a Butler answers, raises and warns of, and in which file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = str(getattr(butler, verb)(name, data_id, **rest))
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
    return answer, [(str(warning.message), warning.filename) for warning in caught]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("layout", ["one", "rerun", "two cameras", "tags"])
def test_a_butler_says_the_same_with_plans_and_without_whatever_happens_meanwhile(
    tmp_path: Path, layout: str, seed: int
) -> None:
    random = Random(f"{layout} {seed}")
    other = IN_TABLES.replace("n-%(visit)d", "n-%(visit)s")
    for name, policy in (("camera", IN_TABLES), ("other", other)):
        (tmp_path / f"{name}.yaml").write_text(policy)
    camera, strange = str(tmp_path / "camera.yaml"), str(tmp_path / "other.yaml")
    repo, rerun = str(tmp_path / "repo"), str(tmp_path / "rerun")
    for root in (repo, rerun):
        Path(root).mkdir()
    _registry(Path(repo), ())
    told: dict[str, Any] = {
        "one": {"root": repo, "mapper": camera},
        "rerun": {
            "inputs": {"root": repo, "mapper": camera},
            "outputs": {"root": rerun, "mapper": camera, "mode": "rw"},
        },
        "two cameras": {
            "inputs": [{"root": rerun, "mapper": strange}, {"root": repo, "mapper": camera}]
        },
        "tags": {
            "inputs": [
                {"root": rerun, "mapper": camera, "tags": ["t"]},
                {"root": repo, "mapper": camera, "tags": ["u"]},
            ]
        },
    }[layout]
    quick, slow = Butler(**told), Butler(**told)
    slow.chain.plan = lambda request: NO_PLAN  # type: ignore[method-assign]
    happened = []
    for _ in range(60):
        if random.random() < 0.4:
            happened.append(random.choice([*STEPS, *["a file comes"] * 9]))
            STEPS[happened[-1]](tmp_path, random)
            continue
        items = [
            (key, random.choice(values))
            for key, (chance, values) in VALUES.items()
            if random.random() < chance
        ]
        random.shuffle(items)
        cut = random.choice([0, 1, len(items)])
        data_id: Any = dict(items[:cut])
        if random.random() < 0.3:
            data_id = DataId(data_id, tag=random.choice([None, "u"]))
        verb = random.choice(["getUri", "datasetExists", "get"])
        name = random.choice(["note", "dated", "free", "flat", "note_filename"])
        question = (verb, name, data_id, dict(items[cut:]))
        assert _said(quick, *question) == _said(slow, *question), (question, happened)
        whole = DataId(data_id, **question[3])
        many = [whole, {**whole, "ccd": 2}, DataId({**whole, "visit": 1}, tag=whole.tag)]
        each = [_said(slow, "datasetExists", name, one, {})[0] == "True" for one in many]
        assert _said(quick, "exists", name, many, {})[0] == str(np.array(each)), (many, happened)


def test_calibrations_lie_where_their_registry_is_also_one_that_comes_later(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(IN_TABLES)
    camera = str(tmp_path / "camera.yaml")
    for name in ("repo", "rerun"):
        (tmp_path / name / "F").mkdir(parents=True)
        (tmp_path / name / "F/2020-01-01-01.txt").write_text(name)
    _registry(tmp_path / "repo", ())
    butler = Butler(
        inputs={"root": str(tmp_path / "repo"), "mapper": camera},
        outputs={"root": str(tmp_path / "rerun"), "mapper": camera, "mode": "rw"},
    )
    assert butler.get("flat", calibDate="2020-01-01", ccd=1) == "rerun"
    _calibrations(tmp_path / "repo")
    assert butler.get("flat", calibDate="2020-01-01", ccd=1) == "repo"
    plan = butler.chain.plan(Request("flat"))
    assert plan.holds({"calibDate": "2020-01-01", "ccd": 1})  # what was odd before is not kept


# -- how long it is
# ---------------------------------------------------------------------------------------------


def test_a_warm_get_takes_few_steps(butler: Butler) -> None:
    """From the call to the reader: nine modules of five packages, and never back into the facade."""
    butler.get("raw", visit=410877, ccdnum=28)
    visited: list[str] = []

    def trace(frame: Any, event: str, argument: Any) -> None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("persistence."):
            visited.append(name)

    sys.settrace(trace)
    try:
        butler.get("raw", visit=410877, ccdnum=28)
    finally:
        sys.settrace(None)
    facade = "persistence.butler.butler"
    start = visited.index("persistence.butler.read")
    on_the_way = visited[: start + 1]
    modules = dict.fromkeys(on_the_way)
    assert on_the_way[0] == facade
    assert len(modules) <= 9, modules
    assert len({module.split(".")[1] for module in modules}) <= 5, modules
    after = [module for module in visited[visited.index(facade) + 2 :] if module == facade]
    assert len(after) <= 1, "only `_plan` is asked, before the look-up"
