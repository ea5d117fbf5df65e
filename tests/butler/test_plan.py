"""The compiled look-up answers as the long way does, or not at all; and it is short."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence import Butler, CameraMapper, DataId
from persistence.butler.chain import Chain
from persistence.butler.plan import NO_PLAN
from persistence.butler.repository import Repository
from persistence.dataids.location import Location
from persistence.dataids.request import Request

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
"""
NAMES = ("", ".gz", ".fz")


@pytest.fixture
def repositories(tmp_path: Path) -> list[Repository]:
    """Give three repositories without registries; each is a camera's of its own file's."""
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


# -- what is odd
# ---------------------------------------------------------------------------------------------

ODD: dict[str, tuple[str, Any]] = {
    "a key is missing": ("note", {"a": 1}),
    "a value is of another type": ("note", {"a": "1", "b": "x"}),
    "a truth is no number": ("note", {"a": True, "b": "x"}),
    "a value leads out": ("note", {"a": 1, "b": "/../../x"}),
    "a value is empty": ("image", {"a": 1, "b": "\0"}),
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
