"""Keys off the names of files: alike from directories, from the index, and from all paths by hand."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from persistence import Butler, CameraMapper
from persistence.butler import file_keys
from persistence.dataids.template import PathTemplate
from persistence.registry.direct_writer import DirectWriter

POLICY = """
datasets:
  coadd: {template: 'deepCoadd/%(filter)s/%(tract)d/%(patch)s.fits', storage: FitsStorage}
  warp: {template: 'deepCoadd/%(filter)s/%(tract)d/%(patch)stempExp/v%(visit)d-f%(filter)s.fits', storage: FitsStorage}
  mask: {template: 'deepCoadd/mask-%(tract)d-%(patch)s-%(filter)s.reg', storage: TextStorage}
  bare: {template: '%(date)s/%(filter)s/raw%(visit)07d.fits.fz', storage: FitsStorage}
  alone: {template: 'config/alone.py', storage: TextStorage}
  folder: {template: 'plots/v%(visit)d/', storage: TextStorage}
  parts: {template: 'parts/%(visit)d.fits[%(hdu)d]', storage: FitsStorage}
"""
NAMES = {
    "filter": ["g", "r-1", "ü"],
    "tract": [0, 1, 20],
    "patch": ["1,1", "2,10", "x-y"],
    "visit": [7, 30],
    "date": ["2014-01-01", "rerun"],
    "hdu": [3],
}


def scatter(root: Path, random: Random) -> None:
    for data_id in _ids(random, 250):
        for text in _texts():
            path = root / (PathTemplate(text).format(data_id) + random.choice(["", "", ".gz"]))
            if random.random() < 0.3 and not os.path.lexists(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                if text.endswith("/"):
                    path.mkdir()
                elif random.random() < 0.1:
                    path.symlink_to("nowhere")
                else:
                    path.touch()


def _texts() -> list[str]:
    return [
        PathTemplate(line.split("'")[1]).file_text for line in POLICY.splitlines() if "'" in line
    ]


def _ids(random: Random, number: int) -> list[dict[str, Any]]:
    return [{key: random.choice(values) for key, values in NAMES.items()} for _ in range(number)]


def by_hand(root: Path, text: str, endings: tuple[str, ...], known: dict[str, Any]) -> set[Any]:
    """Read each path of a tree by a template, and keep the first reading that has the known values."""
    template, found = PathTemplate(text), set()
    for path in [*root.rglob("*")]:
        stem = path.relative_to(root).as_posix() + ("/" if text.endswith("/") else "")
        if not path.exists() or (text.endswith("/") and not path.is_dir()):
            continue
        for ending in endings:
            name = stem.removesuffix(ending)
            if ending and (name == stem or name.endswith(ending)):
                continue
            for reading in template.candidates(name):
                texts = [value for value in reading.values() if isinstance(value, str)]
                if not any("/" in one for one in texts) and known.items() <= reading.items():
                    found.add(tuple(reading.values()))
                    break
    return found


@pytest.mark.parametrize("few", [10**6, -1], ids=["directories", "index"])
@pytest.mark.parametrize("seed", range(3))
def test_directories_and_the_index_give_what_all_paths_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    monkeypatch.setattr(file_keys, "_FEW", few)
    random = Random(seed)
    (tmp_path / "camera.yaml").write_text(POLICY)
    root = tmp_path / "repo"
    root.mkdir()
    scatter(root, random)
    butler = Butler(root, CameraMapper(str(tmp_path / "camera.yaml")))
    (repository,) = butler.chain.inputs
    for name in ("coadd", "warp", "mask", "bare", "alone", "folder", "parts"):
        dataset = repository.mapper.types[name]
        assert dataset.template is not None
        keys = PathTemplate(dataset.template.file_text).keys
        endings = ("",) if dataset.storage == "TextStorage" else ("", ".gz", ".fz")
        for data_id in [{}, *_ids(random, 12)]:
            chosen = random.sample(list(keys), random.randint(0, len(keys))) if data_id else []
            known = {key: data_id[key] for key in chosen}
            rows = [
                tuple(one[key] for key in keys)
                for one in file_keys.data_ids(repository, dataset, known)
            ]
            expected = by_hand(root, dataset.template.file_text, endings, known)
            assert len(rows) == len(set(rows)), (name, known)
            assert set(rows) == expected, (name, known)
            if name != "mask":  # of which a path has several readings
                assert rows == sorted(rows), (name, known)
            for columns in ([*keys][:1], [*keys][-2:], [*keys][::-1]):
                places = [list(keys).index(column) for column in columns]
                found = file_keys.lookup(repository, dataset, columns, known)
                assert len(found) == len(set(found))
                if name != "mask":
                    assert set(found) == {tuple(row[place] for place in places) for row in expected}


@pytest.mark.parametrize("few", [10**6, -1], ids=["directories", "index"])
def test_repositories_below_are_not_entered_and_a_known_way_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(file_keys, "_FEW", few)
    (tmp_path / "camera.yaml").write_text(POLICY)
    for date in ("2014-01-01", "rerun"):
        (tmp_path / date / "g").mkdir(parents=True)
        (tmp_path / date / "g" / "raw0000007.fits.fz").touch()
    (tmp_path / "rerun" / "_parent").symlink_to("..")
    butler = Butler(tmp_path, CameraMapper(str(tmp_path / "camera.yaml")))
    assert butler.queryMetadata("bare", ["date", "visit"]) == [("2014-01-01", 7)]


@pytest.mark.parametrize("few", [10**6, -1], ids=["directories", "index"])
def test_an_hdu_is_in_no_name_and_a_value_that_none_can_have_finds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(file_keys, "_FEW", few)
    (tmp_path / "camera.yaml").write_text(POLICY)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "7.fits.fz").touch()
    butler = Butler(tmp_path, CameraMapper(str(tmp_path / "camera.yaml")))
    ((repository,), parts) = butler.chain.inputs, butler.chain.inputs[0].mapper.types["parts"]
    assert file_keys.lookup(repository, parts, ["visit", "hdu"], {}) == [(7, None)]
    assert file_keys.lookup(repository, parts, ["visit", "hdu"], {"hdu": 2}) == [(7, 2)]
    assert file_keys.lookup(repository, parts, ["visit"], {"visit": 2**70}) == []
    coadd = repository.mapper.types["coadd"]
    for value in ("a/b", "..", "\0", "\ud800", ""):
        assert file_keys.lookup(repository, coadd, ["tract"], {"filter": value}) == [], value


def test_files_that_lie_elsewhere_have_keys_too(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    writer = DirectWriter(str(tmp_path))
    with writer.transaction():
        writer.register({f"{tmp_path}/parts/{n}.fits": f"{tmp_path}/{to}" for n, to in ((7, "camera.yaml"), (8, "no"))})  # fmt: skip
    writer.close()
    butler = Butler(tmp_path, CameraMapper(str(tmp_path / "camera.yaml")))
    assert butler.queryMetadata("parts", "visit") == [7]


def test_coadds_of_a_chain_are_listed_together_and_once(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    for repo, patches in (("one", ["1,1", "2,2"]), ("two", ["1,1", "3,3"])):
        for patch in patches:
            path = tmp_path / repo / "deepCoadd" / "g" / "0" / f"{patch}.fits"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    mapper = str(tmp_path / "camera.yaml")
    butler = Butler(
        inputs=[{"root": str(tmp_path / repo), "mapper": mapper} for repo in ("one", "two")]
    )
    assert sorted(butler.queryMetadata("coadd", "patch", tract=0)) == ["1,1", "2,2", "3,3"]
    assert [one["patch"] for one in butler.subset("coadd", filter="g").cache] == [
        "1,1", "2,2", "3,3",
    ]  # fmt: skip


def test_what_is_large_is_asked_of_the_index_at_once_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_keys, "_FEW", 5)
    (tmp_path / "camera.yaml").write_text(POLICY)
    (tmp_path / "parts").mkdir()
    for visit in range(20):
        (tmp_path / "parts" / f"{visit}.fits").touch()
    butler = Butler(tmp_path, CameraMapper(str(tmp_path / "camera.yaml")))
    assert butler.queryMetadata("parts", "visit") == list(range(20))
    monkeypatch.delattr("persistence.registry.filesystem.scan")
    (tmp_path / "parts" / "3.fits").unlink()
    assert butler.queryMetadata("parts", "visit") == [0, 1, 2, *range(4, 20)]
