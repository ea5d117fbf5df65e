"""What a repository's own files say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from persistence import config
from persistence.config import RepositoryCfg


@pytest.mark.real
@pytest.mark.parametrize(
    ("place", "mapper", "parents", "old"),
    [
        ("latiss", "lsst.obs.lsst.latiss.LatissMapper", 0, True),
        ("latiss/CALIB", "lsst.obs.lsst.latiss.LatissMapper", 1, False),
        ("imsim/CALIB", "lsst.obs.lsst.imsim.ImsimMapper", 1, False),
        ("obs_test/input", "lsst.obs.test.testMapper.TestMapper", 0, True),
        ("obs_test/calexpMetadataObjectsTest", "lsst.obs.test.MapperForTestCalexpMetadataObjects", 0, False),
        ("obs_test/policyInRepo2/a", "lsst.obs.test.testMapper.TestMapper", 1, True),
        ("min_camera", None, 0, True),
    ],
)
def test_what_the_original_wrote_is_read(real: Path, place: str, mapper: str, parents: int, old: bool) -> None:
    found = config.read(str(real / "gen2_repos" / place))
    assert found is not None
    assert (found.mapper, len(found.parents), found.old) == (mapper, parents, old)


@pytest.mark.real
def test_a_directory_that_is_no_repository_is_none(real: Path, tmp_path: Path) -> None:
    assert config.read(str(real / "gen2_repos" / "no_registry")) is None
    assert config.read(str(tmp_path / "nowhere")) is None


CASES: list[dict[str, Any]] = [
    {},
    {"mapper": "x.Y", "mapperArgs": {"calibRoot": "CALIB", "n": 1}},
    {"mapper": "x.Y", "policy": {"datasets": {"plain": {"template": "other-%(name)s.pickle"}}}},
]


@pytest.mark.parametrize("said", CASES)
def test_what_is_written_is_read_back(tmp_path: Path, said: dict[str, Any]) -> None:
    root = str(tmp_path / "out")
    nested = RepositoryCfg(root, str(tmp_path / "old"), "x.Y", {"foo": 1}, (), None, old=True)
    cfg = RepositoryCfg(root, root, parents=(str(tmp_path / "parent"), nested), **said)
    assert config.write(cfg) == cfg
    assert config.read(root) == cfg
    assert config.write(cfg) == cfg


def test_the_text_is_the_originals() -> None:
    """As gen2-core 2.2 shows it, but that a nested root is relative, so that the tree can be moved."""
    nested = RepositoryCfg("/out", "/data/oldRepo", "lsst.obs.decam.DecamMapper", {}, (), None, old=True)
    cfg = RepositoryCfg("/out", "/out", "lsst.obs.decam.DecamMapper", {"calibRoot": "/c"}, ("/parentRepo", nested))
    assert config.text(cfg) == (
        "!RepositoryCfg_v1\n"
        "_mapper: lsst.obs.decam.DecamMapper\n"
        "_mapperArgs: {calibRoot: /c}\n"
        "_parents:\n"
        "- ../parentRepo\n"
        "- !RepositoryCfg_v1\n"
        "  _mapper: lsst.obs.decam.DecamMapper\n"
        "  _mapperArgs: {}\n"
        "  _parents: []\n"
        "  _policy: null\n"
        "  _root: ../data/oldRepo\n"
        "  dirty: true\n"
        "_policy: null\n"
        "_root: null\n"
        "dirty: true\n"
    )


@pytest.mark.parametrize(
    ("text", "mapper"),
    [
        ("lsst.obs.x.XMapper", "lsst.obs.x.XMapper"),
        ("!!python/name:lsst.obs.x.XMapper ''", "lsst.obs.x.XMapper"),
        ("!!python/object/new:lsst.obs.x.XMapper\n  state: !!python/tuple [[], {root: x}]", "lsst.obs.x.XMapper"),
        ("null", None),
    ],
)
def test_a_mapper_is_a_name_in_whichever_way_it_is_written(tmp_path: Path, text: str, mapper: str | None) -> None:
    (tmp_path / "repositoryCfg.yaml").write_text(
        f"!RepositoryCfg_v1\n_isLegacyRepository: false\n_mapper: {text}\n"
        "_mapperArgs: null\n_parents: null\n_root: null\n"
    )
    found = config.read(str(tmp_path))
    assert found is not None
    assert found == RepositoryCfg(str(tmp_path), str(tmp_path), mapper)
