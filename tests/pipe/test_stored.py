"""Configuration, schemas and versions: written once, and compared."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lsst.pex.config import Config, ConfigField, Field, ListField, makeRegistry

from persistence import Butler, Packages
from persistence.pipe import stored
from persistence.pipe.task import TaskError
from persistence.types.metadata import versions
from persistence.types.table.catalog import Catalog

CONFIG = "processCcd_config"


class InnerConfig(Config):
    gain = Field(dtype=float, default=1.5, doc="a number")
    label = Field(dtype=str, default=None, optional=True, doc="a text")


class One:
    ConfigClass = InnerConfig


registry = makeRegistry("what there is to choose")
registry.register("one", One)
registry.register("two", One)


class OuterConfig(Config):
    inner = ConfigField(dtype=InnerConfig, doc="what lies below")
    names = ListField(dtype=str, default=["a"], doc="texts")
    choice = registry.makeField("one of two", default="one")


def changed(**values: Any) -> OuterConfig:
    """Return a configuration with some values, by dotted name with ``__`` for the dots."""
    config = OuterConfig()
    for name, value in values.items():
        *above, last = name.split("__")
        place: Any = config
        for part in above:
            place = place[part] if part in ("one", "two") else getattr(place, part)
        setattr(place, last, value)
    return config


@pytest.fixture
def rerun(filled: Path, own: Path) -> Butler:
    """Return a Butler that writes to a rerun."""
    return Butler(inputs=str(own), outputs={"root": str(own / "rerun" / "night"), "mode": "rw"})


def write(config: Any, butler: Butler, clobber: bool = False, backup: bool = True) -> None:
    stored.write_config(config, butler, CONFIG, clobber, backup)


def content(butler: Butler, name: str = CONFIG) -> str:
    return Path(butler.getUri(name, write=True)).read_text()


def test_a_configuration_is_written_once(rerun: Butler) -> None:
    write(changed(), rerun)
    before = os.stat(rerun.getUri(CONFIG)).st_mtime_ns
    write(changed(), rerun)
    assert os.stat(rerun.getUri(CONFIG)).st_mtime_ns == before
    assert rerun.get(CONFIG).inner.gain == 1.5


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"inner__gain": 2.0}, "inner.gain: 2.0 now, 1.5 there"),
        ({"inner__label": "x"}, "inner.label: 'x' now, None there"),
        ({"names": ["a", "b"]}, "names: ['a', 'b'] now, ['a'] there"),
        ({"choice__one__gain": 3.0}, "choice['one'].gain: 3.0 now, 1.5 there"),
        ({"choice__name": "two"}, "choice.name: 'two' now, 'one' there"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_one_is_refused_with_what_differs(
    rerun: Butler, values: dict[str, Any], line: str
) -> None:
    write(changed(), rerun)
    before = content(rerun)
    with pytest.raises(TaskError) as caught:
        write(changed(**values), rerun)
    first, *lines, advice = str(caught.value).splitlines()
    assert first == f"{rerun.getUri(CONFIG)} is of another run, which differs:"
    assert f"  {line}" in lines
    assert advice == "  --rerun night-2 keeps both; --clobber-config replaces what is there"
    assert content(rerun) == before


@pytest.mark.parametrize(
    "values",
    [{"inner__gain": 1.5 + 1e-10}, {"choice__two__gain": 7.0}],
    ids=["within 1e-8", "not chosen"],
)
def test_what_makes_no_difference_is_none(rerun: Butler, values: dict[str, Any]) -> None:
    write(changed(), rerun)
    write(changed(**values), rerun)


def test_the_next_rerun_that_is_free_is_advised(rerun: Butler, own: Path) -> None:
    write(changed(), rerun)
    (own / "rerun" / "night-2").mkdir()
    with pytest.raises(TaskError, match="--rerun night-3 keeps both"):
        write(changed(names=["b"]), rerun)


def test_an_output_elsewhere_is_advised_of_another_one(own: Path, tmp_path: Path) -> None:
    butler = Butler(inputs=str(own), outputs={"root": str(tmp_path / "out"), "mode": "rw"})
    write(changed(), butler)
    with pytest.raises(TaskError, match="another --output keeps both; --clobber-config"):
        write(changed(names=["b"]), butler)


@pytest.mark.parametrize(("backup", "kept"), [(True, ["processCcd.py~1"]), (False, [])])
def test_clobbering_keeps_a_copy_unless_told_not_to(
    rerun: Butler, backup: bool, kept: list[str]
) -> None:
    write(changed(), rerun)
    before = content(rerun)
    write(changed(names=["b"]), rerun, clobber=True, backup=backup)
    folder = Path(rerun.getUri(CONFIG)).parent
    copies = [path for path in folder.iterdir() if "~" in path.name]
    assert [path.name for path in copies] == kept
    assert [path.read_text() for path in copies] == [before] * len(kept)
    assert rerun.get(CONFIG).names == ["b"]


@pytest.mark.parametrize(
    "text", ["config.x = (", "import os\nos.abort()\n"], ids=["broken", "a program"]
)
def test_one_that_cannot_be_read_is_told_with_advice(rerun: Butler, text: str) -> None:
    write(changed(), rerun)
    Path(rerun.getUri(CONFIG)).write_text(text)
    with pytest.raises(TaskError, match=r"cannot be read(.|\n)*--clobber-config replaces it"):
        write(changed(), rerun)
    write(changed(), rerun, clobber=True)
    assert rerun.get(CONFIG).names == ["a"]


def test_the_parents_configuration_does_not_count(rerun: Butler, own: Path) -> None:
    write(changed(), rerun)
    child = Butler(
        inputs=str(own / "rerun" / "night"),
        outputs={"root": str(own / "rerun" / "next"), "mode": "rw"},
    )
    write(changed(names=["b"]), child)
    assert child.get(CONFIG).names == ["b"]


# -- dataset types of a task's own
# ---------------------------------------------------------------------------


def test_what_no_policy_has_is_defined_in_the_output(rerun: Butler, own: Path) -> None:
    for _ in range(2):
        stored.define(rerun, "night_config", "night_metadata", {"visit": 1, "patch": "1,2"})
    later = Butler(own / "rerun" / "night")
    assert later.getUri("night_config", write=True).endswith("/config/night.py")
    uri = later.getUri("night_metadata", visit=7, patch="3,4", write=True)
    assert uri.endswith("/metadata/night/7-3,4.yaml")
    stored.write_config(changed(), later, "night_config", clobber=False, backup=True)
    assert later.get("night_config").inner.gain == 1.5


@pytest.mark.parametrize(
    ("config", "metadata", "data_id"),
    [
        (CONFIG, "processCcd_metadata", {"visit": 1}),
        (None, None, {"visit": 1}),
        (None, "night_metadata", None),
    ],
    ids=["known", "none", "no data ID"],
)
def test_what_is_known_or_cannot_be_known_is_not_defined(
    rerun: Butler,
    own: Path,
    config: str | None,
    metadata: str | None,
    data_id: dict[str, Any] | None,
) -> None:
    stored.define(rerun, config, metadata, data_id)
    assert not (own / "rerun" / "night" / "policy").exists()


# -- schemas
# --------------------------------------------------------------------------------------------------


def catalog(unit: str = "pix", dtype: str = "f8", doc: str = "where", order: int = 1) -> Catalog:
    made = Catalog()
    for name in ("x", "id")[::order]:
        made[name] = np.zeros(0, dtype if name == "x" else "i8")
    made["x"].unit = unit
    made["x"].info.description = doc
    return made


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({"unit": "deg"}, "x: 'float64 deg, where' now, 'float64 pix, where' there"),
        ({"dtype": "f4"}, "x: 'float32 pix, where' now"),
        ({"doc": "here"}, "x: 'float64 pix, here' now"),
        ({"order": -1}, "order: ['id', 'x'] now, ['x', 'id'] there"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_schema_is_written_once_and_compared(
    rerun: Butler, other: dict[str, Any], text: str
) -> None:
    for _ in range(2):
        stored.write_schemas({"src": catalog()}, rerun, clobber=False, backup=True)
    with pytest.raises(TaskError) as caught:
        stored.write_schemas({"src": catalog(**other)}, rerun, clobber=False, backup=True)
    assert text in str(caught.value)
    stored.write_schemas({"src": catalog(**other)}, rerun, clobber=True, backup=True)


def test_no_schema_is_written_if_one_differs(rerun: Butler) -> None:
    stored.write_schemas({"src": catalog()}, rerun, clobber=False, backup=True)
    with pytest.raises(TaskError):
        stored.write_schemas(
            {"icSrc": catalog(), "src": catalog(unit="deg")}, rerun, clobber=False, backup=True
        )
    assert not rerun.datasetExists("icSrc_schema", write=True)


# -- versions
# -------------------------------------------------------------------------------------------------


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that says which versions there are."""
    return lambda **said: monkeypatch.setattr(versions, "current", lambda: Packages(said))


