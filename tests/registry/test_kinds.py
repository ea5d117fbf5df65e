"""Kinds of registries: which one a directory has, and that one of a user's own serves a repository."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, registry
from persistence.cli import ingest_calibs, ingest_images, main
from persistence.errors import RegistryError, RepositoryError
from persistence.pipe.cmdline.parser import ArgumentParser
from persistence.registry import kinds
from persistence.registry.sqlite import SqliteRegistry

Install = Callable[..., None]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the module of the toy registry."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "code")
    module = importlib.import_module("toyregistry")
    yield module
    module.STORE.clear()
    sys.modules.pop("toyregistry")


# -- a kind that a package announces, end to end
# ---------------------------------------------------------------------------------------------


def test_a_kind_of_a_package_serves_a_repository_from_ingest_to_the_command_line(
    toy: Any, site: Install, root: Path, raws: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    site("[persistence.registries]\ntoy = toyregistry\n")
    (root / "registry.toy").write_text("in this process")
    for _again in range(2):
        assert ingest_images.main([str(root), *raws]) == 0
    assert "0 new, 2 already there, 0 failed" in capsys.readouterr().out
    assert [path.name for path in root.glob("*.sqlite3")] == []
    assert len(toy.STORE[str(root / "registry.toy")]["raw"][1]) == 122

    butler = Butler(root)
    assert butler.get("raw", visit=410877, ccdnum=28).detector.name == "S4"
    assert butler.datasetExists("raw", visit=410877, ccdnum=28)
    assert not butler.datasetExists("raw", visit=410877, ccdnum=99)
    assert len(butler.subset("raw", filter="g")) == 61
    assert butler.queryMetadata("raw", ["visit", "filter"], ccdnum=1) == [
        (410877, "g"),
        (410878, "r"),
    ]
    rerun = root / "rerun" / "a"
    Butler(inputs=str(root), outputs={"root": str(rerun), "mode": "rw"})
    assert Butler(rerun).queryMetadata("raw", "visit", filter="r", ccdnum=1) == [410878]

    parser = ArgumentParser("toy")
    parser.add_id_argument("--id", "raw", "which raws")
    toytask = importlib.import_module("toytask")
    chosen = parser.parse_args(
        toytask.ToyConfig(), [str(root), "--rerun", "c", "--id", "filter=g", "ccd=1..3"]
    )
    assert [ref.dataId["ccdnum"] for ref in chosen.id.refList] == [1, 2, 3]
    for words, line in (
        (["query", str(root), "raw", "visit", "--id", "filter=r"], "410878"),
        (["registry", str(root), "--format", "csv"], "g,"),
        (["tree", str(root)], "registry.toy"),
    ):
        assert main.main(words) == 0
        assert line in capsys.readouterr().out


def test_calibrations_may_be_registered_so_too(
    toy: Any, root: Path, raws: list[str], master: Callable[..., str]
) -> None:
    kinds.register("toy", toy)
    try:
        calib = root.parent / "CALIB"
        calib.mkdir()
        (calib / "calibRegistry.toy").write_text("in this process")
        assert ingest_images.main([str(root), *raws]) == 0
        for date in ("2015-02-18", "2015-03-13"):
            words = [
                str(root),
                "--calib",
                str(calib),
                "--validity",
                "1000",
                "--recompute",
                master(date),
            ]
            assert ingest_calibs.main(words) == 0
        assert [path.name for path in calib.glob("*.sqlite3")] == []
        butler = Butler(root, calibRoot=str(calib))
        uri = butler.getUri("bias", visit=410877, ccdnum=1)
        assert "2015-0" in uri
        assert Path(uri).exists()
        windows = sorted(
            row["validEnd"] for row in toy.STORE[str(calib / "calibRegistry.toy")]["bias"][1]
        )
        assert windows[0] < "2015-03-13"  # the first one was cut when the second one came
    finally:
        kinds.registered.pop("toy")


# -- which one a directory has
# ---------------------------------------------------------------------------------------------


def test_a_directory_without_a_registry_gets_sqlites(tmp_path: Path) -> None:
    assert registry.open(str(tmp_path)) is None
    assert registry.path_of(str(tmp_path)) == str(tmp_path / "registry.sqlite3")
    assert registry.open_writer(str(tmp_path), {}).path == str(tmp_path / "registry.sqlite3")
    (tmp_path / "registry.sqlite3").write_bytes(b"")
    (tmp_path / "registry.sqlite3-journal").write_bytes(b"")
    (tmp_path / "registry.txt").write_text("notes")
    opened = registry.open(str(tmp_path))
    assert isinstance(opened, SqliteRegistry)
    assert opened.path == str(tmp_path / "registry.sqlite3")


def test_a_file_that_a_caller_names_is_sqlites_whatever_its_ending(tmp_path: Path) -> None:
    (tmp_path / "visits.db").write_bytes(b"")
    arguments = {"registry": "visits.db", "calibRegistry": tmp_path / "none.sqlite3"}
    opened = registry.open(str(tmp_path), arguments)
    assert isinstance(opened, SqliteRegistry)
    with pytest.raises(RepositoryError, match=r"calibRegistry: there is no file .*/none\.sqlite3"):
        registry.open(str(tmp_path), arguments, "calibRegistry")
    with pytest.raises(RepositoryError, match="registry has to be a path, not 7"):
        registry.open(str(tmp_path), {"registry": 7})


def test_two_registries_are_refused(
    toy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(kinds.registered, "toy", toy)
    for kind in ("toy", "sqlite3"):
        (tmp_path / f"registry.{kind}").write_text("x")
    with pytest.raises(RegistryError, match=r"registry.sqlite3 and .*registry.toy exist"):
        registry.open(str(tmp_path))
    assert isinstance(registry.open(str(tmp_path), {"registry": "registry.toy"}), toy.Toy)


def test_what_gen2_kept_on_a_server_is_refused_unless_a_package_reads_it(
    toy: Any, tmp_path: Path, site: Install
) -> None:
    (tmp_path / "registry.pgsql").write_text("host: db")
    for verb in (registry.open, lambda root: registry.open_writer(root, {})):
        with pytest.raises(RegistryError, match="names a registry on a server"):
            verb(str(tmp_path))
    site("[persistence.registries]\npgsql = toyregistry\n")
    assert isinstance(registry.open(str(tmp_path)), toy.Toy)


@pytest.mark.parametrize(
    ("announced", "message"),
    [
        ("toy = toyless", "registries 'toy': toyless cannot be imported: ModuleNotFoundError"),
        ("toy = half", "registries 'toy': half has no function write"),
    ],
)
def test_a_package_that_does_not_hold_what_it_announces_is_named(
    tmp_path: Path, site: Install, announced: str, message: str
) -> None:
    site(f"[persistence.registries]\n{announced}\n", half="def read(path): ...\n")
    (tmp_path / "registry.toy").write_text("x")
    with pytest.raises(RegistryError, match=message):
        registry.open(str(tmp_path))


def test_two_packages_that_announce_one_kind_are_refused(tmp_path: Path, site: Install) -> None:
    both = "def read(path): ...\nwrite = read\n"
    site("[persistence.registries]\ntoy = toyone\n", toyone=both)
    site("[persistence.registries]\ntoy = toytwo\n", "other-1.0.dist-info", toytwo=both)
    (tmp_path / "registry.toy").write_text("x")
    with pytest.raises(RegistryError, match="several packages announce registries 'toy': "):
        registry.open(str(tmp_path))
