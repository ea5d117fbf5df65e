"""Names that are left over, and the factory."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsst.daf.persistence import (
    Access,
    AccessCfg,
    Butler,
    ButlerCfg,
    ButlerFactory,
    RepoData,
    RepoDataContainer,
    RepositoryArgs,
)
from obs_decam.mapper import DecamMapper


def test_what_is_left_over_holds_what_it_is_told() -> None:
    assert vars(ButlerCfg(Butler, 1)) == {"cls": Butler, "repoCfg": 1}
    assert vars(AccessCfg(Access, 2)) == {"cls": Access, "storageCfg": 2}
    assert vars(Access(3)) == {"accessCfg": 3}


def test_repositories_are_told_apart_by_their_role() -> None:
    every = [
        RepoData(RepositoryArgs(f"/{role}", tags="t"), role)
        for role in ("output", "input", "parent")
    ]
    container = RepoDataContainer(every)
    assert (container.all(), container.inputs(), container.outputs()) == (
        every,
        every[1:2],
        every[:1],
    )
    assert (every[0].repoArgs.root, every[0].tags) == ("/output", {"t"})
    assert repr(every[0]).startswith("RepoData(RepositoryArgs(cfgRoot='/output'")
    with pytest.raises(ValueError, match="role must be input, output or parent, not 'x'"):
        RepoData(None, "x")


def test_a_factory_makes_a_butler_at_the_mappers_root(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        ButlerFactory(DecamMapper(root=str(filled)))
        .create()
        .datasetExists("raw", visit=410877, ccdnum=1)
    )
    monkeypatch.chdir(filled)
    assert ButlerFactory(DecamMapper()).create().datasetExists("raw", visit=410877, ccdnum=1)