def test_versions_are_compared_where_both_have_them(rerun: Butler, now: Any) -> None:
    now(python="3.11", numpy="2.0")
    stored.write_packages(rerun, "packages", clobber=False, backup=True)
    now(python="3.11", astropy="7.0")
    stored.write_packages(rerun, "packages", clobber=False, backup=True)
    assert dict(rerun.get("packages")) == {"astropy": "7.0", "numpy": "2.0", "python": "3.11"}
    assert [path.name for path in Path(rerun.getUri("packages")).parent.glob("*~*")] == [
        "packages.pickle~1"
    ]


def test_another_version_is_refused_until_it_may_clobber(rerun: Butler, now: Any) -> None:
    now(python="3.11", numpy="2.0")
    stored.write_packages(rerun, "packages", clobber=False, backup=True)
    now(python="3.12", numpy="2.0")
    with pytest.raises(TaskError) as caught:
        stored.write_packages(rerun, "packages", clobber=False, backup=True)
    assert "  python: '3.12' now, '3.11' there" in str(caught.value)
    assert "--clobber-versions replaces" in str(caught.value)
    stored.write_packages(rerun, "packages", clobber=True, backup=True)
    assert dict(rerun.get("packages")) == {"numpy": "2.0", "python": "3.12"}


@pytest.mark.parametrize("name", ["decam", "hsc"])
def test_versions_of_a_rerun_that_gen2_made_are_compared(
    rerun: Butler, now: Any, real: Path, name: str
) -> None:
    path = Path(rerun.getUri("packages", write=True))
    path.parent.mkdir(parents=True)
    before = (real / "packages" / f"packages-{name}.pickle").read_bytes()
    path.write_bytes(before)
    now(**{"python": "3.11.7", "numpy.linalg._umath_linalg": "0.1.5", "astropy": "7.0"})
    with pytest.raises(TaskError, match="--clobber-versions replaces") as caught:
        stored.write_packages(rerun, "packages", clobber=False, backup=True)
    assert "  python: '3.11.7' now, '3." in str(caught.value)
    assert "umath_linalg" not in str(caught.value)
    assert path.read_bytes() == before
    stored.write_packages(rerun, "packages", clobber=True, backup=True)
    assert rerun.get("packages")["python"] == "3.11.7"
    assert path.with_name("packages.pickle~1").read_bytes() == before


# -- many at once
# ---------------------------------------------------------------------------------------------


def in_processes(number: int, act: Callable[[int], Any]) -> list[Any]:
    """Act in as many processes at once; give what came of it in each."""
    pipes, ready = [], os.pipe()
    for place in range(number):
        reader, writer = os.pipe()
        if not os.fork():
            os.close(ready[1])
            os.read(ready[0], 1)  # until all are there
            try:
                result: Any = act(place)
            except TaskError as error:
                result = error
            except BaseException:  # whatever it is, the parent is told
                result = traceback.format_exc()
            os.write(writer, pickle.dumps(result))
            os._exit(0)
        os.close(writer)
        pipes.append(reader)
    os.close(ready[1])
    found = []
    for reader in pipes:
        with os.fdopen(reader, "rb") as stream:
            found.append(pickle.loads(stream.read()))
        os.wait()
    os.close(ready[0])
    return found


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_of_many_processes_one_writes_and_the_others_compare(rerun: Butler, own: Path) -> None:
    def act(place: int) -> None:
        butler = Butler(str(own / "rerun" / "night"))
        write(changed(names=[f"name {place % 2}"]), butler)
        stored.write_packages(butler, "packages", clobber=False, backup=True)

    found = in_processes(32, act)
    refused = [isinstance(result, TaskError) for result in found]
    (winner,) = rerun.get(CONFIG).names
    assert refused == [f"name {place % 2}" != winner for place in range(32)], found
    assert dict(rerun.get("packages"))["python"]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_many_that_clobber_at_once_lose_no_copy(rerun: Butler, own: Path) -> None:
    write(changed(names=["first"]), rerun)

    def act(place: int) -> None:
        write(changed(names=[f"name {place}"]), Butler(str(own / "rerun" / "night")), clobber=True)

    assert in_processes(16, act) == [None] * 16
    folder = Path(rerun.getUri(CONFIG)).parent
    texts = [path.read_text() for path in folder.glob("processCcd.py*")]
    for name in ("first", *(f"name {place}" for place in range(16))):
        assert sum(f"['{name}']" in text for text in texts) == 1
